//! Response headers that tell what routing did.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use weir_core::route::breaker::State;
use weir_core::route::plan::Reason;
use weir_core::settings::{Routing, Strategy};

use crate::attempt::KeyState;
use crate::errand::Errand;
use crate::fleet::Member;
use crate::record::Recording;

const KEY_ID: HeaderName = HeaderName::from_static("x-cc-relay-key-id");
const KEYS_TOTAL: HeaderName = HeaderName::from_static("x-cc-relay-keys-total");
const KEYS_AVAILABLE: HeaderName = HeaderName::from_static("x-cc-relay-keys-available");
const CAPACITY: HeaderName = HeaderName::from_static("x-cc-relay-capacity");
const STRATEGY: HeaderName = HeaderName::from_static("x-cc-relay-strategy");
const PROVIDER: HeaderName = HeaderName::from_static("x-cc-relay-provider");
const THINKING: HeaderName = HeaderName::from_static("x-cc-relay-thinking-affinity");
const HEALTH: HeaderName = HeaderName::from_static("x-cc-relay-health");
const REASON: HeaderName = HeaderName::from_static("x-weir-route-reason");

const RECEIVED_AT: HeaderName = HeaderName::from_static("x-proxy-received-at");
const FIRST_RESPONSE_AT: HeaderName = HeaderName::from_static("x-proxy-first-response-at");
const UPSTREAM_START: HeaderName = HeaderName::from_static("x-upstream-request-start");
const UPSTREAM_STOP: HeaderName = HeaderName::from_static("x-upstream-request-stop");

/// Tells when the request came, when the provider was asked and when the head of its answer came, for
/// clients that measure: as times of day, and in nanoseconds since the Unix epoch.
pub fn add_times(headers: &mut HeaderMap, recording: &Recording) {
    let Some((asked_us, answered_us)) = recording.answering_try() else {
        return;
    };
    let received = Timestamp::now() - Duration::from_micros(recording.elapsed_us());
    let at = |us: u64| received + Duration::from_micros(us);
    for (name, text) in [
        (RECEIVED_AT, received.to_string()),
        (FIRST_RESPONSE_AT, at(answered_us).to_string()),
        (UPSTREAM_START, at(asked_us).as_nanosecond().to_string()),
        (UPSTREAM_STOP, at(answered_us).as_nanosecond().to_string()),
    ] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// What there is to tell.
#[derive(Debug)]
pub struct Told<'a> {
    /// Says whether debugging headers are wanted.
    pub routing: &'a Routing,
    /// The strategy in force.
    pub strategy: Strategy,
    /// Who answered.
    pub provider: &'a Arc<str>,
    /// Its breaker when it was picked.
    pub breaker: State,
    /// Why it went first.
    pub reason: Option<Reason>,
    /// The pooled key that was used.
    pub key: Option<KeyState>,
}

impl<'a> Told<'a> {
    /// What there is to tell of `errand`, which ended at `member`.
    #[must_use]
    pub fn of(
        errand: &Errand<'a>,
        member: &'a Member,
        (breaker, reason, key): (State, Option<Reason>, Option<KeyState>),
    ) -> Self {
        Self {
            routing: &errand.fleet.routing,
            strategy: errand.fleet.strategy(),
            provider: member.name(),
            breaker,
            reason,
            key,
        }
    }

    /// Adds the headers.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        if let Some(key) = &self.key {
            if let Ok(id) = HeaderValue::from_str(&key.label) {
                headers.insert(KEY_ID, id);
            }
            headers.insert(KEYS_TOTAL, HeaderValue::from(key.total));
            headers.insert(KEYS_AVAILABLE, HeaderValue::from(key.available));
            headers.insert(CAPACITY, HeaderValue::from(u16::from(key.capacity)));
        }
        if !self.routing.debug {
            return;
        }
        let strategy = HeaderValue::from_static(self.strategy.as_str());
        headers.insert(STRATEGY, strategy);
        if let Ok(name) = HeaderValue::from_str(self.provider) {
            headers.insert(PROVIDER, name);
        }
        headers.insert(HEALTH, HeaderValue::from_static(self.breaker.as_str()));
        let Some(reason) = self.reason else {
            return;
        };
        headers.insert(REASON, HeaderValue::from_static(reason.as_str()));
        if reason.is_thinking() {
            headers.insert(THINKING, HeaderValue::from_static("true"));
        }
    }
}

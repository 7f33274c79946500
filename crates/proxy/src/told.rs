//! Response headers that tell what routing did.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::route::breaker::State;
use weir_core::route::plan::Reason;
use weir_core::settings::{Routing, Strategy};

use crate::attempt::KeyState;
use crate::errand::Errand;
use crate::fleet::Member;

const KEY_ID: HeaderName = HeaderName::from_static("x-cc-relay-key-id");
const KEYS_TOTAL: HeaderName = HeaderName::from_static("x-cc-relay-keys-total");
const KEYS_AVAILABLE: HeaderName = HeaderName::from_static("x-cc-relay-keys-available");
const CAPACITY: HeaderName = HeaderName::from_static("x-cc-relay-capacity");
const STRATEGY: HeaderName = HeaderName::from_static("x-cc-relay-strategy");
const PROVIDER: HeaderName = HeaderName::from_static("x-cc-relay-provider");
const THINKING: HeaderName = HeaderName::from_static("x-cc-relay-thinking-affinity");
const HEALTH: HeaderName = HeaderName::from_static("x-cc-relay-health");
const REASON: HeaderName = HeaderName::from_static("x-weir-route-reason");

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

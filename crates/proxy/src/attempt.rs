//! One try: the request is put into the provider's terms, signed and sent, and what comes back is
//! judged. Nothing of it has reached the client when it fails.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, response};
use weir_core::clock::Now;
use weir_core::exchange::{Sent, SentBody, Try};
use weir_core::retry_after;
use weir_core::route::breaker::{self, State};
use weir_wire::dialect::Dialect;
use weir_wire::edit::{Edits, Trace};
use weir_wire::errors::ErrorKind;
use weir_wire::rewrite::Rewriter;
use weir_wire::translate::outbound::Back;
use weir_wire::translate::profile::Profile;

use crate::clock::now;
use crate::errand::{Errand, Left};
use crate::fleet::{Member, Permit};
use crate::forward::{Failure, Message, forward};
use crate::header_rules;
use crate::judge::Ruling;
use crate::keyring::KeyUse;
use crate::misses::{Kept, Miss};
use crate::provider::Outbound;
use crate::relay::Answer;
use crate::settle::Lesson;
use crate::shape::Credential;
use crate::translation;

mod foreign;
mod gather;
mod prepare;
mod verdict;

/// How a try ended.
pub(crate) enum Outcome {
    /// With an answer for the client.
    Won(Box<Won>),
    /// Without, but the provider has said what it cannot do: the same can be asked otherwise.
    Again,
    /// Without; the ruling says who might do better.
    Missed(Ruling, Box<Miss>),
}

/// An answer for the client.
#[derive(Debug)]
pub struct Won {
    /// The provider it came from.
    pub member: Arc<Member>,
    /// Its head, as it came.
    pub head: response::Parts,
    /// Its body.
    pub answer: Answer,
    /// The key that was used, for the headers that tell of it.
    pub key: Option<KeyState>,
    /// The breaker when the provider was picked.
    pub breaker: State,
}

/// What clients are told of a key.
#[derive(Clone, Debug)]
pub struct KeyState {
    /// Its id, as it is shown.
    pub label: Arc<str>,
    /// Keys of the provider.
    pub total: usize,
    /// Those that could be used now.
    pub available: usize,
    /// What is left of this one, in percent.
    pub capacity: u8,
}

/// A try under way.
struct Tried<'a> {
    member: &'a Arc<Member>,
    credential: Credential,
    key: Option<KeyUse>,
    permit: Permit,
    left: Left,
    started_us: u64,
    breaker: State,
    /// The model's family, for what it signs.
    group: Box<str>,
    rewrite: Option<Box<Rewriter>>,
    /// What the provider speaks.
    dialect: Dialect,
    /// What an answer needs that is said in another dialect than the client's.
    back: Option<Box<Back>>,
    /// The abilities by which the request was written.
    profile: Option<Arc<Profile>>,
    /// What it can teach of estimating tokens.
    lesson: Option<Lesson>,
    /// Whether it was asked for a stream that the client does not want.
    demoted: bool,
    /// Where its body is another than the client's; none when that is not kept.
    trace: Option<Trace>,
    /// What was sent, until the try is written down.
    sent: Option<Box<Sent>>,
}

impl Tried<'_> {
    /// The key, if clients are told of it.
    fn pooled_key(&self) -> Option<&KeyUse> {
        self.key.as_ref().filter(|_| self.member.provider.pooled)
    }

    /// What they are told, as it is now.
    fn key_state(&self, now: Now) -> Option<KeyState> {
        let key = self.pooled_key()?;
        Some(Member::key_state(key, now))
    }

    /// The body was edited.
    fn edited(&mut self, edits: &Edits) {
        if let Some(trace) = &mut self.trace {
            trace.then(edits);
        }
    }

    /// Takes down for the record what goes out.
    fn note_sent(&mut self, outbound: &Outbound, whole: bool) {
        let Some(trace) = &self.trace else { return };
        let splices = trace.splices();
        let body = if self.back.is_some() {
            SentBody::Translated
        } else if splices.is_empty() {
            SentBody::Identical
        } else {
            SentBody::Edited(splices)
        };
        self.sent = Some(Box::new(Sent {
            uri: outbound.uri.clone(),
            headers: outbound.headers.clone(),
            body,
            size: outbound.body.len,
            bytes: whole.then(|| outbound.body.clone()),
        }));
    }

    /// The request never reached the provider.
    fn spare_the_key(self) {
        if let Some(key) = self.key {
            key.undo();
        }
    }
}

impl Errand<'_> {
    /// Tries one provider once, with one key or the client's own credential.
    pub(crate) async fn attempt(
        &self,
        member: &Arc<Member>,
        (credential, key): (Credential, Option<KeyUse>),
        permit: Permit,
        left: Left,
    ) -> Outcome {
        let client_model = self.ask.model();
        let target = member.target(self.original.dialect, self.original.operation);
        let target = target.filter(|target| *target != self.original.dialect);
        let model = self.ask.target().map(|model| match target {
            Some(_) => translation::model_for(member, model),
            None => member.model_for(model),
        });
        let group = weir_core::vault::group(model.unwrap_or_default());
        let mut tried = self.begin(member, (credential, key), (permit, left), group);
        let prepared = match target {
            Some(target) => {
                tried.dialect = target;
                self.translate(&mut tried, model.unwrap_or_default()).await
            }
            None => {
                tried.rewrite = self.rewrite(&tried, client_model, model);
                self.prepare(&mut tried, credential, model).await
            }
        };
        let (mut outbound, extensions) = match prepared {
            Ok(prepared) => prepared,
            Err(miss) => {
                self.note_try(&mut tried, None, Some(&miss.cause));
                tried.spare_the_key();
                return Outcome::Missed(Ruling::NextProvider, Box::new(miss));
            }
        };
        let rules = &self.fleet.routing.request_header_rules;
        header_rules::apply(rules, &mut outbound.headers);
        tried.note_sent(&outbound, self.keeps_raw);
        let mut attempts = 0;
        let message = Message {
            upstream: &member.upstream,
            worker: self.worker,
            extensions,
            header_timeout: self.header_timeout(member, left),
            seed: self.seed,
            outbound,
        };
        let sent = forward(message, self.metrics, &mut attempts).await;
        self.log.lock().attempts += attempts;
        match sent {
            Ok((response, lease)) => self.judge(tried, response, lease).await,
            Err(failure) => {
                tried.permit.report(breaker::Outcome::Failure, None, now());
                self.note_try(&mut tried, None, Some(&failure.to_string()));
                if matches!(failure, Failure::Connect(_)) {
                    tried.spare_the_key();
                }
                Outcome::Missed(Ruling::NextProvider, Box::new(of_failure(&failure)))
            }
        }
    }

    fn begin<'m>(
        &self,
        member: &'m Arc<Member>,
        (credential, key): (Credential, Option<KeyUse>),
        (permit, left): (Permit, Left),
        group: &str,
    ) -> Tried<'m> {
        Tried {
            member,
            credential,
            key,
            permit,
            left,
            started_us: self.elapsed_us(),
            breaker: member.breaker_state(now()),
            group: group.into(),
            rewrite: None,
            dialect: self.original.dialect,
            back: None,
            profile: None,
            lesson: None,
            demoted: false,
            trace: self.keeps.then(|| Trace::new(self.original.body.len)),
            sent: None,
        }
    }

    fn header_timeout(&self, member: &Member, left: Left) -> Duration {
        let mut limit = member.provider.response_header_timeout;
        if let Some(bound) = self.original.header_timeout {
            limit = limit.min(bound);
        }
        match self.fleet.routing.failover_timeout {
            Some(bound) if left.provider => limit.min(bound),
            _ => limit,
        }
    }

    fn note_try(&self, tried: &mut Tried<'_>, status: Option<StatusCode>, failure: Option<&str>) {
        let provider = Arc::clone(tried.member.name());
        if let Some(failure) = failure {
            tracing::info!(
                provider = &*provider,
                status = status.map(|s| s.as_u16()),
                failure,
                "attempt failed"
            );
            self.metrics.missed(&provider, status);
        }
        let one = Try {
            provider,
            key: tried.key.as_ref().map(|key| Arc::clone(&key.picked.label)),
            started_us: tried.started_us,
            elapsed_us: self.elapsed_us().saturating_sub(tried.started_us),
            status: status.map(|status| status.as_u16()),
            failure: failure.map(Into::into),
        };
        self.note(one, tried.sent.take());
    }
}

/// How long the provider asks to be left alone.
fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    retry_after::from_headers(headers, now().unix_ms).map(Duration::from_millis)
}

/// The same in the words of an error's body.
fn wait_in(body: &[u8], now: Now) -> Option<Duration> {
    retry_after::from_body(body, now.unix_ms).map(Duration::from_millis)
}

fn refused(message: String) -> Miss {
    Miss {
        kind: ErrorKind::InvalidRequest,
        cause: message.clone(),
        message,
        kept: None,
        wait: None,
    }
}

fn of_failure(failure: &Failure) -> Miss {
    let kind = failure.kind();
    Miss {
        kind,
        message: match (kind, failure) {
            (ErrorKind::Timeout, _)
            | (_, Failure::Unsigned(_) | Failure::Rejected(_) | Failure::Unreadable(_)) => {
                failure.to_string()
            }
            _ => kind.message().to_owned(),
        },
        cause: failure.to_string(),
        kept: None,
        wait: None,
    }
}

fn of_status(status: StatusCode, kept: Option<Kept>, wait: Option<Duration>) -> Miss {
    let kind = match status.as_u16() {
        429 => ErrorKind::RateLimit,
        529 => ErrorKind::Overloaded,
        _ => ErrorKind::Upstream,
    };
    Miss {
        kind,
        message: kind.message().to_owned(),
        cause: format!("every candidate failed; this one with {status}"),
        kept,
        wait,
    }
}

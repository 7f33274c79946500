//! What a try's response is: an answer for the client, or a reason to go on.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode, response};
use hyper::body::Incoming;
use weir_core::route::affinity::Home;
use weir_core::route::breaker;

use weir_wire::dialect::Dialect;
use weir_wire::translate::inbound;

use super::{KeyState, Outcome, Tried, Won, of_failure, of_status, wait_in, wait_of};
use crate::clock::now;
use crate::convert::Converter;
use crate::errand::Errand;
use crate::fleet::Member;
use crate::forward::Failure;
use crate::judge::{self, Held, Look, Ruling};
use crate::misses::{Kept, seconds};
use crate::pool::Lease;
use crate::provider::Form;
use crate::relay::Answer;
use crate::settle::{Settlement, Signatures};
use crate::shape::Credential;
use crate::translation;

impl Errand<'_> {
    /// Learns from the head of what came, and tells whether it is an answer.
    pub(super) async fn judge(
        &self,
        mut tried: Tried<'_>,
        response: Response<Incoming>,
        lease: Lease,
    ) -> Outcome {
        let (head, mut body) = response.into_parts();
        let status = head.status;
        let ruling = match judge::rule(status) {
            // Only the client can put its own credential right, and a cloud's is got anew.
            Ruling::NextKey if tried.key.is_none() => {
                if tried.credential == Credential::Configured {
                    tried.member.api.refused();
                }
                Ruling::Answer
            }
            ruling => ruling,
        };
        let left = tried.left;
        let hops = match ruling {
            Ruling::Answer => false,
            Ruling::NextKey => left.key || left.earlier,
            // Where the head does not say how long the key has to rest the body may.
            Ruling::NextCandidate => {
                left.anything() || (tried.key.is_some() && wait_of(&head.headers).is_none())
            }
            Ruling::NextProvider => left.provider || left.earlier,
        };
        // What is said in another dialect is read as a whole to be said in the client's.
        if hops || (tried.back.is_some() && !status.is_success()) {
            return self.keep(tried, ruling, head, (body, lease)).await;
        }
        self.learn_head(&mut tried, status, &head.headers, &[]);
        if self.gathers(&tried, status, &head.headers) {
            return self.gather(tried, head, (body, lease)).await;
        }
        let mut held = Held::default();
        let form = tried.member.api.form(status, &head.headers);
        // A translated failure can still have its status while nothing has been said.
        let looks = left.anything() || tried.back.is_some();
        if looks && judge::may_hide_an_error(status, &head.headers, form) {
            let limit = self.header_timeout(tried.member, left);
            let kind = (tried.dialect, form);
            match judge::look(&head.headers, &mut body, kind, limit).await {
                Look::Answer(beginning) => held = beginning,
                Look::Fault(stands_for, error) => {
                    return self.unmask(tried, head, stands_for, &error);
                }
                Look::Broke(reason) => {
                    tried.permit.report(breaker::Outcome::Failure, None, now());
                    self.note_try(&mut tried, Some(status), Some(&reason));
                    let miss = of_failure(&Failure::Broke(reason));
                    return Outcome::Missed(Ruling::NextProvider, Box::new(miss));
                }
            }
        }
        self.note_try(&mut tried, Some(status), None);
        Outcome::Won(Box::new(self.won(tried, head, (body, held), lease)))
    }

    /// Tells the key what came, and the breaker of a status that is a failure; a good one is told
    /// at the answer's end. `body` is that of an error, decoded, if it was read.
    pub(super) fn learn_head(
        &self,
        tried: &mut Tried<'_>,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) {
        let now = now();
        if let Some(key) = &tried.key {
            let learnt = key.learn(status, headers, body, now);
            tried.member.tell_of_key(key.id, &learnt);
        }
        if breaker::Outcome::of_status(status.as_u16()) != breaker::Outcome::Failure {
            return;
        }
        let limited = status == StatusCode::TOO_MANY_REQUESTS;
        match &tried.key {
            // One key's limit says nothing of the provider while it has another.
            Some(key) if limited && !key.was_the_last(now) => tried.permit.limited(),
            // Nor does that of a client's own account.
            None if limited && tried.credential == Credential::Client => tried.permit.abstain(),
            _ => {
                let wait = wait_of(headers).or_else(|| wait_in(body, now));
                tried.permit.report(breaker::Outcome::Failure, wait, now);
            }
        }
    }

    /// Holds a failed answer back.
    async fn keep(
        &self,
        mut tried: Tried<'_>,
        ruling: Ruling,
        head: response::Parts,
        (body, lease): (Incoming, Lease),
    ) -> Outcome {
        let status = head.status;
        let failure = (ruling != Ruling::Answer).then(|| status.as_str());
        self.note_try(&mut tried, Some(status), failure);
        let body = judge::keep(body).await;
        if body.is_some() {
            lease.give_back();
        }
        let said = judge::said(&head.headers, body.as_ref()).into_owned();
        self.learn_head(&mut tried, status, &head.headers, &said);
        if tried.back.is_some() {
            self.note_upstream(|| vec![said.clone().into()]);
        }
        if tried.back.is_some() && self.learn_ability(&tried, status, &said) {
            return Outcome::Again;
        }
        let wait = wait_of(&head.headers).or_else(|| wait_in(&said, now()));
        let kept = body.map(|body| Kept {
            status,
            headers: head.headers,
            body,
            key: tried.key_state(now()),
            translated: false,
        });
        let kept = self.in_the_clients_words(&tried, kept, status, (&said, wait));
        Outcome::Missed(ruling, Box::new(of_status(status, kept, wait)))
    }

    /// A failure as the client's dialect has it.
    fn in_the_clients_words(
        &self,
        tried: &Tried<'_>,
        kept: Option<Kept>,
        status: StatusCode,
        (said, wait): (&[u8], Option<Duration>),
    ) -> Option<Kept> {
        let Some(back) = &tried.back else {
            return kept;
        };
        let kept = kept.unwrap_or_else(|| Kept {
            status,
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            key: tried.key_state(now()),
            translated: false,
        });
        let mut kept = translation::failure(back.way, kept, said);
        if let Some(wait) = wait {
            // Dates, fractions and what only the body said: clients count in whole seconds.
            kept.headers.insert(RETRY_AFTER, seconds(wait));
        }
        Some(kept)
    }

    /// An error that came in the disguise of an answer.
    pub(super) fn unmask(
        &self,
        mut tried: Tried<'_>,
        head: response::Parts,
        status: StatusCode,
        error: &bytes::Bytes,
    ) -> Outcome {
        self.learn_head(&mut tried, status, &head.headers, error);
        let reason = format!("{status} hidden in a 200");
        self.note_try(&mut tried, Some(status), Some(&reason));
        let wait = wait_of(&head.headers).or_else(|| wait_in(error, now()));
        let key = tried.key_state(now());
        let kept = Kept::unmasked(status, head.headers, error.clone(), key);
        let kept = self.in_the_clients_words(&tried, Some(kept), status, (error, wait));
        // What is the client's fault would be so anywhere: that ruling ends the errand.
        let ruling = judge::rule(status);
        Outcome::Missed(ruling, Box::new(of_status(status, kept, wait)))
    }

    fn won(
        &self,
        mut tried: Tried<'_>,
        mut head: response::Parts,
        (upstream, held): (Incoming, Held),
        lease: Lease,
    ) -> Won {
        let form = tried.member.api.form(head.status, &head.headers);
        let converter = self.converter(&mut tried, form);
        if form == Form::AwsEventStream {
            let kind = HeaderValue::from_static("text/event-stream");
            head.headers.insert(CONTENT_TYPE, kind);
        }
        let (settlement, mut parts) = self.settled(tried, &head);
        if parts.translates {
            translation::retitle(&mut head.headers, true);
        } else if converter.is_some() {
            // What is made of the body is seldom as long as the upstream's.
            head.headers.remove(CONTENT_LENGTH);
        }
        Won {
            answer: Answer {
                upstream,
                held,
                converter,
                lease,
                settlement,
                ping_interval: parts.translates.then_some(self.fleet.routing.ping_interval),
            },
            breaker: parts.breaker,
            key: parts.key.take(),
            head,
            member: parts.member,
        }
    }

    /// What is to be made of a body that goes on as it comes.
    fn converter(&self, tried: &mut Tried<'_>, form: Form) -> Option<Converter> {
        match &tried.back {
            Some(back) => {
                let options = translation::answer_options(self, back);
                let stream = inbound::Stream::new(back, &options);
                Some(Converter::translating(form, stream))
            }
            None => Converter::new(form, tried.rewrite.take()),
        }
    }

    /// What is learnt from an answer, and what is told of it.
    pub(super) fn settled(
        &self,
        tried: Tried<'_>,
        head: &response::Parts,
    ) -> (Settlement, Settled) {
        let member = Arc::clone(tried.member);
        let now = now();
        if head.status.is_success()
            && let Some((session, _)) = &self.ask.session
        {
            let home = Home {
                provider: Arc::clone(member.name()),
                key: tried.key.as_ref().map(|key| key.id.0),
            };
            self.fleet.memories.affinity.settle(*session, home, now);
        }
        let key = if head.status.is_success() && !tried.left.earlier {
            tried.pooled_key().map(|key| key.picked.clone())
        } else {
            tried.key_state(now)
        };
        let signatures = self.signatures(&tried, head.status);
        // Only Chat's clients choose whether a stream counts tokens for them.
        let back = tried.back.as_deref();
        let untold = back.is_some_and(|back| {
            back.stream && !back.include_usage && back.way.client == Dialect::OpenaiChat
        });
        let settled = Settled {
            translates: tried.back.is_some(),
            breaker: tried.breaker,
            key,
            member: Arc::clone(&member),
        };
        let mut settlement = Settlement::new(member, tried.permit, tried.key, signatures);
        settlement.teach(tried.lesson);
        if untold || self.tenant.is_some() {
            settlement.tell();
        }
        settlement.expect(&head.headers, tried.dialect, self.original.operation);
        if head.status.is_success() {
            settlement.time(self.started + Duration::from_micros(tried.started_us));
        }
        (settlement, settled)
    }

    fn signatures(&self, tried: &Tried<'_>, status: StatusCode) -> Option<Signatures> {
        let signs = self.fleet.routing.thinking.enabled
            && self.original.operation.generates()
            && status.is_success();
        signs.then(|| Signatures {
            tap: weir_wire::thinking::SignatureTap::new(tried.dialect),
            vault: Arc::clone(&self.fleet.memories.vault),
            group: tried.group.clone(),
        })
    }
}

/// What is told of an answer besides the answer.
pub(super) struct Settled {
    /// Whether it is translated.
    pub(super) translates: bool,
    /// The breaker when the provider was picked.
    pub(super) breaker: breaker::State,
    /// The key that was used.
    pub(super) key: Option<KeyState>,
    /// Who answered.
    pub(super) member: Arc<Member>,
}

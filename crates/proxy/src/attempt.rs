//! One try: the request is put into the provider's terms, signed and sent, and what comes back is
//! judged. Nothing of it has reached the client when it fails.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode, response};
use hyper::body::Incoming;
use weir_core::clock::Now;
use weir_core::exchange::{RawBody, Try};
use weir_core::retry_after;
use weir_core::route::affinity::Home;
use weir_core::route::breaker::{self, State};
use weir_wire::dialect::Dialect;
use weir_wire::edit::Edits;
use weir_wire::errors::ErrorKind;
use weir_wire::rewrite::Rewriter;

use crate::clock::now;
use crate::convert::Converter;
use crate::errand::{Errand, Left};
use crate::fleet::{Member, Permit};
use crate::forward::{Failure, Message, forward};
use crate::judge::{self, Held, Look, Ruling};
use crate::keyring::KeyUse;
use crate::misses::{Kept, Miss};
use crate::pool::Lease;
use crate::provider::{Asked, Form, Outbound, Signing, Unfit};
use crate::relay::Answer;
use crate::settle::{Settlement, Signatures};
use crate::shape::{self, Credential};

/// How a try ended.
pub(crate) enum Outcome {
    /// With an answer for the client.
    Won(Box<Won>),
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
}

impl Tried<'_> {
    /// The key, if clients are told of it.
    fn pooled_key(&self) -> Option<&KeyUse> {
        self.key.as_ref().filter(|_| self.member.provider.pooled)
    }

    /// What they are told, as it is now.
    fn key_state(&self, now: Now) -> Option<KeyState> {
        let key = self.pooled_key()?;
        Some(self.member.key_state(key, now))
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
        let model = client_model.map(|model| member.model_for(model));
        let mut tried = Tried {
            member,
            credential,
            key,
            permit,
            left,
            started_us: self.elapsed_us(),
            breaker: member.breaker_state(now()),
            group: weir_core::vault::group(model.unwrap_or_default()).into(),
            rewrite: None,
        };
        tried.rewrite = self.rewrite(&tried, client_model, model);
        let (outbound, extensions) = match self.prepare(&tried, credential, model).await {
            Ok(prepared) => prepared,
            Err(miss) => {
                self.note_try(&tried, None, Some(&miss.cause));
                tried.spare_the_key();
                return Outcome::Missed(Ruling::NextProvider, Box::new(miss));
            }
        };
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
                self.note_try(&tried, None, Some(&failure.to_string()));
                if matches!(failure, Failure::Connect(_)) {
                    tried.spare_the_key();
                }
                Outcome::Missed(Ruling::NextProvider, Box::new(of_failure(&failure)))
            }
        }
    }

    /// Puts the request into the provider's terms and signs it.
    async fn prepare(
        &self,
        tried: &Tried<'_>,
        credential: Credential,
        model: Option<&str>,
    ) -> Result<(Outbound, http::Extensions), Miss> {
        let member = tried.member;
        let original = &self.original;
        let path = original
            .path_for(credential)
            .map_err(|error| refused(format!("the path cannot be forwarded: {error}")))?;
        let mended = self.mended(member, &tried.group);
        let (body, peek) = match &mended {
            Some((body, peek)) => (body, peek),
            None => (&original.body, &self.ask.peek),
        };
        let (mut headers, extensions) = self.carried(tried, credential);
        if tried.rewrite.is_some() {
            // What is compressed cannot be changed on its way.
            headers.remove(ACCEPT_ENCODING);
        }
        let asked = Asked {
            dialect: original.dialect,
            operation: original.operation,
            method: &original.method,
            path: &path,
            client_model: self.ask.model(),
            model,
            stream: peek.stream().unwrap_or(false),
            peek,
            body,
        };
        let shaped = member.api.shape(&asked, &mut headers).map_err(of_unfit)?;
        let body = edited(body, &shaped.edits);
        if body.len != original.body.len && headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len));
        }
        let uri = member
            .upstream
            .uri(&shaped.path)
            .map_err(|error| refused(format!("the path cannot be forwarded: {error}")))?;
        let mut outbound = Outbound {
            method: original.method.clone(),
            uri,
            headers,
            body,
        };
        if credential == Credential::Configured {
            let key = tried.key.as_ref().map(|key| &*key.key);
            self.sign(member, &mut outbound, key).await?;
        }
        Ok((outbound, extensions))
    }

    async fn sign(
        &self,
        member: &Member,
        outbound: &mut Outbound,
        key: Option<&weir_core::settings::Key>,
    ) -> Result<(), Miss> {
        let limit = member.provider.connect_timeout;
        let signed = match member.api.sign(outbound, key) {
            Signing::Ready(signed) => signed.map_err(|error| error.to_string()),
            Signing::Wait(signing) => match tokio::time::timeout(limit, signing).await {
                Ok(signed) => signed.map_err(|error| error.to_string()),
                Err(_) => Err(format!("no credential within {limit:?}")),
            },
        };
        signed.map_err(|cause| of_failure(&Failure::Unsigned(cause)))
    }

    /// The body with its thinking blocks as `member` can take them; none when nothing changes.
    fn mended(&self, member: &Member, group: &str) -> Option<(RawBody, weir_wire::peek::Peek)> {
        if !self.ask.thinking {
            return None;
        }
        let thinking = &self.fleet.routing.thinking;
        let body = self.original.body.to_bytes();
        let vault = &self.fleet.memories.vault;
        // Anthropic's signatures are good at all who have its models, the others' are bound.
        let portable = self.original.dialect == Dialect::AnthropicMessages;
        let mut resolver = vault.resolver(member.name(), portable, now());
        let options = weir_wire::thinking::Options {
            placeholder: &thinking.placeholder,
        };
        let dialect = self.original.dialect;
        let plan = weir_wire::thinking::plan_edits(&body, dialect, &mut resolver, group, &options);
        if plan.edits.is_empty() {
            return None;
        }
        self.log.lock().route.edits = plan.changes();
        let (pieces, len) = plan.edits.apply(&[body]);
        let peek = self.ask.peek.again(dialect, &pieces);
        Some((RawBody { pieces, len }, peek))
    }

    /// What must be put back into the answer.
    fn rewrite(
        &self,
        tried: &Tried<'_>,
        client_model: Option<&str>,
        model: Option<&str>,
    ) -> Option<Box<Rewriter>> {
        let thinking = &self.fleet.routing.thinking;
        let prefix = (thinking.enabled && thinking.prefix).then_some(&*tried.group);
        let mapped = client_model
            .filter(|client| model.is_some_and(|model| model != *client))
            .filter(|_| tried.member.provider.reverse_model_mapping);
        if let Some(model) = model.filter(|model| client_model != Some(model)) {
            self.log.lock().route.model = Some(model.into());
        }
        if prefix.is_none() && mapped.is_none() || !self.original.operation.generates() {
            return None;
        }
        let rewriter = Rewriter::new(self.original.dialect, prefix, mapped);
        Some(Box::new(rewriter))
    }

    /// The client's headers for this provider, and their spelling. The last try takes them.
    fn carried(&self, tried: &Tried<'_>, credential: Credential) -> (HeaderMap, http::Extensions) {
        let mut carried = self.original.headers.lock();
        let upstream = &tried.member.upstream;
        let sieve = shape::Sieve::new(&carried.0, upstream, self.spent, credential);
        if tried.left.anything() {
            return (sieve.copy(&carried.0), carried.1.clone());
        }
        let (headers, extensions) = std::mem::take(&mut *carried);
        (sieve.take(headers), extensions)
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

    /// Learns from the head of what came, and tells whether it is an answer.
    async fn judge(
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
        if hops {
            return self.keep(tried, ruling, head, (body, lease)).await;
        }
        self.learn_head(&mut tried, status, &head.headers, &[]);
        let mut held = Held::default();
        let form = tried.member.api.form(status, &head.headers);
        if left.anything() && judge::may_hide_an_error(status, &head.headers, form) {
            let limit = self.header_timeout(tried.member, left);
            let kind = (self.original.dialect, form);
            match judge::look(&head.headers, &mut body, kind, limit).await {
                Look::Answer(beginning) => held = beginning,
                Look::Fault(stands_for, error) => {
                    return self.unmask(tried, head, stands_for, error);
                }
                Look::Broke(reason) => {
                    tried.permit.report(breaker::Outcome::Failure, None, now());
                    self.note_try(&tried, Some(status), Some(&reason));
                    let miss = of_failure(&Failure::Broke(reason));
                    return Outcome::Missed(Ruling::NextProvider, Box::new(miss));
                }
            }
        }
        self.note_try(&tried, Some(status), None);
        Outcome::Won(Box::new(self.won(tried, head, (body, held), lease)))
    }

    /// Tells the key what came, and the breaker of a status that is a failure; a good one is told
    /// at the answer's end. `body` is that of an error, decoded, if it was read.
    fn learn_head(
        &self,
        tried: &mut Tried<'_>,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) {
        let now = now();
        if let Some(key) = &tried.key {
            key.learn(status, headers, body, now);
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
        self.note_try(&tried, Some(status), Some(status.as_str()));
        let body = judge::keep(body).await;
        if body.is_some() {
            lease.give_back();
        }
        let said = judge::said(&head.headers, body.as_ref());
        self.learn_head(&mut tried, status, &head.headers, &said);
        let wait = wait_of(&head.headers).or_else(|| wait_in(&said, now()));
        let kept = body.map(|body| Kept {
            status,
            headers: head.headers,
            body,
            key: tried.key_state(now()),
        });
        Outcome::Missed(ruling, Box::new(of_status(status, kept, wait)))
    }

    /// An error that came in the disguise of an answer.
    fn unmask(
        &self,
        mut tried: Tried<'_>,
        head: response::Parts,
        status: StatusCode,
        error: bytes::Bytes,
    ) -> Outcome {
        self.learn_head(&mut tried, status, &head.headers, &error);
        let reason = format!("{status} hidden in a 200");
        self.note_try(&tried, Some(status), Some(&reason));
        let wait = wait_of(&head.headers).or_else(|| wait_in(&error, now()));
        let kept = Kept::unmasked(status, head.headers, error, tried.key_state(now()));
        // What is the client's fault would be so anywhere: that ruling ends the errand.
        let ruling = judge::rule(status);
        Outcome::Missed(ruling, Box::new(of_status(status, Some(kept), wait)))
    }

    fn won(
        &self,
        tried: Tried<'_>,
        mut head: response::Parts,
        (upstream, held): (Incoming, Held),
        lease: Lease,
    ) -> Won {
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
        let form = member.api.form(head.status, &head.headers);
        if form == Form::AwsEventStream {
            let kind = HeaderValue::from_static("text/event-stream");
            head.headers.insert(CONTENT_TYPE, kind);
        }
        let converter = Converter::new(form, tried.rewrite);
        if converter.is_some() {
            // What is made of the body is seldom as long as the upstream's.
            head.headers.remove(CONTENT_LENGTH);
        }
        let signatures = self.signatures(head.status, tried.group);
        let mut settlement =
            Settlement::new(Arc::clone(&member), tried.permit, tried.key, signatures);
        let kind = (self.original.dialect, self.original.operation);
        settlement.expect(&head.headers, kind.0, kind.1);
        if head.status.is_success() {
            settlement.time(self.started + Duration::from_micros(tried.started_us));
        }
        Won {
            answer: Answer {
                upstream,
                held,
                converter,
                lease,
                settlement,
            },
            breaker: tried.breaker,
            key,
            head,
            member,
        }
    }

    fn signatures(&self, status: StatusCode, group: Box<str>) -> Option<Signatures> {
        let signs = self.fleet.routing.thinking.enabled
            && self.original.operation.generates()
            && status.is_success();
        signs.then(|| Signatures {
            tap: weir_wire::thinking::SignatureTap::new(self.original.dialect),
            vault: Arc::clone(&self.fleet.memories.vault),
            group,
        })
    }

    fn note_try(&self, tried: &Tried<'_>, status: Option<StatusCode>, failure: Option<&str>) {
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
        self.note(Try {
            provider,
            key: tried.key.as_ref().map(|key| Arc::clone(&key.picked.label)),
            started_us: tried.started_us,
            elapsed_us: self.elapsed_us().saturating_sub(tried.started_us),
            status: status.map(|status| status.as_u16()),
            failure: failure.map(Into::into),
        });
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

fn edited(body: &RawBody, edits: &Edits) -> RawBody {
    if edits.is_empty() {
        return body.clone();
    }
    let (pieces, len) = edits.apply(&body.pieces);
    RawBody { pieces, len }
}

fn of_unfit(unfit: Unfit) -> Miss {
    Miss {
        kind: unfit.kind,
        cause: unfit.message.clone(),
        message: unfit.message,
        kept: None,
        wait: None,
    }
}

fn of_failure(failure: &Failure) -> Miss {
    let kind = failure.kind();
    Miss {
        kind,
        message: match (kind, failure) {
            (ErrorKind::Timeout, _) | (_, Failure::Unsigned(_)) => failure.to_string(),
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

//! Answers that the client gets as a whole: put together from a stream, or read to their end to be
//! translated. Nothing has been sent to the client until they are complete.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Instant;
use weir_core::route::breaker;
use weir_wire::accumulate::{AccumulateError, Accumulator, expand};
use weir_wire::decode::decode;
use weir_wire::dialect::Dialect;
use weir_wire::eventstream::ToSse;
use weir_wire::sse::Splitter;
use weir_wire::translate::inbound;
use weir_wire::translate::outbound::Back;

use super::{Outcome, Tried, Won, of_failure};
use crate::clock::now;
use crate::errand::Errand;
use crate::forward::Failure;
use crate::judge::{self, Held, Ruling};
use crate::pool::Lease;
use crate::provider::Form;
use crate::relay::{Answer, with_causes};
use crate::translation;

/// Largest answer that is put together, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// What the client gets of an answer that was read to its end.
enum Whole {
    /// This body.
    Body(Vec<u8>),
    /// The provider's error in the disguise of an answer.
    Fault(StatusCode, Bytes),
    /// Nothing: it was not complete.
    Broke(String),
}

impl Errand<'_> {
    /// Whether the client's answer is complete only when the provider's is.
    pub(super) fn gathers(
        &self,
        tried: &Tried<'_>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> bool {
        if !status.is_success() {
            return false;
        }
        let form = tried.member.api.form(status, headers);
        let streams = is_stream(headers) || form == Form::AwsEventStream;
        match &tried.back {
            Some(back) => !streams || !back.stream || headers.contains_key(CONTENT_ENCODING),
            None => tried.demoted && streams,
        }
    }

    /// Reads the answer to its end and makes of it what the client asked for.
    pub(super) async fn gather(
        &self,
        mut tried: Tried<'_>,
        head: response::Parts,
        (mut body, lease): (Incoming, Lease),
    ) -> Outcome {
        let form = tried.member.api.form(head.status, &head.headers);
        let mut gathering = Gathering::new(tried.dialect, form, &head.headers);
        let limit = tried.member.provider.idle_timeout;
        let broke = gathering.read(&mut body, limit).await;
        let whole = match broke {
            Err(reason) => Whole::Broke(reason),
            Ok(()) => gathering.finish(&head.headers),
        };
        let whole = match (whole, &tried.back) {
            (Whole::Body(body), Some(back)) => self.say(&body, back),
            (whole, _) => whole,
        };
        match whole {
            Whole::Body(whole) => {
                self.note_try(&tried, Some(head.status), None);
                let answer = Gathered {
                    said: gathering.said,
                    first_byte: gathering.first_byte,
                    whole,
                    rest: body,
                };
                Outcome::Won(Box::new(self.gathered(tried, head, answer, lease)))
            }
            Whole::Fault(status, error) => self.unmask(tried, head, status, &error),
            Whole::Broke(reason) => {
                tried.permit.report(breaker::Outcome::Failure, None, now());
                self.note_try(&tried, Some(head.status), Some(&reason));
                let miss = of_failure(&Failure::Broke(reason));
                Outcome::Missed(Ruling::NextProvider, Box::new(miss))
            }
        }
    }

    /// An answer in the client's dialect and framing.
    fn say(&self, body: &[u8], back: &Back) -> Whole {
        let options = translation::answer_options(self, back);
        let answer = match inbound::answer(body, back, &options) {
            Ok(answer) => answer,
            Err(fault) => return Whole::Broke(format!("the answer cannot be read: {fault}")),
        };
        if !back.stream {
            return Whole::Body(answer);
        }
        let mut stream = Vec::with_capacity(answer.len() * 2);
        match expand(back.way.client, &answer, back.include_usage, &mut stream) {
            Ok(()) => Whole::Body(stream),
            Err(fault) => Whole::Broke(format!("the answer cannot be streamed: {fault}")),
        }
    }

    fn gathered(
        &self,
        tried: Tried<'_>,
        mut head: response::Parts,
        answer: Gathered,
        lease: Lease,
    ) -> Won {
        let stream = tried.back.as_ref().is_some_and(|back| back.stream);
        let (mut settlement, mut settled) = self.settled(tried, &head);
        if let Some(at) = answer.first_byte {
            settlement.first_byte_was(at);
        }
        for piece in &answer.said {
            settlement.arrived(piece);
        }
        settlement.seal();
        translation::retitle(&mut head.headers, stream);
        let pieces = vec![Bytes::from(answer.whole)];
        Won {
            answer: Answer {
                upstream: answer.rest,
                held: Held { pieces },
                converter: None,
                lease,
                settlement,
                ping_interval: None,
            },
            breaker: settled.breaker,
            key: settled.key.take(),
            head,
            member: settled.member,
        }
    }
}

/// An answer that was read to its end.
struct Gathered {
    /// What the provider said.
    said: Vec<Bytes>,
    /// When it began to.
    first_byte: Option<Instant>,
    /// What the client gets.
    whole: Vec<u8>,
    /// The body, of which nothing is left.
    rest: Incoming,
}

/// An answer as it comes.
struct Gathering {
    dialect: Dialect,
    frames: Option<ToSse>,
    streams: bool,
    said: Vec<Bytes>,
    len: usize,
    first_byte: Option<Instant>,
}

impl Gathering {
    fn new(dialect: Dialect, form: Form, headers: &HeaderMap) -> Self {
        let frames = form == Form::AwsEventStream;
        Self {
            dialect,
            frames: frames.then(ToSse::default),
            streams: frames || is_stream(headers),
            said: Vec::new(),
            len: 0,
            first_byte: None,
        }
    }

    async fn read(&mut self, body: &mut Incoming, limit: Duration) -> Result<(), String> {
        loop {
            let frame = match tokio::time::timeout(limit, body.frame()).await {
                Err(_) => return Err(format!("upstream was silent for {limit:?}")),
                Ok(None) => return Ok(()),
                Ok(Some(Err(error))) => {
                    return Err(format!("upstream broke off: {}", with_causes(&error)));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(piece) = frame.into_data() {
                self.first_byte.get_or_insert_with(Instant::now);
                self.take(piece)?;
            }
        }
    }

    fn take(&mut self, piece: Bytes) -> Result<(), String> {
        self.len += piece.len();
        if self.len > MAX_ANSWER {
            return Err(format!("the answer is over {MAX_ANSWER} bytes"));
        }
        let Some(frames) = &mut self.frames else {
            self.said.push(piece);
            return Ok(());
        };
        let mut events = VecDeque::new();
        let outcome = frames.push(&piece, &mut events);
        self.said.extend(events);
        outcome.map_err(crate::convert::broken)
    }

    /// What the whole of it is.
    fn finish(&self, headers: &HeaderMap) -> Whole {
        if let Some(Err(broken)) = self.frames.as_ref().map(ToSse::finish) {
            return Whole::Broke(crate::convert::broken(broken));
        }
        if judge::encoding(headers).is_none() && self.streams {
            return self.accumulated(self.said.iter().map(|piece| &**piece));
        }
        let body = self.said.concat();
        let decoded = decode(judge::encoding(headers), &body, MAX_ANSWER);
        if decoded.truncated || decoded.fault.is_some() {
            return Whole::Broke("the answer's encoding is broken".into());
        }
        if self.streams {
            return self.accumulated(std::iter::once(&*decoded.bytes));
        }
        Whole::Body(decoded.bytes.into_owned())
    }

    fn accumulated<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Whole {
        let mut accumulator = Accumulator::new(self.dialect, MAX_ANSWER);
        let mut splitter = Splitter::new();
        for piece in pieces {
            splitter.push(piece, |event| accumulator.push(event));
        }
        splitter.finish(|event| accumulator.push(event));
        match accumulator.finish() {
            Ok(accumulated) => Whole::Body(accumulated.body),
            Err(AccumulateError::Provider { status, body }) => Whole::Fault(status, body.into()),
            Err(error) => Whole::Broke(error.to_string()),
        }
    }
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"text/event-stream"))
}

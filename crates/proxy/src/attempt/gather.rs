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
use weir_wire::sse::{self, Splitter};
use weir_wire::translate::outbound::Back;
use weir_wire::translate::{codec, inbound};

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
    /// Nothing that can be understood.
    Unreadable(String),
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
        let streams = match form {
            Form::AwsEventStream => Some(true),
            Form::AsIs => is_stream(headers),
        };
        match &tried.back {
            Some(back) => {
                let streams = streams.unwrap_or(back.stream);
                !streams || !back.stream || headers.contains_key(CONTENT_ENCODING)
            }
            None => tried.demoted && streams != Some(false),
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
                self.note_try(&mut tried, Some(head.status), None);
                let answer = Gathered {
                    said: gathering.said,
                    first_byte: gathering.first_byte,
                    whole,
                    rest: body,
                };
                Outcome::Won(Box::new(self.gathered(tried, head, answer, lease)))
            }
            Whole::Fault(status, error) => self.unmask(tried, head, status, &error),
            Whole::Broke(reason) => self.failed(tried, head.status, &Failure::Broke(reason)),
            Whole::Unreadable(reason) => {
                self.failed(tried, head.status, &Failure::Unreadable(reason))
            }
        }
    }

    fn failed(&self, mut tried: Tried<'_>, status: StatusCode, failure: &Failure) -> Outcome {
        tried.permit.report(breaker::Outcome::Failure, None, now());
        self.note_try(&mut tried, Some(status), Some(&failure.to_string()));
        Outcome::Missed(Ruling::NextProvider, Box::new(of_failure(failure)))
    }

    /// An answer in the client's dialect and framing.
    fn say(&self, body: &[u8], back: &Back) -> Whole {
        let options = translation::answer_options(self, back);
        let answer = match inbound::answer(body, back, &options) {
            Ok(answer) => answer,
            Err(fault) => {
                // It may be an error that came with a good status.
                let status = codec::read_error(back.way.provider, 200, body).status;
                return match StatusCode::from_u16(status) {
                    Ok(status) if status.is_client_error() || status.is_server_error() => {
                        Whole::Fault(status, Bytes::copy_from_slice(body))
                    }
                    _ => Whole::Unreadable(fault.message.into_owned()),
                };
            }
        };
        if !back.stream {
            return Whole::Body(answer);
        }
        let mut stream = Vec::with_capacity(answer.len() * 2);
        match expand(back.way.client, &answer, back.include_usage, &mut stream) {
            Ok(()) => Whole::Body(stream),
            Err(fault) => Whole::Unreadable(fault.message.into_owned()),
        }
    }

    fn gathered(
        &self,
        mut tried: Tried<'_>,
        mut head: response::Parts,
        answer: Gathered,
        lease: Lease,
    ) -> Won {
        self.note_upstream(|| answer.said.clone());
        let stream = tried.back.as_ref().is_some_and(|back| back.stream);
        if tried.member.api.form(head.status, &head.headers) == Form::AwsEventStream {
            // What is learnt from are the events inside.
            let kind = HeaderValue::from_static("text/event-stream");
            head.headers.insert(CONTENT_TYPE, kind);
        }
        let mut whole = Bytes::from(answer.whole);
        if let Some(mut rewriter) = tried.rewrite.take() {
            let mut pieces = VecDeque::new();
            rewriter.push(whole, &mut pieces);
            rewriter.finish(&mut pieces);
            whole = Vec::from(pieces).concat().into();
        }
        let (mut settlement, mut settled) = self.settled(tried, &head);
        if let Some(at) = answer.first_byte {
            settlement.first_byte_was(at);
        }
        for piece in &answer.said {
            settlement.arrived(piece);
        }
        settlement.seal();
        translation::retitle(&mut head.headers, stream);
        let pieces = vec![whole];
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
    /// Whether it is a stream, if its head says.
    streams: Option<bool>,
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
            streams: if frames {
                Some(true)
            } else {
                is_stream(headers)
            },
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
        let encoding = judge::encoding(headers);
        if encoding.is_none() && self.is_stream(self.said.first()) {
            return self.accumulated(self.said.iter().map(|piece| &**piece));
        }
        let body = Bytes::from(self.said.concat());
        let decoded = decode(encoding, &body, MAX_ANSWER);
        if decoded.truncated || decoded.fault.is_some() {
            return Whole::Unreadable("its content encoding is broken".into());
        }
        let plain = Bytes::from(decoded.bytes.into_owned());
        if self.is_stream(Some(&plain)) {
            return self.accumulated(std::iter::once(&*plain));
        }
        Whole::Body(plain.into())
    }

    /// Whether a body that begins so is a stream. Without a type in the head its first byte tells:
    /// no event begins as JSON does.
    fn is_stream(&self, beginning: Option<&Bytes>) -> bool {
        self.streams.unwrap_or_else(|| {
            let first = beginning.and_then(|piece| piece.trim_ascii_start().first());
            first.is_some_and(|first| !matches!(first, b'{' | b'['))
        })
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

/// Whether the head announces a stream; none when it says nothing of that.
fn is_stream(headers: &HeaderMap) -> Option<bool> {
    headers.get(CONTENT_TYPE).map(sse::is_stream)
}

//! Tells whether what came from a provider is an answer, or a reason to ask the next candidate.
//! Nothing has been sent to the client yet.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Instant;
use weir_wire::decode::decode;
use weir_wire::dialect::Dialect;
use weir_wire::eventstream::{Broken, ToSse};
use weir_wire::inband::{FirstEvent, Judgement};

use crate::provider::Form;

/// Bytes of a stream's beginning that are looked at.
const MAX_LOOK: usize = 16 * 1024;
/// Bytes of a failed answer's body that are kept, to be returned if nothing better comes.
const MAX_KEPT: usize = 256 * 1024;
/// How long a failed answer's body may take.
const KEEP_TIME: Duration = Duration::from_secs(2);

/// The beginning of a body.
#[derive(Debug, Default)]
pub struct Held {
    /// In order, as they came.
    pub pieces: Vec<Bytes>,
}

/// What the beginning of a good status' body says.
#[derive(Debug)]
pub enum Look {
    /// An answer.
    Answer(Held),
    /// An error in disguise: the status that it stands for and the error itself.
    Fault(StatusCode, Bytes),
    /// It ended or fell silent before it said anything.
    Broke(String),
}

/// What is to be done about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The client gets it.
    Answer,
    /// The key is not good, or has no money left: another of the same provider may be.
    NextKey,
    /// The key is at its limit: another may not be, of this provider or the next.
    NextCandidate,
    /// The provider is ill: the next may not be.
    NextProvider,
}

/// Rules on a status. What is the client's own fault is for the client to see.
#[must_use]
pub fn rule(status: StatusCode) -> Ruling {
    match status.as_u16() {
        401..=403 => Ruling::NextKey,
        429 => Ruling::NextCandidate,
        // Not implemented is not implemented the next time either.
        501 | 505 => Ruling::Answer,
        408 | 500..=599 => Ruling::NextProvider,
        _ => Ruling::Answer,
    }
}

/// Whether the first bytes of a body can hide an error.
#[must_use]
pub fn may_hide_an_error(status: StatusCode, headers: &HeaderMap, form: Form) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) else {
        return false;
    };
    let kinds: [&[u8]; 2] = [b"text/event-stream", b"application/json"];
    let known = form == Form::AwsEventStream || kinds.iter().any(|known| kind.starts_with(known));
    status == StatusCode::OK && known
}

/// Reads until the first event that says something, for at most `limit`. What is held is as it
/// came, whatever was read into it.
pub async fn look(
    headers: &HeaderMap,
    body: &mut Incoming,
    (dialect, form): (Dialect, Form),
    limit: Duration,
) -> Look {
    let deadline = Instant::now() + limit;
    let mut held = Held::default();
    let mut ear = Ear {
        dialect,
        first: FirstEvent::new(dialect),
        frames: (form == Form::AwsEventStream).then(ToSse::default),
        encoding: encoding(headers),
        encoded: Vec::new(),
    };
    let mut seen = 0;
    loop {
        let frame = match tokio::time::timeout_at(deadline, body.frame()).await {
            Err(_) => return Look::Broke(format!("nothing was said within {limit:?}")),
            Ok(None) => return ear.ended(held),
            Ok(Some(Err(error))) => return Look::Broke(crate::relay::with_causes(&error)),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(piece) = frame.into_data() else {
            return Look::Answer(held);
        };
        seen += piece.len();
        let judgement = ear.push(&piece);
        held.pieces.push(piece);
        match judgement {
            Ok(Judgement::Pending) if seen < MAX_LOOK => {}
            Ok(Judgement::Pending | Judgement::Commit) => return Look::Answer(held),
            Ok(Judgement::Error { status, body }) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                return Look::Fault(status, body);
            }
            Err(broken) => return Look::Broke(crate::convert::broken(broken)),
        }
    }
}

/// Hears what the beginning of a body says, whatever it is wrapped in.
struct Ear<'a> {
    dialect: Dialect,
    first: FirstEvent,
    frames: Option<ToSse>,
    encoding: Option<&'a str>,
    /// What has come, where it is encoded.
    encoded: Vec<u8>,
}

impl Ear<'_> {
    fn push(&mut self, piece: &[u8]) -> Result<Judgement, Broken> {
        if let Some(frames) = &mut self.frames {
            let mut events = VecDeque::new();
            let outcome = frames.push(piece, &mut events);
            // What was whole before the break counts.
            let judged = events.iter().map(|event| self.first.push(event));
            let mut judged = judged.filter(|judged| *judged != Judgement::Pending);
            return match judged.next() {
                Some(judgement) => Ok(judgement),
                None => outcome.map(|()| Judgement::Pending),
            };
        }
        let Some(encoding) = self.encoding else {
            return Ok(self.first.push(piece));
        };
        self.encoded.extend_from_slice(piece);
        // Read from the start each time: there is little of it, and seldom twice.
        self.first = FirstEvent::new(self.dialect);
        let decoded = decode(Some(encoding), &self.encoded, MAX_LOOK);
        Ok(self.first.push(&decoded.bytes))
    }

    /// It ended before it said anything.
    fn ended(&self, held: Held) -> Look {
        match self.frames.as_ref().map(ToSse::finish) {
            Some(Err(broken)) => Look::Broke(crate::convert::broken(broken)),
            _ => Look::Answer(held),
        }
    }
}

/// The same decoded, to be read; empty where nothing was kept.
#[must_use]
pub fn said<'a>(headers: &HeaderMap, body: Option<&'a Bytes>) -> Cow<'a, [u8]> {
    let Some(body) = body else {
        return Cow::Borrowed(&[]);
    };
    match encoding(headers) {
        None => Cow::Borrowed(body),
        Some(encoding) => Cow::Owned(decode(Some(encoding), body, MAX_KEPT).bytes.to_vec()),
    }
}

/// The encoding of a body, if it has one.
pub(crate) fn encoding(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(CONTENT_ENCODING)
        .and_then(|encoding| encoding.to_str().ok())
        .filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
}

/// The body of an answer that failed, if it is small and soon here; else none.
pub async fn keep(body: Incoming) -> Option<Bytes> {
    let whole = http_body_util::Limited::new(body, MAX_KEPT).collect();
    let whole = tokio::time::timeout(KEEP_TIME, whole).await.ok()?.ok()?;
    Some(whole.to_bytes())
}

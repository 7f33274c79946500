//! Tells whether what came from a provider is an answer, or a reason to ask the next candidate.
//! Nothing has been sent to the client yet.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Instant;
use weir_wire::decode::decode;
use weir_wire::dialect::Dialect;
use weir_wire::inband::{FirstEvent, Judgement};

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
pub fn may_hide_an_error(status: StatusCode, headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) else {
        return false;
    };
    let kinds: [&[u8]; 2] = [b"text/event-stream", b"application/json"];
    status == StatusCode::OK && kinds.iter().any(|known| kind.starts_with(known))
}

/// Reads until the first event that says something, for at most `limit`.
pub async fn look(
    headers: &HeaderMap,
    body: &mut Incoming,
    dialect: Dialect,
    limit: Duration,
) -> Look {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|encoding| encoding.to_str().ok())
        .filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    let deadline = Instant::now() + limit;
    let mut held = Held::default();
    let mut first = FirstEvent::new(dialect);
    let mut encoded = Vec::new();
    loop {
        let frame = match tokio::time::timeout_at(deadline, body.frame()).await {
            Err(_) => return Look::Broke(format!("nothing was said within {limit:?}")),
            Ok(None) => return Look::Answer(held),
            Ok(Some(Err(error))) => return Look::Broke(crate::relay::with_causes(&error)),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(piece) = frame.into_data() else {
            return Look::Answer(held);
        };
        let judgement = match encoding {
            None => first.push(&piece),
            Some(encoding) => {
                encoded.extend_from_slice(&piece);
                // Read from the start each time: there is little of it, and seldom twice.
                first = FirstEvent::new(dialect);
                first.push(&decode(Some(encoding), &encoded, MAX_LOOK).bytes)
            }
        };
        held.pieces.push(piece);
        match judgement {
            Judgement::Pending if encoded.len() < MAX_LOOK => {}
            Judgement::Pending | Judgement::Commit => return Look::Answer(held),
            Judgement::Error { status, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                return Look::Fault(status, body);
            }
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

fn encoding(headers: &HeaderMap) -> Option<&str> {
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

//! What the recorder wants to know of bodies, in the words of rows: the seam to `weir-wire`, which
//! reads them.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::value::RawValue;
use weir_core::exchange::{Arrival, RawBody, RequestRecord};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::request::{MessageMark, RequestFacts};
use weir_wire::facts::response as wire;
use weir_wire::usage::Usage;

use crate::summary::Tokens;

/// A request body's facts, kept with the body to read only what is new in the next.
pub(crate) type Kept = Arc<BodyFacts>;

/// What a request body said.
#[derive(Debug, Default)]
pub(crate) struct BodyFacts {
    /// What was read; none for operations whose bodies are not read.
    pub read: Option<RequestFacts>,
    /// Messages at the front that are those of the body it was compared with.
    pub shared: usize,
}

impl BodyFacts {
    /// The marks of all messages.
    pub(crate) fn marks(&self) -> &[MessageMark] {
        self.read.as_ref().map_or(&[], |facts| &facts.marks)
    }
}

/// Reads a request body, from where it differs from one read before.
pub(crate) fn request(
    record: &RequestRecord,
    body: &[u8],
    earlier: Option<(&Kept, usize)>,
) -> Kept {
    if record.operation == Operation::Other {
        return Kept::default();
    }
    let dialect = record.dialect;
    let (read, shared) = match earlier {
        Some((kept, prefix)) => match &kept.read {
            Some(facts) => {
                let read = RequestFacts::rescan(dialect, body, facts, prefix);
                let same = |(a, b): &(&MessageMark, &MessageMark)| a.fingerprint == b.fingerprint;
                let shared = facts.marks.iter().zip(&read.marks).take_while(same).count();
                (read, shared)
            }
            None => (RequestFacts::scan(dialect, body), 0),
        },
        None => (RequestFacts::scan(dialect, body), 0),
    };
    Arc::new(BodyFacts {
        read: Some(read),
        shared,
    })
}

/// What a response said.
#[derive(Debug, Default)]
pub(crate) struct ResponseFacts {
    /// Why the model stopped.
    pub stop_reason: Option<Box<str>>,
    /// What it took.
    pub tokens: Tokens,
    /// The usage object as JSON, if it says more than `tokens`.
    pub usage: Option<Box<str>>,
    /// The error that came within a stream.
    pub error: Option<Box<str>>,
    /// Whether the last word of the dialect came.
    pub ended: bool,
    /// Bytes of the body, as they came, up to the first content; none if it brought none.
    pub content_end: Option<u64>,
}

/// What a response is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asked for.
    pub operation: Operation,
}

/// Reads a response body.
pub(crate) fn response(expected: Expected, headers: &HeaderMap, body: &RawBody) -> ResponseFacts {
    let Expected { dialect, operation } = expected;
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let said = match body.pieces.as_slice() {
        [] => return ResponseFacts::default(),
        [one] => wire::ResponseFacts::of_body(dialect, operation, content_type, one),
        pieces => {
            let mut observer = wire::ResponseObserver::new(dialect, operation, content_type);
            pieces.iter().for_each(|piece| observer.push(piece));
            observer.finish()
        }
    };
    let usage = said.usage.as_ref();
    ResponseFacts {
        stop_reason: said.stop_reason.map(Into::into),
        tokens: usage.map(tokens).unwrap_or_default(),
        usage: usage
            .filter(|usage| usage.service_tier.is_some() || !usage.extra.is_empty())
            .and_then(|usage| serde_json::to_string(usage).ok())
            .map(Into::into),
        error: said
            .error
            .filter(|_| said.is_sse)
            .map(|error| words(&error)),
        ended: said.terminal,
        content_end: said.first_content_end,
    }
}

fn words(error: &wire::ErrorFact) -> Box<str> {
    match (error.kind.as_str(), error.message.as_str()) {
        ("", message) => message.into(),
        (kind, "") => kind.into(),
        (kind, message) => format!("{kind}: {message}").into(),
    }
}

fn tokens(usage: &Usage) -> Tokens {
    Tokens {
        input: usage.input_tokens,
        output: usage.output_tokens,
        cache_read: usage.cache_read_input_tokens,
        cache_write: usage.cache_creation_input_tokens,
        cache_write_5m: usage
            .cache_creation
            .and_then(|c| c.ephemeral_5m_input_tokens),
        cache_write_1h: usage
            .cache_creation
            .and_then(|c| c.ephemeral_1h_input_tokens),
        reasoning: usage.output_tokens_details.and_then(|d| d.thinking_tokens),
        web_search_requests: usage.server_tool_use.and_then(|u| u.web_search_requests),
    }
}

/// The message that an event stream amounts to, where that is known.
pub(crate) fn accumulate(expected: Expected, stream: &[u8]) -> Option<Box<RawValue>> {
    let _ = (expected, stream);
    None
}

/// What response headers say of limits.
pub(crate) fn rate_limit(headers: &[(String, String)]) -> Option<Box<RawValue>> {
    let _ = headers;
    None
}

/// A body without its content encoding; as it is when that cannot be undone.
pub(crate) fn decode(encoding: Option<&str>, body: Vec<u8>) -> Vec<u8> {
    let _ = encoding;
    body
}

/// A body without its content encoding, and how many bytes each arrival brought of it.
pub(crate) fn decode_pieces(
    encoding: Option<&str>,
    body: &[u8],
    arrivals: &[Arrival],
) -> (Vec<u8>, Vec<usize>) {
    let _ = encoding;
    (
        body.to_vec(),
        arrivals.iter().map(|a| a.size as usize).collect(),
    )
}

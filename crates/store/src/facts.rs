//! What the recorder wants to know of bodies, in the words of rows: the seam to `weir-wire`, which
//! reads them.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::value::RawValue;
use weir_core::exchange::{Arrival, RawBody, RequestRecord};
use weir_wire::accumulate::Accumulator;
use weir_wire::decode;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::launch::{self, Launch};
use weir_wire::facts::request::{MessageMark, RequestFacts};
use weir_wire::facts::response as wire;
use weir_wire::ratelimit::RateLimitInfo;
use weir_wire::sse::{self, Splitter};
use weir_wire::usage::Usage;

use crate::summary::Tokens;

/// Longest body that is decoded to be read, in bytes.
const MOST_DECODED: usize = 64 << 20;

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
    if let Some(encoding) = record.headers.get(CONTENT_ENCODING) {
        // The encoded form of a longer text has no front in common with the shorter one's.
        let plain = plain(encoding.to_str().ok(), body);
        let read = Some(RequestFacts::scan(dialect, &plain));
        return Arc::new(BodyFacts { read, shared: 0 });
    }
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
    /// The id by which a later request may go on from it.
    pub id: Option<Box<str>>,
    /// The agents that it starts.
    pub launches: Vec<Launch>,
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
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let said = match (body.pieces.as_slice(), encoding) {
        ([], _) => return ResponseFacts::default(),
        ([one], None) => wire::ResponseFacts::of_body(dialect, operation, content_type, one),
        (pieces, None) => {
            let mut observer = wire::ResponseObserver::new(dialect, operation, content_type);
            pieces.iter().for_each(|piece| observer.push(piece));
            observer.finish()
        }
        (_, Some(_)) => {
            let whole = body.to_bytes();
            let plain = plain(encoding, &whole);
            let mut said = wire::ResponseFacts::of_body(dialect, operation, content_type, &plain);
            let scale = |end: u64| end * whole.len() as u64 / (plain.len() as u64).max(1);
            said.first_content_end = said.first_content_end.map(scale);
            said
        }
    };
    let usage = said.usage.as_ref();
    let starts = matches!(said.stop_reason.as_deref(), Some("tool_use" | "tool_calls"));
    ResponseFacts {
        launches: if starts {
            launches(expected, (encoding, said.is_sse), body)
        } else {
            Vec::new()
        },
        id: said
            .id
            .filter(|_| dialect == Dialect::OpenaiResponses)
            .map(Into::into),
        stop_reason: said.stop_reason.map(Into::into),
        tokens: usage.map(Tokens::from).unwrap_or_default(),
        usage: usage
            .filter(|usage| has_tier(usage) || !usage.extra.is_empty())
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

/// Whether it names a service tier other than OpenAI's usual one, which stands in every answer.
fn has_tier(usage: &Usage) -> bool {
    let tier = usage.service_tier.as_deref();
    tier.is_some_and(|tier| !matches!(tier, "default" | "auto"))
}

/// The answer that an event stream amounts to; none where it broke off.
pub(crate) fn accumulate(expected: Expected, stream: &[u8]) -> Option<Box<RawValue>> {
    let mut accumulator = Accumulator::new(expected.dialect, stream.len());
    let mut splitter = Splitter::new();
    splitter.push(stream, |event| accumulator.push(event));
    splitter.finish(|event| accumulator.push(event));
    let answer = accumulator.finish().ok()?;
    RawValue::from_string(String::from_utf8(answer.body).ok()?).ok()
}

/// The agents that a response starts.
fn launches(
    expected: Expected,
    (encoding, is_sse): (Option<&str>, bool),
    body: &RawBody,
) -> Vec<Launch> {
    if body.len > launch::MAX_ANSWER {
        return Vec::new();
    }
    let whole = body.to_bytes();
    let plain = plain(encoding, &whole);
    if !launch::may_launch(&plain) {
        return Vec::new();
    }
    if !is_sse {
        return launch::launches(&plain);
    }
    let answer = accumulate(expected, &plain);
    answer.map_or_else(Vec::new, |answer| launch::launches(answer.get().as_bytes()))
}

/// The title that a response consists of: `{"title": ...}`, or one line of text.
pub(crate) fn title(expected: Expected, headers: &HeaderMap, body: &RawBody) -> Option<Box<str>> {
    const LONGEST_ANSWER: usize = 256 * 1024;
    const LONGEST: usize = 200;
    const TEXTS: [&str; 4] = [
        "/content/0/text",
        "/choices/0/message/content",
        "/output/0/content/0/text",
        "/candidates/0/content/parts/0/text",
    ];
    let word = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if body.len > LONGEST_ANSWER {
        return None;
    }
    let bytes = body.to_bytes();
    let plain = plain(word(CONTENT_ENCODING), &bytes);
    let is_stream = word(CONTENT_TYPE).is_some_and(sse::is_stream);
    let answer: serde_json::Value = if is_stream {
        serde_json::from_str(accumulate(expected, &plain)?.get()).ok()?
    } else {
        serde_json::from_slice(&plain).ok()?
    };
    let text = TEXTS
        .iter()
        .find_map(|at| answer.pointer(at)?.as_str())?
        .trim();
    let made: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let title = match &made {
        Some(made) => made.get("title")?.as_str()?.trim(),
        None => text,
    };
    let is_title = !title.is_empty() && title.len() <= LONGEST && !title.contains('\n');
    is_title.then(|| title.into())
}

/// What response headers say of limits.
pub(crate) fn rate_limit(headers: &[(String, String)]) -> Option<Box<RawValue>> {
    let map: HeaderMap = headers
        .iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        })
        .collect();
    serde_json::value::to_raw_value(&RateLimitInfo::from_headers(&map)?).ok()
}

/// A body without its content encoding; as far as that can be undone.
pub(crate) fn plain<'a>(encoding: Option<&str>, body: &'a [u8]) -> Cow<'a, [u8]> {
    match encoding {
        None => Cow::Borrowed(body),
        Some(_) => decode::decode(encoding, body, MOST_DECODED).bytes,
    }
}

/// Where in a decoded body the bytes of each arrival end. Those of an encoded body are spread
/// evenly: encoders emit what they were given soon after.
pub(crate) fn decoded_ends(arrivals: &[Arrival], body: usize, decoded: usize) -> Vec<usize> {
    let mut came = 0usize;
    let scale = |came: usize| match body {
        same if same == decoded => came,
        0 => decoded,
        // Wide, since two lengths multiplied may not fit 64 bits.
        _ => usize::try_from(came as u128 * decoded as u128 / body as u128).unwrap_or(decoded),
    };
    arrivals
        .iter()
        .map(|arrival| {
            came = came.saturating_add(arrival.size as usize);
            scale(came)
        })
        .collect()
}

//! From what is known of an ended exchange to its event: bodies decoded, streams put together,
//! tokens counted where the provider did not, all of it bounded and credentials blotted out.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, SET_COOKIE};
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_wire::accumulate::{AccumulateError, Accumulator};
use weir_wire::decode::{self, Fault};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::sse::{self, Event as Sse, Splitter};

use super::body::{ToldBody, tell};
use super::{BodyForm, Counted, Event, TokenUsage, usage};
use crate::exchange::{RawBody, Tokens};
use crate::prices::{self, Prices};
use crate::redact::{Redactor, mask_text};
use crate::settings::Told;

/// Longest body that is decoded, in bytes.
const MOST_DECODED: usize = 64 << 20;

/// What an event is made of.
#[derive(Debug)]
pub struct Materials {
    /// What is known without reading bodies: all but token usage, cost, headers and bodies.
    pub head: Event,
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asked for.
    pub operation: Operation,
    /// What the provider counted.
    pub tokens: Tokens,
    /// What the client sent.
    pub request: Leg,
    /// What it got.
    pub response: Leg,
}

impl Materials {
    /// Bytes of bodies in them.
    #[must_use]
    pub fn size(&self) -> usize {
        let size = |leg: &Leg| leg.body.as_ref().map_or(0, |body| body.len);
        size(&self.request) + size(&self.response)
    }
}

/// One direction of an exchange.
#[derive(Debug, Default)]
pub struct Leg {
    /// The headers; of those that are not told no more than says what the body is.
    pub headers: HeaderMap,
    /// The body; none where it is not held.
    pub body: Option<RawBody>,
    /// Its length as it crossed the wire, in bytes.
    pub bytes: u64,
    /// Whether the end of `body` is missing.
    pub truncated: bool,
}

/// By what an event is made.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// What it tells.
    pub told: &'a Told,
    /// What blots out credentials.
    pub redactor: &'a Redactor,
    /// What tokens cost.
    pub prices: &'a Prices,
}

/// Makes the event. It reads whole bodies, so it is not for a thread that others wait for.
#[must_use]
pub fn make(materials: Materials, rules: Rules<'_>) -> Event {
    let mut event = materials.head;
    let request = read(&materials.request, None);
    let stream = Some((materials.dialect, materials.operation));
    let response = read(&materials.response, stream);
    let model = event.asked_model().unwrap_or_default().to_owned();
    event.token_usage = counted(&materials.tokens).or_else(|| {
        let answered = event.status.is_some_and(|status| status < 400) && !event.cached;
        let may_count = answered && materials.operation.generates();
        let asked = request.plain().filter(|_| may_count)?;
        usage::estimate(materials.dialect, &model, asked, response.whole())
    });
    event.cost_usd = cost(&event, &materials.tokens, &model, rules.prices);
    event.response_id = response.whole().and_then(id);
    event.error = event.error.map(|error| mask_text(&error).into());
    event.user_agent = event.user_agent.map(|agent| mask_text(&agent).into());
    if rules.told.request_headers {
        event.request_headers = headers(&materials.request.headers, rules.redactor);
    }
    event.response_headers = headers(&materials.response.headers, rules.redactor);
    let most = rules.told.max_request_body_bytes;
    let told = told(rules, &materials.request, &request, most);
    (event.request_body, event.request_body_facts) = (told.json, told.facts);
    let most = rules.told.max_response_body_bytes;
    let told = self::told(rules, &materials.response, &response, most);
    (event.response_body, event.response_body_facts) = (told.json, told.facts);
    event
}

/// A body as far as it could be read.
#[derive(Debug)]
enum Read<'a> {
    /// There is none, or it is not held.
    None,
    /// It cannot be decoded, or is no text by its type.
    Binary,
    /// It is this, and maybe lacks its end.
    Plain(Cow<'a, [u8]>, bool),
    /// A stream that amounts to this.
    Answer(Vec<u8>),
}

impl Read<'_> {
    fn plain(&self) -> Option<&[u8]> {
        match self {
            Self::None | Self::Binary => None,
            Self::Plain(bytes, _) => Some(bytes),
            Self::Answer(bytes) => Some(bytes),
        }
    }

    /// The same if nothing of it is missing.
    fn whole(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_, true) => None,
            _ => self.plain(),
        }
    }
}

/// Decodes a body; what may be a stream of a dialect is put together.
fn read(leg: &Leg, stream: Option<(Dialect, Operation)>) -> Read<'_> {
    let Some(body) = leg.body.as_ref().filter(|body| body.len > 0) else {
        return Read::None;
    };
    if is_binary(word(leg, &CONTENT_TYPE)) {
        return Read::Binary;
    }
    let bytes = match body.pieces.as_slice() {
        [one] => Cow::Borrowed(&**one),
        pieces => Cow::Owned(pieces.concat()),
    };
    let encoding = word(leg, &CONTENT_ENCODING);
    let (plain, cut) = match encoding {
        None => (bytes, false),
        Some(_) => {
            let decoded = decode::decode(encoding, &bytes, MOST_DECODED);
            match decoded.fault {
                Some(Fault::Unknown | Fault::TooMany) => return Read::Binary,
                Some(Fault::Corrupt) if decoded.bytes.is_empty() => return Read::Binary,
                fault => {
                    let cut = decoded.truncated || fault.is_some();
                    (Cow::Owned(decoded.bytes.into_owned()), cut)
                }
            }
        }
    };
    let cut = cut || leg.truncated;
    if let Some((dialect, operation)) = stream
        && let Some(answer) = answer(dialect, operation, word(leg, &CONTENT_TYPE), &plain)
    {
        return Read::Answer(answer);
    }
    Read::Plain(plain, cut)
}

fn word<'a>(leg: &'a Leg, name: &http::HeaderName) -> Option<&'a str> {
    leg.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a body of this type is no text, or hides files in text.
fn is_binary(content_type: Option<&str>) -> bool {
    const KINDS: [&str; 5] = ["audio/", "image/", "video/", "font/", "multipart/"];
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    KINDS.iter().any(|binary| kind.starts_with(binary))
        || kind.starts_with("application/octet-stream")
}

/// The answer that a stream amounts to, or the error that it ended with; none where it is no
/// stream, or broke off.
fn answer(
    dialect: Dialect,
    operation: Operation,
    content_type: Option<&str>,
    plain: &[u8],
) -> Option<Vec<u8>> {
    let mut accumulator = Accumulator::new(dialect, plain.len());
    if content_type.is_some_and(sse::is_stream) {
        let mut splitter = Splitter::with_max_event(plain.len().max(1));
        splitter.push(plain, |event| accumulator.push(event));
        splitter.finish(|event| accumulator.push(event));
    } else if dialect == Dialect::Gemini && operation == Operation::GenerateStream {
        // Without `alt=sse` Gemini streams one array.
        let pieces: Vec<&RawValue> = serde_json::from_slice(plain).ok()?;
        for piece in pieces {
            accumulator.push(Sse {
                name: b"",
                data: piece.get().as_bytes(),
                end: 0,
            });
        }
    } else {
        return None;
    }
    match accumulator.finish() {
        Ok(whole) => Some(whole.body),
        Err(AccumulateError::Provider { body, .. }) => Some(body),
        Err(AccumulateError::Incomplete | AccumulateError::TooLarge) => None,
    }
}

/// What the provider counted; none if nothing.
fn counted(tokens: &Tokens) -> Option<TokenUsage> {
    if !tokens.counted() {
        return None;
    }
    let prompt = tokens.prompt();
    let cache_read = tokens.cache_read.unwrap_or(0);
    let input = tokens.input.unwrap_or(0);
    Some(TokenUsage {
        input,
        output: tokens.output.unwrap_or(0),
        cache_read,
        cache_write: prompt.saturating_sub(input).saturating_sub(cache_read),
        reasoning: tokens.reasoning.unwrap_or(0),
        total: tokens.total(),
        source: Counted::Provider,
    })
}

/// What it cost; estimated tokens cost what they would have.
fn cost(event: &Event, tokens: &Tokens, model: &str, prices: &Prices) -> Option<f64> {
    let usage = event.token_usage.as_ref()?;
    let estimated = Tokens {
        input: Some(usage.input),
        output: Some(usage.output),
        ..Tokens::default()
    };
    let tokens = match usage.source {
        Counted::Provider => tokens,
        Counted::Estimate => &estimated,
    };
    let provider = event.provider.as_deref().unwrap_or_default();
    let at = event.timestamp.as_microsecond();
    let cost = prices.cost(model, provider, at, tokens)?;
    Some(prices::dollars(cost.total()))
}

/// The id that an answer has.
fn id(answer: &[u8]) -> Option<Box<str>> {
    /// What the dialects call it.
    #[derive(Deserialize)]
    struct Named {
        id: Option<String>,
        #[serde(rename = "responseId")]
        response_id: Option<String>,
    }
    /// Longer ones are none.
    const LONGEST: usize = 256;
    let named: Named = serde_json::from_slice(answer).ok()?;
    let id = named.id.or(named.response_id)?;
    (!id.is_empty() && id.len() <= LONGEST).then(|| id.into())
}

/// Headers as they may be told.
fn headers(headers: &HeaderMap, redactor: &Redactor) -> Vec<(Box<str>, Box<str>)> {
    let told = headers.iter().filter(|(name, _)| **name != SET_COOKIE);
    told.map(|(name, value)| {
        let value = mask_text(&redactor.redact_header(name, value));
        (name.as_str().into(), value.into())
    })
    .collect()
}

fn told(rules: Rules<'_>, leg: &Leg, read: &Read<'_>, most: usize) -> ToldBody {
    if !rules.told.bodies {
        return ToldBody::untold(leg.bytes, BodyForm::Absent);
    }
    match read {
        Read::None => ToldBody::untold(leg.bytes, BodyForm::Absent),
        Read::Binary => ToldBody::untold(leg.bytes, BodyForm::Binary),
        Read::Plain(plain, cut) => tell(plain, leg.bytes, most, *cut),
        Read::Answer(answer) => tell(answer, leg.bytes, most, false),
    }
}

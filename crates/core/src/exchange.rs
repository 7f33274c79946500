//! The one record that every request produces, in two halves: what is known when it is forwarded
//! and what is known when it has ended. The data plane fills it, the recorder stores it; nothing
//! in it is parsed on the way.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use uuid::Uuid;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::edit::Splice;
use weir_wire::usage::Usage;

use crate::grade;
use crate::prices::Terms;

#[cfg(feature = "samples")]
pub mod samples;

/// Names an exchange everywhere: a UUIDv7 made by weir, never taken from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub Uuid);

impl std::fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A body as it crossed the wire, in the pieces it came in.
#[derive(Clone, Debug, Default)]
pub struct RawBody {
    /// The pieces, in order. Reference-counted: holding them copies nothing.
    pub pieces: Vec<Bytes>,
    /// The sum of the pieces' lengths, in bytes.
    pub len: usize,
}

impl RawBody {
    /// Adds a piece at the end.
    pub fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        self.pieces.push(piece);
    }

    /// The whole body in one piece; copies only when there is more than one.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [one] => one.clone(),
            many => {
                let mut whole = Vec::with_capacity(self.len);
                for piece in many {
                    whole.extend_from_slice(piece);
                }
                whole.into()
            }
        }
    }
}

/// Whose wish a request is. Nothing that a client sends can claim another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// A client's.
    #[default]
    Client,
    /// Somebody's who sends a captured request again.
    Replay,
    /// Weir's, which has a prompt graded.
    Judge,
}

impl Origin {
    /// The class that the exchange has for that, instead of the one that a client named.
    #[must_use]
    pub fn class(self) -> Option<&'static str> {
        match self {
            Self::Client => None,
            Self::Replay => Some("replay"),
            Self::Judge => Some(grade::CLASS),
        }
    }

    /// The class of an exchange whose client named `class`: one of ours is not believed.
    #[must_use]
    pub fn class_or(self, class: Option<&str>) -> Option<&str> {
        let ours = [Self::Replay, Self::Judge].map(Self::class);
        self.class()
            .or(class.filter(|class| !ours.contains(&Some(class))))
    }
}

/// The first half: everything known when the request is forwarded.
#[derive(Debug)]
pub struct RequestRecord {
    /// The exchange.
    pub id: ExchangeId,
    /// A valid `X-Request-ID` of the client's, else none.
    pub client_request_id: Option<Box<str>>,
    /// When the request head was complete, in microseconds since the Unix epoch.
    pub started_at_us: i64,
    /// The client's method.
    pub method: Method,
    /// The path as the client sent it, without the query.
    pub path: Box<str>,
    /// The query as the client sent it, without the question mark.
    pub query: Option<Box<str>>,
    /// The client's headers as received, in order; credentials are still in it, so it is
    /// redacted before anything is stored or shown.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: RawBody,
    /// The client's address.
    pub peer: IpAddr,
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    /// The model when the path names it (Gemini).
    pub path_model: Option<Box<str>>,
    /// The configured provider that it is sent to.
    pub provider: Arc<str>,
    /// Whose wish it is.
    pub origin: Origin,
    /// Whose token it brought.
    pub tenant: Option<Tenant>,
}

/// A tenant, by ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// The project.
    pub project: Uuid,
    /// The token.
    pub token: Uuid,
}

/// One read from the upstream: where it ends in the body and when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Bytes in this piece.
    pub size: u32,
    /// Microseconds from the start of the exchange to the arrival.
    pub elapsed_us: u64,
}

/// Token counts as the provider gave them; none where it gave none. Whatever the dialect, the three
/// kinds of input never overlap: their sum is the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Input that was neither read from nor written to a cache.
    pub input: Option<u64>,
    /// Output, reasoning included.
    pub output: Option<u64>,
    /// Input read from a cache.
    pub cache_read: Option<u64>,
    /// Input written to a cache.
    pub cache_write: Option<u64>,
    /// The part of `cache_write` that lives five minutes.
    pub cache_write_5m: Option<u64>,
    /// The part of `cache_write` that lives an hour.
    pub cache_write_1h: Option<u64>,
    /// The part of `output` that was reasoning.
    pub reasoning: Option<u64>,
    /// Searches that the provider ran.
    pub web_search_requests: Option<u64>,
    /// On which terms, where the price depends on them.
    pub terms: Terms,
}

impl Tokens {
    /// Whether the provider counted anything.
    #[must_use]
    pub fn counted(&self) -> bool {
        let nothing = Self {
            terms: self.terms,
            ..Self::default()
        };
        *self != nothing
    }

    /// Tokens of the prompt, cached or not.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        let split = self
            .cache_write_5m
            .unwrap_or(0)
            .saturating_add(self.cache_write_1h.unwrap_or(0));
        self.input
            .unwrap_or(0)
            .saturating_add(self.cache_read.unwrap_or(0))
            .saturating_add(self.cache_write.unwrap_or(0).max(split))
    }

    /// Tokens of the prompt and the output.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output.unwrap_or(0))
    }
}

/// Most tokens that an exchange can have taken, whatever a provider says: so that sums of them fit
/// the database's integers.
const MOST_TOKENS: u64 = 1 << 40;

impl From<&Usage> for Tokens {
    /// What a provider counted, with its terms.
    fn from(usage: &Usage) -> Self {
        let some = |count: Option<u64>| count.map(|count| count.min(MOST_TOKENS));
        let written = usage.cache_creation;
        let counts = Self {
            input: some(usage.input_tokens),
            output: some(usage.output_tokens),
            cache_read: some(usage.cache_read_input_tokens),
            cache_write: some(usage.cache_creation_input_tokens),
            cache_write_5m: some(written.and_then(|c| c.ephemeral_5m_input_tokens)),
            cache_write_1h: some(written.and_then(|c| c.ephemeral_1h_input_tokens)),
            reasoning: some(usage.output_tokens_details.and_then(|d| d.thinking_tokens)),
            web_search_requests: some(usage.server_tool_use.and_then(|u| u.web_search_requests)),
            terms: Terms::default(),
        };
        if !counts.counted() {
            return counts;
        }
        let word = |name: &str| usage.extra.get(name).and_then(serde_json::Value::as_str);
        let tier = usage.service_tier.as_deref().or(word("trafficType"));
        let terms = Terms::said(tier, word("speed"), word("inference_geo"));
        Self { terms, ..counts }
    }
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The whole response reached the client.
    Complete,
    /// The client went away first. A stream whose last event had come by then still counts as
    /// complete; the recorder decides, because it reads the events.
    ClientGone,
    /// The upstream broke off, or stayed silent past its deadline, after its headers came.
    UpstreamBroke(Box<str>),
    /// weir itself answered, because the upstream could not: the text says why.
    Gateway(Box<str>),
}

/// One try at one provider with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// The provider.
    pub provider: Arc<str>,
    /// The id of the key, as lists show it; none with the client's own credential or a cloud's.
    pub key: Option<Arc<str>>,
    /// Microseconds from the start of the exchange to its beginning.
    pub started_us: u64,
    /// Microseconds from its beginning to the response headers or the failure.
    pub elapsed_us: u64,
    /// The status that came; an error hidden in a 200 counts as the status it stands for.
    pub status: Option<u16>,
    /// Why it was no answer, or why the provider was passed over.
    pub failure: Option<Box<str>>,
}

/// Most tries that are told of one exchange.
pub const MAX_TRIES: usize = 64;

/// The subagent that a request was told to be from, and what it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subagent {
    /// Its name in the settings.
    pub name: Box<str>,
    /// By what it was told: `prefix`, `hash`, `header` or `marker`.
    pub rule: &'static str,
    /// Its model.
    pub model: Box<str>,
    /// The provider that its requests go to; none leaves that to routing.
    pub provider: Option<Arc<str>>,
}

/// How a request found its provider, and what was changed in it on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// The provider that answered, or the last that was tried; empty when there was none.
    pub provider: Arc<str>,
    /// The id of the key that was used.
    pub key: Option<Arc<str>>,
    /// The strategy in force.
    pub strategy: &'static str,
    /// Why this provider went first: `strategy`, `affinity`, `issuer`, ...
    pub reason: &'static str,
    /// What the session was told by: a header, the body, or its prefix.
    pub session: Option<&'static str>,
    /// The model that the provider was asked for, when that is not the client's.
    pub model: Option<Box<str>>,
    /// The subagent that it is from, where that decided.
    pub subagent: Option<Box<Subagent>>,
    /// Bytes changed in the request's body besides the model: thinking blocks dropped or mended.
    pub edits: u32,
    /// Every try in order, at most [`MAX_TRIES`].
    pub tries: Vec<Try>,
    /// What a provider of another dialect counted, where the client did not ask for it.
    pub usage: Option<Usage>,
    /// Whether the answer had been given before and came from the cache: what it counts was paid
    /// then.
    pub cached: bool,
}

/// What was made of a request's body on its way to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentBody {
    /// Nothing: byte for byte what the client sent.
    Identical,
    /// These places are others, every other byte is the client's.
    Edited(Vec<Splice>),
    /// It was said anew in another dialect.
    Translated,
}

/// What went to the provider that answered, or to the last that was tried.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The address. A credential may be in its query, so it is redacted before it is kept.
    pub uri: Uri,
    /// The headers as they went out, the provider's credential included: redacted like all others
    /// before they are kept.
    pub headers: HeaderMap,
    /// How the body relates to the client's.
    pub body: SentBody,
    /// Its length, in bytes.
    pub size: usize,
    /// The body itself; only where raw logs are kept.
    pub bytes: Option<RawBody>,
}

/// What else is known of an exchange where raw logs are kept.
#[derive(Clone, Debug, Default)]
pub struct RawLegs {
    /// The body as the provider sent it, where the client got another; cut at the capture limit.
    pub upstream: Option<RawBody>,
    /// The headers that the client got; none when they are those of the record.
    pub client_headers: Option<HeaderMap>,
}

/// The second half: everything known when the exchange has ended.
#[derive(Debug)]
pub struct ResponseRecord {
    /// The exchange.
    pub id: ExchangeId,
    /// The status the client got; none when it left before there was one.
    pub status: Option<StatusCode>,
    /// The response headers as the upstream sent them (or weir, in an error of its own).
    pub headers: HeaderMap,
    /// The body as the upstream sent it, possibly cut at the capture limit.
    pub body: RawBody,
    /// Whether `body` lacks bytes that the client did get.
    pub truncated: bool,
    /// When each piece came, in order; covers pieces beyond the capture limit too.
    pub arrivals: Vec<Arrival>,
    /// Times an upstream was tried, connect failures included.
    pub attempts: u32,
    /// How it found its provider.
    pub route: Box<Route>,
    /// What went upstream; none when nothing did, or nothing is kept.
    pub sent: Option<Box<Sent>>,
    /// More of it, where raw logs are kept.
    pub raw: Option<Box<RawLegs>>,
    /// Microseconds from the start to the upstream's response headers; none if none came.
    pub headers_at_us: Option<u64>,
    /// Microseconds from the start to the end.
    pub duration_us: u64,
    /// How it ended.
    pub end: End,
}

/// Where exchanges go. Neither method may block, wait or fail: what cannot be taken is dropped
/// and counted by the implementer.
pub trait Recorder: Send + Sync + 'static {
    /// The request is about to be forwarded, or was refused; its other half will follow.
    fn started(&self, request: Box<RequestRecord>);
    /// The exchange has ended.
    fn finished(&self, response: Box<ResponseRecord>);
}

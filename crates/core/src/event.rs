//! What the world is told of an ended exchange: one event each, made of its record, credentials
//! blotted out, bodies bounded. Sinks turn it into what their services want; as JSON it is a line
//! of the event log and the `data` of a stream's entry.

mod body;
mod make;
mod usage;
mod view;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

pub use make::{Leg, Materials, Rules, make};
pub use view::{DeadLetter, EventsView, SinkView, StreamView};

/// The form of [`Event`] that this weir writes. Readers take every number they know.
pub const VERSION: u16 = 1;

/// An ended exchange. Members that are nothing are left out of the JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Event {
    /// The form it is written in, [`VERSION`].
    pub version: u16,
    /// The exchange, as the response's `X-Request-ID` names it. Sinks that deduplicate go by it:
    /// delivery is at least once.
    pub request_id: Uuid,
    /// The client's own valid `X-Request-ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<Box<str>>,
    /// The node that served it, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Box<str>>,
    /// When the request came.
    pub timestamp: Timestamp,
    /// Microseconds from the start to the end.
    pub duration_us: u64,
    /// Microseconds from the start to the provider's response headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_us: Option<u64>,
    /// Microseconds from the start to the first content of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_us: Option<u64>,
    /// The client's method.
    pub method: Box<str>,
    /// The path as the client sent it, without the query.
    pub path: Box<str>,
    /// The query, credentials blotted out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Box<str>>,
    /// The status that the client got; none when it left before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How it ended: `complete`, `client_gone`, `upstream_broke`, `gateway_error`, `lost`.
    pub outcome: Box<str>,
    /// What ended it early, or the error that came within the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<str>>,
    /// What the client speaks: `anthropic_messages`, `openai_chat`, ...
    pub dialect: Box<str>,
    /// What it asked for: `generate`, `count_tokens`, `embeddings`, `models`, `other`.
    pub operation: Box<str>,
    /// Whether the client asked for a stream.
    pub streamed: bool,
    /// Whether the answer came from the response cache, so that nothing was paid for it.
    pub cached: bool,
    /// The configured provider that answered, or the last that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Box<str>>,
    /// The model that the client named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<str>>,
    /// The model that the provider was asked for, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_model: Option<Box<str>>,
    /// Why the model stopped, in the dialect's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<Box<str>>,
    /// The provider's id of the answer, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<Box<str>>,
    /// Times a provider was tried.
    pub attempts: u32,
    /// The project whose token it brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<Uuid>,
    /// The token's id; never the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<Uuid>,
    /// The client's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Box<str>>,
    /// The agent within the session; none for the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Box<str>>,
    /// The agent that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_agent_id: Option<Box<str>>,
    /// What the client is: `claude_code`, `codex` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Box<str>>,
    /// What the client says it is for: `main`, `subagent`, `auxiliary`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Box<str>>,
    /// The client's `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Box<str>>,
    /// What it took; none where neither the provider nor weir could count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_usage: Option<TokenUsage>,
    /// What that cost in US dollars by the prices of the day; none without a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The request's headers in order, credentials as digests. Empty unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<(Box<str>, Box<str>)>,
    /// The response's headers in order, credentials as digests and without `Set-Cookie`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<(Box<str>, Box<str>)>,
    /// What the client sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<Box<RawValue>>,
    /// What `request_body` is.
    #[serde(default)]
    pub request_body_facts: BodyFacts,
    /// What it was answered; a stream put together to the answer that it amounts to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<Box<RawValue>>,
    /// What `response_body` is.
    #[serde(default)]
    pub response_body_facts: BodyFacts,
}

impl Event {
    /// When it ended.
    #[must_use]
    pub fn ended_at(&self) -> Timestamp {
        let lasted = i64::try_from(self.duration_us).unwrap_or(i64::MAX);
        self.timestamp
            .saturating_add(SignedDuration::from_micros(lasted))
            .unwrap_or(self.timestamp)
    }

    /// Whether it is a turn of a model: what services for LLM traffic want to hear of.
    #[must_use]
    pub fn is_generation(&self) -> bool {
        &*self.method == "POST" && &*self.operation == "generate"
    }

    /// The model that the provider was asked for.
    #[must_use]
    pub fn asked_model(&self) -> Option<&str> {
        self.routed_model.as_deref().or(self.model.as_deref())
    }
}

/// What an exchange took. Whatever the dialect, the three kinds of input never overlap: their sum
/// is the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Input that was neither read from nor written to a provider's cache.
    pub input: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// Input read from a provider's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_read: u64,
    /// Input written to a provider's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write: u64,
    /// The part of `output` that was reasoning.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reasoning: u64,
    /// All of it: prompt and output.
    pub total: u64,
    /// Who counted.
    pub source: Counted,
}

impl TokenUsage {
    /// Tokens of the prompt, cached or not.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Who counted tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The provider.
    #[default]
    Provider,
    /// weir, with a tokeniser like the model's, because the provider said nothing.
    Estimate,
}

/// What `request_body` or `response_body` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyFacts {
    /// Bytes as they crossed the wire.
    pub bytes: u64,
    /// How it is told.
    pub form: BodyForm,
    /// Whether its end is missing: it was longer than the bound.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// How a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyForm {
    /// Not at all: there was none, or bodies are not told.
    #[default]
    Absent,
    /// As the JSON that it is.
    Json,
    /// As one JSON string: it is text, or JSON that was cut.
    Text,
    /// Not at all: it is binary, or cannot be decoded.
    Binary,
}

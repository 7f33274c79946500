//! What the API says of an exchange: the shapes of its JSON. Field names are the contract.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use weir_core::exchange::Route;
use weir_core::prices::{Cost, Prices, dollars};

use crate::summary::{State, Summary, Tokens};

mod sent;
pub(crate) mod words;

pub use sent::{HeaderChange, SentBodyLog, SentEdit, SentLog, header_changes};

/// Header names to their values, in order.
pub type Headers = BTreeMap<String, Vec<String>>;

/// A moment as the API writes it: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn rfc3339(us: i64) -> String {
    let at = Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An exchange without bodies, as lists have it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestSummary {
    /// The exchange.
    pub request_id: String,
    /// When it began.
    pub timestamp: String,
    /// The client's method.
    pub method: Box<str>,
    /// The path without the query.
    pub endpoint: Box<str>,
    /// The query, credentials blotted out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<Box<str>>,
    /// The model that the client named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<str>>,
    /// The same: the model before any routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_model: Option<Box<str>>,
    /// The model that was asked instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routed_model: Option<Box<str>>,
    /// The provider's name.
    pub provider: String,
    /// What the client speaks.
    pub dialect: &'static str,
    /// What it asked for.
    pub operation: &'static str,
    /// How far it has come: `open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`,
    /// `gateway_error`, `lost`.
    #[schema(schema_with = words::states)]
    pub state: &'static str,
    /// The status that the client got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Milliseconds from start to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_time: Option<u64>,
    /// Milliseconds from the start to the upstream's response headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttfb: Option<u64>,
    /// Milliseconds from the start to the first content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_content: Option<u64>,
    /// Tokens that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost in US dollars, by the prices in force now for that day; null when one is
    /// missing, or the provider counted no tokens.
    #[schema(required)]
    pub cost: Option<f64>,
    /// What groups the turns of one conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_hash: Option<Box<str>>,
    /// Entries in the conversation sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_count: Option<u32>,
    /// Why the model stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<Box<str>>,
    /// What ended the response early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_error: Option<Box<str>>,
    /// The client's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Box<str>>,
    /// The agent within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Box<str>>,
    /// The agent that started that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_agent_id: Option<Box<str>>,
    /// What the client is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_kind: Option<Box<str>>,
    /// A keyed hash of the client's credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_digest: Option<Box<str>>,
    /// The provider's organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Box<str>>,
    /// The client's own request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<Box<str>>,
    /// Whether the client asked for a stream.
    pub is_streaming: bool,
    /// Bytes of the request body.
    pub request_bytes: u64,
    /// Bytes of the response body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_bytes: Option<u64>,
    /// Times the upstream was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Milliseconds of the longest silence within the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_gap: Option<u64>,
    /// Tokens of output for each second from the first content to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// What the client says its request is for: `main`, `subagent`, `auxiliary`, `compaction`,
    /// `workflow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Box<str>>,
    /// Which of its agents the client says sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<Box<str>>,
    /// The subagent by whose rule it was routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subagent: Option<Box<str>>,
    /// The project whose token it brought, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<Box<str>>,
    /// The token, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_id: Option<Box<str>>,
    /// How it found its provider: see [`RouteLog`].
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RouteLog>)]
    pub route: Option<Box<RawValue>>,
    /// The node that took it; absent where that is the one that tells, unless captures are shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Box<str>>,
}

/// How an exchange found its provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteLog<'a> {
    /// The strategy in force.
    pub strategy: &'a str,
    /// Why its first candidate went first: `strategy`, `affinity`, `issuer`, ...
    pub reason: &'a str,
    /// What the session was told by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<&'a str>,
    /// The id of the key that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// The subagent that it is from, where that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subagent: Option<SubagentLog<'a>>,
    /// Changes to thinking blocks in the request.
    #[serde(skip_serializing_if = "is_zero")]
    pub edits: u32,
    /// Every try in order; absent when the first was the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<TryLog<'a>>,
}

/// The subagent that a request was told to be from, and what it gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubagentLog<'a> {
    /// Its name in the settings.
    pub name: &'a str,
    /// By what it was told: `prefix`, `hash`, `header` or `marker`.
    #[schema(schema_with = weir_core::described::rules)]
    pub rule: &'a str,
    /// Its model.
    pub model: &'a str,
    /// The provider that its requests go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'a str>,
}

/// One try at one provider.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TryLog<'a> {
    /// The provider.
    pub provider: &'a str,
    /// The id of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// Milliseconds from the start of the exchange.
    pub started: u64,
    /// Milliseconds that it took to the response headers or the failure.
    pub took: u64,
    /// The status that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'a str>,
}

impl<'a> RouteLog<'a> {
    /// The same as JSON is to show it; none where there was nothing to choose.
    #[must_use]
    pub fn of(route: &'a Route) -> Option<Self> {
        let failed = route.tries.iter().any(|one| one.failure.is_some());
        let tries = route.tries.iter().filter(|_| failed).map(|one| TryLog {
            provider: &one.provider,
            key: one.key.as_deref(),
            started: ms(one.started_us),
            took: ms(one.elapsed_us),
            status: one.status,
            failure: one.failure.as_deref(),
        });
        (!route.strategy.is_empty()).then(|| Self {
            strategy: route.strategy,
            reason: route.reason,
            session: route.session,
            key: route.key.as_deref(),
            subagent: route.subagent.as_ref().map(|one| SubagentLog {
                name: &one.name,
                rule: one.rule,
                model: &one.model,
                provider: one.provider.as_deref(),
            }),
            edits: route.edits,
            tries: tries.collect(),
        })
    }

    /// Its JSON.
    #[must_use]
    pub fn to_json(&self) -> Box<str> {
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Token counts, in Anthropic's words.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Usage {
    /// Input that was neither read from nor written to a cache.
    pub input_tokens: u64,
    /// Output, reasoning included.
    pub output_tokens: u64,
    /// Input written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
    /// Input read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    /// What was written to a cache, by how long it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation: Option<CacheCreation>,
    /// What the output consists of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputDetails>,
    /// Uses of the provider's own tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<ServerToolUse>,
}

/// Cache writes by lifetime.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CacheCreation {
    /// Five minutes.
    pub ephemeral_5m_input_tokens: u64,
    /// An hour.
    pub ephemeral_1h_input_tokens: u64,
}

/// Parts of the output.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct OutputDetails {
    /// Reasoning.
    pub thinking_tokens: u64,
}

/// Uses of the provider's own tools.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ServerToolUse {
    /// Searches.
    pub web_search_requests: u64,
}

impl Usage {
    /// None when the provider said nothing.
    #[must_use]
    pub fn of(tokens: &Tokens) -> Option<Self> {
        tokens.counted().then(|| Self {
            input_tokens: tokens.input.unwrap_or(0),
            output_tokens: tokens.output.unwrap_or(0),
            cache_creation_input_tokens: tokens.cache_write,
            cache_read_input_tokens: tokens.cache_read,
            cache_creation: (tokens.cache_write_5m.is_some() || tokens.cache_write_1h.is_some())
                .then(|| CacheCreation {
                    ephemeral_5m_input_tokens: tokens.cache_write_5m.unwrap_or(0),
                    ephemeral_1h_input_tokens: tokens.cache_write_1h.unwrap_or(0),
                }),
            output_tokens_details: tokens
                .reasoning
                .map(|thinking_tokens| OutputDetails { thinking_tokens }),
            server_tool_use: tokens
                .web_search_requests
                .map(|web_search_requests| ServerToolUse {
                    web_search_requests,
                }),
        })
    }
}

/// Whole milliseconds.
pub(crate) fn ms(us: u64) -> u64 {
    us / 1000
}

/// What an exchange cost, by what for, in US dollars.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostParts {
    /// Input without a cache.
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input from a cache.
    pub cache_read: f64,
    /// Input into a cache for five minutes, or for a time that was not told.
    pub cache_write5m: f64,
    /// Input into a cache for an hour.
    pub cache_write1h: f64,
    /// Tools that the provider runs.
    pub server_tools: f64,
    /// All of it.
    pub total: f64,
}

impl From<Cost> for CostParts {
    fn from(cost: Cost) -> Self {
        Self {
            input: dollars(cost.input),
            output: dollars(cost.output),
            cache_read: dollars(cost.cache_read),
            cache_write5m: dollars(cost.cache_write_5m),
            cache_write1h: dollars(cost.cache_write_1h),
            server_tools: dollars(cost.server_tools),
            total: dollars(cost.total()),
        }
    }
}

/// What an exchange cost; none when a price is missing, or the provider counted no tokens.
#[must_use]
pub fn cost(summary: &Summary, prices: &Prices) -> Option<Cost> {
    if !summary.tokens.counted() {
        return None;
    }
    let model = summary.asked_model()?;
    let at = summary.started_at_us;
    prices.cost(model, &summary.provider, at, &summary.tokens)
}

impl RequestSummary {
    /// The exchange as lists show it, with its cost by these prices.
    #[must_use]
    pub fn of(s: &Summary, prices: &Prices) -> Self {
        Self {
            request_id: s.id.to_string(),
            timestamp: rfc3339(s.started_at_us),
            method: s.method.clone(),
            endpoint: s.path.clone(),
            query: s.query.clone(),
            model: s.model.clone(),
            original_model: s.model.clone(),
            routed_model: s.routed_model.clone(),
            provider: s.provider.to_string(),
            dialect: s.dialect.as_str(),
            operation: s.operation.as_str(),
            state: s.state.as_str(),
            status_code: s.status,
            response_time: s.duration_us.map(ms),
            ttfb: s.headers_us.map(ms),
            first_content: s.content_us.map(ms),
            usage: Usage::of(&s.tokens),
            cost: cost(s, prices).map(|cost| dollars(cost.total())),
            conversation_hash: s.conversation_hash.clone(),
            message_count: s.message_count,
            stop_reason: s.stop_reason.clone(),
            stream_error: s.stream_error.clone(),
            session_id: s.session.clone(),
            agent_id: s.agent.clone(),
            parent_agent_id: s.parent_agent.clone(),
            client_kind: s.client_kind.clone(),
            key_digest: s.key_digest.clone(),
            organization_id: s.organization_id.clone(),
            client_request_id: s.client_request_id.clone(),
            is_streaming: s.is_streaming,
            request_bytes: s.request_bytes,
            response_bytes: s.response_bytes,
            attempts: s.attempts,
            longest_gap: s.longest_gap_us.map(ms),
            tokens_per_second: tokens_per_second(s),
            class: s.class.clone(),
            agent_type: s.agent_type.clone(),
            subagent: s.subagent.clone(),
            project_id: s.project.clone(),
            token_id: s.token.clone(),
            route: s
                .route
                .as_deref()
                .and_then(|route| RawValue::from_string(route.into()).ok()),
            node: s.node.clone(),
        }
    }
}

/// How fast the answer came, to a tenth; none where it came in one piece, or nothing was counted.
fn tokens_per_second(s: &Summary) -> Option<f64> {
    const SHORTEST_US: u64 = 1000;
    let output = u32::try_from(s.tokens.output.filter(|&n| n > 0)?).ok()?;
    let us = s.duration_us?.checked_sub(s.content_us?)?;
    let us = u32::try_from(us.max(1))
        .ok()
        .filter(|_| us >= SHORTEST_US)?;
    Some((f64::from(output) * 1e7 / f64::from(us)).round() / 10.0)
}

/// An exchange whole: its summary's fields, what was sent and what came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestLog {
    /// What the list has too.
    #[serde(flatten)]
    pub summary: RequestSummary,
    /// The client's headers, credentials blotted out.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub headers: Headers,
    /// The request body: as it came if it is JSON, else its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub body: Option<Box<RawValue>>,
    /// The client's `User-Agent`.
    pub user_agent: Box<str>,
    /// The request's `Content-Type`.
    pub content_type: String,
    /// One for each message sent, to see which requests extend which: 16 hex digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub message_fingerprints: Vec<String>,
    /// What is wrong with the stored request body; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_damaged: Option<String>,
    /// What it cost, by what for; absent when that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_parts: Option<CostParts>,
    /// What went upstream; absent until it has ended, and where nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<SentLog>,
    /// How a model graded the prompt; absent when nobody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<weir_core::grade::PromptGrade>)]
    pub prompt_grade: Option<Box<RawValue>>,
    /// What came back; absent until it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseLog>,
}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResponseLog {
    /// The status that the client got; absent when it left before there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// The upstream's headers, credentials blotted out.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub headers: Headers,
    /// The body if it is JSON, or the message that a stream amounts to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub body: Option<Box<RawValue>>,
    /// The body's text instead: errors, and what is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_text: Option<String>,
    /// What ended the response early, or the error that came within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_error: Option<Box<str>>,
    /// Milliseconds from start to end.
    pub response_time: u64,
    /// The event stream's frames as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streaming_chunks: Option<Vec<String>>,
    /// When each of them was there whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_timings: Option<Vec<ChunkTiming>>,
    /// Whether the client asked for a stream.
    pub is_streaming: bool,
    /// When it ended.
    pub completed_at: String,
    /// What the headers say of limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub rate_limit: Option<Box<RawValue>>,
    /// The usage object, with all that the provider said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub usage: Option<Box<RawValue>>,
    /// Whether the stored body lacks bytes that the client did get.
    pub truncated: bool,
    /// What is wrong with the stored body; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_damaged: Option<String>,
}

/// When a piece of a stream came.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChunkTiming {
    /// Its place among the chunks, from 0.
    pub index: usize,
    /// When its last byte came.
    pub timestamp: String,
    /// Its bytes.
    pub byte_size: usize,
    /// Milliseconds from the start of the exchange.
    pub elapsed_ms: u64,
}

/// Whether an exchange has a response to show.
pub(crate) fn has_ended(state: State) -> bool {
    match state {
        State::Open | State::Interrupted | State::Lost => false,
        State::Complete | State::ClientGone | State::UpstreamBroke | State::GatewayError => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_milliseconds_and_are_utc() {
        assert_eq!(rfc3339(1_700_000_000_123_456), "2023-11-14T22:13:20.123Z");
        assert_eq!(rfc3339(1_700_000_000_000_000), "2023-11-14T22:13:20.000Z");
    }
}

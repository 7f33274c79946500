//! One exchange without its bodies: a row of the list, what log lines and metrics are made of, and
//! what the live feed sends.

use std::sync::Arc;

use weir_core::exchange::ExchangeId;
pub use weir_core::exchange::Tokens;
use weir_wire::dialect::{Dialect, Operation};

use crate::turns::Signs;

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Forwarded, not ended.
    Open = 0,
    /// The client got the whole response.
    Complete = 1,
    /// weir stopped before it ended.
    Interrupted = 2,
    /// The client left first.
    ClientGone = 3,
    /// The upstream broke off.
    UpstreamBroke = 4,
    /// weir answered itself.
    GatewayError = 5,
    /// It ended, but the recorder was too busy to take down how.
    Lost = 6,
}

impl State {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::ClientGone => "client_gone",
            Self::UpstreamBroke => "upstream_broke",
            Self::GatewayError => "gateway_error",
            Self::Lost => "lost",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (0..=Self::Lost as i64)
            .map(Self::from_number)
            .find(|state| state.as_str() == name)
    }

    pub(crate) fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Open,
            1 => Self::Complete,
            2 => Self::Interrupted,
            3 => Self::ClientGone,
            4 => Self::UpstreamBroke,
            5 => Self::GatewayError,
            _ => Self::Lost,
        }
    }
}

/// One exchange without its bodies.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The exchange.
    pub id: ExchangeId,
    /// The client's own valid `X-Request-ID`.
    pub client_request_id: Option<Box<str>>,
    /// When it began, in microseconds since the Unix epoch.
    pub started_at_us: i64,
    /// How far it has come.
    pub state: State,
    /// The client's method.
    pub method: Box<str>,
    /// The path without the query.
    pub path: Box<str>,
    /// The query, credentials blotted out.
    pub query: Option<Box<str>>,
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asked for.
    pub operation: Operation,
    /// The provider it was sent to.
    pub provider: Arc<str>,
    /// The model that the client named.
    pub model: Option<Box<str>>,
    /// The model that was asked instead, where they differ.
    pub routed_model: Option<Box<str>>,
    /// The client's session.
    pub session: Option<Box<str>>,
    /// The agent within the session.
    pub agent: Option<Box<str>>,
    /// The agent that started it.
    pub parent_agent: Option<Box<str>>,
    /// 32 hex digits that stay the same over a conversation.
    pub conversation_hash: Option<Box<str>>,
    /// Entries in the conversation sent.
    pub message_count: Option<u32>,
    /// What the client is: `claude_code`, `codex` and so on.
    pub client_kind: Option<Box<str>>,
    /// A keyed hash of the client's credential.
    pub key_digest: Option<Box<str>>,
    /// The client's `User-Agent`.
    pub user_agent: Option<Box<str>>,
    /// The client's `anthropic-beta`; not stored in the row, the stored headers have it.
    pub anthropic_beta: Option<Box<str>>,
    /// Whether the model was asked to think first; known until the exchange has ended.
    pub has_thinking: bool,
    /// Whether the client asked for a stream.
    pub is_streaming: bool,
    /// Bytes of the request body.
    pub request_bytes: u64,
    /// The provider's organisation.
    pub organization_id: Option<Box<str>>,
    /// The status that the client got.
    pub status: Option<u16>,
    /// Why the model stopped, in the dialect's own word.
    pub stop_reason: Option<Box<str>>,
    /// What ended the response early, or the error that came within it.
    pub stream_error: Option<Box<str>>,
    /// Microseconds from the start to the upstream's response headers.
    pub headers_us: Option<u64>,
    /// Microseconds from the start to the first content of the reply.
    pub content_us: Option<u64>,
    /// Microseconds from the start to the end.
    pub duration_us: Option<u64>,
    /// Bytes of the response body that came from the upstream.
    pub response_bytes: Option<u64>,
    /// Times the upstream was tried.
    pub attempts: Option<u32>,
    /// The longest silence between two pieces of the response, in microseconds.
    pub longest_gap_us: Option<u64>,
    /// What the client says its request is for: `main`, `subagent`, `auxiliary`, ...
    pub class: Option<Box<str>>,
    /// Which of its agents the client says sends it.
    pub agent_type: Option<Box<str>>,
    /// The subagent by whose rule it was routed.
    pub subagent: Option<Box<str>>,
    /// The project whose token it brought, by its id.
    pub project: Option<Box<str>>,
    /// The token, by its id.
    pub token: Option<Box<str>>,
    /// The node that took it, where several share captures.
    pub node: Option<Box<str>>,
    /// How it found its provider, as JSON; none where there was nothing to choose.
    pub route: Option<Box<str>>,
    /// What it took.
    pub tokens: Tokens,
    /// What tells its place in its session; not stored in the row.
    pub signs: Signs,
    /// The beginning of the user's first words; known until the exchange has ended.
    pub opening_words: Option<Box<str>>,
    /// The title that it asked for and got; known until the exchange has ended.
    pub made_title: Option<Box<str>>,
}

impl Summary {
    /// The model that the provider was asked for: what its price goes by.
    #[must_use]
    pub fn asked_model(&self) -> Option<&str> {
        self.routed_model.as_deref().or(self.model.as_deref())
    }
}

/// The number that stands for a dialect in the database.
pub(crate) fn dialect_number(dialect: Dialect) -> i64 {
    match dialect {
        Dialect::AnthropicMessages => 0,
        Dialect::OpenaiChat => 1,
        Dialect::OpenaiResponses => 2,
        Dialect::Gemini => 3,
    }
}

/// Undoes [`dialect_number`].
pub(crate) fn dialect_from_number(number: i64) -> Dialect {
    match number {
        1 => Dialect::OpenaiChat,
        2 => Dialect::OpenaiResponses,
        3 => Dialect::Gemini,
        _ => Dialect::AnthropicMessages,
    }
}

/// The number that stands for an operation in the database.
pub(crate) fn operation_number(operation: Operation) -> i64 {
    match operation {
        Operation::Generate => 0,
        Operation::GenerateStream => 1,
        Operation::CountTokens => 2,
        Operation::Embeddings => 3,
        Operation::Models => 4,
        Operation::Other => 5,
    }
}

/// Undoes [`operation_number`].
pub(crate) fn operation_from_number(number: i64) -> Operation {
    match number {
        0 => Operation::Generate,
        1 => Operation::GenerateStream,
        2 => Operation::CountTokens,
        3 => Operation::Embeddings,
        4 => Operation::Models,
        _ => Operation::Other,
    }
}

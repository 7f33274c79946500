//! What the API says of sessions and their turns: the shapes of its JSON. Field names are the
//! contract.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use weir_wire::facts::context;

use crate::model::{RequestSummary, Usage, words};

/// Which sessions, and where the list goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionQuery {
    /// Only those behind this one in the list.
    pub after: Option<SessionCursor>,
    /// Most to give, at least 1.
    pub limit: u32,
    /// Of this kind of client.
    pub client: Option<String>,
    /// Any part of the name of one of the models, in any case; empty or `all` is every one.
    pub model: Option<String>,
    /// Any part of the title or the id, in any case; or words that one of its exchanges has.
    pub q: Option<String>,
    /// With activity at or after this moment, in microseconds since the Unix epoch.
    pub start_us: Option<i64>,
    /// Begun before this moment.
    pub end_us: Option<i64>,
}

/// A place in the list of sessions, which is ordered by last activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCursor {
    /// The last activity of the session before it, in microseconds since the Unix epoch.
    pub last_us: i64,
    /// The number of that session.
    pub key: i64,
    /// What of the words was looked through, where the list is a search.
    pub searched: Option<Searched>,
}

/// The part of the history whose words were looked through, in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Everything from here on was looked through for earlier pages.
    pub below: i64,
    /// The oldest that was looked at; none when it is still to be seen how far a look comes.
    pub from: Option<i64>,
}

impl Searched {
    /// Where a list goes on that has shown all that was found; none when nothing is left to be
    /// looked through.
    pub(crate) fn older(self) -> Option<SessionCursor> {
        let below = self.from.filter(|from| *from > 0)?;
        Some(SessionCursor {
            last_us: i64::MAX,
            key: i64::MAX,
            searched: Some(Self { below, from: None }),
        })
    }
}

/// One page of sessions.
#[derive(Debug)]
pub struct Sessions {
    /// Newest activity first.
    pub sessions: Vec<SessionSummary>,
    /// Where the list goes on; none at its end.
    pub next: Option<SessionCursor>,
    /// All that match; none when counting them would take too long.
    pub total: Option<u64>,
    /// Whether the whole history was looked through. If not, the search stopped for time, and
    /// `next` goes on.
    pub complete: bool,
}

/// The transcript of a session on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptLink {
    /// The directory's name.
    pub project: String,
    /// The file's stem.
    pub id: String,
}

/// What a session is and adds up to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionOutline {
    /// The client's id of it, or the conversation's hash.
    pub id: String,
    /// What makes it one: `session` (the client's id) or `conversation` (the same first words).
    #[schema(schema_with = words::groupings)]
    pub grouping: &'static str,
    /// What the client is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// A title: the transcript's, one that the client asked a model for, or the first words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The directory that the agent works in, where a transcript tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// The transcript of it on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<TranscriptLink>,
    /// When its first exchange began.
    #[schema(format = DateTime)]
    pub start_time: String,
    /// When its last exchange ended, or began if it has not.
    #[schema(format = DateTime)]
    pub last_activity: String,
    /// Milliseconds between the two.
    pub duration: u64,
    /// Exchanges.
    pub requests: u64,
    /// Exchanges with a status of 400 or more, or that did not end well.
    pub errors: u64,
    /// Models that were asked.
    pub models: Vec<String>,
    /// Tokens that it took.
    pub usage: Usage,
    /// US dollars; null when a price is not known.
    #[schema(required)]
    pub cost: Option<f64>,
    /// Input tokens of the newest turn of the main agent, whether cached or not; 0 before it.
    pub context_tokens: u64,
}

/// A session without its turns.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// What it is and adds up to.
    #[serde(flatten)]
    pub outline: SessionOutline,
    /// Agents besides the main one.
    pub agents: u64,
}

/// One agent of a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionAgent {
    /// Its id; null for the main one. Where the client names none, the id of the call that started
    /// it.
    #[schema(required)]
    pub id: Option<String>,
    /// The agent that started it; null for the main one, and where it was that.
    #[schema(required)]
    pub parent: Option<String>,
    /// Which of its agents the client says it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<String>,
    /// The exchange whose answer started it, where that is known by the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// The subagent by whose rule it was routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subagent: Option<String>,
    /// Exchanges that ended.
    pub requests: u64,
    /// Tokens that it took.
    pub usage: Usage,
    /// US dollars; null when a price is not known.
    #[schema(required)]
    pub cost: Option<f64>,
    /// Its first exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_request: Option<String>,
    /// Its newest exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_request: Option<String>,
}

/// A session whole, with one page of its turns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionDetail {
    /// What the list has too.
    #[serde(flatten)]
    pub outline: SessionOutline,
    /// The main one first, then in order of their first exchange.
    pub agents: Vec<SessionAgent>,
    /// Oldest first.
    pub turns: Vec<Turn>,
    /// All turns.
    pub total: u64,
    /// Turns passed over.
    pub offset: u32,
    /// Most turns on a page.
    pub limit: u32,
}

/// One exchange of a session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The exchange.
    #[serde(flatten)]
    pub request: RequestSummary,
    /// What it is: `main`, `subagent`, `side`, `count`, `retry`, `probe`.
    #[schema(schema_with = words::turn_kinds)]
    pub kind: &'static str,
    /// How it follows: `new`, `extends`, `fork`, `compaction`, `retry`.
    #[schema(schema_with = words::relations)]
    pub relation: &'static str,
    /// The exchange that it goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The first message that the other did not have, from 0.
    pub new_from: usize,
    /// The exchange that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// What the client calls the prompt of the user's that brought it about: the same for all
    /// requests until the next prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_id: Option<String>,
}

/// What fills a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextView {
    /// The exchange.
    pub request_id: String,
    /// Bytes of the body, decoded.
    pub bytes: usize,
    /// Its parts in order; the smallest of many are folded.
    pub parts: Vec<ContextPart>,
}

/// A part of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextPart {
    /// What it is: `system`, `tools`, `user`, `assistant`, `thinking`, `toolCall`, `toolResult`,
    /// `file`, `image`, `other`.
    #[schema(schema_with = words::part_kinds)]
    pub kind: &'static str,
    /// A tool's name, a file's path, the beginning of a text.
    pub label: String,
    /// Bytes in the body.
    pub bytes: usize,
    /// Its share of the input tokens that the provider counted; a fourth of its bytes where it
    /// counted none.
    pub estimated_tokens: u64,
    /// The message that it stands in, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub children: Vec<ContextPart>,
}

impl ContextView {
    pub(crate) fn new(
        request_id: String,
        context: &context::Context,
        counted: Option<u64>,
    ) -> Self {
        let scale = Scale {
            bytes: context.bytes as u64,
            counted,
        };
        Self {
            request_id,
            bytes: context.bytes,
            parts: context.parts.iter().map(|part| scale.part(part)).collect(),
        }
    }
}

/// How bytes become tokens.
struct Scale {
    bytes: u64,
    counted: Option<u64>,
}

impl Scale {
    fn part(&self, part: &context::Part) -> ContextPart {
        let bytes = part.bytes as u128;
        let tokens = match self.counted {
            Some(counted) => bytes * u128::from(counted) / u128::from(self.bytes.max(1)),
            None => bytes / 4,
        };
        ContextPart {
            kind: part.kind.as_str(),
            label: part.label.clone(),
            bytes: part.bytes,
            estimated_tokens: u64::try_from(tokens).unwrap_or(u64::MAX),
            message: part.message,
            children: part.children.iter().map(|child| self.part(child)).collect(),
        }
    }
}

/// How the context of a session grew.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Growth {
    /// Turns of the agent, oldest first.
    pub turns: Vec<GrowthTurn>,
    /// All turns of the agent.
    pub total: u64,
    /// Turns passed over.
    pub offset: u32,
    /// Most turns on a page.
    pub limit: u32,
}

/// What filled one turn, and how its prompt cache served it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrowthTurn {
    /// The exchange.
    pub request_id: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// The agent; absent for the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Bytes of the body by what they are: see [`ContextPart::kind`].
    #[schema(value_type = BTreeMap<String, usize>)]
    pub by_kind: BTreeMap<&'static str, usize>,
    /// Input tokens that were neither read from nor written to a cache.
    pub input_tokens: u64,
    /// Input tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Input tokens written to a cache.
    pub cache_write_tokens: u64,
    /// US dollars; null when a price is not known.
    #[schema(required)]
    pub cost: Option<f64>,
    /// Why the cache did not serve it; null when it did.
    #[schema(required)]
    pub miss: Option<CacheMiss>,
}

/// Why a prompt cache did not serve a turn.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CacheMiss {
    /// `expired`, `tools_changed`, `system_changed`, `model_changed`, `history_changed`,
    /// `no_breakpoint`, `first_turn`, `provider_changed`, `other`.
    #[schema(schema_with = words::miss_reasons)]
    pub reason: &'static str,
    /// The same as a sentence, with figures.
    pub detail: String,
    /// Where it parts from the turn before: `tools`, `system`, `messages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, schema_with = words::sections)]
    pub section: Option<&'static str>,
    /// The first entry there that differs, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

impl From<context::Miss> for CacheMiss {
    fn from(miss: context::Miss) -> Self {
        Self {
            reason: miss.reason.as_str(),
            detail: miss.detail,
            section: miss.section.map(context::Section::as_str),
            index: miss.index,
        }
    }
}

//! What lists of exchanges can be asked for, and what they answer.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;
use weir_wire::dialect::{Dialect, Operation};

use crate::summary::State;

pub(crate) mod text;

/// Which status an exchange ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusIs {
    /// One of a hundred: 2 is 200 to 299.
    Class(u16),
    /// Exactly this one.
    Exactly(u16),
    /// 400 and above, or an end that was none: broken off, lost, interrupted, the client gone.
    Error,
}

/// Which exchanges: those to which everything that is set applies. Nothing set is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Any part of the name of the model that the client named, in any case; empty or `all` is
    /// every exchange.
    pub model: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The client's session.
    pub session: Option<String>,
    /// The agent within the session.
    pub agent: Option<String>,
    /// The subagent by whose rule it was routed.
    pub subagent: Option<String>,
    /// The project whose token it brought, by its id.
    pub project: Option<String>,
    /// The token, by its id.
    pub token: Option<String>,
    /// What the client is: `claude_code` and so on.
    pub client: Option<String>,
    /// How it ended.
    pub status: Option<StatusIs>,
    /// How far it has come.
    pub state: Option<State>,
    /// Why the model stopped, in the dialect's own word.
    pub stop_reason: Option<String>,
    /// What the client speaks.
    pub dialect: Option<Dialect>,
    /// What it asked for.
    pub operation: Option<Operation>,
    /// The digest of the client's credential, or its beginning.
    pub key: Option<String>,
    /// Begun at or after this moment, in microseconds since the Unix epoch.
    pub start_us: Option<i64>,
    /// Begun before this moment.
    pub end_us: Option<i64>,
    /// It took at least this long, in microseconds.
    pub min_duration_us: Option<u64>,
    /// It took at most this long.
    pub max_duration_us: Option<u64>,
    /// At least so many tokens: input, output, read from and written to a cache.
    pub min_tokens: Option<u64>,
    /// At most so many tokens.
    pub max_tokens: Option<u64>,
    /// It cost at least this much, in micro-dollars. What an exchange without a known price cost
    /// is not known, so no bound lets it through.
    pub min_cost: Option<u64>,
    /// It cost at most this much.
    pub max_cost: Option<u64>,
    /// Words that its prompt, answer or tool calls hold: `word`, `"a phrase"`, `begin*`, `-not`.
    pub text: Option<String>,
}

/// Which page, from 1, of how many exchanges each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1; 0 counts as 1.
    pub number: u32,
    /// Exchanges on a page; 0 counts as 10, and more than 100 as 100.
    pub limit: u32,
}

/// Which summaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SummaryQuery {
    /// Of which exchanges.
    pub filters: Filters,
    /// Goes on behind the place where an earlier answer ended.
    pub after: Option<Cursor>,
    /// Newest ones passed over.
    pub offset: u32,
    /// Most to give; 0 is all, and never more than 100,000.
    pub limit: u32,
}

/// A place in the order of time: where an answer ended and the next one goes on. Its text means
/// nothing to anybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) i64);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = i64::from_str_radix(text, 16).ok().filter(|&n| n >= 0);
        number
            .map(Self)
            .ok_or("not a `nextCursor` that an earlier answer gave")
    }
}

/// What was found, newest first.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The exchanges.
    pub rows: Vec<T>,
    /// How many there are altogether; none when counting them would take too long, and behind a
    /// cursor.
    pub total: Option<u64>,
    /// Where there may be more; none at the end.
    pub next: Option<Cursor>,
    /// Whether the search came to its end or its limit. If not it stopped for time, and `next`
    /// goes on.
    pub complete: bool,
}

/// One value that exchanges have, and how many do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// Exchanges that have it.
    pub count: u64,
}

/// The values that exchanges have, the most frequent first: what there is to filter by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Facets {
    /// Models that clients named.
    pub models: Vec<Facet>,
    /// Providers.
    pub providers: Vec<Facet>,
    /// Kinds of client.
    pub clients: Vec<Facet>,
    /// Agents.
    pub agents: Vec<Facet>,
    /// Why models stopped.
    pub stop_reasons: Vec<Facet>,
    /// Statuses.
    pub statuses: Vec<Facet>,
    /// Subagents by whose rules exchanges were routed.
    pub subagents: Vec<Facet>,
    /// Projects whose tokens exchanges brought, by id.
    pub projects: Vec<Facet>,
    /// Exchanges that were counted, the newest ones.
    pub counted: u64,
    /// Whether those were all that match; if not, counting stopped for time.
    pub complete: bool,
}

/// The exchanges before and after one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Neighbours {
    /// The one before, in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The one after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The one before in the same session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_in_session: Option<String>,
    /// The one after in the same session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_in_session: Option<String>,
}

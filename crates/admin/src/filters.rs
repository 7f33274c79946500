//! The filters that lists, searches and figures share: query parameters, checked.

use std::fmt::Display;

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use weir_store::{Filters, State, StatusIs};
use weir_wire::dialect::{Dialect, Operation};

use crate::fault::Fault;
use crate::params::{MomentOrNone, moment, parsed};

/// Longest text of one filter, in characters.
const LONGEST: usize = 1024;
const DIALECTS: [Dialect; 4] = [
    Dialect::AnthropicMessages,
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Gemini,
];
const OPERATIONS: [Operation; 5] = [
    Operation::Generate,
    Operation::CountTokens,
    Operation::Embeddings,
    Operation::Models,
    Operation::Other,
];

/// Which exchanges; an empty parameter is none.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FilterQuery {
    /// Any part of the model's name, in any case; `all` is every exchange.
    #[param(max_length = 1024)]
    model: Option<String>,
    /// The provider's name.
    #[param(max_length = 1024)]
    provider: Option<String>,
    /// The client's session.
    #[param(max_length = 1024)]
    session: Option<String>,
    /// The agent within the session.
    #[param(max_length = 1024)]
    agent: Option<String>,
    /// The subagent by whose rule it was routed.
    #[param(max_length = 1024)]
    subagent: Option<String>,
    /// The id of the project whose token it brought.
    #[param(max_length = 1024)]
    project: Option<String>,
    /// The id of that token.
    #[param(max_length = 1024)]
    token: Option<String>,
    /// The kind of client: `claude_code`, `codex`, `gemini_cli`, `opencode`, ...
    #[param(max_length = 1024)]
    client: Option<String>,
    /// `2xx`, `3xx`, `4xx`, `5xx`, `error` (400 and above, or no whole answer), or one status.
    #[param(pattern = "^([1-5]xx|error|[1-5][0-9][0-9])?$")]
    status: Option<String>,
    /// `open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`, `gateway_error`, `lost`.
    #[param(
        pattern = "^(open|complete|interrupted|client_gone|upstream_broke|gateway_error|lost)?$"
    )]
    state: Option<String>,
    /// Why the model stopped, in the dialect's own word.
    #[param(max_length = 1024)]
    stop_reason: Option<String>,
    /// `anthropic_messages`, `openai_chat`, `openai_responses` or `gemini`.
    #[param(pattern = "^(anthropic_messages|openai_chat|openai_responses|gemini)?$")]
    dialect: Option<String>,
    /// What was asked for.
    #[param(pattern = "^(generate|count_tokens|embeddings|models|other)?$")]
    operation: Option<String>,
    /// The digest of the client's credential, or its beginning.
    #[param(max_length = 1024)]
    key: Option<String>,
    /// Begun at or after this instant, or so long ago: `24h`, `7d`.
    #[param(value_type = Option<MomentOrNone>, inline)]
    start: Option<String>,
    /// Begun before this instant, or longer ago.
    #[param(value_type = Option<MomentOrNone>, inline)]
    end: Option<String>,
    /// Milliseconds that it took at least.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_u64)]
    min_duration: Option<String>,
    /// Milliseconds that it took at most.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_u64)]
    max_duration: Option<String>,
    /// Tokens at least: input, output, read from and written to a cache.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_u64)]
    min_tokens: Option<String>,
    /// Tokens at most.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_u64)]
    max_tokens: Option<String>,
    /// US dollars that it cost at least; what has no known price is left out.
    #[param(value_type = Option<f64>, minimum = 0, maximum = 1000)]
    min_cost: Option<String>,
    /// US dollars that it cost at most; what has no known price is left out.
    #[param(value_type = Option<f64>, minimum = 0, maximum = 1000)]
    max_cost: Option<String>,
    /// Words of prompts, answers and tool calls: `word`, `"a phrase"`, `begin*`, `-not`.
    #[param(max_length = 1024)]
    q: Option<String>,
}

impl FilterQuery {
    /// The filters, or what is wrong with the first that cannot be read.
    pub(crate) fn read(self) -> Result<Filters, Fault> {
        let ms = |name, value: Option<&str>| {
            Ok::<_, Fault>(count(name, value)?.map(|ms| ms.saturating_mul(1000)))
        };
        let at = |name, value: Option<&str>| {
            let value = value.filter(|value| !value.is_empty());
            value.map(|value| moment(name, value)).transpose()
        };
        Ok(Filters {
            status: read("status", self.status.as_ref(), STATUSES, status)?,
            state: read("state", self.state.as_ref(), STATES, State::from_name)?,
            dialect: read("dialect", self.dialect.as_ref(), DIALECT_NAMES, |name| {
                DIALECTS.into_iter().find(|one| one.as_str() == name)
            })?,
            operation: read(
                "operation",
                self.operation.as_ref(),
                OPERATION_NAMES,
                |name| OPERATIONS.into_iter().find(|one| one.as_str() == name),
            )?,
            start_us: at("start", self.start.as_deref())?,
            end_us: at("end", self.end.as_deref())?,
            min_duration_us: ms("minDuration", self.min_duration.as_deref())?,
            max_duration_us: ms("maxDuration", self.max_duration.as_deref())?
                .map(|us| us.saturating_add(999)),
            min_tokens: count("minTokens", self.min_tokens.as_deref())?,
            max_tokens: count("maxTokens", self.max_tokens.as_deref())?,
            min_cost: micro_dollars("minCost", self.min_cost.as_deref())?,
            max_cost: micro_dollars("maxCost", self.max_cost.as_deref())?,
            model: text("model", self.model)?,
            provider: text("provider", self.provider)?,
            session: text("session", self.session)?,
            agent: text("agent", self.agent)?,
            subagent: text("subagent", self.subagent)?,
            project: text("project", self.project)?,
            token: text("token", self.token)?,
            client: text("client", self.client)?,
            stop_reason: text("stopReason", self.stop_reason)?,
            key: text("key", self.key)?,
            text: text("q", self.q)?,
        })
    }
}

const STATUSES: &str = "`2xx`, `3xx`, `4xx`, `5xx`, `error` or a number from 100 to 599";
const STATES: &str = "`open`, `complete`, `interrupted`, `client_gone`, `upstream_broke`, \
    `gateway_error` or `lost`";
const DIALECT_NAMES: &str = "`anthropic_messages`, `openai_chat`, `openai_responses` or `gemini`";
const OPERATION_NAMES: &str = "`generate`, `count_tokens`, `embeddings`, \
    `models` or `other`";

fn bad(name: &str, value: &str, why: impl Display) -> Fault {
    Fault::new(
        StatusCode::BAD_REQUEST,
        format!("`{name}`: `{value}`: {why}"),
    )
    .of_field(name.to_owned())
}

/// A number that the history can hold.
fn count(name: &str, value: Option<&str>) -> Result<Option<u64>, Fault> {
    match parsed::<u64>(name, value)? {
        Some(count) if i64::try_from(count).is_err() => {
            let why = format_args!("{} is the most", i64::MAX);
            Err(bad(name, value.unwrap_or_default(), why))
        }
        count => Ok(count),
    }
}

fn text(name: &str, value: Option<String>) -> Result<Option<String>, Fault> {
    match value {
        Some(value) if value.chars().count() > LONGEST => {
            let why = format_args!("longer than {LONGEST} characters");
            Err(bad(name, "...", why))
        }
        other => Ok(other.filter(|value| !value.is_empty())),
    }
}

/// One of some words.
fn read<T>(
    name: &str,
    value: Option<&String>,
    words: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match read(value) {
        None => Err(bad(name, value, format_args!("say {words}"))),
        found => Ok(found),
    }
}

fn status(text: &str) -> Option<StatusIs> {
    match text {
        "error" => Some(StatusIs::Error),
        "1xx" | "2xx" | "3xx" | "4xx" | "5xx" => text.get(..1)?.parse().ok().map(StatusIs::Class),
        _ => text
            .parse()
            .ok()
            .filter(|status| (100..600).contains(status))
            .map(StatusIs::Exactly),
    }
}

/// Dollars, as micro-dollars.
fn micro_dollars(name: &str, value: Option<&str>) -> Result<Option<u64>, Fault> {
    const MOST: f64 = 1000.0;
    let Some(dollars) = parsed::<f64>(name, value)? else {
        return Ok(None);
    };
    if !(0.0..=MOST).contains(&dollars) {
        let text = value.unwrap_or_default();
        return Err(bad(name, text, "say dollars from 0 to 1000"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is from 0 to a thousand million"
    )]
    let micro = (dollars * 1e6).round() as u64;
    Ok(Some(micro))
}

//! One session: its agents and turns, what fills them, a copy of it, and forgetting it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::conversation::{ContextView, Growth, SessionDetail, Turn};
use weir_store::{DryRun, Filter, GrowthQuery, Reader};

use super::list::link;
use crate::fault::{Error, Fault, HistoryFaults};
use crate::params::{Params, at_least};
use crate::router::Admin;

/// Turns on a page when nothing is said.
const PAGE: u32 = 500;
/// Turns on a page of growth when nothing is said: their bodies are read.
const GROWTH_PAGE: u32 = 100;

fn unknown() -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "Session not found")
}

/// Which turns.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TurnParams {
    /// How many to leave out from the oldest on.
    #[param(value_type = Option<i64>)]
    offset: Option<String>,
    /// Most turns; 500 when not said, and never more than 1000.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
}

fn or(limit: u32, otherwise: u32) -> u32 {
    if limit == 0 { otherwise } else { limit }
}

async fn read(admin: &Arc<Admin>, id: String, params: &TurnParams) -> Result<SessionDetail, Fault> {
    let offset = at_least("offset", params.offset.as_deref())?;
    let limit = or(at_least("limit", params.limit.as_deref())?, PAGE);
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.session(&id, offset, limit);
    let mut session = admin.reader.run(read).await?.ok_or_else(unknown)?;
    link(admin, vec![&mut session.outline]).await;
    Ok(session)
}

/// One session with its agents and turns, oldest first
#[utoipa::path(get, path = "/api/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The client's session id, or a conversation's hash"),
        TurnParams),
    responses((status = 200, body = SessionDetail),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    Params(params): Params<TurnParams>,
) -> Result<Json<SessionDetail>, Fault> {
    Ok(Json(read(&admin, id, &params).await?))
}

/// What was forgotten.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionForgotten {
    /// What was done, in words.
    message: &'static str,
    /// How many exchanges.
    deleted: u64,
}

/// Forget the exchanges of a session; those under way stay
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "The client's session id, or a conversation's hash")),
    responses((status = 200, body = SessionForgotten),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn forget(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Json<SessionForgotten>, Fault> {
    let filter = Filter {
        turns_of: Some(id),
        ..Filter::default()
    };
    let deleted = admin.store.purge(filter, DryRun::No).await?;
    if deleted == 0 {
        return Err(unknown());
    }
    let message = "Session deleted";
    Ok(Json(SessionForgotten { message, deleted }))
}

/// Which turn.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContextParams {
    /// The id of an exchange of the session; the newest turn of the main agent when not said.
    turn: Option<String>,
}

/// What fills one turn: system prompt, tools, texts, calls, results, files, by bytes and tokens
#[utoipa::path(get, path = "/api/sessions/{id}/context", tag = "sessions",
    params(("id" = String, Path, description = "The client's session id, or a conversation's hash"),
        ContextParams),
    responses((status = 200, body = ContextView),
        (status = 404, description = "There is no such session or turn", body = Error),
        HistoryFaults))]
pub(crate) async fn context(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    Params(params): Params<ContextParams>,
) -> Result<Json<ContextView>, Fault> {
    admin.store.flush().await;
    let turn = params.turn.filter(|turn| !turn.is_empty());
    let read = move |reader: &Reader| reader.context(&id, turn.as_deref());
    let found = admin.reader.run(read).await?;
    let missing = || Fault::new(StatusCode::NOT_FOUND, "Session or turn not found");
    Ok(Json(found.ok_or_else(missing)?))
}

/// Which turns of growth.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrowthParams {
    /// The id of a subagent; the main agent when not said.
    agent: Option<String>,
    /// How many turns to leave out from the oldest on.
    #[param(value_type = Option<i64>)]
    offset: Option<String>,
    /// Most turns; 100 when not said, and never more than 200.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
}

/// How the context of an agent grew turn by turn, and why a prompt cache missed
#[utoipa::path(get, path = "/api/sessions/{id}/growth", tag = "sessions",
    params(("id" = String, Path, description = "The client's session id, or a conversation's hash"),
        GrowthParams),
    responses((status = 200, body = Growth),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn growth(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    Params(params): Params<GrowthParams>,
) -> Result<Json<Growth>, Fault> {
    let query = GrowthQuery {
        offset: at_least("offset", params.offset.as_deref())?,
        limit: or(at_least("limit", params.limit.as_deref())?, GROWTH_PAGE),
        agent: params.agent.filter(|agent| !agent.is_empty()),
    };
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.growth(&id, &query);
    Ok(Json(admin.reader.run(read).await?.ok_or_else(unknown)?))
}

/// In which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// `markdown` (when not said) or `json`.
    #[param(pattern = "^(markdown|json)?$")]
    format: Option<String>,
}

/// A copy of a session's outline: its first 1000 turns as a table, or all that is known of them
#[utoipa::path(get, path = "/api/sessions/{id}/export", tag = "sessions",
    params(("id" = String, Path, description = "The client's session id, or a conversation's hash"),
        ExportParams),
    responses((status = 200, content((String = "text/markdown"), (SessionDetail = "application/json"))),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn export(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    Params(params): Params<ExportParams>,
) -> Result<Response, Fault> {
    let all = TurnParams {
        offset: None,
        limit: Some("1000".to_owned()),
    };
    let name = |ending| format!("attachment; filename=\"session.{ending}\"");
    match params.format.as_deref() {
        None | Some("" | "markdown") => {
            let text = markdown(&read(&admin, id, &all).await?);
            let headers = [
                (CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()),
                (CONTENT_DISPOSITION, name("md")),
            ];
            Ok((headers, text).into_response())
        }
        Some("json") => {
            let session = read(&admin, id, &all).await?;
            Ok(([(CONTENT_DISPOSITION, name("json"))], Json(session)).into_response())
        }
        Some(other) => {
            let message = format!("`format`: `{other}`: say `markdown` or `json`");
            Err(Fault::bad(message).of_field("format"))
        }
    }
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|")
}

fn markdown(session: &SessionDetail) -> String {
    let s = &session.outline;
    let title = s.title.as_deref().unwrap_or("Session");
    let mut text = format!("# {}\n\n", cell(title));
    let facts = [
        ("Session", s.id.clone()),
        ("Client", s.client.clone().unwrap_or_default()),
        ("Project", s.project_name.clone().unwrap_or_default()),
        ("Began", s.start_time.clone()),
        ("Last activity", s.last_activity.clone()),
        ("Requests", format!("{} ({} errors)", s.requests, s.errors)),
        ("Models", s.models.join(", ")),
        ("Tokens in", s.usage.input_tokens.to_string()),
        ("Tokens out", s.usage.output_tokens.to_string()),
        (
            "Cost",
            s.cost
                .map_or("unknown".to_owned(), |cost| format!("${cost:.4}")),
        ),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        // Writing into a string cannot fail.
        writeln!(text, "- {name}: {}", cell(value)).unwrap_or_default();
    }
    text.push_str("\n| # | Time | Kind | Agent | Follows | Model | Status | In | Out | Cost |\n");
    text.push_str("|--:|---|---|---|---|---|--:|--:|--:|--:|\n");
    for (at, turn) in session.turns.iter().enumerate() {
        row(&mut text, at + 1, turn);
    }
    text
}

fn row(text: &mut String, number: usize, turn: &Turn) {
    let r = &turn.request;
    let count = |of: fn(&weir_store::model::Usage) -> u64| {
        r.usage
            .as_ref()
            .map_or(String::new(), |usage| of(usage).to_string())
    };
    let input = count(|u| {
        let cached = u.cache_read_input_tokens.unwrap_or(0);
        u.input_tokens + cached + u.cache_creation_input_tokens.unwrap_or(0)
    });
    let output = count(|u| u.output_tokens);
    let cells = [
        number.to_string(),
        r.timestamp.clone(),
        turn.kind.to_owned(),
        r.agent_id.as_deref().unwrap_or("main").to_owned(),
        turn.relation.to_owned(),
        r.model.as_deref().unwrap_or_default().to_owned(),
        r.status_code
            .map_or(String::new(), |status| status.to_string()),
        input,
        output,
        r.cost.map_or(String::new(), |cost| format!("{cost:.4}")),
    ];
    for value in cells {
        write!(text, "| {} ", cell(&value)).unwrap_or_default();
    }
    text.push_str("|\n");
}

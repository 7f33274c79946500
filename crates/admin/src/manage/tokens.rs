//! Tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weir_core::control::{BudgetSpec, LimitsSpec, RulesSpec, ScopeSpec, SpecEdit};
use weir_core::secret::Secret;
use weir_store::control::{By, NewToken, TokenEdit, TokenRow};

use super::object::{object, objects};
use super::once::{Once, OnceFaults, OnceHeader, made};
use super::shapes::{Token, expected, id, late, read, tag, time};
use super::{MAX_BODY, store};
use crate::fault::{Error, Fault};
use crate::params::{Params, truth, whole_of};
use crate::router::Admin;

/// Longest life, in minutes.
const MAX_MINUTES: i64 = 525_600;

/// Which tokens are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those of this project.
    #[serde(rename = "projectId")]
    project_id: Option<String>,
    /// Only those that are neither revoked nor too old: `true` or `false`.
    #[serde(rename = "activeOnly")]
    active_only: Option<String>,
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenNew {
    /// The project.
    #[schema(required, value_type = Uuid)]
    project_id: Option<Uuid>,
    /// A token of the same project, which the new one can never outdo.
    parent_id: Option<Uuid>,
    /// What people call it.
    name: Option<String>,
    /// How long it lives, in minutes: at most 525600.
    #[schema(required, value_type = i64, minimum = 1, maximum = 525_600)]
    duration_minutes: Option<i64>,
    /// Requests that it is good for; 0 is any number.
    #[schema(minimum = 0)]
    max_requests: Option<i64>,
    /// What may be asked for.
    #[serde(default, deserialize_with = "object")]
    rules: Option<RulesSpec>,
    /// How fast.
    #[serde(default, deserialize_with = "object")]
    limits: Option<LimitsSpec>,
    /// How much.
    #[serde(default, deserialize_with = "objects")]
    budgets: Option<Vec<BudgetSpec>>,
}

/// What is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenChange {
    /// On or off.
    is_active: Option<bool>,
    /// Requests that it is good for; 0 is any number.
    #[schema(minimum = 0)]
    max_requests: Option<i64>,
    /// What people call it.
    name: Option<String>,
    /// What may be asked for.
    #[serde(default, deserialize_with = "object")]
    rules: Option<RulesSpec>,
    /// How fast.
    #[serde(default, deserialize_with = "object")]
    limits: Option<LimitsSpec>,
    /// How much.
    #[serde(default, deserialize_with = "objects")]
    budgets: Option<Vec<BudgetSpec>>,
}

/// A token with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenMade {
    /// Its id.
    id: Uuid,
    /// Its secret.
    token: String,
    /// When it stops to work.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// Requests that it is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_requests: Option<u64>,
}

impl TokenMade {
    fn new(row: &TokenRow, secret: &Secret) -> Self {
        Self {
            id: row.id,
            token: secret.expose().to_owned(),
            expires_at: row.expires_us.map(time),
            max_requests: row.max_requests,
        }
    }
}

/// A rotation.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the secret before still works, in minutes: at most 10080.
    #[schema(maximum = 10_080)]
    overlap_minutes: u64,
}

/// Tokens, the newest first
#[utoipa::path(get, path = "/manage/tokens", tag = "tokens", params(Which),
    responses((status = 200, body = [Token])))]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Params(which): Params<Which>,
) -> Result<Json<Vec<Token>>, Fault> {
    let active_only = truth("activeOnly", which.active_only.as_deref())?;
    let project = which.project_id.filter(|text| !text.is_empty());
    let project = project.map(|text| {
        text.parse::<Uuid>()
            .map_err(|_| Fault::bad("`projectId` is no id").of_field("projectId"))
    });
    let store = store(&admin)?;
    let rows = store.tokens(project.transpose()?, active_only).await?;
    Ok(Json(Token::read_all(store, rows).await?))
}

/// Make a token; its secret is in the answer and nowhere else
#[utoipa::path(post, path = "/manage/tokens", tag = "tokens", request_body = TokenNew,
    params(OnceHeader),
    responses((status = 201, body = TokenMade),
        (status = 404, description = "There is no such project or parent", body = Error), OnceFaults))]
pub(super) async fn create(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let body = whole_of(body, MAX_BODY)?;
    let once = Once::new(&headers, &body, &by)?;
    let new: TokenNew = read(&body)?;
    let minutes = new.duration_minutes.unwrap_or(0);
    if minutes > MAX_MINUTES {
        return Err(
            Fault::bad("duration_minutes exceeds maximum allowed").of_field("duration_minutes")
        );
    }
    let (Ok(duration_minutes @ 1..), Some(project)) = (u64::try_from(minutes), new.project_id)
    else {
        return Err(Fault::bad("project_id and duration_minutes are required"));
    };
    let new = NewToken {
        project,
        parent: new.parent_id,
        name: new.name,
        duration_minutes,
        max_requests: cap(new.max_requests)?,
        spec: ScopeSpec {
            rules: new.rules.unwrap_or_default(),
            limits: new.limits.unwrap_or_default(),
            budgets: new.budgets.unwrap_or_default(),
        },
    };
    let store = store(&admin)?;
    let answer = |(row, secret): &(TokenRow, Secret)| {
        made(
            StatusCode::CREATED,
            row.version,
            &TokenMade::new(row, secret),
        )
    };
    Box::pin(once.make(store, store.draft_token(new), answer)).await
}

fn cap(given: Option<i64>) -> Result<Option<u64>, Fault> {
    given
        .map(u64::try_from)
        .transpose()
        .map_err(|_| Fault::bad("max_requests must be >= 0").of_field("max_requests"))
}

/// One token
#[utoipa::path(get, path = "/manage/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id, never its secret")),
    responses((status = 200, body = Token),
        (status = 404, description = "There is none of this id", body = Error)))]
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    let store = store(&admin)?;
    let row = store.token(id(&token, "token")?).await?;
    let tag = tag(row.version);
    Ok((tag, Json(Token::read(store, row).await?)).into_response())
}

/// Change a token
#[utoipa::path(patch, path = "/manage/tokens/{id}", tag = "tokens", request_body = TokenChange,
    params(("id" = String, Path, description = "The token's id"),
        ("If-Match" = Option<String>, Header, description = "Only if it is still in this state")),
    responses((status = 200, body = Token),
        (status = 404, description = "There is none of this id", body = Error),
        (status = 412, description = "It was changed in the meantime", body = Error)))]
pub(super) async fn edit(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let id = id(&token, "token")?;
    let if_version = expected(&headers)?;
    let change: TokenChange = read(&whole_of(body, MAX_BODY)?)?;
    let store = store(&admin)?;
    let edit = TokenEdit {
        if_version,
        is_active: change.is_active,
        max_requests: cap(change.max_requests)?,
        name: change.name,
        spec: SpecEdit {
            rules: change.rules,
            limits: change.limits,
            budgets: change.budgets,
        },
    };
    if edit.is_empty() {
        store.token(id).await?;
        return Err(Fault::bad("no fields to update"));
    }
    let edited = store.edit_token(id, edit, &by).await;
    let row = edited.map_err(|error| late(if_version, error))?;
    let tag = tag(row.version);
    Ok((tag, Json(Token::read(store, row).await?)).into_response())
}

/// Revoke a token
#[utoipa::path(delete, path = "/manage/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "It is revoked, or was"),
        (status = 404, description = "There is none of this id", body = Error)))]
pub(super) async fn revoke(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Path(token): Path<String>,
) -> Result<StatusCode, Fault> {
    store(&admin)?
        .revoke_token(id(&token, "token")?, &by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a token another secret; the one before works for a while if that is wished
#[utoipa::path(post, path = "/manage/tokens/{id}/rotate", tag = "tokens", request_body = Rotation,
    params(("id" = String, Path, description = "The token's id"),
        OnceHeader),
    responses((status = 200, body = TokenMade),
        (status = 404, description = "There is none of this id", body = Error), OnceFaults))]
pub(super) async fn rotate(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let body = whole_of(body, MAX_BODY)?;
    let once = Once::new(&headers, &body, &by)?;
    let rotation: Rotation = if body.is_empty() {
        Rotation::default()
    } else {
        read(&body)?
    };
    let id = id(&token, "token")?;
    let store = store(&admin)?;
    let draft = store.draft_rotation(id, rotation.overlap_minutes);
    let answer = |(row, secret): &(TokenRow, Secret)| {
        made(StatusCode::OK, row.version, &TokenMade::new(row, secret))
    };
    Box::pin(once.make(store, draft, answer)).await
}

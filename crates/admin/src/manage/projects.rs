//! Projects.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weir_core::control::{BudgetSpec, LimitsSpec, RulesSpec, ScopeSpec, SpecEdit};
use weir_core::secret::Secret;
use weir_store::control::{By, NewKey, NewProject, ProjectEdit, ProjectRow, TokenCounts};

use super::object::{object, objects};
use super::once::{Once, OnceFaults, OnceHeader, made};
use super::shapes::{Project, expected, id, late, read, tag};
use super::{MAX_BODY, store};
use crate::fault::{Error, Fault};
use crate::params::whole_of;
use crate::router::Admin;

/// The provider of a key that names none.
const DEFAULT_PROVIDER: &str = "openai";

/// A provider's key to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyGiven {
    /// The provider's name in the settings.
    provider: String,
    /// The key.
    #[schema(write_only)]
    api_key: String,
}

/// A project to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectNew {
    /// Its name.
    #[schema(required, value_type = String)]
    name: Option<String>,
    /// Its key, where it has one; without any key the gateway's are used.
    #[schema(write_only)]
    api_key: Option<String>,
    /// The provider of `api_key`; `openai` if left out.
    provider: Option<String>,
    /// More keys.
    #[serde(default)]
    keys: Vec<KeyGiven>,
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
pub(super) struct ProjectChange {
    /// Another name.
    name: Option<String>,
    /// A key that takes the place of those of its provider; empty keeps them.
    #[schema(write_only)]
    api_key: Option<String>,
    /// The provider of `api_key`; `openai` if left out.
    provider: Option<String>,
    /// Keys that take the place of those of their providers.
    #[serde(default)]
    keys: Vec<KeyGiven>,
    /// Ids of keys to take away.
    #[serde(default)]
    remove_keys: Vec<Uuid>,
    /// On or off.
    is_active: Option<bool>,
    /// Revoke every token; only with `is_active: false`.
    revoke_tokens: Option<bool>,
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

fn keys(api_key: Option<String>, provider: Option<String>, more: Vec<KeyGiven>) -> Vec<NewKey> {
    let first = api_key
        .filter(|key| !key.trim().is_empty())
        .map(|key| NewKey {
            provider: provider.unwrap_or_else(|| DEFAULT_PROVIDER.to_owned()),
            secret: Secret::new(key),
        });
    let more = more.into_iter().map(|key| NewKey {
        provider: key.provider,
        secret: Secret::new(key.api_key),
    });
    first.into_iter().chain(more).collect()
}

/// Every project, by name, with what was used in the periods that last
#[utoipa::path(get, path = "/manage/projects", tag = "projects",
    responses((status = 200, body = [Project])))]
pub(super) async fn list(State(admin): State<Arc<Admin>>) -> Result<Json<Vec<Project>>, Fault> {
    Ok(Json(Project::read_all(store(&admin)?).await?))
}

/// Make a project
#[utoipa::path(post, path = "/manage/projects", tag = "projects", request_body = ProjectNew,
    params(OnceHeader), responses((status = 201, body = Project), OnceFaults))]
pub(super) async fn create(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let body = whole_of(body, MAX_BODY)?;
    let once = Once::new(&headers, &body, &by)?;
    let new: ProjectNew = read(&body)?;
    let Some(name) = new.name.filter(|name| !name.trim().is_empty()) else {
        return Err(Fault::bad("name is required").of_field("name"));
    };
    let new = NewProject {
        name,
        keys: keys(new.api_key, new.provider, new.keys),
        spec: ScopeSpec {
            rules: new.rules.unwrap_or_default(),
            limits: new.limits.unwrap_or_default(),
            budgets: new.budgets.unwrap_or_default(),
        },
    };
    let store = store(&admin)?;
    let draft = async { store.draft_project(new) };
    let answer = |row: &ProjectRow| {
        let new = Project::new(row.clone(), &[], TokenCounts::default());
        made(StatusCode::CREATED, row.version, &new)
    };
    Box::pin(once.make(store, draft, answer)).await
}

/// One project, with what was used in the periods that last
#[utoipa::path(get, path = "/manage/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "The project")),
    responses((status = 200, body = Project),
        (status = 404, description = "There is none of this id", body = Error)))]
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(project): Path<String>,
) -> Result<Response, Fault> {
    let id = id(&project, "project")?;
    let store = store(&admin)?;
    let row = store.project(id).await?;
    let tag = tag(row.version);
    Ok((tag, Json(Project::read(store, row).await?)).into_response())
}

/// Change a project
#[utoipa::path(patch, path = "/manage/projects/{id}", tag = "projects", request_body = ProjectChange,
    params(("id" = String, Path, description = "The project"),
        ("If-Match" = Option<String>, Header, description = "Only if it is still in this state")),
    responses((status = 200, body = Project),
        (status = 404, description = "There is none of this id", body = Error),
        (status = 409, description = "There is one of that name", body = Error),
        (status = 412, description = "It was changed in the meantime", body = Error)))]
pub(super) async fn edit(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let id = id(&project, "project")?;
    let if_version = expected(&headers)?;
    let change: ProjectChange = read(&whole_of(body, MAX_BODY)?)?;
    if change.revoke_tokens.is_some() && change.is_active != Some(false) {
        return Err(Fault::bad("revoke_tokens requires is_active=false").of_field("revoke_tokens"));
    }
    let store = store(&admin)?;
    let edit = ProjectEdit {
        if_version,
        name: change.name,
        is_active: change.is_active,
        spec: SpecEdit {
            rules: change.rules,
            limits: change.limits,
            budgets: change.budgets,
        },
        set_keys: keys(change.api_key, change.provider, change.keys),
        remove_keys: change.remove_keys,
        revoke_tokens: change.revoke_tokens == Some(true),
    };
    let edited = store.edit_project(id, edit, &by).await;
    let row = edited.map_err(|error| late(if_version, error))?;
    let tag = tag(row.version);
    Ok((tag, Json(Project::read(store, row).await?)).into_response())
}

/// Projects are never deleted
#[utoipa::path(delete, path = "/manage/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "The project")),
    responses((status = 405, description = "Switch it off instead", body = Error)))]
pub(super) async fn remove() -> Response {
    let message = "method not allowed";
    let fault = Fault::new(StatusCode::METHOD_NOT_ALLOWED, message)
        .because("project deletion is not permitted; switch it off with PATCH is_active=false");
    ([(ALLOW, "GET, PATCH")], fault).into_response()
}

/// How many tokens were revoked.
#[derive(Serialize, ToSchema)]
pub(super) struct RevokedTokens {
    /// By this call.
    revoked_count: u64,
    /// Before.
    already_revoked_count: u64,
    /// All that there are.
    total_tokens: u64,
}

/// Revoke every token of a project
#[utoipa::path(post, path = "/manage/projects/{id}/tokens/revoke", tag = "projects",
    params(("id" = String, Path, description = "The project")),
    responses((status = 200, body = RevokedTokens),
        (status = 404, description = "There is none of this id", body = Error)))]
pub(super) async fn revoke_tokens(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Path(project): Path<String>,
) -> Result<Json<RevokedTokens>, Fault> {
    let revoked = store(&admin)?
        .revoke_tokens(id(&project, "project")?, &by)
        .await?;
    Ok(Json(RevokedTokens {
        revoked_count: revoked.revoked,
        already_revoked_count: revoked.already,
        total_tokens: revoked.revoked + revoked.already,
    }))
}

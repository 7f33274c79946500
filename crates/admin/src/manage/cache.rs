//! The response cache: how it is, and what is to go from it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode, Uri};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use weir_core::cache::{CacheView, ProjectCounts, Purge, State as StoreState, Unavailable};
use weir_store::control::{By, Event};

use super::MAX_BODY;
use crate::fault::{Error, Fault};
use crate::params::whole_of;
use crate::router::Admin;

/// Hexadecimal digits of a whole key.
const KEY_DIGITS: usize = 64;

/// What the cache is managed by.
pub struct Caching {
    /// How it is.
    pub view: Box<dyn Fn() -> CacheView + Send + Sync>,
    /// What it did for each project, who was given the most first.
    pub projects: Box<dyn Fn() -> Vec<ProjectCounts> + Send + Sync>,
    /// Takes entries out; says how many there were.
    pub purge: Box<dyn Fn(Purge) -> Purging + Send + Sync>,
}

/// How many entries went, once they have.
type Purging = Pin<Box<dyn Future<Output = Result<u64, Unavailable>> + Send>>;

impl fmt::Debug for Caching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caching").finish_non_exhaustive()
    }
}

/// How the cache is. Counts are of this process, since its start.
#[derive(Serialize, ToSchema)]
pub(super) struct CacheState {
    /// Whether it is switched on.
    enabled: bool,
    /// Requests answered from it, those among them that were told that they have it already.
    hits: u64,
    /// Requests that found nothing.
    misses: u64,
    /// Requests that asked for it and are not for it.
    bypasses: u64,
    /// Answers that were stored.
    stores: u64,
    /// Entries of which a provider said that they still hold.
    revalidations: u64,
    /// Answers that were asked for again behind the back of a client that got an old one.
    refreshes: u64,
    /// Requests that waited for the answer to another for the same.
    collapsed: u64,
    /// Answers that were to be stored and were not: broken off, too large, or purged meanwhile.
    dropped: u64,
    /// Of the requests that were for the cache, the part that was answered from it: 0 to 1. Null
    /// before the first.
    #[schema(required)]
    hit_rate: Option<f64>,
    /// Where answers are kept: `memory`, or `redis` for a place that several gateways share.
    #[schema(value_type = String)]
    backend: &'static str,
    /// Whether that place can be asked at this moment. If not, nothing is found and nothing is kept.
    reachable: bool,
    /// What went wrong there: each was a request that found nothing, or an answer that is not kept.
    errors: u64,
    /// Entries at this moment, those of other gateways in the same place among them.
    entries: u64,
    /// Bytes that they take, about.
    bytes: u64,
    /// The most that they may take. Null where the place bounds itself.
    #[schema(required)]
    max_bytes: Option<u64>,
    /// Projects whose requests were for it, who was given the most first; the first thousand that came.
    /// Null where there are no projects.
    #[schema(required)]
    projects: Option<Vec<ProjectCacheState>>,
}

/// How the cache does for a project. Counts are of this process, since its start.
#[derive(Serialize, ToSchema)]
struct ProjectCacheState {
    project_id: Uuid,
    /// Its requests that were answered from the cache.
    hits: u64,
    /// Those that found nothing.
    misses: u64,
    /// Entries of which a provider said that they still hold.
    revalidations: u64,
    /// Of its requests that were for the cache, the part that was answered from it: 0 to 1. Null before
    /// the first.
    #[schema(required)]
    hit_rate: Option<f64>,
    /// Answers that were stored.
    stores: u64,
    /// Bytes of their bodies, of those that went since among them.
    stored_bytes: u64,
}

impl From<ProjectCounts> for ProjectCacheState {
    fn from(counts: ProjectCounts) -> Self {
        let ProjectCounts {
            project,
            hits,
            misses,
            revalidations,
            stores,
            stored_bytes,
        } = counts;
        Self {
            project_id: project,
            hits,
            misses,
            revalidations,
            hit_rate: rate(hits, misses.saturating_add(revalidations)),
            stores,
            stored_bytes,
        }
    }
}

impl CacheState {
    /// By what the cache says of itself, and of projects where there are any.
    fn new(view: CacheView, projects: Option<Vec<ProjectCounts>>) -> Self {
        let CacheView {
            enabled,
            hits,
            misses,
            bypasses,
            stores,
            revalidations,
            refreshes,
            collapsed,
            dropped,
            store,
        } = view;
        let StoreState {
            backend,
            reachable,
            errors,
            entries,
            bytes,
            max_bytes,
        } = store;
        Self {
            enabled,
            hits,
            misses,
            bypasses,
            stores,
            revalidations,
            refreshes,
            collapsed,
            dropped,
            hit_rate: rate(hits, misses.saturating_add(revalidations)),
            backend,
            reachable,
            errors,
            entries,
            bytes,
            max_bytes,
            projects: projects.map(|all| all.into_iter().map(Into::into).collect()),
        }
    }
}

/// The part of hits in all; none of nothing.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(hits: u64, others: u64) -> Option<f64> {
    let all = hits.saturating_add(others);
    (all > 0).then(|| hits as f64 / all as f64)
}

/// What is to go: `method` and `url`, or one of the others.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CachePurge {
    /// The method of the requests whose answers go, with `url`.
    method: Option<String>,
    /// Their path, or an address of which the path counts. With a query only those with that query
    /// go. Headers and bodies make no difference.
    url: Option<String>,
    /// Hexadecimal digits that keys begin with, as `X-PROXY-CACHE-KEY` shows them.
    prefix: Option<String>,
    /// A project whose answers go: all of them, or those of `url`.
    project_id: Option<Uuid>,
    /// Everything.
    all: bool,
}

/// What went.
#[derive(Serialize, ToSchema)]
pub(super) struct CachePurged {
    /// Whether anything did, for a method and an address; else how many entries.
    deleted: Deleted,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(untagged)]
enum Deleted {
    Any(bool),
    Count(u64),
}

/// How the cache is
#[utoipa::path(get, path = "/manage/cache", tag = "cache",
    responses((status = 200, body = CacheState)))]
pub(super) async fn show(State(admin): State<Arc<Admin>>) -> Json<CacheState> {
    let projects = admin.control.as_ref().map(|_| (admin.cache.projects)());
    Json(CacheState::new((admin.cache.view)(), projects))
}

/// Take answers out of the cache
#[utoipa::path(post, path = "/manage/cache/purge", tag = "cache", request_body = CachePurge,
    responses((status = 200, body = CachePurged),
        (status = 503, description = "Where answers are kept cannot be reached", body = Error)))]
pub(super) async fn purge(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CachePurged>, Fault> {
    if !(admin.cache.view)().enabled {
        return Err(Fault::bad("caching is disabled").because("set `cache.enabled`"));
    }
    let asked: CachePurge = serde_json::from_slice(&whole_of(body, MAX_BODY)?)
        .map_err(|error| Fault::bad("invalid JSON").because(error.to_string()))?;
    let purge = asked.purge()?;
    let exact = matches!(purge, Purge::Path { .. });
    let count = (admin.cache.purge)(purge).await.map_err(|error| {
        let hint = "some answers may be gone, others will be used: purge again";
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).because(hint)
    })?;
    tell(&admin, by, &asked, count).await;
    let deleted = match exact {
        true => Deleted::Any(count > 0),
        false => Deleted::Count(count),
    };
    Ok(Json(CachePurged { deleted }))
}

impl CachePurge {
    fn purge(&self) -> Result<Purge, Fault> {
        if let Some(prefix) = said(self.prefix.as_ref()) {
            let digits = prefix.to_ascii_lowercase();
            let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !hex || digits.len() > KEY_DIGITS {
                let message = "`prefix` is the beginning of a key: 1 to 64 hexadecimal digits";
                return Err(Fault::bad(message).of_field("prefix"));
            }
            return Ok(Purge::Prefix(digits.into()));
        }
        let named = (said(self.method.as_ref()), said(self.url.as_ref()));
        match (named, self.project_id) {
            ((Some(method), Some(url)), project) => path(method, url, project),
            ((None, None), Some(project)) => Ok(Purge::Project(project)),
            ((None, None), None) if self.all => Ok(Purge::All),
            _ => {
                let message = "method and url are required";
                let hint = "or one of `prefix`, `project_id` and `all`";
                Err(Fault::bad(message).because(hint))
            }
        }
    }

    /// Its kind, for the audit.
    fn kind(&self) -> &'static str {
        let url = said(self.url.as_ref()).is_some();
        match (said(self.prefix.as_ref()).is_some(), url, self.project_id) {
            (true, ..) => "prefix",
            (_, true, _) => "exact",
            (_, _, Some(_)) => "project",
            _ => "all",
        }
    }
}

fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn path(method: &str, url: &str, project: Option<Uuid>) -> Result<Purge, Fault> {
    let method = method.to_ascii_uppercase().parse::<Method>();
    let method = method.map_err(|_| Fault::bad("invalid method").of_field("method"))?;
    let invalid = || Fault::bad("invalid URL").of_field("url");
    let uri: Uri = url.parse().map_err(|_| invalid())?;
    let path = uri.path_and_query().ok_or_else(invalid)?;
    if !path.path().starts_with('/') {
        return Err(invalid());
    }
    Ok(Purge::Path {
        method,
        path: path.path().into(),
        query: PathAndQuery::query(path).map(Into::into),
        project,
    })
}

/// Puts a purge into the audit, where there is one.
async fn tell(admin: &Admin, by: By, asked: &CachePurge, count: u64) {
    tracing::info!(
        by = by.actor,
        kind = asked.kind(),
        count,
        "answers were taken out of the cache"
    );
    let Some(control) = &admin.control else {
        return;
    };
    let mut event = Event::success("cache.purge")
        .with("purge_type", asked.kind())
        .with("deleted", count);
    // Of an address only the path: a query may hold a credential.
    let url = said(asked.url.as_ref()).and_then(|url| url.split('?').next());
    for (name, value) in [
        ("method", said(asked.method.as_ref())),
        ("url", url),
        ("prefix", said(asked.prefix.as_ref())),
    ] {
        if let Some(value) = value {
            event = event.with(name, value);
        }
    }
    if let Some(project) = asked.project_id {
        event = event.of_project(project);
    }
    if let Err(error) = control.store.audit(&[(by, event)]).await {
        tracing::warn!(%error, "a purge of the cache is not in the audit");
    }
}

//! The audit.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::control::{AuditEvent, AuditFilter, By, Event};

use super::shapes::time;
use super::store;
use crate::fault::{Error, Fault};
use crate::params::{Params, moment, parsed};
use crate::router::Admin;

/// Events of a page that says nothing.
const PAGE_SIZE: u32 = 20;
/// Most events of a page.
const MAX_PAGE_SIZE: u32 = 100;

/// Which events are listed.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Which {
    /// Exactly this action, such as `token.revoke`.
    action: Option<String>,
    /// Exactly this address.
    client_ip: Option<String>,
    /// Exactly this project.
    project_id: Option<String>,
    /// Exactly this token's id.
    token_id: Option<String>,
    /// `success`, `failure`, `denied` or `error`.
    outcome: Option<String>,
    /// Exactly this actor.
    actor: Option<String>,
    /// Exactly this request.
    request_id: Option<String>,
    /// Exactly this correlation id.
    correlation_id: Option<String>,
    /// Exactly this method.
    method: Option<String>,
    /// Exactly this path.
    path: Option<String>,
    /// A text in any of them, in the reason or in the metadata, in any case.
    search: Option<String>,
    /// Not before: an instant, or a span before now such as `7d`.
    start_time: Option<String>,
    /// Not after.
    end_time: Option<String>,
    /// The page, from 1.
    page: Option<String>,
    /// Events of a page: 20 if left out, at most 100.
    page_size: Option<String>,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(super) struct Events {
    /// The newest first.
    events: Vec<AuditView>,
    /// Where the page is.
    pagination: Pagination,
}

/// An event with its time.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditView {
    /// When.
    #[schema(format = DateTime)]
    timestamp: String,
    #[serde(flatten)]
    event: AuditEvent,
}

/// Where a page is.
#[derive(Serialize, ToSchema)]
struct Pagination {
    page: u32,
    page_size: u32,
    total_count: u64,
    total_pages: u64,
    has_next: bool,
    has_prev: bool,
}

fn view(event: AuditEvent) -> AuditView {
    AuditView {
        timestamp: time(event.at_us),
        event,
    }
}

impl Which {
    fn filter(self) -> Result<AuditFilter, Fault> {
        let equal = [
            ("action", self.action),
            ("client_ip", self.client_ip),
            ("project_id", self.project_id),
            ("token_id", self.token_id),
            ("outcome", self.outcome),
            ("actor", self.actor),
            ("request_id", self.request_id),
            ("correlation_id", self.correlation_id),
            ("method", self.method),
            ("path", self.path),
        ];
        let said = |value: Option<String>| value.filter(|value| !value.is_empty());
        let bound = |name: &str, value: Option<String>| {
            said(value).map(|value| moment(name, &value)).transpose()
        };
        Ok(AuditFilter {
            equal: equal
                .into_iter()
                .filter_map(|(name, value)| Some((name, said(value)?)))
                .collect(),
            search: said(self.search),
            from_us: bound("start_time", self.start_time)?,
            to_us: bound("end_time", self.end_time)?,
        })
    }
}

/// Audit events, the newest first
#[utoipa::path(get, path = "/manage/audit", tag = "audit", params(Which),
    responses((status = 200, body = Events)))]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Params(which): Params<Which>,
) -> Result<Json<Events>, Fault> {
    let page = parsed::<u32>("page", which.page.as_deref())?
        .unwrap_or(1)
        .max(1);
    let size = parsed::<u32>("page_size", which.page_size.as_deref())?.unwrap_or(PAGE_SIZE);
    if size == 0 {
        return Err(Fault::bad("`page_size` is at least 1").of_field("page_size"));
    }
    let size = size.min(MAX_PAGE_SIZE);
    let store = store(&admin)?;
    let found = store.audit_page(&which.filter()?, page, size).await?;
    store.audit(&[(by, Event::success("audit.list"))]).await?;
    let pages = found.total.div_ceil(size.into());
    Ok(Json(Events {
        events: found.events.into_iter().map(view).collect(),
        pagination: Pagination {
            page,
            page_size: size,
            total_count: found.total,
            total_pages: pages,
            has_next: u64::from(page) < pages,
            has_prev: page > 1,
        },
    }))
}

/// One audit event
#[utoipa::path(get, path = "/manage/audit/{id}", tag = "audit",
    params(("id" = String, Path, description = "The event's id, or its place in the chain")),
    responses((status = 200, body = AuditView),
        (status = 404, description = "There is none of this id", body = Error)))]
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Extension(by): Extension<By>,
    Path(id): Path<String>,
) -> Result<Json<AuditView>, Fault> {
    let store = store(&admin)?;
    let event = store.audit_event(&id).await?;
    let shown = Event::success("audit.show").with("audit_event_id", id);
    store.audit(&[(by, shown)]).await?;
    Ok(Json(view(event)))
}

/// Whether the chain is whole.
#[derive(Serialize, ToSchema)]
pub(super) struct Verified {
    /// Whether every event is as it was written, and none is missing.
    intact: bool,
    /// How many events were followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<i64>,
    /// The first event that is not as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// Follow the chain of audit events from its beginning
#[utoipa::path(get, path = "/manage/audit/verify", tag = "audit",
    responses((status = 200, body = Verified)))]
pub(super) async fn verify(State(admin): State<Arc<Admin>>) -> Result<Json<Verified>, Fault> {
    Ok(Json(match store(&admin)?.verify_audit().await? {
        Ok(events) => Verified {
            intact: true,
            events: Some(events),
            broken_at: None,
            reason: None,
        },
        Err(tampered) => Verified {
            intact: false,
            events: None,
            broken_at: Some(tampered.seq),
            reason: Some(tampered.why),
        },
    }))
}

//! Lists of exchanges, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::model::{RequestLog, RequestSummary, rfc3339};
use weir_store::{Page, SummaryQuery};

use crate::fault::{Fault, HistoryFaults};
use crate::params::{Params, at_least, instant};
use crate::router::Admin;

/// Which page of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// From 1.
    #[param(value_type = Option<i64>)]
    page: Option<String>,
    /// Exchanges on a page; 10 when not said.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
    /// Any part of the model's name, in any case; `all` is none.
    model: Option<String>,
}

/// Whole exchanges.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestList {
    requests: Vec<RequestLog>,
    /// How many there are on all pages.
    total: u64,
}

/// Whole exchanges, newest first
#[utoipa::path(get, path = "/api/requests", tag = "requests", params(ListParams),
    responses((status = 200, body = RequestList), HistoryFaults))]
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<ListParams>,
) -> Result<Json<RequestList>, Fault> {
    let page = Page {
        number: at_least("page", params.page.as_deref())?,
        limit: at_least("limit", params.limit.as_deref())?,
    };
    admin.store.flush().await;
    let read = move |reader: &weir_store::Reader| reader.list(page, params.model.as_deref());
    let (requests, total) = admin.reader.run(read).await?;
    Ok(Json(RequestList { requests, total }))
}

/// Which summaries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryParams {
    /// How many to leave out from the newest on.
    #[param(value_type = Option<i64>)]
    offset: Option<String>,
    /// Most exchanges; all when not said, and never more than 100,000.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
    /// Any part of the model's name, in any case; `all` is none.
    model: Option<String>,
    /// Only those that began then or later.
    #[param(format = DateTime)]
    start: Option<String>,
    /// Only those that began before.
    #[param(format = DateTime)]
    end: Option<String>,
}

/// Exchanges without bodies.
#[derive(Serialize, ToSchema)]
pub(crate) struct SummaryList {
    requests: Vec<RequestSummary>,
    /// How many there are in all.
    total: u64,
    offset: u32,
    limit: u32,
}

/// Exchanges without bodies, newest first
#[utoipa::path(get, path = "/api/requests/summary", tag = "requests", params(SummaryParams),
    responses((status = 200, body = SummaryList), HistoryFaults))]
pub(crate) async fn summary(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<SummaryParams>,
) -> Result<Json<SummaryList>, Fault> {
    let asked = SummaryQuery {
        start_us: instant("start", params.start.as_deref())?,
        end_us: instant("end", params.end.as_deref())?,
        offset: at_least("offset", params.offset.as_deref())?,
        limit: at_least("limit", params.limit.as_deref())?,
        model: params.model,
    };
    let (offset, limit) = (asked.offset, asked.limit);
    admin.store.flush().await;
    let read = move |reader: &weir_store::Reader| reader.summaries(&asked);
    let (requests, total) = admin.reader.run(read).await?;
    Ok(Json(SummaryList {
        requests,
        total,
        offset,
        limit,
    }))
}

/// When the newest exchange began.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LatestDate {
    /// Null when there is none.
    #[schema(format = DateTime)]
    latest_date: Option<String>,
}

/// When the newest exchange began
#[utoipa::path(get, path = "/api/requests/latest-date", tag = "requests",
    responses((status = 200, body = LatestDate), HistoryFaults))]
pub(crate) async fn latest_date(
    State(admin): State<Arc<Admin>>,
) -> Result<Json<LatestDate>, Fault> {
    admin.store.flush().await;
    let latest = admin.reader.run(weir_store::Reader::latest_us).await?;
    Ok(Json(LatestDate {
        latest_date: latest.map(rfc3339),
    }))
}

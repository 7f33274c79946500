//! Lists of exchanges, newest first, what there is to narrow them by, and what lies beside one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::model::{RequestLog, RequestSummary, rfc3339};
use weir_store::{Cursor, Facets, Neighbours, Page, Reader, SummaryQuery};

use crate::fault::{Fault, HistoryFaults};
use crate::filters::FilterQuery;
use crate::params::{Params, at_least, parsed};
use crate::router::Admin;
use crate::written::Written;

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
}

/// Whole exchanges.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestList {
    requests: Vec<RequestLog>,
    /// How many there are on all pages; null when counting them would take too long.
    #[schema(required)]
    total: Option<u64>,
}

/// Whole exchanges, newest first
#[utoipa::path(get, path = "/api/requests", tag = "requests", params(ListParams, FilterQuery),
    responses((status = 200, body = RequestList), HistoryFaults))]
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<ListParams>,
    Params(filters): Params<FilterQuery>,
) -> Result<Written, Fault> {
    let page = Page {
        number: at_least("page", params.page.as_deref())?,
        limit: at_least("limit", params.limit.as_deref())?,
    };
    let filters = filters.read()?;
    admin.store.flush().await;
    let read = move |reader: &Reader| {
        let found = reader.list(page, &filters)?;
        Ok(Written::of(&RequestList {
            requests: found.rows,
            total: found.total,
        }))
    };
    Ok(admin.reader.run(read).await?)
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
    /// The `nextCursor` of an earlier answer: goes on behind it.
    #[param(pattern = "^([0-9a-f]{1,15})?$")]
    cursor: Option<String>,
}

/// Exchanges without bodies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SummaryList {
    requests: Vec<RequestSummary>,
    /// How many there are in all; null when counting them would take too long.
    #[schema(required)]
    total: Option<u64>,
    offset: u32,
    limit: u32,
    /// Where there may be more: the `cursor` of the next call.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Whether the search came to its end or its limit; if not it stopped for time, and
    /// `nextCursor` goes on.
    complete: bool,
}

/// Exchanges without bodies, newest first
#[utoipa::path(get, path = "/api/requests/summary", tag = "requests",
    params(SummaryParams, FilterQuery),
    responses((status = 200, body = SummaryList), HistoryFaults))]
pub(crate) async fn summary(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<SummaryParams>,
    Params(filters): Params<FilterQuery>,
) -> Result<Json<SummaryList>, Fault> {
    let asked = SummaryQuery {
        filters: filters.read()?,
        after: parsed::<Cursor>("cursor", params.cursor.as_deref())?,
        offset: at_least("offset", params.offset.as_deref())?,
        limit: at_least("limit", params.limit.as_deref())?,
    };
    let (offset, limit) = (asked.offset, asked.limit);
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.summaries(&asked);
    let found = admin.reader.run(read).await?;
    Ok(Json(SummaryList {
        requests: found.rows,
        total: found.total,
        offset,
        limit,
        next_cursor: found.next.map(|cursor| cursor.to_string()),
        complete: found.complete,
    }))
}

/// The values that exchanges have, the most frequent first
#[utoipa::path(get, path = "/api/requests/facets", tag = "requests", params(FilterQuery),
    responses((status = 200, body = Facets), HistoryFaults))]
pub(crate) async fn facets(
    State(admin): State<Arc<Admin>>,
    Params(filters): Params<FilterQuery>,
) -> Result<Json<Facets>, Fault> {
    let filters = filters.read()?;
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.facets(&filters);
    Ok(Json(admin.reader.run(read).await?))
}

/// The exchanges before and after one
#[utoipa::path(get, path = "/api/requests/{id}/neighbours", tag = "requests",
    params(("id" = String, Path, description = "Its id, or the end of it")),
    responses((status = 200, body = Neighbours), (status = 404, description = "No such exchange", body = crate::fault::Error), HistoryFaults))]
pub(crate) async fn neighbours(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Json<Neighbours>, Fault> {
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.neighbours(&id);
    let found = admin.reader.run(read).await?;
    Ok(Json(found.ok_or_else(Fault::unknown)?))
}

/// When the newest exchange began.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LatestDate {
    /// Null when there is none.
    #[schema(required, format = DateTime)]
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

//! Lists of exchanges, what there is to narrow them by, and what lies beside one.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use weir_store::model::{RequestLog, RequestSummary};
use weir_store::{Cursor, Page, Reader, SummaryQuery};

use crate::filters::{FilterQuery, at_least, number};
use crate::requests::{Fault, unknown};
use crate::router::Admin;

/// The calls of this file.
pub(crate) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route("/api/requests/summary", get(summary))
        .route("/api/requests/facets", get(facets))
        .route("/api/requests/{id}/neighbours", get(neighbours))
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PartQuery {
    /// The page, from 1.
    page: Option<String>,
    /// Most exchanges in the answer.
    limit: Option<String>,
    /// Newest exchanges passed over.
    offset: Option<String>,
    /// The `nextCursor` of an earlier answer: goes on behind it.
    cursor: Option<String>,
}

/// A page of whole exchanges.
#[derive(Serialize)]
struct List {
    requests: Vec<RequestLog>,
    /// How many match; null when counting them would take too long.
    total: Option<u64>,
}

/// `GET /api/requests`: whole exchanges, newest first.
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    Query(part): Query<PartQuery>,
    Query(filters): Query<FilterQuery>,
) -> Result<Response, Fault> {
    let page = Page {
        number: at_least("page", part.page.as_ref())?,
        limit: at_least("limit", part.limit.as_ref())?,
    };
    let filters = filters.read()?;
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.list(page, &filters);
    let found = admin.reader.run(read).await?;
    let list = List {
        requests: found.rows,
        total: found.total,
    };
    Ok(Json(list).into_response())
}

/// Exchanges without bodies.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summaries {
    requests: Vec<RequestSummary>,
    /// How many match; null when counting them would take too long.
    total: Option<u64>,
    offset: u32,
    limit: u32,
    /// Where there may be more: the `cursor` of the next call.
    next_cursor: Option<String>,
    /// Whether the search came to its end or its limit; if not it stopped for time, and
    /// `nextCursor` goes on.
    complete: bool,
}

/// `GET /api/requests/summary`: exchanges without bodies, newest first.
pub(crate) async fn summary(
    State(admin): State<Arc<Admin>>,
    Query(part): Query<PartQuery>,
    Query(filters): Query<FilterQuery>,
) -> Result<Response, Fault> {
    let asked = SummaryQuery {
        filters: filters.read()?,
        after: number::<Cursor>("cursor", part.cursor.as_ref())?,
        offset: at_least("offset", part.offset.as_ref())?,
        limit: at_least("limit", part.limit.as_ref())?,
    };
    let (offset, limit) = (asked.offset, asked.limit);
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.summaries(&asked);
    let found = admin.reader.run(read).await?;
    Ok(Json(Summaries {
        requests: found.rows,
        total: found.total,
        offset,
        limit,
        next_cursor: found.next.map(|cursor| cursor.to_string()),
        complete: found.complete,
    })
    .into_response())
}

/// `GET /api/requests/facets`: the values that exchanges have, the most frequent first.
pub(crate) async fn facets(
    State(admin): State<Arc<Admin>>,
    Query(filters): Query<FilterQuery>,
) -> Result<Response, Fault> {
    let filters = filters.read()?;
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.facets(&filters);
    Ok(Json(admin.reader.run(read).await?).into_response())
}

/// `GET /api/requests/{id}/neighbours`: the exchanges before and after one.
pub(crate) async fn neighbours(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.neighbours(&id);
    let found = admin.reader.run(read).await?.ok_or_else(unknown)?;
    Ok(Json(found).into_response())
}

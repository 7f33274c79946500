//! Exchanges as they begin and end, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::prices::Prices;
use weir_store::model::RequestSummary;
use weir_store::{Reader, Summary};

use crate::router::Admin;

/// Silence after which a comment shows that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The live feed.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Exchanges as they begin and end, as events `exchange`
///
/// A follower that falls behind gets an event `missed` with how many it did not see.
#[utoipa::path(get, path = "/api/live", tag = "requests", responses(
    (status = 200, description = "Server-sent events; the data is a `RequestSummary`",
        content_type = "text/event-stream", body = String)))]
pub(crate) async fn live(State(admin): State<Arc<Admin>>) -> Response {
    let follower = admin.store.subscribe();
    let hello = Bytes::from_static(b": following\n\n");
    let reader = admin.reader.clone();
    let events = stream::unfold((Some(hello), follower, reader), async |state| match state {
        (Some(hello), follower, reader) => {
            Some((Ok::<_, Infallible>(hello), (None, follower, reader)))
        }
        (None, follower, reader) => next(follower, &reader)
            .await
            .map(|(event, follower)| (Ok(event), (None, follower, reader))),
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

async fn next(
    mut follower: Receiver<Arc<Summary>>,
    reader: &Reader,
) -> Option<(Bytes, Receiver<Arc<Summary>>)> {
    let event = match tokio::time::timeout(KEEP_ALIVE, follower.recv()).await {
        Err(_) => ": alive\n\n".to_owned(),
        Ok(Err(RecvError::Closed)) => return None,
        Ok(Err(RecvError::Lagged(missed))) => format!("event: missed\ndata: {missed}\n\n"),
        Ok(Ok(summary)) => event(&summary, &reader.prices()),
    };
    Some((event.into(), follower))
}

fn event(summary: &Summary, prices: &Prices) -> String {
    let summary = RequestSummary::of(summary, prices);
    let data = serde_json::to_string(&summary).unwrap_or_default();
    format!(
        "event: exchange\nid: {}\ndata: {data}\n\n",
        summary.request_id
    )
}

//! How the delivery of events to sinks is doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::event::EventsView;

use crate::router::Admin;

/// Every call about events.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(events))
}

/// How the delivery of events is doing
///
/// Each sink with what waits for it, what it got, and its latest dead letters, which have no bodies
/// here. Counts are of this process, since its start.
#[utoipa::path(get, path = "/api/events", tag = "events",
    responses((status = 200, body = EventsView)))]
async fn events(State(admin): State<Arc<Admin>>) -> Json<EventsView> {
    Json((admin.events)())
}

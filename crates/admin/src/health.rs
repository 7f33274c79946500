//! Whether weir is well: for load balancers (`/health`), for supervisors (`/livez`) and for
//! Prometheus (`/metrics`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::Admin;
use crate::time::now_rfc3339;

/// What needs no credential.
pub(crate) fn open_routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(livez))
}

/// What does.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// How weir is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HealthResponse)]
struct Health {
    /// `healthy`, or `degraded` when nothing can be captured.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Why nothing can be captured.
    reason: Option<String>,
    /// Exchanges that were not captured since the start.
    capture_dropped: u64,
    /// Where limits and budgets of projects are shared: `shared`, `joining` while nodes that were cut
    /// off tell each other what they used, or `local` while each goes by what it knew last.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<&'static str>,
    #[schema(format = DateTime)]
    timestamp: String,
}

/// What it says while it takes no new requests.
#[derive(Serialize, ToSchema)]
struct DrainingResponse {
    /// `draining`; or `degraded` when nothing can be captured and capture is required.
    status: &'static str,
    /// Why nothing can be captured.
    #[schema(required)]
    reason: Option<String>,
    capture_dropped: u64,
    #[schema(format = DateTime)]
    timestamp: String,
}

/// Whether weir takes requests
///
/// 503 while draining, and while nothing can be captured if capture is required; 200 else, with
/// `degraded` and why when nothing can be captured.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses(
    (status = 200, description = "It takes requests", body = Health),
    (status = 503, description = "It is draining, or cannot capture what it must",
        body = DrainingResponse)))]
pub(crate) async fn health(State(admin): State<Arc<Admin>>) -> Response {
    let store = admin.store.status();
    let (code, status, reason) = if admin.lifecycle.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining", None)
    } else if store.ok {
        (StatusCode::OK, "healthy", None)
    } else if (admin.capture_required)() {
        (StatusCode::SERVICE_UNAVAILABLE, "degraded", store.reason)
    } else {
        (StatusCode::OK, "degraded", store.reason)
    };
    let capture_dropped = store.dropped.total();
    let body = Health {
        status,
        reason,
        capture_dropped,
        limits: admin
            .control
            .as_ref()
            .and_then(|control| (control.limits)()),
        timestamp: now_rfc3339(),
    };
    (code, Json(body)).into_response()
}

/// That weir lives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LivezResponse)]
struct Livez {
    /// `alive`.
    status: &'static str,
    /// Requests under way.
    in_flight: usize,
    /// Whether it is about to end.
    draining: bool,
    #[schema(format = DateTime)]
    timestamp: String,
}

/// 200 as long as the process lives
#[utoipa::path(get, path = "/livez", tag = "health", security(()),
    responses((status = 200, body = Livez)))]
pub(crate) async fn livez(State(admin): State<Arc<Admin>>) -> Response {
    Json(Livez {
        status: "alive",
        in_flight: admin.lifecycle.in_flight(),
        draining: admin.lifecycle.is_draining(),
        timestamp: now_rfc3339(),
    })
    .into_response()
}

/// Every figure, in OpenMetrics text
#[utoipa::path(get, path = "/metrics", tag = "figures", responses(
    (status = 200, content_type = "application/openmetrics-text", body = String)))]
pub(crate) async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], (admin.metrics)()).into_response()
}

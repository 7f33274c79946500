//! Whether weir is well: for load balancers (`/health`), for supervisors (`/livez`) and for
//! Prometheus (`/metrics`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::router::Admin;
use crate::time::now_rfc3339;

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    capture_dropped: u64,
    timestamp: String,
}

/// 503 while draining, and while nothing can be captured if capture is required; 200 else, with
/// `degraded` and why when nothing can be captured.
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
        timestamp: now_rfc3339(),
    };
    (code, Json(body)).into_response()
}

#[derive(Debug, Serialize)]
struct Livez {
    status: &'static str,
    in_flight: usize,
    draining: bool,
    timestamp: String,
}

/// 200 as long as the process lives.
pub(crate) async fn livez(State(admin): State<Arc<Admin>>) -> Response {
    Json(Livez {
        status: "alive",
        in_flight: admin.lifecycle.in_flight(),
        draining: admin.lifecycle.is_draining(),
        timestamp: now_rfc3339(),
    })
    .into_response()
}

/// Every figure, in OpenMetrics text.
pub(crate) async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], (admin.metrics)()).into_response()
}

//! Which call answers which path.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use weir_core::health::Lifecycle;
use weir_core::steer::Steering;
use weir_store::{Reader, Recorder};

use crate::access::{Access, guard, method_not_allowed, not_found};
use crate::{health, lists, live, requests, steering};

/// What the API answers from.
pub struct Admin {
    /// What deletes, flushes and reports.
    pub store: Recorder,
    /// What reads.
    pub reader: Reader,
    /// Running or draining.
    pub lifecycle: Arc<Lifecycle>,
    /// Whether weir is unhealthy while nothing can be captured.
    pub capture_required: Box<dyn Fn() -> bool + Send + Sync>,
    /// Every figure, in OpenMetrics text.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// The address that agents are told to use; none is the one that was asked.
    pub public_url: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// The whole API. `access` is asked for each request, so that a reload takes effect.
pub fn router_with(
    admin: Arc<Admin>,
    access: Arc<dyn Fn() -> Access + Send + Sync>,
    steering: Arc<dyn Steering>,
) -> Router {
    let guarded = Router::new()
        .route("/", get(front))
        .route("/api/config", get(requests::config))
        .route("/api/requests", get(lists::list).delete(requests::clear))
        .merge(lists::routes())
        .route("/api/requests/latest-date", get(requests::latest_date))
        .route(
            "/api/requests/{id}",
            get(requests::one).delete(requests::delete_one),
        )
        .route("/api/requests/{id}/raw/{side}", get(requests::raw))
        .route("/api/live", get(live::live))
        .route("/metrics", get(health::metrics))
        .merge(steering::routes(steering))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(access, guard));
    Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .merge(guarded)
        .with_state(admin)
}

/// What stands at `/` until there are pages.
async fn front() -> impl IntoResponse {
    let text = "weir is running.\n\n\
        GET    /api/requests                      exchanges, newest first: ?page=&limit=&model=\n\
        GET    /api/requests/summary              the same without bodies: ?offset=&limit=&model=&start=&end=\n\
        GET    /api/requests/latest-date          when the newest began\n\
        GET    /api/requests/{id}                 one, by its id or the end of it\n\
        GET    /api/requests/{id}/raw/request     the exact bytes sent\n\
        GET    /api/requests/{id}/raw/response    the exact bytes received\n\
        DELETE /api/requests                      forget all; with ?older_than=, ?session=, ?model= some\n\
        DELETE /api/requests/{id}                 forget one\n\
        GET    /api/live                          exchanges as they happen (SSE)\n\
        GET    /api/config                        the address for agents\n\
        GET    /api/providers                     health, figures and keys of providers; /{name} for one\n\
        POST   /api/providers/{name}/{action}     enable, disable or reset one\n\
        POST   /api/providers/{name}/keys         add a key; DELETE {key} removes, POST {key}/{action} as above\n\
        GET    /api/quota                         when the quotas of keys are spent at the present rate\n\
        GET    /api/stats                         figures; /stream sends them every second (SSE)\n\
        PUT    /api/routing/strategy              how providers are picked\n\
        POST   /api/config/reload                 read the configuration again\n\
        GET    /api/config/effective              every setting in force\n\
        GET    /health /livez /metrics\n";
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}

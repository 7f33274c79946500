//! Steering the gateway as a whole: which calls there are, how providers are picked, and the
//! configuration. Providers and keys are next door.

mod figures;

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use weir_core::config::{Effective, Source};
use weir_core::settings::Strategy;
use weir_core::steer::{SteerError, Steering, read_strategy};

use crate::access::Peer;
use crate::providers;
use crate::requests::Fault;
use figures::Figures;

/// Largest body of a call, in bytes: a key and what is said of it.
const MAX_BODY: usize = 16 * 1024;

/// What the calls answer from.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) steering: Arc<dyn Steering>,
    figures: Figures,
}

/// Every call that shows or steers the running gateway.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(steering: Arc<dyn Steering>) -> Router<S> {
    let desk = Arc::new(Desk {
        steering,
        figures: Figures::default(),
    });
    let key = "/api/providers/{name}/keys/{key}";
    Router::new()
        .route("/api/providers", get(providers::list))
        .route("/api/providers/{name}", get(providers::one))
        .route("/api/providers/{name}/enable", post(providers::enable))
        .route("/api/providers/{name}/disable", post(providers::disable))
        .route("/api/providers/{name}/reset", post(providers::reset))
        .route("/api/providers/{name}/keys", post(providers::add_key))
        .route(key, delete(providers::remove_key))
        .route(&format!("{key}/enable"), post(providers::enable_key))
        .route(&format!("{key}/disable"), post(providers::disable_key))
        .route(&format!("{key}/reset"), post(providers::reset_key))
        .route("/api/quota", get(providers::quota))
        .route("/api/stats", get(figures::stats))
        .route("/api/stats/stream", get(figures::stream))
        .route("/api/routing/strategy", get(strategy).put(set_strategy))
        .route("/api/config/reload", post(reload))
        .route("/api/config/effective", get(effective))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(desk)
}

impl From<SteerError> for Fault {
    fn from(error: SteerError) -> Self {
        match error {
            SteerError::NotFound(message) => Self::new(StatusCode::NOT_FOUND, message),
            SteerError::Invalid { field, message } => {
                Self::new(StatusCode::BAD_REQUEST, message).of_field(field)
            }
            SteerError::Conflict(message) => Self::new(StatusCode::CONFLICT, message),
        }
    }
}

/// A body, or why there is none to be had.
pub(crate) fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Fault> {
    body.map_err(|rejection| {
        let message = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            format!("the body is larger than {MAX_BODY} bytes")
        } else {
            "the body did not come whole".to_owned()
        };
        Fault::new(rejection.status(), message)
    })
}

#[derive(Serialize)]
struct Strategies {
    strategy: &'static str,
    strategies: [&'static str; Strategy::ALL.len()],
}

impl From<Strategy> for Strategies {
    fn from(strategy: Strategy) -> Self {
        Self {
            strategy: strategy.as_str(),
            strategies: Strategy::ALL.map(Strategy::as_str),
        }
    }
}

/// `GET /api/routing/strategy`: how providers are picked, and what else there is.
pub(crate) async fn strategy(State(desk): State<Arc<Desk>>) -> Response {
    Json(Strategies::from(desk.steering.strategy())).into_response()
}

/// `PUT /api/routing/strategy`: picks them otherwise; the body is `{"strategy": ...}`.
pub(crate) async fn set_strategy(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let strategy = read_strategy(&whole(body)?)?;
    desk.steering.set_strategy(strategy)?;
    tracing::info!(%peer, strategy = strategy.as_str(), "strategy set");
    Ok(Json(Strategies::from(desk.steering.strategy())).into_response())
}

/// `POST /api/config/reload`: reads the configuration again. 422 with every fault if it is not
/// valid; nothing has changed then.
pub(crate) async fn reload(State(desk): State<Arc<Desk>>) -> Result<Response, Fault> {
    // Files are read, which must not hold up the requests of this thread.
    let reload = move || desk.steering.reload();
    let reloaded = tokio::task::spawn_blocking(reload).await.map_err(|_| {
        let message = "the reload broke off; weir's log says why";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    })?;
    Ok(match reloaded {
        Ok(reloaded) => Json(reloaded).into_response(),
        Err(faults) => {
            let error = "the configuration is not valid, nothing has changed";
            let body = Json(json!({ "error": error, "faults": faults }));
            (StatusCode::UNPROCESSABLE_ENTITY, body).into_response()
        }
    })
}

/// `GET /api/config/effective`: every setting in force and where it came from, without secrets.
pub(crate) async fn effective(State(desk): State<Arc<Desk>>) -> Response {
    let settings: Vec<Value> = desk.steering.config().iter().map(setting).collect();
    Json(json!({ "settings": settings })).into_response()
}

fn setting(setting: &Effective) -> Value {
    let (source, line, variable) = match &setting.source {
        Source::Default => ("default", None, None),
        Source::File { line } => ("file", Some(*line), None),
        Source::Env(name) => ("environment", None, Some(*name)),
        Source::Flag => ("command_line", None, None),
    };
    let mut json = json!({
        "path": setting.path,
        "value": setting.value,
        "source": source,
        "live": setting.live,
    });
    if let Some(line) = line {
        json["line"] = line.into();
    }
    if let Some(variable) = variable {
        json["variable"] = variable.into();
    }
    json
}

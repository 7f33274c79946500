//! The configuration: what is in force and why, and reading it again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::config::{self, Source};
use weir_core::described::one_of;
use weir_core::steer::Reloaded;

use crate::access::Door;
use crate::fault::{Error, Fault};
use crate::router::Admin;

/// Every call about the configuration.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(config))
        .routes(routes!(reload))
        .routes(routes!(effective))
}

/// What pages need to know.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    /// The address that agents are told to use; null is the one that was asked.
    #[schema(required)]
    proxy_public_url: Option<String>,
    /// The version of weir.
    version: &'static str,
    /// Whether one has to log in.
    password_required: bool,
    /// Whether bodies are captured.
    capture_bodies: bool,
}

/// What pages and set-up lines need to know
#[utoipa::path(get, path = "/api/config", tag = "configuration",
    responses((status = 200, body = Config)))]
pub(crate) async fn config(
    State(admin): State<Arc<Admin>>,
    Extension(door): Extension<Arc<Door>>,
) -> Json<Config> {
    Json(Config {
        proxy_public_url: (admin.public_url)(),
        version: env!("CARGO_PKG_VERSION"),
        password_required: door.access.password.is_some(),
        capture_bodies: admin.store.captures(),
    })
}

/// A configuration that is not valid.
#[derive(Serialize, ToSchema)]
pub(crate) struct Faults {
    error: &'static str,
    /// Each a sentence with its place.
    faults: Vec<String>,
}

impl Faults {
    pub(crate) fn of(faults: Vec<String>) -> Self {
        let error = "the configuration is not valid, nothing has changed";
        Self { error, faults }
    }
}

impl IntoResponse for Faults {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(self)).into_response()
    }
}

/// Read the configuration again
///
/// It is taken into use whole or not at all.
#[utoipa::path(post, path = "/api/config/reload", tag = "configuration",
    responses((status = 200, body = Reloaded),
        (status = 422, description = "It is not valid; nothing has changed", body = Faults),
        (status = 500, description = "The reload broke off", body = Error)))]
pub(crate) async fn reload(State(admin): State<Arc<Admin>>) -> Result<Response, Fault> {
    // Files are read, which must not hold up the requests of this thread.
    let reload = move || admin.steering.reload();
    let reloaded = tokio::task::spawn_blocking(reload).await.map_err(|_| {
        let message = "the reload broke off; weir's log says why";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    })?;
    Ok(match reloaded {
        Ok(reloaded) => Json(reloaded).into_response(),
        Err(faults) => Faults::of(faults).into_response(),
    })
}

/// Every setting in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct Effective {
    /// In the order of the reference.
    settings: Vec<EffectiveSetting>,
}

/// A setting in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct EffectiveSetting {
    /// Its place in the file, such as `server.port`.
    path: String,
    /// As it would be written; secrets are blotted out, null is nothing.
    #[schema(required)]
    value: Option<String>,
    /// `default`, `file`, `stored`, `environment` or `command_line`.
    #[schema(schema_with = sources)]
    source: &'static str,
    /// Whether a change takes effect without a restart.
    live: bool,
    /// The line of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// The variable of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<&'static str>,
}

fn sources() -> Object {
    one_of(["default", "file", "stored", "environment", "command_line"])
}

/// Every setting in force and where it came from, without secrets
#[utoipa::path(get, path = "/api/config/effective", tag = "configuration",
    responses((status = 200, body = Effective)))]
pub(crate) async fn effective(State(admin): State<Arc<Admin>>) -> Json<Effective> {
    let settings = admin.steering.config().into_iter().map(setting).collect();
    Json(Effective { settings })
}

fn setting(setting: config::Effective) -> EffectiveSetting {
    let (source, line, variable) = match setting.source {
        Source::Default => ("default", None, None),
        Source::File { line } => ("file", Some(line), None),
        Source::Stored => ("stored", None, None),
        Source::Env(name) => ("environment", None, Some(name)),
        Source::Flag => ("command_line", None, None),
    };
    EffectiveSetting {
        path: setting.path,
        value: setting.value,
        source,
        live: setting.live,
        line,
        variable,
    }
}

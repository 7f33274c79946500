//! Edits of settings at run time, and the rules for headers among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::settings::HeaderRule;
use weir_core::steer::{EditError, Reloaded};

use crate::access::Peer;
use crate::config::Faults;
use crate::fault::{BodyFaults, Error, Fault};
use crate::params::whole_of;
use crate::router::Admin;

/// Largest body, in bytes: all the rules that there may be.
const MAX_BODY: usize = 1024 * 1024;
const REQUEST_RULES: &str = "routing.request_header_rules";
const RESPONSE_RULES: &str = "routing.response_header_rules";

/// Every call that edits settings.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(stored, edit))
        .routes(routes!(settings, set_settings))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// The edits that are kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stored {
    /// Path to value, as it would stand in the environment.
    settings: BTreeMap<String, String>,
}

/// What an edit has done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Edited {
    /// The settings that are others than before.
    changed: Vec<String>,
    /// Those of them that take effect only with a restart.
    needs_restart: Vec<String>,
    /// What is odd, each a sentence.
    warnings: Vec<String>,
}

impl From<Reloaded> for Edited {
    fn from(done: Reloaded) -> Self {
        Self {
            changed: done.changed,
            needs_restart: done.needs_restart,
            warnings: done.warnings,
        }
    }
}

/// The edits of settings that were made at run time
#[utoipa::path(get, path = "/api/config/stored", tag = "configuration",
    responses((status = 200, body = Stored),
        (status = 503, description = "They cannot be read at this moment", body = Error)))]
async fn stored(State(admin): State<Arc<Admin>>) -> Result<Json<Stored>, Fault> {
    let stored = blocking(move || admin.steering.stored()).await?;
    let stored = stored.map_err(unavailable)?;
    Ok(Json(Stored {
        settings: stored.into_iter().collect(),
    }))
}

/// Edit settings at run time; `null` takes an edit back
///
/// Edits win over the file, and lose to the environment and the command line. They are taken into
/// use whole or not at all, and kept in the database. Credentials, and where the database is,
/// cannot be edited so.
#[utoipa::path(patch, path = "/api/config/stored", tag = "configuration",
    request_body = BTreeMap<String, Value>,
    responses((status = 200, body = Edited),
        (status = 422, description = "It is not valid; nothing has changed", body = Faults),
        (status = 503, description = "Edits cannot be kept at this moment", body = Error),
        BodyFaults))]
async fn edit(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let edits: Map<String, Value> = serde_json::from_slice(&whole_of(body, MAX_BODY)?)
        .map_err(|error| Fault::bad(format!("not a JSON object of settings: {error}")))?;
    let edits: Vec<_> = edits
        .into_iter()
        .map(|(path, value)| (path, text(value)))
        .collect();
    Ok(match make(admin, edits).await? {
        Ok(done) => {
            tracing::info!(%peer, changed = done.changed.join(", "), "settings edited");
            Json(Edited::from(done)).into_response()
        }
        Err(faults) => faults.into_response(),
    })
}

/// The rules for headers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProxySettings {
    /// Changes of the headers that providers get, in their order.
    request_header_rules: Vec<HeaderRule>,
    /// Changes of the headers that clients get, in their order.
    response_header_rules: Vec<HeaderRule>,
    /// What agents may miss because of them, and what else is odd.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// The rules for headers, to be set.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSettings<'a> {
    #[serde(borrow)]
    #[schema(value_type = Vec<HeaderRule>, max_items = 100)]
    request_header_rules: &'a RawValue,
    #[serde(borrow)]
    #[schema(value_type = Vec<HeaderRule>, max_items = 100)]
    response_header_rules: &'a RawValue,
    /// What an answer said; it is not looked at.
    #[serde(default, rename = "warnings")]
    #[schema(value_type = Option<Vec<String>>)]
    _warnings: Option<Vec<String>>,
}

/// The rules for headers in force
#[utoipa::path(get, path = "/api/settings", tag = "configuration",
    responses((status = 200, body = ProxySettings)))]
async fn settings(State(admin): State<Arc<Admin>>) -> Json<ProxySettings> {
    Json(in_force(&admin, Vec::new()))
}

/// Set the rules for headers, from the next request on
#[utoipa::path(put, path = "/api/settings", tag = "configuration", request_body = NewSettings,
    responses((status = 200, body = ProxySettings),
        (status = 400, description = "A rule is not as it should be, or for a header that frames \
            messages", body = Error),
        (status = 422, description = "It is not valid; nothing has changed", body = Faults),
        (status = 503, description = "Edits cannot be kept at this moment", body = Error),
        BodyFaults))]
async fn set_settings(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let body = whole_of(body, MAX_BODY)?;
    let new: NewSettings<'_> = serde_json::from_slice(&body)
        .map_err(|error| Fault::bad(format!("not the rules for headers: {error}")))?;
    let edits = [
        (
            REQUEST_RULES,
            "requestHeaderRules",
            new.request_header_rules,
        ),
        (
            RESPONSE_RULES,
            "responseHeaderRules",
            new.response_header_rules,
        ),
    ]
    .map(|(path, field, rules)| {
        let rules = HeaderRule::read_all(rules.get());
        let rules =
            rules.map_err(|wrong| Fault::bad(format!("`{field}`: {wrong}")).of_field(field))?;
        Ok((path.to_owned(), serde_json::to_string(&rules).ok()))
    });
    let edits = edits.into_iter().collect::<Result<Vec<_>, Fault>>()?;
    Ok(match make(Arc::clone(&admin), edits).await? {
        Ok(done) => {
            tracing::info!(%peer, "rules for headers set");
            let about = |warning: &String| warning.contains("_header_rules");
            let warnings = done.warnings.into_iter().filter(about).collect();
            Json(in_force(&admin, warnings)).into_response()
        }
        Err(faults) => faults.into_response(),
    })
}

fn in_force(admin: &Admin, warnings: Vec<String>) -> ProxySettings {
    let config = admin.steering.config();
    let rules = |path: &str| {
        let setting = config.iter().find(|setting| setting.path == path);
        let value = setting.and_then(|setting| setting.value.as_deref());
        value
            .and_then(|value| HeaderRule::read_all(value).ok())
            .unwrap_or_default()
    };
    ProxySettings {
        request_header_rules: rules(REQUEST_RULES),
        response_header_rules: rules(RESPONSE_RULES),
        warnings,
    }
}

/// Makes edits; the inner error is what is wrong with the configuration that it would be.
async fn make(
    admin: Arc<Admin>,
    edits: Vec<(String, Option<String>)>,
) -> Result<Result<Reloaded, Faults>, Fault> {
    match blocking(move || admin.steering.edit(&edits)).await? {
        Ok(done) => Ok(Ok(done)),
        Err(EditError::Faults(faults)) => Ok(Err(Faults::of(faults))),
        Err(error) => Err(unavailable(error)),
    }
}

/// Files and the database must not hold up the requests of this thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let message = "this broke off; weir's log says why";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    })
}

fn unavailable(error: EditError) -> Fault {
    let why = match error {
        EditError::Unavailable(why) => why,
        EditError::Faults(faults) => faults.join("; "),
    };
    let message = "edits of settings cannot be kept or read at this moment";
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, message).because(why)
}

/// A value as it would stand in the environment: lists with commas, maps as `name=value`.
fn text(value: Value) -> Option<String> {
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(items) if items.iter().all(plain) => {
            let items: Vec<String> = items.into_iter().filter_map(text).collect();
            Some(items.join(","))
        }
        Value::Object(fields) if fields.values().all(plain) => {
            let pairs = fields.into_iter();
            let pairs = pairs.filter_map(|(name, value)| Some(format!("{name}={}", text(value)?)));
            Some(pairs.collect::<Vec<_>>().join(","))
        }
        other => Some(other.to_string()),
    }
}

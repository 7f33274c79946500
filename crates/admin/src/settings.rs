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
use utoipa::{IntoResponses, ToSchema};
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

/// Of calls that edit settings.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never made")]
enum EditFaults {
    /// It is not valid; nothing has changed
    #[response(status = 422)]
    Faults(#[to_schema] Faults),
    /// Edits cannot be kept at this moment
    #[response(status = 503)]
    Unavailable(#[to_schema] Error),
}

/// Why settings were not edited.
enum Refused {
    Fault(Fault),
    /// What is wrong with the configuration that it would be.
    Faults(Faults),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Fault(fault) => fault.into_response(),
            Self::Faults(faults) => faults.into_response(),
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
    responses((status = 200, body = Edited), EditFaults, BodyFaults))]
async fn edit(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Edited>, Refused> {
    let edits: Map<String, Value> = serde_json::from_slice(&whole_of(body, MAX_BODY)?)
        .map_err(|error| Fault::bad(format!("not a JSON object of settings: {error}")))?;
    let edits: Vec<_> = edits
        .into_iter()
        .map(|(path, value)| (path, text(value)))
        .collect();
    let done = make(admin, edits).await?;
    tracing::info!(%peer, changed = done.changed.join(", "), "settings edited");
    Ok(Json(done.into()))
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
async fn settings(State(admin): State<Arc<Admin>>) -> Result<Json<ProxySettings>, Fault> {
    in_force(admin, Vec::new()).await
}

/// Set the rules for headers, from the next request on
#[utoipa::path(put, path = "/api/settings", tag = "configuration", request_body = NewSettings,
    responses((status = 200, body = ProxySettings),
        (status = 400, description = "A rule is not as it should be, or for a header that frames \
            messages", body = Error),
        EditFaults, BodyFaults))]
async fn set_settings(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ProxySettings>, Refused> {
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
    let done = make(Arc::clone(&admin), edits).await?;
    tracing::info!(%peer, "rules for headers set");
    let about = |warning: &String| warning.contains("_header_rules");
    let warnings = done.warnings.into_iter().filter(about).collect();
    Ok(in_force(admin, warnings).await?)
}

async fn in_force(admin: Arc<Admin>, warnings: Vec<String>) -> Result<Json<ProxySettings>, Fault> {
    let config = blocking(move || admin.steering.config()).await?;
    let rules = |path: &str| {
        let setting = config.iter().find(|setting| setting.path == path);
        let value = setting.and_then(|setting| setting.value.as_deref());
        value
            .and_then(|value| HeaderRule::read_all(value).ok())
            .unwrap_or_default()
    };
    Ok(Json(ProxySettings {
        request_header_rules: rules(REQUEST_RULES),
        response_header_rules: rules(RESPONSE_RULES),
        warnings,
    }))
}

async fn make(
    admin: Arc<Admin>,
    edits: Vec<(String, Option<String>)>,
) -> Result<Reloaded, Refused> {
    let done = blocking(move || admin.steering.edit(&edits)).await?;
    done.map_err(|error| match error {
        EditError::Faults(faults) => Refused::Faults(Faults::of(faults)),
        error @ EditError::Unavailable(_) => unavailable(error).into(),
    })
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

/// A value as it would stand in the environment: lists and maps as JSON, so that an item may hold a
/// comma, all else as text.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

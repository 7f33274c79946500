//! Providers and their keys: what they are like, switching and resetting them, adding keys and
//! removing them, and the forecasts of quotas. A change is logged with who made it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use weir_core::keys::{self, KeyId, KeyView, WindowView};
use weir_core::steer::{ProviderView, SteerError, Steering, read_key};

use crate::access::Peer;
use crate::requests::Fault;
use crate::steering::{Desk, whole};

/// `GET /api/providers`: each with health, figures and keys, in the order of the configuration.
pub(crate) async fn list(State(desk): State<Arc<Desk>>) -> Response {
    Json(json!({ "providers": desk.steering.providers() })).into_response()
}

/// `GET /api/providers/{name}`: one of them.
pub(crate) async fn one(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    Ok(Json(desk.steering.provider(&name)?))
}

/// `POST /api/providers/{name}/enable`: new requests go to it again.
pub(crate) async fn enable(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    desk.steering.set_provider_enabled(&name, true)?;
    tracing::info!(%peer, provider = name, "provider enabled");
    Ok(Json(desk.steering.provider(&name)?))
}

/// `POST /api/providers/{name}/disable`: no new requests go to it.
pub(crate) async fn disable(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    desk.steering.set_provider_enabled(&name, false)?;
    tracing::info!(%peer, provider = name, "provider disabled");
    Ok(Json(desk.steering.provider(&name)?))
}

/// `POST /api/providers/{name}/reset`: closes its breaker and ends the pauses of its keys.
pub(crate) async fn reset(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    desk.steering.reset_provider(&name)?;
    tracing::info!(%peer, provider = name, "provider reset");
    Ok(Json(desk.steering.provider(&name)?))
}

/// `POST /api/providers/{name}/keys`: adds a key; the body is `{"key": ..., "name"?: ...,
/// "rpm_limit"?: ..., "itpm_limit"?: ..., "otpm_limit"?: ..., "priority"?: ..., "weight"?: ...}`.
pub(crate) async fn add_key(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let key = read_key(&whole(body)?)?;
    let id = desk.steering.add_key(&name, key)?;
    tracing::info!(%peer, provider = name, key = %id, "key added");
    let view = find(&*desk.steering, &name, |key| key.id == id);
    let view = view.ok_or_else(|| unknown(&name, &id.to_string()))?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

#[derive(Serialize)]
pub(crate) struct Removed {
    provider: String,
    id: KeyId,
    removed: bool,
}

/// `DELETE /api/providers/{name}/keys/{key}`: takes a key out, called by its id or its name.
pub(crate) async fn remove_key(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<Removed>, Fault> {
    desk.steering.provider(&name)?;
    let id = called(&*desk.steering, &name, &key)?.id;
    desk.steering.remove_key(&name, &key)?;
    tracing::info!(%peer, provider = name, key = %id, "key removed");
    Ok(Json(Removed {
        provider: name,
        id,
        removed: true,
    }))
}

/// `POST /api/providers/{name}/keys/{key}/enable`: requests may use it again.
pub(crate) async fn enable_key(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<KeyView>, Fault> {
    desk.steering.set_key_enabled(&name, &key, true)?;
    told(peer, &*desk.steering, (&name, &key), "key enabled")
}

/// `POST /api/providers/{name}/keys/{key}/disable`: no new request uses it.
pub(crate) async fn disable_key(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<KeyView>, Fault> {
    desk.steering.set_key_enabled(&name, &key, false)?;
    told(peer, &*desk.steering, (&name, &key), "key disabled")
}

/// `POST /api/providers/{name}/keys/{key}/reset`: ends its pauses and forgets its errors.
pub(crate) async fn reset_key(
    State(desk): State<Arc<Desk>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<KeyView>, Fault> {
    desk.steering.reset_key(&name, &key)?;
    told(peer, &*desk.steering, (&name, &key), "key reset")
}

/// Logs what was done to a key, and shows the key.
fn told(
    peer: SocketAddr,
    steering: &dyn Steering,
    (provider, key): (&str, &str),
    done: &str,
) -> Result<Json<KeyView>, Fault> {
    let view = called(steering, provider, key)?;
    tracing::info!(%peer, provider, key = %view.id, "{done}");
    Ok(Json(view))
}

/// The key that people call so; whether that is only one the steering decides.
fn called(steering: &dyn Steering, provider: &str, key: &str) -> Result<KeyView, Fault> {
    let is = |view: &KeyView| {
        view.name.as_deref() == Some(key) || view.id.to_string().eq_ignore_ascii_case(key)
    };
    find(steering, provider, is).ok_or_else(|| unknown(provider, key))
}

fn find(
    steering: &dyn Steering,
    provider: &str,
    wanted: impl Fn(&KeyView) -> bool,
) -> Option<KeyView> {
    let provider = steering.provider(provider).ok()?;
    provider.keys.into_iter().find(wanted)
}

fn unknown(provider: &str, key: &str) -> Fault {
    SteerError::of_key(provider, key, keys::SteerError::Unknown).into()
}

/// What is to be expected of a key's quotas. Moments are milliseconds since the Unix epoch.
#[derive(Serialize)]
struct Quota {
    provider: String,
    key: KeyId,
    name: Option<String>,
    organization_id: Option<String>,
    status: keys::KeyStatus,
    /// Whether requests are paid for beyond the subscription.
    overage: bool,
    /// The end of a pause because a window is spent.
    spent_until: Option<i64>,
    /// When the first of its windows is spent at the present rate.
    spent_at: Option<i64>,
    /// Whether the least urgent requests have to wait.
    short: bool,
    windows: Vec<WindowView>,
}

impl Quota {
    fn of(provider: &str, key: KeyView) -> Self {
        let windows = key.windows;
        Self {
            provider: provider.to_owned(),
            key: key.id,
            name: key.name,
            organization_id: key.organization_id,
            status: key.status,
            overage: key.overage,
            spent_until: key.spent_until,
            spent_at: windows.iter().filter_map(|window| window.spent_at).min(),
            short: windows.iter().any(|window| window.short),
            windows,
        }
    }
}

/// `GET /api/quota`: of every key, what its provider said of its windows and when they are spent
/// at the present rate.
pub(crate) async fn quota(State(desk): State<Arc<Desk>>) -> Response {
    let quotas = desk.steering.providers().into_iter().flat_map(|provider| {
        let name = provider.name;
        let keys = provider.keys.into_iter();
        keys.map(move |key| Quota::of(&name, key))
    });
    let quotas: Vec<Quota> = quotas.collect();
    let now = Timestamp::now().as_millisecond();
    Json(json!({ "timestamp_ms": now, "keys": quotas })).into_response()
}

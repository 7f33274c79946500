//! The keys of providers: adding and removing, switching and resetting them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_core::keys::{self, KeyId, KeyView};
use weir_core::steer::{SteerError, Steering, read_key};

use crate::access::Peer;
use crate::fault::{BodyFaults, Error, Fault};
use crate::params::whole;
use crate::router::Admin;

/// A key to add. It is read by hand, so that no fault repeats a credential.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body")]
pub(crate) struct NewKey {
    /// The credential.
    #[schema(min_length = 1, max_length = 4096, pattern = "^[!-~]+$")]
    key: String,
    /// What people call it.
    #[schema(max_length = 64)]
    name: Option<String>,
    /// Requests a minute; 0 is no limit.
    rpm_limit: Option<u64>,
    /// Input tokens a minute; 0 is no limit.
    itpm_limit: Option<u64>,
    /// Output tokens a minute; 0 is no limit.
    otpm_limit: Option<u64>,
    /// Higher goes first.
    #[schema(maximum = 2)]
    priority: Option<u8>,
    /// Its share.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 4_294_967_295_u64)]
    weight: Option<u32>,
}

/// Add a key to a provider
#[utoipa::path(post, path = "/api/providers/{name}/keys", tag = "providers",
    params(("name" = String, Path, description = "The provider")), request_body = NewKey,
    responses((status = 201, description = "The key as it is then", body = KeyView),
        (status = 404, description = "There is no such provider", body = Error),
        (status = 409, description = "It has the key already, or can take no more", body = Error),
        BodyFaults))]
pub(crate) async fn add_key(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<KeyView>), Fault> {
    let key = read_key(&whole(body)?)?;
    let id = admin.steering.add_key(&name, key)?;
    tracing::info!(%peer, provider = name, key = %id, "key added");
    let view = find(&*admin.steering, &name, |key| key.id == id);
    let view = view.ok_or_else(|| unknown(&name, &id.to_string()))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// A key that is no more.
#[derive(Serialize, ToSchema)]
pub(crate) struct Removed {
    provider: String,
    id: KeyId,
    removed: bool,
}

/// Take a key out
#[utoipa::path(delete, path = "/api/providers/{name}/keys/{key}", tag = "providers",
    params(("name" = String, Path, description = "The provider"),
        ("key" = String, Path, description = "The key's id or name")),
    responses((status = 200, body = Removed),
        (status = 404, description = "There is none of this name", body = Error),
        (status = 409, description = "More than one key has this name", body = Error)))]
pub(crate) async fn remove_key(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<Removed>, Fault> {
    admin.steering.provider(&name)?;
    let id = called(&*admin.steering, &name, &key)?.id;
    admin.steering.remove_key(&name, &key)?;
    tracing::info!(%peer, provider = name, key = %id, "key removed");
    Ok(Json(Removed {
        provider: name,
        id,
        removed: true,
    }))
}

/// Let requests use a key again
#[utoipa::path(post, path = "/api/providers/{name}/keys/{key}/enable", tag = "providers",
    params(("name" = String, Path, description = "The provider"),
        ("key" = String, Path, description = "The key's id or name")),
    responses((status = 200, description = "The key as it is then", body = KeyView),
        (status = 404, description = "There is none of this name", body = Error),
        (status = 409, description = "More than one key has this name", body = Error)))]
pub(crate) async fn enable_key(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<KeyView>, Fault> {
    admin.steering.set_key_enabled(&name, &key, true)?;
    told(peer, &*admin.steering, (&name, &key), "key enabled")
}

/// Let no new request use a key
#[utoipa::path(post, path = "/api/providers/{name}/keys/{key}/disable", tag = "providers",
    params(("name" = String, Path, description = "The provider"),
        ("key" = String, Path, description = "The key's id or name")),
    responses((status = 200, description = "The key as it is then", body = KeyView),
        (status = 404, description = "There is none of this name", body = Error),
        (status = 409, description = "More than one key has this name", body = Error)))]
pub(crate) async fn disable_key(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<KeyView>, Fault> {
    admin.steering.set_key_enabled(&name, &key, false)?;
    told(peer, &*admin.steering, (&name, &key), "key disabled")
}

/// End a key's pauses and forget its errors
#[utoipa::path(post, path = "/api/providers/{name}/keys/{key}/reset", tag = "providers",
    params(("name" = String, Path, description = "The provider"),
        ("key" = String, Path, description = "The key's id or name")),
    responses((status = 200, description = "The key as it is then", body = KeyView),
        (status = 404, description = "There is none of this name", body = Error),
        (status = 409, description = "More than one key has this name", body = Error)))]
pub(crate) async fn reset_key(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<KeyView>, Fault> {
    admin.steering.reset_key(&name, &key)?;
    told(peer, &*admin.steering, (&name, &key), "key reset")
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

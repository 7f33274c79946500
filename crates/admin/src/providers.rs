//! Providers: what they are like, switching and resetting them. A change is logged with who made it.

mod keys;

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Extension, Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::steer::ProviderView;

use crate::access::Peer;
use crate::fault::{Error, Fault};
use crate::params::MAX_BODY;
use crate::router::Admin;

/// Every call that shows or steers providers and keys.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(reset))
        .routes(routes!(keys::add_key))
        .routes(routes!(keys::remove_key))
        .routes(routes!(keys::enable_key))
        .routes(routes!(keys::disable_key))
        .routes(routes!(keys::reset_key))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Every provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct Providers {
    /// In the order of the configuration.
    providers: Vec<ProviderView>,
}

/// Each provider with health, figures and keys, in the order of the configuration
#[utoipa::path(get, path = "/api/providers", tag = "providers",
    responses((status = 200, body = Providers)))]
pub(crate) async fn list(State(admin): State<Arc<Admin>>) -> Json<Providers> {
    let providers = admin.steering.providers();
    Json(Providers { providers })
}

/// One provider
#[utoipa::path(get, path = "/api/providers/{name}", tag = "providers",
    params(("name" = String, Path, description = "The provider")),
    responses((status = 200, body = ProviderView),
        (status = 404, description = "There is none of this name", body = Error)))]
pub(crate) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    Ok(Json(admin.steering.provider(&name)?))
}

/// Send new requests to a provider again
#[utoipa::path(post, path = "/api/providers/{name}/enable", tag = "providers",
    params(("name" = String, Path, description = "The provider")),
    responses((status = 200, description = "The provider as it is then", body = ProviderView),
        (status = 404, description = "There is none of this name", body = Error)))]
pub(crate) async fn enable(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    admin.steering.set_provider_enabled(&name, true)?;
    tracing::info!(%peer, provider = name, "provider enabled");
    Ok(Json(admin.steering.provider(&name)?))
}

/// Send no new requests to a provider
#[utoipa::path(post, path = "/api/providers/{name}/disable", tag = "providers",
    params(("name" = String, Path, description = "The provider")),
    responses((status = 200, description = "The provider as it is then", body = ProviderView),
        (status = 404, description = "There is none of this name", body = Error)))]
pub(crate) async fn disable(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    admin.steering.set_provider_enabled(&name, false)?;
    tracing::info!(%peer, provider = name, "provider disabled");
    Ok(Json(admin.steering.provider(&name)?))
}

/// Close a provider's breaker and end the pauses of its keys
#[utoipa::path(post, path = "/api/providers/{name}/reset", tag = "providers",
    params(("name" = String, Path, description = "The provider")),
    responses((status = 200, description = "The provider as it is then", body = ProviderView),
        (status = 404, description = "There is none of this name", body = Error)))]
pub(crate) async fn reset(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
) -> Result<Json<ProviderView>, Fault> {
    admin.steering.reset_provider(&name)?;
    tracing::info!(%peer, provider = name, "provider reset");
    Ok(Json(admin.steering.provider(&name)?))
}

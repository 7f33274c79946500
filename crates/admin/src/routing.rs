//! How providers are picked.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::settings::Strategy;
use weir_core::steer::read_strategy;

use crate::access::Peer;
use crate::fault::{BodyFaults, Error, Fault};
use crate::params::{MAX_BODY, whole};
use crate::router::Admin;

/// Every call about routing.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(strategy, set_strategy))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// The strategy in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct Strategies {
    strategy: &'static str,
    /// What else there is.
    #[schema(value_type = Vec<String>)]
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

/// How providers are picked, and what else there is
#[utoipa::path(get, path = "/api/routing/strategy", tag = "routing",
    responses((status = 200, body = Strategies)))]
pub(crate) async fn strategy(State(admin): State<Arc<Admin>>) -> Json<Strategies> {
    Json(admin.steering.strategy().into())
}

/// A strategy to take.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body")]
pub(crate) struct NewStrategy {
    /// One of those that `GET` lists.
    strategy: String,
}

/// Pick providers otherwise, from the next request on
#[utoipa::path(put, path = "/api/routing/strategy", tag = "routing", request_body = NewStrategy,
    responses((status = 200, body = Strategies),
        (status = 409, description = "The configuration lacks what it goes by", body = Error),
        BodyFaults))]
pub(crate) async fn set_strategy(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Strategies>, Fault> {
    let strategy = read_strategy(&whole(body)?)?;
    admin.steering.set_strategy(strategy)?;
    tracing::info!(%peer, strategy = strategy.as_str(), "strategy set");
    Ok(Json(admin.steering.strategy().into()))
}

//! The nodes that work together, as far as this one knows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::Admin;

/// Every call about nodes.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(nodes))
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NodeState)]
pub enum NodeState {
    /// It looks whether it may.
    Starting,
    /// It takes requests.
    Serving,
    /// It answers those that it has, and ends.
    Draining,
}

/// A weir.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Node {
    /// Its id, another at each start.
    pub id: String,
    /// Whether it is the one that answers.
    pub this: bool,
    /// The name of its host.
    pub host: String,
    /// Where it listens, as the store's network sees it: `http://10.0.0.5:3001`.
    pub address: String,
    /// Its version.
    pub version: String,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// Requests under way.
    pub in_flight: u64,
    /// What it does.
    pub state: NodeState,
    /// What its projects are kept in: `sqlite`, `postgres`, `mysql`; null without projects.
    #[schema(required)]
    pub database: Option<String>,
    /// Whether it could read that when it last tried; null without projects, and until they are read first.
    #[schema(required)]
    pub sees_database: Option<bool>,
    /// Whether it could talk to Redis when it last tried; null where none is shared.
    #[schema(required)]
    pub sees_redis: Option<bool>,
    /// Its clock less that of Redis, in milliseconds; null while it has not asked.
    #[schema(required)]
    pub clock_ms: Option<i64>,
    /// When it last said that it lives, in milliseconds since the Unix epoch by the clock of Redis; null
    /// while it has not.
    #[schema(required)]
    pub seen_ms: Option<i64>,
}

/// All nodes that are known to live, the one that answers first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Nodes {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Why there may be others that are not among them.
    #[schema(required)]
    pub hint: Option<String>,
}

/// The nodes that share a Redis with this one
///
/// Each says every two seconds that it lives and is left out when it has not for eight. Without a
/// Redis, or while it cannot be reached, there is this one alone and a hint.
#[utoipa::path(get, path = "/api/nodes", tag = "nodes",
    responses((status = 200, body = Nodes)))]
pub(crate) async fn nodes(State(admin): State<Arc<Admin>>) -> Json<Nodes> {
    Json((admin.nodes)())
}

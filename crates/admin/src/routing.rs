//! How requests find their provider: what is set, and where one would go.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, Object};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::described::one_of;
use weir_core::settings::Strategy;
use weir_core::steer::{Explanation, ModelMapped, Question, SubagentsView, read_strategy};

use crate::access::Peer;
use crate::fault::{BodyFaults, Error, Fault};
use crate::params::{MAX_BODY, whole, whole_of};
use crate::router::Admin;

/// Largest body of a question, in bytes: it holds a whole request.
pub(crate) const MAX_QUESTION: usize = 32 << 20;

/// Every call about routing.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(routing))
        .routes(routes!(strategy, set_strategy))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(explain))
                .layer(DefaultBodyLimit::max(MAX_QUESTION)),
        )
}

fn known() -> Object {
    one_of(Strategy::ALL.map(Strategy::as_str))
}

fn all_known() -> Array {
    Array::new(known())
}

/// The strategy in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct Strategies {
    #[schema(schema_with = known)]
    strategy: &'static str,
    /// What else there is.
    #[schema(schema_with = all_known)]
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
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body")]
pub(crate) struct NewStrategy {
    /// One of those that `GET` lists.
    #[schema(schema_with = known)]
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

/// How requests find their provider.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Routing {
    /// How providers are picked.
    #[schema(schema_with = known)]
    strategy: &'static str,
    /// How else they could be.
    #[schema(schema_with = all_known)]
    strategies: [&'static str; Strategy::ALL.len()],
    /// Which models are asked for by other names.
    model_map: Vec<ModelMapped>,
    /// Which subagents have models of their own.
    subagents: SubagentsView,
}

/// Strategies, mapped models, subagents
#[utoipa::path(get, path = "/api/routing", tag = "routing",
    responses((status = 200, body = Routing)))]
pub(crate) async fn routing(State(admin): State<Arc<Admin>>) -> Json<Routing> {
    let steering = &admin.steering;
    Json(Routing {
        strategy: steering.strategy().as_str(),
        strategies: Strategy::ALL.map(Strategy::as_str),
        model_map: steering.model_map(),
        subagents: steering.subagents(),
    })
}

/// A request of which somebody wants to know where it would go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The path; `/v1/messages` by default.
    path: Option<String>,
    /// Its headers.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Its body.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>)]
    body: Option<Box<RawValue>>,
}

/// Where a request would go, and why; nothing is sent
#[utoipa::path(post, path = "/api/routing/explain", tag = "routing", request_body = Asked,
    responses((status = 200, body = Explanation),
        (status = 409, description = "This gateway routes nothing", body = Error), BodyFaults))]
pub(crate) async fn explain(
    State(admin): State<Arc<Admin>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Explanation>, Fault> {
    let question = question(&whole_of(body, MAX_QUESTION)?)?;
    Ok(Json(admin.steering.explain(&question)?))
}

fn question(body: &[u8]) -> Result<Question, Fault> {
    let asked: Asked = serde_json::from_slice(body).map_err(|error| invalid("body", &error))?;
    let mut headers = HeaderMap::with_capacity(asked.headers.len());
    for (name, value) in &asked.headers {
        let (name, value) = header(name, value)?;
        headers.append(name, value);
    }
    if asked
        .body
        .as_ref()
        .is_some_and(|body| !body.get().starts_with('{'))
    {
        let message = "`body`: not the JSON object that a request's body is";
        return Err(Fault::bad(message).of_field("body"));
    }
    Ok(Question {
        path: asked.path.unwrap_or_else(|| "/v1/messages".to_owned()),
        headers,
        body: asked.body.map_or_else(Bytes::new, raw),
    })
}

/// JSON as it stands.
pub(crate) fn raw(json: Box<RawValue>) -> Bytes {
    Bytes::from(String::from(Box::<str>::from(json)))
}

/// A header that somebody has written down.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let field = || format!("headers.{name}");
    let parsed = name.parse().map_err(|_| "not a name of a header");
    let parsed = parsed.and_then(|name: HeaderName| {
        let value = HeaderValue::from_str(value).map_err(|_| "not a value of a header")?;
        Ok((name, value))
    });
    parsed.map_err(|wrong: &str| invalid(&field(), &wrong))
}

/// A field of a call's body that is wrong.
pub(crate) fn invalid(field: &str, wrong: &dyn std::fmt::Display) -> Fault {
    Fault::bad(format!("`{field}`: {wrong}")).of_field(field)
}

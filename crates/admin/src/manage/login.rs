//! Logging in to the pages with a management token, where the dashboard has no password. What the
//! browser keeps is a signed cookie, which the token cannot be read from.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_store::control::Event;

use super::door::{PAGES, off, tell, who};
use crate::access::{Door, Peer};
use crate::fault::{BodyFaults, Error, Fault};
use crate::login::wait;
use crate::params::{MAX_BODY, whole};
use crate::router::Admin;
use crate::session::Stay;

const PATH: &str = "/manage/login";

/// The call that needs no credential.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Who wants to manage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagerCredentials {
    /// The token of a manager.
    #[schema(write_only)]
    management_token: String,
    /// Stay logged in for 30 days, instead of until the browser ends.
    #[serde(default)]
    remember: bool,
}

/// Log in to the pages with a management token: gives a cookie that manages as the token does
///
/// Wrong tokens make the next one wait.
#[utoipa::path(post, path = "/manage/login", tag = "access", request_body = ManagerCredentials, responses(
    (status = 204, description = "Logged in; the cookie is `weir_session`",
        headers(("set-cookie" = String, description = "The session"))),
    (status = 401, description = "The token is nobody's", body = Error),
    (status = 409, description = "The dashboard has a password: log in with that", body = Error),
    (status = 429, description = "Too many wrong tokens; `Retry-After` says how long to wait",
        body = Error), BodyFaults))]
async fn login(
    State(admin): State<Arc<Admin>>,
    Extension(door): Extension<Arc<Door>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let body = whole(body)?;
    // What was sent is not repeated, since it may be a token.
    let given: ManagerCredentials = serde_json::from_slice(&body).map_err(|_| {
        Fault::bad("the body is not `{\"management_token\": \"...\"}`").of_field("management_token")
    })?;
    // The cache is there without projects, and may have managers all the same.
    if admin.control.is_none() && door.access.managers.is_empty() {
        return Err(off());
    }
    if door.access.password.is_some() {
        let message = "the dashboard has a password, which manages projects too: log in with that";
        return Err(Fault::new(StatusCode::CONFLICT, message));
    }
    let client = door.access.client(&headers, peer);
    if let Some(pause) = door.sessions.pause(client, Instant::now()) {
        return Ok(wait(pause));
    }
    let mut by = who((&Method::POST, PATH), &headers, client);
    let Some(manager) = door.known(given.management_token.trim()) else {
        door.sessions.wrong(client, Instant::now());
        tell(&admin, by, "credential").await;
        let message = "invalid management token";
        return Err(Fault::new(StatusCode::UNAUTHORIZED, message));
    };
    door.sessions.right(client);
    (by.actor, by.origin) = (manager.name.to_string(), Some(PAGES));
    if let Some(control) = &admin.control {
        let logged_in = Event::success("admin.login");
        control.store.audit(&[(by, logged_in)]).await?;
    }
    let stay = match given.remember {
        true => Stay::Month,
        false => Stay::Browser,
    };
    let secure = door.access.is_secure(&headers);
    let cookie = door.sessions.begin(&manager.session(), stay, secure);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

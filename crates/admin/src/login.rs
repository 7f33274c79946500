//! Logging in and out.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Door, Peer};
use crate::fault::{BodyFaults, Error, Fault};
use crate::manage::AdminToken;
use crate::params::{MAX_BODY, whole};
use crate::router::Admin;
use crate::session::Stay;

/// Every call about being logged in.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Who wants to be let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The password of the dashboard.
    password: String,
}

/// Log in: gives a cookie that opens the dashboard and its API
///
/// Wrong passwords make the next one wait.
#[utoipa::path(post, path = "/api/login", tag = "access", request_body = Credentials, responses(
    (status = 204, description = "Logged in; the cookie is `weir_session`",
        headers(("set-cookie" = String, description = "The session"))),
    (status = 401, description = "The password is wrong", body = Error),
    (status = 409, description = "No password is set, so there is nothing to log in to",
        body = Error),
    (status = 429, description = "Too many wrong passwords; `Retry-After` says how long to wait",
        body = Error), BodyFaults))]
async fn login(
    Extension(door): Extension<Arc<Door>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let body = whole(body)?;
    let Some(password) = &door.access.password else {
        let message = "no `dashboard.password` is set, so nobody needs to log in";
        return Err(Fault::new(StatusCode::CONFLICT, message));
    };
    // What was sent is not repeated, since it may be a password.
    let given: Credentials = serde_json::from_slice(&body).map_err(|_| {
        Fault::bad("the body is not `{\"password\": \"...\"}`").of_field("password")
    })?;
    let client = door.access.client(&headers, peer);
    if let Some(pause) = door.sessions.pause(client, Instant::now()) {
        return Ok(wait(pause));
    }
    if !password.matches(given.password.as_bytes()) {
        door.sessions.wrong(client, Instant::now());
        tracing::warn!(%peer, %client, "a wrong password for the dashboard");
        return Err(Fault::new(
            StatusCode::UNAUTHORIZED,
            "the password is wrong",
        ));
    }
    door.sessions.right(client);
    let secure = door.access.is_secure(&headers);
    let cookie = door.sessions.begin(password, Stay::Week, secure);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

/// Too many wrong passwords.
pub(crate) fn wait(pause: std::time::Duration) -> Response {
    let seconds = pause.as_secs().max(1);
    let message = format!("too many wrong passwords; try again in {seconds} s");
    let fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, message);
    fault.again_in(seconds).into_response()
}

/// Log out: the session ends
#[utoipa::path(post, path = "/api/logout", tag = "access", responses(
    (status = 204, description = "Nobody is logged in with this cookie any more")))]
async fn logout(Extension(door): Extension<Arc<Door>>, headers: HeaderMap) -> Response {
    let secure = door.access.is_secure(&headers);
    let managers = door.access.managers.iter().map(AdminToken::session);
    let secrets = door.access.password.clone().into_iter().chain(managers);
    let mut cookie = None;
    for secret in secrets {
        cookie = Some(door.sessions.end(&secret, &headers, secure));
    }
    let Some(cookie) = cookie else {
        return StatusCode::NO_CONTENT.into_response();
    };
    (StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response()
}

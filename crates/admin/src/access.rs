//! Who may use the API: a `Host` that is ours, an `Origin` that is the same, and a credential when
//! one is set. Health checks are open.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;
use weir_core::identity::{CredentialUse, Gate};
use weir_core::secret::Secret;

use weir_wire::dialect::Dialect;
use weir_wire::errors::{ErrorKind, error_body};

use crate::fault::Fault;

/// What decides over access; read anew for each request, so that a reload takes effect.
#[derive(Clone, Debug)]
pub struct Access {
    /// The password of HTTP Basic.
    pub password: Option<Secret>,
    /// The data plane's gate, which guards the API too when there is no password.
    pub gate: Arc<Gate>,
    /// Host names that are ours besides `localhost` and addresses.
    pub hosts: Arc<[String]>,
}

/// Why a request is not let through.
enum Refused {
    Fault(Fault),
    NeedsPassword,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Who sent a request; whoever hands requests to the router puts it into their extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Lets a request through, or answers for it.
pub(crate) async fn guard(
    State(access): State<Arc<dyn Fn() -> Access + Send + Sync>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let access = access();
    match access.check(request.headers(), request.uri(), peer) {
        Ok(()) => next.run(request).await,
        Err(Refused::Fault(fault)) => fault.into_response(),
        Err(Refused::NeedsPassword) => {
            let fault = Fault::new(
                StatusCode::UNAUTHORIZED,
                "the dashboard's password is needed",
            );
            let scheme = HeaderValue::from_static("Basic realm=\"weir\", charset=\"UTF-8\"");
            ([(WWW_AUTHENTICATE, scheme)], fault).into_response()
        }
    }
}

impl Access {
    fn check(&self, headers: &HeaderMap, uri: &Uri, peer: SocketAddr) -> Result<(), Refused> {
        let host = host_of(headers, uri);
        if !host.is_some_and(|host| self.is_ours(host)) {
            let message = "this host name is not weir's; list it in `server.allowed_hosts`";
            return Err(Fault::new(StatusCode::MISDIRECTED_REQUEST, message).into());
        }
        if !same_origin(headers, host) {
            let message = "requests from other origins are refused";
            return Err(Fault::new(StatusCode::FORBIDDEN, message).into());
        }
        self.credential(headers, uri, peer)
    }

    fn credential(&self, headers: &HeaderMap, uri: &Uri, peer: SocketAddr) -> Result<(), Refused> {
        if let Some(password) = &self.password {
            if basic_password(headers).is_some_and(|given| password.matches(given.as_bytes())) {
                return Ok(());
            }
            return Err(Refused::NeedsPassword);
        }
        match self.gate.check(headers, uri.query(), peer.ip()) {
            // Whoever has an account at the provider may send requests; that says nothing of who
            // may read those of others, or steer.
            Ok(pass) if pass.used == CredentialUse::ClientBearer => {
                let message =
                    "a client's own bearer does not open the API; set `dashboard.password`";
                Err(Fault::new(StatusCode::UNAUTHORIZED, message).into())
            }
            Ok(_) => Ok(()),
            Err(refusal) => Err(Fault::new(StatusCode::UNAUTHORIZED, refusal.to_string()).into()),
        }
    }

    /// Rebinding a name to our address is how a foreign page would reach us, so names must be
    /// known; an address cannot be rebound.
    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host);
        let address = name.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self
                .hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}

fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    match headers.get(HOST) {
        Some(host) => host.to_str().ok(),
        None => uri.authority().map(http::uri::Authority::as_str),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Browsers send `Origin` with everything but plain same-origin reads.
fn same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

fn basic_password(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':')
        .map(|(_any_user, password)| password.to_owned())
}

/// No such path. Under `/api/` in the API's shape; elsewhere in one that an agent whose base URL
/// is wrong understands.
pub(crate) async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return Fault::new(StatusCode::NOT_FOUND, "Not found").into_response();
    }
    let message = format!("weir has no {path}; LLM APIs are under /v1/ and /v1beta/");
    agents_error(ErrorKind::NotFound, &message)
}

/// The path exists, the method does not; the router adds `Allow`.
pub(crate) async fn method_not_allowed(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("{method} is not allowed on {path}");
    if path.starts_with("/api/") {
        return Fault::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response();
    }
    agents_error(ErrorKind::MethodNotAllowed, &message)
}

fn agents_error(kind: ErrorKind, message: &str) -> Response {
    let id = Uuid::now_v7().to_string();
    let (status, body) = error_body(Dialect::AnthropicMessages, kind, message, &id);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

//! Who may use the API: a `Host` that is ours, an `Origin` that is the same, and a credential when
//! one is set. Health checks are open.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use uuid::Uuid;
use weir_core::identity::{CredentialUse, Gate, client_address};
use weir_core::secret::Secret;

use weir_wire::dialect::Dialect;
use weir_wire::errors::{ErrorKind, error_body};

use crate::fault::Fault;
use crate::login;
use crate::manage::AdminToken;
use crate::session::Sessions;
use crate::site::{Site, wants_page};

/// What decides over access; read anew for each request, so that a reload takes effect.
#[derive(Clone, Debug)]
pub struct Access {
    /// The password of HTTP Basic and of the page to log in on.
    pub password: Option<Secret>,
    /// Who may manage projects with a token.
    pub managers: Arc<[AdminToken]>,
    /// The data plane's gate, which guards the API too when there is no password.
    pub gate: Arc<Gate>,
    /// Host names that are ours besides `localhost` and addresses.
    pub hosts: Arc<[String]>,
    /// Whether weir itself speaks TLS.
    pub tls: bool,
    /// Whether a proxy in front of weir is believed.
    pub trust_proxy: bool,
    /// Proxies that are believed about who a client is, while `trust_proxy` is on.
    pub trusted_proxies: Arc<[IpNet]>,
}

/// What the guard needs besides the request.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) access: Arc<dyn Fn() -> Access + Send + Sync>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) site: Arc<Site>,
}

/// What decided over a request, for calls that let people in and out.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) access: Access,
    pub(crate) sessions: Arc<Sessions>,
}

/// Why a request is not let through.
pub(crate) enum Refused {
    Fault(Fault),
    NeedsPassword,
    MustWait(Duration),
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
    State(guard): State<Guard>,
    Extension(Peer(peer)): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let door = Door {
        access: (guard.access)(),
        sessions: guard.sessions,
    };
    let open = is_open(&guard.site, request.uri().path());
    let checked = match door.access.place(request.headers(), request.uri()) {
        Ok(()) if !open => door.credential(&request, peer),
        placed => placed,
    };
    let mut response = match checked {
        Ok(()) => {
            request.extensions_mut().insert(Arc::new(door));
            next.run(request).await
        }
        Err(Refused::Fault(fault)) => fault.into_response(),
        Err(Refused::MustWait(pause)) => login::wait(pause),
        Err(Refused::NeedsPassword) => ask_for_password(&request, guard.site.has_pages()),
    };
    let headers = response.headers_mut();
    for (name, value) in SAFETY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SAID {
        let entry = headers.entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What every answer says, so that a page that comes from elsewhere can do nothing with it.
const SAFETY: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What an answer says that says nothing else: it is no page, and nobody keeps a copy of it, least
/// of all a proxy that does not know of the cookie.
const UNLESS_SAID: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

/// Whether a path needs no credential here: none at all, or those of managers, whose guard is their
/// own.
fn is_open(site: &Site, path: &str) -> bool {
    matches!(path, "/api/login" | "/api/logout")
        || path.starts_with("/manage/")
        || site.is_open(path)
}

/// A person is sent to the page to log in on; a program is told how to say the password.
fn ask_for_password(request: &Request, has_pages: bool) -> Response {
    let (headers, path) = (request.headers(), request.uri().path());
    if has_pages && is_for_people(path) && wants_page(request.method(), headers) {
        let path = request.uri().path_and_query();
        let next: String = path.map_or("/", |path| path.as_str()).bytes().fold(
            String::from("/login?next="),
            |mut next, byte| {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~')
                {
                    next.push(byte.into());
                } else {
                    next.push_str(&format!("%{byte:02X}"));
                }
                next
            },
        );
        return (StatusCode::SEE_OTHER, [(LOCATION, next)]).into_response();
    }
    let fault = Fault::new(
        StatusCode::UNAUTHORIZED,
        "the dashboard's password is needed",
    );
    // A page that asks for data shows its own form; the browser's would come over it.
    let mode = headers.get("sec-fetch-mode");
    if mode.is_some_and(|mode| mode != "navigate") {
        return fault.into_response();
    }
    let scheme = HeaderValue::from_static("Basic realm=\"weir\", charset=\"UTF-8\"");
    ([(WWW_AUTHENTICATE, scheme)], fault).into_response()
}

impl Door {
    /// Lets in whoever may use the pages.
    pub(crate) fn credential(&self, request: &Request, peer: SocketAddr) -> Result<(), Refused> {
        let Some(password) = &self.access.password else {
            return Ok(self.access.gate(request.headers(), request.uri(), peer)?);
        };
        if let Some(given) = basic_password(request.headers()) {
            let client = self.access.client(request.headers(), peer);
            if let Some(pause) = self.sessions.pause(client, Instant::now()) {
                return Err(Refused::MustWait(pause));
            }
            if password.matches(given.as_bytes()) {
                self.sessions.right(client);
                return Ok(());
            }
            self.sessions.wrong(client, Instant::now());
        }
        if !self.sessions.holds(password, request.headers()) {
            return Err(Refused::NeedsPassword);
        }
        if request.method().is_safe() {
            return Ok(());
        }
        Ok(from_our_page(request.headers())?)
    }
}

/// A browser adds the cookie by itself, so a change must come from one of our pages. That an
/// `Origin` is ours was seen before.
pub(crate) fn from_our_page(headers: &HeaderMap) -> Result<(), Fault> {
    let site = headers.get("sec-fetch-site");
    if headers.contains_key(ORIGIN) || site.is_some_and(|site| site == "same-origin") {
        return Ok(());
    }
    let message = "a change with a cookie needs `Origin` or `Sec-Fetch-Site: same-origin`";
    Err(Fault::new(StatusCode::FORBIDDEN, message))
}

impl Access {
    /// Whether the request is for us, and from no foreign page.
    fn place(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refused> {
        let host = host_of(headers, uri);
        if !host.is_some_and(|host| self.is_ours(host)) {
            let message = "this host name is not weir's; list it in `server.allowed_hosts`";
            return Err(Fault::new(StatusCode::MISDIRECTED_REQUEST, message).into());
        }
        if !same_origin(headers, host) || is_foreign(headers, uri.path()) {
            let message = "requests from other origins are refused";
            return Err(Fault::new(StatusCode::FORBIDDEN, message).into());
        }
        Ok(())
    }

    /// Who guesses: everybody behind a proxy is somebody else.
    pub(crate) fn client(&self, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
        client_address(headers, peer.ip(), &self.trusted_proxies)
    }

    fn gate(&self, headers: &HeaderMap, uri: &Uri, peer: SocketAddr) -> Result<(), Fault> {
        match self.gate.check(headers, uri.query(), peer.ip()) {
            // Whoever has an account at the provider may send requests; that says nothing of who
            // may read those of others, or steer.
            Ok(pass) if pass.used == CredentialUse::ClientBearer => {
                let message =
                    "a client's own bearer does not open the API; set `dashboard.password`";
                Err(Fault::new(StatusCode::UNAUTHORIZED, message))
            }
            Ok(_) => Ok(()),
            Err(refusal) => Err(Fault::new(StatusCode::UNAUTHORIZED, refusal.to_string())),
        }
    }

    /// Whether the browser reached us over TLS.
    pub(crate) fn is_secure(&self, headers: &HeaderMap) -> bool {
        let forwarded = headers.get("x-forwarded-proto");
        self.tls || (self.trust_proxy && forwarded.is_some_and(|proto| proto == "https"))
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

/// Whether a page that is not ours has a browser ask. It could not read the answer, but how long a
/// search takes tells something too. Following a link to one of our pages is fine.
fn is_foreign(headers: &HeaderMap, path: &str) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    let foreign = is("sec-fetch-site", "cross-site") || is("sec-fetch-site", "same-site");
    let link = is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    foreign && (!link || !is_for_people(path))
}

/// Whether a path is that of a page, not of data.
fn is_for_people(path: &str) -> bool {
    !path.starts_with("/api/") && path != "/metrics"
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
pub(crate) fn not_found(request: &Request) -> Response {
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

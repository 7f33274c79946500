//! Who may manage what: a management token, or a visitor who has logged in to the pages. Every
//! refusal is in the audit, where there is one. The response cache is there without projects too; so
//! where nobody is named as a manager it is managed by whoever may use the rest of the API.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use uuid::Uuid;
use weir_core::control::Digest;
use weir_core::secret::Secret;
use weir_core::settings;
use weir_store::control::{By, Event, Outcome};

use crate::access::{Door, Peer, Refused, from_our_page};
use crate::fault::Fault;
use crate::login;
use crate::manage::Control;
use crate::router::Admin;

/// What the audit says of requests from our pages.
pub(super) const PAGES: &str = "admin-ui";
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// Longest id of a client's that is taken over, in bytes.
const MAX_ID: usize = 128;
/// Longest name of a program that is kept, in characters.
const MAX_AGENT: usize = 256;

/// What somebody may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Read,
    /// Make, change and revoke tokens; purge caches.
    Operate,
    /// Make and change projects and their keys.
    Admin,
}

impl From<settings::Role> for Role {
    fn from(role: settings::Role) -> Self {
        match role {
            settings::Role::Read => Self::Read,
            settings::Role::Operate => Self::Operate,
            settings::Role::Admin => Self::Admin,
        }
    }
}

/// A token of somebody who manages.
#[derive(Clone, Debug)]
pub struct AdminToken {
    /// Who, in the audit.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    digest: Digest,
}

impl AdminToken {
    /// Only the digest of `token` is kept.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, role: Role, token: &Secret) -> Self {
        Self {
            name: name.into(),
            role,
            digest: Digest::of(token.expose().trim().as_bytes()),
        }
    }

    /// What its sessions are signed with, so that another token ends them.
    pub(crate) fn session(&self) -> Secret {
        Secret::new(self.digest.to_hex())
    }

    /// Whether a token with this digest, in hexadecimal digits, is it.
    pub(super) fn is(&self, digest: &str) -> bool {
        self.digest
            .to_hex()
            .as_bytes()
            .ct_eq(digest.as_bytes())
            .into()
    }
}

/// Lets a request through with who sent it, or answers for it.
pub(crate) async fn guard(
    State(admin): State<Arc<Admin>>,
    Extension(Peer(peer)): Extension<Peer>,
    Extension(door): Extension<Arc<Door>>,
    mut request: Request,
    next: Next,
) -> Response {
    if admin.control.is_none() && !is_of_the_gateway(request.uri().path()) {
        return off().into_response();
    }
    let client = door.access.client(request.headers(), peer);
    let mut by = by(&request, client);
    // A program brings its credential, a browser the cookie of somebody who has logged in.
    let from_pages = !request.headers().contains_key(AUTHORIZATION);
    let origin = from_pages.then_some(PAGES);
    let ids = [
        (X_REQUEST_ID, by.request_id.clone()),
        (X_CORRELATION_ID, by.correlation_id.clone()),
    ];
    let found = match admin.control {
        Some(_) => door.manager(&request, peer),
        None => door.operator(&request, peer),
    };
    let mut response = match found {
        Ok((name, role)) if role >= needed(&request) => {
            (by.actor, by.origin) = (name.to_string(), origin);
            request.extensions_mut().insert(by);
            request.extensions_mut().insert(role);
            let reads = request.method().is_safe();
            let response = next.run(request).await;
            // What was refused has changed nothing.
            let refused = response.status().is_client_error();
            if let Some(control) = admin.control.as_ref().filter(|_| !reads && !refused) {
                (control.changed)().await;
            }
            response
        }
        Ok((name, role)) => {
            (by.actor, by.origin) = (name.to_string(), origin);
            tell(&admin, by, "role").await;
            let message = format!("the role {role:?} may not do this");
            Fault::new(StatusCode::FORBIDDEN, message).into_response()
        }
        Err(refused) => {
            if door.is_told(&refused, request.headers(), client) {
                tell(&admin, by, "credential").await;
            }
            match refused {
                Refused::MustWait(pause) => login::wait(pause),
                Refused::Fault(fault) => fault.into_response(),
                Refused::NeedsPassword => missing().into_response(),
            }
        }
    };
    for (name, id) in ids {
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
            response.headers_mut().insert(name, id);
        }
    }
    response
}

/// Whether a path is there without projects: the cache, and who asks.
fn is_of_the_gateway(path: &str) -> bool {
    path == "/manage/me" || path == "/manage/cache" || path.starts_with("/manage/cache/")
}

/// Puts a refusal into the audit.
pub(super) async fn tell(admin: &Admin, by: By, reason: &str) {
    let Some(Control { store, .. }) = &admin.control else {
        return;
    };
    let event = Event {
        outcome: Outcome::Denied,
        reason: Some(reason.to_owned()),
        ..Event::success("admin.access")
    };
    if let Err(error) = store.audit(&[(by, event)]).await {
        tracing::warn!(%error, "a refusal is not in the audit");
    }
}

/// There are no projects here.
pub(super) fn off() -> Fault {
    let message = "projects are switched off; set `projects.management_token` (MANAGEMENT_TOKEN), \
                   or `projects.enabled` and `dashboard.password`";
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, message).of_field("projects.enabled")
}

fn missing() -> Fault {
    Fault::new(
        StatusCode::UNAUTHORIZED,
        "missing or invalid Authorization header",
    )
}

impl Door {
    /// Whether a refusal goes into the audit, which is never cut. Who must wait was told of for each
    /// guess; who brings nothing costs nothing, and is told of once a minute.
    fn is_told(&self, refused: &Refused, headers: &HeaderMap, client: IpAddr) -> bool {
        match refused {
            Refused::MustWait(_) => false,
            _ if bearer(headers).is_some() => true,
            _ => self.sessions.is_new_stranger(client, Instant::now()),
        }
    }

    /// Who manages, and what they may do.
    fn manager(&self, request: &Request, peer: SocketAddr) -> Result<(Arc<str>, Role), Refused> {
        let Some(token) = bearer(request.headers()) else {
            if self.access.password.is_none() {
                return self.logged_in(request);
            }
            return self.visitor(request, peer);
        };
        let client = self.access.client(request.headers(), peer);
        if let Some(pause) = self.sessions.pause(client, Instant::now()) {
            return Err(Refused::MustWait(pause));
        }
        let found = self.known(token);
        if found.is_some() {
            self.sessions.right(client);
        } else {
            self.sessions.wrong(client, Instant::now());
        }
        let found = found.map(|known| (Arc::clone(&known.name), known.role));
        found.ok_or_else(|| Fault::new(StatusCode::UNAUTHORIZED, "invalid management token").into())
    }

    /// Who looks after a gateway without projects: a manager where some are named, else whoever may
    /// use the rest of the API.
    fn operator(&self, request: &Request, peer: SocketAddr) -> Result<(Arc<str>, Role), Refused> {
        match self.access.managers.is_empty() {
            true => self.visitor(request, peer),
            false => self.manager(request, peer),
        }
    }

    /// Whoever may use the pages.
    fn visitor(&self, request: &Request, peer: SocketAddr) -> Result<(Arc<str>, Role), Refused> {
        self.credential(request, peer)?;
        Ok(("admin".into(), Role::Admin))
    }

    /// Whose token it is.
    pub(super) fn known(&self, token: &str) -> Option<&AdminToken> {
        let digest = Digest::of(token.as_bytes()).to_hex();
        // Every one is compared, so that the time does not tell which was nearly right.
        let mut found = None;
        for known in &*self.access.managers {
            if known.is(&digest) {
                found = Some(known);
            }
        }
        found
    }

    /// A visitor of the pages who has shown a management token.
    fn logged_in(&self, request: &Request) -> Result<(Arc<str>, Role), Refused> {
        if self.access.managers.is_empty() {
            let message = "nobody may manage projects; set `projects.management_token` \
                           (MANAGEMENT_TOKEN) or `dashboard.password`";
            let fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, message);
            return Err(fault.of_field("projects.management_token").into());
        }
        let holds = |known: &&AdminToken| self.sessions.holds(&known.session(), request.headers());
        let found = self.access.managers.iter().find(holds);
        let known = found.ok_or_else(missing)?;
        if !request.method().is_safe() {
            from_our_page(request.headers())?;
        }
        Ok((Arc::clone(&known.name), known.role))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// What a call takes.
fn needed(request: &Request) -> Role {
    let path = request.uri().path();
    if request.method().is_safe() {
        return Role::Read;
    }
    let revokes_all = path.ends_with("/tokens/revoke");
    if path.starts_with("/manage/projects") && !revokes_all && request.method() != Method::DELETE {
        Role::Admin
    } else {
        Role::Operate
    }
}

/// Who asks, but for their name.
fn by(request: &Request, client: IpAddr) -> By {
    let parts = (request.method(), request.uri().path());
    who(parts, request.headers(), client)
}

/// The same by what a request says.
pub(super) fn who((method, path): (&Method, &str), headers: &HeaderMap, client: IpAddr) -> By {
    let id = |name: &HeaderName| {
        let sent = headers.get(name).and_then(|id| id.to_str().ok());
        let sent = sent.filter(|id| !id.is_empty() && id.len() <= MAX_ID);
        Some(sent.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned))
    };
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    By {
        actor: "anonymous".into(),
        request_id: id(&X_REQUEST_ID),
        correlation_id: id(&X_CORRELATION_ID),
        client_ip: Some(client.to_string()),
        method: Some(method.to_string()),
        path: Some(path.to_owned()),
        user_agent: agent.map(|agent| agent.chars().take(MAX_AGENT).collect()),
        origin: None,
    }
}

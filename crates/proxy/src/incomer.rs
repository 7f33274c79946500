//! One request between its arrival and its record: what is known of it before it is forwarded,
//! and what is needed of it afterwards to answer for its failure.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{HOST, ORIGIN, RETRY_AFTER, UPGRADE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use ipnet::IpNet;
use tokio::time::Instant;
use uuid::Uuid;
use weir_core::control::{Code, Holder};
use weir_core::exchange::{End, ExchangeId, Origin, RawBody, RequestRecord};
use weir_core::identity::{CredentialUse, Gate, Pass, client_address};
use weir_core::redact::{is_sensitive, mask_query};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::errors::ErrorKind;
use weir_wire::facts::request::RequestFacts;

use crate::body::Body;
use crate::connection::Busy;
use crate::details::OnLine;
use crate::misses::{self, Kept, Miss};
use crate::record::Recording;
use crate::reply::{Reply, X_REQUEST_ID};
use crate::service::Peer;
use crate::shape::{self, Spent};
use crate::tenants::Denied;
use crate::translation;

/// Longest id of a client's that is taken over.
const MAX_REQUEST_ID: usize = 128;
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
/// In a record, what says that weir sent a request itself.
const REQUEST_CLASS: HeaderName = HeaderName::from_static("x-claude-code-request-class");

/// A request that was recognised as an LLM API's.
#[derive(Debug)]
pub struct Incomer {
    /// Method, address and headers as received.
    pub parts: Parts,
    /// Who sent it.
    pub peer: Arc<Peer>,
    /// The client's address, as far as it can be believed.
    client: IpAddr,
    /// Its exchange.
    pub id: ExchangeId,
    /// When its head was complete.
    pub started: Instant,
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    started_at_us: i64,
    client_id: Option<Box<str>>,
    /// The model when the path names it.
    pub path_model: Option<Box<str>>,
    /// Whether the path had the gateway's key in front.
    pub by_path: bool,
    /// The tenant, once it is known.
    pub tenant: Option<Arc<Holder>>,
    busy: Busy,
}

impl Incomer {
    /// Gives the request its id and its time.
    #[must_use]
    pub fn new(
        parts: Parts,
        peer: Arc<Peer>,
        busy: Busy,
        (dialect, operation, path_model): (Dialect, Operation, Option<Box<str>>),
    ) -> Self {
        Self {
            client_id: client_request_id(&parts.headers),
            id: ExchangeId(Uuid::now_v7()),
            started: Instant::now(),
            started_at_us: now_us(),
            parts,
            client: peer.address.ip(),
            peer,
            dialect,
            operation,
            path_model,
            by_path: false,
            tenant: None,
            busy,
        }
    }

    /// Takes the client's address from the forwarding headers of proxies that are trusted.
    pub fn believe(&mut self, trusted: &[IpNet]) {
        self.client = client_address(&self.parts.headers, self.client, trusted);
    }

    /// The client's address, as far as it can be believed.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// The id that the client knows the request by.
    #[must_use]
    pub fn request_id(&self) -> String {
        self.client_id
            .as_deref()
            .map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// What is told of it when its tenant is not allowed it.
    pub(crate) fn denied(&self, code: Code) -> Denied {
        let holder = self.tenant.as_ref();
        Denied {
            code,
            project: holder.map(|holder| holder.project.id),
            token: holder.map(|holder| holder.token_id()),
            request_id: self.request_id(),
            asked: (
                self.parts.method.to_string(),
                self.parts.uri.path().to_owned(),
            ),
            client: self.client.to_string(),
        }
    }

    /// Whether it is the plain list of models, which Claude Code looks for at start.
    #[must_use]
    pub fn asks_for_models(&self) -> bool {
        self.operation == Operation::Models
            && self.parts.uri.path() == "/v1/models"
            && matches!(self.parts.method, Method::GET | Method::HEAD)
    }

    /// A number that differs between exchanges.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.id.0.as_u64_pair().1
    }

    /// Whether it asks for the providers in use, which only weir itself can tell.
    #[must_use]
    pub fn asks_for_providers(&self) -> bool {
        self.parts.uri.path() == "/v1/providers"
            && matches!(self.parts.method, Method::GET | Method::HEAD)
    }

    /// Whether the client sent a credential of its own anywhere.
    #[must_use]
    pub fn has_own_credential(&self, spent: Spent<'_>) -> bool {
        self.has_own_key_in_query(spent) || shape::has_own_credential(&self.parts.headers, spent)
    }

    /// Whether it stands in the query, as Gemini's clients may have it.
    #[must_use]
    pub fn has_own_key_in_query(&self, spent: Spent<'_>) -> bool {
        let query = self.parts.uri.query().unwrap_or_default();
        self.dialect == Dialect::Gemini && !spent.pass.query && query.split('&').any(is_key)
    }

    /// The path and query without a credential of the gateway's.
    ///
    /// # Errors
    /// When what is left is no valid path.
    pub fn path_without(&self, spent: Spent<'_>) -> Result<PathAndQuery, http::Error> {
        let uri = &self.parts.uri;
        let path = uri
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        if !spent.pass.query {
            return Ok(path);
        }
        let query = uri.query().unwrap_or_default();
        let left = spent
            .gate
            .strip_query(spent.pass, query)
            .unwrap_or_default();
        with_query(uri.path(), &left)
    }

    /// Whether a web page sent it that is not weir's, and nothing but its coming from this machine
    /// let it in. Browsers name the page in `Origin`; a name in `Host` may be the page's own, made
    /// to point here.
    #[must_use]
    pub fn is_foreign_page(&self, pass: &Pass) -> bool {
        if !matches!(
            pass.used,
            CredentialUse::NotNeeded | CredentialUse::Bypassed
        ) {
            return false;
        }
        let Some(origin) = self.parts.headers.get(ORIGIN) else {
            return false;
        };
        let host = match self.parts.headers.get(HOST) {
            Some(host) => host.to_str().ok(),
            None => self.parts.uri.authority().map(Authority::as_str),
        };
        let origin = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"));
        let (Some((_, origin)), Some(host)) = (origin, host) else {
            return true;
        };
        let name = host.parse::<Authority>().ok();
        let name = name.as_ref().map_or("", |name| name.host());
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let fixed = name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok();
        !(fixed && origin.eq_ignore_ascii_case(host))
    }

    /// Turns into the first half of the record; without `capture` headers and body are left out.
    #[must_use]
    pub fn into_record(
        mut self,
        gate: &Gate,
        provider: Arc<str>,
        body: RawBody,
        capture: bool,
    ) -> (Box<RequestRecord>, Busy) {
        let order = self.peer.order.as_ref();
        let origin = order.map_or(Origin::Client, |order| order.origin);
        if capture {
            mask_credentials(&mut self.parts.headers, gate);
            if let Some(class) = origin.class() {
                let class = HeaderValue::from_static(class);
                self.parts.headers.insert(REQUEST_CLASS, class);
            }
        }
        let uri = self.parts.uri;
        let record = RequestRecord {
            id: self.id,
            client_request_id: self.client_id,
            started_at_us: self.started_at_us,
            method: self.parts.method,
            path: uri.path().into(),
            query: uri
                .query()
                .map(|query| without_credential(query, gate).into()),
            peer: self.client,
            headers: if capture {
                self.parts.headers
            } else {
                HeaderMap::new()
            },
            body: if capture { body } else { RawBody::default() },
            dialect: self.dialect,
            operation: self.operation,
            path_model: self.path_model,
            provider,
            origin,
            tenant: self.tenant.as_deref().map(Holder::tenant),
        };
        (Box::new(record), self.busy)
    }
}

/// What must be known of a request when its answer comes, or does not.
#[derive(Debug)]
pub struct Answerer {
    id: ExchangeId,
    client_id: Option<Box<str>>,
    dialect: Dialect,
    path: Option<PathAndQuery>,
    anthropic_beta: Option<HeaderValue>,
}

impl Answerer {
    /// Remembers what the record takes away.
    #[must_use]
    pub fn new(incomer: &Incomer) -> Self {
        Self {
            id: incomer.id,
            client_id: incomer.client_id.clone(),
            dialect: incomer.dialect,
            path: incomer.parts.uri.path_and_query().cloned(),
            anthropic_beta: incomer.parts.headers.get(ANTHROPIC_BETA).cloned(),
        }
    }

    /// What the client speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn request_id(&self) -> String {
        self.client_id
            .as_deref()
            .map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// Names the exchange to the client, unless the provider has used the header for its own id.
    pub fn add_request_id(&self, headers: &mut HeaderMap) {
        if headers.contains_key(X_REQUEST_ID) {
            return;
        }
        let mut buffer = Uuid::encode_buffer();
        let id = match &self.client_id {
            Some(id) => &**id,
            None => self.id.0.hyphenated().encode_lower(&mut buffer),
        };
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(X_REQUEST_ID, id);
        }
    }

    /// Tells the client, the log and the record that there is no answer.
    #[must_use]
    pub fn failed(
        &self,
        miss: Miss,
        body: &RawBody,
        mut recording: Recording,
        gate: &Gate,
    ) -> Response<Body> {
        let request_id = self.request_id();
        let elapsed = std::time::Duration::from_micros(recording.elapsed_us());
        self.log_failure((&miss, body), &request_id, elapsed, gate);
        if let Some(Kept {
            status,
            headers,
            body,
            key: _,
            translated,
        }) = miss.kept
        {
            let body = match translated {
                true => translation::with_request_id(body, &request_id),
                false => body,
            };
            recording.responded(status, &headers);
            recording.arrived(&body);
            recording.finish(End::Complete);
            let mut response = Response::new(Body::from_bytes(body));
            *response.status_mut() = status;
            *response.headers_mut() = shape::response_headers(headers);
            self.add_request_id(response.headers_mut());
            return response;
        }
        let mut reply = Reply::error(self.dialect, miss.kind, &miss.message, &request_id);
        if let Some(wait) = miss.wait {
            reply.headers.insert(RETRY_AFTER, misses::seconds(wait));
        }
        recording.answered(reply.status, &reply.headers, &reply.body);
        recording.finish(End::Gateway(miss.cause.into()));
        reply.into_response()
    }

    fn log_failure(
        &self,
        (miss, body): (&Miss, &RawBody),
        request_id: &str,
        elapsed: std::time::Duration,
        gate: &Gate,
    ) {
        let facts = RequestFacts::scan(self.dialect, &body.to_bytes());
        let query = self
            .path
            .as_ref()
            .and_then(PathAndQuery::query)
            .unwrap_or_default();
        let beta = self
            .anthropic_beta
            .as_ref()
            .and_then(|beta| beta.to_str().ok());
        // One line of key=value pairs, for those who search logs by them.
        tracing::warn!(
            "upstream failed: request_id={request_id} model={} stream={} body_bytes={} \
             has_thinking={} anthropic_beta={} query={} elapsed={:.3}s ctx_err=\"{}\"",
            OnLine(facts.model.as_deref().unwrap_or("-")),
            facts.stream.unwrap_or(false),
            body.len,
            facts.has_thinking,
            OnLine(beta.unwrap_or("-")),
            OnLine(&mask_query(&without_credential(query, gate))),
            elapsed.as_secs_f64(),
            // It may repeat what the client sent.
            miss.cause.escape_debug(),
        );
    }
}

/// What Claude Code asks before it sends anything, without a credential.
pub(crate) enum Probe {
    /// Older versions: is anybody there?
    Root,
    /// Newer ones: is it the API?
    Hello,
}

/// Tells probes from other requests.
pub(crate) fn probe<B>(request: &Request<B>) -> Option<Probe> {
    if request.method() != Method::HEAD {
        return None;
    }
    match request.uri().path() {
        "/" => Some(Probe::Root),
        "/api/hello" => Some(Probe::Hello),
        _ => None,
    }
}

/// Requests that no provider could answer, told before anything else of them is looked at.
pub(crate) fn misdirected(parts: &Parts) -> Option<(ErrorKind, String)> {
    let path = parts.uri.path();
    if parts.method == Method::GET
        && path == "/v1/responses"
        && parts
            .headers
            .get(UPGRADE)
            .is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
    {
        // Codex then goes on over HTTP at once; any other status costs it retries or the run.
        return Some((
            ErrorKind::UpgradeRequired,
            ErrorKind::UpgradeRequired.message().into(),
        ));
    }
    if parts.method != Method::POST && matches!(path, "/v1/messages" | "/v1/messages/count_tokens")
    {
        let message = format!("{} is not allowed on {path}; use POST", parts.method);
        return Some((ErrorKind::MethodNotAllowed, message));
    }
    None
}

/// Blots out the gateway's own credential where the header's name does not give it away; the
/// others become digests before anything is kept.
fn mask_credentials(headers: &mut HeaderMap, gate: &Gate) {
    for (name, value) in headers.iter_mut() {
        if gate.holds(value.as_bytes()) && !is_sensitive(name) {
            *value = HeaderValue::from_static("***");
        }
    }
}

/// The query with the gateway's own credential blotted out.
fn without_credential<'a>(query: &'a str, gate: &Gate) -> Cow<'a, str> {
    match gate.strip_query(&Pass::unasked(), query) {
        None => Cow::Borrowed(query),
        Some(rest) if rest.is_empty() => Cow::Borrowed("key=***"),
        Some(rest) => Cow::Owned(format!("{rest}&key=***")),
    }
}

/// The client's id for the request, if it can stand in a header, a log line and an address.
fn client_request_id(headers: &HeaderMap) -> Option<Box<str>> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(&byte);
    let valid = !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.bytes().all(allowed);
    valid.then(|| id.into())
}

/// A path and query without the parameter that carries a credential.
///
/// # Errors
/// When what is left is no valid path.
pub(crate) fn without_key(path: &PathAndQuery) -> Result<PathAndQuery, http::Error> {
    let query = path.query().unwrap_or_default();
    let left: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    with_query(path.path(), &left.join("&"))
}

fn with_query(path: &str, query: &str) -> Result<PathAndQuery, http::Error> {
    let whole = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    Ok(PathAndQuery::try_from(whole)?)
}

fn is_key(pair: &str) -> bool {
    pair.split('=').next() == Some("key")
}

fn now_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

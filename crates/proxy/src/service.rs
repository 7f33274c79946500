//! The way of a request: identify, admit, read, recognise, plan, forward, relay. Each step is a
//! function that the next one follows; the first that cannot go on answers with an error in the
//! caller's dialect.

mod at_once;
mod cached;
mod dispatch;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::EXPECT;
use http::{HeaderName, Request, Response};
use hyper::body::Incoming;
use scopeguard::ScopeGuard;
use weir_core::clock::Now;
use weir_core::control::{Code, Refusal};
use weir_core::cors;
use weir_core::exchange::{End, RawBody};
use weir_core::health::{Lifecycle, Running};
use weir_core::identity::Pass;
use weir_core::limit::{Concurrency, Permit};
use weir_core::rate::Rates;
use weir_wire::dialect::{Dialect, Operation, Recognised, recognise};
use weir_wire::errors::ErrorKind;

use self::at_once::at_once;
pub(crate) use self::at_once::nobody_serves;
use crate::body::Body;
use crate::cache::{Cache, Looked};
use crate::candidates::Candidates;
use crate::clock::now;
use crate::connection::{Activity, Busy};
use crate::details;
use crate::entrance;
use crate::incomer::{Incomer, Probe, misdirected, probe};
use crate::local;
use crate::order::Order;
use crate::read::{ReadError, drain, read};
use crate::record::{Recording, Sink};
use crate::refused::Refused;
use crate::reply::Reply;
use crate::snapshot::Snapshot;
use crate::tenants::{self, Tenants, head};

/// Names the exchange of a request of weir's own.
const X_WEIR_REQUEST_ID: HeaderName = HeaderName::from_static("x-weir-request-id");

/// How long the provider may take to answer a probe.
const HELLO_TIMEOUT: Duration = Duration::from_millis(1500);

/// What answers paths that are not an LLM API's.
pub trait Control: Send + Sync + 'static {
    /// Answers `request`, which came from `peer`.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
}

/// Who is at the other end of a connection, and which worker serves it.
#[derive(Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// What its requests report to.
    pub activity: Arc<Activity>,
    /// The worker.
    pub worker: usize,
    /// What is settled for its requests; only for those that weir itself sends.
    pub order: Option<Order>,
    /// Whether weir asks, in its client's place, for what the cache has given it too old.
    pub again: bool,
}

/// Everything that answers requests.
pub struct Gateway {
    /// The configuration in force.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// Where exchanges are reported.
    pub sink: Sink,
    /// How many requests may run at once.
    pub concurrency: Arc<Concurrency>,
    /// How many a minute are let in.
    pub rates: Arc<Rates>,
    /// Whether weir is running or draining, and what it still answers.
    pub lifecycle: Arc<Lifecycle>,
    /// Everything that is not an LLM API's.
    pub control: Arc<dyn Control>,
    /// Projects and their tokens, where there are any.
    pub tenants: Option<Arc<Tenants>>,
    /// Answers that are given again.
    pub cache: Arc<Cache>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("sink", &self.sink)
            .finish_non_exhaustive()
    }
}

/// A request that was let in.
struct Cleared {
    pass: Pass,
    admitted: Admitted,
}

/// What a request that was let in gives back when it has been answered.
#[derive(Debug)]
pub struct Admitted {
    _running: Running,
    _permit: Permit,
}

/// What a browser is told that asks whether a page may call an API here; none if nobody asks, or it
/// may not. Nobody has to say who it is for that, since browsers cannot.
fn preflight<B>(snapshot: &Snapshot, request: &Request<B>) -> Option<Response<Body>> {
    let cors = snapshot.cors.as_ref()?;
    let (uri, headers) = (request.uri(), request.headers());
    let method = cors::asked_method(request.method(), headers)?;
    recognise(&method, uri.path(), uri.query(), headers)?;
    let told = cors.preflight(headers)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = http::StatusCode::NO_CONTENT;
    *response.headers_mut() = told;
    Some(response)
}

impl Gateway {
    /// Answers one request.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer too.
    ///
    /// # Cancel safety
    /// Dropping the future is how a client that left is noticed; the exchange is recorded so.
    pub async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        peer: Arc<Peer>,
    ) -> Result<Response<Body>, Infallible> {
        let busy = peer.activity.begin(request.version());
        let (by_path, page) = {
            let snapshot = self.snapshot.load();
            let by_path = entrance::take_off(&mut request, &snapshot.gate);
            if let Some(told) = preflight(&snapshot, &request) {
                return Ok(told);
            }
            let cors = snapshot.cors.as_ref();
            (by_path, cors.map(|cors| cors.allowed(request.headers())))
        };
        match probe(&request) {
            Some(Probe::Root) => return Ok(Response::new(Body::empty())),
            Some(Probe::Hello) => return Ok(self.hello(request, peer, busy).await),
            None => {}
        }
        let uri = request.uri();
        let recognised = recognise(request.method(), uri.path(), uri.query(), request.headers())
            .or_else(|| self.snapshot.load().otherwise.map(Recognised::other));
        let Some(recognised) = recognised else {
            if peer.order.is_some() {
                // Its sender is what answers the rest.
                let mut response = Response::new(Body::empty());
                *response.status_mut() = http::StatusCode::NOT_FOUND;
                return Ok(response);
            }
            let response = self.control.answer(request, peer.address).await;
            return Ok(response.map(|body| body.keep_busy(busy)));
        };
        let path_model = recognised.path_model.map(Box::from);
        let (dialect, operation) = (recognised.dialect, recognised.operation);
        let (parts, body) = request.into_parts();
        let mut incomer = Incomer::new(parts, peer, busy, (dialect, operation, path_model));
        incomer.by_path = by_path;
        let named = incomer.peer.order.is_some().then_some(incomer.id);
        let mut response = self.exchange(incomer, body).await;
        if let Some(origin) = page {
            cors::expose(response.headers_mut(), origin);
        }
        if let Some(id) = named.and_then(|id| id.to_string().parse().ok()) {
            response.headers_mut().insert(X_WEIR_REQUEST_ID, id);
        }
        Ok(response)
    }

    /// The provider's own answer to Claude Code's probe, if it has a good one soon; else, and for
    /// whom the gate would refuse, ours. It is 200 either way.
    async fn hello(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: Arc<Peer>,
        busy: Busy,
    ) -> Response<Body> {
        let snapshot = self.snapshot.load_full();
        let (parts, body) = request.into_parts();
        let kind = (Dialect::AnthropicMessages, Operation::Other, None);
        let mut incomer = Incomer::new(parts, peer, busy, kind);
        incomer.believe(&snapshot.trusted_proxies);
        let Ok(cleared) = self.admit(&mut incomer, &snapshot, self.lifecycle.begin()) else {
            return Response::new(Body::empty());
        };
        drop(body);
        let sent = self.send(incomer, &snapshot, cleared, RawBody::default());
        match tokio::time::timeout(HELLO_TIMEOUT, sent).await {
            Ok(response) if response.status().is_success() => response,
            _ => Response::new(Body::empty()),
        }
    }

    async fn exchange(self: &Arc<Self>, mut incomer: Incomer, body: Incoming) -> Response<Body> {
        let snapshot = self.snapshot.load_full();
        incomer.believe(&snapshot.trusted_proxies);
        let running = self.lifecycle.begin();
        let cleared = match self.admit(&mut incomer, &snapshot, running) {
            Ok(cleared) => cleared,
            Err(refused) => {
                if !incomer.parts.headers.contains_key(EXPECT) {
                    drain(body).await;
                }
                return self.refuse(incomer, &snapshot, refused);
            }
        };
        let expects_continue = incomer.parts.headers.contains_key(EXPECT);
        let limit = snapshot.max_body_bytes;
        match read(body, limit, snapshot.read_timeout, expects_continue).await {
            Ok(body) => {
                let told = details::request(&snapshot, &incomer, &body);
                let response = self.send(incomer, &snapshot, cleared, body).await;
                details::response(told, &response);
                response
            }
            Err(error) => {
                let kind = match error {
                    ReadError::TooLarge(_) => ErrorKind::RequestTooLarge,
                    ReadError::TimedOut(_) => ErrorKind::RequestTimeout,
                    ReadError::Broken(_) => ErrorKind::InvalidRequest,
                };
                let message = match error {
                    ReadError::TooLarge(limit) => format!(
                        "Request body exceeds the maximum allowed size of {limit} bytes \
                         (`server.max_body_bytes`)"
                    ),
                    ReadError::TimedOut(_) | ReadError::Broken(_) => error.to_string(),
                };
                self.refuse(incomer, &snapshot, (kind, message))
            }
        }
    }

    fn admit(
        &self,
        incomer: &mut Incomer,
        snapshot: &Snapshot,
        running: Running,
    ) -> Result<Cleared, Refused> {
        if let Some(refusal) = misdirected(&incomer.parts) {
            return Err(refusal.into());
        }
        let now = now();
        if incomer.peer.order.is_none() {
            // Before anything is looked up: who guesses is slowed down, too.
            self.rates.admit(incomer.client(), now)?;
        }
        let Some(permit) = self.concurrency.try_acquire() else {
            let message = ErrorKind::ServerBusy.message().to_owned();
            return Err((ErrorKind::ServerBusy, message).into());
        };
        let pass = if incomer.peer.order.is_some() {
            // Whoever had it sent has been let in elsewhere.
            Pass::unasked()
        } else {
            self.identify(incomer, snapshot, now)?
        };
        let admitted = Admitted {
            _running: running,
            _permit: permit,
        };
        Ok(Cleared { pass, admitted })
    }

    /// Who it is: a tenant by its token, or whoever the gate lets in.
    fn identify(
        &self,
        incomer: &mut Incomer,
        snapshot: &Snapshot,
        now: Now,
    ) -> Result<Pass, Refused> {
        let parts = &incomer.parts;
        let (headers, query) = (&parts.headers, parts.uri.query());
        if let Some(tenants) = &self.tenants
            && let Some((token, found)) = tenants.find(headers, query, now)
        {
            incomer.tenant = found.holder;
            if let Some(refusal) = found.refusal {
                return Err(refusal.into());
            }
            if let Some(holder) = &incomer.tenant {
                holder.check_head(&head(&incomer.parts))?;
            }
            return Ok(snapshot.gate.passed_by_token(headers, query, token));
        }
        if incomer.by_path {
            return Ok(snapshot.gate.passed_by_path(headers, query));
        }
        let peer = incomer.peer.address.ip();
        let checked = snapshot.gate.check(headers, query, peer);
        if snapshot.tenants_only {
            let by_key = checked
                .as_ref()
                .is_ok_and(|pass| pass.used.is_the_gateways());
            if !by_key {
                let message = "missing or invalid authorization header: bring a project's token";
                return Err(Refusal::new(Code::InvalidToken, message).into());
            }
        }
        checked.map_err(|refusal| (ErrorKind::Authentication, refusal.to_string()).into())
    }

    /// A request that waits for something before its exchange is recorded. One whose client leaves
    /// meanwhile is an exchange all the same.
    fn unless_gone<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        incomer: Incomer,
        body: RawBody,
    ) -> ScopeGuard<(Incomer, RawBody), impl FnOnce((Incomer, RawBody)) + 'a> {
        scopeguard::guard((incomer, body), |(incomer, body)| {
            let keep = snapshot.bytes_to_keep();
            let started = incomer.started;
            let gate = &snapshot.gate;
            let (request, _busy) = incomer.into_record(gate, Arc::from(""), body, keep > 0);
            // Dropped, it says that the client is gone.
            drop(Recording::start(&self.sink, request, started, keep));
        })
    }

    /// Answers with an error of weir's own, before anything was sent to a provider.
    fn refuse(
        &self,
        incomer: Incomer,
        snapshot: &Snapshot,
        refused: impl Into<Refused>,
    ) -> Response<Body> {
        let refused = refused.into();
        let reply = refused.reply(incomer.dialect, &incomer.request_id());
        if let (Some(code), Some(tenants)) = (refused.code(), &self.tenants) {
            tenants.denied(incomer.denied(code));
        }
        let end = match refused.kind {
            // What Codex asks for at each start, and the answer it wants: nothing has failed.
            ErrorKind::UpgradeRequired => End::Complete,
            _ => End::Gateway(refused.message.into()),
        };
        self.answer_itself(incomer, snapshot, (reply, RawBody::default()), end)
    }

    fn answer_itself(
        &self,
        incomer: Incomer,
        snapshot: &Snapshot,
        (reply, body): (Reply, RawBody),
        end: End,
    ) -> Response<Body> {
        let keep = snapshot.bytes_to_keep();
        let started = incomer.started;
        let (request, _busy) = incomer.into_record(&snapshot.gate, Arc::from(""), body, keep > 0);
        let mut recording = Recording::start(&self.sink, request, started, keep);
        recording.answered(reply.status, &reply.headers, &reply.body);
        recording.finish(end);
        reply.into_response()
    }

    async fn send(
        self: &Arc<Self>,
        incomer: Incomer,
        snapshot: &Snapshot,
        cleared: Cleared,
        body: RawBody,
    ) -> Response<Body> {
        let fleet = &snapshot.fleet;
        let asked = (incomer.dialect, incomer.operation);
        let model = incomer.path_model.as_deref();
        let order = match &incomer.peer.order {
            Some(order) => order.clone(),
            None => Order::of(fleet, asked, &incomer.parts.headers, &body),
        };
        let chosen = Candidates::of(fleet, asked, (model, &body), &order);
        if let Some(holder) = &incomer.tenant
            && let Err(refusal) = tenants::check_body(holder, &incomer, &body)
                .and_then(|()| tenants::check_keys(holder, &chosen))
        {
            return self.refuse(incomer, snapshot, refusal);
        }
        let metrics = &*self.sink.metrics;
        match at_once(&incomer, fleet, &chosen, (&cleared.pass, &body, metrics)) {
            None if incomer.operation == Operation::CountTokens
                && local::is_asked(&incomer, &chosen) =>
            {
                let reply = local::count(&incomer, fleet, &chosen, &body).await;
                self.answer_itself(incomer, snapshot, (reply, body), End::Complete)
            }
            None => {
                let waits = self.unless_gone(snapshot, incomer, body);
                let (incomer, body) = &*waits;
                let looked = self.look_up(incomer, snapshot, (&cleared.pass, body)).await;
                let (incomer, body) = ScopeGuard::into_inner(waits);
                let visit = match looked {
                    Looked::Onward(visit) => visit,
                    Looked::Found(mut found) => {
                        if let Some(lead) = found.again() {
                            self.ask_again(&incomer, body.clone(), lead);
                        }
                        return self.answer_from_cache(incomer, snapshot, (&found, body));
                    }
                    Looked::Nothing => return self.not_cached(incomer, snapshot),
                };
                let chosen = (chosen, order, visit);
                self.route(incomer, snapshot, cleared, (chosen, body)).await
            }
            Some(Ok(reply)) => self.answer_itself(incomer, snapshot, (reply, body), End::Complete),
            Some(Err(missing)) => self.refuse(incomer, snapshot, missing),
        }
    }
}

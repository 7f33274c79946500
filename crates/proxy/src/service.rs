//! The way of a request: identify, admit, read, recognise, plan, forward, relay. Each step is a
//! function that the next one follows; the first that cannot go on answers with an error in the
//! caller's dialect.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::EXPECT;
use http::{Request, Response};
use hyper::body::Incoming;
use weir_core::exchange::{End, RawBody};
use weir_core::health::{Lifecycle, Running};
use weir_core::identity::Pass;
use weir_core::limit::{Concurrency, Permit};
use weir_wire::dialect::{Dialect, Operation, recognise};
use weir_wire::errors::ErrorKind;

use crate::body::Body;
use crate::connection::{Activity, Busy};
use crate::forward::{Attempt, forward};
use crate::incomer::{Answerer, Incomer, Probe, misdirected, probe};
use crate::read::{ReadError, drain, read};
use crate::record::{Recording, Sink};
use crate::relay::{Guards, Relay};
use crate::reply::Reply;
use crate::shape::{self, Spent};
use crate::snapshot::Snapshot;
use crate::upstream::Upstream;

/// Claude Code gives up its look for models after three seconds.
const MODEL_LIST_TIMEOUT: Duration = Duration::from_millis(2500);

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
}

/// Everything that answers requests.
pub struct Gateway {
    /// The configuration in force.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// Where exchanges are reported.
    pub sink: Sink,
    /// How many requests may run at once.
    pub concurrency: Arc<Concurrency>,
    /// Whether weir is running or draining, and what it still answers.
    pub lifecycle: Arc<Lifecycle>,
    /// Everything that is not an LLM API's.
    pub control: Arc<dyn Control>,
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
        request: Request<Incoming>,
        peer: Arc<Peer>,
    ) -> Result<Response<Body>, Infallible> {
        let busy = peer.activity.begin(request.version());
        match probe(&request) {
            Some(Probe::Root) => return Ok(Response::new(Body::empty())),
            Some(Probe::Hello) => return Ok(self.hello(request, peer, busy).await),
            None => {}
        }
        let uri = request.uri();
        let recognised = recognise(request.method(), uri.path(), uri.query(), request.headers());
        let Some(recognised) = recognised else {
            let response = self.control.answer(request, peer.address).await;
            return Ok(response.map(|body| body.keep_busy(busy)));
        };
        let path_model = recognised.path_model.map(Box::from);
        let (dialect, operation) = (recognised.dialect, recognised.operation);
        let (parts, body) = request.into_parts();
        let incomer = Incomer::new(parts, peer, busy, (dialect, operation, path_model));
        Ok(self.exchange(incomer, body).await)
    }

    /// The provider's own answer to Claude Code's probe, if it has a good one soon; else, and for
    /// whom the gate would refuse, ours. It is 200 either way.
    async fn hello(
        &self,
        request: Request<Incoming>,
        peer: Arc<Peer>,
        busy: Busy,
    ) -> Response<Body> {
        let snapshot = self.snapshot.load_full();
        let (parts, body) = request.into_parts();
        let kind = (Dialect::AnthropicMessages, Operation::Other, None);
        let mut incomer = Incomer::new(parts, peer, busy, kind);
        incomer.believe(&snapshot.trusted_proxies);
        let Ok(cleared) = self.admit(&incomer, &snapshot, self.lifecycle.begin()) else {
            return Response::new(Body::empty());
        };
        drop(body);
        let sent = self.send(incomer, &snapshot, cleared, RawBody::default());
        match tokio::time::timeout(HELLO_TIMEOUT, sent).await {
            Ok(response) if response.status().is_success() => response,
            _ => Response::new(Body::empty()),
        }
    }

    async fn exchange(&self, mut incomer: Incomer, body: Incoming) -> Response<Body> {
        let snapshot = self.snapshot.load_full();
        incomer.believe(&snapshot.trusted_proxies);
        let running = self.lifecycle.begin();
        let cleared = match self.admit(&incomer, &snapshot, running) {
            Ok(cleared) => cleared,
            Err((kind, message)) => {
                if !incomer.parts.headers.contains_key(EXPECT) {
                    drain(body).await;
                }
                return self.refuse(incomer, &snapshot, kind, &message);
            }
        };
        let expects_continue = incomer.parts.headers.contains_key(EXPECT);
        let limit = snapshot.max_body_bytes;
        match read(body, limit, snapshot.read_timeout, expects_continue).await {
            Ok(body) => self.send(incomer, &snapshot, cleared, body).await,
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
                self.refuse(incomer, &snapshot, kind, &message)
            }
        }
    }

    fn admit(
        &self,
        incomer: &Incomer,
        snapshot: &Snapshot,
        running: Running,
    ) -> Result<Cleared, (ErrorKind, String)> {
        let parts = &incomer.parts;
        if let Some(refusal) = misdirected(parts) {
            return Err(refusal);
        }
        let Some(permit) = self.concurrency.try_acquire() else {
            return Err((
                ErrorKind::ServerBusy,
                ErrorKind::ServerBusy.message().into(),
            ));
        };
        let peer = incomer.peer.address.ip();
        let pass = snapshot
            .gate
            .check(&parts.headers, parts.uri.query(), peer)
            .map_err(|refusal| (ErrorKind::Authentication, refusal.to_string()))?;
        let admitted = Admitted {
            _running: running,
            _permit: permit,
        };
        Ok(Cleared { pass, admitted })
    }

    /// Answers with an error of weir's own, before anything was sent to a provider.
    fn refuse(
        &self,
        incomer: Incomer,
        snapshot: &Snapshot,
        kind: ErrorKind,
        message: &str,
    ) -> Response<Body> {
        let reply = Reply::error(incomer.dialect, kind, message, &incomer.request_id());
        let end = match kind {
            // What Codex asks for at each start, and the answer it wants: nothing has failed.
            ErrorKind::UpgradeRequired => End::Complete,
            _ => End::Gateway(message.into()),
        };
        self.answer_itself(incomer, snapshot, reply, end)
    }

    fn answer_itself(
        &self,
        incomer: Incomer,
        snapshot: &Snapshot,
        reply: Reply,
        end: End,
    ) -> Response<Body> {
        let keep = snapshot.bytes_to_keep();
        let started = incomer.started;
        let (request, _busy) =
            incomer.into_record(&snapshot.gate, Arc::from(""), RawBody::default(), keep > 0);
        let mut recording = Recording::start(&self.sink, request, started, keep);
        recording.answered(reply.status, &reply.headers, &reply.body);
        recording.finish(end);
        reply.into_response()
    }

    async fn send(
        &self,
        mut incomer: Incomer,
        snapshot: &Snapshot,
        cleared: Cleared,
        body: RawBody,
    ) -> Response<Body> {
        let Some(upstream) = snapshot.upstream_for(incomer.dialect) else {
            let message = format!("no provider is configured for {}", incomer.dialect.as_str());
            return self.refuse(incomer, snapshot, ErrorKind::NotFound, &message);
        };
        if !upstream.provider.keys.is_empty() && incomer.is_foreign_page(&cleared.pass) {
            let message = "requests of web pages are refused while no credential is demanded: \
                           turn on `auth.enabled`";
            return self.refuse(incomer, snapshot, ErrorKind::Permission, message);
        }
        if incomer.asks_for_models() && !upstream.provider.models.is_empty() {
            let reply = Reply::models(&upstream.provider, &incomer.request_id());
            return self.answer_itself(incomer, snapshot, reply, End::Complete);
        }
        let spent = Spent {
            gate: &snapshot.gate,
            pass: &cleared.pass,
        };
        let keep = snapshot.bytes_to_keep();
        let answerer = Answerer::new(&incomer);
        let attempt = match prepare(&mut incomer, upstream, spent, &body, keep) {
            Ok(attempt) => attempt,
            Err(error) => {
                let message = format!("the path cannot be forwarded: {error}");
                return self.refuse(incomer, snapshot, ErrorKind::InvalidRequest, &message);
            }
        };
        let started = incomer.started;
        let provider = Arc::clone(&upstream.provider.name);
        let (request, busy) = incomer.into_record(&snapshot.gate, provider, body.clone(), keep > 0);
        let mut recording = Recording::start(&self.sink, request, started, keep);
        match forward(attempt, &self.sink.metrics, &mut recording).await {
            Ok((response, lease)) => {
                let (mut head, incoming) = response.into_parts();
                recording.responded(head.status, &head.headers);
                head.headers = shape::response_headers(head.headers);
                answerer.add_request_id(&mut head.headers);
                head.version = http::Version::HTTP_11;
                let guards = Guards {
                    busy,
                    admitted: cleared.admitted,
                };
                let relay = Relay::new(incoming, lease, recording, guards);
                Response::from_parts(head, Body::Relay(Box::new(relay)))
            }
            Err(failure) => answerer.failed(&failure, &body, recording, &snapshot.gate),
        }
    }
}

/// Puts the request into the provider's terms.
fn prepare<'a>(
    incomer: &mut Incomer,
    upstream: &'a Arc<Upstream>,
    spent: Spent<'_>,
    body: &'a RawBody,
    keep: usize,
) -> Result<Attempt<'a>, http::Error> {
    let (path, own_in_query) = incomer.path_for(upstream, spent)?;
    let parts = &mut incomer.parts;
    let mut header_timeout = upstream.provider.response_header_timeout;
    if incomer.operation == Operation::Models {
        header_timeout = header_timeout.min(MODEL_LIST_TIMEOUT);
    }
    // The record takes the client's own; without one they need not be copied.
    let headers = if keep > 0 {
        parts.headers.clone()
    } else {
        std::mem::take(&mut parts.headers)
    };
    Ok(Attempt {
        upstream,
        worker: incomer.peer.worker,
        method: parts.method.clone(),
        uri: upstream.uri(&path)?,
        headers: shape::request_headers(headers, upstream, spent, own_in_query),
        extensions: std::mem::take(&mut parts.extensions),
        body,
        header_timeout,
        seed: incomer.id.0.as_u64_pair().1,
    })
}

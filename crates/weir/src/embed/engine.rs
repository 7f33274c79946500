//! The thread that a translator runs on, from its port's opening to its end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use weir_core::secret::Secret;
use weir_core::settings::Server;
use weir_proxy::listen::{Acceptor, Inbox, Worker};
use weir_proxy::{Body, Control, Gateway, listen};
use weir_wire::dialect::Dialect;
use weir_wire::errors::{ErrorKind, error_body};

use super::{StartError, Stopped, Translator};

/// A runtime that may be dropped anywhere, and takes what still runs on it along.
struct Engine(Option<Runtime>);

impl Engine {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            // Lookups of names.
            .max_blocking_threads(8)
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The plain drop would wait, which an asynchronous caller must not.
            runtime.shutdown_background();
        }
    }
}

/// Opens the port and serves it on a new thread.
pub(super) fn start(
    gateway: Arc<Gateway>,
    server: &Server,
    token: Option<Secret>,
) -> Result<Translator, StartError> {
    let engine = Engine::new()?;
    let listener = listen::bind(server.listen)?;
    let addr = listener.local_addr()?;
    let (acceptor, mut inboxes) = {
        let _within = engine.runtime().enter();
        Acceptor::new(listener, 1)?
    };
    let inbox = inboxes.remove(0);
    let lifecycle = Arc::clone(&gateway.lifecycle);
    let worker = Worker {
        gateway,
        index: 0,
        limits: server.into(),
        tls: None,
        shutdown: CancellationToken::new(),
    };
    let (orders, ordered) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("weir-embed".to_owned());
    thread.spawn(move || {
        let serving = serve(acceptor, (worker, inbox), ordered);
        let stopped = engine.runtime().block_on(serving);
        drop(engine);
        // Nobody waits for one that was dropped.
        let _waited_for = end.send(stopped);
    })?;
    Ok(Translator {
        addr,
        url: format!("http://{addr}"),
        token,
        lifecycle,
        orders: Some(orders),
        ended,
    })
}

/// Serves until it is ordered to stop, or nobody is left to order it.
async fn serve(
    acceptor: Acceptor,
    (worker, inbox): (Worker, Inbox),
    ordered: oneshot::Receiver<Duration>,
) -> Stopped {
    let closing = worker.shutdown.clone();
    let accepting = tokio::spawn(closing.clone().run_until_cancelled_owned(acceptor.run()));
    let mut serving = pin!(worker.serve(inbox));
    let longest = tokio::select! {
        ordered = ordered => ordered.unwrap_or_default(),
        () = serving.as_mut() => return Stopped::CutOff,
    };
    closing.cancel();
    // The port is closed when this has ended.
    let _closed = accepting.await;
    match tokio::time::timeout(longest, serving).await {
        Ok(()) => Stopped::Clean,
        Err(_) => Stopped::CutOff,
    }
}

/// Answers paths that are no LLM API's.
pub(super) struct Nothing;

impl Control for Nothing {
    fn answer(
        &self,
        request: Request<Incoming>,
        _peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let message = format!("{} is no path of an LLM API", request.uri().path());
        let kind = ErrorKind::NotFound;
        let (_, body) = error_body(Dialect::AnthropicMessages, kind, &message, "");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::NOT_FOUND;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Box::pin(std::future::ready(response))
    }
}

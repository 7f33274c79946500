//! A service on a port of this machine: it answers by a script and keeps what it was sent.

use std::convert::Infallible;
use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn unpacked(&self) -> Vec<u8> {
        let mut out = Vec::new();
        GzDecoder::new(&*self.body).read_to_end(&mut out).unwrap();
        out
    }
}

/// An answer of the script.
pub(crate) type Answer = Response<Full<Bytes>>;

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    let answer = Response::builder().status(status);
    answer.body(Full::new(body.into())).unwrap()
}

type Script = dyn Fn(usize, &Received) -> Answer + Send + Sync;

/// The service.
pub(crate) struct StandIn {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl StandIn {
    /// One that answers the request of each number, from 0, by `script`.
    pub(crate) async fn start(
        script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        tokio::spawn(accept(listener, Arc::clone(&received), script));
        Self { url, received }
    }

    /// One that takes everything.
    pub(crate) async fn willing() -> Self {
        Self::start(|_, _| answer(200, "{}")).await
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }
}

async fn accept(listener: TcpListener, received: Arc<Mutex<Vec<Received>>>, script: Arc<Script>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (received, script) = (Arc::clone(&received), Arc::clone(&script));
        let service = service_fn(move |request: Request<Incoming>| {
            let (received, script) = (Arc::clone(&received), Arc::clone(&script));
            async move {
                let (head, body) = request.into_parts();
                let request = Received {
                    method: head.method,
                    path: head.uri.to_string(),
                    headers: head.headers,
                    body: body.collect().await.unwrap().to_bytes(),
                };
                let number = {
                    let mut received = received.lock();
                    received.push(request.clone());
                    received.len() - 1
                };
                Ok::<_, Infallible>(script(number, &request))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

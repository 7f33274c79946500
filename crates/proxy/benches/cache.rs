//! What an answer from the cache takes: the look-up with its keys, and the whole of it as a client on
//! the same machine sees it. `cargo bench -p weir-proxy --bench cache`.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use weir_core::cache::{About, Key, Subject, Tenant};
use weir_core::config;
use weir_core::exchange::{Recorder, RequestRecord, ResponseRecord};
use weir_core::health::Lifecycle;
use weir_core::limit::Concurrency;
use weir_mock::MockConfig;
use weir_proxy::listen::{self, Acceptor, Worker};
use weir_proxy::record::{Held, Sink};
use weir_proxy::{Body, Control, Gateway, Snapshot};

fn main() {
    divan::main();
}

/// Bytes of a request's body.
const SIZES: [usize; 3] = [1 << 10, 64 << 10, 512 << 10];

#[divan::bench(args = SIZES)]
fn key(bencher: Bencher<'_, '_>, size: usize) {
    let body = [Bytes::from(vec![b'x'; size])];
    let about = About::new(
        Tenant::default(),
        &Method::POST,
        "/v1/messages",
        Some("beta=true"),
    );
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    bencher.counter(BytesCount::new(size)).bench(|| {
        Key::of(&Subject {
            about: &about,
            headers: &headers,
            body: &body,
            opt_in: Some(60),
        })
    });
}

/// An empty answer to nothing in particular: what the way there and back takes, and HTTP. A hit less
/// this is what the gateway spends on it.
#[divan::bench(sample_count = 5000)]
fn nothing(bencher: Bencher<'_, '_>) {
    let mut stream = TcpStream::connect(gateway()).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 4 << 10];
    let request = b"GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n";
    ask(&mut stream, request, &mut buffer);
    bencher.bench_local(|| {
        stream.write_all(request).unwrap();
        answer(&mut stream, &mut buffer)
    });
}

/// One request and its answer on a connection that is kept.
#[divan::bench(args = SIZES, sample_count = 5000)]
fn hit(bencher: Bencher<'_, '_>, size: usize) {
    let addr = gateway();
    let text = "x".repeat(size);
    let body = format!(
        r#"{{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{{"role":"user","content":"{text}"}}]}}"#
    );
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: sk-ant-api03-x\r\n\
         cache-control: public, max-age=3600\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 64 << 10];
    ask(&mut stream, request.as_bytes(), &mut buffer);
    let again = ask(&mut stream, request.as_bytes(), &mut buffer);
    assert!(again.contains("x-proxy-cache: hit"), "{again}");
    bencher.bench_local(|| {
        stream.write_all(request.as_bytes()).unwrap();
        answer(&mut stream, &mut buffer)
    });
}

fn ask(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) -> String {
    stream.write_all(request).unwrap();
    let len = answer(stream, buffer);
    String::from_utf8_lossy(buffer.get(..len).unwrap()).into_owned()
}

/// Reads one answer, which says its length; gives how long it was.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    let mut len = 0;
    loop {
        len += stream.read(buffer.get_mut(len..).unwrap()).unwrap();
        let have = buffer.get(..len).unwrap();
        let head = have.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(head) = head else { continue };
        let text = String::from_utf8_lossy(have.get(..head).unwrap()).to_ascii_lowercase();
        let length = text.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        if len >= head + 4 + length {
            return len;
        }
    }
}

/// A gateway with a cache in front of a mock, on a thread of its own.
fn gateway() -> SocketAddr {
    let (told, tells) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
            let overrides = [
                ("providers.anthropic.base_url", mock.url()),
                ("server.port", "0".to_owned()),
                ("cache.enabled", "true".to_owned()),
            ];
            let overrides = overrides.map(|(path, value)| (path.to_owned(), value));
            let settings = config::load(None, &|_| None, &overrides).unwrap().settings;
            let listener = listen::bind(settings.server.listen).unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            let (acceptor, mut inboxes) = Acceptor::new(listener, 1).unwrap();
            let worker = Worker {
                gateway: Arc::new(Gateway {
                    snapshot: Arc::new(ArcSwap::from_pointee(
                        Snapshot::build(&settings, 1, None).unwrap(),
                    )),
                    sink: Sink {
                        recorder: Arc::new(Forgets),
                        metrics: Arc::default(),
                        held: Arc::new(Held::new(0)),
                    },
                    concurrency: Arc::new(Concurrency::new(0)),
                    rates: Arc::default(),
                    lifecycle: Arc::new(Lifecycle::default()),
                    control: Arc::new(Nothing),
                    tenants: None,
                    cache: Arc::default(),
                }),
                index: 0,
                limits: (&settings.server).into(),
                tls: None,
                shutdown: CancellationToken::new(),
            };
            tokio::spawn(acceptor.run());
            worker.serve(inboxes.remove(0)).await;
        });
    });
    tells.recv().unwrap()
}

struct Forgets;

impl Recorder for Forgets {
    fn started(&self, request: Box<RequestRecord>) {
        drop(request);
    }

    fn finished(&self, response: Box<ResponseRecord>) {
        drop(response);
    }
}

struct Nothing;

impl Control for Nothing {
    fn answer(
        &self,
        _request: Request<Incoming>,
        _peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(async { Response::new(Body::empty()) })
    }
}

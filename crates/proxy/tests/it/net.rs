//! A gateway in front of a mock, and a client that sees bytes.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::channel::{self, Channel};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use weir_core::exchange::{Recorder, RequestRecord, ResponseRecord};
use weir_core::health::Lifecycle;
use weir_core::limit::Concurrency;
use weir_core::rate::Rates;
use weir_core::settings::Settings;
use weir_mock::{Mock, MockConfig};
use weir_proxy::clock::now;
use weir_proxy::listen::Worker;
use weir_proxy::record::{Held, Sink};
use weir_proxy::{Body, BoxError, Cache, Control, Gateway, Snapshot, listen, tls};

/// No test waits longer for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps every record.
#[derive(Default)]
pub(crate) struct Records {
    pub started: Mutex<Vec<RequestRecord>>,
    pub finished: Mutex<Vec<ResponseRecord>>,
    changed: Notify,
}

impl Recorder for Records {
    fn started(&self, request: Box<RequestRecord>) {
        self.started.lock().push(*request);
        self.changed.notify_waiters();
    }

    fn finished(&self, response: Box<ResponseRecord>) {
        self.finished.lock().push(*response);
        self.changed.notify_waiters();
    }
}

impl Records {
    /// Waits until `count` exchanges have ended, then takes the last.
    pub(crate) async fn ended(&self, count: usize) -> ResponseRecord {
        within(async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.finished.lock().len() >= count {
                    return self.finished.lock().pop().unwrap();
                }
                changed.await;
            }
        })
        .await
    }
}

/// Answers 418, and on `/slow` in two pieces with a pause that the test ends.
struct Teapot {
    open: Arc<Notify>,
}

impl Control for Teapot {
    fn answer(
        &self,
        request: Request<Incoming>,
        _peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            if request.uri().path() == "/slow" {
                let (sender, body) = Channel::<Bytes, BoxError>::new(2);
                tokio::spawn(slowly(sender, open));
                return Response::new(Body::from(UnsyncBoxBody::new(body)));
            }
            let mut response = Response::new(Body::from(b"control".to_vec()));
            *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
            response
        })
    }
}

async fn slowly(mut sender: channel::Sender<Bytes, BoxError>, open: Arc<Notify>) {
    sender
        .send_data(Bytes::from_static(b"first"))
        .await
        .unwrap();
    open.notified().await;
    sender
        .send_data(Bytes::from_static(b"second"))
        .await
        .unwrap();
}

/// A running gateway.
pub(crate) struct Net {
    pub addr: SocketAddr,
    pub mock: Mock,
    pub records: Arc<Records>,
    pub gateway: Arc<Gateway>,
    /// Ends the pause of `/slow`.
    pub open_control: Arc<Notify>,
    pub certificate: Option<Arc<tls::Certificate>>,
    /// By how much the cache's clock is ahead, in milliseconds.
    pub ahead_ms: Arc<AtomicU64>,
    shutdown: CancellationToken,
}

impl Drop for Net {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A gateway with every provider pointed at one mock.
pub(crate) async fn net(settings: &[(&str, &str)]) -> Net {
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    net_before(mock, settings).await
}

/// The same with a mock of the test's own.
pub(crate) async fn net_before(mock: Mock, settings: &[(&str, &str)]) -> Net {
    let settings = checked(&mock.url(), settings);
    net_of(mock, &settings)
}

/// A gateway with these settings.
pub(crate) fn net_of(mock: Mock, settings: &Settings) -> Net {
    let records = Arc::new(Records::default());
    let open_control = Arc::new(Notify::new());
    let limit = settings
        .server
        .max_concurrent
        .map_or(0, std::num::NonZeroUsize::get);
    let ahead_ms = Arc::new(AtomicU64::new(0));
    let ahead = Arc::clone(&ahead_ms);
    let clock = move || now().plus_ms(ahead.load(Ordering::SeqCst));
    let gateway = Arc::new(Gateway {
        snapshot: Arc::new(ArcSwap::from_pointee(
            Snapshot::build(settings, 1, None).unwrap(),
        )),
        sink: Sink {
            recorder: Arc::clone(&records) as Arc<dyn Recorder>,
            metrics: Arc::default(),
            held: Arc::new(Held::new(settings.capture.queue_bytes)),
        },
        concurrency: Arc::new(Concurrency::new(limit)),
        rates: Arc::new(Rates::new(
            settings.server.max_per_minute,
            settings.server.max_per_minute_per_address,
        )),
        lifecycle: Arc::new(Lifecycle::default()),
        control: Arc::new(Teapot {
            open: Arc::clone(&open_control),
        }),
        tenants: None,
        cache: Arc::new(Cache::new(settings.cache.max_bytes, Box::new(clock))),
    });
    let listener = listen::bind(settings.server.listen).unwrap();
    let addr = listener.local_addr().unwrap();
    let files = settings.server.tls.as_ref();
    let certificate = files.map(|files| Arc::new(tls::Certificate::load(files).unwrap()));
    let shutdown = CancellationToken::new();
    let worker = Worker {
        gateway: Arc::clone(&gateway),
        index: 0,
        limits: (&settings.server).into(),
        tls: certificate
            .as_ref()
            .map(|certificate| certificate.acceptor().unwrap()),
        shutdown: shutdown.clone(),
    };
    let (acceptor, mut inboxes) = listen::Acceptor::new(listener, 1).unwrap();
    let stop = shutdown.clone();
    tokio::spawn(async move { stop.run_until_cancelled(acceptor.run()).await });
    tokio::spawn(worker.serve(inboxes.remove(0)));
    Net {
        addr,
        mock,
        records,
        gateway,
        open_control,
        certificate,
        ahead_ms,
        shutdown,
    }
}

fn checked(url: &str, settings: &[(&str, &str)]) -> Settings {
    let mut overrides: Vec<(String, String)> = ["anthropic", "openai", "gemini"]
        .iter()
        .map(|name| (format!("providers.{name}.base_url"), url.to_owned()))
        .collect();
    overrides.push(("server.port".into(), "0".into()));
    overrides.extend(
        settings
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into())),
    );
    weir_core::config::load(None, &|_| None, &overrides)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())
        .unwrap()
        .settings
}

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it did not happen in time")
}

/// A client connection that sees bytes.
pub(crate) struct Wire {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// A response as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// In wire order and spelling.
    pub headers: Vec<(String, String)>,
    /// With the chunked coding removed.
    pub body: Vec<u8>,
    /// Whether the body came to its proper end.
    pub whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Wire {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(addr).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads until the head is whole.
    pub(crate) async fn head(&mut self) -> (u16, Vec<(String, String)>) {
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            assert!(
                self.more().await > 0,
                "closed before the head: {:?}",
                text(&self.buffer)
            );
        };
        let head = text(&self.buffer[..end]);
        self.buffer.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        (status, headers)
    }

    /// Reads the next bytes of the body as framed, for watching a stream come.
    pub(crate) async fn until(&mut self, expected: &[u8]) {
        within(async {
            while find(&self.buffer, expected).is_none() {
                assert!(
                    self.more().await > 0,
                    "closed after {:?}",
                    text(&self.buffer)
                );
            }
        })
        .await;
    }

    /// Reads a whole response.
    pub(crate) async fn answer(&mut self) -> Answer {
        within(async {
            let (status, headers) = self.head().await;
            let mut answer = Answer {
                status,
                headers,
                body: Vec::new(),
                whole: false,
            };
            if answer.header("transfer-encoding") == Some("chunked") {
                self.chunks(&mut answer).await;
            } else if let Some(length) = answer.header("content-length") {
                let length: usize = length.parse().unwrap();
                while self.buffer.len() < length && self.more().await > 0 {}
                let have = length.min(self.buffer.len());
                answer.body = self.buffer.drain(..have).collect();
                answer.whole = have == length;
            } else {
                while self.more().await > 0 {}
                answer.body = std::mem::take(&mut self.buffer);
                answer.whole = true;
            }
            answer
        })
        .await
    }

    async fn chunks(&mut self, answer: &mut Answer) {
        loop {
            let Some(line) = find(&self.buffer, b"\r\n") else {
                if self.more().await == 0 {
                    return;
                }
                continue;
            };
            let size = usize::from_str_radix(&text(&self.buffer[..line]), 16).unwrap();
            while self.buffer.len() < line + 2 + size + 2 {
                if self.more().await == 0 {
                    answer.body.extend(&self.buffer[line + 2..]);
                    return;
                }
            }
            answer.body.extend(&self.buffer[line + 2..line + 2 + size]);
            self.buffer.drain(..line + 2 + size + 2);
            if size == 0 {
                answer.whole = true;
                return;
            }
        }
    }

    async fn more(&mut self) -> usize {
        // A reset is an end too.
        self.stream.read_buf(&mut self.buffer).await.unwrap_or(0)
    }

    /// Whether the gateway closes the connection.
    pub(crate) async fn closes(&mut self) -> bool {
        within(async { while self.more().await > 0 {} }).await;
        true
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(addr: SocketAddr, request: &[u8]) -> Answer {
    let mut wire = Wire::connect(addr).await;
    wire.send(request).await;
    wire.answer().await
}

/// A POST with these header lines and this body.
pub(crate) fn post(path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: weir.example\r\n");
    for header in headers {
        request += header;
        request += "\r\n";
    }
    request += &format!("Content-Length: {}\r\n\r\n", body.len());
    [request.as_bytes(), body].concat()
}

/// A GET, or another method without a body.
pub(crate) fn bare(method: &str, path: &str, headers: &[&str]) -> Vec<u8> {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    format!("{method} {path} HTTP/1.1\r\nHost: weir.example\r\n{headers}\r\n").into_bytes()
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A small body of Anthropic's dialect.
pub(crate) const BODY: &[u8] =
    br#"{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;

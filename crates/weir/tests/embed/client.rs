//! A client that sees bytes, and a mock as upstream.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use weir::embed::{HeaderMap, Secret, Translator};
use weir_mock::{Mock, MockConfig};

/// No test waits longer for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A small body of Messages.
pub(crate) const BODY: &str =
    r#"{"model":"m1","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}"#;
/// The same, streamed.
pub(crate) const STREAM: &str =
    r#"{"model":"m1","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it did not happen in time")
}

pub(crate) async fn mock() -> Mock {
    weir_mock::serve(MockConfig::default()).await.unwrap()
}

/// A translator in front of `mock`, with a token for good.
pub(crate) fn translator(mock: &Mock) -> Translator {
    let upstream = format!("{}/v1", mock.url());
    let token = Secret::new("upstreams-token");
    weir::embed::start(&upstream, token, HeaderMap::new(), None, "mock").unwrap()
}

/// The header that lets a client in.
pub(crate) fn key(translator: &Translator) -> String {
    format!("x-api-key: {}", translator.token().unwrap().expose())
}

/// An answer without its framing.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    /// Its head, in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// A connection.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub(crate) async fn send(addr: SocketAddr, request: &str) -> Self {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let buffer = Vec::new();
        Self { stream, buffer }
    }

    async fn more(&mut self) -> usize {
        // A reset is an end too.
        self.stream.read_buf(&mut self.buffer).await.unwrap_or(0)
    }

    /// Waits until these bytes have come.
    pub(crate) async fn until(&mut self, expected: &str) {
        within(async {
            while find(&self.buffer, expected.as_bytes()).is_none() {
                let seen = String::from_utf8_lossy(&self.buffer).into_owned();
                assert!(self.more().await > 0, "closed after {seen:?}");
            }
        })
        .await;
    }

    /// Everything until the connection ends, and whether it is whole.
    pub(crate) async fn end(mut self) -> (Answer, bool) {
        within(async { while self.more().await > 0 {} }).await;
        let end = find(&self.buffer, b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
        let body = &self.buffer[end + 4..];
        let (body, whole) = if head.contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            (body.to_vec(), true)
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (Answer { status, head, body }, whole)
    }
}

fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let from = line + 2;
        if rest.len() < from + size + 2 {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = &rest[from + size + 2..];
    }
    (body, false)
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// A request for a connection of its own; `line` is method and target.
pub(crate) fn request(line: &str, headers: &[&str], body: &str) -> String {
    let mut request = format!("{line} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n");
    for header in headers {
        request += header;
        request += "\r\n";
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    request + "\r\n" + body
}

/// One whole answer.
pub(crate) async fn ask(
    translator: &Translator,
    line: &str,
    headers: &[&str],
    body: &str,
) -> Answer {
    let wire = Wire::send(translator.addr(), &request(line, headers, body)).await;
    let (answer, whole) = wire.end().await;
    assert!(whole, "{answer:?}");
    answer
}

/// One message of a client that is let in.
pub(crate) async fn say(translator: &Translator, body: &str) -> Answer {
    ask(translator, "POST /v1/messages", &[&key(translator)], body).await
}

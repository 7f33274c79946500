//! Start, end, and the way to the upstream.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use weir::embed::{HeaderMap, HeaderValue, Secret, Setup, StartError, Stopped, Translator, start};
use weir_mock::{Gate, Mock, Raw};

use crate::client::{BODY, STREAM, Wire, find, key, mock, request, say, translator, within};

/// Begins a stream that stays open until the gate is opened.
async fn hold(mock: &Mock, translator: &Translator, gate: &Gate) -> Wire {
    let chunk = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    mock.push(
        Raw::new(200)
            .header("content-type", "text/event-stream")
            .piece(chunk("first"))
            .pause(gate)
            .piece(chunk("second"))
            .piece("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"),
    );
    let message = request("POST /v1/messages", &[&key(translator)], STREAM);
    let mut wire = Wire::send(translator.addr(), &message).await;
    wire.until("first").await;
    wire
}

async fn refuses(addr: SocketAddr) -> bool {
    TcpStream::connect(addr).await.is_err()
}

#[tokio::test]
async fn a_shutdown_lets_a_stream_finish_and_closes_the_port() {
    let mock = mock().await;
    let translator = translator(&mock);
    let addr = translator.addr();
    let gate = Gate::new();
    let wire = hold(&mock, &translator, &gate).await;
    assert_eq!(translator.in_flight(), 1);
    let stopping = tokio::spawn(translator.shutdown());
    within(async { while !refuses(addr).await {} }).await;
    assert!(!stopping.is_finished());
    gate.open();
    let (answer, whole) = wire.end().await;
    assert!(whole);
    let answer = answer.text();
    assert!(
        answer.contains("second") && answer.contains("message_stop"),
        "{answer}"
    );
    assert_eq!(within(stopping).await.unwrap(), Stopped::Clean);
    assert!(refuses(addr).await);
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_broken_off() {
    let mock = mock().await;
    let translator = translator(&mock);
    let (addr, gate) = (translator.addr(), Gate::new());
    let wire = hold(&mock, &translator, &gate).await;
    let stopped = within(translator.shutdown_within(Duration::from_millis(10))).await;
    assert_eq!(stopped, Stopped::CutOff);
    assert!(refuses(addr).await);
    let (answer, whole) = wire.end().await;
    assert!(!whole && !answer.text().contains("message_stop"));
    within(mock.wait_until(|all| all[0].client_closed_early.is_some())).await;
}

#[tokio::test]
async fn one_that_is_dropped_stops_at_once() {
    let mock = mock().await;
    let translator = translator(&mock);
    let (addr, gate) = (translator.addr(), Gate::new());
    let wire = hold(&mock, &translator, &gate).await;
    drop(translator);
    let (_, whole) = wire.end().await;
    assert!(!whole);
    within(async { while !refuses(addr).await {} }).await;
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_a_shutdown_up() {
    let mock = mock().await;
    let translator = translator(&mock);
    let mut idle = TcpStream::connect(translator.addr()).await.unwrap();
    say(&translator, BODY).await;
    assert_eq!(within(translator.shutdown()).await, Stopped::Clean);
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[test]
fn it_needs_no_runtime_of_the_callers() {
    let token = Secret::new("t");
    let translator = start(
        "https://api.openai.com/v1",
        token,
        HeaderMap::new(),
        None,
        "",
    )
    .unwrap();
    assert!(translator.addr().ip().is_loopback());
    assert_eq!(translator.url(), format!("http://{}", translator.addr()));
    assert!(std::net::TcpStream::connect(translator.addr()).is_ok());
    let addr = translator.addr();
    assert_eq!(
        translator.shutdown_blocking(Duration::from_secs(20)),
        Stopped::Clean
    );
    assert!(std::net::TcpStream::connect(addr).is_err());
}

#[tokio::test]
async fn a_proxy_is_used_when_one_is_given() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:word@{}", proxy.local_addr().unwrap());
    let upstream = "http://upstream.invalid/v1";
    let translator = start(
        upstream,
        Secret::new("t"),
        HeaderMap::new(),
        Some(&url),
        "m",
    )
    .unwrap();
    let asked = async {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let mut head = Vec::new();
        while find(&head, b"\r\n\r\n").is_none() {
            assert!(stream.read_buf(&mut head).await.unwrap() > 0);
        }
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            .await
            .unwrap();
        drop(proxy);
        String::from_utf8(head).unwrap()
    };
    let (asked, answer) = tokio::join!(asked, say(&translator, BODY));
    assert!(asked.starts_with("CONNECT upstream.invalid:80 "), "{asked}");
    assert!(asked.to_lowercase().contains("proxy-authorization: basic"));
    assert_eq!(answer.status, 502);
}

#[test]
fn what_cannot_be_used_is_said_at_the_start() {
    let setup = |upstream: &str| Setup::translating(upstream, Secret::new("t"));
    for upstream in [
        "",
        "api.openai.com/v1",
        "ftp://h",
        "https://",
        "https://h/v1?x=1",
        "https://u:p@h",
    ] {
        let error = setup(upstream).start().unwrap_err();
        assert!(
            matches!(error, StartError::Upstream(_)),
            "{upstream}: {error}"
        );
    }
    for proxy in [
        "environment",
        "direct",
        "",
        "localhost:1",
        "ftp://h:1",
        "http://h:1/path",
    ] {
        let error = setup("https://h").proxy(proxy).start().unwrap_err();
        assert!(matches!(error, StartError::Proxy(_)), "{proxy}: {error}");
    }
    for name in ["content-length", "transfer-encoding", "connection"] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static("1"));
        let error = setup("https://h").headers(headers).start().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the header `{name}` is not for a caller to set")
        );
    }
    let error = setup("https://h").profile("no such").start().unwrap_err();
    assert!(error.to_string().contains("no such"), "{error}");
}

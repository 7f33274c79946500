//! What the mock notes about requests and clients.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use weir_mock::{Gate, Mock, Raw};

use crate::client::{Api, ask, mock, raw, read_until};

#[tokio::test]
async fn heads_are_recorded_in_wire_order_and_spelling() {
    let mock = mock().await;
    let request = "POST /v1/messages?beta=true&x=%2f HTTP/1.1\r\nX-Zeta: 1\r\nhOsT: h\r\n\
        accept:text/event-stream\r\nX-Alpha:  padded \r\nX-Zeta: 2\r\n\
        Connection: close\r\ncontent-length: 2\r\n\r\n{}";
    raw(&mock, request.as_bytes()).await;
    let received = &mock.received()[0];
    let pairs: Vec<(&str, &str)> = received
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("X-Zeta", "1"),
            ("hOsT", "h"),
            ("accept", "text/event-stream"),
            ("X-Alpha", "padded"),
            ("X-Zeta", "2"),
            ("Connection", "close"),
            ("content-length", "2"),
        ]
    );
    assert_eq!(received.target, "/v1/messages?beta=true&x=%2f");
    assert_eq!(
        (received.path(), received.query()),
        ("/v1/messages", Some("beta=true&x=%2f"))
    );
    assert_eq!(received.raw_head, request.as_bytes()[..request.len() - 2]);
    assert_eq!(&received.body[..], b"{}");
    assert!(received.finished_at.is_some() && received.client_closed_early.is_none());
}

#[tokio::test]
async fn requests_on_one_connection_are_told_apart() {
    let mock = mock().await;
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    // The first in chunks and with a trailer, the second and third pipelined behind it.
    let chunked = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\n{}\r\n0\r\nX-Trailer: t\r\n\r\n";
    let second = "HEAD / HTTP/1.1\r\nHost: h\r\nX-Second: 2\r\n\r\n";
    let third = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
    stream
        .write_all([chunked, second, third].concat().as_bytes())
        .await
        .unwrap();
    let received = mock.wait_for(3).await;
    assert_eq!(
        received
            .iter()
            .map(|one| one.connection)
            .collect::<Vec<_>>(),
        [0, 0, 0]
    );
    assert_eq!(
        received[0].trailers,
        [("x-trailer".to_owned(), "t".to_owned())]
    );
    assert_eq!(
        (&received[0].body[..], &received[2].body[..]),
        (&b"{}"[..], &b"{}"[..])
    );
    assert_eq!(
        received[1].headers[1],
        ("X-Second".to_owned(), "2".to_owned())
    );
    assert_eq!(received[2].raw_head, third.as_bytes()[..third.len() - 2]);
    read_until(&mut stream, "HTTP/1.1 200 OK\r\nDate").await;
}

async fn h2(mock: &Mock) -> hyper::client::conn::http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(mock.addr).await.unwrap();
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn h2_request(mock: &Mock, scenario: &str) -> http::Request<Full<Bytes>> {
    http::Request::post(format!("{}/v1/messages?beta=true", mock.url()))
        .header("x-mock-scenario", scenario)
        .body(Full::from(Api::Anthropic.body("hi", true).to_string()))
        .unwrap()
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_served_on_the_same_port() {
    let mock = mock().await;
    let mut client = h2(&mock).await;
    let response = client
        .send_request(h2_request(&mock, "text"))
        .await
        .unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"}\n\n"));
    let received = &mock.wait_until(|all| all[0].finished_at.is_some()).await[0];
    assert_eq!(received.http_version, http::Version::HTTP_2);
    assert_eq!(received.target, "/v1/messages?beta=true");
    let broken = client
        .send_request(h2_request(&mock, "drop"))
        .await
        .unwrap();
    assert!(broken.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_on_http2() {
    let mock = mock().await;
    let mut client = h2(&mock).await;
    let response = client
        .send_request(h2_request(&mock, "silent"))
        .await
        .unwrap();
    drop(response);
    mock.wait_until(|all| all[0].client_closed_early.is_some())
        .await;
}

#[tokio::test]
async fn a_client_that_leaves_during_silence_is_noticed() {
    let mock = mock().await;
    let gate = Gate::new();
    let silences = [
        Raw::new(200).pause_before_head(&gate),
        Raw::new(200).piece("data: 1\n\n").pause(&gate),
        Raw::new(200).piece("data: 1\n\n").hang(),
    ];
    for (number, script) in silences.into_iter().enumerate() {
        mock.push(script);
        let mut stream = TcpStream::connect(mock.addr).await.unwrap();
        let request = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(request.as_bytes()).await.unwrap();
        mock.wait_for(number + 1).await;
        assert!(mock.received()[number].client_closed_early.is_none());
        drop(stream);
        mock.wait_until(|all| all[number].client_closed_early.is_some())
            .await;
        assert!(mock.received()[number].finished_at.is_none());
    }
}

#[tokio::test]
async fn a_client_that_leaves_during_its_own_body_is_noticed() {
    let mock = mock().await;
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    let request = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf";
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    let received = &mock.wait_for(1).await[0];
    assert!(!received.body_complete && received.client_closed_early.is_some());
    assert_eq!(&received.body[..], b"half");
}

#[tokio::test]
async fn a_reply_stops_at_a_gate_until_the_test_opens_it() {
    let mock = mock().await;
    let gate = Gate::new();
    mock.push(
        Raw::new(200)
            .piece("one\n")
            .pause(&gate)
            .piece("two\n")
            .pause(&gate)
            .piece("three\n"),
    );
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    stream
        .write_all(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    gate.reached(1).await;
    assert!(!read_until(&mut stream, "one\n").await.contains("two"));
    gate.open();
    gate.reached(2).await;
    assert!(!read_until(&mut stream, "two\n").await.contains("three"));
    gate.open();
    read_until(&mut stream, "0\r\n\r\n").await;
}

#[tokio::test]
async fn reset_forgets_requests_scripts_and_counters() {
    let mock = Arc::new(mock().await);
    assert_eq!(
        ask(&mock, Api::Chat, "529,count=1", true).await.status(),
        529
    );
    mock.push(Raw::new(418));
    mock.reset();
    assert!(mock.received().is_empty());
    assert_eq!(
        ask(&mock, Api::Chat, "529,count=1", true).await.status(),
        529
    );
    assert_eq!(
        ask(&mock, Api::Chat, "529,count=1", true).await.status(),
        200
    );
    let waiting = {
        let mock = mock.clone();
        tokio::spawn(async move { mock.wait_for(3).await.len() })
    };
    ask(&mock, Api::Chat, "text", false).await;
    assert_eq!(waiting.await.unwrap(), 3);
}

#[tokio::test]
async fn shutdown_closes_port_and_connections() {
    let mock = mock().await;
    let addr = mock.addr;
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream
        .write_all(
            b"POST /v1/messages HTTP/1.1\r\nHost: h\r\nx-mock-scenario: silent\r\n\
        Content-Length: 2\r\n\r\n{}",
        )
        .await
        .unwrap();
    mock.wait_for(1).await;
    mock.shutdown().await;
    crate::client::read_to_end(&mut stream).await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn the_record_is_bounded() {
    let config = weir_mock::MockConfig {
        max_recorded: 2,
        ..Default::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    for _ in 0..3 {
        ask(&mock, Api::Chat, "text", false).await;
    }
    let serials: Vec<u64> = mock
        .wait_for(3)
        .await
        .iter()
        .map(|one| one.serial)
        .collect();
    assert_eq!(serials, [1, 2]);
}

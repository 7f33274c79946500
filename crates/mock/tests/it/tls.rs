//! The mock over TLS: the same replies, HTTP/2 by ALPN, plain HTTP still on the same port.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use weir_mock::{Mock, MockConfig};

use crate::client::{Api, ask, post};

async fn secure() -> Mock {
    let config = MockConfig {
        tls: true,
        ..Default::default()
    };
    weir_mock::serve(config).await.unwrap()
}

/// A connection that trusts the mock's certificate.
async fn connect(mock: &Mock, protocol: &str) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let pem = mock.certificate().unwrap();
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    roots.add(der).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(mock.addr).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

fn request(scenario: &str) -> Vec<u8> {
    let body = Api::Anthropic.body("hi", true).to_string();
    post("/v1/messages", &[("x-mock-scenario", scenario)], &body)
}

/// What comes until the connection ends, and how it ends.
async fn exchange(mock: &Mock, scenario: &str) -> (Vec<u8>, io::Result<()>) {
    let mut stream = connect(mock, "http/1.1").await.unwrap();
    stream.write_all(&request(scenario)).await.unwrap();
    let mut got = Vec::new();
    let ended = stream.read_to_end(&mut got).await;
    (got, ended.map(|_| ()))
}

#[tokio::test]
async fn http1_is_served_inside_tls_and_plainly_on_the_same_port() {
    let mock = secure().await;
    let (got, ended) = exchange(&mock, "text").await;
    ended.unwrap();
    let text = String::from_utf8(got).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("0\r\n\r\n"));
    assert_eq!(ask(&mock, Api::Chat, "text", false).await.status(), 200);
    let received = mock.received();
    assert_eq!([received[0].is_tls, received[1].is_tls], [true, false]);
    assert!(mock.https_url().starts_with("https://localhost:"));
    assert_eq!(mock.connections(), 2);
}

#[tokio::test]
async fn http2_is_agreed_by_alpn() {
    let mock = secure().await;
    let stream = connect(&mock, "h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("{}/v1/messages", mock.https_url()))
        .body(Full::<Bytes>::from("{}"))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap();
    let received = &mock.received()[0];
    assert_eq!(received.http_version, http::Version::HTTP_2);
    assert!(received.is_tls && received.authority.starts_with("localhost:"));
}

#[tokio::test]
async fn cuts_and_refusals_work_inside_tls() {
    let mock = secure().await;
    let (got, _) = exchange(&mock, "drop").await;
    let text = String::from_utf8(got).unwrap();
    assert!(text.contains("message_start") && !text.contains("0\r\n\r\n"));
    let (got, ended) = exchange(&mock, "drop,mode=rst").await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{got:?}");
    let (got, _) = exchange(&mock, "refuse").await;
    assert!(got.is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_inside_tls() {
    let mock = secure().await;
    let mut stream = connect(&mock, "http/1.1").await.unwrap();
    stream.write_all(&request("hang")).await.unwrap();
    mock.hanging().reached(1).await;
    drop(stream);
    mock.wait_until(|all| all[0].client_closed_early.is_some())
        .await;
}

#[tokio::test]
async fn a_closed_port_closes_tls_connections_too() {
    let mock = secure().await;
    let mut stream = connect(&mock, "http/1.1").await.unwrap();
    mock.refuse().await.unwrap();
    let ended = stream.read_to_end(&mut Vec::new()).await;
    assert!(!matches!(ended, Ok(1..)));
    assert!(connect(&mock, "http/1.1").await.is_err());
    mock.accept().await.unwrap();
    let (got, _) = exchange(&mock, "text").await;
    assert!(got.starts_with(b"HTTP/1.1 200"));
}

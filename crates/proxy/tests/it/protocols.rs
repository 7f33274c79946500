//! HTTP/2 without TLS, and TLS with certificates that change.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use weir_mock::Raw;

use crate::net::{BODY, Wire, ask, net, post, within};

#[tokio::test]
async fn http2_without_tls_is_spoken_on_the_same_port() {
    let net = net(&[]).await;
    ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    let stream = TcpStream::connect(net.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    net.mock
        .push(Raw::new(200).header("x-odd", "1").body("{\"ok\":1}"));
    let request = Request::post(format!("http://{}/v1/messages?beta=true", net.addr))
        .header("anthropic-beta", "a,b")
        .body(Full::new(Bytes::from_static(BODY)))
        .unwrap();
    let response = within(sender.send_request(request)).await.unwrap();
    assert_eq!(response.headers()["x-odd"], "1");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"ok\":1}");
    let received = net.mock.received().pop().unwrap();
    assert_eq!(received.target, "/v1/messages?beta=true");
    assert_eq!(received.header("anthropic-beta"), Some("a,b"));
    assert_eq!(
        received.header("host"),
        Some(net.mock.addr.to_string().as_str())
    );
    assert_eq!(received.body, BODY);
}

/// Writes a new certificate for `localhost` and returns it.
fn certify(folder: &std::path::Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

async fn status_over_tls(
    net: &crate::net::Net,
    trusted: CertificateDer<'static>,
) -> Result<u16, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let stream = TcpStream::connect(net.addr).await.unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::post("/v1/messages")
        .header("host", "localhost")
        .body(Full::new(Bytes::from_static(BODY)))
        .unwrap();
    Ok(sender
        .send_request(request)
        .await
        .unwrap()
        .status()
        .as_u16())
}

#[tokio::test]
async fn tls_is_served_with_the_certificate_of_the_moment() {
    let folder = tempfile::tempdir().unwrap();
    let first = certify(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let net = net(&[
        ("server.tls.cert_file", &file("cert.pem")),
        ("server.tls.key_file", &file("key.pem")),
    ])
    .await;
    assert_eq!(within(status_over_tls(&net, first.clone())).await, Ok(200));
    let certificate = net.certificate.clone().unwrap();
    assert!(
        !certificate.reload_if_changed().unwrap(),
        "nothing has changed"
    );
    let second = certify(folder.path());
    // Coarse file times must not hide the change from the test.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    std::fs::File::options()
        .write(true)
        .open(file("cert.pem"))
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert!(certificate.reload_if_changed().unwrap());
    assert!(
        within(status_over_tls(&net, first)).await.is_err(),
        "the old one is gone"
    );
    assert_eq!(within(status_over_tls(&net, second.clone())).await, Ok(200));
    std::fs::write(folder.path().join("cert.pem"), "broken").unwrap();
    std::fs::File::options()
        .write(true)
        .open(file("key.pem"))
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert!(
        certificate
            .reload_if_changed()
            .unwrap_err()
            .to_string()
            .contains("cert.pem")
    );
    assert_eq!(
        within(status_over_tls(&net, second)).await,
        Ok(200),
        "the good one stays"
    );
}

#[tokio::test]
async fn a_second_request_on_a_connection_is_served_after_the_first() {
    let net = net(&[]).await;
    let mut wire = Wire::connect(net.addr).await;
    let both = [
        post("/v1/messages", &[], BODY),
        post("/v1/messages", &[], BODY),
    ]
    .concat();
    wire.send(&both).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(wire.answer().await.status, 200);
}

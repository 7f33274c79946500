//! The way to the provider: TLS, HTTP/2, proxies of the environment.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use weir_mock::{MockConfig, Raw};

use crate::program::{Setup, start_before, start_with};

/// Ends TLS in front of `plain`, and offers `protocols`. Returns its address.
async fn tls_before(
    plain: SocketAddr,
    certified: &rcgen::CertifiedKey<rcgen::KeyPair>,
    protocols: &[&str],
) -> SocketAddr {
    let key = rustls_pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der());
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certified.cert.der().clone()], key.unwrap())
    .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(stream).await else {
                    return;
                };
                let mut upstream = TcpStream::connect(plain).await.unwrap();
                let _ended = copy_bidirectional(&mut client, &mut upstream).await;
            });
        }
    });
    addr
}

#[tokio::test]
async fn a_provider_is_spoken_to_in_the_newest_http_that_it_offers() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, certified.cert.pem()).unwrap();
    for (offered, spoken) in [
        (&["h2", "http/1.1"][..], http::Version::HTTP_2),
        (&["http/1.1"], http::Version::HTTP_11),
    ] {
        let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
        let addr = tls_before(mock.addr, &certified, offered).await;
        let url = format!("https://localhost:{}", addr.port());
        let settings = [
            ("providers.anthropic.base_url", url.as_str()),
            ("server.workers", "1"),
        ];
        let env = [("SSL_CERT_FILE", roots.to_str().unwrap())];
        let weir = start_before(
            mock,
            Setup {
                settings: &settings,
                env: &env,
            },
        );
        for number in 0..3 {
            weir.mock.push(
                Raw::new(200)
                    .header("x-number", &number.to_string())
                    .body("{}"),
            );
            let got = weir
                .message(&[("anthropic-beta", "a,b")], &json!({"n": number}))
                .await;
            assert_eq!(got.status, 200, "{}\n{}", got.text(), weir.log());
            assert_eq!(got.headers["x-number"], number.to_string());
        }
        let received = weir.mock.received();
        assert!(
            received
                .iter()
                .all(|request| request.http_version == spoken),
            "{offered:?}"
        );
        assert_eq!(received[0].header("anthropic-beta"), Some("a,b"));
        assert_eq!(weir.mock.connections(), 1, "the connection is kept");
    }
}

#[tokio::test]
async fn a_provider_whose_certificate_is_not_trusted_gets_nothing() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let addr = tls_before(mock.addr, &certified, &["http/1.1"]).await;
    let url = format!("https://localhost:{}", addr.port());
    let settings = [
        ("providers.anthropic.base_url", url.as_str()),
        ("providers.anthropic.max_retries", "0"),
    ];
    let weir = start_before(
        mock,
        Setup {
            settings: &settings,
            env: &[],
        },
    );
    let got = weir
        .message(&[("x-api-key", "sk-ant-secret")], &json!({}))
        .await;
    assert_eq!(got.status, 502);
    assert!(weir.mock.received().is_empty());
}

/// A proxy that speaks CONNECT and remembers for whom.
async fn connect_proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let mut upstream = TcpStream::connect(&target).await.unwrap();
            log.lock().push(target);
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            tokio::spawn(async move {
                let _ended = copy_bidirectional(&mut client, &mut upstream).await;
            });
        }
    });
    (url, asked)
}

#[tokio::test]
async fn the_environments_proxy_is_used_only_when_told_to() {
    let (proxy, asked) = connect_proxy().await;
    let mode = ("providers.anthropic.proxy", "environment");
    for (settings, no_proxy, connects) in [
        (&[][..], "", 0),
        (&[mode], "", 1),
        (&[mode], "127.0.0.1", 0),
    ] {
        asked.lock().clear();
        let env = [("HTTP_PROXY", proxy.as_str()), ("NO_PROXY", no_proxy)];
        let weir = start_with(Setup {
            settings,
            env: &env,
        })
        .await;
        weir.mock.push(Raw::new(200).body("{}"));
        assert_eq!(weir.message(&[], &json!({})).await.status, 200);
        assert_eq!(asked.lock().len(), connects, "{settings:?} {no_proxy:?}");
    }
}

//! The way out through a proxy.

use std::net::SocketAddr;

use parking_lot::Mutex;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::net::{BODY, ask, net, post};

/// A proxy that speaks CONNECT and remembers what it was asked.
async fn connect_proxy() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                log.lock().push(head);
                let mut upstream = TcpStream::connect(target).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ended = copy_bidirectional(&mut client, &mut upstream).await;
            });
        }
    });
    (addr, asked)
}

#[tokio::test]
async fn a_configured_proxy_is_asked_to_connect() {
    let (proxy, asked) = connect_proxy().await;
    let url = format!("http://user:pass@{proxy}");
    let net = net(&[("providers.anthropic.proxy", &url)]).await;
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &[], BODY)).await.status,
        200
    );
    let asked = asked.lock();
    assert!(
        asked[0].starts_with(&format!("CONNECT {} HTTP/1.1", net.mock.addr)),
        "{}",
        asked[0]
    );
    assert!(
        asked[0]
            .to_ascii_lowercase()
            .contains("proxy-authorization: basic dxnlcjpwyxnz")
    );
    let received = net.mock.received().remove(0);
    assert!(received.header("proxy-authorization").is_none());
}

#[tokio::test]
async fn named_hosts_are_reached_without_the_proxy() {
    let (proxy, asked) = connect_proxy().await;
    let url = format!("http://{proxy}");
    let settings = [
        ("providers.anthropic.proxy", url.as_str()),
        ("providers.anthropic.no_proxy", "127.0.0.1"),
    ];
    let net = net(&settings).await;
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &[], BODY)).await.status,
        200
    );
    assert!(asked.lock().is_empty());
}

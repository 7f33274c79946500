//! TLS towards clients, with a certificate made for this run. What is inside goes on to a plain
//! connection of the mock's own, so that replies are scripted the same way with TLS and without.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the certificate is made out to.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The first byte of a TLS handshake; no request line begins with it.
const HANDSHAKE: u8 = 0x16;

/// A certificate, and who shows it.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    /// The certificate in PEM; its own issuer.
    pub(crate) pem: String,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Makes a key and a certificate. HTTP/2 is offered before HTTP/1.1.
    pub(crate) fn new() -> io::Result<Self> {
        let names = NAMES.map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            pem: made.cert.pem(),
        })
    }

    /// Whether the client has begun a handshake. Waits for its first byte.
    pub(crate) async fn is_spoken(stream: &TcpStream) -> bool {
        let mut first = [0];
        matches!(stream.peek(&mut first).await, Ok(1)) && first == [HANDSHAKE]
    }

    /// Does the handshake, then serves what is inside as a plain connection.
    pub(crate) async fn unwrapped<F>(
        &self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F,
    ) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>>,
    {
        let mut client = self.acceptor.accept(stream).await?;
        let (mut outside, inside) = pair().await?;
        let bridge = async move {
            let copied = copy_bidirectional(&mut client, &mut outside).await;
            if copied.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset) {
                // A reset on one side is one on the other.
                client.get_ref().0.set_zero_linger().ok();
                outside.set_zero_linger().ok();
            }
        };
        let (served, ()) = tokio::join!(serve(inside), bridge);
        served
    }
}

/// Two ends of one connection.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let one = TcpStream::connect(listener.local_addr()?).await?;
    let own = one.local_addr()?;
    loop {
        let (two, peer) = listener.accept().await?;
        // Anyone may have knocked in between.
        if peer == own {
            one.set_nodelay(true)?;
            two.set_nodelay(true)?;
            return Ok((one, two));
        }
    }
}

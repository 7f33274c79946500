//! Opens connections to a provider: directly or through a proxy, in the clear or over TLS, and
//! says how long each step took where somebody listens.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;
use weir_core::settings::{OutboundProxy, Provider};

use crate::body::BoxError;
use crate::details::{self, Handshake};

type Tcp = TokioIo<TcpStream>;
/// The way to the proxy may itself be TLS.
type ToProxy = HttpsConnector<HttpConnector<Resolver>>;

/// How a provider is reached; settled once, when its configuration is read.
#[derive(Clone)]
pub struct Connector {
    destination: Uri,
    route: Route,
    tls: Option<Tls>,
}

#[derive(Clone)]
enum Route {
    Direct(HttpConnector<Resolver>),
    Tunnel(Tunnel<ToProxy>),
    Socks(SocksV5<HttpConnector<Resolver>>),
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let route = match &self.route {
            Route::Direct(_) => "direct",
            Route::Tunnel(_) => "tunnel",
            Route::Socks(_) => "socks",
        };
        f.debug_struct("Connector")
            .field("destination", &self.destination)
            .field("route", &route)
            .finish()
    }
}

/// A connection to a provider, whatever it goes through.
#[derive(Debug)]
pub enum Stream {
    /// Straight there, or through a SOCKS proxy.
    Plain(Box<MaybeHttpsStream<Tcp>>),
    /// Through an HTTP proxy.
    Tunnelled(Box<MaybeHttpsStream<MaybeHttpsStream<Tcp>>>),
}

impl Stream {
    /// Whether the provider chose HTTP/2.
    #[must_use]
    pub fn is_http2(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.connected().is_negotiated_h2(),
            Self::Tunnelled(stream) => stream.connected().is_negotiated_h2(),
        }
    }
}

impl Connector {
    /// Settles the route to `provider`.
    ///
    /// # Errors
    /// When the proxy's address cannot be used, or TLS finds no root certificates.
    pub fn new(provider: &Provider) -> io::Result<Self> {
        let destination = with_port(&provider.base_url)?;
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        let tls = Tls::towards(&destination)?;
        let route = match matcher(&provider.proxy).and_then(|proxy| proxy.intercept(&destination)) {
            None => Route::Direct(tcp),
            Some(proxy) if is_socks(&proxy) => Route::Socks(socks(&proxy, tcp)),
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy(&proxy, tcp)?);
                if let Some(credential) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credential.clone());
                }
                Route::Tunnel(tunnel)
            }
        };
        Ok(Self {
            destination,
            route,
            tls,
        })
    }

    /// Opens a connection. Has no deadline of its own.
    ///
    /// # Errors
    /// When the name does not resolve, nothing listens there, the proxy refuses, or the
    /// certificate is not trusted.
    pub async fn connect(&self) -> Result<Stream, BoxError> {
        LOOKUP.scope(Cell::default(), self.connect_timed()).await
    }

    async fn connect_timed(&self) -> Result<Stream, BoxError> {
        let started = Instant::now();
        let destination = self.destination.clone();
        match self.route.clone() {
            Route::Direct(mut connector) => {
                let stream = connector.call(destination).await?;
                let stream = self.secure(stream, started).await?;
                Ok(Stream::Plain(Box::new(stream)))
            }
            Route::Socks(mut connector) => {
                let stream = connector.call(destination).await?;
                let stream = self.secure(stream, started).await?;
                Ok(Stream::Plain(Box::new(stream)))
            }
            Route::Tunnel(mut connector) => {
                let stream = connector.call(destination).await?;
                let stream = self.secure(stream, started).await?;
                Ok(Stream::Tunnelled(Box::new(stream)))
            }
        }
    }

    /// Speaks TLS over `stream`, which has been on its way since `started`, if the address wants it.
    async fn secure<T>(&self, stream: T, started: Instant) -> Result<MaybeHttpsStream<T>, BoxError>
    where
        T: hyper::rt::Read + hyper::rt::Write + Unpin,
    {
        let Some(Tls { config, name }) = &self.tls else {
            return Ok(MaybeHttpsStream::Http(stream));
        };
        let reached = Instant::now();
        let connecting = TlsConnector::from(Arc::clone(config));
        let stream = connecting
            .connect(name.clone(), TokioIo::new(stream))
            .await?;
        let (_, session) = stream.get_ref();
        let lookup = LOOKUP.try_with(Cell::get).unwrap_or_default();
        let handshake = Handshake {
            version: session.protocol_version(),
            kind: session.handshake_kind(),
            lookup,
            connect: (reached - started).saturating_sub(lookup),
            handshake: reached.elapsed(),
        };
        details::connected(&name.to_str(), handshake);
        Ok(MaybeHttpsStream::Https(TokioIo::new(stream)))
    }
}

tokio::task_local! {
    /// Time that the connection which is being opened has spent on looking up names.
    static LOOKUP: Cell<Duration>;
}

/// Looks up names as the machine does, and notes how long it takes.
#[derive(Clone, Debug)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<GaiAddrs>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let started = Instant::now();
        let found = self.0.call(name);
        Box::pin(async move {
            let found = found.await;
            // A connector that somebody else has opened the connection with has no such clock.
            let _untimed = LOOKUP.try_with(|lookup| lookup.set(lookup.get() + started.elapsed()));
            found
        })
    }
}

/// The address with its port. Ways through a proxy take 443 where none is named, whatever the scheme.
fn with_port(address: &Uri) -> io::Result<Uri> {
    let mut parts = address.clone().into_parts();
    if let Some(authority) = &parts.authority
        && authority.port().is_none()
        && address.scheme_str() == Some("http")
    {
        let authority = format!("{}:80", authority.host()).parse();
        parts.authority = Some(authority.map_err(io::Error::other)?);
    }
    Uri::from_parts(parts).map_err(io::Error::other)
}

fn matcher(proxy: &OutboundProxy) -> Option<Matcher> {
    match proxy {
        OutboundProxy::Direct => None,
        OutboundProxy::Environment => Some(Matcher::from_env()),
        OutboundProxy::Url { url, no_proxy } => Some(
            Matcher::builder()
                .all(url.expose())
                .no(no_proxy.as_str())
                .build(),
        ),
    }
}

fn is_socks(proxy: &Intercept) -> bool {
    proxy
        .uri()
        .scheme_str()
        .is_some_and(|scheme| scheme.starts_with("socks5"))
}

fn socks(proxy: &Intercept, tcp: HttpConnector<Resolver>) -> SocksV5<HttpConnector<Resolver>> {
    let socks = SocksV5::new(proxy.uri().clone(), tcp);
    match proxy.raw_auth() {
        Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
        None => socks,
    }
}

fn to_proxy(proxy: &Intercept, tcp: HttpConnector<Resolver>) -> io::Result<ToProxy> {
    let config = match Tls::towards(proxy.uri())? {
        Some(tls) => {
            let mut config = (*tls.config).clone();
            // CONNECT is asked for in HTTP/1.1.
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            config
        }
        // Without TLS in play the configuration is never looked at, so it needs no roots.
        None => builder()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
    };
    Ok(HttpsConnector::from((tcp, config)))
}

/// TLS towards a server.
#[derive(Clone)]
struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// None where the address is in the clear.
    fn towards(address: &Uri) -> io::Result<Option<Self>> {
        if address.scheme_str() != Some("https") {
            return Ok(None);
        }
        let name = server_name(address.host().unwrap_or_default())?;
        let config = Arc::new(trusting(&["h2", "http/1.1"])?);
        Ok(Some(Self { config, name }))
    }
}

/// TLS for somebody who opens connections by themselves, and trusts servers as providers are trusted.
#[derive(Clone, Debug)]
pub struct Secure(Arc<ClientConfig>);

impl Secure {
    /// For clients that speak HTTP/1.1 alone.
    ///
    /// # Errors
    /// When the TLS library refuses its own defaults.
    pub fn http1() -> io::Result<Self> {
        Ok(Self(Arc::new(trusting(&["http/1.1"])?)))
    }

    /// Speaks TLS over a connection to `host`, a name or an address. Has no deadline of its own.
    ///
    /// # Errors
    /// When the other side does not, or its certificate is not trusted or not made out to `host`.
    pub async fn over(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::clone(&self.0));
        connector.connect(server_name(host)?, stream).await
    }
}

fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(io::Error::other)
}

/// The machine's own roots, which is where a company puts its own; the shipped ones where the machine
/// has none.
fn trusting(protocols: &[&str]) -> io::Result<ClientConfig> {
    let mut config = match builder()?.with_native_roots() {
        Ok(native) => native.with_no_client_auth(),
        Err(_) => builder()?.with_webpki_roots().with_no_client_auth(),
    };
    let protocols = protocols.iter();
    config.alpn_protocols = protocols.map(|name| name.as_bytes().to_vec()).collect();
    Ok(config)
}

fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}

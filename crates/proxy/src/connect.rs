//! Opens connections to a provider: directly or through a proxy, in the clear or over TLS.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::ring;
use tokio::net::TcpStream;
use tower_service::Service;
use weir_core::settings::{OutboundProxy, Provider};

use crate::body::BoxError;

type Tcp = TokioIo<TcpStream>;
/// The way to the proxy may itself be TLS.
type ToProxy = HttpsConnector<HttpConnector>;

/// How a provider is reached; settled once, when its configuration is read.
#[derive(Clone)]
pub struct Connector {
    destination: Uri,
    route: Route,
}

#[derive(Clone)]
enum Route {
    Direct(HttpsConnector<HttpConnector>),
    Tunnel(HttpsConnector<Tunnel<ToProxy>>),
    Socks(HttpsConnector<SocksV5<HttpConnector>>),
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
        let destination = provider.base_url.clone();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        let tls = Tls::for_destination(&destination)?;
        let route = match matcher(&provider.proxy).and_then(|proxy| proxy.intercept(&destination)) {
            None => Route::Direct(tls.over(tcp)),
            Some(proxy) if is_socks(&proxy) => Route::Socks(tls.over(socks(&proxy, tcp))),
            Some(proxy) => {
                let to_proxy = Tls::for_destination(proxy.uri())?.over(tcp);
                let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
                if let Some(credential) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(credential.clone());
                }
                Route::Tunnel(tls.over(tunnel))
            }
        };
        Ok(Self { destination, route })
    }

    /// Opens a connection. Has no deadline of its own.
    ///
    /// # Errors
    /// When the name does not resolve, nothing listens there, the proxy refuses, or the
    /// certificate is not trusted.
    pub async fn connect(&self) -> Result<Stream, BoxError> {
        let destination = self.destination.clone();
        match self.route.clone() {
            Route::Direct(mut connector) => connector
                .call(destination)
                .await
                .map(|io| Stream::Plain(Box::new(io))),
            Route::Socks(mut connector) => connector
                .call(destination)
                .await
                .map(|io| Stream::Plain(Box::new(io))),
            Route::Tunnel(mut connector) => connector
                .call(destination)
                .await
                .map(|io| Stream::Tunnelled(Box::new(io))),
        }
    }
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

fn socks(proxy: &Intercept, tcp: HttpConnector) -> SocksV5<HttpConnector> {
    let socks = SocksV5::new(proxy.uri().clone(), tcp);
    match proxy.raw_auth() {
        Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
        None => socks,
    }
}

/// TLS towards a provider, or none where the address is in the clear.
struct Tls(Option<ClientConfig>);

impl Tls {
    fn for_destination(destination: &Uri) -> io::Result<Self> {
        if destination.scheme_str() != Some("https") {
            return Ok(Self(None));
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        // The machine's own roots, which is where a company puts its own; the shipped ones where
        // the machine has none.
        let config = match builder.clone().with_native_roots() {
            Ok(native) => native.with_no_client_auth(),
            Err(_) => builder.with_webpki_roots().with_no_client_auth(),
        };
        Ok(Self(Some(config)))
    }

    fn over<C>(self, transport: C) -> HttpsConnector<C> {
        // Without TLS in play the configuration is never looked at, so it needs no roots.
        let config = self.0.unwrap_or_else(|| {
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("the default provider supports the default versions")
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth()
        });
        hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(transport)
    }
}

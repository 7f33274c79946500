//! The way to a service: straight, or through the proxy that the environment names.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

/// The way to the proxy may itself be TLS.
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections that are not encrypted yet.
#[derive(Clone)]
pub(crate) struct Way {
    tcp: HttpConnector,
    proxies: Arc<Matcher>,
    to_proxy: HttpsConnector<HttpConnector>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

impl Way {
    /// The way that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new() -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        // CONNECT is asked for in HTTP/1.1.
        let to_proxy = HttpsConnector::from((tcp.clone(), super::tls(&[b"http/1.1"])?));
        Ok(Self {
            tcp,
            proxies: Arc::new(Matcher::from_env()),
            to_proxy,
        })
    }

    fn tunnel(&self, proxy: &Intercept) -> Tunnel<HttpsConnector<HttpConnector>> {
        let tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
        match proxy.basic_auth() {
            Some(credential) => tunnel.with_auth(credential.clone()),
            None => tunnel,
        }
    }

    fn socks(&self, proxy: &Intercept) -> SocksV5<HttpConnector> {
        let socks = SocksV5::new(proxy.uri().clone(), self.tcp.clone());
        match proxy.raw_auth() {
            Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
            None => socks,
        }
    }
}

impl Service<Uri> for Way {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.intercept(&to) else {
            let mut tcp = self.tcp.clone();
            return Box::pin(async move { Ok(MaybeHttpsStream::Http(tcp.call(to).await?)) });
        };
        if proxy.uri().scheme_str().is_some_and(is_socks) {
            let mut socks = self.socks(&proxy);
            return Box::pin(async move {
                let stream = socks.call(with_port(to)?).await?;
                Ok(MaybeHttpsStream::Http(stream))
            });
        }
        let mut tunnel = self.tunnel(&proxy);
        Box::pin(async move { Ok(tunnel.call(with_port(to)?).await?) })
    }
}

fn is_socks(scheme: &str) -> bool {
    scheme.starts_with("socks5")
}

/// The address with its port. Ways through a proxy take 443 where none is named, whatever the scheme.
fn with_port(address: Uri) -> Result<Uri, BoxError> {
    let plain = address.scheme_str() == Some("http") && address.port().is_none();
    let mut parts = address.into_parts();
    if let Some(authority) = parts.authority.as_ref().filter(|_| plain) {
        parts.authority = Some(format!("{}:80", authority.host()).parse()?);
    }
    Ok(Uri::from_parts(parts)?)
}

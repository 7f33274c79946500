//! A small HTTP client for weir's own commands, which talk to a weir on this machine or another. Over
//! TLS it trusts whom this machine trusts, or the authorities of `SSL_CERT_FILE`.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use weir_proxy::connect::Secure;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for something to be removed: of a long history that takes minutes.
const REMOVAL: Duration = Duration::from_secs(30 * 60);
/// Largest answer.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What requests are sent by on one connection.
pub(crate) type Sender = http1::SendRequest<Full<Bytes>>;

/// What came back.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Sends one request over a connection of its own.
///
/// # Errors
/// When the address is neither `http://` nor `https://`, nobody answers there, its certificate is not
/// trusted, or the answer takes too long.
pub(crate) async fn fetch(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> anyhow::Result<Fetched> {
    let most = match method {
        Method::DELETE => REMOVAL,
        _ => TIMEOUT,
    };
    let whole = async {
        let response = send(method, url, headers, body).await?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = Limited::new(response.into_body(), MAX_BODY)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?
            .to_bytes();
        Ok::<_, anyhow::Error>(Fetched {
            status,
            headers,
            body,
        })
    };
    in_time((url, most), whole).await
}

/// The same, but gives the answer as soon as its head is here.
///
/// # Errors
/// As [`fetch`].
pub(crate) async fn open(url: &str, headers: HeaderMap) -> anyhow::Result<Response<Incoming>> {
    in_time((url, TIMEOUT), send(Method::GET, url, headers, Vec::new())).await
}

/// Passes a client's request on, and gives the answer as soon as its head is here, however long
/// that takes.
///
/// # Errors
/// As [`connect`].
pub(crate) async fn pass_on(
    url: &str,
    (method, mut headers, body): (Method, HeaderMap, Vec<u8>),
) -> anyhow::Result<Response<Incoming>> {
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    let answer = send(method, url, headers, body).await;
    answer.with_context(|| url.to_owned())
}

async fn in_time<T>(
    (url, most): (&str, Duration),
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    tokio::time::timeout(most, work)
        .await
        .with_context(|| format!("{url}: no answer within {most:?}"))?
        .with_context(|| url.to_owned())
}

async fn send(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> anyhow::Result<Response<Incoming>> {
    let uri: Uri = url.parse()?;
    let (mut sender, authority) = connect(&uri).await?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    request.headers_mut().insert(http::header::HOST, authority);
    *request.uri_mut() = uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .parse()?;
    Ok(sender.send_request(request).await?)
}

/// Opens a connection for requests to an address; gives what its `Host` is.
///
/// # Errors
/// When the address is neither `http://` nor `https://`, nobody answers there, or its certificate is not
/// trusted.
pub(crate) async fn connect(uri: &Uri) -> anyhow::Result<(Sender, HeaderValue)> {
    let authority = uri.authority().context("the address has no host")?;
    let port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => bail!("only http:// and https:// addresses can be asked"),
    };
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(port))).await?;
    stream.set_nodelay(true)?;
    let sender = match port {
        443 => speak(secured(host, stream).await?).await?,
        _ => speak(stream).await?,
    };
    Ok((sender, authority.as_str().parse()?))
}

async fn speak<S>(stream: S) -> anyhow::Result<Sender>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// The connection with TLS over it. Who is trusted is read once, since there are many to read.
async fn secured(
    host: &str,
    stream: TcpStream,
) -> anyhow::Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    static SECURE: OnceLock<Result<Secure, String>> = OnceLock::new();
    let secure = SECURE.get_or_init(|| Secure::http1().map_err(|error| error.to_string()));
    let secure = secure.as_ref().map_err(|error| anyhow!("TLS: {error}"))?;
    secure.over(host, stream).await.map_err(|error| {
        anyhow!(
            "TLS: {error}\n  SSL_CERT_FILE names the certificate of an authority that this machine does not know, as PEM"
        )
    })
}

//! A small HTTP client for weir's own commands, which talk to a weir on this machine.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::cli::Status;
use crate::lines::say;
use crate::workers::runtime;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What came back.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// Sends one request over a connection of its own.
///
/// # Errors
/// When the address is not `http://`, nobody answers there, or the answer takes too long.
pub(crate) async fn fetch(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> anyhow::Result<Fetched> {
    tokio::time::timeout(TIMEOUT, exchange(method, url, headers, body))
        .await
        .with_context(|| format!("{url}: no answer within {TIMEOUT:?}"))?
        .with_context(|| url.to_owned())
}

async fn exchange(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> anyhow::Result<Fetched> {
    let uri: Uri = url.parse()?;
    let authority = uri.authority().context("the address has no host")?;
    if uri.scheme_str() != Some("http") {
        bail!("only http:// addresses can be asked");
    }
    let stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    request
        .headers_mut()
        .insert(http::header::HOST, authority.as_str().parse()?);
    *request.uri_mut() = uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .parse()?;
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?
        .to_bytes();
    Ok(Fetched {
        status: head.status,
        body,
    })
}

/// Runs `weir status`: 0 when healthy, 1 when not, with one line a fact.
///
/// # Errors
/// When nobody answers.
pub(crate) fn status(options: &Status) -> anyhow::Result<ExitCode> {
    let base = options.url.trim_end_matches('/');
    runtime()?.block_on(async {
        let ask = |path: &str| {
            let url = format!("{base}{path}");
            async move { fetch(Method::GET, &url, HeaderMap::new(), Vec::new()).await }
        };
        let health = ask("/health")
            .await
            .context("is weir running? `weir serve` starts it")?;
        let livez = ask("/livez").await?;
        let health_facts: serde_json::Value = serde_json::from_slice(&health.body)?;
        let livez_facts: serde_json::Value = serde_json::from_slice(&livez.body)?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("unknown").to_owned();
        say(&format!(
            "weir at {base}: {}",
            text(&health_facts["status"])
        ));
        if let Some(reason) = health_facts["reason"].as_str() {
            say(&format!("  because:          {reason}"));
        }
        say(&format!("  in flight:        {}", livez_facts["in_flight"]));
        say(&format!(
            "  captures dropped: {}",
            health_facts["capture_dropped"]
        ));
        let healthy = health.status.is_success() && health_facts["status"] == "healthy";
        Ok(if healthy {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

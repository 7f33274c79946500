//! The HTTPS client that the sinks have, and what an answer means for what was sent. It follows no
//! redirect, reads no long answer, gives up at its deadline, and says nothing that it must not.

mod way;

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use rustls::crypto::ring;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use weir_core::redact::mask_text;
use weir_core::retry_after;
use weir_core::secret::Secret;

use crate::batch::Next;
use crate::sink::Outcome;
use way::Way;

/// Bytes of an answer that are read; the services' answers to a batch are far below.
const MAX_ANSWER: usize = 1 << 20;
/// Characters of an answer that a reason quotes.
const MAX_QUOTE: usize = 200;
/// Words of an address that are shorter are no credentials.
const SHORTEST_TOKEN: usize = 12;
/// How long a connection waits for the next request.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// What weir calls itself.
const AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));

/// A client for one service.
pub(crate) struct Client {
    inner: legacy::Client<HttpsConnector<Way>, Full<Bytes>>,
    deadline: Duration,
    /// What no reason may hold, whatever the service says back.
    hidden: Vec<Secret>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// What that means for each event in it.
    pub(crate) outcome: Outcome,
    /// What that means for what is sent next.
    pub(crate) next: Next,
    /// What the service said; empty when it said nothing.
    pub(crate) body: Bytes,
}

impl Client {
    /// A client that gives up on a request after `deadline`. `hidden` are the credentials that it
    /// is used with.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(deadline: Duration, hidden: Vec<Secret>) -> io::Result<Self> {
        let connector = HttpsConnector::from((Way::new()?, tls(&[b"h2", b"http/1.1"])?));
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(MAX_IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self {
            inner,
            deadline,
            hidden,
        })
    }

    /// Posts `body` and says what the answer means.
    pub(crate) async fn post(&self, to: &Endpoint, headers: HeaderMap, body: Bytes) -> Reply {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = to.uri.clone();
        let all = request.headers_mut();
        all.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        all.extend(to.headers.clone());
        all.extend(headers);
        match self.send(request).await {
            Ok((head, body)) => self.reply(&head, body),
            Err(why) => Reply {
                outcome: Outcome::Later { why, after: None },
                next: Next::Stop,
                body: Bytes::new(),
            },
        }
    }

    /// Sends a request and reads the answer, its end left off where it is long.
    ///
    /// # Errors
    /// Why there is none, in words for a log line.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<()>, Bytes), String> {
        let whole = async {
            let answer = self.inner.request(request).await;
            let (head, body) = answer.map_err(|error| self.cause(&error))?.into_parts();
            let body = read(body).await.map_err(|error| self.cause(&error))?;
            Ok((Response::from_parts(head, ()), body))
        };
        let deadline = self.deadline;
        let answer = tokio::time::timeout(deadline, whole).await;
        answer.unwrap_or_else(|_| Err(format!("no answer within {deadline:?}")))
    }

    fn reply(&self, head: &Response<()>, body: Bytes) -> Reply {
        let status = head.status();
        let why = || self.reason(status, &body);
        let outcome = match status.as_u16() {
            200..=299 => Outcome::Delivered,
            300..=399 => Outcome::Refused {
                why: format!(
                    "{}; redirects are not followed: set the address itself",
                    why()
                ),
            },
            408 | 409 | 425 | 429 | 500..=599 => Outcome::Later {
                why: why(),
                after: wait(head.headers()),
            },
            410 => Outcome::Refused {
                why: format!("{}; it wants no more events: remove the sink", why()),
            },
            _ => Outcome::Refused { why: why() },
        };
        // These are about the request as a whole, so a smaller one may fare better.
        let next = match status.as_u16() {
            400 | 413 | 422 => Next::Halve,
            // These are about the service or its credential, not about an event.
            300..=399 | 401..=404 | 408 | 410 | 425 | 429 | 502..=504 => Next::Stop,
            _ => Next::GoOn,
        };
        Reply {
            outcome,
            next,
            body,
        }
    }

    /// The status and the beginning of what was said with it, on one line.
    fn reason(&self, status: StatusCode, body: &[u8]) -> String {
        let said = self.clean(&String::from_utf8_lossy(body));
        let name = status.canonical_reason().unwrap_or("no name");
        match said.is_empty() {
            true => format!("{} {name}", status.as_u16()),
            false => format!("{} {name}: {said}", status.as_u16()),
        }
    }

    /// A text of the service as it may be logged: one line, short, no credential.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.hidden.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.expose(), "***");
        }
        let text: String = mask_text(&text)
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        match text.char_indices().nth(MAX_QUOTE) {
            Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    /// An error with what caused it. hyper names no address in its errors.
    fn cause(&self, error: &dyn Error) -> String {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let cause = error.to_string();
            if !text.ends_with(&cause) {
                text = format!("{text}: {cause}");
            }
            source = error.source();
        }
        self.clean(&text)
    }
}

/// Where events are posted.
#[derive(Clone)]
pub(crate) struct Endpoint {
    uri: Uri,
    headers: HeaderMap,
}

/// Addresses of webhooks are often their own credential.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint(***)")
    }
}

impl Endpoint {
    /// The address `url`.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn new(url: &str) -> io::Result<Self> {
        let uri: Uri = url.parse().map_err(|_| invalid("`url` is no address"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http" | "https"), Some(_)) => Ok(Self {
                uri,
                headers: HeaderMap::new(),
            }),
            _ => Err(invalid("`url` is neither an http nor an https address")),
        }
    }

    /// The same with a header on every request.
    ///
    /// # Errors
    /// When the value cannot be sent.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> io::Result<Self> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| invalid(&format!("the value of `{name}` cannot be sent")))?;
        value.set_sensitive(true);
        self.headers.append(name, value);
        Ok(self)
    }
}

/// A client for the service at an address, and the address with the key that it takes as a bearer.
///
/// # Errors
/// When one of them cannot be used, or TLS cannot be set up.
pub(crate) fn with_key(
    (url, key): (&Secret, &Secret),
    deadline: Duration,
) -> io::Result<(Client, Endpoint)> {
    let mut hidden = hidden_of(url);
    hidden.push(key.clone());
    let client = Client::new(deadline, hidden)?;
    let bearer = format!("Bearer {}", key.expose());
    let endpoint = Endpoint::new(url.expose())?.with(AUTHORIZATION, &bearer)?;
    Ok((client, endpoint))
}

/// What of an address no reason may hold: all of it, and what in its path and query may be a
/// credential by its length.
pub(crate) fn hidden_of(url: &Secret) -> Vec<Secret> {
    let (_, rest) = url.expose().split_once("://").unwrap_or_default();
    let (_, path) = rest.split_once(['/', '?']).unwrap_or_default();
    let words = path.split(['/', '?', '&', '=']);
    let long = words.filter(|word| word.len() >= SHORTEST_TOKEN);
    std::iter::once(url.clone())
        .chain(long.map(Secret::new))
        .collect()
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why.to_owned())
}

/// How long the service asks to wait.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let now = Timestamp::now().as_millisecond();
    retry_after::from_headers(headers, now).map(Duration::from_millis)
}

async fn read(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let room = MAX_ANSWER.saturating_sub(whole.len()).min(data.len());
        whole.extend_from_slice(data.get(..room).unwrap_or_default());
        if whole.len() == MAX_ANSWER {
            break;
        }
    }
    Ok(whole.into())
}

/// TLS with the machine's own roots, which is where a company puts its own; with the shipped ones
/// where the machine has none.
fn tls(protocols: &[&[u8]]) -> io::Result<Arc<ClientConfig>> {
    let mut config = match builder()?.with_native_roots() {
        Ok(native) => native.with_no_client_auth(),
        Err(_) => builder()?.with_webpki_roots().with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests;

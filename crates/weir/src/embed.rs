//! A gateway of one's own: on a free port of this machine, in front of one upstream.
//!
//! [`start`] answers clients of Anthropic's Messages, such as Claude Code, with the models of an
//! upstream that speaks OpenAI's Chat Completions. [`start_passthrough`] sends on what comes as it
//! is. Both give a [`Translator`], which runs until it is told to [stop](Translator::shutdown) or
//! dropped; [`Setup`] has what else can be settled.
//!
//! It runs on a thread of its own with a runtime of its own, so it can be started in and outside of
//! an asynchronous program, and a caller that is busy does not hold it up. A [`TokenSource`] is asked
//! there too, in the context of a tokio runtime.
//!
//! Whoever can reach a port of this machine could spend the upstream's credential, any web page
//! included, so each run demands a [token](Translator::token) of its own: as bearer or in
//! `x-api-key`. Proxies that the environment names are not used.
//!
//! ```
//! use weir::embed::{self, HeaderMap, Secret, TokenError};
//! # use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Stands in for `https://api.openai.com/v1`.
//! let upstream = weir_mock::serve(weir_mock::MockConfig::default()).await?;
//! let address = format!("{}/v1", upstream.url());
//!
//! // Asked for every request: where tokens are short-lived, this is where to renew them.
//! let token = || async { Ok::<_, TokenError>(Secret::new("sk-the-upstreams")) };
//! let translator = embed::start(&address, token, HeaderMap::new(), None, "openai")?;
//!
//! let mut claude = std::process::Command::new("claude");
//! claude.env("ANTHROPIC_BASE_URL", translator.url());
//! claude.env("ANTHROPIC_AUTH_TOKEN", translator.token().map_or("", Secret::expose));
//! // `claude.status()?` in earnest. Here, one request by hand:
//! let body = r#"{"model":"gpt-5","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}"#;
//! let request = format!(
//!     "POST /v1/messages HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\
//!      x-api-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
//!     translator.token().map_or("", Secret::expose),
//!     body.len(),
//! );
//! # let mut client = tokio::net::TcpStream::connect(translator.addr()).await?;
//! # client.write_all(request.as_bytes()).await?;
//! # let mut answer = String::new();
//! # client.read_to_string(&mut answer).await?;
//! assert!(answer.starts_with("HTTP/1.1 200"));
//! assert!(answer.contains(r#""type":"message""#), "an answer of Messages: {answer}");
//!
//! let asked = &upstream.received()[0];
//! assert_eq!(asked.path(), "/v1/chat/completions");
//!
//! translator.shutdown().await;
//! # Ok(()) }
//! ```

mod engine;
mod setup;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use weir_core::health::Lifecycle;

pub use http::{HeaderMap, HeaderName, HeaderValue};
pub use setup::{Setup, StartError};
pub use weir_core::secret::Secret;
pub use weir_proxy::provider::sourced::{TokenError, TokenFuture, TokenSource};

/// How long [`Translator::shutdown`] lets requests under way finish.
const DRAIN: Duration = Duration::from_secs(32 * 60);

/// Starts to translate for `upstream`, a base address that calls of Chat Completions are made below,
/// such as `https://api.openai.com/v1`.
///
/// Every request carries the token that `token` gives for it. `headers` are set last and may
/// override any header, `Authorization` too. Connections go through `proxy` (`http://`, `https://` or
/// `socks5://`), else directly. `name` is what logs call the upstream; an empty one is its host.
///
/// # Errors
/// As [`StartError`] says. Whether the upstream is there is not tried.
pub fn start(
    upstream: &str,
    token: impl TokenSource,
    headers: HeaderMap,
    proxy: Option<&str>,
    name: &str,
) -> Result<Translator, StartError> {
    let setup = Setup::translating(upstream, token).headers(headers);
    named(setup, proxy, name).start()
}

/// Starts to send on to `upstream` whatever comes: to its address with the client's path and query
/// behind it, and back again, byte for byte.
///
/// The token that `token` gives takes the place of the client's own credential; [`ClientsOwn`] leaves
/// that, and so does an empty token. Keys of Anthropic's go in `x-api-key`, other tokens as bearer.
/// `proxy` and `name` are as for [`start`].
///
/// # Errors
/// As [`StartError`] says. Whether the upstream is there is not tried.
///
/// ```
/// use weir::embed::{self, ClientsOwn, Secret};
/// # use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let upstream = weir_mock::serve(weir_mock::MockConfig::default()).await?;
/// let translator = embed::start_passthrough(&upstream.url(), ClientsOwn, None, "anthropic")?;
///
/// let body = r#"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}"#;
/// let request = format!(
///     "POST /v1/messages?beta=true HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\
///      x-api-key: {}\r\nauthorization: Bearer sk-ant-oat01-the-clients\r\n\
///      content-length: {}\r\n\r\n{body}",
///     translator.token().map_or("", Secret::expose),
///     body.len(),
/// );
/// # let mut client = tokio::net::TcpStream::connect(translator.addr()).await?;
/// # client.write_all(request.as_bytes()).await?;
/// # let mut answer = String::new();
/// # client.read_to_string(&mut answer).await?;
/// assert!(answer.starts_with("HTTP/1.1 200"));
///
/// let asked = &upstream.received()[0];
/// assert_eq!(asked.body, body.as_bytes());
/// assert_eq!(asked.header("authorization"), Some("Bearer sk-ant-oat01-the-clients"));
/// assert_eq!(asked.header("x-api-key"), None);
/// # Ok(()) }
/// ```
pub fn start_passthrough(
    upstream: &str,
    token: impl TokenSource,
    proxy: Option<&str>,
    name: &str,
) -> Result<Translator, StartError> {
    named(Setup::passing(upstream, token), proxy, name).start()
}

fn named(setup: Setup, proxy: Option<&str>, name: &str) -> Setup {
    let setup = setup.name(name);
    match proxy {
        Some(proxy) => setup.proxy(proxy),
        None => setup,
    }
}

/// No token: the client's own credential goes on, where the upstream speaks its dialect.
#[derive(Clone, Copy, Debug)]
pub struct ClientsOwn;

impl TokenSource for ClientsOwn {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(std::future::ready(Ok(Secret::new(""))))
    }
}

/// How a translator ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every answer was finished.
    Clean,
    /// The time was over first, or it was stopped by something else; answers were broken off.
    CutOff,
}

/// A running translator. Dropping it closes its port and breaks off what is under way.
#[derive(Debug)]
pub struct Translator {
    addr: SocketAddr,
    url: String,
    token: Option<Secret>,
    lifecycle: Arc<Lifecycle>,
    /// Takes how long requests may finish; dropped, nothing may.
    orders: Option<oneshot::Sender<Duration>>,
    ended: oneshot::Receiver<Stopped>,
}

impl Translator {
    /// Its address, for `ANTHROPIC_BASE_URL`: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What clients must send as bearer (`ANTHROPIC_AUTH_TOKEN`) or in `x-api-key`
    /// (`ANTHROPIC_API_KEY`). It is good for this run alone and goes no further. None if
    /// [nothing is demanded](Setup::without_token).
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// Requests being answered at this moment.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.lifecycle.in_flight()
    }

    /// Closes the port, lets requests under way finish, for 32 minutes if need be, and stops.
    ///
    /// # Cancel safety
    /// It stops all the same.
    pub async fn shutdown(self) -> Stopped {
        self.shutdown_within(DRAIN).await
    }

    /// The same, with what is not finished after `longest` broken off.
    ///
    /// # Cancel safety
    /// It stops all the same.
    pub async fn shutdown_within(mut self, longest: Duration) -> Stopped {
        self.order(longest);
        self.ended.await.unwrap_or(Stopped::CutOff)
    }

    /// The same for who does not run asynchronously.
    ///
    /// # Panics
    /// In an asynchronous context, which it would block.
    pub fn shutdown_blocking(mut self, longest: Duration) -> Stopped {
        self.order(longest);
        self.ended.blocking_recv().unwrap_or(Stopped::CutOff)
    }

    fn order(&mut self, longest: Duration) {
        let orders = self.orders.take();
        // One that has ended by itself takes no orders.
        let _late = orders.map(|orders| orders.send(longest));
    }
}

//! Sends a request to one provider: a kept connection or a new one, further tries only while no
//! connection could be made, and a deadline for the response headers.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use weir_wire::errors::ErrorKind;

use crate::body::Outgoing;
use crate::metrics::Metrics;
use crate::pool::{Lease, Sender};
use crate::provider::Outbound;
use crate::relay::with_causes;
use crate::shape;
use crate::upstream::{ConnectError, Upstream};

/// The first pause before another try; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Kept connections that may turn out closed in a row before only a new one is used.
const STALE_TRIES: usize = 2;

/// A request in the provider's terms, signed.
#[derive(Debug)]
pub struct Message<'a> {
    /// The provider.
    pub upstream: &'a Arc<Upstream>,
    /// The worker whose connections are used.
    pub worker: usize,
    /// What is sent.
    pub outbound: Outbound,
    /// Names and spelling of the client's headers as hyper keeps them.
    pub extensions: http::Extensions,
    /// Longest time to the response headers.
    pub header_timeout: Duration,
    /// A number that differs between exchanges, for the pauses' jitter.
    pub seed: u64,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection, after all the tries.
    #[error("upstream connection failed: {0}")]
    Connect(ConnectError),
    /// Connected, but no response headers in time.
    #[error("no response headers within {0:?}")]
    HeaderTimeout(Duration),
    /// The connection ended before the response headers.
    #[error("upstream closed the connection before it answered: {0}")]
    Broke(String),
    /// It answered with something that is no answer of its dialect.
    #[error("the provider's answer cannot be read: {0}")]
    Unreadable(String),
    /// The provider's credential could not be got or made.
    #[error("the request could not be signed: {0}")]
    Unsigned(String),
    /// Whoever has to make it accepts what it is made from no more.
    #[error("the credential is no longer accepted: {0}")]
    Rejected(String),
}

impl Failure {
    /// What the client is told.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::HeaderTimeout(_) | Self::Connect(ConnectError::TimedOut(_)) => ErrorKind::Timeout,
            Self::Connect(ConnectError::Failed(_))
            | Self::Broke(_)
            | Self::Unreadable(_)
            | Self::Unsigned(_) => ErrorKind::Upstream,
            Self::Rejected(_) => ErrorKind::Authentication,
        }
    }
}

/// Sends the request and waits for the response headers. `attempts` counts each try to connect
/// and each use of a kept connection.
///
/// # Errors
/// As [`Failure`] says; nothing has been sent to the client then.
pub async fn forward(
    message: Message<'_>,
    metrics: &Metrics,
    attempts: &mut u32,
) -> Result<(Response<Incoming>, Lease), Failure> {
    let Message {
        upstream,
        worker,
        seed,
        header_timeout,
        ..
    } = message;
    let mut first = Some(message);
    let mut unsent: Option<Request<Outgoing>> = None;
    let mut stale = 0;
    loop {
        let kept = if stale < STALE_TRIES {
            upstream.pool(worker).and_then(crate::pool::Pool::take)
        } else {
            None
        };
        let mut sender = match kept {
            Some(sender) => {
                *attempts += 1;
                sender
            }
            None => connect(upstream, worker, seed, metrics, attempts).await?,
        };
        let request = match (unsent.take(), first.take()) {
            (Some(request), _) => request,
            (None, Some(message)) => build(message, &sender),
            (None, None) => return Err(Failure::Broke("the request was lost".into())),
        };
        match tokio::time::timeout(header_timeout, sender.send(request)).await {
            Err(_) => return Err(Failure::HeaderTimeout(header_timeout)),
            Ok(Ok(response)) => {
                let lease = Lease {
                    sender,
                    upstream: Arc::clone(upstream),
                    worker,
                };
                return Ok((response, lease));
            }
            Ok(Err(mut error)) => match error.take_message() {
                // The connection was closed before a byte of the request was written.
                Some(request) => {
                    stale += 1;
                    unsent = Some(request);
                }
                None => return Err(Failure::Broke(with_causes(error.error()))),
            },
        }
    }
}

fn build(message: Message<'_>, sender: &Sender) -> Request<Outgoing> {
    let outbound = message.outbound;
    let mut request = Request::new(Outgoing::from(&outbound.body));
    *request.method_mut() = outbound.method;
    *request.uri_mut() = outbound.uri;
    *request.headers_mut() = outbound.headers;
    *request.extensions_mut() = message.extensions;
    *request.version_mut() = sender.version();
    shape::fit_version(request.headers_mut(), message.upstream, sender.version());
    if sender.version() == http::Version::HTTP_11 {
        // HTTP/1.1 sends the path alone; the host stands in its header.
        origin_form(request.uri_mut());
    }
    request
}

fn origin_form(uri: &mut Uri) {
    if let Some(path) = uri.path_and_query().cloned() {
        *uri = Uri::from(path);
    }
}

async fn connect(
    upstream: &Upstream,
    worker: usize,
    seed: u64,
    metrics: &Metrics,
    attempts: &mut u32,
) -> Result<Sender, Failure> {
    let mut tries = 0;
    loop {
        *attempts += 1;
        match upstream.connect(worker).await {
            Ok(sender) => {
                metrics.connected(&upstream.provider.name, true);
                return Ok(sender);
            }
            Err(error) => {
                metrics.connected(&upstream.provider.name, false);
                if tries >= upstream.provider.max_retries {
                    return Err(Failure::Connect(error));
                }
                let pause = pause(tries, seed);
                tracing::debug!(%error, ?pause, "connecting again");
                tokio::time::sleep(pause).await;
                tries += 1;
            }
        }
    }
}

/// The pause before try `tries + 2`: doubled each time, and between half and all of that, so that
/// clients that failed together do not come back together.
fn pause(tries: u32, seed: u64) -> Duration {
    let full = FIRST_PAUSE
        .saturating_mul(1 << tries.min(10))
        .min(LONGEST_PAUSE);
    let share = (seed.rotate_left(tries * 8) & 0xff) as u32;
    full / 2 + full / 2 * share / 255
}

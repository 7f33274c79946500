//! Sends a request to one provider: a kept connection or a new one, further tries only while no
//! connection could be made, and a deadline for the response headers.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use weir_core::exchange::RawBody;
use weir_wire::errors::ErrorKind;

use crate::body::Outgoing;
use crate::metrics::Metrics;
use crate::pool::{Lease, Sender};
use crate::record::Recording;
use crate::relay::with_causes;
use crate::shape;
use crate::upstream::{ConnectError, Upstream};

/// The first pause before another try; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Kept connections that may turn out closed in a row before only a new one is used.
const STALE_TRIES: usize = 2;

/// A request in the provider's terms.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The provider.
    pub upstream: &'a Arc<Upstream>,
    /// The worker whose connections are used.
    pub worker: usize,
    /// The method.
    pub method: Method,
    /// The address.
    pub uri: Uri,
    /// The headers, credential included.
    pub headers: HeaderMap,
    /// Names and spelling of the client's headers as hyper keeps them.
    pub extensions: http::Extensions,
    /// The body.
    pub body: &'a RawBody,
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
}

impl Failure {
    /// What the client is told.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::HeaderTimeout(_) | Self::Connect(ConnectError::TimedOut(_)) => ErrorKind::Timeout,
            Self::Connect(ConnectError::Failed(_)) | Self::Broke(_) => ErrorKind::Upstream,
        }
    }
}

/// Sends the request and waits for the response headers.
///
/// # Errors
/// As [`Failure`] says; nothing has been sent to the client then.
pub async fn forward(
    attempt: Attempt<'_>,
    metrics: &Metrics,
    recording: &mut Recording,
) -> Result<(Response<Incoming>, Lease), Failure> {
    let Attempt {
        upstream,
        worker,
        seed,
        header_timeout,
        ..
    } = attempt;
    let mut request = Some(attempt);
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
                recording.attempted();
                sender
            }
            None => connect(upstream, worker, seed, metrics, recording).await?,
        };
        let message = match (unsent.take(), request.take()) {
            (Some(message), _) => message,
            (None, Some(attempt)) => build(attempt, &sender),
            (None, None) => return Err(Failure::Broke("the request was lost".into())),
        };
        match tokio::time::timeout(header_timeout, sender.send(message)).await {
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
                Some(message) => {
                    stale += 1;
                    unsent = Some(message);
                }
                None => return Err(Failure::Broke(with_causes(error.error()))),
            },
        }
    }
}

fn build(attempt: Attempt<'_>, sender: &Sender) -> Request<Outgoing> {
    let mut message = Request::new(Outgoing::from(attempt.body));
    *message.method_mut() = attempt.method;
    *message.uri_mut() = attempt.uri;
    *message.headers_mut() = attempt.headers;
    *message.extensions_mut() = attempt.extensions;
    *message.version_mut() = sender.version();
    shape::fit_version(message.headers_mut(), attempt.upstream, sender.version());
    if sender.version() == http::Version::HTTP_11 {
        // HTTP/1.1 sends the path alone; the host stands in its header.
        origin_form(message.uri_mut());
    }
    message
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
    recording: &mut Recording,
) -> Result<Sender, Failure> {
    let mut tries = 0;
    loop {
        recording.attempted();
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

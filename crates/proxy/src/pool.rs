//! Connections of one worker to one provider, kept for the next request.
//!
//! Last in, first out, so that a burst's extra connections go idle and are closed. A request
//! takes a connection that is ready at this instant or opens a new one; it never queues for one.
//! Connections that are past their time are closed when the next request looks for one.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::body::{BoxError, Outgoing};
use crate::connect::Stream;

/// How long an unused connection is kept. Servers of LLM APIs close theirs after 60 s or more;
/// a shorter time here keeps us from sending on one that is being closed.
const IDLE: Duration = Duration::from_secs(50);
/// Unused connections kept for one worker and provider.
const MAX_IDLE: usize = 64;
/// Response head that is accepted, in bytes; also the largest single read.
const MAX_HEAD: usize = 256 * 1024;
/// Requests at once on an HTTP/2 connection before another is opened. Servers allow a hundred or
/// more; past theirs, requests would wait.
const MAX_STREAMS: usize = 90;
/// How often an HTTP/2 connection with open streams is checked to be alive.
const PING: Duration = Duration::from_secs(30);

/// Counts the handles of an HTTP/2 connection: each of its requests has one, and the pool.
type Users = Arc<()>;

/// A connection that requests can be sent on.
#[derive(Debug)]
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Outgoing>),
    /// Many at a time; the pool keeps a handle of its own.
    Http2(http2::SendRequest<Outgoing>, Users),
}

impl Sender {
    /// Speaks HTTP on a new connection, in a task of its own.
    ///
    /// # Errors
    /// When the HTTP/2 preface cannot be exchanged.
    pub async fn handshake(stream: Stream) -> Result<Self, BoxError> {
        if stream.is_http2() {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .adaptive_window(true)
                .keep_alive_interval(PING)
                .keep_alive_timeout(PING);
            return match stream {
                Stream::Plain(io) => spawn_http2(&builder, *io).await,
                Stream::Tunnelled(io) => spawn_http2(&builder, *io).await,
            };
        }
        match stream {
            Stream::Plain(io) => spawn_http1(*io).await,
            Stream::Tunnelled(io) => spawn_http1(*io).await,
        }
    }

    /// Sends a request. The error holds the request when none of it can have been sent.
    ///
    /// # Errors
    /// When the connection ends before the response head.
    pub async fn send(
        &mut self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
        match self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(sender, _) => sender.try_send_request(request).await,
        }
    }

    /// The version that it speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        match self {
            Self::Http1(_) => Version::HTTP_11,
            Self::Http2(..) => Version::HTTP_2,
        }
    }

    /// Whether a request can be sent this instant.
    fn is_ready(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        match self {
            Self::Http1(sender) => matches!(
                sender.poll_ready(&mut context),
                std::task::Poll::Ready(Ok(()))
            ),
            Self::Http2(sender, _) => matches!(
                sender.poll_ready(&mut context),
                std::task::Poll::Ready(Ok(()))
            ),
        }
    }

    /// Another handle of an HTTP/2 connection.
    #[must_use]
    pub fn shared(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender, users) => Some(Self::Http2(sender.clone(), Arc::clone(users))),
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender, _) => sender.is_closed(),
        }
    }
}

async fn spawn_http1<T>(io: T) -> Result<Sender, BoxError>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .preserve_header_case(true)
        .max_buf_size(MAX_HEAD)
        .handshake(io)
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "upstream connection ended");
        }
    });
    Ok(Sender::Http1(sender))
}

async fn spawn_http2<T>(builder: &http2::Builder<TokioExecutor>, io: T) -> Result<Sender, BoxError>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = builder.handshake(io).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "upstream connection ended");
        }
    });
    Ok(Sender::Http2(sender, Users::default()))
}

/// The unused connections of one worker to one provider.
#[derive(Debug, Default)]
pub struct Pool {
    idle: Mutex<Vec<(Sender, Instant)>>,
}

impl Pool {
    /// A connection that is ready now, if there is one.
    pub fn take(&self) -> Option<Sender> {
        let now = Instant::now();
        let mut idle = self.idle.lock();
        // Oldest first in the list: what is past its time is a prefix.
        let expired = idle
            .iter()
            .take_while(|(_, since)| now - *since > IDLE)
            .count();
        idle.drain(..expired);
        for position in (0..idle.len()).rev() {
            let (sender, _) = &mut idle[position];
            if sender.is_closed() {
                idle.remove(position);
                continue;
            }
            if !sender.is_ready() {
                continue;
            }
            if let Sender::Http2(_, users) = sender
                && Arc::strong_count(users) > MAX_STREAMS
            {
                continue;
            }
            let (sender, _) = idle.remove(position);
            if let Some(shared) = sender.shared() {
                // In use, so its time begins anew; the newest are at the end.
                idle.push((sender, now));
                return Some(shared);
            }
            return Some(sender);
        }
        None
    }

    /// Keeps a connection whose last response has been read to its end, or, for HTTP/2, any new
    /// one.
    pub fn put(&self, sender: Sender) {
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE && !sender.is_closed() {
            idle.push((sender, Instant::now()));
        }
    }

    /// Unused connections at this moment.
    pub fn len(&self) -> usize {
        self.idle.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.idle.lock().is_empty()
    }
}

/// Which pool a connection goes back to.
#[derive(Debug)]
pub struct Lease {
    /// The connection.
    pub sender: Sender,
    /// The provider whose pool it is.
    pub upstream: std::sync::Arc<crate::upstream::Upstream>,
    /// The worker whose pool it is.
    pub worker: usize,
}

impl Lease {
    /// Gives the connection back; its response has been read to the end.
    pub fn give_back(self) {
        if let (Sender::Http1(_), Some(pool)) = (&self.sender, self.upstream.pool(self.worker)) {
            pool.put(self.sender);
        }
    }
}

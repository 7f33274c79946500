//! An upstream's response body on its way to the client: each piece goes on as it comes, with a
//! reference to it kept for the record. A break upstream is a break downstream.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use weir_core::exchange::End;

use crate::body::BoxError;
use crate::connection::Busy;
use crate::pool::Lease;
use crate::record::Recording;

/// The body, with all that must outlive the response head.
pub struct Relay {
    upstream: Incoming,
    lease: Option<Lease>,
    recording: Recording,
    idle_timeout: Duration,
    last_byte: Instant,
    silence: Option<Pin<Box<Sleep>>>,
    guards: Option<Guards>,
}

/// What is released when the answer has ended, however it ends.
#[derive(Debug)]
pub struct Guards {
    /// The connection is answering.
    pub busy: Busy,
    /// One of the requests that a drain waits for, and that the concurrency limit counts.
    pub admitted: crate::service::Admitted,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("exchange", &self.recording.id())
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// Relays `upstream`, whose connection is `lease`.
    #[must_use]
    pub fn new(upstream: Incoming, lease: Lease, recording: Recording, guards: Guards) -> Self {
        let mut relay = Self {
            upstream,
            idle_timeout: lease.upstream.provider.idle_timeout,
            lease: Some(lease),
            recording,
            last_byte: Instant::now(),
            silence: None,
            guards: Some(guards),
        };
        relay.end_if_whole();
        relay
    }

    /// hyper does not ask for more after the last byte of a body of known length, so the end is
    /// looked for after each piece.
    fn end_if_whole(&mut self) {
        if self.upstream.is_end_stream() {
            self.ended(End::Complete);
        }
    }

    fn ended(&mut self, end: End) {
        let whole = end == End::Complete;
        self.recording.finish(end);
        let lease = self.lease.take();
        if whole && let Some(lease) = lease {
            lease.give_back();
        }
        self.guards = None;
    }

    fn is_http2(&self) -> bool {
        self.lease
            .as_ref()
            .is_some_and(|lease| lease.sender.version() == http::Version::HTTP_2)
    }

    fn broke(&mut self, reason: &str) -> BoxError {
        self.ended(End::UpstreamBroke(reason.into()));
        reason.into()
    }

    /// Whether the upstream has been silent for too long; if not, the task is woken then.
    fn silent_for_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.last_byte + self.idle_timeout;
        let sleep = self
            .silence
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // Moved only when it has fired: each piece of a stream merely notes its time.
        while sleep.as_mut().poll(cx).is_ready() {
            if deadline <= Instant::now() {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
    }
}

impl HttpBody for Relay {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.upstream).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.last_byte = Instant::now();
                if let Some(piece) = frame.data_ref() {
                    self.recording.arrived(piece);
                }
                self.end_if_whole();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let reason = format!("upstream broke off: {}", with_causes(&error));
                Poll::Ready(Some(Err(self.broke(&reason))))
            }
            // HTTP/2 ends a stream that was reset without an error in the same way; only one that
            // was whole says so.
            Poll::Ready(None) if self.is_http2() && !self.upstream.is_end_stream() => {
                Poll::Ready(Some(Err(self.broke("upstream broke off: stream reset"))))
            }
            Poll::Ready(None) => {
                self.ended(End::Complete);
                Poll::Ready(None)
            }
            Poll::Pending if self.silent_for_too_long(cx) => {
                let reason = format!("upstream was silent for {:?}", self.idle_timeout);
                Poll::Ready(Some(Err(self.broke(&reason))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.upstream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.upstream.size_hint()
    }
}

/// An error with the errors behind it, on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

//! An upstream's response body on its way to the client: each piece goes on as it comes, with a
//! reference to it kept for the record and for what is learnt from it. A break upstream is a break
//! downstream.

use std::collections::VecDeque;
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
use crate::cache::Keeper;
use crate::connection::Busy;
use crate::convert::Converter;
use crate::judge::Held;
use crate::pool::Lease;
use crate::record::Recording;
use crate::settle::Settlement;
use crate::tenants::Bill;

/// How long an upstream may take to end its body when all of the answer is there: a connection whose
/// body has ended can be used again.
const GRACE: Duration = Duration::from_millis(250);

/// The body, with all that must outlive the response head.
pub struct Relay {
    upstream: Incoming,
    /// What is to go to the client next: what was held while the answer was judged, and what a
    /// converter has made.
    ready: VecDeque<Bytes>,
    /// Makes other bytes of the upstream's, where the client speaks another framing or is shown
    /// other names.
    converter: Option<Converter>,
    /// Whether the upstream has given its last byte.
    drained: bool,
    /// Why it broke, once what came before has gone to the client.
    failure: Option<String>,
    lease: Option<Lease>,
    recording: Recording,
    settlement: Settlement,
    idle_timeout: Duration,
    last_byte: Instant,
    silence: Option<Pin<Box<Sleep>>>,
    /// How long a client that is told so may hear nothing.
    ping_interval: Option<Duration>,
    /// When it last got anything.
    last_sent: Instant,
    /// Whether what the upstream may still send is not waited for.
    abandoned: bool,
    guards: Option<Guards>,
    /// What a tenant pays.
    bill: Option<Bill>,
    /// Copies it for the cache.
    keeper: Option<Box<Keeper>>,
}

/// What is released when the answer has ended, however it ends.
#[derive(Debug)]
pub struct Guards {
    /// The connection is answering.
    pub busy: Busy,
    /// One of the requests that a drain waits for, and that the concurrency limit counts.
    pub admitted: crate::service::Admitted,
}

/// An upstream's answer that has been judged to be one.
#[derive(Debug)]
pub struct Answer {
    /// The rest of the body.
    pub upstream: Incoming,
    /// The beginning of it, if it was held.
    pub held: Held,
    /// What must be made of it.
    pub converter: Option<Converter>,
    /// The connection.
    pub lease: Lease,
    /// What is to be learnt from it.
    pub settlement: Settlement,
    /// Longest silence before the client is told that it goes on, where it can be.
    pub ping_interval: Option<Duration>,
}

impl Answer {
    /// The client gets something else: what there is to learn of it is learnt, and the connection
    /// kept if nothing more is to come.
    pub(crate) fn set_aside(mut self) {
        self.settlement.ended(&End::Complete);
        if self.upstream.is_end_stream() {
            self.lease.give_back();
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("exchange", &self.recording.id())
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// Relays `answer`.
    #[must_use]
    pub(crate) fn new(
        answer: Answer,
        recording: Recording,
        (guards, bill, keeper): (Guards, Option<Bill>, Option<Box<Keeper>>),
    ) -> Self {
        let mut relay = Self {
            upstream: answer.upstream,
            ready: VecDeque::new(),
            converter: answer.converter,
            drained: false,
            failure: None,
            idle_timeout: answer.lease.upstream.provider.idle_timeout,
            lease: Some(answer.lease),
            recording,
            settlement: answer.settlement,
            last_byte: Instant::now(),
            silence: None,
            ping_interval: answer.ping_interval,
            last_sent: Instant::now(),
            abandoned: false,
            guards: Some(guards),
            bill,
            keeper,
        };
        for piece in answer.held.pieces {
            if let Err(reason) = relay.take(piece) {
                relay.fail(reason);
                break;
            }
        }
        relay.note_end();
        if relay.drained && relay.ready.is_empty() {
            relay.ended(End::Complete);
        }
        relay
    }

    /// Takes a piece from the upstream; what goes to the client for it is in `ready` then.
    fn take(&mut self, piece: Bytes) -> Result<(), String> {
        match &mut self.converter {
            None => {
                self.recording.arrived(&piece);
                self.settlement.arrived(&piece);
                copy(&mut self.keeper, &piece);
                self.ready.push_back(piece);
                Ok(())
            }
            Some(converter) => {
                self.recording.came(&piece);
                let before = self.ready.len();
                let settlement = &mut self.settlement;
                // What is learnt is what the upstream said, not what the client is shown.
                let said = |piece: &Bytes| settlement.arrived(piece);
                let outcome = converter.push(piece, &mut self.ready, said);
                let ends = outcome.is_ok() && converter.is_over();
                self.note(before);
                // Clients leave when they see how it ended, so its end is not waited for.
                if ends { self.drain() } else { outcome }
            }
        }
    }

    /// Records what a converter has made.
    fn note(&mut self, from: usize) {
        if self.ready.len() > from {
            self.last_sent = Instant::now();
        }
        for piece in self.ready.range(from..) {
            self.recording.arrived(piece);
            copy(&mut self.keeper, piece);
        }
    }

    /// The upstream's last byte is here.
    fn drain(&mut self) -> Result<(), String> {
        if std::mem::replace(&mut self.drained, true) {
            return Ok(());
        }
        let Some(converter) = &mut self.converter else {
            return Ok(());
        };
        let before = self.ready.len();
        let outcome = converter.finish(&mut self.ready);
        self.note(before);
        outcome
    }

    /// hyper does not ask for more after the last byte of a body of known length, so the end is
    /// looked for after each piece.
    fn note_end(&mut self) {
        self.drained |= self.converter.is_none() && self.upstream.is_end_stream();
    }

    fn ended(&mut self, mut end: End) {
        let mut whole = end == End::Complete;
        if whole && let Some(converter) = &self.converter {
            // The client was told in its own dialect, all of it; the upstream failed all the same,
            // unless the request was at fault. More of its body may be to come.
            whole = !converter.is_over() && !self.abandoned;
            if let Some(failure) = converter.failure() {
                end = End::UpstreamBroke(failure.into());
            }
        }
        let keeper = self.keeper.take();
        if let Some(keeper) = keeper.filter(|_| end == End::Complete && !self.abandoned) {
            keeper.finish();
        }
        let usage = self.settlement.ended(&end);
        if let Some(bill) = self.bill.take() {
            bill.settle(usage.as_ref(), &end);
        }
        self.recording.counted(usage);
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

    /// Nothing has come. Breaks off when that has been so for too long, says that the answer goes
    /// on when the client has heard nothing for long; until then the task is woken in time.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, String>> {
        loop {
            let deadline = self.deadline();
            let sleep = self
                .silence
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            // Moved back only when it has fired: each piece of a stream merely notes its time.
            if deadline < sleep.deadline() {
                sleep.as_mut().reset(deadline);
            }
            std::task::ready!(sleep.as_mut().poll(cx));
            let now = Instant::now();
            if self.is_told() && self.last_byte + GRACE <= now {
                self.abandoned = true;
                return Poll::Ready(self.drain().map(|()| None));
            }
            if self.last_byte + self.idle_timeout <= now {
                let reason = format!("upstream was silent for {:?}", self.idle_timeout);
                return Poll::Ready(Err(reason));
            }
            if self.next_ping().is_some_and(|ping| ping <= now) {
                self.last_sent = now;
                if self.ping() {
                    return Poll::Ready(Ok(Some(Frame::data(Bytes::new()))));
                }
            }
            let deadline = self.deadline();
            if let Some(sleep) = &mut self.silence {
                sleep.as_mut().reset(deadline);
            }
        }
    }

    fn next_ping(&self) -> Option<Instant> {
        let interval = self.ping_interval?;
        Some(self.last_sent + interval)
    }

    /// When something is to be done if nothing comes.
    fn deadline(&self) -> Instant {
        let longest = if self.is_told() {
            GRACE
        } else {
            self.idle_timeout
        };
        let end = self.last_byte + longest;
        self.next_ping().map_or(end, |ping| ping.min(end))
    }

    /// Whether the client has the last of its answer, so that only the upstream's end is missing.
    fn is_told(&self) -> bool {
        self.converter.as_ref().is_some_and(Converter::is_told)
    }

    /// The upstream has broken off. Where the client's dialect can say so in the stream it does.
    fn fail(&mut self, reason: String) {
        let before = self.ready.len();
        let told = match &mut self.converter {
            Some(converter) => converter.break_off(&reason, &mut self.ready),
            None => false,
        };
        self.note(before);
        if told {
            self.drained = true;
        } else {
            self.failure = Some(reason);
        }
    }

    /// Tells the client that the answer goes on, if its dialect can.
    fn ping(&mut self) -> bool {
        let before = self.ready.len();
        if let Some(converter) = &mut self.converter {
            converter.ping(&mut self.ready);
        }
        self.note(before);
        self.ready.len() > before
    }

    /// The next piece that is ready, and the end if it was the last.
    fn next_ready(&mut self) -> Option<Bytes> {
        let piece = self.ready.pop_front()?;
        if self.ready.is_empty() && self.drained && self.failure.is_none() {
            self.ended(End::Complete);
        }
        Some(piece)
    }

    /// Asks the upstream once. What it gave is in `ready` then, but for trailers.
    fn ask(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, String>> {
        match Pin::new(&mut self.upstream).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.last_byte = Instant::now();
                let piece = match frame.into_data() {
                    Ok(piece) => piece,
                    Err(trailers) => return Poll::Ready(Ok(Some(trailers))),
                };
                let taken = self.take(piece);
                self.note_end();
                Poll::Ready(taken.map(|()| Some(Frame::data(Bytes::new()))))
            }
            Poll::Ready(Some(Err(error))) => {
                let reason = format!("upstream broke off: {}", with_causes(&error));
                Poll::Ready(Err(reason))
            }
            // HTTP/2 ends a stream that was reset without an error in the same way; only one that
            // was whole says so.
            Poll::Ready(None) if self.is_http2() && !self.upstream.is_end_stream() => {
                Poll::Ready(Err("upstream broke off: stream reset".into()))
            }
            Poll::Ready(None) => Poll::Ready(self.drain().map(|()| None)),
            Poll::Pending => self.wait(cx),
        }
    }
}

impl HttpBody for Relay {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        // What was given out last is with the client now, so there is time to look at it.
        self.settlement.catch_up();
        loop {
            if let Some(piece) = self.next_ready() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if self.drained && self.failure.is_none() {
                self.ended(End::Complete);
                return Poll::Ready(None);
            }
            // What was made of the last whole part has gone out before the break does.
            if let Some(reason) = self.failure.take() {
                return Poll::Ready(Some(Err(self.broke(&reason))));
            }
            match std::task::ready!(self.ask(cx)) {
                Ok(Some(frame)) if frame.is_trailers() => {
                    // A copy would lack them.
                    self.keeper = None;
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(_) => {}
                Err(reason) => self.fail(reason),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty()
            && self.failure.is_none()
            && (self.drained || (self.converter.is_none() && self.upstream.is_end_stream()))
    }

    fn size_hint(&self) -> SizeHint {
        if self.converter.is_some() {
            return SizeHint::default();
        }
        let ready: usize = self.ready.iter().map(Bytes::len).sum();
        let rest = self.upstream.size_hint();
        match rest.exact() {
            Some(exact) => SizeHint::with_exact(exact + ready as u64),
            None => SizeHint::default(),
        }
    }
}

/// Copies a piece for the cache, which may have enough of it.
fn copy(keeper: &mut Option<Box<Keeper>>, piece: &Bytes) {
    if keeper.as_mut().is_some_and(|keeper| !keeper.arrived(piece)) {
        *keeper = None;
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

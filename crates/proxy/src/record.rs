//! The record of one exchange while it lasts: a guard that reports how it ended exactly once,
//! also when it is dropped because the client left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use weir_core::exchange::{
    Arrival, End, ExchangeId, RawBody, Recorder, RequestRecord, ResponseRecord, Route, Sent,
};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::usage::Usage;

use crate::metrics::Metrics;

/// Pieces below this length are copied for the record.
const SMALL_PIECE: usize = 4 * 1024;
/// Copied pieces are put together up to this length.
const SMALL_PIECES: usize = 64 * 1024;

/// Bytes of responses under way that are held for the recorder, over all exchanges.
#[derive(Debug)]
pub struct Held {
    bytes: AtomicUsize,
    limit: AtomicUsize,
}

impl Held {
    /// Holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
        }
    }

    /// Changes the bound; what is held already stays.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Bytes held at this moment.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = before + bytes <= self.limit.load(Ordering::Relaxed);
        if !fits {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    fn release(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What all exchanges report to.
#[derive(Clone)]
pub struct Sink {
    /// Where records go.
    pub recorder: Arc<dyn Recorder>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The bound on response bytes in memory.
    pub held: Arc<Held>,
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// An exchange under way.
#[derive(Debug)]
pub struct Recording {
    sink: Sink,
    started: Instant,
    /// Bytes of the response that are kept; 0 keeps none.
    keep: usize,
    held: usize,
    /// Small pieces, copied: a slice would keep the whole buffer it was read into.
    small: BytesMut,
    labels: Labels,
    record: Option<Box<ResponseRecord>>,
}

/// What an exchange is counted under.
#[derive(Clone, Debug)]
pub struct Labels {
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    /// Who answers.
    pub provider: Arc<str>,
}

impl Recording {
    /// Reports the request and begins to watch for its end. `keep` bytes of the response are
    /// kept; 0 keeps neither body nor headers.
    #[must_use]
    pub fn start(sink: &Sink, request: Box<RequestRecord>, started: Instant, keep: usize) -> Self {
        let labels = Labels {
            dialect: request.dialect,
            operation: request.operation,
            provider: Arc::clone(&request.provider),
        };
        let record = Box::new(ResponseRecord {
            id: request.id,
            status: None,
            headers: HeaderMap::new(),
            body: RawBody::default(),
            truncated: false,
            arrivals: Vec::new(),
            attempts: 0,
            route: Box::default(),
            sent: None,
            raw: None,
            headers_at_us: None,
            duration_us: 0,
            end: End::ClientGone,
        });
        sink.metrics.request_bytes(request.body.len);
        sink.recorder.started(request);
        Self {
            sink: sink.clone(),
            started,
            keep,
            held: 0,
            small: BytesMut::new(),
            labels,
            record: Some(record),
        }
    }

    /// The exchange that is recorded.
    #[must_use]
    pub fn id(&self) -> Option<ExchangeId> {
        self.record.as_ref().map(|record| record.id)
    }

    /// Time since the request came.
    #[must_use]
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// It has found its provider, or none.
    pub fn routed(&mut self, route: Route, attempts: u32, sent: Option<Box<Sent>>) {
        if !route.provider.is_empty() {
            self.labels.provider = Arc::clone(&route.provider);
        }
        if let Some(record) = &mut self.record {
            record.attempts = attempts;
            record.sent = sent;
            *record.route = route;
        }
    }

    /// The try that brought the answer: microseconds from the request to its beginning and to its
    /// answer's head.
    #[must_use]
    pub fn answering_try(&self) -> Option<(u64, u64)> {
        let tries = &self.record.as_ref()?.route.tries;
        let good = tries.iter().rev().find(|one| one.failure.is_none())?;
        Some((good.started_us, good.started_us + good.elapsed_us))
    }

    /// Whether raw logs are kept.
    pub fn keep_raw(&mut self, kept: bool) {
        if let Some(record) = self.record.as_mut().filter(|_| kept) {
            record.raw = Some(Box::default());
        }
    }

    /// These are the headers that the client gets.
    pub fn shown(&mut self, headers: &HeaderMap) {
        let raw = self.record.as_mut().and_then(|one| one.raw.as_mut());
        if let Some(raw) = raw {
            raw.client_headers = Some(headers.clone());
        }
    }

    /// The provider has sent this, of which something else was made for the client.
    pub fn got(&mut self, body: Option<RawBody>) {
        let raw = self.record.as_mut().and_then(|one| one.raw.as_mut());
        if let Some(raw) = raw {
            raw.upstream = body;
        }
    }

    /// The provider has sent a piece of which something else is made for the client.
    pub fn came(&mut self, piece: &Bytes) {
        let raw = self.record.as_mut().and_then(|one| one.raw.as_mut());
        let Some(raw) = raw else { return };
        let body = raw.upstream.get_or_insert_default();
        if body.len + piece.len() <= self.keep && self.sink.held.take(piece.len()) {
            self.held += piece.len();
            body.push(piece.clone());
        }
    }

    /// The upstream's response headers are here.
    pub fn responded(&mut self, status: StatusCode, headers: &HeaderMap) {
        let elapsed = self.elapsed_us();
        if let Some(record) = &mut self.record {
            record.status = Some(status);
            record.headers_at_us = Some(elapsed);
            if self.keep > 0 {
                record.headers = headers.clone();
            }
        }
    }

    /// A piece of the response body is here.
    pub fn arrived(&mut self, piece: &Bytes) {
        let elapsed_us = self.elapsed_us();
        let Some(record) = &mut self.record else {
            return;
        };
        self.sink.metrics.response_bytes(piece.len());
        if self.keep == 0 {
            return;
        }
        let size = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        record.arrivals.push(Arrival { size, elapsed_us });
        let len = record.body.len + self.small.len();
        let fits = !record.truncated && len + piece.len() <= self.keep;
        if !fits || !self.sink.held.take(piece.len()) {
            record.truncated = true;
            return;
        }
        self.held += piece.len();
        if piece.len() < SMALL_PIECE {
            self.small.extend_from_slice(piece);
        }
        let full = self.small.len() >= SMALL_PIECES;
        if (full || piece.len() >= SMALL_PIECE) && !self.small.is_empty() {
            record.body.push(self.small.split().freeze());
        }
        if piece.len() >= SMALL_PIECE {
            record.body.push(piece.clone());
        }
    }

    /// What it answers with was counted and paid for before.
    pub fn from_cache(&mut self) {
        if let Some(record) = &mut self.record {
            record.route.cached = true;
        }
    }

    /// weir answers by itself.
    pub fn answered(&mut self, status: StatusCode, headers: &HeaderMap, body: &Bytes) {
        if let Some(record) = &mut self.record {
            record.status = Some(status);
            if self.keep > 0 {
                record.headers = headers.clone();
                record.body.push(body.clone());
            }
        }
    }

    /// A provider of another dialect has counted this, of which the client is not told.
    pub fn counted(&mut self, usage: Option<Usage>) {
        if let Some(record) = &mut self.record {
            record.route.usage = usage;
        }
    }

    /// Reports the end. Later calls do nothing.
    pub fn finish(&mut self, end: End) {
        let duration_us = self.elapsed_us();
        let Some(mut record) = self.record.take() else {
            return;
        };
        if !self.small.is_empty() {
            record.body.push(std::mem::take(&mut self.small).freeze());
        }
        record.duration_us = duration_us;
        record.end = end;
        self.sink.held.release(std::mem::take(&mut self.held));
        self.sink.metrics.ended(&self.labels, &record);
        self.sink.recorder.finished(record);
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.finish(End::ClientGone);
    }
}

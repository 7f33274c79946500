//! The copy of an answer on its way to a client. It is made of the pieces that the client gets, and
//! kept only if all of them came.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use weir_core::cache::{Entry, Key, Vary};
use weir_wire::decode::decode;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::response::ResponseFacts;
use weir_wire::sse::is_stream;

use super::Cache;
use super::flight::Lead;

/// Pieces below this length are copied: a slice keeps the whole buffer that it was read into.
const SMALL_PIECE: usize = 4 * 1024;
/// Bytes that an encoded body may decode to.
const MAX_DECODED: usize = 32 * 1024 * 1024;

/// An answer that is to be kept.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(super) cache: Arc<Cache>,
    pub(super) entry: Option<Entry>,
    pub(super) key: Key,
    pub(super) vary: Vary,
    pub(super) variant: Key,
    /// The purges that there were when it was asked for.
    pub(super) seen: u64,
    /// Others that wait for it.
    pub(super) lead: Option<Lead>,
    pub(super) kind: (Dialect, Operation),
    /// Its length in bytes, if its head says.
    pub(super) length: Option<usize>,
    /// The most that is kept.
    pub(super) limit: usize,
    pub(super) copy: Copy,
}

/// The pieces so far.
#[derive(Debug, Default)]
pub(super) struct Copy {
    pieces: Vec<Bytes>,
    small: BytesMut,
    len: usize,
}

impl Copy {
    fn push(&mut self, piece: &Bytes) {
        self.len += piece.len();
        if piece.len() < SMALL_PIECE {
            self.small.extend_from_slice(piece);
            return;
        }
        if !self.small.is_empty() {
            self.pieces.push(self.small.split().freeze());
        }
        self.pieces.push(piece.clone());
    }

    /// All of it, in memory of its own size.
    fn whole(&mut self) -> Bytes {
        let mut whole = Vec::with_capacity(self.len);
        for piece in self.pieces.drain(..) {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&self.small);
        whole.into()
    }
}

impl Keeper {
    /// Takes a piece; false when it is no use any more.
    pub(crate) fn arrived(&mut self, piece: &Bytes) -> bool {
        let fits = self.copy.len.saturating_add(piece.len()) <= self.limit;
        if !fits || !self.cache.hold(piece.len()) {
            return false;
        }
        self.copy.push(piece);
        true
    }

    /// All of it came.
    pub(crate) fn finish(mut self) {
        let body = self.copy.whole();
        let Some(entry) = self.entry.take() else {
            return;
        };
        if entry.status == StatusCode::NO_CONTENT || self.is_whole(&entry.headers, &body) {
            let entry = Arc::new(entry.with_body(body));
            let place = (self.key, std::mem::take(&mut self.vary), self.variant);
            self.cache.put(place, entry, self.seen);
        } else {
            self.cache.counts.dropped.inc();
        }
        // Now those who wait can look.
        drop(self.lead.take());
    }

    /// Whether the body says that it is all there, where its length does not.
    fn is_whole(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (dialect, operation) = self.kind;
        let measured = self.length.map(|length| length == body.len());
        if measured == Some(false) {
            return false;
        }
        let kind = text(CONTENT_TYPE);
        let told = kind.is_some_and(|kind| is_stream(kind) || kind.contains("json"));
        if !told || body.is_empty() {
            return measured == Some(true);
        }
        let decoded = decode(text(CONTENT_ENCODING), body, MAX_DECODED);
        if decoded.fault.is_some() || decoded.truncated {
            return false;
        }
        let facts = ResponseFacts::of_body(dialect, operation, kind, &decoded.bytes);
        let ended = facts.terminal || (measured == Some(true) && !facts.is_sse);
        ended && facts.error.is_none()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.cache.release(self.copy.len);
        if self.entry.is_some() {
            self.cache.counts.dropped.inc();
        }
    }
}

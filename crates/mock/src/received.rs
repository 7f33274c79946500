//! What the mock was sent: every request raw, in order of arrival, with how it ended. Bounded:
//! the oldest are forgotten first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::tally::{Deed, Fate, Names, Tally};

/// Most bytes of bodies that are kept.
const MAX_KEPT_BYTES: usize = 512 << 20;

/// One request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Received {
    /// Counts the mock's requests from 0; never starts again, not even after a reset.
    pub serial: u64,
    /// The method as sent.
    pub method: String,
    /// Path and query exactly as sent.
    pub target: String,
    /// Header fields. On HTTP/1.1 in wire order and spelling, values without the blanks around
    /// them; on HTTP/2 lower case, without pseudo-headers, fields of one name together.
    pub headers: Vec<(String, String)>,
    /// On HTTP/1.1 every byte of the head, the blank line included; empty on HTTP/2.
    pub raw_head: Bytes,
    /// The body with the transfer coding removed, a content coding not.
    pub body: Bytes,
    /// Whether the body came to its proper end.
    pub body_complete: bool,
    /// Trailer fields of the request.
    pub trailers: Vec<(String, String)>,
    /// Which connection it came on; counted from 0 in order of acceptance.
    pub connection: u64,
    /// Whether it came over TLS.
    pub is_tls: bool,
    /// The `Host` header, or what HTTP/2 has in its place.
    pub authority: String,
    /// When the body had been read.
    pub at: Instant,
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub http_version: http::Version,
    /// When the mock noticed that the client had gone before the response had ended.
    pub client_closed_early: Option<Instant>,
    /// When the mock had written all it had to, or broken off as scripted.
    pub finished_at: Option<Instant>,
    /// How the mock let it fail, by the names of [`Counts::failed`](crate::Counts::failed);
    /// none for a good answer.
    pub fault: Option<String>,
}

impl Received {
    /// The first header of that name, in any spelling.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query as sent, without the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The credential it came with: a key header's value, a bearer token, the access key of a
    /// SigV4 signature, or Gemini's `key` of the query.
    #[must_use]
    pub fn credential(&self) -> Option<&str> {
        let keys = ["x-api-key", "x-goog-api-key", "api-key"];
        if let Some(key) = keys.iter().find_map(|name| self.header(name)) {
            return Some(key);
        }
        if let Some(value) = self.header("authorization") {
            let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
            let signer = rest
                .split_once("Credential=")
                .and_then(|(_, scope)| scope.split('/').next());
            return if scheme.starts_with("AWS4-") {
                signer
            } else {
                Some(rest)
            };
        }
        let pairs = self.query().unwrap_or_default().split('&');
        pairs.filter_map(|pair| pair.strip_prefix("key=")).next()
    }

    /// The id that its sender gave it: `x-mock-id`, `x-request-id` or `x-client-request-id`, the
    /// first of them that is there.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let names = ["x-mock-id", "x-request-id", "x-client-request-id"];
        names.iter().find_map(|name| self.header(name))
    }

    /// The body as JSON; `Null` if it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Inner {
    kept: VecDeque<Received>,
    kept_bytes: usize,
    next_serial: u64,
    since_reset: usize,
    tally: Tally,
}

impl Inner {
    fn update(&mut self, serial: u64, change: impl FnOnce(&mut Received)) {
        let newest_first = self.kept.iter_mut().rev();
        if let Some(request) = newest_first.into_iter().find(|one| one.serial == serial) {
            change(request);
        }
    }
}

/// The record of all requests.
#[derive(Debug)]
pub(crate) struct Log {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
    max_kept: usize,
}

impl Log {
    pub(crate) fn new(max_kept: usize) -> Self {
        Self {
            inner: Mutex::default(),
            changed: watch::Sender::new(()),
            max_kept: max_kept.max(1),
        }
    }

    /// Adds a request and returns its serial.
    pub(crate) fn add(&self, mut request: Received) -> u64 {
        let mut inner = self.inner.lock();
        let serial = inner.next_serial;
        request.serial = serial;
        inner.next_serial += 1;
        inner.since_reset += 1;
        inner.kept_bytes += request.body.len();
        inner.kept.push_back(request);
        while inner.kept.len() > self.max_kept
            || (inner.kept_bytes > MAX_KEPT_BYTES && inner.kept.len() > 1)
        {
            let dropped = inner.kept.pop_front().map_or(0, |old| old.body.len());
            inner.kept_bytes -= dropped;
        }
        drop(inner);
        self.changed.send_replace(());
        serial
    }

    /// Notes how a request is going to be answered.
    fn decided(&self, serial: u64, names: &Names, fate: &Fate) {
        let mut inner = self.inner.lock();
        match fate {
            Fate::Answer => {}
            Fate::Failure(kind) => {
                inner.tally.note(names, Deed::Failed(kind));
                inner.update(serial, |request| request.fault = Some(kind.clone()));
            }
            Fate::Other => inner.tally.other += 1,
        }
        drop(inner);
        self.changed.send_replace(());
    }

    /// Notes that a reply has been written to its end, or that the client went before.
    fn ended(&self, card: &Card, was_served: bool) {
        let mut inner = self.inner.lock();
        if card.fate == Fate::Answer {
            let deed = if was_served { Deed::Served } else { Deed::Gone };
            inner.tally.note(&card.names, deed);
        }
        inner.update(card.serial, |request| {
            let end = if was_served {
                &mut request.finished_at
            } else {
                &mut request.client_closed_early
            };
            end.get_or_insert_with(Instant::now);
        });
        drop(inner);
        self.changed.send_replace(());
    }

    pub(crate) fn tally(&self) -> Tally {
        self.inner.lock().tally.clone()
    }

    /// Whether the counts satisfy a condition; they are locked meanwhile.
    pub(crate) fn tally_is(&self, ready: impl FnOnce(&Tally) -> bool) -> bool {
        ready(&self.inner.lock().tally)
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.inner.lock().kept.iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.inner.lock().since_reset
    }

    pub(crate) fn reset(&self) {
        let mut inner = self.inner.lock();
        inner.kept.clear();
        inner.kept_bytes = 0;
        inner.since_reset = 0;
        inner.tally = Tally::default();
        drop(inner);
        self.changed.send_replace(());
    }

    /// Returns as soon as `ready` holds, without polling.
    pub(crate) async fn wait(&self, mut ready: impl FnMut(&Self) -> bool) {
        let mut changed = self.changed.subscribe();
        while !ready(self) {
            changed
                .changed()
                .await
                .expect("the sender lives as long as self");
        }
    }
}

/// A request being answered, as far as the record needs to know it later.
#[derive(Debug)]
struct Card {
    serial: u64,
    names: Names,
    fate: Fate,
}

/// Marks the client as gone unless the response was finished first.
#[derive(Debug)]
pub(crate) struct Attendance {
    log: Arc<Log>,
    /// None for what is not recorded.
    card: Option<Card>,
}

impl Attendance {
    /// For a reply whose kind is settled.
    pub(crate) fn new(log: Arc<Log>, serial: u64, names: Names, fate: Fate) -> Self {
        log.decided(serial, &names, &fate);
        Self {
            log,
            card: Some(Card {
                serial,
                names,
                fate,
            }),
        }
    }

    /// For a request that nobody asks about later.
    pub(crate) fn unrecorded(log: Arc<Log>) -> Self {
        Self { log, card: None }
    }

    pub(crate) fn finished(mut self) {
        if let Some(card) = self.card.take() {
            self.log.ended(&card, true);
        }
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        if let Some(card) = self.card.take() {
            self.log.ended(&card, false);
        }
    }
}

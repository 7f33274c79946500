//! What the mock was sent: every request raw, in order of arrival, with how it ended. Bounded:
//! the oldest are forgotten first.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

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
    /// When the body had been read.
    pub at: Instant,
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub http_version: http::Version,
    /// When the mock noticed that the client had gone before the response had ended.
    pub client_closed_early: Option<Instant>,
    /// When the mock had written all it had to, or broken off as scripted.
    pub finished_at: Option<Instant>,
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

    pub(crate) fn client_gone(&self, serial: u64) {
        self.update(serial, |request| {
            request.client_closed_early.get_or_insert_with(Instant::now);
        });
    }

    pub(crate) fn finished(&self, serial: u64) {
        self.update(serial, |request| {
            request.finished_at.get_or_insert_with(Instant::now);
        });
    }

    fn update(&self, serial: u64, change: impl FnOnce(&mut Received)) {
        let mut inner = self.inner.lock();
        if let Some(request) = inner
            .kept
            .iter_mut()
            .rev()
            .find(|item| item.serial == serial)
        {
            change(request);
        }
        drop(inner);
        self.changed.send_replace(());
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

/// Marks the client as gone unless the response was finished first.
#[derive(Debug)]
pub(crate) struct Attendance {
    log: std::sync::Arc<Log>,
    serial: u64,
    open: bool,
}

impl Attendance {
    pub(crate) fn new(log: std::sync::Arc<Log>, serial: u64) -> Self {
        Self {
            log,
            serial,
            open: true,
        }
    }

    pub(crate) fn finished(mut self) {
        self.open = false;
        self.log.finished(self.serial);
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        if self.open {
            self.log.client_gone(self.serial);
        }
    }
}

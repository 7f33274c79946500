//! Answers that are given again: the look-up before a request is sent, and what is kept of the
//! answer to one that was. The rules are `core/cache`; the place they are kept in is `memory.rs`.
//!
//! Nothing here is awaited but the answer to another request for the same, where a client asks for
//! that by opting in.

mod flight;
mod found;
mod keeper;
mod memory;
mod visit;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use weir_core::cache::{CacheView, Entry, Key, Purge, Vary};
use weir_core::clock::Now;

use self::flight::Flights;
pub(crate) use self::found::{Found, Labels};
pub(crate) use self::keeper::Keeper;
use self::memory::{Memory, Slot};
pub(crate) use self::visit::{Looked, Request, Visit};
use crate::clock::now;

/// Purges that are remembered for answers that were on their way meanwhile. An answer that has
/// outlived more of them is not kept.
const MAX_PURGES: usize = 64;
/// Bytes of memory where nobody says how many.
const DEFAULT_BYTES: u64 = 64 << 20;

/// Tells the time.
pub type Clock = Box<dyn Fn() -> Now + Send + Sync>;

/// What keeps answers.
pub struct Cache {
    memory: Memory,
    flights: Arc<Flights>,
    purges: Mutex<Purges>,
    clock: Clock,
    counts: Counts,
    /// Bytes of answers under way that are to be kept.
    pending: AtomicUsize,
    max_pending: usize,
}

#[derive(Debug, Default)]
struct Counts {
    hits: Counter<u64, AtomicU64>,
    misses: Counter<u64, AtomicU64>,
    bypasses: Counter<u64, AtomicU64>,
    stores: Counter<u64, AtomicU64>,
    revalidations: Counter<u64, AtomicU64>,
    collapsed: Counter<u64, AtomicU64>,
    dropped: Counter<u64, AtomicU64>,
}

/// The purges so far.
#[derive(Debug, Default)]
struct Purges {
    count: u64,
    last: VecDeque<Purge>,
}

impl Purges {
    /// Whether one of those since the first `seen` has taken an entry.
    fn took(&self, seen: u64, key: &Key, about: &weir_core::cache::About) -> bool {
        let since = usize::try_from(self.count - seen).unwrap_or(usize::MAX);
        let mut missed = self.last.iter().rev().take(since);
        since > self.last.len() || missed.any(|purge| purge.takes(key, about))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES, Box::new(now))
    }
}

impl Cache {
    /// An empty one of at most `max_bytes`; `clock` tells how old entries are.
    #[must_use]
    pub fn new(max_bytes: u64, clock: Clock) -> Self {
        Self {
            memory: Memory::new(max_bytes),
            flights: Arc::default(),
            purges: Mutex::default(),
            clock,
            counts: Counts::default(),
            pending: AtomicUsize::new(0),
            max_pending: usize::try_from(max_bytes).unwrap_or(usize::MAX),
        }
    }

    /// Takes entries out; says how many there were.
    pub fn purge(&self, purge: &Purge) -> u64 {
        let mut purges = self.purges.lock();
        purges.count += 1;
        purges.last.push_back(purge.clone());
        if purges.last.len() > MAX_PURGES {
            purges.last.pop_front();
        }
        drop(purges);
        self.memory.purge(purge)
    }

    /// How it is; `enabled` is what the settings say.
    #[must_use]
    pub fn view(&self, enabled: bool) -> CacheView {
        let (entries, bytes) = self.memory.size();
        let counts = &self.counts;
        CacheView {
            enabled,
            hits: counts.hits.get(),
            misses: counts.misses.get(),
            bypasses: counts.bypasses.get(),
            stores: counts.stores.get(),
            revalidations: counts.revalidations.get(),
            collapsed: counts.collapsed.get(),
            dropped: counts.dropped.get(),
            entries,
            bytes,
        }
    }

    /// Puts its figures into `registry`.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let counts = &self.counts;
        for (name, help, counter) in [
            (
                "cache_hits",
                "Requests answered from the cache",
                &counts.hits,
            ),
            (
                "cache_misses",
                "Requests that found nothing in the cache",
                &counts.misses,
            ),
            (
                "cache_bypasses",
                "Requests that asked for the cache and are not for it",
                &counts.bypasses,
            ),
            ("cache_stores", "Answers put into the cache", &counts.stores),
            (
                "cache_revalidations",
                "Entries of which a provider said that they still hold",
                &counts.revalidations,
            ),
            (
                "cache_collapsed",
                "Requests that waited for the answer to another for the same",
                &counts.collapsed,
            ),
            (
                "cache_dropped",
                "Answers that were to be stored and were not: broken off, too large, or purged meanwhile",
                &counts.dropped,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register_collector(Box::new(Size(Arc::clone(self))));
    }

    /// Now, in milliseconds since the Unix epoch.
    fn now(&self) -> i64 {
        (self.clock)().unix_ms
    }

    fn get(&self, key: &Key) -> Option<Slot> {
        self.memory.get(key)
    }

    /// How many purges there were.
    fn purged(&self) -> u64 {
        self.purges.lock().count
    }

    /// Keeps an answer, unless it was purged since the first `seen` purges.
    fn put(&self, key: Key, (vary, variant): (Vary, Key), entry: Arc<Entry>, seen: u64) {
        // Held over the insertion: a purge that comes later finds it.
        let purges = self.purges.lock();
        if purges.took(seen, &variant, &entry.about) {
            self.counts.dropped.inc();
            return;
        }
        let keep = entry.kept_for();
        if !vary.is_empty() {
            let about = entry.about.clone();
            self.memory
                .put(key, Slot::Varies(Arc::new((about, vary))), keep);
        }
        self.memory.put(variant, Slot::Entry(entry), keep);
        drop(purges);
        self.counts.stores.inc();
    }

    fn remove(&self, key: &Key) {
        self.memory.remove(key);
    }

    /// Sets bytes aside for an answer under way; false when there are no more.
    fn hold(&self, bytes: usize) -> bool {
        let before = self.pending.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.max_pending;
        if !fits {
            self.pending.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    fn release(&self, bytes: usize) {
        self.pending.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What it holds at the moment of a scrape.
struct Size(Arc<Cache>);

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Size")
    }
}

impl Collector for Size {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let (entries, bytes) = self.0.memory.size();
        for (name, help, value) in [
            ("cache_entries", "Answers in the cache", entries),
            ("cache_bytes", "Bytes that they take, about", bytes),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

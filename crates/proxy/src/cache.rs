//! Answers that are given again: the look-up before a request is sent, and what is kept of the
//! answer to one that was. The rules are `core/cache`; the place they are kept in is `memory.rs`, or
//! one that several gateways share.
//!
//! Nothing here is awaited but such a place, for as long as the settings say, and the answer to
//! another request for the same, where a client asks for that by opting in.

mod flight;
mod found;
mod keeper;
mod memory;
mod tally;
mod visit;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use weir_core::cache::{
    CacheView, Entry, Key, ProjectCounts, Purge, Put, Store, Unavailable, Vary,
};
use weir_core::clock::Now;

use self::flight::Flights;
pub(crate) use self::flight::Lead;
pub(crate) use self::found::{Found, Labels};
pub(crate) use self::keeper::Keeper;
use self::memory::Memory;
use self::tally::Tallies;
pub(crate) use self::visit::{Looked, Request, Visit};
use crate::clock::now;

/// Bytes of memory where nobody says how many.
const DEFAULT_BYTES: u64 = 64 << 20;

/// Tells the time.
pub type Clock = Box<dyn Fn() -> Now + Send + Sync>;

/// What keeps answers.
pub struct Cache {
    store: Arc<dyn Store>,
    flights: Arc<Flights>,
    clock: Clock,
    counts: Counts,
    tallies: Tallies,
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
    refreshes: Counter<u64, AtomicU64>,
    collapsed: Counter<u64, AtomicU64>,
    dropped: Counter<u64, AtomicU64>,
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
        Self::of(Arc::new(Memory::new(max_bytes)), max_bytes, clock)
    }

    /// One of what `store` keeps. At most `max_bytes` of answers are on their way there at once.
    #[must_use]
    pub fn of(store: Arc<dyn Store>, max_bytes: u64, clock: Clock) -> Self {
        Self {
            store,
            flights: Arc::default(),
            clock,
            counts: Counts::default(),
            tallies: Tallies::default(),
            pending: AtomicUsize::new(0),
            max_pending: usize::try_from(max_bytes).unwrap_or(usize::MAX),
        }
    }

    /// Takes entries out; says how many there were.
    ///
    /// # Errors
    /// When the place they are kept in cannot be reached. Some may be gone then.
    pub async fn purge(&self, purge: &Purge) -> Result<u64, Unavailable> {
        self.store.purge(purge).get().await
    }

    /// How it is; `enabled` is what the settings say.
    #[must_use]
    pub fn view(&self, enabled: bool) -> CacheView {
        let counts = &self.counts;
        CacheView {
            enabled,
            hits: counts.hits.get(),
            misses: counts.misses.get(),
            bypasses: counts.bypasses.get(),
            stores: counts.stores.get(),
            revalidations: counts.revalidations.get(),
            refreshes: counts.refreshes.get(),
            collapsed: counts.collapsed.get(),
            dropped: counts.dropped.get(),
            store: self.store.state(),
        }
    }

    /// What it did for each project, who was given the most first; of a bounded number of projects.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectCounts> {
        self.tallies.view()
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
                "cache_refreshes",
                "Answers asked for again behind the back of a client that got an old one",
                &counts.refreshes,
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
            (
                "cache_projects_uncounted",
                "Requests and answers that are in no project's figures, because there are too many projects",
                &self.tallies.uncounted,
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

    /// Keeps an answer, unless it was purged since it was asked for.
    fn put(&self, place: (Key, Vary, Key), entry: Arc<Entry>, seen: u64) {
        let (stores, dropped) = (self.counts.stores.clone(), self.counts.dropped.clone());
        let (tally, bytes) = (self.tallies.of(&entry.about.tenant), entry.body.len());
        let done = move |kept: bool| {
            let count = if kept { stores } else { dropped };
            count.inc();
            if let Some(tally) = tally.filter(|_| kept) {
                tally.stored(bytes);
            }
        };
        self.store.put(Put::new(place, entry, seen, done));
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
        let state = self.0.store.state();
        for (name, help, value) in [
            ("cache_entries", "Answers in the cache", state.entries),
            ("cache_bytes", "Bytes that they take, about", state.bytes),
            (
                "cache_reachable",
                "Whether the place that answers are kept in can be asked",
                u64::from(state.reachable),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let help = "What went wrong in the place that answers are kept in; each was a miss, or is not kept";
        let errors = ConstCounter::new(state.errors);
        let metric = encoder.encode_descriptor("cache_errors", help, None, errors.metric_type())?;
        errors.encode(metric)?;
        Ok(())
    }
}

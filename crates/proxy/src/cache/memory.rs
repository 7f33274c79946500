//! The memory of one process, bounded in bytes. What is used least goes first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache as Moka;
use weir_core::cache::{About, Entry, Key, Purge, Vary};

/// Bytes of what says by which headers answers vary, about.
const VARIES: u32 = 512;

/// What a key leads to.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// To another key, by these headers.
    Varies(Arc<(About, Vary)>),
    /// To an answer.
    Entry(Arc<Entry>),
}

impl Slot {
    fn about(&self) -> &About {
        match self {
            Self::Varies(varies) => &varies.0,
            Self::Entry(entry) => &entry.about,
        }
    }

    fn weight(&self) -> u32 {
        match self {
            Self::Varies(_) => VARIES,
            Self::Entry(entry) => u32::try_from(entry.weight()).unwrap_or(u32::MAX),
        }
    }
}

#[derive(Clone, Debug)]
struct Kept {
    slot: Slot,
    time: Duration,
}

/// Each is kept for as long as it is of use.
struct Lives;

impl Expiry<Key, Kept> for Lives {
    fn expire_after_create(&self, _: &Key, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.time)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.time)
    }
}

/// The entries.
#[derive(Debug)]
pub(super) struct Memory(Moka<Key, Kept>);

impl Memory {
    pub(super) fn new(max_bytes: u64) -> Self {
        let built = Moka::builder()
            .max_capacity(max_bytes)
            .weigher(|_, kept: &Kept| kept.slot.weight())
            .expire_after(Lives);
        Self(built.build())
    }

    pub(super) fn get(&self, key: &Key) -> Option<Slot> {
        self.0.get(key).map(|kept| kept.slot)
    }

    /// Keeps something for so many seconds.
    pub(super) fn put(&self, key: Key, slot: Slot, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.0.insert(key, Kept { slot, time });
    }

    pub(super) fn remove(&self, key: &Key) {
        self.0.invalidate(key);
    }

    /// Takes entries out; says how many. What leads to them goes too, uncounted.
    pub(super) fn purge(&self, purge: &Purge) -> u64 {
        let mut count = 0;
        for (key, kept) in &self.0 {
            if purge.takes(&key, kept.slot.about()) {
                self.0.invalidate(&*key);
                count += u64::from(matches!(kept.slot, Slot::Entry(_)));
            }
        }
        count
    }

    /// Entries and bytes at this moment.
    pub(super) fn size(&self) -> (u64, u64) {
        self.0.run_pending_tasks();
        let entries = self
            .0
            .iter()
            .filter(|(_, kept)| matches!(kept.slot, Slot::Entry(_)));
        (entries.count() as u64, self.0.weighted_size())
    }
}

//! The memory of one process, bounded in bytes. What is used least goes first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache as Moka;
use parking_lot::Mutex;
use weir_core::cache::{
    About, Answer, Key, Purge, Put, Seen, Slot, State, Store, Tenant, Unavailable, Wanted,
};

/// Purges that are remembered for answers that were on their way meanwhile. An answer that has
/// outlived more of them is not kept.
const MAX_PURGES: usize = 64;

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

/// The purges so far.
#[derive(Debug, Default)]
struct Purges {
    count: u64,
    last: VecDeque<Purge>,
}

impl Purges {
    /// Whether one of those since the first `seen` has taken an entry.
    fn took(&self, seen: u64, key: &Key, about: &About) -> bool {
        let since = usize::try_from(self.count - seen).unwrap_or(usize::MAX);
        let mut missed = self.last.iter().rev().take(since);
        since > self.last.len() || missed.any(|purge| purge.takes(key, about))
    }
}

/// The entries.
#[derive(Debug)]
pub(super) struct Memory {
    entries: Moka<Key, Kept>,
    purges: Mutex<Purges>,
    /// How many there were, for who looks: nobody waits for those who keep something.
    count: AtomicU64,
    max_bytes: u64,
}

impl Memory {
    pub(super) fn new(max_bytes: u64) -> Self {
        let built = Moka::builder()
            .max_capacity(max_bytes)
            .weigher(|_, kept: &Kept| u32::try_from(kept.slot.weight()).unwrap_or(u32::MAX))
            .expire_after(Lives);
        Self {
            entries: built.build(),
            purges: Mutex::default(),
            count: AtomicU64::new(0),
            max_bytes,
        }
    }

    /// For how long a slot is kept: what leads to several answers as long as the longest.
    fn lasts(&self, key: &Key, slot: &Slot, time: Duration) -> Duration {
        match (slot, self.entries.get(key)) {
            (Slot::Varies(_), Some(before)) => time.max(before.time),
            _ => time,
        }
    }

    /// Takes entries out; says how many. What leads to them goes too, uncounted.
    fn take_out(&self, purge: &Purge) -> u64 {
        let mut purges = self.purges.lock();
        purges.count += 1;
        self.count.store(purges.count, Ordering::Release);
        purges.last.push_back(purge.clone());
        if purges.last.len() > MAX_PURGES {
            purges.last.pop_front();
        }
        drop(purges);
        let mut count = 0;
        for (key, kept) in &self.entries {
            if purge.takes(&key, kept.slot.about()) {
                self.entries.invalidate(&*key);
                count += u64::from(matches!(kept.slot, Slot::Entry(_)));
            }
        }
        count
    }
}

impl Store for Memory {
    fn get<'a>(&'a self, wanted: Wanted<'a>) -> Answer<'a, Seen> {
        // Before the look: a purge between the two is one that was not seen.
        let purges = self.count.load(Ordering::Acquire);
        let slot = self.entries.get(wanted.key).map(|kept| kept.slot);
        Answer::Ready(Seen { slot, purges })
    }

    fn put(&self, put: Put) {
        // Held over the insertion: a purge that comes later finds it.
        let purges = self.purges.lock();
        if purges.took(put.seen, &put.variant, &put.entry.about) {
            return;
        }
        let time = Duration::from_secs(put.entry.kept_for());
        for (key, slot) in put.slots() {
            let time = self.lasts(&key, &slot, time);
            self.entries.insert(key, Kept { slot, time });
        }
        drop(purges);
        put.kept();
    }

    fn remove(&self, key: &Key, _: &About) {
        self.entries.invalidate(key);
    }

    fn forget(&self, tenant: &Tenant, path: &str) {
        let path = path.into();
        let tenant = *tenant;
        self.take_out(&Purge::Resource { tenant, path });
    }

    fn purge<'a>(&'a self, purge: &'a Purge) -> Answer<'a, Result<u64, Unavailable>> {
        Answer::Ready(Ok(self.take_out(purge)))
    }

    fn state(&self) -> State {
        self.entries.run_pending_tasks();
        let entries = self
            .entries
            .iter()
            .filter(|(_, kept)| matches!(kept.slot, Slot::Entry(_)));
        State {
            backend: "memory",
            reachable: true,
            errors: 0,
            entries: entries.count() as u64,
            bytes: self.entries.weighted_size(),
            max_bytes: Some(self.max_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_core::cache::contract;

    use super::*;

    #[tokio::test]
    async fn it_does_what_every_store_does() {
        let memory = Memory::new(1 << 20);
        contract::holds(&memory, 1_700_000_000_000).await;
    }
}

//! Where sessions have their prompt cached: which provider and key answered them last.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::session::SessionKey;
use crate::clock::Now;

/// Parts of the map, each with a lock of its own.
const SHARDS: usize = 16;

/// Where a session is at home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The provider.
    pub provider: Arc<str>,
    /// The key, by its id; none with the client's own credential.
    pub key: Option<u64>,
}

#[derive(Debug)]
struct Entry {
    home: Home,
    last_ms: u64,
}

/// The homes of many sessions. When it is full, those that were silent longest go.
#[derive(Debug)]
pub struct Affinity {
    shards: Box<[Mutex<HashMap<SessionKey, Entry>>]>,
    capacity: usize,
}

impl Affinity {
    /// Remembers at most about `capacity` sessions.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity: (capacity / SHARDS).max(1),
        }
    }

    /// The home of a session that had an answer within `ttl`.
    #[must_use]
    pub fn home(&self, session: SessionKey, now: Now, ttl: Duration) -> Option<Home> {
        let shard = self.shard(session).lock();
        let entry = shard.get(&session)?;
        let age = now.ms.saturating_sub(entry.last_ms);
        (u128::from(age) <= ttl.as_millis()).then(|| entry.home.clone())
    }

    /// The session had an answer there.
    pub fn settle(&self, session: SessionKey, home: Home, now: Now) {
        let mut shard = self.shard(session).lock();
        let last_ms = now.ms;
        if let Some(entry) = shard.get_mut(&session) {
            *entry = Entry { home, last_ms };
            return;
        }
        if shard.len() >= self.capacity {
            make_room(&mut shard);
        }
        shard.insert(session, Entry { home, last_ms });
    }

    /// Makes the sessions of a provider homeless, for when what it had cached is gone: those of
    /// one that is merely ill for a while find their way back. Looks at every session.
    pub fn forget_provider(&self, provider: &str) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.retain(|_, entry| &*entry.home.provider != provider);
        }
    }

    /// Sessions that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, session: SessionKey) -> &Mutex<HashMap<SessionKey, Entry>> {
        let index = usize::try_from(session.0 % SHARDS as u64).unwrap_or(0);
        &self.shards[index]
    }
}

/// Forgets the older half: seldom, so that no request pays for it twice.
fn make_room(shard: &mut HashMap<SessionKey, Entry>) {
    let mut times: Vec<u64> = shard.values().map(|entry| entry.last_ms).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    let mut left = middle + 1;
    shard.retain(|_, entry| {
        let goes = left > 0 && entry.last_ms <= median;
        left -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now { ms, unix_ms: 0 }
    }

    fn home(name: &str) -> Home {
        Home {
            provider: name.into(),
            key: Some(7),
        }
    }

    #[test]
    fn a_home_is_kept_for_its_time() {
        let affinity = Affinity::new(100);
        let ttl = Duration::from_secs(1);
        affinity.settle(SessionKey(1), home("a"), at(0));
        assert_eq!(affinity.home(SessionKey(1), at(1000), ttl), Some(home("a")));
        assert_eq!(affinity.home(SessionKey(1), at(1001), ttl), None);
        assert_eq!(affinity.home(SessionKey(2), at(0), ttl), None);
    }

    #[test]
    fn a_provider_is_forgotten_and_the_others_are_not() {
        let affinity = Affinity::new(100);
        for n in 0..50 {
            let name = if n % 2 == 0 { "a" } else { "b" };
            affinity.settle(SessionKey(n), home(name), at(0));
        }
        affinity.forget_provider("a");
        assert_eq!(affinity.len(), 25);
        let ttl = Duration::from_secs(1);
        assert_eq!(affinity.home(SessionKey(2), at(0), ttl), None);
        assert_eq!(affinity.home(SessionKey(3), at(0), ttl), Some(home("b")));
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_the_newest() {
        let affinity = Affinity::new(320);
        for n in 0..10_000 {
            affinity.settle(SessionKey(n), home("a"), at(n));
        }
        assert!(affinity.len() <= 320, "{}", affinity.len());
        let ttl = Duration::from_secs(3600);
        assert!(affinity.home(SessionKey(9_999), at(10_000), ttl).is_some());
    }

    #[test]
    fn sessions_of_one_moment_make_room_too() {
        let affinity = Affinity::new(16);
        for n in 0..1000 {
            affinity.settle(SessionKey(n), home("a"), at(5));
        }
        assert!(affinity.len() <= 16);
    }
}

//! Thinking that belongs to calls of tools, kept for clients that do not hand it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use weir_wire::translate::echo::{Echo, Key, Memory};

use crate::aged::{Aged, signed};
use crate::clock::Now;

/// Bytes of thinking that are kept, about.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// What an entry takes besides its text, in bytes, about.
const ENTRY: usize = 200;

/// The memory, shared by all requests; each look holds a lock for a look-up.
#[derive(Debug)]
pub struct Echoes {
    ttl_ms: AtomicU64,
    echoes: Mutex<Aged<Key, Arc<Echo>>>,
}

impl Echoes {
    /// An empty one that remembers for `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        let echoes = Self {
            ttl_ms: AtomicU64::new(0),
            echoes: Mutex::new(Aged::new(MAX_BYTES)),
        };
        echoes.set_ttl(ttl);
        echoes
    }

    /// Remembers for `ttl` from now on, what it has already too.
    pub fn set_ttl(&self, ttl: Duration) {
        let ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        self.ttl_ms.store(ms, Ordering::Relaxed);
    }

    /// The memory as it is at `now`.
    #[must_use]
    pub fn at(self: &Arc<Self>, clock: fn() -> Now) -> Arc<dyn Memory> {
        Arc::new(View {
            echoes: Arc::clone(self),
            clock,
        })
    }
}

/// The memory with a clock.
#[derive(Debug)]
struct View {
    echoes: Arc<Echoes>,
    clock: fn() -> Now,
}

impl Memory for View {
    fn remember(&self, key: Key, echo: Echo) {
        let cost = ENTRY + echo.size();
        let since = signed((self.clock)().ms);
        let mut echoes = self.echoes.echoes.lock();
        echoes.put(key, Arc::new(echo), cost, since);
    }

    fn recall(&self, key: Key) -> Option<Arc<Echo>> {
        let ttl = self.echoes.ttl_ms.load(Ordering::Relaxed);
        let echoes = self.echoes.echoes.lock();
        echoes.get(&key, ttl, (self.clock)()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_forgotten_in_time() {
        let echoes = Arc::new(Echoes::new(Duration::from_secs(1)));
        let at = |clock| echoes.at(clock);
        let early: fn() -> Now = || Now { ms: 5, unix_ms: 0 };
        let late: fn() -> Now = || Now {
            ms: 1006,
            unix_ms: 0,
        };
        at(early).remember(7, Echo::default());
        assert!(at(early).recall(7).is_some());
        assert!(at(late).recall(7).is_none());
    }
}

//! Running, then draining: what load balancers and supervisors are told, and what a drain waits
//! for. It knows no clock and no signal; the program does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The state of the process, shared by all that ask or change it.
#[derive(Debug, Default)]
pub struct Lifecycle {
    in_flight: AtomicUsize,
    draining: AtomicBool,
}

impl Lifecycle {
    /// Counts one data-plane request until the guard is dropped, also by a panic.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Running {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// Data-plane requests being answered at this moment.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Begins to drain. There is no way back.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether weir is to be taken out of its balancer.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// One request being answered.
#[derive(Debug)]
pub struct Running(Arc<Lifecycle>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_until_their_guard_is_dropped() {
        let lifecycle = Arc::new(Lifecycle::default());
        let (first, second) = (lifecycle.begin(), lifecycle.begin());
        assert_eq!(lifecycle.in_flight(), 2);
        drop(first);
        assert_eq!(lifecycle.in_flight(), 1);
        drop(second);
        assert_eq!(lifecycle.in_flight(), 0);
    }

    #[test]
    fn draining_is_seen_and_still_counts() {
        let lifecycle = Arc::new(Lifecycle::default());
        assert!(!lifecycle.is_draining());
        lifecycle.drain();
        let _running = lifecycle.begin();
        assert!(lifecycle.is_draining());
        assert_eq!(lifecycle.in_flight(), 1);
    }
}

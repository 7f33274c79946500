//! How many requests may run at once. Refusing is all it does: there is no queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A counter with a limit that can be changed while requests run.
#[derive(Debug)]
pub struct Concurrency {
    running: AtomicUsize,
    /// 0 is unlimited; requests are counted all the same, so that a later limit knows of them.
    limit: AtomicUsize,
}

impl Concurrency {
    /// At most `limit` at once; 0 is unlimited.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            running: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
        }
    }

    /// Changes the limit. What runs already goes on, and counts.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Leave to run until the permit is dropped; none when the limit is reached.
    #[must_use]
    pub fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let limit = self.limit.load(Ordering::Relaxed);
        // One step that counts only what is let in: a refusal must not take the place of another.
        self.running
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |running| {
                (limit == 0 || running < limit).then(|| running.saturating_add(1))
            })
            .ok()?;
        Some(Permit(Arc::clone(self)))
    }

    /// Requests that hold a permit at this moment.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }
}

/// Leave to run.
#[derive(Debug)]
pub struct Permit(Arc<Concurrency>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_refuses_and_a_dropped_permit_makes_room() {
        let gate = Arc::new(Concurrency::new(1));
        let first = gate.try_acquire();
        assert!(first.is_some());
        assert!(gate.try_acquire().is_none());
        assert_eq!(gate.running(), 1, "a refusal holds nothing");
        drop(first);
        assert!(gate.try_acquire().is_some());
    }

    #[test]
    fn a_limit_set_later_counts_what_ran_before_it() {
        let gate = Arc::new(Concurrency::new(0));
        let running: Vec<_> = (0..3).map(|_| gate.try_acquire()).collect();
        assert!(running.iter().all(Option::is_some));
        gate.set_limit(3);
        assert!(gate.try_acquire().is_none());
        gate.set_limit(4);
        assert!(gate.try_acquire().is_some());
    }
}

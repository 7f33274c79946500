//! What the cache did for each project since the start, next to the figures of all.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;
use uuid::Uuid;
use weir_core::cache::{ProjectCounts, Tenant};

/// Projects that are told apart. Those that come after so many count in the figures of all alone.
const MOST: usize = 1000;

/// The tallies of projects.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    by_project: RwLock<HashMap<Uuid, Arc<Tally>>>,
    /// What was not counted, because there were too many projects.
    pub(super) uncounted: Counter<u64, AtomicU64>,
}

/// That of one.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) revalidations: AtomicU64,
    stores: AtomicU64,
    stored_bytes: AtomicU64,
}

impl Tally {
    /// An answer with a body of so many bytes is kept.
    pub(super) fn stored(&self, bytes: usize) {
        self.stores.fetch_add(1, Ordering::Relaxed);
        self.stored_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Tallies {
    /// Counts one of `which` for the project, if the tenant is of one.
    pub(super) fn count(&self, tenant: &Tenant, which: impl Fn(&Tally) -> &AtomicU64) {
        if let Some(tally) = self.of(tenant) {
            which(&tally).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// That of the tenant's project; none without a project, or where there are too many.
    pub(super) fn of(&self, tenant: &Tenant) -> Option<Arc<Tally>> {
        let project = tenant.project?;
        if let Some(tally) = self.by_project.read().get(&project) {
            return Some(Arc::clone(tally));
        }
        let mut by_project = self.by_project.write();
        if by_project.len() >= MOST && !by_project.contains_key(&project) {
            self.uncounted.inc();
            return None;
        }
        Some(Arc::clone(by_project.entry(project).or_default()))
    }

    /// All of them, who was given the most first.
    pub(super) fn view(&self) -> Vec<ProjectCounts> {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let one = |(project, tally): (&Uuid, &Arc<Tally>)| ProjectCounts {
            project: *project,
            hits: get(&tally.hits),
            misses: get(&tally.misses),
            revalidations: get(&tally.revalidations),
            stores: get(&tally.stores),
            stored_bytes: get(&tally.stored_bytes),
        };
        let mut all: Vec<_> = self.by_project.read().iter().map(one).collect();
        all.sort_by_key(|one| (std::cmp::Reverse(one.hits), one.project));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: usize) -> Tenant {
        Tenant {
            project: Some(Uuid::from_u128(number as u128 + 1)),
            own: None,
        }
    }

    #[test]
    fn past_the_bound_projects_are_not_told_apart_and_that_is_counted() {
        let tallies = Tallies::default();
        for number in 0..MOST + 3 {
            tallies.count(&tenant(number), |tally| &tally.misses);
        }
        assert_eq!((tallies.view().len(), tallies.uncounted.get()), (MOST, 3));
        // Who is known is counted as before.
        tallies.count(&tenant(7), |tally| &tally.hits);
        let first = tallies.view().remove(0);
        assert_eq!(Some(first.project), tenant(7).project);
        assert_eq!((first.hits, first.misses), (1, 1));
        assert_eq!(tallies.uncounted.get(), 3);
    }

    #[test]
    fn who_is_of_no_project_has_no_tally() {
        let tallies = Tallies::default();
        tallies.count(&Tenant::default(), |tally| &tally.hits);
        assert!(tallies.view().is_empty() && tallies.uncounted.get() == 0);
    }
}

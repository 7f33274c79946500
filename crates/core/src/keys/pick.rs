//! Choosing a key: those that are available, of them those of the highest priority, of them one by
//! the strategy.

use std::cmp::Ordering;
use std::sync::Arc;

use super::slot::{NEVER, Slot, Wait};
use super::{Ask, Charge, Chosen, Exhausted, KeyPool, UNKNOWN_WAIT_MS, Why, percent};
use crate::clock::Now;
use crate::settings::KeyStrategy;

impl KeyPool {
    /// Chooses a key and charges the request to it. `chance` is 64 random bits, for the
    /// strategies that need them.
    ///
    /// # Errors
    /// When no key is available that was not tried; says when the first one will be.
    pub fn select(&mut self, ask: &Ask<'_>, now: Now, chance: u64) -> Result<Chosen, Exhausted> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let free = |slot: &Slot| slot.wait(ask, now).is_over();
        let indices = (0..self.slots.len()).filter(|index| free(&self.slots[*index]));
        candidates.extend(indices);
        let available = candidates.len();
        candidates.retain(|index| !ask.tried.contains(index));
        let others = candidates.len() > 1;
        let wished = candidates
            .iter()
            .copied()
            .find(|index| Some(self.slots[*index].id.0) == ask.prefer);
        let index = wished
            .or_else(|| self.by_strategy(&mut candidates, now, chance))
            .or_else(|| self.doubted(ask, now));
        self.candidates = candidates;
        let index = index.ok_or_else(|| self.exhausted(ask, now))?;
        let total = self.slots.len();
        let slot = &mut self.slots[index];
        let taken = slot.charge(ask, now);
        Ok(Chosen {
            index,
            id: slot.id,
            label: Arc::clone(&slot.label),
            key: Arc::clone(&slot.key),
            preferred: wished.is_some(),
            available,
            others,
            total,
            capacity: percent(slot.score(now)),
            charge: Charge {
                id: slot.id,
                index,
                taken,
            },
        })
    }

    /// When the first key is available for such a request, and why it is not yet. What was tried
    /// counts too: what was learnt from the try is in its wait.
    #[must_use]
    pub fn exhausted(&self, ask: &Ask<'_>, now: Now) -> Exhausted {
        let waits = self.slots.iter().enumerate().map(|(index, slot)| {
            let wait = slot.wait_at_last(ask, now);
            let tried = wait.is_over() && ask.tried.contains(&index);
            Wait {
                why: if tried { Why::Tried } else { wait.why },
                ..wait
            }
        });
        match waits.min_by_key(|wait| wait.ms) {
            None => Exhausted {
                wait_ms: UNKNOWN_WAIT_MS,
                why: Why::NoKeys,
            },
            Some(wait) => Exhausted {
                wait_ms: if wait.ms == NEVER {
                    UNKNOWN_WAIT_MS
                } else {
                    wait.ms
                },
                why: wait.why,
            },
        }
    }

    /// Milliseconds until the first key is available for such a request; 0 if one is.
    #[must_use]
    pub fn earliest(&self, ask: &Ask<'_>, now: Now) -> u64 {
        self.exhausted(ask, now).wait_ms
    }

    fn by_strategy(&mut self, candidates: &mut Vec<usize>, now: Now, chance: u64) -> Option<usize> {
        let slots = &self.slots;
        let priority = |index: &usize| slots[*index].key.priority;
        let highest = candidates.iter().map(priority).max()?;
        candidates.retain(|index| priority(index) == highest);
        match self.strategy {
            KeyStrategy::LeastLoaded => self.least_loaded(candidates, now),
            KeyStrategy::RoundRobin => self.next_in_turn(candidates),
            KeyStrategy::Random => {
                let at = part_of(candidates.len() as u64, chance);
                candidates.get(usize::try_from(at).ok()?).copied()
            }
            KeyStrategy::Weighted => self.by_weight(candidates, chance),
        }
    }

    /// The one with the most left; of those alike the one with the fewest requests in flight.
    fn least_loaded(&self, candidates: &[usize], now: Now) -> Option<usize> {
        let load = |index: usize| (self.slots[index].score(now), self.slots[index].in_flight);
        let mut best = (*candidates.first()?, load(*candidates.first()?));
        for index in candidates.get(1..)?.iter().copied() {
            let (score, in_flight) = load(index);
            let (best_score, fewest) = best.1;
            let less = match score.total_cmp(&best_score) {
                Ordering::Greater => true,
                Ordering::Equal => in_flight < fewest,
                Ordering::Less => false,
            };
            if less {
                best = (index, (score, in_flight));
            }
        }
        Some(best.0)
    }

    /// The first after the one that had the last turn. Counting from there, and not by a counter
    /// over all keys, a gap does not double the turns of the key behind it.
    fn next_in_turn(&mut self, candidates: &[usize]) -> Option<usize> {
        let next = candidates.iter().find(|index| **index >= self.cursor);
        let index = *next.or(candidates.first())?;
        self.cursor = index + 1;
        Some(index)
    }

    fn by_weight(&self, candidates: &[usize], chance: u64) -> Option<usize> {
        let weight = |index: &usize| u64::from(self.slots[*index].key.weight.max(1));
        let total = candidates.iter().map(weight).sum();
        let mut left = part_of(total, chance);
        candidates.iter().copied().find(|index| {
            let weight = weight(index);
            let here = left < weight;
            left = left.saturating_sub(weight);
            here
        })
    }
}

/// The first that was not tried and that only the word of another node stands against, which has been
/// believed for long enough.
pub(super) fn at_last(slots: &[Slot], ask: &Ask<'_>, now: Now) -> Option<usize> {
    let free = |index: &usize| slots[*index].wait_at_last(ask, now).is_over();
    let untried = (0..slots.len()).filter(|index| !ask.tried.contains(index));
    let hinted = |index: &usize| slots[*index].hearsay.is_some();
    untried.filter(hinted).find(free)
}

/// A number below `whole`, as `chance` has it; 0 if there is none.
fn part_of(whole: u64, chance: u64) -> u64 {
    let product = u128::from(whole) * u128::from(chance);
    u64::try_from(product >> 64).unwrap_or(0)
}

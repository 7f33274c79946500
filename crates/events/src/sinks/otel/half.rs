//! What a collector has taken by half: the span of a request and not yet its metrics.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

/// Requests that are remembered. Of those that are given up nobody says so: the oldest go.
const MOST: usize = 20_000;

/// Requests whose spans were taken and whose metrics were not.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// When each came, as a number.
    known: HashMap<Uuid, u64>,
    order: BTreeMap<u64, Uuid>,
    next: u64,
}

impl Half {
    /// Whether it is one.
    pub(super) fn contains(&self, id: &Uuid) -> bool {
        self.known.contains_key(id)
    }

    /// It is one. Past the bound the oldest is one no more.
    pub(super) fn insert(&mut self, id: Uuid) {
        if self.contains(&id) {
            return;
        }
        self.known.insert(id, self.next);
        self.order.insert(self.next, id);
        self.next += 1;
        if self.known.len() > MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
    }

    /// It is one no more.
    pub(super) fn remove(&mut self, id: &Uuid) {
        if let Some(number) = self.known.remove(id) {
            self.order.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_never_heard_of_again_make_room_for_new_ones() {
        let mut half = Half::default();
        let id = |number: usize| Uuid::from_u128(number as u128);
        for number in 0..=MOST {
            half.insert(id(number));
        }
        assert!(!half.contains(&id(0)) && half.contains(&id(1)) && half.contains(&id(MOST)));
        half.remove(&id(MOST));
        half.insert(id(1));
        half.insert(id(MOST + 1));
        assert!(half.contains(&id(1)) && !half.contains(&id(MOST)));
        assert_eq!((half.known.len(), half.order.len()), (MOST, MOST));
    }
}

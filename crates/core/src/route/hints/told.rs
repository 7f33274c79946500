//! What this node has to tell: the newest of each subject, until it holds no more.

use std::collections::HashMap;

use super::{Hint, Said, Subject};
use crate::clock::Now;

/// Most subjects of which something is told.
pub const MAX_TOLD: usize = 4_096;
/// By how much an end must move to be worth telling, in milliseconds: each of many requests that are
/// refused together states its own. What holds for less is over when others hear of it.
const WORTH_MS: u64 = 1_000;

/// The table.
#[derive(Debug, Default)]
pub struct Told {
    entries: HashMap<Subject, Entry>,
    /// What was given out last: who, and the change that it was of.
    given: Vec<(Subject, u64)>,
    changes: u64,
}

#[derive(Debug)]
struct Entry {
    said: Said,
    /// On [`Now::ms`].
    until_ms: u64,
    /// The change that it is of; later ones are told later.
    change: u64,
    is_told: bool,
}

impl Told {
    /// Takes a hint to be told, if it is worth it. False if there is no room for it.
    pub fn tell(&mut self, hint: Hint, now: Now) -> bool {
        if hint.left_ms < WORTH_MS {
            return true;
        }
        let until_ms = now.ms.saturating_add(hint.left_ms);
        self.changes += 1;
        let new = Entry {
            said: hint.said,
            until_ms,
            change: self.changes,
            is_told: false,
        };
        if let Some(old) = self.entries.get_mut(&hint.subject) {
            let holds = old.until_ms > now.ms && old.said == hint.said;
            if !holds || old.until_ms.saturating_add(WORTH_MS) < until_ms {
                *old = new;
            }
            return true;
        }
        if self.entries.len() >= MAX_TOLD {
            self.forget(now);
        }
        let has_room = self.entries.len() < MAX_TOLD;
        if has_room {
            self.entries.insert(hint.subject, new);
        }
        has_room
    }

    /// What is to be told, in the order in which it came about, `most` of it. It stays until
    /// [`Told::told`].
    pub fn next(&mut self, most: usize, now: Now) -> Vec<Hint> {
        self.forget(now);
        let waiting = self.entries.iter().filter(|(_, entry)| !entry.is_told);
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_unstable_by_key(|(_, entry)| entry.change);
        waiting.truncate(most);
        let hints = waiting.iter().map(|(subject, entry)| Hint {
            subject: (*subject).clone(),
            said: entry.said,
            left_ms: entry.until_ms - now.ms,
        });
        let hints = hints.collect();
        let given = waiting.iter();
        let given = given.map(|(subject, entry)| ((*subject).clone(), entry.change));
        self.given = given.collect();
        hints
    }

    /// What was given out last has been told.
    pub fn told(&mut self) {
        for (subject, change) in std::mem::take(&mut self.given) {
            let entry = self.entries.get_mut(&subject);
            if let Some(entry) = entry.filter(|entry| entry.change == change) {
                entry.is_told = true;
            }
        }
    }

    /// Nobody may know any more what was told: all that holds is told again.
    pub fn again(&mut self) {
        let entries = self.entries.values_mut();
        entries.for_each(|entry| entry.is_told = false);
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.entries.values().all(|entry| entry.is_told)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.given.clear();
    }

    fn forget(&mut self, now: Now) {
        self.entries.retain(|_, entry| entry.until_ms > now.ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyId, Rest};

    fn at(ms: u64) -> Now {
        Now { ms, unix_ms: 0 }
    }

    fn rests(key: u64, left_ms: u64) -> Hint {
        Hint {
            subject: Subject {
                provider: "u1".into(),
                way: 1,
                key: Some(KeyId(key)),
            },
            said: Said::Rests(Rest::Limited),
            left_ms,
        }
    }

    fn lefts(told: &mut Told, ms: u64) -> Vec<u64> {
        let hints = told.next(10, at(ms));
        hints.iter().map(|hint| hint.left_ms).collect()
    }

    #[test]
    fn what_many_requests_learn_together_is_told_once() {
        let mut told = Told::default();
        for ms in 0..50 {
            assert!(told.tell(rests(1, 20_000), at(ms)));
        }
        assert_eq!(lefts(&mut told, 50), [19_950]);
        told.told();
        assert!(told.is_quiet() && lefts(&mut told, 60).is_empty());
        told.tell(rests(2, 100), at(60));
        assert!(told.is_quiet(), "nobody can make use of it any more");
        told.tell(rests(1, 30_000), at(70));
        assert_eq!(lefts(&mut told, 70), [30_000], "a later end is news");
    }

    #[test]
    fn what_waits_is_told_with_the_time_that_is_left_and_not_once_that_is_over() {
        let mut told = Told::default();
        told.tell(rests(1, 5_000), at(0));
        told.tell(rests(2, 9_000), at(1));
        assert_eq!(lefts(&mut told, 4_000), [1_000, 5_001]);
        assert_eq!(lefts(&mut told, 5_000), [4_001]);
        assert!(lefts(&mut told, 9_001).is_empty());
        assert!(told.is_quiet());
    }

    #[test]
    fn what_changes_while_it_is_told_is_told_again() {
        let mut told = Told::default();
        told.tell(rests(1, 5_000), at(0));
        assert_eq!(told.next(10, at(0)).len(), 1);
        let well = Hint {
            said: Said::Well,
            ..rests(1, 60_000)
        };
        told.tell(well.clone(), at(1));
        told.told();
        assert_eq!(told.next(10, at(1)), [well]);
    }

    #[test]
    fn a_store_that_has_forgotten_is_told_what_holds() {
        let mut told = Told::default();
        told.tell(rests(1, 5_000), at(0));
        told.tell(rests(2, 50_000), at(0));
        told.next(10, at(0));
        told.told();
        told.again();
        assert_eq!(lefts(&mut told, 10_000), [40_000]);
    }

    #[test]
    fn there_is_a_bound_and_what_is_over_makes_room() {
        let mut told = Told::default();
        for key in 0..MAX_TOLD as u64 {
            assert!(told.tell(rests(key, 1_000), at(0)));
        }
        assert!(!told.tell(rests(u64::MAX, 1_000), at(0)));
        assert!(told.tell(rests(u64::MAX, 1_000), at(1_000)));
        assert_eq!(told.next(10, at(1_000)).len(), 1);
    }
}

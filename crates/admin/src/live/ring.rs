//! The newest events of the live feed, so that who comes back misses nothing.

use std::collections::VecDeque;

use bytes::Bytes;

/// Most events kept: some minutes of a busy gateway.
const MOST_EVENTS: usize = 8_192;
/// Most bytes of them.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The newest events, numbered without a gap from 1.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the oldest that is kept, or of the next when none is.
    first: u64,
    most_events: usize,
    most_bytes: usize,
}

/// What a follower has not seen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// Nothing.
    None,
    /// This event.
    Next(Bytes),
    /// So many that are gone; the oldest that is kept has this number.
    Gone { missed: u64, first: u64 },
}

impl Default for Ring {
    fn default() -> Self {
        Self::bounded(MOST_EVENTS, MOST_BYTES)
    }
}

impl Ring {
    fn bounded(most_events: usize, most_bytes: usize) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            first: 1,
            most_events,
            most_bytes,
        }
    }

    /// The number that the next event will have.
    pub(super) fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// Takes the event with the number [`Ring::next`]; the oldest go.
    pub(super) fn push(&mut self, event: Bytes) {
        self.bytes += event.len();
        self.events.push_back(event);
        while self.events.len() > self.most_events || self.bytes > self.most_bytes {
            let Some(gone) = self.events.pop_front() else {
                break;
            };
            self.bytes -= gone.len();
            self.first += 1;
        }
    }

    /// What somebody sees next who waits for the event of this number.
    pub(super) fn at(&self, number: u64) -> Unseen {
        let Some(index) = number.checked_sub(self.first) else {
            return Unseen::Gone {
                missed: self.first - number,
                first: self.first,
            };
        };
        let event = usize::try_from(index).ok();
        let event = event.and_then(|index| self.events.get(index));
        event.map_or(Unseen::None, |event| Unseen::Next(event.clone()))
    }

    /// Whether somebody who saw the events up to this number can go on without missing one.
    pub(super) fn goes_on_after(&self, number: u64) -> bool {
        number < self.next() && number.saturating_add(1) >= self.first
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens, in any order.
    #[derive(Clone, Debug)]
    enum Step {
        /// An event of so many bytes.
        Event(usize),
        /// A follower reads so many.
        Read(usize),
        /// It is cut off, and comes back with the last that it saw.
        Reconnect,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0usize..40).prop_map(Step::Event),
            (0usize..8).prop_map(Step::Read),
            Just(Step::Reconnect),
        ]
    }

    proptest! {
        /// Whoever follows sees every event once and in order, or is told how many are gone.
        #[test]
        fn nothing_is_lost_or_seen_twice(
            steps in prop::collection::vec(step(), 0..300),
            most in 1usize..20,
        ) {
            let mut ring = Ring::bounded(most, 400);
            let (mut last_seen, mut waits_for) = (0u64, 1u64);
            for step in steps {
                match step {
                    Step::Event(size) => {
                        let number = ring.next();
                        let text = format!("{number}:{}", "x".repeat(size));
                        ring.push(text.into());
                        prop_assert!(ring.events.len() <= most && ring.bytes <= 400);
                        prop_assert_eq!(ring.next(), number + 1);
                    }
                    Step::Reconnect => {
                        if ring.goes_on_after(last_seen) {
                            waits_for = last_seen + 1;
                        } else {
                            prop_assert!(last_seen + 1 < ring.first);
                            waits_for = ring.next();
                            last_seen = ring.next() - 1;
                        }
                    }
                    Step::Read(count) => for _ in 0..count {
                        match ring.at(waits_for) {
                            Unseen::None => {
                                prop_assert_eq!(waits_for, ring.next());
                                break;
                            }
                            Unseen::Gone { missed, first } => {
                                prop_assert_eq!(waits_for + missed, first);
                                last_seen = first - 1;
                                waits_for = first;
                            }
                            Unseen::Next(event) => {
                                let text = String::from_utf8(event.into()).unwrap();
                                let number = text.split_once(':').unwrap().0;
                                let number: u64 = number.parse().unwrap();
                                prop_assert_eq!(number, last_seen + 1);
                                last_seen = number;
                                waits_for = number + 1;
                            }
                        }
                    },
                }
            }
        }
    }
}

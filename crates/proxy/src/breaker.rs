//! A provider's breaker as many requests share it. While all is well, which is nearly always, they
//! only read: a lock that every request takes for every provider would wander between processors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use weir_core::clock::Now;
use weir_core::route::breaker::{Admission, Breaker, Outcome, State, Transition, View};
use weir_core::settings::Health;

/// The breaker, and whether there is anything to see.
#[derive(Debug)]
pub struct SharedBreaker {
    breaker: Mutex<Breaker>,
    /// 1 more than the period of a closed breaker without failures; 0 for any other.
    calm: AtomicU64,
}

impl SharedBreaker {
    /// A closed one.
    #[must_use]
    pub fn new(health: &Health) -> Self {
        let breaker = Breaker::new(health);
        Self {
            calm: AtomicU64::new(calm(&breaker)),
            breaker: Mutex::new(breaker),
        }
    }

    /// Looks at it or changes it.
    fn with<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breaker = self.breaker.lock();
        let result = act(&mut breaker);
        self.calm.store(calm(&breaker), Ordering::Release);
        result
    }

    fn is_calm(&self) -> Option<u64> {
        self.calm.load(Ordering::Acquire).checked_sub(1)
    }

    /// Takes other settings; its state stays.
    pub fn configure(&self, health: &Health) {
        self.with(|breaker| breaker.configure(health));
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self, now: Now) -> State {
        match self.is_calm() {
            Some(_) => State::Closed,
            None => self.breaker.lock().state(now),
        }
    }

    /// Whether [`SharedBreaker::admit`] would let a request through; changes nothing.
    #[must_use]
    pub fn would_admit(&self, now: Now) -> bool {
        self.is_calm().is_some() || self.breaker.lock().would_admit(now)
    }

    /// When it lets through again, in milliseconds from now; 0 if it does.
    #[must_use]
    pub fn wait_ms(&self, now: Now) -> u64 {
        self.breaker.lock().wait_ms(now)
    }

    /// Lets a request through, or not, and tells if that put it on trial. What was let through has
    /// to be reported or released.
    pub fn admit(&self, now: Now) -> (Option<Transition>, Admission) {
        match self.is_calm() {
            Some(period) => (None, Admission::Closed(period)),
            None => self.with(|breaker| (breaker.lapse(now), breaker.admit(now))),
        }
    }

    /// How a request that was let through went; see [`Breaker::report`].
    pub fn report(
        &self,
        admission: Admission,
        outcome: Outcome,
        asked: Option<Duration>,
        now: Now,
    ) -> Option<Transition> {
        let current = self.is_calm().map(Admission::Closed);
        if outcome == Outcome::Success && current == Some(admission) {
            return None;
        }
        self.with(|breaker| breaker.report(admission, outcome, asked, now))
    }

    /// A request that was let through ended without saying anything of the provider.
    pub fn release(&self, admission: Admission) {
        if matches!(admission, Admission::Trial(_)) {
            self.with(|breaker| breaker.release(admission));
        }
    }

    /// A probe has found the provider alive.
    pub fn probe_succeeded(&self, now: Now) -> Option<Transition> {
        self.with(|breaker| breaker.probe_succeeded(now))
    }

    /// A request that was let through has its answer, though not all of it; see
    /// [`Breaker::answered`].
    pub fn answered(&self, admission: Admission, now: Now) -> Option<(Transition, Admission)> {
        let is_trial = matches!(admission, Admission::Trial(_));
        is_trial.then(|| self.with(|breaker| breaker.answered(admission, now)))?
    }

    /// Whether it is on trial by the word of another node alone.
    #[must_use]
    pub fn is_suspected(&self, now: Now) -> bool {
        self.is_calm().is_none() && self.breaker.lock().is_suspected(now)
    }

    /// Another node's has opened; see [`Breaker::hear_open`].
    pub fn hear_open(&self, left_ms: u64, node: &Arc<str>, now: Now) -> Option<Transition> {
        self.with(|breaker| breaker.hear_open(left_ms, node, now))
    }

    /// Another node's has closed; see [`Breaker::hear_closed`].
    pub fn hear_closed(&self, now: Now) -> Option<Transition> {
        self.with(|breaker| breaker.hear_closed(now))
    }

    /// Closes it and forgets.
    pub fn reset(&self, now: Now) -> Option<Transition> {
        self.with(|breaker| breaker.reset(now))
    }

    /// What people are shown.
    #[must_use]
    pub fn view(&self, now: Now) -> View {
        self.breaker.lock().view(now)
    }
}

fn calm(breaker: &Breaker) -> u64 {
    breaker.calm().map_or(0, |period| period + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Admit,
        Report(Outcome),
        Release,
        Probe,
        Reset,
        HearOpen,
        HearClosed,
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => Just(Step::Admit),
            3 => Just(Step::Report(Outcome::Success)),
            3 => Just(Step::Report(Outcome::Failure)),
            1 => Just(Step::Release),
            1 => Just(Step::Probe),
            1 => Just(Step::Reset),
            1 => Just(Step::HearOpen),
            1 => Just(Step::HearClosed),
            1 => (0_u64..200).prop_map(Step::Wait),
        ]
    }

    proptest! {
        #[test]
        fn it_does_what_the_breaker_itself_does(steps in proptest::collection::vec(step(), 1..80)) {
            let health = Health {
                failure_threshold: 2,
                open_duration: Duration::from_millis(100),
                half_open_probes: 2,
                ..Health::default()
            };
            let (shared, mut plain) = (SharedBreaker::new(&health), Breaker::new(&health));
            let (mut now, mut under_way) = (Now { ms: 1, unix_ms: 1 }, Vec::new());
            for step in steps {
                match step {
                    Step::Wait(ms) => now.ms += ms,
                    Step::Admit => {
                        let expected = (plain.lapse(now), plain.admit(now));
                        prop_assert_eq!(shared.admit(now), expected);
                        under_way.push(expected.1);
                    }
                    Step::Report(outcome) => if let Some(one) = under_way.pop() {
                        let expected = plain.report(one, outcome, None, now);
                        prop_assert_eq!(shared.report(one, outcome, None, now), expected);
                    },
                    Step::Release => if let Some(one) = under_way.pop() {
                        plain.release(one);
                        shared.release(one);
                    },
                    Step::Probe => {
                        prop_assert_eq!(shared.probe_succeeded(now), plain.probe_succeeded(now));
                    }
                    Step::Reset => prop_assert_eq!(shared.reset(now), plain.reset(now)),
                    Step::HearOpen => {
                        let expected = plain.hear_open(500, &"other".into(), now);
                        prop_assert_eq!(shared.hear_open(500, &"other".into(), now), expected);
                    }
                    Step::HearClosed => {
                        prop_assert_eq!(shared.hear_closed(now), plain.hear_closed(now));
                    }
                }
                prop_assert_eq!(shared.state(now), plain.state(now));
                prop_assert_eq!(shared.would_admit(now), plain.would_admit(now));
                prop_assert_eq!(shared.view(now), plain.view(now));
            }
        }
    }
}

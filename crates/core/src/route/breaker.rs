//! A circuit breaker: closed, open, half-open. It is told outcomes and the time; it waits for
//! nothing and logs nothing.

mod hearsay;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Now;
use crate::settings::Health;

pub use hearsay::DOUBT_MS;

/// The longest that a provider can ask to be left alone, as far as its breaker goes along.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BreakerState)]
pub enum State {
    /// Everything goes through.
    Closed,
    /// A few at a time go through, on trial.
    HalfOpen,
    /// Nothing goes through.
    Open,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }

    /// Whether everything goes through.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }

    /// Whether nothing goes through.
    #[must_use]
    pub fn is_open(self) -> bool {
        self == Self::Open
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a request went, as far as the provider's health is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered; also with what is the client's fault.
    Success,
    /// It did not, or said that it cannot.
    Failure,
}

impl Outcome {
    /// What a status says: 429 and 5xx are failures.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        if status == 429 || status >= 500 {
            Self::Failure
        } else {
            Self::Success
        }
    }
}

/// Leave to send a request, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The breaker is closed. The number tells the period in which it was given: outcomes of an
    /// earlier one are old news.
    Closed(u64),
    /// One of the few on trial; has to be reported or released.
    Trial(u64),
    /// Refused until this moment, in milliseconds on [`Now::ms`].
    Refused {
        /// When it lets through again.
        until_ms: u64,
    },
}

/// A change of state, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Whether it is by what happened here, and not by what another node said.
    pub own: bool,
}

/// What people are shown. Moments are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Breaker)]
pub struct View {
    /// Where it stands.
    pub state: State,
    /// Failures in a row.
    pub failures: u32,
    /// When it lets through again, while it is open.
    #[schema(required)]
    pub until: Option<i64>,
    /// Times that it opened.
    pub opened: u64,
    /// The node by whose word it is on trial; absent where it is by its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_by: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed {
        failures: u32,
    },
    Open {
        until_ms: u64,
    },
    HalfOpen {
        on_trial: u32,
        successes: u32,
    },
    /// Another node's is open. Until then one at a time is on trial.
    Suspected {
        until_ms: u64,
        on_trial: bool,
    },
}

/// The breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    phase: Phase,
    /// Grows with each change of state.
    period: u64,
    opened: u64,
    threshold: u32,
    open_ms: u64,
    probes: u32,
    heard: hearsay::Heard,
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(health: &Health) -> Self {
        let mut breaker = Self {
            phase: Phase::Closed { failures: 0 },
            period: 0,
            opened: 0,
            threshold: 1,
            open_ms: 0,
            probes: 1,
            heard: hearsay::Heard::default(),
        };
        breaker.configure(health);
        breaker
    }

    /// Takes other settings; its state stays.
    pub fn configure(&mut self, health: &Health) {
        self.threshold = health.failure_threshold.max(1);
        self.open_ms = millis(health.open_duration);
        self.probes = health.half_open_probes.max(1);
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self, now: Now) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { until_ms } if now.ms < until_ms => State::Open,
            Phase::Suspected { until_ms, .. } if now.ms >= until_ms => State::Closed,
            Phase::Open { .. } | Phase::HalfOpen { .. } | Phase::Suspected { .. } => {
                State::HalfOpen
            }
        }
    }

    /// Whether [`Breaker::admit`] would let a request through; changes nothing.
    #[must_use]
    pub fn would_admit(&self, now: Now) -> bool {
        match self.phase {
            Phase::Closed { .. } => true,
            Phase::Open { until_ms } => now.ms >= until_ms,
            Phase::HalfOpen { on_trial, .. } => on_trial < self.probes,
            Phase::Suspected { until_ms, on_trial } => now.ms >= until_ms || !on_trial,
        }
    }

    /// The period of a closed one that has seen no failure since its last success; none for any
    /// other. A success changes nothing of it.
    #[must_use]
    pub fn calm(&self) -> Option<u64> {
        matches!(self.phase, Phase::Closed { failures: 0 }).then_some(self.period)
    }

    /// When it lets through again, in milliseconds from now; 0 if it does.
    #[must_use]
    pub fn wait_ms(&self, now: Now) -> u64 {
        match self.phase {
            Phase::Open { until_ms } => until_ms.saturating_sub(now.ms),
            Phase::Closed { .. } | Phase::HalfOpen { .. } | Phase::Suspected { .. } => 0,
        }
    }

    /// Puts an open one whose time is over on trial, and closes one that nothing came of that was
    /// said of it. [`Breaker::admit`] does it too, but it has no way to tell.
    pub fn lapse(&mut self, now: Now) -> Option<Transition> {
        match self.phase {
            Phase::Open { until_ms } if now.ms >= until_ms => {
                self.enter(Phase::HalfOpen {
                    on_trial: 0,
                    successes: 0,
                });
                Some(Transition {
                    from: State::Open,
                    to: State::HalfOpen,
                    own: true,
                })
            }
            Phase::Suspected { until_ms, .. } if now.ms >= until_ms => Some(self.unsuspect()),
            _ => None,
        }
    }

    /// Lets a request through, or not. What was let through has to be reported or released.
    pub fn admit(&mut self, now: Now) -> Admission {
        match &mut self.phase {
            Phase::Closed { .. } => Admission::Closed(self.period),
            Phase::Open { until_ms } if now.ms < *until_ms => Admission::Refused {
                until_ms: *until_ms,
            },
            Phase::Open { .. } => {
                self.enter(Phase::HalfOpen {
                    on_trial: 1,
                    successes: 0,
                });
                Admission::Trial(self.period)
            }
            Phase::HalfOpen { on_trial, .. } if *on_trial < self.probes => {
                *on_trial += 1;
                Admission::Trial(self.period)
            }
            Phase::Suspected { until_ms, .. } if now.ms >= *until_ms => {
                self.unsuspect();
                Admission::Closed(self.period)
            }
            Phase::Suspected { on_trial, .. } if !*on_trial => {
                *on_trial = true;
                Admission::Trial(self.period)
            }
            // Somebody on trial has to come back first; nobody knows when.
            Phase::HalfOpen { .. } | Phase::Suspected { .. } => {
                Admission::Refused { until_ms: now.ms }
            }
        }
    }

    /// How a request that was let through went. `asked` is how long the provider asked to be left
    /// alone; it makes an open breaker stay open for longer, up to ten minutes.
    pub fn report(
        &mut self,
        admission: Admission,
        outcome: Outcome,
        asked: Option<Duration>,
        now: Now,
    ) -> Option<Transition> {
        let from = self.state(now);
        let current = match admission {
            Admission::Closed(period) | Admission::Trial(period) => period == self.period,
            Admission::Refused { .. } => false,
        };
        if !current {
            return None;
        }
        let was_told = matches!(self.phase, Phase::Suspected { .. });
        match (&mut self.phase, outcome) {
            (Phase::Closed { failures }, Outcome::Success) => *failures = 0,
            (Phase::Closed { failures }, Outcome::Failure) => {
                *failures = failures.saturating_add(1);
                if *failures >= self.threshold {
                    self.open(asked, now);
                }
            }
            (
                Phase::HalfOpen {
                    on_trial,
                    successes,
                },
                Outcome::Success,
            ) => {
                *on_trial = on_trial.saturating_sub(1);
                *successes += 1;
                if *successes >= self.probes {
                    self.enter(Phase::Closed { failures: 0 });
                }
            }
            (Phase::Suspected { .. }, Outcome::Success) => self.refute(now),
            (Phase::HalfOpen { .. } | Phase::Suspected { .. }, Outcome::Failure) => {
                self.open(asked, now);
            }
            (Phase::Open { .. }, _) => {}
        }
        let own = !was_told || outcome == Outcome::Failure;
        self.transition(from, own, now)
    }

    /// A request that was let through ended without saying anything of the provider.
    pub fn release(&mut self, admission: Admission) {
        if admission != Admission::Trial(self.period) {
            return;
        }
        match &mut self.phase {
            Phase::HalfOpen { on_trial, .. } => *on_trial = on_trial.saturating_sub(1),
            Phase::Suspected { on_trial, .. } => *on_trial = false,
            Phase::Closed { .. } | Phase::Open { .. } => {}
        }
    }

    /// A probe has found the provider alive: an open breaker goes on trial at once.
    pub fn probe_succeeded(&mut self, now: Now) -> Option<Transition> {
        let from = self.state(now);
        if from == State::Open {
            self.enter(Phase::HalfOpen {
                on_trial: 0,
                successes: 0,
            });
        }
        self.transition(from, true, now)
    }

    /// Closes it and forgets.
    pub fn reset(&mut self, now: Now) -> Option<Transition> {
        let from = self.state(now);
        self.enter(Phase::Closed { failures: 0 });
        self.heard = hearsay::Heard::default();
        self.transition(from, true, now)
    }

    /// What people are shown.
    #[must_use]
    pub fn view(&self, now: Now) -> View {
        let wait = self.wait_ms(now);
        View {
            state: self.state(now),
            failures: match self.phase {
                Phase::Closed { failures } => failures,
                Phase::Open { .. } | Phase::HalfOpen { .. } => self.threshold,
                Phase::Suspected { .. } => 0,
            },
            until: (wait > 0).then(|| now.unix_ms.saturating_add_unsigned(wait)),
            opened: self.opened,
            told_by: self.told_by(now).map(|node| node.to_string()),
        }
    }

    fn open(&mut self, asked: Option<Duration>, now: Now) {
        let asked = asked.map_or(0, |asked| millis(asked.min(LONGEST_ASKED)));
        self.opened += 1;
        self.enter(Phase::Open {
            until_ms: now.ms.saturating_add(self.open_ms.max(asked)),
        });
    }

    fn enter(&mut self, phase: Phase) {
        self.period += 1;
        self.phase = phase;
    }

    fn transition(&self, from: State, own: bool, now: Now) -> Option<Transition> {
        let to = self.state(now);
        (from != to).then_some(Transition { from, to, own })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

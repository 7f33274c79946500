//! What other nodes say of a provider. It is a hint: nothing is refused for it. What it does is to
//! have one request at a time find out, for one cooldown at most, while others go elsewhere if they
//! can; and to have an open breaker tried before its time, once a cooldown.

use super::{Admission, Arc, Breaker, Now, Phase, State, Transition};

/// How long nobody is believed of a provider that did well although it was said to be ill.
pub const DOUBT_MS: u64 = 600_000;

/// What was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Whose word it is on trial by.
    by: Option<Arc<str>>,
    /// That one's is open is not listened to before.
    open_after_ms: u64,
    /// That one's has closed is not listened to before.
    closed_after_ms: u64,
}

impl Breaker {
    /// Whether it is on trial by the word of another node alone. Who has nobody else to ask may ask
    /// such a one all the same.
    #[must_use]
    pub fn is_suspected(&self, now: Now) -> bool {
        matches!(self.phase, Phase::Suspected { until_ms, .. } if now.ms < until_ms)
    }

    /// The node by whose word it is.
    #[must_use]
    pub fn told_by(&self, now: Now) -> Option<&Arc<str>> {
        self.heard.by.as_ref().filter(|_| self.is_suspected(now))
    }

    /// The breaker of another node has opened, for `left_ms` milliseconds from now. One that is
    /// closed here has the next request find out whether the provider is ill. None where that says
    /// nothing new, or is not believed.
    pub fn hear_open(&mut self, left_ms: u64, node: &Arc<str>, now: Now) -> Option<Transition> {
        let is_closed = self.state(now).is_closed();
        if !is_closed || left_ms == 0 || now.ms < self.heard.open_after_ms {
            return None;
        }
        self.enter(Phase::Suspected {
            until_ms: now.ms.saturating_add(left_ms.min(self.open_ms)),
            on_trial: false,
        });
        self.heard.open_after_ms = now.ms.saturating_add(self.open_ms);
        self.heard.by = Some(Arc::clone(node));
        self.transition(State::Closed, false, now)
    }

    /// The breaker of another node has closed: one that is open here is tried at once. None where
    /// that says nothing new, or it was tried so not long ago.
    pub fn hear_closed(&mut self, now: Now) -> Option<Transition> {
        match self.phase {
            Phase::Open { .. } if now.ms >= self.heard.closed_after_ms => {
                let from = self.state(now);
                self.heard.closed_after_ms = now.ms.saturating_add(self.open_ms);
                self.enter(Phase::HalfOpen {
                    on_trial: 0,
                    successes: 0,
                });
                self.transition(from, false, now)
            }
            Phase::Suspected { .. } => Some(self.unsuspect()),
            _ => None,
        }
    }

    /// A request that was let through has its answer, though not all of it. Where another node's
    /// word is all there is against the provider that is enough to refute it; gives what the request
    /// counts as from now on.
    pub fn answered(&mut self, admission: Admission, now: Now) -> Option<(Transition, Admission)> {
        if !self.is_suspected(now) || admission != Admission::Trial(self.period) {
            return None;
        }
        self.refute(now);
        let transition = self.transition(State::HalfOpen, false, now)?;
        Some((transition, Admission::Closed(self.period)))
    }

    /// What was said of it is wrong.
    pub(super) fn refute(&mut self, now: Now) {
        self.heard.open_after_ms = now.ms.saturating_add(DOUBT_MS.max(self.open_ms));
        self.unsuspect();
    }

    /// Nothing is said of it any more.
    pub(super) fn unsuspect(&mut self) -> Transition {
        self.enter(Phase::Closed { failures: 0 });
        self.heard.by = None;
        Transition {
            from: State::HalfOpen,
            to: State::Closed,
            own: false,
        }
    }
}

#[cfg(test)]
mod tests;

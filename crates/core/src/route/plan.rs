//! From the providers that can take a request to the order in which they are tried.

use crate::route::strategy::{self, Candidate, Chance, Memory};
use crate::settings::Strategy;

/// Why the first candidate goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no other.
    Only,
    /// The strategy says so.
    Strategy,
    /// The session's prompt is cached there.
    Affinity,
    /// It signed the thinking that the request brings back.
    Issuer,
    /// The request brings signed thinking back, and nobody knows who signed it: one and the same
    /// provider for all such requests is the best guess.
    Thinking,
}

impl Reason {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Only => "only",
            Self::Strategy => "strategy",
            Self::Affinity => "affinity",
            Self::Issuer => "issuer",
            Self::Thinking => "thinking",
        }
    }

    /// Whether thinking decided.
    #[must_use]
    pub fn is_thinking(self) -> bool {
        matches!(self, Self::Issuer | Self::Thinking)
    }
}

/// Who should go first, apart from any strategy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// The provider that signed the request's thinking.
    pub issuer: Option<&'a str>,
    /// Whether there is signed thinking at all.
    pub signed: bool,
    /// The provider where the session's prompt is cached.
    pub home: Option<&'a str>,
}

/// Puts the indexes of `candidates`, which all can take the request, into `order`. A wish is met
/// without the strategy: neither its memory nor chance is touched, so that requests without one
/// are spread as if the others had not been.
pub fn plan(
    strategy: Strategy,
    wish: Wish<'_>,
    candidates: &[Candidate<'_>],
    (memory, chance): (&mut Memory, Chance<'_>),
    order: &mut Vec<usize>,
) -> Reason {
    if candidates.len() == 1 {
        order.clear();
        order.push(0);
        return Reason::Only;
    }
    let Some((first, reason)) = wished(wish, candidates) else {
        strategy::order(strategy, memory, candidates, chance, order);
        return Reason::Strategy;
    };
    strategy::order(Strategy::Failover, memory, candidates, chance, order);
    order.retain(|index| *index != first);
    order.insert(0, first);
    reason
}

fn wished(wish: Wish<'_>, candidates: &[Candidate<'_>]) -> Option<(usize, Reason)> {
    let named = |name: Option<&str>| {
        let name = name?;
        candidates
            .iter()
            .position(|candidate| candidate.name == name)
    };
    if let Some(issuer) = named(wish.issuer) {
        return Some((issuer, Reason::Issuer));
    }
    if let Some(home) = named(wish.home) {
        return Some((home, Reason::Affinity));
    }
    // A known issuer that cannot take it is no reason to go to the first instead.
    (wish.signed && wish.issuer.is_none() && !candidates.is_empty())
        .then_some((0, Reason::Thinking))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str) -> Candidate<'_> {
        Candidate {
            name,
            weight: 1,
            priority: 0,
            in_flight: 0,
            first_byte: None,
            price: None,
        }
    }

    fn planned(wish: Wish<'_>, memory: &mut Memory) -> (Reason, Vec<usize>) {
        let candidates = ["a", "b", "c"].map(candidate);
        let mut order = Vec::new();
        let reason = plan(
            Strategy::RoundRobin,
            wish,
            &candidates,
            (memory, &mut || 0),
            &mut order,
        );
        (reason, order)
    }

    #[test]
    fn wishes_come_before_the_strategy_and_leave_it_alone() {
        let mut memory = Memory::default();
        let nothing = Wish::default();
        assert_eq!(
            planned(nothing, &mut memory),
            (Reason::Strategy, vec![0, 1, 2])
        );
        let home = Wish {
            home: Some("c"),
            ..nothing
        };
        assert_eq!(
            planned(home, &mut memory),
            (Reason::Affinity, vec![2, 0, 1])
        );
        let issuer = Wish {
            issuer: Some("b"),
            signed: true,
            ..home
        };
        assert_eq!(
            planned(issuer, &mut memory),
            (Reason::Issuer, vec![1, 0, 2])
        );
        assert_eq!(
            planned(nothing, &mut memory),
            (Reason::Strategy, vec![1, 2, 0])
        );
    }

    #[test]
    fn signed_thinking_of_nobody_known_goes_to_the_first() {
        let mut memory = Memory::default();
        let signed = Wish {
            signed: true,
            ..Wish::default()
        };
        assert_eq!(planned(signed, &mut memory).0, Reason::Thinking);
        let gone = Wish {
            issuer: Some("gone"),
            ..signed
        };
        assert_eq!(planned(gone, &mut memory).0, Reason::Strategy);
    }

    #[test]
    fn the_only_one_needs_no_strategy() {
        let mut order = vec![9];
        let only = [candidate("a")];
        let mut memory = Memory::default();
        let reason = plan(
            Strategy::Shuffle,
            Wish::default(),
            &only,
            (&mut memory, &mut || panic!("no chance is needed")),
            &mut order,
        );
        assert_eq!((reason, order), (Reason::Only, vec![0]));
    }
}

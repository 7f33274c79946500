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
    /// The request brings signed thinking back, and nobody knows who signed it: the best guess is
    /// the session's home, else one and the same provider for all such requests.
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

/// Puts the indexes of `candidates`, which all can take the request, into `order`: who is wished
/// for, if anybody is, then the others as the strategy has them. It remembers nothing of a wish
/// that is met, so that requests without one are spread as if the others had not been.
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
    strategy::rest(strategy, memory, candidates, chance, order);
    if let Some(at) = order.iter().position(|index| *index == first) {
        order[..=at].rotate_right(1);
    }
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
    // A known issuer that cannot take it is no reason to go to the first instead.
    let unknown = wish.signed && wish.issuer.is_none();
    let home = named(wish.home);
    if unknown && !candidates.is_empty() {
        return Some((home.unwrap_or(0), Reason::Thinking));
    }
    home.map(|home| (home, Reason::Affinity))
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
            (Reason::Affinity, vec![2, 1, 0]),
            "the others in their turn"
        );
        let issuer = Wish {
            issuer: Some("b"),
            signed: true,
            ..home
        };
        assert_eq!(
            planned(issuer, &mut memory),
            (Reason::Issuer, vec![1, 2, 0])
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
        assert_eq!(
            planned(signed, &mut memory),
            (Reason::Thinking, vec![0, 1, 2])
        );
        let at_home = Wish {
            home: Some("b"),
            ..signed
        };
        assert_eq!(
            planned(at_home, &mut memory),
            (Reason::Thinking, vec![1, 0, 2])
        );
        let gone = Wish {
            issuer: Some("gone"),
            ..signed
        };
        assert_eq!(planned(gone, &mut memory).0, Reason::Strategy);
        let moved = Wish {
            issuer: Some("gone"),
            ..at_home
        };
        assert_eq!(planned(moved, &mut memory).0, Reason::Affinity);
    }

    #[test]
    fn behind_a_home_that_fails_the_strategy_has_its_say() {
        let mut candidates = ["dear", "home", "cheap"].map(candidate);
        for (candidate, price) in candidates.iter_mut().zip([9.0, 5.0, 1.0]) {
            candidate.price = Some(price);
        }
        let wish = Wish {
            home: Some("home"),
            ..Wish::default()
        };
        let mut order = Vec::new();
        let mut memory = Memory::default();
        let chance: Chance<'_> = &mut || 0;
        let tools = (&mut memory, chance);
        plan(Strategy::CostBased, wish, &candidates, tools, &mut order);
        assert_eq!(order, [1, 2, 0]);
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

//! `latency_based`: of two candidates drawn at random the one whose first byte is to be expected
//! sooner, given what it has to do already. One that was not measured lately is tried now and then,
//! or it could never show that it has become fast.

use super::{Candidate, Chance, below, index_below};

/// After this long without a measurement a candidate is worth another look, in milliseconds.
const STALE_MS: u64 = 30_000;
/// One in so many requests takes that look.
const LOOK: u64 = 20;

pub(super) fn order(candidates: &[Candidate<'_>], chance: Chance<'_>, order: &mut [usize]) {
    let stale = |index: &usize| {
        let measured = candidates[*index].first_byte;
        measured.is_none_or(|(_, age)| age > STALE_MS)
    };
    let unmeasured = |index: &usize| candidates[*index].first_byte.is_none();
    let looks = below(LOOK, chance()) == 0;
    let first = if let Some(at) = order.iter().position(unmeasured) {
        at
    } else if looks && let Some(at) = order.iter().position(stale) {
        at
    } else {
        sooner(candidates, chance, order)
    };
    let first = order[first];
    order.sort_by_key(|index| (*index != first, expected(&candidates[*index])));
}

/// The better of two, as a place in `order`.
fn sooner(candidates: &[Candidate<'_>], chance: Chance<'_>, order: &[usize]) -> usize {
    let one = index_below(order.len(), chance());
    let other = index_below(order.len() - 1, chance());
    // Any but the first.
    let other = other + usize::from(other >= one);
    let time = |at: usize| expected(&candidates[order[at]]);
    if time(other) < time(one) { other } else { one }
}

/// Microseconds to the first byte, each request under way counting as another before it.
fn expected(candidate: &Candidate<'_>) -> u64 {
    let (first_byte, _) = candidate.first_byte.unwrap_or_default();
    let ahead = u64::from(candidate.in_flight) + 1;
    first_byte.max(1).saturating_mul(ahead)
}

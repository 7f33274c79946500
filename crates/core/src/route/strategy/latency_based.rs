//! `latency_based`: of two candidates drawn at random the one whose first byte is to be expected
//! sooner, given what it has to do already. One that was not measured yet, or not lately, is tried
//! now and then, or it could never show how fast it is; with one request at a time, so that one
//! that hangs holds nobody else up.

use super::{Candidate, Chance, index_below};

/// After this long without a measurement a candidate is worth another look, in milliseconds.
const STALE_MS: u64 = 30_000;
/// One in so many requests takes that look.
const LOOK_AGAIN: u32 = 20;
/// One in so many requests looks at a candidate that was never measured. Not each of them: one
/// that refuses whatever it is asked is never measured.
const LOOK: u32 = 4;

/// Requests that could have taken a look.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks(u32);

pub(super) fn order(
    looks: &mut Looks,
    candidates: &[Candidate<'_>],
    chance: Chance<'_>,
    order: &mut [usize],
) {
    looks.0 = looks.0.wrapping_add(1);
    let unknown = unknown(candidates);
    let first =
        worth_a_look(looks.0, candidates).unwrap_or_else(|| sooner(candidates, unknown, chance));
    order.sort_by_key(|index| (*index != first, expected(&candidates[*index], unknown)));
}

pub(super) fn rest(candidates: &[Candidate<'_>], order: &mut [usize]) {
    let unknown = unknown(candidates);
    order.sort_by_key(|index| expected(&candidates[*index], unknown));
}

/// One that is tried for what it shows.
fn worth_a_look(turn: u32, candidates: &[Candidate<'_>]) -> Option<usize> {
    let blind = candidates.iter().all(|one| one.first_byte.is_none());
    let new = blind || turn.is_multiple_of(LOOK);
    let stale = turn.is_multiple_of(LOOK_AGAIN);
    let idle = |wanted: fn(&Candidate<'_>) -> bool| {
        let mut all = candidates.iter();
        all.position(|one| one.in_flight == 0 && wanted(one))
    };
    let never = || idle(|one| one.first_byte.is_none());
    let not_lately = || idle(|one| one.first_byte.is_some_and(|(_, age)| age > STALE_MS));
    let stale = stale.then(not_lately).flatten();
    stale.or_else(|| new.then(never).flatten())
}

/// The better of two.
fn sooner(candidates: &[Candidate<'_>], unknown: u64, chance: Chance<'_>) -> usize {
    let one = index_below(candidates.len(), chance());
    let other = index_below(candidates.len() - 1, chance());
    // Any but the first.
    let other = other + usize::from(other >= one);
    let time = |index: usize| expected(&candidates[index], unknown);
    if time(other) < time(one) { other } else { one }
}

/// What is expected of a candidate that was never measured: a little slower than the slowest.
fn unknown(candidates: &[Candidate<'_>]) -> u64 {
    let measured = candidates.iter().filter_map(|one| one.first_byte);
    let slowest = measured.map(|(time, _)| time).max();
    slowest.unwrap_or(0).saturating_add(1)
}

/// Microseconds to the first byte, each request under way counting as another before it.
fn expected(candidate: &Candidate<'_>, unknown: u64) -> u64 {
    let first_byte = candidate.first_byte.map_or(unknown, |(time, _)| time);
    let ahead = u64::from(candidate.in_flight) + 1;
    first_byte.max(1).saturating_mul(ahead)
}

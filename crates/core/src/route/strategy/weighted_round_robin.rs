//! `weighted_round_robin`: in turn and in proportion to weight, spread evenly. Each call adds every
//! candidate's weight to its credit, takes the one with the most and takes the sum off its credit,
//! as nginx does.

use std::cmp::Reverse;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Candidate;

/// The credits of the candidates of one set.
#[derive(Clone, Debug, Default)]
pub(super) struct Weights {
    set: u64,
    credits: Vec<i64>,
}

pub(super) fn order(weights: &mut Weights, candidates: &[Candidate<'_>], order: &mut [usize]) {
    let set = set(candidates);
    if !weights.are_of(set, candidates) {
        weights.set = set;
        weights.credits.clear();
        weights.credits.resize(candidates.len(), 0);
    }
    let mut sum = 0;
    for (credit, candidate) in weights.credits.iter_mut().zip(candidates) {
        *credit += weight(candidate);
        sum += weight(candidate);
    }
    order.sort_by_key(|index| Reverse(weights.credits[*index]));
    if let Some(credit) = order
        .first()
        .and_then(|first| weights.credits.get_mut(*first))
    {
        *credit -= sum;
    }
}

pub(super) fn rest(weights: &Weights, candidates: &[Candidate<'_>], order: &mut [usize]) {
    let kept = weights.are_of(set(candidates), candidates);
    let credit = |index: usize| if kept { weights.credits[index] } else { 0 };
    order.sort_by_key(|index| Reverse(credit(*index) + weight(&candidates[*index])));
}

impl Weights {
    fn are_of(&self, set: u64, candidates: &[Candidate<'_>]) -> bool {
        self.set == set && self.credits.len() == candidates.len()
    }
}

fn weight(candidate: &Candidate<'_>) -> i64 {
    i64::from(candidate.weight.max(1))
}

/// Tells one list of names from another.
fn set(candidates: &[Candidate<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for candidate in candidates {
        candidate.name.hash(&mut hasher);
    }
    hasher.finish()
}

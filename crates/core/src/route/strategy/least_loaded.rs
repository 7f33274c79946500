//! `least_loaded`: the fewest requests under way; among equals the highest priority, then chance.

use std::cmp::Reverse;

use super::{Candidate, Chance, shuffle};

pub(super) fn order(candidates: &[Candidate<'_>], chance: Chance<'_>, order: &mut [usize]) {
    // Sorting keeps the order of equals, so chance decides among them if it has its way first.
    shuffle(order, chance);
    order.sort_by_key(|index| {
        let candidate = &candidates[*index];
        (candidate.in_flight, Reverse(candidate.priority))
    });
}

//! `least_loaded`: the fewest requests under way; among equals the highest priority, then chance.

use std::cmp::Reverse;

use super::{Candidate, Chance, index_below};

pub(super) fn order(candidates: &[Candidate<'_>], chance: Chance<'_>, order: &mut [usize]) {
    // Sorting keeps the order of equals, so turning the list first lets chance decide among them.
    let by = index_below(order.len(), chance());
    order.rotate_left(by);
    order.sort_by_key(|index| {
        let candidate = &candidates[*index];
        (candidate.in_flight, Reverse(candidate.priority))
    });
}

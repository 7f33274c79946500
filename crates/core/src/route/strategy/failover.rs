//! `failover`: the highest priority first, in the order of the configuration among equals.

use std::cmp::Reverse;

use super::Candidate;

pub(super) fn order(candidates: &[Candidate<'_>], order: &mut [usize]) {
    order.sort_by_key(|index| Reverse(candidates[*index].priority));
}

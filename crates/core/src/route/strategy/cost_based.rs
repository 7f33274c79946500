//! `cost_based`: the cheapest for the model first, those without a price last; among equals by
//! priority.

use std::cmp::{Ordering, Reverse};

use super::Candidate;

pub(super) fn order(candidates: &[Candidate<'_>], order: &mut [usize]) {
    let price = |index: usize| candidates[index].price.unwrap_or(f64::INFINITY);
    order.sort_by(|one, other| {
        let cheaper = price(*one).total_cmp(&price(*other));
        let higher = || {
            let priority = |index: &usize| Reverse(candidates[*index].priority);
            priority(one).cmp(&priority(other))
        };
        if cheaper == Ordering::Equal {
            higher()
        } else {
            cheaper
        }
    });
}

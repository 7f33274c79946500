//! `weighted_failover`: drawn one after the other, with a chance in proportion to weight.

use super::{Candidate, Chance, below};

pub(super) fn order(
    candidates: &[Candidate<'_>],
    left: &mut Vec<usize>,
    chance: Chance<'_>,
    order: &mut Vec<usize>,
) {
    left.clear();
    left.append(order);
    let weight = |index: usize| u64::from(candidates[index].weight.max(1));
    while left.len() > 1 {
        let sum = left.iter().map(|index| weight(*index)).sum();
        let mut drawn = below(sum, chance());
        let at = left.iter().position(|index| {
            let own = weight(*index);
            let here = drawn < own;
            drawn = drawn.saturating_sub(own);
            here
        });
        order.push(left.remove(at.unwrap_or(0)));
    }
    order.append(left);
}

//! `round_robin`: each in turn, and on around from there.

pub(super) fn order(turn: &mut usize, order: &mut [usize]) {
    let first = *turn % order.len();
    *turn = turn.wrapping_add(1);
    order.rotate_left(first);
}

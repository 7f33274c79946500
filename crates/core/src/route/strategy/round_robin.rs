//! `round_robin`: each in turn, and on around from there.

pub(super) fn order(turn: &mut usize, order: &mut [usize]) {
    rest(*turn, order);
    *turn = turn.wrapping_add(1);
}

pub(super) fn rest(turn: usize, order: &mut [usize]) {
    order.rotate_left(turn % order.len());
}

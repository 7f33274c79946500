//! `shuffle`: a shuffled deck with each candidate once, and a new one when it is dealt.

use super::{Chance, shuffle};

/// What is left of the deck.
#[derive(Clone, Debug, Default)]
pub(super) struct Deck {
    cards: Vec<usize>,
    of: usize,
}

pub(super) fn order(deck: &mut Deck, chance: Chance<'_>, order: &mut [usize]) {
    if deck.of != order.len() || deck.cards.is_empty() {
        deck.of = order.len();
        deck.cards.clear();
        deck.cards.extend(0..order.len());
        shuffle(&mut deck.cards, chance);
    }
    let Some(dealt) = deck.cards.pop() else {
        return;
    };
    shuffle(order, chance);
    if let Some(at) = order.iter().position(|index| *index == dealt) {
        order.swap(0, at);
    }
}

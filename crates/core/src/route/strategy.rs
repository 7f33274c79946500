//! The order in which candidates are tried. A strategy is one function over a view of them, in a
//! file of its own; what it remembers between calls is in [`Memory`], chance is an argument.

mod cost_based;
mod failover;
mod latency_based;
mod least_loaded;
mod round_robin;
mod shuffle;
mod weighted_failover;
mod weighted_round_robin;

use crate::settings::Strategy;

/// A provider that can take the request, as strategies see it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its share; at least 1.
    pub weight: u32,
    /// Its rank; higher first.
    pub priority: u32,
    /// Requests under way.
    pub in_flight: u32,
    /// Time to its first byte in microseconds, and milliseconds since that was measured.
    pub first_byte: Option<(u64, u64)>,
    /// US dollars per million tokens for the model.
    pub price: Option<f64>,
}

/// What strategies remember between calls.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    round_robin: usize,
    weighted: weighted_round_robin::Weights,
    deck: shuffle::Deck,
    looks: latency_based::Looks,
    scratch: Vec<usize>,
}

/// Random numbers, as many as are asked for.
pub type Chance<'a> = &'a mut dyn FnMut() -> u64;

/// Puts the indexes of all `candidates` into `order`, the first to be tried first.
pub fn order(
    strategy: Strategy,
    memory: &mut Memory,
    candidates: &[Candidate<'_>],
    chance: Chance<'_>,
    order: &mut Vec<usize>,
) {
    order.clear();
    order.extend(0..candidates.len());
    if candidates.len() < 2 {
        return;
    }
    match strategy {
        Strategy::Failover | Strategy::ModelBased => failover::order(candidates, order),
        Strategy::RoundRobin => round_robin::order(&mut memory.round_robin, order),
        Strategy::WeightedRoundRobin => {
            weighted_round_robin::order(&mut memory.weighted, candidates, order);
        }
        Strategy::Shuffle => shuffle::order(&mut memory.deck, chance, order),
        Strategy::LeastLoaded => least_loaded::order(candidates, chance, order),
        Strategy::WeightedFailover => {
            weighted_failover::order(candidates, &mut memory.scratch, chance, order);
        }
        Strategy::LatencyBased => {
            latency_based::order(&mut memory.looks, candidates, chance, order);
        }
        Strategy::CostBased => cost_based::order(candidates, order),
    }
}

/// The same where something else than the strategy decides who goes first, so that the order is
/// only for those that come after: the strategy goes on afterwards as if it had not been asked.
pub fn rest(
    strategy: Strategy,
    memory: &mut Memory,
    candidates: &[Candidate<'_>],
    chance: Chance<'_>,
    order: &mut Vec<usize>,
) {
    order.clear();
    order.extend(0..candidates.len());
    if candidates.len() < 2 {
        return;
    }
    match strategy {
        Strategy::RoundRobin => round_robin::rest(memory.round_robin, order),
        Strategy::WeightedRoundRobin => {
            weighted_round_robin::rest(&memory.weighted, candidates, order);
        }
        Strategy::Shuffle => shuffle(order, chance),
        Strategy::LatencyBased => latency_based::rest(candidates, order),
        // These remember nothing.
        Strategy::Failover
        | Strategy::ModelBased
        | Strategy::LeastLoaded
        | Strategy::WeightedFailover
        | Strategy::CostBased => self::order(strategy, memory, candidates, chance, order),
    }
}

/// Puts indexes in any order, each with equal chance.
fn shuffle(order: &mut [usize], chance: Chance<'_>) {
    for last in (1..order.len()).rev() {
        order.swap(last, index_below(last + 1, chance()));
    }
}

/// A number below `bound` out of 64 random bits.
fn below(bound: u64, bits: u64) -> u64 {
    let wide = u128::from(bits) * u128::from(bound);
    u64::try_from(wide >> 64).unwrap_or(0)
}

/// The same as an index.
fn index_below(bound: usize, bits: u64) -> usize {
    usize::try_from(below(bound as u64, bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests;

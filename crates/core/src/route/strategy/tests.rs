use proptest::prelude::{any, prop};
use proptest::strategy::Strategy as Draw;
use proptest::{prop_assert_eq, proptest};

use super::*;
use crate::clock::Now;
use crate::route::latency::Latency;

fn candidate(name: &'static str) -> Candidate<'static> {
    Candidate {
        name,
        weight: 1,
        priority: 0,
        in_flight: 0,
        first_byte: None,
        price: None,
    }
}

/// Random numbers that are the same each time.
fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        // SplitMix64, whose output is good enough to draw from.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

/// The first candidates of so many calls.
fn firsts(strategy: Strategy, candidates: &[Candidate<'_>], calls: usize) -> Vec<usize> {
    let mut memory = Memory::default();
    let mut dice = dice(7);
    let mut into = Vec::new();
    (0..calls)
        .map(|_| {
            order(strategy, &mut memory, candidates, &mut dice, &mut into);
            into[0]
        })
        .collect()
}

fn share(of: usize, firsts: &[usize]) -> f64 {
    let count = firsts.iter().filter(|first| **first == of).count();
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(firsts.len()).unwrap())
}

#[test]
fn failover_goes_by_priority_and_keeps_the_order_of_equals() {
    let mut all = [candidate("a"), candidate("b"), candidate("c")];
    all[1].priority = 2;
    let mut memory = Memory::default();
    let mut into = Vec::new();
    order(
        Strategy::Failover,
        &mut memory,
        &all,
        &mut dice(1),
        &mut into,
    );
    assert_eq!(into, [1, 0, 2]);
}

#[test]
fn round_robin_goes_around() {
    let all = [candidate("a"), candidate("b"), candidate("c")];
    assert_eq!(firsts(Strategy::RoundRobin, &all, 5), [0, 1, 2, 0, 1]);
    let mut memory = Memory::default();
    let mut into = Vec::new();
    for expected in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        order(
            Strategy::RoundRobin,
            &mut memory,
            &all,
            &mut dice(1),
            &mut into,
        );
        assert_eq!(into, expected);
    }
}

#[test]
fn weights_come_smoothly() {
    let mut all = [candidate("p"), candidate("q")];
    all[1].weight = 3;
    let firsts = firsts(Strategy::WeightedRoundRobin, &all, 8);
    assert_eq!(firsts, [1, 0, 1, 1, 1, 0, 1, 1]);
}

#[test]
fn weights_start_anew_with_other_candidates() {
    let mut all = [candidate("p"), candidate("q")];
    all[1].weight = 3;
    let mut memory = Memory::default();
    let mut into = Vec::new();
    let mut first = |all: &[Candidate<'_>]| {
        let mut into_first = || {
            order(
                Strategy::WeightedRoundRobin,
                &mut memory,
                all,
                &mut dice(1),
                &mut into,
            );
            into[0]
        };
        into_first()
    };
    assert_eq!(first(&all), 1);
    assert_eq!(first(&[all[1], candidate("r")]), 0);
    assert_eq!(first(&all), 1, "as at the start");
}

#[test]
fn a_deck_has_each_once() {
    let all = ["a", "b", "c", "d"].map(candidate);
    let firsts = firsts(Strategy::Shuffle, &all, 40);
    for deck in firsts.chunks(4) {
        let mut deck = deck.to_vec();
        deck.sort_unstable();
        assert_eq!(deck, [0, 1, 2, 3]);
    }
    assert!(firsts.chunks(4).any(|deck| deck != [0, 1, 2, 3]));
}

#[test]
fn the_least_loaded_goes_first_then_the_higher_then_any() {
    let mut all = [candidate("a"), candidate("b"), candidate("c")];
    all[0].in_flight = 1;
    let firsts_of = |all: &[Candidate<'_>]| firsts(Strategy::LeastLoaded, all, 100);
    let any = firsts_of(&all);
    assert_eq!(share(0, &any), 0.0);
    assert!((0.3..0.7).contains(&share(1, &any)));
    all[2].priority = 1;
    assert_eq!(share(2, &firsts_of(&all)), 1.0);
}

#[test]
fn chance_is_fair_to_equals_wherever_they_stand() {
    let mut all = ["a", "busy", "busier", "b"].map(candidate);
    all[1].in_flight = 1;
    all[2].in_flight = 2;
    let share = share(0, &firsts(Strategy::LeastLoaded, &all, 2000));
    assert!((0.45..0.55).contains(&share), "{share}");
}

#[test]
fn a_weighted_draw_follows_the_weights() {
    let mut all = [candidate("a"), candidate("b")];
    all[0].weight = 9;
    let share = share(0, &firsts(Strategy::WeightedFailover, &all, 2000));
    assert!((0.88..0.92).contains(&share), "{share}");
}

#[test]
fn the_faster_gets_nearly_all_and_the_others_are_not_forgotten() {
    let mut all = [candidate("slow"), candidate("fast")];
    assert_eq!(
        firsts(Strategy::LatencyBased, &all, 1),
        [0],
        "nobody knows yet"
    );
    all[0].first_byte = Some((300_000, 0));
    all[1].first_byte = Some((20_000, 0));
    assert_eq!(share(1, &firsts(Strategy::LatencyBased, &all, 200)), 1.0);
    all[0].first_byte = Some((300_000, 60_000));
    let share = share(0, &firsts(Strategy::LatencyBased, &all, 2000));
    assert!((0.02..0.1).contains(&share), "a look now and then: {share}");
    all[1].in_flight = 20;
    assert_eq!(firsts(Strategy::LatencyBased, &all, 1), [0], "busy is slow");
}

#[test]
fn one_that_is_not_measured_is_tried_by_one_at_a_time_and_not_by_all() {
    let mut all = [candidate("new"), candidate("known")];
    all[1].first_byte = Some((20_000, 0));
    let new = share(0, &firsts(Strategy::LatencyBased, &all, 400));
    assert!((0.2..=0.25).contains(&new), "{new}");
    all[0].in_flight = 1;
    assert_eq!(share(0, &firsts(Strategy::LatencyBased, &all, 400)), 0.0);
}

/// Requests one after the other, ten a second, to providers of these speeds; the share that each
/// gets.
fn simulate(
    times: &mut [Latency; 2],
    memory: &mut Memory,
    (from_s, to_s): (u64, u64),
    speeds_us: [u64; 2],
) -> [f64; 2] {
    let mut dice = dice(from_s);
    let mut into = Vec::new();
    let mut counts = [0.0; 2];
    for request in from_s * 10..to_s * 10 {
        let now = Now {
            ms: request * 100,
            unix_ms: 0,
        };
        let mut all = ["u1", "u2"].map(candidate);
        for (candidate, time) in all.iter_mut().zip(times.iter()) {
            candidate.first_byte = time.average(now);
        }
        order(Strategy::LatencyBased, memory, &all, &mut dice, &mut into);
        counts[into[0]] += 1.0;
        times[into[0]].record(speeds_us[into[0]], now);
    }
    let all: f64 = counts.iter().sum();
    counts.map(|count| count / all)
}

#[test]
fn latency_moves_requests_to_the_faster_and_finds_one_that_has_recovered() {
    let mut times = [(); 2].map(|()| Latency::default());
    let mut memory = Memory::default();
    let mut run = |from_to, speeds| simulate(&mut times, &mut memory, from_to, speeds);
    run((0, 1), [300_000, 20_000]);
    let [_, fast] = run((1, 11), [300_000, 20_000]);
    assert!(fast >= 0.9, "{fast}");
    run((11, 300), [20_000, 150_000]);
    let [recovered, _] = run((300, 400), [20_000, 150_000]);
    assert!(recovered >= 0.9, "{recovered}");
}

#[test]
fn asking_for_the_rest_changes_nothing() {
    let mut all = ["a", "b", "c", "d"].map(candidate);
    for (candidate, weight) in all.iter_mut().zip([1, 5, 2, 3]) {
        candidate.weight = weight;
        candidate.first_byte = Some((u64::from(weight), 60_000));
    }
    for strategy in Strategy::ALL {
        let firsts = |ask: bool| {
            let mut memory = Memory::default();
            let mut into = Vec::new();
            let mut turn = |_| {
                if ask {
                    rest(strategy, &mut memory, &all, &mut || 5, &mut into);
                    let mut sorted = into.clone();
                    sorted.sort_unstable();
                    assert_eq!(sorted, [0, 1, 2, 3]);
                }
                order(strategy, &mut memory, &all, &mut || 3 << 61, &mut into);
                into[0]
            };
            (0..25).map(&mut turn).collect::<Vec<_>>()
        };
        assert_eq!(firsts(true), firsts(false), "{strategy:?}");
    }
}

#[test]
fn the_cheapest_goes_first_and_one_without_a_price_last() {
    let mut all = [
        candidate("a"),
        candidate("b"),
        candidate("c"),
        candidate("d"),
    ];
    all[1].price = Some(5.0);
    all[2].price = Some(0.5);
    all[3].priority = 1;
    let mut memory = Memory::default();
    let mut into = Vec::new();
    order(
        Strategy::CostBased,
        &mut memory,
        &all,
        &mut dice(1),
        &mut into,
    );
    assert_eq!(into, [2, 1, 3, 0]);
}

fn any_candidate() -> impl Draw<Value = Candidate<'static>> {
    let names = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let times = prop::option::of((0..u64::MAX, 0..u64::MAX));
    let price = prop::option::of(prop::num::f64::ANY);
    (names, 0..u32::MAX, 0..5u32, 0..u32::MAX, times, price).prop_map(
        |(name, weight, priority, in_flight, first_byte, price)| Candidate {
            name,
            weight,
            priority,
            in_flight,
            first_byte,
            price,
        },
    )
}

proptest! {
    #[test]
    fn every_order_has_everybody_once_and_chance_alone_decides(
        sets in prop::collection::vec(prop::collection::vec(any_candidate(), 0..9), 1..6),
        seed in any::<u64>(),
    ) {
        for strategy in Strategy::ALL {
            let run = || {
                let mut memory = Memory::default();
                let mut dice = dice(seed);
                let mut orders = Vec::new();
                for set in &sets {
                    let mut into = Vec::new();
                    order(strategy, &mut memory, set, &mut dice, &mut into);
                    orders.push(into);
                }
                orders
            };
            let orders = run();
            for (order, set) in orders.iter().zip(&sets) {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, (0..set.len()).collect::<Vec<_>>());
            }
            prop_assert_eq!(orders, run());
        }
    }

    #[test]
    fn smooth_weights_keep_their_shares(weights in prop::collection::vec(1..20u32, 2..6)) {
        let names = ["a", "b", "c", "d", "e"];
        let all: Vec<_> = weights
            .iter()
            .zip(names)
            .map(|(weight, name)| Candidate { weight: *weight, ..candidate(name) })
            .collect();
        let sum: u32 = weights.iter().sum();
        let firsts = firsts(Strategy::WeightedRoundRobin, &all, sum as usize);
        for (index, weight) in weights.iter().enumerate() {
            let count = firsts.iter().filter(|first| **first == index).count();
            prop_assert_eq!(count, *weight as usize);
        }
    }
}

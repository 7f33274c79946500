use proptest::prelude::*;

use super::*;

fn strategies() -> impl Strategy<Value = KeyStrategy> {
    prop_oneof![
        Just(KeyStrategy::LeastLoaded),
        Just(KeyStrategy::RoundRobin),
        Just(KeyStrategy::Random),
        Just(KeyStrategy::Weighted),
    ]
}

/// Headers with the names that matter and values that are right, nearly right and not at all.
fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![
        "anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)",
        "anthropic-ratelimit-unified-(5h|7d)-(utilization|status|reset)",
        "anthropic-ratelimit-unified-(status|reset|representative-claim|overage-status)",
        "x-ratelimit-(limit|remaining|reset)-(requests|tokens)",
        "x-codex-(primary|secondary)-(used-percent|window-minutes|reset-at|reset-after-seconds)",
        "retry-after(-ms)?",
        "[a-z]{1,9}(-[a-z]{1,9})?",
    ];
    let value = prop_oneof![
        any::<u64>().prop_map(|number| number.to_string()),
        (0_u64..200).prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        (0.0..1.5).prop_map(|number: f64| number.to_string()),
        "(allowed|allowed_warning|rejected|five_hour|seven_day|seven_day_opus|0|-1)",
        "[0-9]{1,12}(ms|s|m|h)([0-9]{1,3}s)?",
        "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z",
        "17672[0-9]{5}",
        "[ -~]{0,20}",
    ];
    proptest::collection::vec((name, value), 0..12).prop_map(|pairs| {
        pairs
            .iter()
            .filter_map(|(name, value)| {
                Some((
                    name.parse::<HeaderName>().ok()?,
                    HeaderValue::from_str(value).ok()?,
                ))
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn no_window_of_time_sees_more_requests_than_limits_allow(
        limits in proptest::collection::vec(1_u64..30, 1..4),
        strategy in strategies(),
        steps in proptest::collection::vec((0_u64..4_000, any::<u64>()), 1..150),
    ) {
        let mut keys = keys(limits.len());
        for (key, limit) in keys.iter_mut().zip(&limits) {
            key.rpm_limit = Some(*limit);
        }
        let mut pool = KeyPool::new(&keys, strategy);
        let mut now = START;
        let mut sent = vec![Vec::new(); limits.len()];
        for (gap, chance) in steps {
            now = now.plus_ms(gap);
            if let Ok(chosen) = pool.select(&Ask::default(), now, chance) {
                sent[chosen.index].push(now.ms);
                pool.learn(chosen.id, 200, &HeaderMap::new(), now);
                pool.settle(chosen.charge, None, now);
            }
        }
        for (limit, sent) in limits.iter().zip(&sent) {
            for (first, from) in sent.iter().enumerate() {
                for (count, to) in (1..).zip(&sent[first..]) {
                    let most = limit + (to - from) * limit / 60_000;
                    prop_assert!(count <= most, "{count} of {limit} in {} ms", to - from);
                }
            }
        }
    }

    #[test]
    fn round_robin_is_fair(
        count in 1_usize..8,
        off in proptest::collection::vec(any::<bool>(), 8),
        requests in 1_usize..100,
    ) {
        let mut pool = pool(count, KeyStrategy::RoundRobin);
        for index in (0..count).filter(|index| off[*index]) {
            pool.set_enabled(id(index), false).unwrap();
        }
        let mut counts = vec![0_usize; count];
        for _ in 0..requests {
            if let Some(index) = next(&mut pool, START) {
                counts[index] += 1;
            }
        }
        let on: Vec<_> = (0..count).filter(|index| !off[*index]).map(|index| counts[index]).collect();
        if let (Some(most), Some(least)) = (on.iter().max(), on.iter().min()) {
            prop_assert!(most - least <= 1, "{counts:?}");
            prop_assert_eq!(on.iter().sum::<usize>(), requests);
        }
    }

    #[test]
    fn weighted_is_proportional(weights in proptest::collection::vec(1_u32..20, 1..6)) {
        let mut keys = keys(weights.len());
        for (key, weight) in keys.iter_mut().zip(&weights) {
            key.weight = *weight;
        }
        let mut pool = KeyPool::new(&keys, KeyStrategy::Weighted);
        let total: u32 = weights.iter().sum();
        let mut counts = vec![0_u32; weights.len()];
        // One draw in the middle of each of as many equal parts as there is weight.
        for part in 0..total {
            let chance = (u128::from(2 * part + 1) << 63) / u128::from(total);
            let chance = u64::try_from(chance).unwrap();
            counts[pool.select(&Ask::default(), START, chance).unwrap().index] += 1;
        }
        prop_assert_eq!(counts, weights);
    }

    #[test]
    fn the_wait_that_is_told_is_the_true_one(
        limits in proptest::collection::vec((0_u64..20, 0_u64..500), 1..4),
        steps in proptest::collection::vec(
            (0_u64..3_000, 0_u64..300, any_headers(), prop_oneof![Just(200_u16), Just(429), Just(401)]),
            1..25,
        ),
    ) {
        let mut keys = keys(limits.len());
        for (key, (requests, tokens)) in keys.iter_mut().zip(&limits) {
            key.rpm_limit = Some(*requests);
            key.itpm_limit = Some(*tokens);
        }
        let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
        let mut now = START;
        for (gap, input, headers, status) in steps {
            now = now.plus_ms(gap);
            let ask = tokens(input);
            match pool.select(&ask, now, 0) {
                Ok(chosen) => {
                    pool.learn(chosen.id, status, &headers, now);
                    pool.settle(chosen.charge, Some(Tokens { input, output: 1 }), now);
                }
                Err(refused) => {
                    prop_assert!(refused.wait_ms > 0);
                    prop_assert!(refused.wait_ms <= MAX_WINDOW_WAIT_MS);
                    let early = now.plus_ms(refused.wait_ms - 1);
                    prop_assert!(pool.clone().select(&ask, early, 0).is_err());
                    let then = now.plus_ms(refused.wait_ms);
                    prop_assert!(pool.clone().select(&ask, then, 0).is_ok());
                }
            }
        }
    }

    #[test]
    fn whatever_headers_say_nothing_panics_and_everything_ends(
        answers in proptest::collection::vec((any_headers(), 100_u16..600, 0_u64..u64::MAX / 64), 1..20),
        class in prop_oneof![Just(Class::Foreground), Just(Class::Subagent), Just(Class::Batch)],
        unix_ms in any::<i64>(),
    ) {
        let mut pool = pool(2, KeyStrategy::LeastLoaded);
        let mut now = Now { ms: 0, unix_ms };
        let ask = Ask { class, input_tokens: 10, output_tokens: 10, ..Ask::default() };
        for (headers, status, gap) in answers {
            now = now.plus_ms(gap);
            pool.learn(id(0), status, &headers, now);
            if let Ok(chosen) = pool.select(&ask, now, 0) {
                prop_assert!(chosen.capacity <= 100);
                pool.settle(chosen.charge, Some(Tokens { input: gap, output: gap }), now);
            }
            for view in pool.views(now) {
                let sane = |used: f64| (0.0..=1.0).contains(&used);
                prop_assert!(view.windows.iter().all(|window| window.used.is_none_or(sane)));
                prop_assert!(serde_json::to_string(&view).is_ok());
            }
            // No reading, pause or bench outlasts the longest window there is.
            let end = now.plus_ms(33 * 24 * 3_600_000);
            if end.ms < u64::MAX {
                prop_assert_eq!(pool.available(end), 2);
            }
        }
    }

    #[test]
    fn a_zero_that_was_learnt_ends_at_its_reset(seconds in 1_u64..80_000) {
        let mut pool = pool(1, KeyStrategy::LeastLoaded);
        let stated = headers(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", &format!("{seconds}s")),
        ]);
        pool.learn(id(0), 200, &stated, START);
        prop_assert_eq!(pool.available(START.plus_ms(seconds * 1_000 - 1)), 0);
        prop_assert_eq!(pool.available(START.plus_ms(seconds * 1_000)), 1);
    }
}

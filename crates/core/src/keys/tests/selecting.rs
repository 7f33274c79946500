use super::*;

/// Random bits that are spread evenly over the requests of a test.
fn evenly(index: u64) -> u64 {
    index.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[test]
fn an_id_is_eight_hex_digits_and_keys_are_counted() {
    let mut pool = KeyPool::new(&[key("k-z1"), key("k-z2")], KeyStrategy::LeastLoaded);
    let chosen = pool.select(&Ask::default(), START, 0).unwrap();
    assert_eq!(chosen.id.to_string(), "e769bdd5");
    assert_eq!((chosen.available, chosen.total), (2, 2));
    assert_eq!(pool.available(START), 2);
    assert_eq!(chosen.capacity, 100);
    assert_eq!(chosen.key.secret.expose(), "k-z1");
}

#[test]
fn round_robin_alternates() {
    let mut pool = pool(2, KeyStrategy::RoundRobin);
    let order: Vec<_> = (0..4).map(|_| next(&mut pool, START)).collect();
    assert_eq!(order, [Some(0), Some(1), Some(0), Some(1)]);
}

#[test]
fn round_robin_does_not_give_the_turns_of_a_missing_key_to_its_neighbour() {
    let mut pool = pool(4, KeyStrategy::RoundRobin);
    pool.set_enabled(id(1), false).unwrap();
    let order: Vec<_> = (0..6).filter_map(|_| next(&mut pool, START)).collect();
    assert_eq!(order, [0, 2, 3, 0, 2, 3]);
}

#[test]
fn weighted_and_random_keep_their_shares() {
    let share = |strategy, weight| {
        let mut keys = keys(2);
        keys[0].weight = weight;
        let mut pool = KeyPool::new(&keys, strategy);
        let ask = Ask::default();
        let first = |index: &u64| pool.select(&ask, START, evenly(*index)).unwrap().index == 0;
        (0..200).filter(first).count()
    };
    let weighted = share(KeyStrategy::Weighted, 9);
    assert!((168..=192).contains(&weighted), "{weighted} of 200");
    let random = share(KeyStrategy::Random, 9);
    assert!((76..=124).contains(&random), "{random} of 200");
}

#[test]
fn the_third_request_of_two_a_minute_is_refused() {
    let mut one = key("k-0");
    one.rpm_limit = Some(2);
    let mut pool = KeyPool::new(&[one], KeyStrategy::LeastLoaded);
    for _ in 0..2 {
        assert_eq!(next(&mut pool, START), Some(0));
    }
    let refused = pool.select(&Ask::default(), START, 0).unwrap_err();
    assert_eq!(refused.why, Why::RateLimited);
    assert_eq!(refused.wait_ms, 30_000);
    assert_eq!(refused.retry_after_secs(), 30);
    assert_eq!(next(&mut pool, START.plus_ms(30_000)), Some(0));
}

#[test]
fn answers_do_not_fill_the_bucket_up_again() {
    let mut one = key("k-0");
    one.rpm_limit = Some(2);
    let mut pool = KeyPool::new(&[one], KeyStrategy::LeastLoaded);
    let stated = headers(&[("anthropic-ratelimit-requests-limit", "2")]);
    for _ in 0..2 {
        assert_eq!(next(&mut pool, START), Some(0));
        pool.learn(id(0), 200, &stated, START);
    }
    assert_eq!(next(&mut pool, START), None);
}

#[test]
fn what_a_limited_key_cannot_take_goes_to_the_next() {
    let mut keys = keys(2);
    keys[0].rpm_limit = Some(2);
    keys[0].priority = 2;
    let mut pool = KeyPool::new(&keys, KeyStrategy::RoundRobin);
    let order: Vec<_> = (0..5).filter_map(|_| next(&mut pool, START)).collect();
    assert_eq!(order, [0, 0, 1, 1, 1]);
}

#[test]
fn tokens_that_were_used_send_the_next_request_to_another_key() {
    let mut keys = keys(2);
    keys[0].itpm_limit = Some(100);
    keys[0].priority = 2;
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    let chosen = pool.select(&tokens(1), START, 0).unwrap();
    assert_eq!(chosen.index, 0);
    let used = Tokens {
        input: 100,
        output: 5,
    };
    pool.settle(chosen.charge, Some(used), START);
    assert_eq!(next(&mut pool, START), Some(1));
    assert_eq!(next(&mut pool, START.plus_ms(600)), Some(0));
}

#[test]
fn an_estimate_that_is_not_settled_stands() {
    let mut one = key("k-0");
    one.itpm_limit = Some(100);
    let mut pool = KeyPool::new(&[one], KeyStrategy::LeastLoaded);
    let chosen = pool.select(&tokens(60), START, 0).unwrap();
    pool.settle(chosen.charge, None, START);
    let refused = pool.select(&tokens(60), START, 0).unwrap_err();
    assert_eq!(refused.wait_ms, 12_000);
}

#[test]
fn a_request_larger_than_a_minute_passes_a_full_bucket_only() {
    let mut one = key("k-0");
    one.itpm_limit = Some(100);
    let mut pool = KeyPool::new(&[one], KeyStrategy::LeastLoaded);
    assert!(pool.select(&tokens(5_000), START, 0).is_ok());
    let refused = pool.select(&tokens(5_000), START, 0).unwrap_err();
    assert_eq!(refused.wait_ms, 60_000);
}

#[test]
fn what_was_never_sent_is_given_back() {
    let mut one = key("k-0");
    one.rpm_limit = Some(1);
    one.otpm_limit = Some(100);
    let mut pool = KeyPool::new(&[one], KeyStrategy::LeastLoaded);
    let ask = Ask {
        output_tokens: 100,
        ..Ask::default()
    };
    let chosen = pool.select(&ask, START, 0).unwrap();
    assert!(pool.select(&ask, START, 0).is_err());
    pool.undo(chosen.charge, START);
    assert!(pool.select(&ask, START, 0).is_ok());
    let view = &pool.views(START)[0];
    assert_eq!((view.requests, view.in_flight), (1, 1));
}

#[test]
fn higher_priorities_go_first_whatever_the_strategy() {
    for strategy in [
        KeyStrategy::LeastLoaded,
        KeyStrategy::RoundRobin,
        KeyStrategy::Random,
        KeyStrategy::Weighted,
    ] {
        let mut keys = keys(3);
        keys[0].priority = 0;
        keys[2].priority = 2;
        let mut pool = KeyPool::new(&keys, strategy);
        let order: Vec<_> = [2, 1, 0]
            .map(|gone| {
                let index = pool.select(&Ask::default(), START, u64::MAX).unwrap().index;
                pool.set_enabled(id(gone), false).unwrap();
                index
            })
            .into();
        assert_eq!(order, [2, 1, 0], "{strategy:?}");
    }
}

#[test]
fn the_key_that_is_wished_for_wins_while_it_is_available() {
    let mut keys = keys(3);
    keys[2].priority = 2;
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    let ask = Ask {
        prefer: Some(id(1).0),
        ..Ask::default()
    };
    let chosen = pool.select(&ask, START, 0).unwrap();
    assert_eq!((chosen.index, chosen.preferred), (1, true));
    pool.learn(id(1), 429, &HeaderMap::new(), START);
    let chosen = pool.select(&ask, START, 0).unwrap();
    assert_eq!((chosen.index, chosen.preferred), (2, false));
}

#[test]
fn a_key_that_was_tried_is_not_chosen_again() {
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    let of = |tried: &'static [usize]| Ask {
        tried,
        prefer: Some(id(0).0),
        ..Ask::default()
    };
    assert_eq!(pool.select(&of(&[0]), START, 0).unwrap().index, 1);
    let refused = pool.select(&of(&[0, 1]), START, 0).unwrap_err();
    assert_eq!((refused.why, refused.wait_ms), (Why::Tried, 0));
    assert_eq!(refused.retry_after_secs(), 1);
    pool.learn(id(0), 429, &headers(&[("retry-after", "3")]), START);
    pool.learn(id(1), 429, &headers(&[("retry-after", "9")]), START);
    let refused = pool.select(&of(&[0, 1]), START, 0).unwrap_err();
    assert_eq!((refused.why, refused.wait_ms), (Why::RateLimited, 3_000));
}

#[test]
fn without_limits_requests_under_way_are_spread() {
    let mut pool = pool(3, KeyStrategy::LeastLoaded);
    let ask = Ask::default();
    let mut chosen: Vec<_> = (0..3)
        .map(|_| pool.select(&ask, START, 0).unwrap())
        .collect();
    let order: Vec<_> = chosen.iter().map(|one| one.index).collect();
    assert_eq!(order, [0, 1, 2]);
    let second = chosen.remove(1);
    pool.settle(second.charge, None, START);
    assert_eq!(next(&mut pool, START), Some(1), "the one that is free");
}

#[test]
fn least_loaded_goes_by_our_own_count_where_the_provider_says_nothing() {
    let mut keys = keys(2);
    keys[0].rpm_limit = Some(10);
    keys[1].rpm_limit = Some(20);
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    let ask = Ask::default();
    let mut counts = [0; 2];
    for _ in 0..24 {
        let chosen = pool.select(&ask, START, 0).unwrap();
        counts[chosen.index] += 1;
        pool.settle(chosen.charge, None, START);
    }
    assert_eq!(counts, [8, 16], "in proportion to the limits");
}

#[test]
fn nobody_is_told_a_wait_of_nothing() {
    let mut empty = pool(0, KeyStrategy::Weighted);
    let refused = empty.select(&Ask::default(), START, 0).unwrap_err();
    assert_eq!((refused.why, refused.retry_after_secs()), (Why::NoKeys, 60));
    let mut keys = keys(1);
    keys[0].enabled = false;
    let mut off = KeyPool::new(&keys, KeyStrategy::Random);
    let refused = off.select(&Ask::default(), START, 0).unwrap_err();
    assert_eq!(
        (refused.why, refused.retry_after_secs()),
        (Why::Disabled, 60)
    );
    assert!(refused.to_string().contains("disabled"));
}

use super::*;

#[test]
fn a_key_with_no_requests_left_is_passed_over_until_its_reset() {
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    assert_eq!(next(&mut pool, START), Some(0));
    let stated = headers(&[
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T18:02:00Z"),
    ]);
    pool.learn(id(0), 200, &stated, START);
    assert_eq!(next(&mut pool, START), Some(1));
    assert_eq!(pool.available(START), 1);
    assert_eq!(pool.capacity(id(0), START), 50, "requests gone, tokens not");
    let after = START.plus_ms(31_000);
    assert_eq!(pool.available(after), 2);
    assert_eq!(pool.capacity(id(0), after), 100);
}

#[test]
fn what_is_left_is_counted_down_between_answers() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let stated = headers(&[
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "2"),
        ("x-ratelimit-reset-requests", "58s"),
    ]);
    pool.learn(id(0), 200, &stated, START);
    assert!(next(&mut pool, START).is_some());
    assert!(next(&mut pool, START).is_some());
    let refused = pool.select(&Ask::default(), START, 0).unwrap_err();
    assert_eq!(refused.wait_ms, 58_000);
}

#[test]
fn an_estimate_of_tokens_does_not_take_the_last_that_a_provider_has_left() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let stated = headers(&[
        ("anthropic-ratelimit-input-tokens-limit", "1000"),
        ("anthropic-ratelimit-input-tokens-remaining", "800"),
        (
            "anthropic-ratelimit-input-tokens-reset",
            "2026-01-01T18:02:00Z",
        ),
    ]);
    pool.learn(id(0), 200, &stated, START);
    for _ in 0..3 {
        assert!(pool.select(&tokens(700), START, 0).is_ok());
    }
    assert_eq!(pool.capacity(id(0), START), 50, "but the score knows");
    let none = headers(&[("anthropic-ratelimit-input-tokens-remaining", "0")]);
    pool.learn(id(0), 200, &none, START);
    assert!(pool.select(&tokens(1), START, 0).is_err());
}

#[test]
fn a_429_rests_its_key_for_retry_after() {
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    let learnt = pool.learn(id(0), 429, &headers(&[("retry-after", "3")]), START);
    assert_eq!(learnt.cooled_ms, 3_000);
    assert_eq!(next(&mut pool, START), Some(1));
    assert_eq!(pool.available(START), 1);
    assert_eq!(pool.available(START.plus_ms(2_999)), 1);
    assert_eq!(pool.available(START.plus_ms(3_000)), 2);
}

#[test]
fn every_form_of_a_pause_is_understood() {
    let cases: [(&[(&'static str, &str)], u64); 11] = [
        (&[("retry-after", "Thu, 01 Jan 2026 18:01:33 GMT")], 4_000),
        (&[("retry-after", "garbage")], DEFAULT_COOLDOWN_MS),
        (&[], DEFAULT_COOLDOWN_MS),
        (&[("retry-after", "1.5")], 1_500),
        (
            &[("retry-after-ms", "250"), ("retry-after", "9")],
            MIN_COOLDOWN_MS.max(250),
        ),
        (&[("retry-after", "0")], MIN_COOLDOWN_MS),
        (&[("retry-after", "999999999")], MAX_COOLDOWN_MS),
        (
            &[
                ("x-ratelimit-remaining-requests", "5"),
                ("x-ratelimit-reset-requests", "8.64s"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "1m2s"),
            ],
            62_000,
        ),
        (
            &[
                ("x-codex-primary-used-percent", "100"),
                ("x-codex-primary-reset-after-seconds", "7200"),
                ("x-codex-secondary-used-percent", "30"),
                ("x-codex-secondary-reset-after-seconds", "99999"),
            ],
            7_200_000,
        ),
        (
            &[
                ("anthropic-ratelimit-unified-status", "rejected"),
                ("anthropic-ratelimit-unified-reset", "1767290789"),
            ],
            300_000,
        ),
        (
            &[("anthropic-ratelimit-unified-status", "rejected")],
            60_000,
        ),
    ];
    for (stated, ms) in cases {
        let mut pool = pool(1, KeyStrategy::LeastLoaded);
        let learnt = pool.learn(id(0), 429, &headers(stated), START);
        assert_eq!(learnt.cooled_ms, ms, "{stated:?}");
        assert_eq!(pool.earliest(&Ask::default(), START), ms, "{stated:?}");
    }
}

#[test]
fn googles_pause_is_read_from_the_body() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let body = br#"{"error": {"details": [{"retryDelay": "34s",
        "@type": "type.googleapis.com/google.rpc.RetryInfo"}]}}"#;
    let answer = Answer {
        status: 429,
        headers: &HeaderMap::new(),
        body,
    };
    assert_eq!(pool.learn_answer(id(0), &answer, START).cooled_ms, 34_000);
}

#[test]
fn a_429_that_says_nothing_does_not_lengthen_a_pause_that_was_stated() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    pool.learn(id(0), 429, &headers(&[("retry-after", "3")]), START);
    pool.learn(id(0), 429, &HeaderMap::new(), START);
    assert_eq!(pool.earliest(&Ask::default(), START), 3_000);
    pool.learn(id(0), 429, &headers(&[("retry-after", "1")]), START);
    assert_eq!(
        pool.earliest(&Ask::default(), START),
        3_000,
        "nor does one shorten it"
    );
}

#[test]
fn when_all_keys_rest_the_wait_is_that_of_the_first() {
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    pool.learn(id(0), 429, &headers(&[("retry-after", "7")]), START);
    pool.learn(id(1), 429, &headers(&[("retry-after", "3")]), START);
    let refused = pool.select(&Ask::default(), START, 0).unwrap_err();
    assert_eq!(refused.retry_after_secs(), 3);
    let later = START.plus_ms(1_100);
    let refused = pool.select(&Ask::default(), later, 0).unwrap_err();
    assert_eq!(refused.wait_ms, 1_900);
    assert_eq!(refused.retry_after_secs(), 2);
}

#[test]
fn a_refused_credential_is_left_alone_for_longer_each_time_until_it_works() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let none = HeaderMap::new();
    let mut now = START;
    for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        let learnt = pool.learn(id(0), 401, &none, now);
        assert_eq!(learnt.benched_ms, seconds * 1_000);
        let again = pool.learn(id(0), 403, &none, now.plus_ms(1));
        assert_eq!(again.benched_ms, seconds * 1_000 - 1, "no second count");
        let refused = pool.select(&Ask::default(), now, 0).unwrap_err();
        assert_eq!(refused.why, Why::Benched);
        now = now.plus_ms(seconds * 1_000);
        assert_eq!(pool.available(now), 1);
    }
    pool.learn(id(0), 200, &none, now);
    assert_eq!(pool.learn(id(0), 401, &none, now).benched_ms, 30_000);
}

#[test]
fn a_clients_own_faults_say_nothing_of_the_key() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    for status in [400, 404, 413, 422] {
        let learnt = pool.learn(id(0), status, &HeaderMap::new(), START);
        assert_eq!(learnt, Learnt::default());
    }
    assert_eq!(pool.views(START)[0].consecutive_errors, 0);
    pool.learn(id(0), 529, &HeaderMap::new(), START);
    assert_eq!(pool.available(START), 1, "the provider's trouble");
    assert_eq!(pool.views(START)[0].consecutive_errors, 1);
    pool.learn(id(0), 200, &HeaderMap::new(), START);
    assert_eq!(pool.views(START)[0].consecutive_errors, 0);
}

#[test]
fn a_spent_subscription_is_passed_over_until_its_reset() {
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    let stated = headers(&[
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", "1767300489"),
        ("anthropic-ratelimit-unified-5h-utilization", "1.0"),
        ("anthropic-ratelimit-unified-5h-reset", "1767300489"),
        (
            "anthropic-ratelimit-unified-representative-claim",
            "five_hour",
        ),
        ("retry-after", "60"),
    ]);
    assert!(pool.learn(id(0), 429, &stated, START).spent_ms > 0);
    let after_pause = START.plus_ms(61_000);
    assert_eq!(next(&mut pool, after_pause), Some(1));
    assert_eq!(pool.available(after_pause), 1);
    assert_eq!(pool.available(START.plus_ms(10_000_000)), 2);
}

#[test]
fn a_subscription_that_is_paid_for_beyond_its_quota_is_the_last_resort() {
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    let stated = headers(&[
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", "1767300489"),
        ("anthropic-ratelimit-unified-overage-status", "allowed"),
    ]);
    assert_eq!(pool.learn(id(0), 200, &stated, START).spent_ms, 0);
    assert_eq!(pool.available(START), 2);
    assert_eq!(pool.capacity(id(0), START), 0);
    assert_eq!(next(&mut pool, START), Some(1));
    assert_eq!(next(&mut pool, START), Some(1), "although one is under way");
    assert!(pool.views(START)[0].overage);
}

#[test]
fn a_rejection_on_account_of_some_models_leaves_the_key_to_the_others() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let stated = headers(&[
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", "1767790489"),
        (
            "anthropic-ratelimit-unified-representative-claim",
            "seven_day_opus",
        ),
        ("retry-after", "500000"),
    ]);
    let learnt = pool.learn(id(0), 429, &stated, START);
    assert_eq!(learnt.cooled_ms, DEFAULT_COOLDOWN_MS);
    assert_eq!(pool.available(START.plus_ms(DEFAULT_COOLDOWN_MS)), 1);
}

#[test]
fn a_verdict_is_lifted_by_the_next_answer() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let rejected = headers(&[
        ("anthropic-ratelimit-unified-5h-status", "allowed"),
        ("anthropic-ratelimit-unified-7d-status", "rejected"),
        ("anthropic-ratelimit-unified-7d-reset", "1767790489"),
    ]);
    assert!(pool.learn(id(0), 200, &rejected, START).spent_ms > 0);
    assert_eq!(pool.earliest(&Ask::default(), START), 500_000_000);
    let allowed = headers(&[("anthropic-ratelimit-unified-status", "allowed")]);
    assert_eq!(pool.learn(id(0), 200, &allowed, START).spent_ms, 0);
    assert_eq!(pool.available(START), 1);
}

#[test]
fn the_tighter_of_the_configured_and_the_stated_limit_holds() {
    let mut keys = keys(2);
    keys[0].rpm_limit = Some(10);
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    for (limit, expected) in [("50", [10, 50]), ("4", [4, 4]), ("0", [4, 4])] {
        let stated = headers(&[("anthropic-ratelimit-requests-limit", limit)]);
        for index in [0, 1] {
            pool.learn(id(index), 200, &stated, START);
        }
        let limits: Vec<_> = pool
            .views(START)
            .iter()
            .filter_map(|view| view.rpm.limit)
            .collect();
        assert_eq!(limits, expected);
    }
}

#[test]
fn a_lie_about_time_holds_no_longer_than_its_window_could() {
    let far = "9999-12-31T23:59:59Z";
    let zero = [
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", far),
    ];
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    pool.learn(id(0), 200, &headers(&zero), START);
    assert_eq!(pool.earliest(&Ask::default(), START), 86_400_000);
    let rejected = [
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", far),
    ];
    pool.reset_all();
    pool.learn(id(0), 200, &headers(&rejected), START);
    assert_eq!(pool.earliest(&Ask::default(), START), MAX_WINDOW_WAIT_MS);
    let past = [
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "1970-01-01T00:00:00Z"),
    ];
    pool.reset_all();
    pool.learn(id(0), 200, &headers(&past), START);
    assert_eq!(pool.available(START), 1, "a reset that has passed");
}

#[test]
fn a_zero_without_a_reset_lasts_a_minute() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let zero = headers(&[("x-ratelimit-remaining-requests", "0")]);
    pool.learn(id(0), 200, &zero, START);
    assert_eq!(pool.earliest(&Ask::default(), START), 60_000);
}

#[test]
fn a_key_that_has_left_teaches_nothing() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let learnt = pool.learn(id(7), 429, &HeaderMap::new(), START);
    assert_eq!(learnt, Learnt::default());
    assert_eq!(pool.available(START), 1);
}

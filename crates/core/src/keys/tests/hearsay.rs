//! What other nodes say of keys.

use super::*;

fn node() -> Arc<str> {
    "other".into()
}

fn hear(pool: &mut KeyPool, index: usize, left_ms: u64, now: Now) -> bool {
    pool.hear(id(index), (Rest::Limited, left_ms), &node(), now)
}

fn learn(pool: &mut KeyPool, index: usize, status: u16, now: Now) {
    pool.learn(id(index), status, &HeaderMap::new(), now);
}

#[test]
fn a_key_that_is_said_to_rest_is_passed_over_until_its_time() {
    let mut pool = pool(2, KeyStrategy::RoundRobin);
    assert!(hear(&mut pool, 0, 90_000, START));
    for ms in [0, 60_000, 89_999] {
        assert_eq!(next(&mut pool, START.plus_ms(ms)), Some(1));
    }
    assert_eq!(next(&mut pool, START.plus_ms(90_000)), Some(0));
}

#[test]
fn people_see_who_said_so_and_until_when() {
    let mut pool = pool(2, KeyStrategy::RoundRobin);
    pool.hear(id(0), (Rest::Refused, 30_000), &node(), START);
    let view = &pool.views(START)[0];
    let hint = view.hint.clone().unwrap();
    assert_eq!((hint.node.as_str(), hint.rest), ("other", "refused"));
    assert_eq!(hint.until, START.unix_ms + 30_000);
    assert_eq!(view.status, KeyStatus::Benched);
    assert_eq!(
        view.benched_until, None,
        "nothing of the kind happened here"
    );
    let after = &pool.views(START.plus_ms(30_000))[0];
    assert_eq!(
        (after.status, after.hint.is_none()),
        (KeyStatus::Healthy, true)
    );
}

#[test]
fn where_there_is_no_other_it_is_tried_once_a_minute() {
    let mut pool = pool(1, KeyStrategy::RoundRobin);
    hear(&mut pool, 0, 3_600_000, START);
    let none = pool.select(&Ask::default(), START, 0).unwrap_err();
    assert_eq!((none.why, none.wait_ms), (Why::RateLimited, 60_000));
    let minute = START.plus_ms(60_000);
    assert_eq!(next(&mut pool, START.plus_ms(59_999)), None);
    assert_eq!(next(&mut pool, minute), Some(0));
    assert_eq!(next(&mut pool, minute), None, "one is enough to find out");
    assert_eq!(next(&mut pool, minute.plus_ms(60_000)), Some(0));
}

#[test]
fn who_says_it_over_and_over_is_not_believed_for_longer() {
    let mut pool = pool(1, KeyStrategy::RoundRobin);
    for second in 0..60 {
        hear(&mut pool, 0, 86_400_000, START.plus_ms(second * 1_000));
    }
    let minute = START.plus_ms(60_000);
    assert_eq!(next(&mut pool, minute), Some(0));
    learn(&mut pool, 0, 200, minute.plus_ms(100));
    assert!(!hear(&mut pool, 0, 86_400_000, minute.plus_ms(200)));
    assert_eq!(next(&mut pool, minute.plus_ms(200)), Some(0), "it was good");
    let later = minute.plus_ms(100 + DOUBT_MS);
    assert!(hear(&mut pool, 0, 86_400_000, later), "not for ever");
}

#[test]
fn an_answer_to_what_was_asked_before_refutes_nothing() {
    let mut pool = pool(1, KeyStrategy::RoundRobin);
    assert_eq!(next(&mut pool, START), Some(0));
    hear(&mut pool, 0, 20_000, START);
    learn(&mut pool, 0, 200, START.plus_ms(5));
    assert_eq!(next(&mut pool, START.plus_ms(6)), None);
}

#[test]
fn what_was_learnt_here_stands_whatever_others_say() {
    let mut pool = pool(1, KeyStrategy::RoundRobin);
    let stated = headers(&[("retry-after", "100")]);
    pool.learn(id(0), 429, &stated, START);
    hear(&mut pool, 0, 5_000, START);
    assert!(hear(&mut pool, 0, 0, START), "it is taken back");
    assert_eq!(next(&mut pool, START.plus_ms(99_999)), None);
    assert_eq!(next(&mut pool, START.plus_ms(100_000)), Some(0));
}

#[test]
fn a_shorter_word_does_not_end_a_longer_one() {
    let mut pool = pool(2, KeyStrategy::RoundRobin);
    hear(&mut pool, 0, 90_000, START);
    assert!(!hear(&mut pool, 0, 1_000, START));
    assert_eq!(next(&mut pool, START.plus_ms(50_000)), Some(1));
}

#[test]
fn a_key_that_is_not_here_is_nobodys_business_and_no_word_holds_for_ever() {
    let mut pool = pool(2, KeyStrategy::RoundRobin);
    assert!(!hear(&mut pool, 7, 90_000, START));
    hear(&mut pool, 0, u64::MAX, START);
    let end = START.plus_ms(MAX_WINDOW_WAIT_MS);
    assert_eq!(next(&mut pool, end), Some(0));
}

#[test]
fn a_rest_is_told_by_the_longest_reason() {
    let mut pool = pool(1, KeyStrategy::RoundRobin);
    let told = |pool: &mut KeyPool, status, pairs: &[_]| {
        pool.learn(id(0), status, &headers(pairs), START).rest()
    };
    assert_eq!(told(&mut pool, 200, &[]), None);
    assert_eq!(told(&mut pool, 500, &[]), None);
    let limited = told(&mut pool, 429, &[("retry-after", "7")]);
    assert_eq!(limited, Some((Rest::Limited, 7_000)));
    assert_eq!(
        told(&mut pool, 401, &[]),
        Some((Rest::Refused, FIRST_BENCH_MS))
    );
    for rest in [Rest::Limited, Rest::Spent, Rest::Refused] {
        assert_eq!(Rest::from_name(rest.as_str()), Some(rest));
    }
}

use std::time::Duration;

use super::super::Outcome;
use super::*;
use crate::settings::Health;

const OPEN_MS: u64 = 1_000;

fn at(ms: u64) -> Now {
    Now {
        ms,
        unix_ms: 1_000_000 + i64::try_from(ms).unwrap(),
    }
}

fn breaker() -> Breaker {
    Breaker::new(&Health {
        failure_threshold: 5,
        open_duration: Duration::from_millis(OPEN_MS),
        half_open_probes: 2,
        ..Health::default()
    })
}

fn hear_open(breaker: &mut Breaker, ms: u64) -> bool {
    breaker.hear_open(60_000, &"other".into(), at(ms)).is_some()
}

fn open(breaker: &mut Breaker, ms: u64) {
    for _ in 0..5 {
        let admission = breaker.admit(at(ms));
        breaker.report(admission, Outcome::Failure, None, at(ms));
    }
    assert_eq!(breaker.state(at(ms)), State::Open);
}

#[test]
fn one_request_finds_out_and_its_failure_opens_at_once() {
    let mut breaker = breaker();
    assert!(hear_open(&mut breaker, 0));
    assert!(breaker.is_suspected(at(1)) && breaker.would_admit(at(1)));
    assert_eq!(breaker.view(at(1)).told_by.as_deref(), Some("other"));
    let trial = breaker.admit(at(1));
    assert!(matches!(trial, Admission::Trial(_)));
    assert!(!breaker.would_admit(at(1)), "the next one goes elsewhere");
    assert!(matches!(breaker.admit(at(1)), Admission::Refused { .. }));
    let opened = breaker
        .report(trial, Outcome::Failure, None, at(2))
        .unwrap();
    assert!(opened.to.is_open() && opened.own);
    assert_eq!(breaker.view(at(2)).told_by, None);
}

#[test]
fn the_beginning_of_an_answer_refutes_it_and_its_end_still_counts() {
    let mut breaker = breaker();
    hear_open(&mut breaker, 0);
    let trial = breaker.admit(at(1));
    let (transition, admission) = breaker.answered(trial, at(2)).unwrap();
    assert_eq!(transition.to, State::Closed);
    assert!(!transition.own, "that is nothing to tell the others");
    assert_eq!(breaker.state(at(2)), State::Closed);
    breaker.report(admission, Outcome::Failure, None, at(3));
    assert_eq!(breaker.view(at(3)).failures, 1);
    assert!(breaker.answered(trial, at(4)).is_none());
}

#[test]
fn a_mistaken_node_costs_one_trial_and_is_not_believed_again_for_a_while() {
    let mut breaker = breaker();
    hear_open(&mut breaker, 0);
    let trial = breaker.admit(at(1));
    breaker.report(trial, Outcome::Success, None, at(2));
    for ms in (3..DOUBT_MS).step_by(997) {
        assert!(!hear_open(&mut breaker, ms));
        assert_eq!(
            breaker.admit(at(ms)),
            breaker.admit(at(ms)),
            "nobody is on trial"
        );
    }
    assert!(hear_open(&mut breaker, 2 + DOUBT_MS));
}

#[test]
fn nothing_is_held_against_it_for_longer_than_a_cooldown_however_often_it_is_said() {
    let mut breaker = breaker();
    hear_open(&mut breaker, 0);
    let hanging = breaker.admit(at(1));
    for ms in 2..OPEN_MS {
        assert!(!hear_open(&mut breaker, ms));
    }
    assert_eq!(breaker.state(at(OPEN_MS)), State::Closed);
    assert!(breaker.would_admit(at(OPEN_MS)));
    assert!(matches!(breaker.admit(at(OPEN_MS)), Admission::Closed(_)));
    breaker.report(hanging, Outcome::Failure, None, at(OPEN_MS + 1));
    assert_eq!(breaker.view(at(OPEN_MS + 1)).failures, 0, "old news");
}

#[test]
fn a_shorter_word_holds_for_less_and_one_that_is_over_is_none() {
    let mut breaker = breaker();
    assert!(breaker.hear_open(0, &"other".into(), at(0)).is_none());
    assert!(breaker.hear_open(10, &"other".into(), at(0)).is_some());
    assert!(breaker.is_suspected(at(9)) && !breaker.is_suspected(at(10)));
    let lapsed = breaker.lapse(at(10)).unwrap();
    assert!(lapsed.to == State::Closed && !lapsed.own);
}

#[test]
fn a_trial_that_says_nothing_makes_room_for_the_next() {
    let mut breaker = breaker();
    hear_open(&mut breaker, 0);
    let trial = breaker.admit(at(1));
    breaker.release(trial);
    assert!(matches!(breaker.admit(at(2)), Admission::Trial(_)));
}

#[test]
fn what_happens_here_counts_for_more() {
    let mut breaker = breaker();
    open(&mut breaker, 0);
    assert!(!hear_open(&mut breaker, 1));
    assert_eq!(breaker.wait_ms(at(1)), OPEN_MS - 1);
    assert_eq!(breaker.state(at(OPEN_MS)), State::HalfOpen);
    assert!(!hear_open(&mut breaker, OPEN_MS));
}

#[test]
fn a_recovery_elsewhere_has_it_tried_at_once_but_only_once_a_cooldown() {
    let mut breaker = breaker();
    open(&mut breaker, 0);
    let cut = breaker.hear_closed(at(10)).unwrap();
    assert_eq!(
        (cut.from, cut.to, cut.own),
        (State::Open, State::HalfOpen, false)
    );
    let trial = breaker.admit(at(11));
    breaker.report(trial, Outcome::Failure, None, at(12));
    assert_eq!(breaker.hear_closed(at(13)), None, "it was just tried");
    assert_eq!(breaker.state(at(13)), State::Open);
    assert!(breaker.hear_closed(at(10 + OPEN_MS)).is_some());
}

#[test]
fn a_recovery_elsewhere_ends_a_suspicion() {
    let mut breaker = breaker();
    hear_open(&mut breaker, 0);
    assert_eq!(breaker.hear_closed(at(1)).unwrap().to, State::Closed);
    assert_eq!(breaker.hear_closed(at(2)), None);
    assert!(matches!(breaker.admit(at(2)), Admission::Closed(_)));
}

/// Two nodes of which one cannot reach the provider tell each other without end; the one that can
/// must not suffer for it.
#[test]
fn a_partitioned_node_does_not_play_ping_pong_with_the_others() {
    let (mut ill, mut well) = (breaker(), breaker());
    let (mut tried, mut told) = (0, 0);
    for ms in (0..DOUBT_MS).step_by(50) {
        let admission = ill.admit(at(ms));
        let news = ill.report(admission, Outcome::Failure, None, at(ms));
        if news.is_some_and(|news| news.to.is_open() && news.own) {
            told += 1;
            hear_open(&mut well, ms);
        }
        let admission = well.admit(at(ms));
        tried += u32::from(matches!(admission, Admission::Trial(_)));
        let news = well.report(admission, Outcome::Success, None, at(ms));
        assert!(news.is_none_or(|news| !news.own), "nothing is told back");
    }
    assert!(told > 100 && tried == 1, "{told} {tried}");
}

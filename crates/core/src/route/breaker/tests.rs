use proptest::prelude::*;

use super::*;

fn at(ms: u64) -> Now {
    Now {
        ms,
        unix_ms: 1_000_000 + i64::try_from(ms).unwrap(),
    }
}

fn breaker(threshold: u32, open_ms: u64, probes: u32) -> Breaker {
    Breaker::new(&Health {
        failure_threshold: threshold,
        open_duration: Duration::from_millis(open_ms),
        half_open_probes: probes,
        ..Health::default()
    })
}

fn run(breaker: &mut Breaker, outcome: Outcome, ms: u64) -> Option<Transition> {
    let admission = breaker.admit(at(ms));
    breaker.report(admission, outcome, None, at(ms))
}

#[test]
fn failures_in_a_row_open_it() {
    let mut breaker = breaker(2, 100, 1);
    assert_eq!(run(&mut breaker, Outcome::Failure, 1), None);
    assert_eq!(run(&mut breaker, Outcome::Success, 2), None);
    assert_eq!(run(&mut breaker, Outcome::Failure, 3), None, "not in a row");
    let opened = run(&mut breaker, Outcome::Failure, 4).unwrap();
    assert_eq!((opened.from, opened.to), (State::Closed, State::Open));
    assert_eq!(breaker.admit(at(103)), Admission::Refused { until_ms: 104 });
    assert!(!breaker.would_admit(at(103)) && breaker.would_admit(at(104)));
    let view = breaker.view(at(4));
    assert_eq!((view.until, view.opened), (Some(1_000_104), 1));
}

#[test]
fn successes_on_trial_close_it_and_one_failure_opens_it() {
    let mut breaker = breaker(1, 100, 2);
    run(&mut breaker, Outcome::Failure, 0);
    assert_eq!(breaker.state(at(100)), State::HalfOpen);
    assert_eq!(run(&mut breaker, Outcome::Success, 100), None);
    let closed = run(&mut breaker, Outcome::Success, 101).unwrap();
    assert_eq!((closed.from, closed.to), (State::HalfOpen, State::Closed));
    run(&mut breaker, Outcome::Failure, 102);
    run(&mut breaker, Outcome::Failure, 202);
    assert_eq!(breaker.state(at(301)), State::Open);
    assert_eq!(breaker.state(at(302)), State::HalfOpen);
}

#[test]
fn the_end_of_its_time_is_told_once() {
    let mut breaker = breaker(1, 100, 1);
    assert_eq!(breaker.lapse(at(0)), None, "it is closed");
    run(&mut breaker, Outcome::Failure, 0);
    assert_eq!(breaker.lapse(at(99)), None);
    let lapsed = breaker.lapse(at(100)).unwrap();
    assert_eq!((lapsed.from, lapsed.to), (State::Open, State::HalfOpen));
    assert_eq!(breaker.lapse(at(100)), None);
    assert!(matches!(breaker.admit(at(100)), Admission::Trial(_)));
}

#[test]
fn only_so_many_are_on_trial_and_one_that_leaves_makes_room() {
    let mut breaker = breaker(1, 100, 2);
    run(&mut breaker, Outcome::Failure, 0);
    let first = breaker.admit(at(100));
    let _second = breaker.admit(at(100));
    assert!(matches!(breaker.admit(at(100)), Admission::Refused { .. }));
    breaker.release(first);
    assert!(matches!(breaker.admit(at(100)), Admission::Trial(_)));
}

#[test]
fn news_from_before_it_opened_is_old() {
    let mut breaker = breaker(1, 100, 1);
    let early = breaker.admit(at(0));
    run(&mut breaker, Outcome::Failure, 1);
    assert_eq!(breaker.report(early, Outcome::Success, None, at(2)), None);
    let _trial = breaker.admit(at(101));
    assert_eq!(breaker.report(early, Outcome::Failure, None, at(102)), None);
    assert_eq!(breaker.state(at(102)), State::HalfOpen);
}

#[test]
fn a_provider_that_asks_for_time_gets_it_within_bounds() {
    for (asked, until) in [(1, 5_000), (60, 60_000), (100_000, 600_000)] {
        let mut breaker = breaker(1, 5_000, 1);
        let admission = breaker.admit(at(0));
        let asked = Some(Duration::from_secs(asked));
        breaker.report(admission, Outcome::Failure, asked, at(0));
        assert_eq!(breaker.wait_ms(at(0)), until);
    }
}

#[test]
fn a_probe_and_a_reset_bring_it_back() {
    let mut breaker = breaker(1, 60_000, 1);
    assert_eq!(breaker.probe_succeeded(at(0)), None, "it was not ill");
    run(&mut breaker, Outcome::Failure, 0);
    let found = breaker.probe_succeeded(at(1)).unwrap();
    assert_eq!(found.to, State::HalfOpen);
    run(&mut breaker, Outcome::Failure, 2);
    assert_eq!(breaker.reset(at(3)).unwrap().to, State::Closed);
    assert_eq!(breaker.wait_ms(at(3)), 0);
}

#[test]
fn statuses_are_told_apart() {
    for status in [429, 500, 502, 503, 504, 529, 599] {
        assert_eq!(Outcome::of_status(status), Outcome::Failure);
    }
    for status in [200, 301, 400, 401, 403, 404, 413] {
        assert_eq!(Outcome::of_status(status), Outcome::Success);
    }
}

proptest! {
    #[test]
    fn never_more_on_trial_than_allowed(
        probes in 1..4u32,
        steps in prop::collection::vec((0..4u8, 0..50u64), 1..200),
    ) {
        let mut breaker = breaker(2, 40, probes);
        let mut now = 0;
        let mut running = Vec::new();
        for (step, time) in steps {
            now += time;
            match step {
                0 | 1 => {
                    let would = breaker.would_admit(at(now));
                    let admission = breaker.admit(at(now));
                    let refused = matches!(admission, Admission::Refused { .. });
                    prop_assert_eq!(would, !refused);
                    if !refused {
                        running.push(admission);
                    }
                }
                2 => {
                    if let Some(admission) = running.pop() {
                        let outcome = if time % 2 == 0 { Outcome::Success } else { Outcome::Failure };
                        breaker.report(admission, outcome, None, at(now));
                    }
                }
                _ => {
                    if let Some(admission) = running.pop() {
                        breaker.release(admission);
                    }
                }
            }
            let on_trial = running
                .iter()
                .filter(|one| **one == Admission::Trial(breaker.period))
                .count();
            prop_assert!(on_trial <= probes as usize);
        }
    }
}

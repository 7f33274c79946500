//! One request after the other, so that what each breaker has to do can be told beforehand from
//! what the mocks did.

use weir_core::route::breaker::State;
use weir_mock::{Mix, Mock};
use weir_proxy::clock::now;

use super::clients::{self, Seen};
use super::{PROVIDERS, providers, requests, seed};
use crate::rig::{Rig, rig};

const THRESHOLD: u32 = 3;
/// What tells at once: nothing that hangs, and no limit, because a key's rest takes time.
const KINDS: &str = "refuse, refuse;mode=rst, 500, 502, 503, 504, 529, error_200, drop, \
    drop;mode=line";

/// A breaker as it should be. One that is open stays so until somebody resets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Expected {
    failures: u32,
    opened: u64,
    open: bool,
}

impl Expected {
    fn tell(&mut self, failed: bool) {
        self.failures = if failed { self.failures + 1 } else { 0 };
        if self.failures == THRESHOLD {
            self.open = true;
            self.opened += 1;
        }
    }
}

/// What each mock was asked since the last look, by how it failed.
fn asked(rig: &Rig) -> Vec<Vec<Option<String>>> {
    let look = |mock: &Mock| {
        let all = mock.received();
        mock.reset();
        all.into_iter().map(|one| one.fault).collect()
    };
    rig.mocks.iter().map(look).collect()
}

fn breakers(rig: &Rig) -> Vec<Expected> {
    let snapshot = rig.net.gateway.snapshot.load();
    let views = PROVIDERS.map(|name| {
        let member = snapshot.fleet.member(name).unwrap();
        member.breaker.view(now())
    });
    views
        .iter()
        .map(|view| Expected {
            failures: view.failures,
            opened: view.opened,
            open: view.state == State::Open,
        })
        .collect()
}

fn reset(rig: &Rig, expected: &mut [Expected]) {
    for member in &rig.net.gateway.snapshot.load().fleet.members {
        member.reset(now());
    }
    for breaker in expected {
        (breaker.failures, breaker.open) = (0, false);
    }
}

/// Tells the breakers what the mocks did for one request, and says whether it was served and
/// whether it broke off.
fn follow(expected: &mut [Expected], asked: &[Vec<Option<String>>]) -> (bool, bool) {
    let closed = expected.iter().filter(|one| !one.open).count();
    let (mut served, mut broken) = (false, false);
    for ((breaker, faults), name) in expected.iter_mut().zip(asked).zip(PROVIDERS) {
        let due = !breaker.open && !served && !broken;
        assert_eq!(faults.len(), usize::from(due), "{name}: {asked:?}");
        let Some(fault) = faults.first() else {
            continue;
        };
        let fault = fault.as_deref();
        // With nobody else to ask nothing is held back to be looked at: the error is the answer.
        let unseen = closed == 1 && fault == Some("error_200");
        breaker.tell(fault.is_some() && !unseen);
        served = fault.is_none() || unseen;
        broken = fault == Some("drop");
    }
    (served, broken)
}

fn check(seen: &Seen, (served, broken): (bool, bool), anybody: bool) {
    let succeeded = seen.status == 200 && seen.whole;
    assert_eq!(succeeded, served, "{seen:?}");
    assert_eq!(!seen.whole, broken, "{seen:?}");
    if !anybody {
        assert_eq!(seen.status, 503, "{seen:?}");
    }
}

#[tokio::test]
async fn breakers_do_as_the_mocks_did_and_a_closed_one_is_always_asked() {
    let (count, seed) = (requests(), seed());
    println!("WEIR_CHAOS_SEED={seed} WEIR_CHAOS_REQUESTS={count}");
    let yaml = format!(
        "routing:\n  debug: true\n  affinity: false\nhealth:\n  health_check:\n    \
         enabled: false\n  breaker: {{failure_threshold: {THRESHOLD}, open_duration: 10h}}\n{}",
        providers(1)
    );
    let rig = rig(PROVIDERS.len(), &yaml).await;
    for (at, mock) in (0..).zip(&rig.mocks) {
        let mix = Mix::new(0.4, seed + at).kinds(KINDS).unwrap();
        mock.set_mix(Some(mix));
    }
    let mut expected = vec![Expected::default(); PROVIDERS.len()];
    let (mut kept, mut resets) = (None, 0);
    for number in 0..count {
        let anybody = expected.iter().any(|one| !one.open);
        let seen = clients::send(rig.net.addr, &mut kept, number).await;
        let outcome = follow(&mut expected, &asked(&rig));
        check(&seen, outcome, anybody);
        assert_eq!(breakers(&rig), expected, "seed {seed}, after {seen:?}");
        if !anybody {
            reset(&rig, &mut expected);
            resets += 1;
        }
    }
    let opened: Vec<_> = expected.iter().map(|one| one.opened).collect();
    println!("breakers opened {opened:?}, all at once {resets}");
}

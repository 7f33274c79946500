//! Providers that fail at random, in every way at once, and many clients: what the clients see,
//! what the gateway says of it and what the mocks did must be the same, request by request and in
//! every figure.
//!
//! `WEIR_CHAOS_REQUESTS` sets how many requests there are (1,000; a full run has 10,000), and
//! `WEIR_CHAOS_SEED` what fails. Each mock's failures follow from the seed; which of the requests
//! that run at once meets which of them does not, so the checks hold for any order.

mod clients;
mod figures;
mod ledger;
mod one_by_one;

use std::time::Duration;

use weir_mock::{Mix, Mock};

use crate::rig::{Rig, rig, zai};

/// A good answer must not take as long as this on any machine, and what hangs costs it.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long a limited key rests.
const REST: Duration = Duration::from_millis(100);
/// Requests under way at once.
const AT_ONCE: usize = 64;
const PROVIDERS: [&str; 3] = ["u1", "u2", "u3"];
const KEYS_EACH: usize = 3;

/// Every way to fail before the first byte, and after it.
const KINDS: &str = "refuse*3, refuse;mode=rst*3, hang, silent, 500*3, 502*3, 503*3, 504*3, \
    429;limits=none;retry_after=none;retry_after_ms=100, 529*3, error_200*3, \
    error_200;ping=2*3, drop*3, drop;mode=line*3, drop;mode=rst*3, silent;after=4";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
}

fn requests() -> usize {
    usize::try_from(number("WEIR_CHAOS_REQUESTS", 1000)).unwrap()
}

fn seed() -> u64 {
    number("WEIR_CHAOS_SEED", 7)
}

fn key(provider: &str, index: usize) -> String {
    format!("key-{index}-of-{provider}")
}

/// Providers that speak two dialects, each with some keys; `{u1}` is for the rig to fill in.
fn providers(keys: usize) -> String {
    let one = |(at, name): (usize, &&str)| {
        let keys: Vec<_> = (0..keys)
            .map(|index| format!("{{key: {}}}", key(name, index)))
            .collect();
        let keys = keys.join(", ");
        let priority = 2 - at;
        let seconds = DEADLINE.as_secs();
        format!(
            "  - name: {name}\n    type: openrouter\n    base_url: \"{{{name}}}\"\n    \
             priority: {priority}\n    max_retries: 0\n    response_header_timeout: {seconds}s\n    \
             idle_timeout: {seconds}s\n    pooling: {{enabled: true, strategy: round_robin}}\n    \
             keys: [{keys}]\n"
        )
    };
    let all: String = PROVIDERS.iter().enumerate().map(one).collect();
    format!("providers:\n{all}")
}

/// Three mocks behind a gateway whose breakers are set so; with `affinity` a conversation stays
/// where it was served.
async fn gateway(breaker: &str, affinity: bool) -> Rig {
    let yaml = format!(
        "routing:\n  debug: true\n  strategy: round_robin\n  affinity: {affinity}\nhealth:\n  \
         health_check:\n    enabled: false\n  breaker: {breaker}\n{}",
        providers(KEYS_EACH)
    );
    rig(PROVIDERS.len(), &yaml).await
}

fn let_fail(mock: &Mock, share: f64, seed: u64) {
    let mix = Mix::new(share, seed).kinds(KINDS).unwrap();
    mock.set_mix(Some(mix));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_anybody_can_serve_is_served_once_and_every_figure_is_true() {
    let (count, seed) = (requests(), seed());
    println!("WEIR_CHAOS_SEED={seed} WEIR_CHAOS_REQUESTS={count}");
    // A breaker that never opens leaves each of the three a candidate of each request.
    let rig = gateway("{failure_threshold: 1000000}", true).await;
    for (at, mock) in (0..).zip(&rig.mocks) {
        let_fail(mock, 0.4, seed + at);
    }
    let seen = clients::run(rig.net.addr, count).await;
    let books = ledger::Books::of(&rig, seen).await;
    let faults = [
        books.faults(ledger::check),
        figures::faults(&rig, &books).await,
    ];
    println!("{}", books.summary());
    assert!(
        faults.iter().all(Vec::is_empty),
        "seed {seed}: {:#?}",
        faults.concat()
    );
    for member in &rig.net.gateway.snapshot.load().fleet.members {
        let opened = member.breaker.view(weir_proxy::clock::now()).opened;
        assert_eq!(opened, 0);
    }
    if count >= 1000 {
        assert_eq!(books.missing_kinds(), [""; 0], "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_breakers_that_open_and_close_while_one_provider_is_well() {
    let (count, seed) = (requests(), seed());
    println!("WEIR_CHAOS_SEED={seed} WEIR_CHAOS_REQUESTS={count}");
    let breaker = "{failure_threshold: 3, open_duration: 5ms, half_open_probes: 2}";
    let rig = gateway(breaker, false).await;
    // The third never fails, so that its breaker never opens and no request may.
    for (at, mock) in (0..).zip(&rig.mocks[..2]) {
        let_fail(mock, 0.5, seed + at);
    }
    let seen = clients::run(rig.net.addr, count).await;
    let books = ledger::Books::of(&rig, seen).await;
    let faults = [
        books.faults(ledger::check_anchored),
        figures::faults(&rig, &books).await,
    ];
    println!("{}", books.summary());
    assert!(
        faults.iter().all(Vec::is_empty),
        "seed {seed}: {:#?}",
        faults.concat()
    );
    let snapshot = rig.net.gateway.snapshot.load();
    let opened = |name| {
        let member = snapshot.fleet.member(name).unwrap();
        member.breaker.view(weir_proxy::clock::now()).opened
    };
    let opened = PROVIDERS.map(opened);
    println!("breakers opened: {opened:?}");
    assert_eq!(opened[2], 0, "seed {seed}");
    if count >= 1000 {
        assert!(opened[0] > 0 && opened[1] > 0, "seed {seed}: {opened:?}");
    }
}

#[tokio::test]
async fn what_never_reached_a_provider_costs_its_key_nothing() {
    let yaml = format!(
        "routing:\n  debug: true\n  affinity: false\nproviders:\n{}{}",
        zai("u1", "priority: 2\nkeys: [{key: a, rpm_limit: 1}]"),
        zai("u2", "")
    );
    let rig = rig(2, &yaml).await;
    rig.mocks[0].refuse().await.unwrap();
    assert_eq!(rig.who().await, "u2");
    rig.mocks[0].accept().await.unwrap();
    assert_eq!(rig.who().await, "u1", "its one request a minute is left");
    assert_eq!(rig.who().await, "u2");
}

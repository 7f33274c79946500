//! Providers that are ill are left alone, looked after, and taken back with care.

use std::time::Duration;

use weir_mock::{Cut, Gate, Raw};
use weir_proxy::probe;

use crate::net::{BODY, Wire, post, within};
use crate::rig::{Rig, rig, zai};

fn yaml(health: &str) -> String {
    format!(
        "routing:\n  debug: true\nhealth:\n  health_check:\n    enabled: false\n  circuit_breaker:\n    failure_threshold: 2\n{health}providers:\n{}{}",
        zai("u1", "priority: 2"),
        zai("u2", "")
    )
}

async fn two(open_ms: u64, probes: u32) -> Rig {
    let health = format!("    open_duration_ms: {open_ms}\n    half_open_probes: {probes}\n");
    rig(2, &yaml(&health)).await
}

fn health_of(rig: &Rig) -> &'static str {
    let snapshot = rig.net.gateway.snapshot.load();
    let member = snapshot.fleet.member("u1").unwrap();
    member.breaker_state(weir_proxy::clock::now()).as_str()
}

async fn until_health(rig: &Rig, expected: &str) {
    within(async {
        while health_of(rig) != expected {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn fail(rig: &Rig, status: u16, times: usize) {
    for _ in 0..times {
        rig.mocks[0].push(Raw::new(status).body("{}"));
        assert_eq!(rig.say(&[]).await.status, 200, "the other served it");
    }
}

#[tokio::test]
async fn failures_in_a_row_open_it_and_then_it_is_not_asked() {
    for status in [500, 503, 529] {
        let rig = two(60_000, 1).await;
        fail(&rig, status, 2).await;
        assert_eq!(health_of(&rig), "open", "{status}");
        let asked = rig.mocks[0].received().len();
        assert_eq!(rig.who().await, "u2");
        assert_eq!(rig.mocks[0].received().len(), asked);
    }
}

#[tokio::test]
async fn limits_of_the_only_key_count_too() {
    let rig = two(60_000, 1).await;
    let limit = || Raw::new(429).header("retry-after-ms", "100").body("{}");
    rig.mocks[0].push(limit());
    rig.mocks[0].push(limit());
    within(async {
        // The key is free again after its pause.
        while rig.mocks[0].received().len() < 2 {
            assert_eq!(rig.who().await, "u2");
        }
    })
    .await;
    assert_eq!(health_of(&rig), "open");
}

#[tokio::test]
async fn a_limit_of_one_key_says_nothing_of_a_provider_that_has_another() {
    let keys = "key: a}, {key: b}, {key: c}, {key: d";
    let text = yaml("    open_duration_ms: 60000\n").replace("key: key-of-u1", keys);
    let rig = rig(2, &text).await;
    for _ in 0..3 {
        rig.mocks[0].push(Raw::new(429).body("{}"));
    }
    assert_eq!(rig.who().await, "u1", "with its last key");
    assert_eq!(rig.received(), [4, 0]);
    assert_eq!(health_of(&rig), "closed");
}

#[tokio::test]
async fn failures_of_transport_count() {
    let rig = two(60_000, 1).await;
    for _ in 0..2 {
        rig.mocks[0].push(Raw::refuse(Cut::Rst));
        rig.say(&[]).await;
    }
    assert_eq!(health_of(&rig), "open");
}

#[tokio::test]
async fn answers_that_break_off_count() {
    let rig = two(60_000, 1).await;
    let start = "event: message_start\ndata: {\"type\":\"message_start\"}\n\n";
    for _ in 0..2 {
        rig.mocks[0].push(
            Raw::new(200)
                .header("content-type", "text/event-stream")
                .piece(start)
                .cut(Cut::Rst),
        );
        assert!(!rig.say(&[]).await.whole);
    }
    until_health(&rig, "open").await;
}

#[tokio::test]
async fn the_clients_faults_do_not_count() {
    let rig = two(60_000, 1).await;
    for _ in 0..10 {
        rig.mocks[0].push(Raw::new(404).body("{}"));
        assert_eq!(rig.say(&[]).await.status, 404);
    }
    assert_eq!(health_of(&rig), "closed");
}

/// Ten times this status for one client's own credential.
async fn refused_to_one_client(rig: &Rig, status: u16) {
    for _ in 0..10 {
        rig.mocks[0].push(Raw::new(status).body("{}"));
        assert_eq!(rig.say(&["x-api-key: sk-ant-own"]).await.status, status);
    }
}

#[tokio::test]
async fn a_credential_of_the_clients_own_that_is_refused_does_not_count() {
    let text = "health:\n  health_check:\n    enabled: false\n  circuit_breaker:\n    failure_threshold: 2\nproviders:\n  - {name: u1, type: anthropic, base_url: \"{u1}\", max_retries: 0}\n";
    for status in [400, 401, 402, 403, 404, 422] {
        let rig = rig(1, text).await;
        refused_to_one_client(&rig, status).await;
        assert_eq!(health_of(&rig), "closed", "{status}");
        let other = rig.say(&["x-api-key: sk-ant-another"]).await;
        assert_eq!(other.status, 200, "{status}");
        assert_eq!(rig.received(), [11], "each was asked of it: {status}");
    }
}

#[tokio::test]
async fn a_key_of_ours_that_is_refused_rests_and_its_provider_does_not_count_as_ill() {
    let rig = two(60_000, 1).await;
    rig.mocks[0].push(Raw::new(401).body("{}"));
    assert_eq!(rig.say(&[]).await.status, 401);
    for _ in 0..9 {
        assert_eq!(rig.who().await, "u2");
    }
    assert_eq!(rig.received(), [1, 9]);
    assert_eq!(health_of(&rig), "closed");
}

#[tokio::test]
async fn a_success_between_them_starts_the_count_again() {
    let rig = two(60_000, 1).await;
    fail(&rig, 500, 1).await;
    assert_eq!(rig.who().await, "u1");
    fail(&rig, 500, 1).await;
    assert_eq!(health_of(&rig), "closed");
}

#[tokio::test]
async fn after_its_time_it_is_tried_and_taken_back() {
    let rig = two(100, 2).await;
    fail(&rig, 500, 2).await;
    until_health(&rig, "half-open").await;
    for expected in ["half-open", "half-open", "closed"] {
        let answer = rig.say(&[]).await;
        assert_eq!(answer.header("x-cc-relay-provider"), Some("u1"));
        assert_eq!(answer.header("x-cc-relay-health"), Some(expected));
    }
}

#[tokio::test]
async fn one_failure_on_trial_opens_it_again() {
    let rig = two(100, 2).await;
    fail(&rig, 500, 2).await;
    until_health(&rig, "half-open").await;
    fail(&rig, 500, 1).await;
    assert_eq!(health_of(&rig), "open");
}

#[tokio::test]
async fn only_so_many_are_on_trial_at_once() {
    let rig = two(100, 1).await;
    fail(&rig, 500, 2).await;
    until_health(&rig, "half-open").await;
    let asked = rig.mocks[0].received().len();
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let mut on_trial = Wire::connect(rig.net.addr).await;
    on_trial.send(&post("/v1/messages", &[], BODY)).await;
    within(rig.mocks[0].wait_for(asked + 1)).await;
    for _ in 0..3 {
        assert_eq!(rig.who().await, "u2");
    }
    gate.open();
    assert_eq!(on_trial.answer().await.status, 200);
}

#[tokio::test]
async fn nobody_left_is_said_with_when_to_come_again() {
    let one = format!(
        "health:\n  health_check:\n    enabled: false\n  circuit_breaker:\n    failure_threshold: 1\n    open_duration_ms: 20000\nproviders:\n{}",
        zai("u1", "")
    );
    let rig = rig(1, &one).await;
    rig.mocks[0].push(Raw::new(500).body("{}"));
    assert_eq!(rig.say(&[]).await.status, 500);
    let answer = rig.say(&[]).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json()["error"]["message"],
        "failed to select provider: router: all providers unhealthy"
    );
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(rig.received(), [1]);
}

#[tokio::test]
async fn a_probe_that_finds_it_alive_brings_it_back_early() {
    let probing = yaml("    open_duration_ms: 60000\n    half_open_probes: 1\n")
        .replace("    enabled: false\n", "    interval_ms: 50\n");
    let rig = rig(2, &probing).await;
    fail(&rig, 500, 2).await;
    assert_eq!(health_of(&rig), "open");
    let snapshot = std::sync::Arc::clone(&rig.net.gateway.snapshot);
    let probes = tokio::spawn(probe::run(snapshot, 1));
    until_health(&rig, "half-open").await;
    assert_eq!(rig.who().await, "u1");
    probes.abort();
    let all = rig.mocks[0].received();
    let probe = all.iter().find(|one| one.method == "GET").unwrap();
    assert_eq!(probe.header("x-api-key"), None, "no credential for a look");
}

#[tokio::test]
async fn a_provider_that_did_not_change_stays_ill_over_a_reload() {
    let text = yaml("    open_duration_ms: 60000\n");
    let rig = rig(2, &text).await;
    fail(&rig, 500, 2).await;
    rig.reload(&text.replace("routing:\n", "routing:\n  strategy: round_robin\n"));
    assert_eq!(health_of(&rig), "open");
    rig.reload(&text.replace("priority: 2", "priority: 1"));
    assert_eq!(health_of(&rig), "closed", "it is another provider now");
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_is_kept() {
    let rig = two(100, 1).await;
    for _ in 0..2 {
        rig.mocks[0].push(Raw::new(503).header("retry-after", "30").body("{}"));
        rig.say(&[]).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(health_of(&rig), "open", "longer than its own time");
}

#[tokio::test]
async fn a_providers_limit_counts_though_the_client_has_a_credential_that_it_never_sees() {
    let text = "health:\n  health_check: {enabled: false}\n  circuit_breaker: {failure_threshold: 2}\n\
                providers:\n  - {name: u1, type: ollama, base_url: \"{u1}\", dialects: [anthropic_messages]}\n";
    let rig = rig(1, text).await;
    for _ in 0..2 {
        rig.mocks[0].push(Raw::new(429).body("{}"));
        assert_eq!(rig.say(&["x-api-key: own"]).await.status, 429);
    }
    assert_eq!(rig.mocks[0].received()[0].header("x-api-key"), None);
    assert_eq!(health_of(&rig), "open");
}

#[tokio::test]
async fn a_refusal_says_when_the_breaker_lets_through_again() {
    let text = format!(
        "health:\n  health_check: {{enabled: false}}\n  circuit_breaker: {{failure_threshold: 1, open_duration_ms: 60000}}\nproviders:\n{}",
        zai("u1", "client_credentials: never")
    );
    let rig = rig(1, &text).await;
    rig.mocks[0].push(Raw::new(500).body("{}"));
    for headers in [&[][..], &["x-api-key: own"][..]] {
        rig.say(headers).await;
        let answer = rig.say(headers).await;
        assert_eq!(answer.status, 503);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((50..=60).contains(&wait), "{wait}");
    }
    assert_eq!(rig.received(), [1]);
}

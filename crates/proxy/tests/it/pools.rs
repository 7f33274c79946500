//! Many keys of one provider: which is used, what is learnt of it, and what the client is told.

use weir_core::keys::KeyId;
use weir_mock::Raw;

use crate::net::Answer;
use crate::rig::{Rig, rig, zai};

fn pool(strategy: &str, keys: &str) -> String {
    let more = format!("pooling: {{enabled: true, strategy: {strategy}}}\nkeys:\n{keys}");
    format!("providers:\n{}", zai("u1", &more))
}

async fn keys(strategy: &str, keys: &str) -> Rig {
    rig(1, &pool(strategy, keys)).await
}

const TWO: &str = "  - {key: k-z1}\n  - {key: k-z2}\n";

/// The keys that the mock has seen, in order.
fn used(rig: &Rig) -> Vec<String> {
    let all = rig.mocks[0].received();
    all.iter()
        .map(|one| one.header("x-api-key").unwrap().to_owned())
        .collect()
}

fn limited(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 429);
    let error = &answer.json()["error"];
    assert_eq!(error["type"], "rate_limit_error");
    assert_eq!(
        error["message"],
        "All API keys are currently at rate limit capacity. Please retry after the specified time."
    );
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_key_that_was_used_is_told() {
    let rig = keys("round_robin", TWO).await;
    let answer = rig.say(&[]).await;
    assert_eq!(answer.header("x-cc-relay-key-id"), Some("e769bdd5"));
    assert_eq!(answer.header("x-cc-relay-keys-total"), Some("2"));
    assert_eq!(answer.header("x-cc-relay-keys-available"), Some("2"));
    assert_eq!(answer.header("x-cc-relay-capacity"), Some("100"));
    let record = rig.net.records.ended(1).await;
    assert_eq!(record.route.key.as_deref(), Some("e769bdd5"));
}

#[tokio::test]
async fn keys_take_turns() {
    let rig = keys("round_robin", TWO).await;
    for _ in 0..4 {
        rig.say(&[]).await;
    }
    assert_eq!(used(&rig), ["k-z1", "k-z2", "k-z1", "k-z2"]);
}

#[tokio::test]
async fn chance_follows_the_weights() {
    for (strategy, low, high) in [("weighted", 0.84, 0.96), ("random", 0.40, 0.60)] {
        let rig = keys(
            strategy,
            "  - {key: a, weight: 9}\n  - {key: b, weight: 1}\n",
        )
        .await;
        for _ in 0..400 {
            rig.say(&[]).await;
        }
        let used = used(&rig);
        let first = used.iter().filter(|key| *key == "a").count();
        let share = f64::from(u32::try_from(first).unwrap()) / 400.0;
        assert!((low..=high).contains(&share), "{strategy}: {share}");
    }
}

#[tokio::test]
async fn a_limit_of_requests_is_kept() {
    let rig = keys("least_loaded", "  - {key: a, rpm_limit: 2}\n").await;
    for _ in 0..2 {
        assert_eq!(rig.say(&[]).await.status, 200);
    }
    let wait = limited(&rig.say(&[]).await);
    assert!(
        (1..=30).contains(&wait),
        "a request comes back each 30 s: {wait}"
    );
    assert_eq!(rig.received(), [2]);
}

#[tokio::test]
async fn what_one_key_cannot_take_the_other_does() {
    let rig = keys(
        "least_loaded",
        "  - {key: a, rpm_limit: 2, priority: 2}\n  - {key: b}\n",
    )
    .await;
    for _ in 0..5 {
        assert_eq!(rig.say(&[]).await.status, 200);
    }
    assert_eq!(used(&rig), ["a", "a", "b", "b", "b"]);
}

#[tokio::test]
async fn a_key_that_says_it_has_nothing_left_rests() {
    let rig = keys("least_loaded", TWO).await;
    let spent = Raw::new(200)
        .header("anthropic-ratelimit-requests-limit", "50")
        .header("anthropic-ratelimit-requests-remaining", "0")
        .header("anthropic-ratelimit-requests-reset", "2099-01-01T00:00:00Z")
        .body("{}");
    rig.mocks[0].push(spent);
    for _ in 0..3 {
        assert_eq!(rig.say(&[]).await.status, 200);
    }
    assert_eq!(used(&rig)[1..], ["k-z2", "k-z2"]);
}

#[tokio::test]
async fn a_limited_key_cools_down_and_the_other_serves_the_same_request() {
    let rig = keys("round_robin", TWO).await;
    rig.mocks[0].push(Raw::new(429).header("retry-after", "300").body("{}"));
    let answer = rig.say(&[]).await;
    assert_eq!(answer.status, 200, "the client never saw the limit");
    assert_eq!(answer.header("x-cc-relay-keys-available"), Some("1"));
    rig.say(&[]).await;
    assert_eq!(used(&rig), ["k-z1", "k-z2", "k-z2"]);
}

#[tokio::test]
async fn a_cooldown_ends() {
    let rig = keys("round_robin", TWO).await;
    rig.mocks[0].push(Raw::new(429).header("retry-after-ms", "150").body("{}"));
    rig.say(&[]).await;
    crate::net::within(async {
        while rig.say(&[]).await.header("x-cc-relay-keys-available") != Some("2") {}
    })
    .await;
    rig.say(&[]).await;
    rig.say(&[]).await;
    let used = used(&rig);
    assert!(used[3..].iter().any(|key| key == "k-z1"), "{used:?}");
}

#[tokio::test]
async fn when_every_key_is_limited_the_wait_is_the_true_one() {
    let rig = keys("round_robin", TWO).await;
    rig.mocks[0].push(Raw::new(429).header("retry-after", "9").body("{}"));
    rig.mocks[0].push(Raw::new(429).header("retry-after", "3").body("{}"));
    let answer = rig.say(&[]).await;
    assert_eq!(answer.status, 429, "the provider's own");
    let wait = limited(&rig.say(&[]).await);
    assert!((1..=3).contains(&wait), "{wait}");
    assert_eq!(rig.received(), [2], "nobody was asked in vain");
}

#[tokio::test]
async fn tokens_that_were_used_are_charged() {
    let rig = keys(
        "least_loaded",
        "  - {key: a, itpm_limit: 100, priority: 2}\n  - {key: b}\n",
    )
    .await;
    rig.mocks[0].push(
        Raw::new(200)
            .header("content-type", "application/json")
            .body(r#"{"type":"message","usage":{"input_tokens":100,"output_tokens":1}}"#),
    );
    for _ in 0..2 {
        assert_eq!(rig.say(&[]).await.status, 200);
    }
    assert_eq!(used(&rig), ["a", "b"]);
}

#[tokio::test]
async fn a_key_that_is_refused_is_put_on_the_bench() {
    for status in [401, 403] {
        let rig = keys("round_robin", TWO).await;
        rig.mocks[0].push(Raw::new(status).body("{}"));
        assert_eq!(rig.say(&[]).await.status, 200, "the other one is good");
        for _ in 0..3 {
            assert_eq!(rig.say(&[]).await.status, 200);
        }
        assert_eq!(used(&rig), ["k-z1", "k-z2", "k-z2", "k-z2", "k-z2"]);
    }
}

#[tokio::test]
async fn one_spent_provider_is_a_reason_for_the_next() {
    let yaml = format!(
        "routing:\n  debug: true\nproviders:\n{}{}",
        zai("u1", "priority: 2\nkeys: [{key: a, rpm_limit: 1}]"),
        zai("u2", "")
    );
    let rig = rig(2, &yaml).await;
    assert_eq!(rig.who().await, "u1");
    assert_eq!(rig.who().await, "u2");
}

#[tokio::test]
async fn what_was_learnt_stays_over_a_reload() {
    let rig = keys("round_robin", TWO).await;
    rig.mocks[0].push(Raw::new(429).header("retry-after", "300").body("{}"));
    rig.say(&[]).await;
    rig.reload(&pool(
        "round_robin",
        "  - {key: k-z1}\n  - {key: k-z2}\n  - {key: k-z3}\n",
    ));
    let answer = rig.say(&[]).await;
    assert_eq!(answer.header("x-cc-relay-keys-total"), Some("3"));
    assert_eq!(answer.header("x-cc-relay-keys-available"), Some("2"));
}

#[test]
fn an_id_shows_nothing_of_the_key() {
    assert_eq!(KeyId::of("k-z1").to_string(), "e769bdd5");
}

#[tokio::test]
async fn a_refused_key_beside_a_limited_one_leaves_the_other_provider() {
    let keys = "keys: [{key: a, priority: 2}, {key: b}]\npriority: 2";
    let text = format!(
        "routing:\n  debug: true\nproviders:\n{}{}",
        zai("u1", keys),
        zai("u2", "")
    );
    let rig = rig(2, &text).await;
    rig.mocks[0].push(Raw::new(429).body("{}"));
    rig.mocks[0].push(Raw::new(401).body("{}"));
    assert_eq!(rig.who().await, "u2");
    assert_eq!(rig.received(), [2, 1]);
}

#[tokio::test]
async fn keys_without_money_are_told_so() {
    let rig = keys("round_robin", TWO).await;
    for _ in 0..2 {
        rig.mocks[0].push(Raw::new(402).body("no money"));
    }
    let answer = rig.say(&[]).await;
    assert_eq!((answer.status, &answer.body[..]), (402, &b"no money"[..]));
    assert_eq!(answer.header("retry-after"), None);
    assert_eq!(rig.received(), [2]);
    assert_eq!(limited(&rig.say(&[]).await), 30, "both are left alone");
}

#[tokio::test]
async fn a_wait_that_only_the_body_names_is_kept() {
    for body in [
        r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":
            "type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]}}"#,
        r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":37}}"#,
    ] {
        let rig = keys("round_robin", "  - {key: a}\n").await;
        rig.mocks[0].push(Raw::new(429).body(body));
        let answer = rig.say(&[]).await;
        assert_eq!((answer.status, &answer.body[..]), (429, body.as_bytes()));
        assert_eq!(limited(&rig.say(&[]).await), 37);
        assert_eq!(rig.received(), [1]);
    }
}

#[tokio::test]
async fn a_key_is_told_of_an_answer_that_failed_too() {
    let rig = keys("round_robin", TWO).await;
    for _ in 0..2 {
        rig.mocks[0].push(Raw::new(429).header("retry-after", "9").body("{}"));
    }
    let answer = rig.say(&[]).await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("x-cc-relay-key-id").is_some());
    assert_eq!(answer.header("x-cc-relay-keys-total"), Some("2"));
}

#[tokio::test]
async fn cookies_go_with_a_clients_own_credential_only() {
    for (credentials, cookie) in [("always", Some("session=s")), ("never", None)] {
        let more = format!("client_credentials: {credentials}");
        let text = format!("providers:\n{}", zai("u1", &more));
        let rig = rig(1, &text).await;
        rig.say(&["x-api-key: own", "cookie: session=s"]).await;
        assert_eq!(rig.mocks[0].received()[0].header("cookie"), cookie);
    }
}

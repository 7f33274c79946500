//! What is read of those who steer, and what they are shown.

use serde_json::json;

use super::*;
use crate::keys::{KeyPool, SteerError as KeyError};
use crate::route::breaker::{self, State};
use crate::route::latency;
use crate::secret::Secret;
use crate::settings::{KeyStrategy, Provider, ProviderKind};

fn field(json: &str) -> (String, String) {
    match read_key(json.as_bytes()) {
        Err(SteerError::Invalid { field, message }) => (field, message),
        other => panic!("{json}: {other:?}"),
    }
}

#[test]
fn a_key_is_read_with_all_that_the_file_can_say_of_one() {
    let json = r#"{"key": " sk-1 ", "name": "spare", "rpm_limit": 5, "itpm_limit": 6,
        "otpm_limit": 0, "priority": 2, "weight": 3}"#;
    let key = read_key(json.as_bytes()).unwrap();
    let expected = Key {
        name: Some("spare".to_owned()),
        rpm_limit: Some(5),
        itpm_limit: Some(6),
        priority: 2,
        weight: 3,
        ..Key::new(Secret::new("sk-1"))
    };
    assert_eq!(key, expected);
    let plain = read_key(br#"{"key": "sk-1", "name": null, "weight": null}"#).unwrap();
    assert_eq!(plain, Key::new(Secret::new("sk-1")));
}

#[test]
fn what_is_wrong_with_a_key_names_the_field_and_never_the_credential() {
    let long = format!(r#"{{"key": "{}"}}"#, "k".repeat(MAX_KEY_BYTES + 1));
    let name = format!(r#"{{"key": "k", "name": "{}"}}"#, "n".repeat(65));
    for (json, expected) in [
        ("", "body"),
        ("[]", "body"),
        (r#"{"key": "hunter2", "name": "#, "body"),
        ("{}", "key"),
        (r#"{"key": null}"#, "key"),
        (r#"{"key": ["hunter2"]}"#, "key"),
        (r#"{"key": "  "}"#, "key"),
        (r#"{"key": "hunter2 hunter2"}"#, "key"),
        (r#"{"key": "hunter2\u0000"}"#, "key"),
        (r#"{"key": "hunter2é"}"#, "key"),
        (&long, "key"),
        (&name, "name"),
        (r#"{"key": "hunter2", "name": 7}"#, "name"),
        (r#"{"key": "hunter2", "name": "a\nb"}"#, "name"),
        (r#"{"key": "hunter2", "rpm_limit": -1}"#, "rpm_limit"),
        (r#"{"key": "hunter2", "itpm_limit": "9"}"#, "itpm_limit"),
        (r#"{"key": "hunter2", "otpm_limit": 1.5}"#, "otpm_limit"),
        (r#"{"key": "hunter2", "priority": 3}"#, "priority"),
        (r#"{"key": "hunter2", "priority": 300}"#, "priority"),
        (r#"{"key": "hunter2", "weight": 0}"#, "weight"),
        (r#"{"key": "hunter2", "wieght": 1}"#, "wieght"),
    ] {
        let (field, message) = field(json);
        assert_eq!(field, expected, "{message}");
        assert!(message.starts_with(&format!("`{expected}`: ")), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_strategy_is_read_by_its_word_and_others_are_told_them_all() {
    for strategy in Strategy::ALL {
        let json = json!({ "strategy": strategy.as_str() }).to_string();
        assert_eq!(read_strategy(json.as_bytes()), Ok(strategy));
    }
    for json in [
        r#"{"strategy": "fastest"}"#,
        r#"{"strategy": 1}"#,
        "{}",
        r#"{"strategy": "failover", "x": 1}"#,
        "failover",
    ] {
        assert!(matches!(
            read_strategy(json.as_bytes()),
            Err(SteerError::Invalid { .. })
        ));
    }
    let message = read_strategy(br#"{"strategy": "fastest"}"#).unwrap_err();
    let message = message.to_string();
    assert!(message.contains("`fastest`") && message.contains("latency_based"));
}

#[test]
fn refusals_of_a_pool_keep_their_meaning() {
    let of = |error| SteerError::of_key("u1", "spare", error);
    assert!(matches!(of(KeyError::Unknown), SteerError::NotFound(_)));
    for error in [KeyError::Ambiguous, KeyError::Duplicate, KeyError::Full] {
        assert!(matches!(of(error), SteerError::Conflict(_)));
    }
    assert!(matches!(of(KeyError::Empty), SteerError::Invalid { field, .. } if field == "key"));
    assert!(of(KeyError::Unknown).to_string().contains("`spare`"));
}

fn counts(total: usize, enabled: usize, available: usize) -> KeyCounts {
    KeyCounts {
        total,
        enabled,
        available,
    }
}

#[test]
fn a_providers_status_follows_from_its_switch_its_breaker_and_its_keys() {
    for (enabled, breaker, keys, expected) in [
        (
            true,
            State::Closed,
            counts(0, 0, 0),
            ProviderStatus::Healthy,
        ),
        (
            true,
            State::Closed,
            counts(2, 2, 2),
            ProviderStatus::Healthy,
        ),
        (
            true,
            State::Closed,
            counts(2, 1, 1),
            ProviderStatus::Healthy,
        ),
        (
            true,
            State::Closed,
            counts(2, 2, 1),
            ProviderStatus::Degraded,
        ),
        (
            true,
            State::HalfOpen,
            counts(0, 0, 0),
            ProviderStatus::Degraded,
        ),
        (
            true,
            State::Open,
            counts(2, 2, 2),
            ProviderStatus::Unhealthy,
        ),
        (
            true,
            State::Closed,
            counts(2, 2, 0),
            ProviderStatus::Unhealthy,
        ),
        (
            true,
            State::Closed,
            counts(1, 0, 0),
            ProviderStatus::Unhealthy,
        ),
        (
            false,
            State::Open,
            counts(1, 1, 1),
            ProviderStatus::Disabled,
        ),
    ] {
        let found = ProviderStatus::of(enabled, breaker, keys);
        assert_eq!(found, expected, "{enabled} {breaker} {keys:?}");
    }
}

fn view(name: &str) -> ProviderView {
    let base = "http://user:hunter2@127.0.0.1:9801/pre/".parse().unwrap();
    let mut provider = Provider::new(name, ProviderKind::Zai, base);
    provider.keys = vec![Key::new(Secret::new("k-z1"))];
    let pool = KeyPool::new(&provider.keys, KeyStrategy::default());
    let now = crate::clock::Now { ms: 0, unix_ms: 0 };
    let condition = Condition {
        enabled: true,
        breaker: breaker::View {
            state: State::Closed,
            failures: 0,
            until: None,
            opened: 0,
            told_by: None,
        },
        in_flight: 1,
        requests: Requests {
            total: 10,
            succeeded: 7,
            failed: 2,
        },
        latency: latency::View::default(),
        tokens: Tokens {
            input: 100,
            output: 20,
        },
    };
    ProviderView::new(&provider, condition, pool.views(now))
}

#[test]
fn a_provider_is_shown_with_its_words_and_without_its_secrets() {
    let json = serde_json::to_value(view("u1")).unwrap();
    for (name, expected) in [
        ("name", json!("u1")),
        ("type", json!("zai")),
        ("owner", json!("zhipu")),
        ("base_url", json!("http://127.0.0.1:9801/pre")),
        ("dialects", json!(["anthropic_messages"])),
        ("status", json!("healthy")),
        (
            "requests",
            json!({"total": 10, "succeeded": 7, "failed": 2}),
        ),
        ("tokens", json!({"input": 100, "output": 20})),
    ] {
        assert_eq!(json[name], expected);
    }
    assert_eq!(json["breaker"]["state"], "closed");
    assert_eq!(json["keys"][0]["id"], "e769bdd5");
    let text = json.to_string();
    assert!(
        !text.contains("k-z1") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn the_figures_are_the_sums_of_the_providers() {
    let stats = Stats::new("1.2.3", Strategy::Shuffle, &[view("u1"), view("u2")]);
    assert_eq!(stats.requests.total, 20);
    assert_eq!(stats.requests.failed, 4);
    assert_eq!(stats.tokens.output, 40);
    let json = serde_json::to_value(stats).unwrap();
    assert_eq!(json["strategy"], "shuffle");
    assert_eq!(json["providers"][1]["name"], "u2");
    assert_eq!(
        json["providers"][1]["keys"],
        json!({"total": 1, "enabled": 1, "available": 1})
    );
}

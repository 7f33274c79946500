//! What people are shown of providers.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::*;

fn here() -> Here {
    Here {
        now_ms: 1_795_268_220_000,
        zone: TimeZone::UTC,
    }
}

fn provider(name: &str) -> Value {
    json!({
        "name": name, "type": "anthropic", "base_url": "https://api.anthropic.com",
        "dialects": ["anthropic_messages"], "models": [], "enabled": true,
        "status": "degraded",
        "breaker": {"state": "half-open", "failures": 5, "until": null, "opened": 2},
        "in_flight": 3, "requests": {"total": 1234, "succeeded": 1200, "failed": 31},
        "latency": {"ewma": 410.0, "p50": 430.2, "p95": 1234.5, "p99": null},
        "tokens": {"input": 5_000_000, "output": 70_000}, "weight": 2, "priority": 1,
        "keys": [
            {"id": "e769bdd5", "name": "spare", "status": "healthy", "capacity": 62,
                "requests": 7, "windows": [{"window": "5h", "used": 0.38,
                "spent_at": here().now_ms + 1_980_000, "resets_at": null}]},
            {"id": "3cd48219", "name": null, "status": "disabled", "capacity": 100},
        ],
    })
}

fn read(json: Value) -> seen::Provider {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_list_has_a_line_for_each() {
    let quiet = json!({"name": "local", "type": "ollama", "status": "healthy",
        "breaker": {"state": "closed"}});
    let text = list(&[read(provider("main")), read(quiet)]);
    let expected = "\
NAME   TYPE       STATUS    BREAKER    NOW  REQS  FAILED    P50   P95  KEYS
main   anthropic  degraded  half-open    3  1234      31  430ms  1.2s   1/2
local  ollama     healthy                0     0       0      -     -     -";
    let expected = expected.replace("healthy                0", "healthy   closed       0");
    assert_eq!(text, expected);
}

#[test]
fn a_list_fits_whatever_providers_are_called() {
    let text = list(&[read(provider(&"very-long-".repeat(9)))]);
    for line in text.lines() {
        assert!(line.width() <= 80, "{line}");
    }
}

#[test]
fn one_is_shown_with_its_keys_and_what_is_to_be_said_of_them() {
    let mut told = provider("main");
    told["breaker"]["told_by"] = "weir-a:3001".into();
    let text = show(&read(told), &here());
    let by = "half-open by the word of weir-a:3001, 5 failures";
    assert!(text.contains(by), "{text}");
    let text = show(&read(provider("main")), &here());
    for part in [
        "main\n  type        anthropic",
        "models      as the upstream says",
        "breaker     half-open, 5 failures in a row, opened 2 times",
        "requests    1234 in all, 1200 succeeded, 31 failed, 3 under way",
        "first byte  p50 430ms, p95 1.2s, p99 -",
        "tokens      5000000 in, 70000 out",
        "e769bdd5  spare  healthy    62%     7  5h 38%, spent 14:10",
        "3cd48219  -      disabled  100%     0  switched off",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

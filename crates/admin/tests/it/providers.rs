//! Providers: seen, switched, reset.

use http::StatusCode;
use serde_json::json;

use crate::calls::Api;
use crate::fake::NOW;

#[tokio::test]
async fn providers_are_listed_with_health_figures_and_keys() {
    let api = Api::open();
    let got = api.get("/api/providers").await;
    assert_eq!(got.status, StatusCode::OK);
    let list = got.json["providers"].as_array().unwrap();
    let names: Vec<_> = list.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["u1", "u 2/x", "cloud"]);
    let first = &list[0];
    for (field, expected) in [
        ("type", json!("zai")),
        ("owner", json!("zhipu")),
        ("base_url", json!("http://127.0.0.1:9801")),
        ("dialects", json!(["anthropic_messages"])),
        ("models", json!(["GLM-5", "GLM-4.7", "GLM-4.5-Air"])),
        ("enabled", json!(true)),
        ("status", json!("healthy")),
        (
            "breaker",
            json!({"state": "closed", "failures": 0, "until": null, "opened": 0}),
        ),
        ("in_flight", json!(1)),
        (
            "requests",
            json!({"total": 10, "succeeded": 7, "failed": 2}),
        ),
        (
            "latency",
            json!({"ewma": 12.5, "p50": 11.0, "p95": 30.0, "p99": null}),
        ),
        ("tokens", json!({"input": 1000, "output": 200})),
        ("weight", json!(1)),
        ("priority", json!(0)),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    assert_eq!(first["keys"][0]["id"], "e769bdd5");
    assert_eq!(first["keys"][1]["name"], "spare");
    let text = got.json.to_string();
    for secret in ["k-z1", "k-t1", "hunter2"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_provider_is_found_by_its_name_whatever_is_in_it() {
    let api = Api::open();
    let got = api.get("/api/providers/u%202%2Fx").await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.json["name"], "u 2/x");
}

#[tokio::test]
async fn a_provider_is_switched_off_and_on_again() {
    let api = Api::open();
    for (action, status, enabled) in [
        ("disable", "disabled", false),
        ("disable", "disabled", false),
        ("enable", "healthy", true),
    ] {
        let got = api.post(&format!("/api/providers/u1/{action}"), "").await;
        assert_eq!(got.status, StatusCode::OK);
        assert_eq!(got.json["status"], status);
        assert_eq!(got.json["enabled"], enabled);
        let seen = api.get("/api/providers/u1").await.json;
        assert_eq!(seen["enabled"], enabled);
    }
    let other = api.get("/api/providers/cloud").await.json;
    assert_eq!(other["status"], "healthy");
}

#[tokio::test]
async fn a_reset_closes_the_breaker_and_ends_the_pauses_of_keys() {
    let api = Api::open();
    api.gateway.breaks("u1");
    api.gateway
        .answers("u1", "k-z1", 429, &[("retry-after", "30")]);
    let ill = api.get("/api/providers/u1").await.json;
    assert_eq!(ill["status"], "unhealthy");
    assert_eq!(ill["breaker"]["state"], "open");
    assert_eq!(ill["breaker"]["until"], NOW.unix_ms + 30_000);
    assert_eq!(ill["keys"][0]["status"], "rate_limited");

    let well = api.post("/api/providers/u1/reset", "").await;
    assert_eq!(well.status, StatusCode::OK);
    assert_eq!(well.json["status"], "healthy");
    assert_eq!(well.json["breaker"]["state"], "closed");
    assert_eq!(well.json["keys"][0]["status"], "healthy");
}

#[tokio::test]
async fn a_key_that_pauses_makes_its_provider_degraded() {
    let api = Api::open();
    api.gateway
        .answers("u1", "k-z1", 429, &[("retry-after", "30")]);
    let seen = api.get("/api/providers/u1").await.json;
    assert_eq!(seen["status"], "degraded");
}

#[tokio::test]
async fn what_is_not_there_is_a_404_that_says_what_there_is() {
    let api = Api::open();
    for path in [
        "/api/providers/u9/enable",
        "/api/providers/u9/disable",
        "/api/providers/u9/reset",
        "/api/providers/u9/keys/spare/reset",
    ] {
        let got = api.post(path, "").await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        let error = got.json["error"].as_str().unwrap();
        assert!(
            error.contains("`u9`") && error.contains("GET /api/providers"),
            "{error}"
        );
    }
    let got = api.get("/api/providers/u9").await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    let got = api.post("/api/providers/u1/explode", "").await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    let got = api.get("/api/providers/u1/enable").await;
    assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED);
}

//! Keys: added, removed, switched, reset, and what is to be expected of their quotas.

use http::{Method, StatusCode};
use serde_json::json;
use weir_core::keys::KeyId;

use crate::calls::Api;
use crate::fake::NOW;

#[tokio::test]
async fn a_key_is_added_with_its_limits_and_shown_without_its_secret() {
    let api = Api::open();
    let body =
        json!({"key": "k-new", "name": "night", "rpm_limit": 60, "priority": 2, "weight": 4});
    let got = api.post("/api/providers/u1/keys", &body.to_string()).await;
    assert_eq!(got.status, StatusCode::CREATED);
    assert_eq!(got.json["id"], KeyId::of("k-new").to_string());
    for (field, expected) in [
        ("name", json!("night")),
        ("status", json!("healthy")),
        ("added", json!(true)),
        ("priority", json!(2)),
        ("weight", json!(4)),
    ] {
        assert_eq!(got.json[field], expected, "{field}");
    }
    assert_eq!(got.json["rpm"]["limit"], 60);
    assert!(!got.json.to_string().contains("k-new"));
    let seen = api.get("/api/providers/u1").await.json;
    assert_eq!(seen["keys"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_key_that_cannot_be_added_is_refused_with_the_field_or_the_reason() {
    let api = Api::open();
    let refused = async |provider: &str, body: &str| {
        let path = format!("/api/providers/{provider}/keys");
        api.post(&path, body).await
    };
    let bad = refused("u1", r#"{"key": "k-new", "weight": 0}"#).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert_eq!(bad.json["field"], "weight");
    let bad = refused("u1", "key=k-new").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert_eq!(bad.json["field"], "body");

    let twice = refused("u1", r#"{"key": "k-z1"}"#).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(!twice.json.to_string().contains("k-z1"));
    let cloud = refused("cloud", r#"{"key": "k-new"}"#).await;
    assert_eq!(cloud.status, StatusCode::CONFLICT);
    let nobody = refused("u9", r#"{"key": "k-new"}"#).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);

    let long = format!(r#"{{"key": "{}"}}"#, "k".repeat(20_000));
    let large = refused("u1", &long).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.json["error"].as_str().unwrap().contains("16384"));
}

#[tokio::test]
async fn a_key_is_removed_by_its_name_or_its_id() {
    let api = Api::open();
    for called in ["spare", "E769BDD5"] {
        let path = format!("/api/providers/u1/keys/{called}");
        let got = api.call(Method::DELETE, &path, &[], "").await;
        assert_eq!(got.status, StatusCode::OK);
        assert_eq!(got.json["removed"], true);
        assert_eq!(got.json["provider"], "u1");
        let again = api.call(Method::DELETE, &path, &[], "").await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }
    let seen = api.get("/api/providers/u1").await.json;
    assert_eq!(seen["keys"], json!([]));
}

#[tokio::test]
async fn a_key_is_switched_and_reset() {
    let api = Api::open();
    api.gateway
        .answers("u1", "k-z2", 429, &[("retry-after", "30")]);
    for (action, status) in [
        ("disable", "disabled"),
        ("enable", "rate_limited"),
        ("reset", "healthy"),
    ] {
        let path = format!("/api/providers/u1/keys/spare/{action}");
        let got = api.post(&path, "").await;
        assert_eq!(got.status, StatusCode::OK);
        assert_eq!(got.json["status"], status);
        assert_eq!(got.json["id"], KeyId::of("k-z2").to_string());
    }
    let unknown = api.post("/api/providers/u1/keys/nothing/reset", "").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let error = unknown.json["error"].as_str().unwrap();
    assert!(error.contains("`nothing`"), "{error}");
}

#[tokio::test]
async fn a_name_that_two_keys_have_is_a_conflict() {
    let api = Api::open();
    let path = "/api/providers/u%202%2Fx/keys/twin";
    for got in [
        api.post(&format!("{path}/disable"), "").await,
        api.call(Method::DELETE, path, &[], "").await,
    ] {
        assert_eq!(got.status, StatusCode::CONFLICT);
        assert!(got.json["error"].as_str().unwrap().contains("say its id"));
    }
}

#[tokio::test]
async fn the_quota_of_each_key_is_told_with_its_forecast() {
    let api = Api::open();
    // Three hours into the five, at 90 percent: spent 20 minutes from now.
    let reset = ((NOW.unix_ms + 2 * 3_600_000) / 1_000).to_string();
    api.gateway.answers(
        "u1",
        "k-z1",
        200,
        &[
            ("anthropic-organization-id", "org-1"),
            ("anthropic-ratelimit-unified-status", "allowed_warning"),
            ("anthropic-ratelimit-unified-5h-utilization", "0.9"),
            ("anthropic-ratelimit-unified-5h-reset", &reset),
        ],
    );
    let quota = api.get("/api/quota").await.json;
    assert!(quota["timestamp_ms"].is_i64());
    let keys = quota["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 4, "{quota}");
    let first = &keys[0];
    assert_eq!(first["provider"], "u1");
    assert_eq!(first["key"], "e769bdd5");
    assert_eq!(first["organization_id"], "org-1");
    assert_eq!(first["short"], true);
    let window = &first["windows"][0];
    assert_eq!(window["window"], "5h");
    assert_eq!(window["used"], 0.9);
    assert_eq!(window["resets_at"], NOW.unix_ms + 2 * 3_600_000);
    let spent_in = window["spent_at"].as_i64().unwrap() - NOW.unix_ms;
    assert_eq!((spent_in + 500) / 1_000, 20 * 60);
    assert_eq!(first["spent_at"], window["spent_at"]);
    assert_eq!(keys[1]["windows"], json!([]));
}

//! The strategy and the configuration.

use http::{Method, StatusCode};
use serde_json::json;
use weir_core::settings::Strategy;
use weir_core::steer::{Reloaded, Steering as _};

use crate::calls::Api;

const STRATEGY: &str = "/api/routing/strategy";

#[tokio::test]
async fn the_strategy_is_told_and_set() {
    let api = Api::open();
    let got = api.get(STRATEGY).await.json;
    assert_eq!(got["strategy"], "failover");
    assert_eq!(got["strategies"].as_array().unwrap().len(), 9);
    let body = r#"{"strategy": "least_loaded"}"#;
    let set = api.call(Method::PUT, STRATEGY, &[], body).await;
    assert_eq!(set.status, StatusCode::OK);
    assert_eq!(set.json["strategy"], "least_loaded");
    assert_eq!(api.gateway.strategy(), Strategy::LeastLoaded);
}

#[tokio::test]
async fn a_strategy_that_cannot_be_is_refused() {
    let api = Api::open();
    let set = async |body: &str| api.call(Method::PUT, STRATEGY, &[], body).await;
    let bad = set(r#"{"strategy": "fastest"}"#).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert_eq!(bad.json["field"], "strategy");
    assert!(bad.json["error"].as_str().unwrap().contains("round_robin"));
    let lacking = set(r#"{"strategy": "model_based"}"#).await;
    assert_eq!(lacking.status, StatusCode::CONFLICT);
    assert_eq!(api.gateway.strategy(), Strategy::Failover);
}

#[tokio::test]
async fn a_reload_tells_what_it_changed() {
    let api = Api::open();
    *api.gateway.next_reload.lock() = Ok(Reloaded {
        changed: vec!["routing.strategy".to_owned(), "server.port".to_owned()],
        needs_restart: vec!["server.port".to_owned()],
        warnings: vec!["odd".to_owned()],
    });
    let got = api.post("/api/config/reload", "").await;
    assert_eq!(got.status, StatusCode::OK);
    let expected = json!({
        "changed": ["routing.strategy", "server.port"],
        "needs_restart": ["server.port"],
        "warnings": ["odd"],
    });
    assert_eq!(got.json, expected);
}

#[tokio::test]
async fn a_bad_configuration_is_told_fault_by_fault() {
    let api = Api::open();
    let faults = vec!["weir.yaml:2: a".to_owned(), "weir.yaml:3: b".to_owned()];
    *api.gateway.next_reload.lock() = Err(faults.clone());
    let got = api.post("/api/config/reload", "").await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(got.json["faults"], json!(faults));
    let error = got.json["error"].as_str().unwrap();
    assert!(error.contains("nothing has changed"), "{error}");
}

#[tokio::test]
async fn every_setting_is_told_with_its_origin() {
    let api = Api::open();
    let got = api.get("/api/config/effective").await.json;
    let expected = json!([
        {"path": "server.port", "value": "3001", "source": "file", "live": false, "line": 4},
        {"path": "auth.token", "value": "***", "source": "environment", "live": true,
            "variable": "AUTH_TOKEN"},
        {"path": "routing.strategy", "value": "shuffle", "source": "command_line", "live": true},
        {"path": "dashboard.password", "value": null, "source": "default", "live": true},
    ]);
    assert_eq!(got["settings"], expected);
}

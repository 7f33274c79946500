//! The figures, once and every second.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::calls::Api;
use crate::fake::NOW;

const STREAM: &str = "/api/stats/stream";

async fn next(body: &mut Body) -> Value {
    let frame = tokio::time::timeout(Duration::from_secs(30), body.frame());
    let frame = frame.await.expect("an event in time").unwrap().unwrap();
    let text = String::from_utf8(frame.into_data().unwrap().into()).unwrap();
    let data = text.strip_prefix("event: stats\ndata: ").unwrap();
    serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap()
}

#[tokio::test]
async fn the_figures_sum_up_the_providers() {
    let api = Api::open();
    api.gateway.breaks("cloud");
    let stats = api.get("/api/stats").await.json;
    assert_eq!(stats["version"], "9.9.9");
    assert_eq!(stats["timestamp_ms"], NOW.unix_ms);
    assert_eq!(stats["strategy"], "failover");
    assert_eq!(stats["active"], 3);
    assert_eq!(stats["requests"]["total"], 30);
    assert_eq!(stats["tokens"]["output"], 600);
    assert_eq!(stats["providers"][0]["keys"]["available"], 2);
    assert_eq!(stats["providers"][2]["breaker"], "open");
    assert_eq!(stats["providers"][2]["status"], "unhealthy");
}

#[tokio::test]
async fn figures_come_at_once_and_then_every_second() {
    let api = Api::open();
    let response = api.ask(Method::GET, STREAM, &[], "").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let since = Instant::now();
    let first = next(&mut body).await;
    let second = next(&mut body).await;
    let third = next(&mut body).await;
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(1_900), "{took:?}");
    assert_eq!(first["providers"].as_array().unwrap().len(), 3);
    assert_ne!(first["uptime_ms"], second["uptime_ms"]);
    assert_ne!(second["uptime_ms"], third["uptime_ms"]);
}

#[tokio::test]
async fn followers_share_what_was_taken_and_their_number_is_bounded() {
    let api = Api::open();
    let mut bodies = Vec::new();
    for _ in 0..64 {
        let mut body = api.ask(Method::GET, STREAM, &[], "").await.into_body();
        next(&mut body).await;
        bodies.push(body);
    }
    let asked = api.gateway.asked.load(Ordering::Relaxed);
    assert!(asked < 64, "{asked}");
    let refused = api.call(Method::GET, STREAM, &[], "").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    bodies.pop();
    let again = api.ask(Method::GET, STREAM, &[], "").await;
    assert_eq!(again.status(), StatusCode::OK);
}

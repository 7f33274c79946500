//! Health, drain, signals.

use std::time::Instant;

use http::Method;
use http_body_util::BodyExt as _;
use serde_json::json;
use weir_mock::{Gate, Raw};

use crate::program::{Program, eventually, start, within};

/// Begins a stream that stays open until the gate is opened.
async fn hold(weir: &Program, gate: &Gate) -> hyper::body::Incoming {
    weir.mock.push(
        Raw::new(200)
            .piece("data: 1\n\n")
            .pause(gate)
            .piece("data: 2\n\n"),
    );
    let body = json!({"model": "m", "messages": []}).to_string();
    let response = weir.open(Method::POST, "/v1/messages", &[], body).await;
    assert_eq!(response.status(), 200);
    response.into_body()
}

#[tokio::test]
async fn health_and_livez_tell_of_running_requests() {
    let weir = start(&[]).await;
    let health = weir.get("/health").await;
    assert_eq!(
        (health.status.as_u16(), &health.json()["status"]),
        (200, &json!("healthy"))
    );
    let gate = Gate::new();
    let stream = hold(&weir, &gate).await;
    weir.get("/api/requests").await;
    let livez = weir.get("/livez").await.json();
    assert_eq!(
        (&livez["in_flight"], &livez["draining"]),
        (&json!(1), &json!(false))
    );
    gate.open();
    within(stream.collect()).await.unwrap();
    eventually(async || (weir.get("/livez").await.json()["in_flight"] == 0).then_some(())).await;
}

#[tokio::test]
async fn a_drain_lets_streams_finish_and_still_serves() {
    let mut weir = start(&[]).await;
    let gate = Gate::new();
    let stream = hold(&weir, &gate).await;
    weir.signal("TERM");
    let health = eventually(async || {
        let health = weir.get("/health").await;
        (health.status == 503).then_some(health)
    })
    .await;
    assert_eq!(health.json()["status"], "draining");
    let livez = weir.get("/livez").await;
    assert_eq!(
        (livez.status.as_u16(), &livez.json()["draining"]),
        (200, &json!(true))
    );
    let status = weir.run(&["status"]).await;
    assert_eq!(status.status.code(), Some(1));
    let said = String::from_utf8(status.stdout).unwrap();
    let leaving = format!("✗ weir at {}: draining\n", weir.url);
    assert!(said.starts_with(&leaving), "{said}");
    let late = weir
        .message(&[], &json!({"model": "m", "messages": []}))
        .await;
    assert_ne!(late.status, 503, "only the balancer stops sending");
    gate.open();
    let all = within(stream.collect()).await.unwrap().to_bytes();
    assert_eq!(all, "data: 1\n\ndata: 2\n\n");
    let finished = Instant::now();
    assert!(weir.exit().await.success());
    assert!(finished.elapsed().as_secs() < 2, "{:?}", finished.elapsed());
}

#[tokio::test]
async fn the_drains_ceiling_cuts_off_what_hangs() {
    let mut weir = start(&[("server.drain_timeout", "1s")]).await;
    let gate = Gate::new();
    let _stream = hold(&weir, &gate).await;
    let asked = Instant::now();
    weir.signal("TERM");
    assert!(!weir.exit().await.success());
    assert!(
        (1..5).contains(&asked.elapsed().as_secs()),
        "{:?}",
        asked.elapsed()
    );
    assert!(weir.log().contains("ceiling"), "{}", weir.log());
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let mut weir = start(&[]).await;
    let gate = Gate::new();
    let _stream = hold(&weir, &gate).await;
    weir.signal("INT");
    eventually(async || (weir.get("/health").await.status == 503).then_some(())).await;
    weir.signal("INT");
    assert!(!weir.exit().await.success());
}

#[tokio::test]
async fn a_hangup_reads_the_configuration_again() {
    let weir = start(&[]).await;
    let file = weir.folder.path().join("weir.yaml");
    let write_and_signal = |text: &str| {
        std::fs::write(&file, text).unwrap();
        weir.signal("HUP");
    };
    write_and_signal("server:\n  max_concurrent: 1\n");
    eventually(async || weir.log().contains("config file reloaded").then_some(())).await;
    let gate = Gate::new();
    let stream = hold(&weir, &gate).await;
    let refused = weir
        .message(&[], &json!({"model": "m", "messages": []}))
        .await;
    assert_eq!(refused.status, 503);
    write_and_signal("server:\n  max_concurent: 5\n");
    eventually(async || weir.log().contains("nothing changes").then_some(())).await;
    assert!(weir.log().contains("max_concurent"));
    write_and_signal("server:\n  max_concurrent: 0\n");
    eventually(async || {
        let got = weir
            .message(&[], &json!({"model": "m", "messages": []}))
            .await;
        (got.status != 503).then_some(())
    })
    .await;
    gate.open();
    within(stream.collect()).await.unwrap();
}

#[tokio::test]
async fn health_is_told_without_a_password_and_fails_where_nobody_answers() {
    let mut weir = start(&[("dashboard.password", "hunter22-hunter22")]).await;
    let lives = weir.run(&["health"]).await;
    assert!(lives.status.success(), "{lives:?}");
    weir.signal("TERM");
    weir.exit().await;
    let gone = weir.run(&["health"]).await;
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
    assert!(gone.stdout.is_empty(), "{gone:?}");
}

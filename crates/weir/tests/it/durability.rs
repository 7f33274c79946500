//! What survives: a killed process, a store that fails.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_mock::{Gate, Raw};

use crate::program::{Program, eventually, start, within};

fn message(number: usize) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": format!("message {number}")}]})
}

#[tokio::test]
async fn what_was_open_when_the_process_died_is_marked_so() {
    let mut weir = start(&[]).await;
    let gate = Gate::new();
    weir.mock
        .push(Raw::new(200).piece("{").pause(&gate).piece("}"));
    let body = message(1).to_string();
    let stream = weir
        .open(http::Method::POST, "/v1/messages", &[], body)
        .await;
    eventually(async || (weir.get("/api/requests").await.json()["total"] == 1).then_some(())).await;
    weir.kill_and_restart(&[]);
    drop(stream);
    let list = weir.get("/api/requests/summary").await.json();
    assert_eq!(list["requests"][0]["state"], "interrupted");
}

/// Sends messages one after another until the gateway is gone; returns when each was answered.
async fn load(url: String, from: usize) -> Vec<(usize, Instant)> {
    use http_body_util::{BodyExt as _, Full};
    let mut answered = Vec::new();
    let Ok(stream) = tokio::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).await
    else {
        return answered;
    };
    let io = hyper_util::rt::TokioIo::new(stream);
    let Ok((mut sender, connection)) = hyper::client::conn::http1::handshake(io).await else {
        return answered;
    };
    tokio::spawn(connection);
    for number in from.. {
        let request = http::Request::post("/v1/messages")
            .header("host", "localhost")
            .header("x-request-id", format!("load-{number}"))
            .body(Full::new(bytes::Bytes::from(message(number).to_string())))
            .unwrap();
        if sender.ready().await.is_err() {
            break;
        }
        let Ok(response) = sender.send_request(request).await else {
            break;
        };
        if response.into_body().collect().await.is_err() {
            break;
        }
        answered.push((number, Instant::now()));
        // A busy gateway, not a saturated one: past its capacity captures wait their turn.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    answered
}

/// A number from the environment of whoever runs the tests.
fn asked(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// How often the process is killed.
fn kills() -> u64 {
    asked("WEIR_KILLS", 5)
}

/// What may be lost: exchanges that ended this long before the kill. 100 ms is what weir promises
/// on a machine that has a processor for it; an unoptimised build on a busy one gets more.
fn grace() -> Duration {
    Duration::from_millis(asked("WEIR_KILL_GRACE_MS", 1000))
}

async fn assert_kept(weir: &Program, number: usize) {
    let row = weir.get(&format!("/api/requests/load-{number}")).await;
    assert_eq!(row.status, 200, "message {number} is lost");
    let row = row.json();
    assert_eq!(row["state"], "complete", "message {number}: {row}");
    assert_eq!(row["body"], message(number));
    assert!(row["response"]["body"].is_object(), "half-written: {row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_under_load_loses_nothing_that_had_ended_before() {
    let mut weir = start(&[]).await;
    let mut from = 0;
    for kill in 0..kills() {
        let loads: Vec<_> = (0..4)
            .map(|lane| tokio::spawn(load(weir.url.clone(), from + lane * 1_000_000)))
            .collect();
        // At a moment that differs each time: spread by a multiplicative hash.
        let moment = 150 + u64::try_from(grace().as_millis()).unwrap() + kill * 2_654_435_761 % 400;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let killed = Instant::now();
        weir.kill_and_restart(&[]);
        let mut checked = 0;
        for load in loads {
            for (number, at) in within(load).await.unwrap() {
                let before = killed.saturating_duration_since(at);
                if before < grace() {
                    continue;
                }
                checked += 1;
                // Each of the last before the limit, and a sample of the rest.
                if before < grace() + Duration::from_millis(30) || number % 37 == 0 {
                    assert_kept(&weir, number).await;
                }
            }
        }
        assert!(checked > 0, "the load reached the gateway");
        from += 10_000_000;
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_costs_captures_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    // A folder where the database should be.
    let path = folder.path().join("taken.db");
    std::fs::create_dir(&path).unwrap();
    let db = path.display().to_string();
    let weir = start(&[("storage.db_path", &db)]).await;
    for number in 0..20 {
        weir.mock.push(Raw::new(200).body("{}"));
        assert_eq!(weir.message(&[], &message(number)).await.status, 200);
    }
    let health = eventually(async || {
        let health = weir.get("/health").await;
        (health.json()["status"] == "degraded").then_some(health)
    })
    .await;
    assert_eq!(health.status, 200);
    assert!(
        health.json()["reason"]
            .as_str()
            .unwrap()
            .contains("taken.db")
    );
    assert_eq!(weir.get("/api/requests").await.status, 503);
    std::fs::remove_dir(&path).unwrap();
    eventually(async || {
        weir.mock.push(Raw::new(200).body("{}"));
        weir.message(&[], &message(99)).await;
        let list = weir.get("/api/requests").await;
        (list.status == 200 && list.json()["total"] != 0).then_some(())
    })
    .await;
    assert_eq!(
        weir.get("/health").await.json()["status"],
        "healthy",
        "capture resumes by itself"
    );
}

#[tokio::test]
async fn a_required_capture_makes_health_fail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken.db");
    std::fs::create_dir(&path).unwrap();
    let db = path.display().to_string();
    let weir = start(&[("storage.db_path", &db), ("capture.required", "true")]).await;
    eventually(async || (weir.get("/health").await.status == 503).then_some(())).await;
    weir.mock.push(Raw::new(200).body("{}"));
    assert_eq!(
        weir.message(&[], &message(0)).await.status,
        200,
        "proxying is untouched"
    );
}

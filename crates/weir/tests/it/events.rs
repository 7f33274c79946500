//! Events of the whole product: the log in a file, the stream of Redis, dispatchers of their own.

mod dispatched;
mod reloaded;

use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Value, json};
use weir_mock::Raw;

use crate::program::{Got, Program, eventually, small, start};

const SECRET: &str = "sk-ant-api03-very-secret-0123456789";

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is whole"))
        .collect()
}

/// Waits until the file has so many lines.
async fn written(path: &Path, count: usize) -> Vec<Value> {
    eventually(async || {
        let lines = lines(path);
        (lines.len() >= count).then_some(lines)
    })
    .await
}

const LOG: &str = "events.jsonl";

async fn logging(more: &[(&str, &str)]) -> (Program, PathBuf) {
    let mut settings = vec![("events.file", LOG)];
    settings.extend(more);
    let weir = start(&settings).await;
    let path = weir.folder.path().join(LOG);
    (weir, path)
}

async fn chat(weir: &Program, body: &Value) -> Got {
    let headers = [
        ("content-type", "application/json"),
        ("authorization", "Bearer k"),
    ];
    weir.send(
        Method::POST,
        "/v1/chat/completions",
        &headers,
        body.to_string(),
    )
    .await
}

fn asked(content: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": content}]})
}

fn ids(lines: &[Value]) -> Vec<String> {
    let id = |line: &Value| line["request_id"].as_str().unwrap().to_owned();
    let mut ids: Vec<_> = lines.iter().map(id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn one_call_is_one_line_under_the_id_that_the_client_got() {
    let (weir, path) = logging(&[("capture.enabled", "false")]).await;
    weir.mock.push(
        Raw::new(200)
            .header("content-type", "application/json")
            .header("set-cookie", "session=very-secret-0123456789")
            .body(r#"{"type":"message","id":"msg_9","role":"assistant","content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":3,"output_tokens":2},"stop_reason":"end_turn"}"#),
    );
    let headers = [("x-api-key", SECRET), ("x-request-id", "mine-1")];
    let got = weir.message(&headers, &small()).await;
    let line = written(&path, 1).await.remove(0);
    let id = got.headers["x-request-id"].to_str().unwrap();
    let ids = [&line["request_id"], &line["client_request_id"]];
    assert!(ids.iter().any(|told| **told == *id), "{id}: {line}");
    for (member, expected) in [
        ("method", json!("POST")),
        ("path", json!("/v1/messages")),
        ("status", json!(200)),
        ("outcome", json!("complete")),
        ("response_id", json!("msg_9")),
        ("stop_reason", json!("end_turn")),
        ("cached", json!(false)),
    ] {
        assert_eq!(line[member], expected, "{member} of {line}");
    }
    assert_eq!(line["request_body"], small());
    assert_eq!(line["response_body"]["content"][0]["text"], "hi");
    assert_eq!(line["token_usage"]["total"], 5);
    assert_eq!(line["token_usage"]["source"], "provider");
    let text = line.to_string();
    assert!(
        !text.contains("very-secret") && !text.contains("set-cookie"),
        "{text}"
    );
}

#[tokio::test]
async fn a_stream_without_usage_is_one_completion_with_counts_of_its_own() {
    let (weir, path) = logging(&[]).await;
    let chunk = |delta: Value, finish: Value| {
        let chunk = json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        format!("data: {chunk}\n\n")
    };
    weir.mock.push(
        Raw::new(200)
            .header("content-type", "text/event-stream")
            .piece(chunk(
                json!({"role": "assistant", "content": "Hello"}),
                Value::Null,
            ))
            .piece(chunk(json!({"content": ", world!"}), Value::Null))
            .piece(chunk(json!({}), json!("stop")))
            .piece("data: [DONE]\n\n"),
    );
    let mut body = asked("Say hello to the world.");
    body["stream"] = true.into();
    assert_eq!(chat(&weir, &body).await.status, 200);
    let line = written(&path, 1).await.remove(0);
    let choice = &line["response_body"]["choices"][0];
    assert_eq!(choice["message"]["content"], "Hello, world!");
    assert_eq!(choice["finish_reason"], "stop");
    let usage = json!({"input": 13, "output": 4, "total": 17, "source": "estimate"});
    assert_eq!(line["token_usage"], usage);
    assert_eq!(line["streamed"], true);
}

#[tokio::test]
async fn large_bodies_are_cut_in_the_event_and_whole_for_the_client() {
    let (weir, path) = logging(&[]).await;
    let long = "x".repeat(1 << 20);
    let answer =
        json!({"type": "message", "content": [{"type": "text", "text": long}]}).to_string();
    let came = Raw::new(200).header("content-type", "application/json");
    weir.mock.push(came.body(answer.clone()));
    let mut body = small();
    body["messages"][0]["content"] = long.clone().into();
    let got = weir.message(&[], &body).await;
    assert_eq!(got.text(), answer);
    assert_eq!(weir.mock.received()[0].json(), body);
    let line = written(&path, 1).await.remove(0);
    for (body, most) in [("request_body", 65_536), ("response_body", 262_144)] {
        assert_eq!(line[body].as_str().unwrap().len(), most);
        assert_eq!(line[format!("{body}_facts")]["truncated"], true);
    }
}

#[tokio::test]
async fn hits_of_the_cache_are_told_only_where_that_is_asked_for_and_refusals_are() {
    for (hits, expected) in [("false", 2), ("true", 3)] {
        let (weir, path) = logging(&[
            ("cache.enabled", "true"),
            ("events.cache_hits", hits),
            ("server.max_body_bytes", "4KiB"),
        ])
        .await;
        let opt_in = [("x-api-key", "k"), ("cache-control", "public, max-age=600")];
        for _ in 0..2 {
            assert_eq!(weir.message(&opt_in, &small()).await.status, 200);
        }
        let mut large = small();
        large["system"] = "x".repeat(8 << 10).into();
        assert_eq!(weir.message(&[], &large).await.status, 413);
        let lines = written(&path, expected).await;
        assert_eq!(lines.len(), expected);
        let cached: Vec<bool> = lines.iter().map(|line| line["cached"] == true).collect();
        assert_eq!(
            cached.iter().filter(|cached| **cached).count(),
            expected - 2
        );
        assert_eq!(lines[expected - 1]["status"], 413);
        assert_eq!(weir.mock.received().len(), 1);
    }
}

#[tokio::test]
async fn the_last_events_are_written_before_the_process_ends() {
    let (mut weir, path) = logging(&[
        ("events.sinks.slow.kind", "file"),
        ("events.sinks.slow.path", "slow.jsonl"),
        ("events.sinks.slow.flush_interval", "1h"),
    ])
    .await;
    for _ in 0..3 {
        weir.message(&[], &small()).await;
    }
    weir.signal("TERM");
    assert!(weir.exit().await.success());
    assert_eq!(lines(&path).len(), 3);
    assert_eq!(lines(&weir.folder.path().join("slow.jsonl")).len(), 3);
}

#[tokio::test]
async fn how_the_delivery_does_is_shown() {
    let weir = start(&[
        ("events.sinks.full.kind", "file"),
        ("events.sinks.full.path", "/dev/full"),
        ("events.sinks.full.retries", "0"),
        ("events.sinks.full.flush_interval", "10ms"),
    ])
    .await;
    weir.message(&[], &small()).await;
    let view = eventually(async || {
        let view = weir.get("/api/events").await.json();
        (view["sinks"][0]["dead"] == 1).then_some(view)
    })
    .await;
    assert_eq!((&view["bus"], &view["made"]), (&json!("memory"), &json!(1)));
    let sink = &view["sinks"][0];
    assert_eq!(
        (&sink["name"], &sink["delivered"]),
        (&json!("full"), &json!(0))
    );
    let letter = &sink["dead_letters"][0];
    assert!(
        letter["reason"]
            .as_str()
            .unwrap()
            .contains("cannot be written"),
        "{letter}"
    );
    assert!(letter["request_id"].is_string() && letter["request_body"].is_null());
    let metrics = weir.get("/metrics").await.text();
    for line in [
        "weir_events_dead_total{sink=\"full\"} 1",
        "weir_events_made_total 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

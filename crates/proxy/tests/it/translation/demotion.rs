//! Providers that are asked for a stream when the client wants none.

use serde_json::{Value, json};
use weir_mock::Raw;

use super::{chat_with, completion, messages, one, say, seen};
use crate::net::text;
use crate::rig::Rig;

const DEMOTES: &str = "    demote_nonstreaming: true\n";

async fn demoting() -> Rig {
    one("zai", "", DEMOTES).await
}

fn event(data: &Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap()
    )
}

fn start() -> Value {
    json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m1", "content": [],
        "stop_reason": null, "stop_sequence": null, "x_new": {"n": 1},
        "usage": {"input_tokens": 10, "output_tokens": 1},
    }})
}

fn words() -> [Value; 3] {
    [
        json!({"type": "content_block_start", "index": 0,
               "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0,
               "delta": {"type": "text_delta", "text": "hi"}}),
        json!({"type": "content_block_stop", "index": 0}),
    ]
}

fn end() -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
           "usage": {"output_tokens": 7}})
}

fn stream(events: &[Value]) -> Raw {
    let body: String = events.iter().map(event).collect();
    Raw::new(200)
        .header("content-type", "text/event-stream; charset=utf-8")
        .header("request-id", "req_1")
        .body(body)
}

fn whole(events: &[Value]) -> Vec<Value> {
    let mut all = vec![start()];
    all.extend(words());
    all.extend_from_slice(events);
    all
}

#[tokio::test]
async fn the_client_gets_the_message_that_the_stream_was() {
    let rig = demoting().await;
    rig.mocks[0].push(stream(&whole(&[end(), json!({"type": "message_stop"})])));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(seen(&rig)["stream"], true);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("request-id"), Some("req_1"));
    let expected = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m1",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn", "stop_sequence": null, "x_new": {"n": 1},
        "usage": {"input_tokens": 10, "output_tokens": 7},
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn the_rest_of_the_request_keeps_every_byte() {
    let rig = demoting().await;
    rig.mocks[0].push(stream(&whole(&[end()])));
    let body = br#"{"model":"m1","max_tokens":16 , "stream": false,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"a","input":{"n":9007199254740993}}]}]}"#;
    rig.send(&["Content-Type: application/json"], body).await;
    let expected = text(body).replace("false", "true");
    assert_eq!(text(&rig.mocks[0].received()[0].body), expected);
}

#[tokio::test]
async fn an_error_in_the_stream_has_its_status() {
    let rig = demoting().await;
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "later"}});
    let [open, delta, _] = words();
    rig.mocks[0].push(stream(&[start(), open, delta, error.clone()]));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.status, 529);
    assert_eq!(answer.json(), error);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_no_answer() {
    let rig = demoting().await;
    rig.mocks[0].push(stream(&whole(&[])));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["error"]["type"], "api_error");

    // Its last event may be missing once it has said why it ended.
    let rig = demoting().await;
    rig.mocks[0].push(stream(&whole(&[end()])));
    assert_eq!(say(&rig, &messages(json!({}))).await.status, 200);
}

#[tokio::test]
async fn nobody_is_asked_for_a_stream_unless_told_so() {
    let rig = one("zai", "", "").await;
    say(&rig, &messages(json!({}))).await;
    assert_eq!(seen(&rig).get("stream"), None);
}

#[tokio::test]
async fn other_providers_are_not_asked_so() {
    let rig = chat_with("", "").await;
    rig.mocks[0].push(completion(
        json!({"role": "assistant", "content": "hi"}),
        "stop",
    ));
    say(&rig, &messages(json!({}))).await;
    assert_ne!(seen(&rig)["stream"], true);
}

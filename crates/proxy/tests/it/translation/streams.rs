//! What a client of Messages gets of a provider of Chat as it comes.

use serde_json::{Value, json};
use weir_core::exchange::End;
use weir_mock::{Gate, Raw};

use super::{
    chat, chat_with, completion, counted, delta, events, finish, messages, names, said, say, seen,
    sse,
};
use crate::net::{Wire, post, text};
use crate::rig::rig;

fn streaming() -> Value {
    messages(json!({"stream": true}))
}

fn call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    json!({"index": index, "id": id, "type": "function",
           "function": {"name": name, "arguments": arguments}})
}

fn arguments(index: u64, arguments: &str) -> Value {
    json!({"index": index, "function": {"arguments": arguments}})
}

/// The stream that a client gets of these chunks and `[DONE]`.
async fn streamed(chunks: &[String]) -> Vec<Value> {
    let rig = chat().await;
    let mut lines: Vec<&str> = chunks.iter().map(String::as_str).collect();
    lines.push("[DONE]");
    rig.mocks[0].push(sse(&lines));
    let answer = say(&rig, &streaming()).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.whole);
    events(&answer)
}

/// The calls of a stream: id, name and input.
fn calls(events: &[Value]) -> Vec<(String, String, Value)> {
    let mut calls: Vec<(String, String, String)> = Vec::new();
    let mut open = None;
    for event in events {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(open, None, "one block at a time");
                open = index;
                let block = &event["content_block"];
                if block["type"] == "tool_use" {
                    let text = |name: &str| block[name].as_str().unwrap().to_owned();
                    calls.push((text("id"), text("name"), String::new()));
                }
            }
            "content_block_delta" => {
                assert_eq!(open, index, "no delta on a closed block");
                if let Some(json) = event["delta"]["partial_json"].as_str() {
                    calls.last_mut().unwrap().2.push_str(json);
                }
            }
            "content_block_stop" => {
                assert_eq!(open.take(), index);
            }
            _ => {}
        }
    }
    let parse = |json: String| match json.as_str() {
        "" => json!({}),
        json => serde_json::from_str(json).unwrap(),
    };
    let calls = calls.into_iter();
    calls
        .map(|(id, name, json)| (id, name, parse(json)))
        .collect()
}

#[tokio::test]
async fn text_and_two_calls_come_in_order() {
    let events = streamed(&[
        delta(json!({"role": "assistant", "content": "I "})),
        delta(json!({"content": "look"})),
        delta(json!({"tool_calls": [call(0, "t1", "a", "")]})),
        delta(json!({"tool_calls": [arguments(0, "{\"n\":")]})),
        delta(json!({"tool_calls": [arguments(0, "1}")]})),
        delta(json!({"tool_calls": [call(1, "t2", "b", "{}")]})),
        finish("tool_calls"),
        counted(100, 40, 7),
    ])
    .await;
    let block = [
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    ];
    let mut kinds = names(&events);
    kinds.dedup();
    let mut expected = vec!["message_start"];
    expected.extend(block);
    expected.extend(block);
    expected.extend(block);
    expected.extend(["message_delta", "message_stop"]);
    assert_eq!(kinds, expected);
    assert_eq!(said(&events), "I look");
    let expected = [
        ("t1".to_owned(), "a".to_owned(), json!({"n": 1})),
        ("t2".to_owned(), "b".to_owned(), json!({})),
    ];
    assert_eq!(calls(&events), expected);
    let end = events
        .iter()
        .find(|event| event["type"] == "message_delta")
        .unwrap();
    assert_eq!(end["delta"]["stop_reason"], "tool_use");
}

#[tokio::test]
async fn tokens_that_come_last_are_told_and_guessed_at_first() {
    let events = streamed(&[
        delta(json!({"role": "assistant", "content": "hi"})),
        finish("stop"),
        counted(100, 40, 7),
    ])
    .await;
    let start = &events[0]["message"];
    assert!(start["usage"]["input_tokens"].as_u64().unwrap() > 0);
    let end = events
        .iter()
        .find(|event| event["type"] == "message_delta")
        .unwrap();
    assert_eq!(end["usage"]["input_tokens"], 60);
    assert_eq!(end["usage"]["cache_read_input_tokens"], 40);
    assert_eq!(end["usage"]["output_tokens"], 7);
}

#[tokio::test]
async fn calls_in_pieces_of_every_kind_are_put_together() {
    let a1 = ("t1".to_owned(), "a".to_owned(), json!({"n": 1}));
    let b2 = ("t2".to_owned(), "b".to_owned(), json!({"m": 2}));
    let cases: [(&str, Vec<Value>); 5] = [
        (
            "arguments before the id",
            vec![
                json!([{"index": 0, "function": {"arguments": "{\"n\""}}]),
                json!([{"index": 0, "id": "t1", "function": {"name": "a", "arguments": ":1}"}}]),
                json!([call(1, "t2", "b", "{\"m\":2}")]),
            ],
        ),
        (
            "the same index for another id",
            vec![
                json!([call(0, "t1", "a", "{\"n\":1}")]),
                json!([call(0, "t2", "b", "{\"m\":")]),
                json!([arguments(0, "2}")]),
            ],
        ),
        (
            "pieces of two calls in turns",
            vec![
                json!([call(0, "t1", "a", ""), call(1, "t2", "b", "")]),
                json!([arguments(1, "{\"m\"")]),
                json!([arguments(0, "{\"n\"")]),
                json!([arguments(1, ":2}"), arguments(0, ":1}")]),
            ],
        ),
        (
            "whole calls in one chunk",
            vec![json!([
                call(0, "t1", "a", "{\"n\":1}"),
                call(1, "t2", "b", "{\"m\":2}")
            ])],
        ),
        (
            "arguments as an object",
            vec![json!([
                {"index": 0, "id": "t1", "function": {"name": "a", "arguments": {"n": 1}}},
                {"index": 1, "id": "t2", "function": {"name": "b", "arguments": {"m": 2}}},
            ])],
        ),
    ];
    for (what, deltas) in cases {
        let mut chunks: Vec<_> = deltas
            .into_iter()
            .map(|calls| delta(json!({"tool_calls": calls})))
            .collect();
        chunks.push(finish("tool_calls"));
        assert_eq!(
            calls(&streamed(&chunks).await),
            [a1.clone(), b2.clone()],
            "{what}"
        );
    }
}

#[tokio::test]
async fn each_reason_to_stop_has_its_counterpart() {
    for (reason, calls, expected) in [
        (json!("stop"), false, "end_turn"),
        (json!("length"), false, "max_tokens"),
        (json!("tool_calls"), true, "tool_use"),
        (json!("content_filter"), false, "refusal"),
        (json!("stop"), true, "tool_use"),
    ] {
        let mut chunks = vec![delta(json!({"role": "assistant", "content": "hm"}))];
        if calls {
            chunks.push(delta(json!({"tool_calls": [call(0, "t1", "a", "{}")]})));
        }
        chunks.push(finish(reason.as_str().unwrap()));
        let events = streamed(&chunks).await;
        let end = events
            .iter()
            .find(|event| event["type"] == "message_delta")
            .unwrap();
        assert_eq!(end["delta"]["stop_reason"], expected);
    }
}

#[tokio::test]
async fn a_stop_sequence_across_chunks_ends_the_text_before_it() {
    let rig = chat().await;
    let stops = json!(["A1", "A2", "A3", "A4", "\n\nEND", "FIN"]);
    let chunks = ["one ", "two\n", "\nE", "ND three"].map(|text| delta(json!({"content": text})));
    let mut lines: Vec<&str> = chunks.iter().map(String::as_str).collect();
    let end = finish("stop");
    lines.extend([end.as_str(), "[DONE]"]);
    rig.mocks[0].push(sse(&lines));
    let body = messages(json!({"stream": true, "stop_sequences": stops}));
    let events = events(&say(&rig, &body).await);
    assert_eq!(said(&events), "one two");
    let end = events
        .iter()
        .find(|event| event["type"] == "message_delta")
        .unwrap();
    assert_eq!(end["delta"]["stop_reason"], "stop_sequence");
    assert_eq!(end["delta"]["stop_sequence"], "\n\nEND");
    assert_eq!(names(&events).last(), Some(&"message_stop"));
}

#[tokio::test]
async fn reasoning_becomes_thinking_and_goes_back_to_who_wants_it() {
    let chunks = [
        delta(json!({"role": "assistant", "reasoning_content": "hmm "})),
        delta(json!({"reasoning_content": "so"})),
        delta(json!({"tool_calls": [call(0, "t1", "a", "{}")]})),
        finish("tool_calls"),
    ];
    let events = streamed(&chunks).await;
    let blocks: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "content_block_start")
        .map(|event| event["content_block"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(blocks, ["thinking", "tool_use"]);
    let signature: String = events
        .iter()
        .filter_map(|event| event["delta"]["signature"].as_str())
        .collect();
    assert!(!signature.is_empty());

    let history = json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hmm so", "signature": signature},
            {"type": "tool_use", "id": "t1", "name": "a", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "done"},
        ]},
    ]);
    let rig = chat_with(
        "",
        "    profile: deepseek\n    model_mapping: {m1: deepseek-reasoner}\n",
    )
    .await;
    rig.mocks[0].push(completion(
        json!({"role": "assistant", "content": "ok"}),
        "stop",
    ));
    say(&rig, &messages(json!({"messages": history}))).await;
    assert_eq!(seen(&rig)["messages"][1]["reasoning_content"], "hmm so");

    let native = super::one("zai", "", "").await;
    say(&native, &messages(json!({"messages": history}))).await;
    assert!(!seen(&native).to_string().contains("hmm so"));
}

#[tokio::test]
async fn silence_is_broken_by_pings() {
    let rig = chat_with("  ping_interval: 1s\n", "").await;
    let gate = Gate::new();
    let first = format!(
        "data: {}\n\n",
        delta(json!({"role": "assistant", "content": "a"}))
    );
    let rest = format!("data: {}\n\ndata: [DONE]\n\n", finish("stop"));
    rig.mocks[0].push(
        Raw::new(200)
            .header("content-type", "text/event-stream")
            .piece(first)
            .pause(&gate)
            .piece(rest),
    );
    let mut wire = Wire::connect(rig.net.addr).await;
    let headers = ["Content-Type: application/json"];
    let body = streaming().to_string();
    wire.send(&post("/v1/messages", &headers, body.as_bytes()))
        .await;
    let (status, _) = wire.head().await;
    assert_eq!(status, 200);
    wire.until(b"text_delta").await;
    wire.until(b"event: ping").await;
    wire.until(b"event: ping").await;
    gate.open();
    wire.until(b"message_stop").await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_in_an_error_and_is_recorded_as_failed() {
    let rig = chat().await;
    let chunk = delta(json!({"role": "assistant", "content": "half"}));
    rig.mocks[0].push(sse(&[&chunk]));
    let answer = say(&rig, &streaming()).await;
    let events = events(&answer);
    assert_eq!(said(&events), "half");
    assert_eq!(names(&events).last(), Some(&"error"));
    assert!(!names(&events).contains(&"message_stop"));
    let record = rig.net.records.ended(1).await;
    assert!(
        matches!(record.end, End::UpstreamBroke(_)),
        "{:?}",
        record.end
    );
}

#[tokio::test]
async fn an_error_first_goes_to_the_next_provider_or_has_its_status() {
    let error = r#"{"error":{"message":"too busy","type":"server_error","code":503}}"#;
    let rig = chat().await;
    rig.mocks[0].push(sse(&[error]));
    let answer = say(&rig, &streaming()).await;
    assert!(answer.status >= 500, "{}", answer.status);
    assert_eq!(answer.json()["type"], "error");

    let member = |name: &str| {
        format!(
            "  - name: {name}\n    type: openai_compatible\n    base_url: \"{{{name}}}\"\n    \
             max_retries: 0\n    keys: [{{key: k}}]\n"
        )
    };
    let two = rig_of_two(&format!("{}{}", member("u1"), member("u2"))).await;
    two.mocks[0].push(sse(&[error]));
    let chunk = delta(json!({"role": "assistant", "content": "second"}));
    two.mocks[1].push(sse(&[&chunk, &finish("stop"), "[DONE]"]));
    let answer = say(&two, &streaming()).await;
    assert_eq!(said(&events(&answer)), "second");
}

async fn rig_of_two(members: &str) -> crate::rig::Rig {
    rig(
        2,
        &format!("routing: {{debug: true}}\nproviders:\n{members}"),
    )
    .await
}

#[tokio::test]
async fn an_error_after_the_first_words_stays_in_the_stream() {
    let rig = chat().await;
    let chunk = delta(json!({"role": "assistant", "content": "half"}));
    let error = r#"{"error":{"message":"too busy","type":"server_error","code":"overloaded"}}"#;
    rig.mocks[0].push(sse(&[&chunk, error, "[DONE]"]));
    let answer = say(&rig, &streaming()).await;
    let events = events(&answer);
    assert_eq!(names(&events).last(), Some(&"error"));
    assert!(text(&answer.body).contains("too busy"));
    assert!(!names(&events).contains(&"message_stop"));
}

#[tokio::test]
async fn who_wants_a_stream_gets_one_of_a_server_that_has_none() {
    let rig = chat().await;
    let message = json!({"role": "assistant", "content": "all at once"});
    rig.mocks[0].push(completion(message, "stop"));
    let answer = say(&rig, &streaming()).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer);
    assert_eq!(said(&events), "all at once");
    assert_eq!(names(&events).last(), Some(&"message_stop"));
}

#[tokio::test]
async fn thinking_that_the_client_drops_is_remembered_for_who_wants_it_back() {
    let rig = chat_with(
        "",
        "    profile: deepseek\n    model_mapping: {m1: deepseek-reasoner}\n",
    )
    .await;
    let chunks = [
        delta(json!({"role": "assistant", "reasoning_content": "hmm so"})),
        delta(json!({"tool_calls": [call(0, "t1", "a", "{}")]})),
        finish("tool_calls"),
    ];
    let mut lines: Vec<&str> = chunks.iter().map(String::as_str).collect();
    lines.push("[DONE]");
    rig.mocks[0].push(sse(&lines));
    let question = json!({"role": "user", "content": "hi"});
    say(&rig, &streaming()).await;
    let history = json!([
        question,
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t1", "name": "a", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "done"},
        ]},
    ]);
    let done = || completion(json!({"role": "assistant", "content": "ok"}), "stop");
    rig.mocks[0].push(done());
    say(&rig, &messages(json!({"messages": history}))).await;
    assert_eq!(seen(&rig)["messages"][1]["reasoning_content"], "hmm so");

    let mut other = history.clone();
    other[0]["content"] = json!("something else");
    rig.mocks[0].push(done());
    say(&rig, &messages(json!({"messages": other}))).await;
    assert!(!seen(&rig).to_string().contains("hmm so"));
}

#[tokio::test]
async fn a_server_that_leaves_the_connection_open_does_not_keep_the_client() {
    let rig = chat().await;
    let chunk = delta(json!({"role": "assistant", "content": "hi"}));
    let lines = [chunk, finish("stop"), "[DONE]".to_owned()];
    let body: String = lines.map(|line| format!("data: {line}\n\n")).concat();
    rig.mocks[0].push(
        Raw::new(200)
            .header("content-type", "text/event-stream")
            .piece(body)
            .hang(),
    );
    let answer = crate::net::within(say(&rig, &streaming())).await;
    assert!(answer.whole);
    assert_eq!(names(&events(&answer)).last(), Some(&"message_stop"));
    let record = rig.net.records.ended(1).await;
    assert_eq!(record.end, End::Complete);
}

#[tokio::test]
async fn comments_of_the_server_are_no_sign_of_life_for_the_client() {
    let rig = chat_with("  ping_interval: 1s\n", "").await;
    let first = format!(
        "data: {}\n\n",
        delta(json!({"role": "assistant", "content": "a"}))
    );
    let gate = Gate::new();
    let mut raw = Raw::new(200)
        .header("content-type", "text/event-stream")
        .piece(first);
    for _ in 0..8 {
        raw = raw
            .sleep(std::time::Duration::from_millis(400))
            .piece(": PROCESSING\n\n");
    }
    let rest = format!("data: {}\n\ndata: [DONE]\n\n", finish("stop"));
    rig.mocks[0].push(raw.pause(&gate).piece(rest));
    gate.open();
    let answer = say(&rig, &streaming()).await;
    let body = text(&answer.body);
    assert!(body.matches("event: ping").count() >= 2, "{body}");
}

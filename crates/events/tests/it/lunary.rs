use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services;
use weir_events::sink::{Outcome, Sink as _};
use weir_events::sinks::Lunary;

use crate::sample::{WithBodies as _, id, turn, turns};
use crate::stand_in::{StandIn, answer};

fn to(there: &StandIn) -> Lunary {
    let settings = services::Lunary {
        url: Secret::new(format!("{}/v1/runs/ingest", there.url)),
        api_key: Secret::new("0x-hunter2"),
        timeout: Duration::from_secs(30),
    };
    Lunary::new(&settings).unwrap()
}

async fn told(event: Event) -> Value {
    let there = StandIn::willing().await;
    let outcomes = to(&there).deliver(&[Arc::new(event)]).await;
    assert_eq!(outcomes, [Outcome::Delivered]);
    there.received().first().unwrap().json()["events"].clone()
}

#[tokio::test]
async fn a_batch_is_one_request_with_two_events_for_each_run() {
    let there = StandIn::willing().await;
    let outcomes = to(&there).deliver(&turns(1..4)).await;
    assert_eq!(outcomes, vec![Outcome::Delivered; 3]);
    let received = there.received();
    let [request] = &*received else {
        panic!("{received:?}")
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/v1/runs/ingest");
    assert_eq!(request.header("authorization"), "Bearer 0x-hunter2");
    let body = request.json();
    let events = body["events"].as_array().unwrap();
    assert_eq!(events.len(), 6);
    assert_eq!(
        events[0],
        json!({
            "type": "llm",
            "event": "start",
            "runId": id(1),
            "timestamp": "2026-01-01T00:00:00.25Z",
            "name": "claude-sonnet-4-5",
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "How high is the Zugspitze?"},
            ],
            "params": {"stream": true, "temperature": 0.5, "max_tokens": 1024},
            "userId": id(2000),
            "tags": ["claude_code", "main"],
            "metadata": {
                "request_id": id(1), "method": "POST", "path": "/v1/messages", "status": 200,
                "duration_ms": 2500, "outcome": "complete", "dialect": "anthropic_messages",
                "provider": "anthropic", "client_model": "claude-sonnet-4-5",
                "stop_reason": "end_turn", "session_id": "session-1",
                "project_id": id(1000), "token_id": id(2000), "cost_usd": 0.0123,
                "cache_write_tokens": 400, "reasoning_tokens": 5,
            },
        })
    );
    assert_eq!(
        events[1],
        json!({
            "type": "llm",
            "event": "end",
            "runId": id(1),
            "timestamp": "2026-01-01T00:00:02.75Z",
            "output": {"role": "assistant", "content": "2962 m."},
            "tokensUsage": {"prompt": 3410, "completion": 20, "promptCached": 3000},
        })
    );
}

#[tokio::test]
async fn turns_that_failed_end_in_an_error() {
    let overloaded = Event {
        status: Some(529),
        error: Some("overloaded_error".into()),
        token_usage: None,
        ..turn(1)
    };
    let events = told(overloaded).await;
    assert_eq!(events[1]["event"], "error");
    assert_eq!(events[1]["error"]["message"], "529: overloaded_error");
    let left = Event {
        outcome: "client_gone".into(),
        ..turn(1)
    };
    assert_eq!(told(left).await[1]["error"]["message"], "client_gone");
}

/// The same conversation in each dialect: a question, a call, what it gave; then the answer.
fn conversations() -> [(&'static str, Value, Value); 4] {
    let anthropic = json!({"model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"in": "Bonn"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "rain"}]}]});
    let anthropic_answer = json!({"id": "m1", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": "Rain."}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1}});
    let chat = json!({"model": "m", "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function",
             "function": {"name": "weather", "arguments": "{\"in\":\"Bonn\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"}]});
    let chat_answer = json!({"id": "m1", "object": "chat.completion", "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Rain."}, "finish_reason": "stop"}]});
    let responses = json!({"model": "m", "instructions": "Be brief.", "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {"type": "function_call", "call_id": "c1", "name": "weather",
         "arguments": "{\"in\":\"Bonn\"}"},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"}]});
    let responses_answer = json!({"id": "m1", "object": "response", "status": "completed", "model": "m",
        "output": [{"type": "message", "id": "msg", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Rain.", "annotations": []}]}]});
    let gemini = json!({"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": [
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {"role": "model", "parts": [
            {"functionCall": {"id": "c1", "name": "weather", "args": {"in": "Bonn"}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"id": "c1", "name": "weather", "response": {"output": "rain"}}}]}]});
    let gemini_answer = json!({"candidates": [{"content": {"role": "model",
        "parts": [{"text": "Rain."}]}, "finishReason": "STOP"}], "modelVersion": "m"});
    [
        ("anthropic_messages", anthropic, anthropic_answer),
        ("openai_chat", chat, chat_answer),
        ("openai_responses", responses, responses_answer),
        ("gemini", gemini, gemini_answer),
    ]
}

#[tokio::test]
async fn conversations_read_the_same_whatever_the_dialect() {
    for (dialect, request, response) in conversations() {
        let event = Event {
            dialect: dialect.into(),
            ..turn(1)
        };
        let events = told(event.with_request(&request).with_response(&response)).await;
        let expected = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
                "function": {"name": "weather", "arguments": "{\"in\":\"Bonn\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        ]);
        assert_eq!(events[0]["input"], expected, "{dialect}");
        let output = json!({"role": "assistant", "content": "Rain."});
        assert_eq!(events[1]["output"], output, "{dialect}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_shown_as_they_are() {
    let cut = turn(1)
        .with_request(&json!("{\"model\":\"m\",\"mess"))
        .with_response(&json!({"unheard": "of"}));
    let events = told(cut).await;
    assert_eq!(events[0]["input"], "{\"model\":\"m\",\"mess");
    assert_eq!(events[1]["output"], json!({"unheard": "of"}));
}

#[tokio::test]
async fn several_answers_are_all_shown() {
    let event = Event {
        dialect: "openai_chat".into(),
        ..turn(1)
    };
    let choice =
        |text: &str| json!({"index": 0, "message": {"role": "assistant", "content": text}});
    let both = json!({"id": "c", "choices": [choice("heads"), choice("tails")]});
    assert_eq!(told(event.with_response(&both)).await[1]["output"], both);
}

#[tokio::test]
async fn runs_that_are_there_already_are_delivered_and_failed_ones_are_not() {
    let there = StandIn::start(|_, _| {
        let results = json!({"results": [
            {"id": id(1), "success": false,
             "error": "Run with this ID already exists in the database."},
            {"id": id(2), "success": true},
            {"id": id(3), "success": false, "error": "deadlock detected for 0x-hunter2"},
            {"id": id(1), "success": true},
            {"id": id(2), "success": true},
            {"id": id(3), "success": true},
        ]});
        answer(200, results.to_string())
    })
    .await;
    let outcomes = to(&there).deliver(&turns(1..4)).await;
    let expected = [
        Outcome::Delivered,
        Outcome::Delivered,
        Outcome::Later {
            why: "deadlock detected for ***".into(),
            after: None,
        },
    ];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_service_that_fails_twice_has_the_batch_at_the_third_try() {
    let there = StandIn::start(|number, _| match number {
        0 | 1 => answer(500, "not now"),
        _ => answer(200, "{}"),
    })
    .await;
    let sink = to(&there);
    let batch = turns(1..3);
    for _ in 0..2 {
        let outcomes = sink.deliver(&batch).await;
        let later = |outcome: &Outcome| matches!(outcome, Outcome::Later { .. });
        assert!(outcomes.len() == 2 && outcomes.iter().all(later));
    }
    assert_eq!(sink.deliver(&batch).await, vec![Outcome::Delivered; 2]);
    let bodies: Vec<_> = there
        .received()
        .iter()
        .map(|request| request.json())
        .collect();
    assert_eq!(bodies.first(), bodies.last());
}

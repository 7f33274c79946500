//! Clients of one dialect in front of providers of another: what each of them gets.

mod answers;
mod counting;
mod demotion;
mod requests;
mod streams;

use serde_json::{Value, json};
use weir_mock::Raw;

use crate::net::{Answer, ask, post, text};
use crate::rig::{Rig, rig};

/// A gateway before a provider that speaks OpenAI's Chat and nothing else.
async fn chat() -> Rig {
    chat_with("", "").await
}

/// The same with lines below `routing` and below the provider.
async fn chat_with(routing: &str, provider: &str) -> Rig {
    one("openai_compatible", routing, provider).await
}

/// A gateway before one provider of this type, whose only key is `key-1`.
async fn one(kind: &str, routing: &str, provider: &str) -> Rig {
    let mut yaml = format!("routing:\n  debug: true\n{routing}providers:\n  - name: u1\n");
    yaml += &format!("    type: {kind}\n    base_url: \"{{u1}}\"\n    max_retries: 0\n");
    yaml += &format!("    keys: [{{key: key-1}}]\n{provider}");
    rig(1, &yaml).await
}

/// A Messages request with `more` in it.
fn messages(more: impl Into<Value>) -> Value {
    let mut body = json!({
        "model": "m1", "max_tokens": 64,
        "messages": [{"role": "user", "content": "hi"}],
    });
    let more: Value = more.into();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Sends a Messages request.
async fn say(rig: &Rig, body: &Value) -> Answer {
    let headers = [
        "Content-Type: application/json",
        "anthropic-version: 2023-06-01",
    ];
    rig.send(&headers, body.to_string().as_bytes()).await
}

/// Sends a request to another path.
async fn send(rig: &Rig, path: &str, body: &Value) -> Answer {
    let headers = ["Content-Type: application/json"];
    ask(
        rig.net.addr,
        &post(path, &headers, body.to_string().as_bytes()),
    )
    .await
}

/// What the provider got last.
fn seen(rig: &Rig) -> Value {
    rig.mocks[0].received().last().expect("a request").json()
}

/// A stream of these data lines.
fn sse(lines: &[&str]) -> Raw {
    let body: String = lines
        .iter()
        .map(|line| format!("data: {line}\n\n"))
        .collect();
    Raw::new(200)
        .header("content-type", "text/event-stream")
        .body(body)
}

/// A chunk of Chat with this delta.
fn delta(delta: impl Into<Value>) -> String {
    let delta: Value = delta.into();
    json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}],
    })
    .to_string()
}

/// A chunk of Chat that ends the answer.
fn finish(reason: &str) -> String {
    json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt",
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
    })
    .to_string()
}

/// The chunk of Chat that counts tokens.
fn counted(prompt: u64, cached: u64, output: u64) -> String {
    json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt", "choices": [],
        "usage": {
            "prompt_tokens": prompt, "completion_tokens": output,
            "total_tokens": prompt + output, "prompt_tokens_details": {"cached_tokens": cached},
        },
    })
    .to_string()
}

/// A whole answer of Chat.
fn completion(message: impl Into<Value>, reason: &str) -> Raw {
    let message: Value = message.into();
    let body = json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107,
            "prompt_tokens_details": {"cached_tokens": 40},
        },
    });
    Raw::new(200)
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// The events of a Messages stream, each by its name, which must be that in its data.
fn events(answer: &Answer) -> Vec<Value> {
    let body = text(&answer.body);
    let mut events = Vec::new();
    for event in body.split_terminator("\n\n") {
        let (name, data) = event.split_once('\n').expect("two lines");
        let name = name.strip_prefix("event: ").expect("a name");
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], name);
        events.push(data);
    }
    events
}

/// The names of the events, pings left out.
fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event["type"].as_str().unwrap());
    names.filter(|name| *name != "ping").collect()
}

/// The text of a Messages stream.
fn said(events: &[Value]) -> String {
    let deltas = events
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str());
    deltas.collect()
}

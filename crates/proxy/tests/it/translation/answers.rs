//! What a client of Messages gets of a provider of Chat, whole; and what others get.

use serde_json::{Value, json};
use weir_mock::Raw;

use super::{chat, chat_with, completion, messages, one, say, seen, send, sse};
use crate::net::text;
use crate::rig::{rig, zai};

fn says(content: &str) -> Value {
    json!({"role": "assistant", "content": content})
}

#[tokio::test]
async fn a_text_and_its_tokens_arrive() {
    let rig = chat().await;
    rig.mocks[0].push(completion(says("hi"), "stop"));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = answer.json();
    assert_eq!(answer["type"], "message");
    assert_eq!(answer["model"], "m1");
    assert_eq!(answer["content"], json!([{"type": "text", "text": "hi"}]));
    assert_eq!(answer["stop_reason"], "end_turn");
    assert_eq!(answer["usage"]["input_tokens"], 60);
    assert_eq!(answer["usage"]["cache_read_input_tokens"], 40);
    assert_eq!(answer["usage"]["output_tokens"], 7);
}

#[tokio::test]
async fn tokens_are_told_of_even_if_the_client_does_not_ask() {
    let rig = one("anthropic", "", "").await;
    let body = messages(json!({"stream": true}));
    let answer = send(&rig, "/v1/chat/completions", &body).await;
    assert!(text(&answer.body).ends_with("data: [DONE]\n\n"));
    assert!(!text(&answer.body).contains("prompt_tokens"));
    let usage = rig.net.records.ended(1).await.route.usage.unwrap();
    assert!(usage.input_tokens > Some(0) && usage.output_tokens > Some(0));
}

#[tokio::test]
async fn each_reason_to_stop_has_its_counterpart() {
    let call = json!([{
        "id": "t1", "type": "function", "function": {"name": "a", "arguments": "{\"n\":1}"},
    }]);
    for (reason, calls, expected) in [
        (json!("stop"), false, "end_turn"),
        (json!("length"), false, "max_tokens"),
        (json!("tool_calls"), true, "tool_use"),
        (json!("content_filter"), false, "refusal"),
        (Value::Null, true, "tool_use"),
        (json!("stop"), true, "tool_use"),
    ] {
        let rig = chat().await;
        let mut message = says("hm");
        if calls {
            message["tool_calls"] = call.clone();
        }
        let body = json!({
            "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        });
        rig.mocks[0].push(
            Raw::new(200)
                .header("content-type", "application/json")
                .body(body.to_string()),
        );
        let answer = say(&rig, &messages(json!({}))).await.json();
        assert_eq!(answer["stop_reason"], expected, "{reason}");
        if calls {
            let call = &answer["content"][1];
            assert_eq!(call["input"], json!({"n": 1}));
            assert_eq!((&call["id"], &call["name"]), (&json!("t1"), &json!("a")));
        }
    }
}

#[tokio::test]
async fn a_long_name_of_a_tool_is_short_upstream_and_its_own_in_the_answer() {
    let name = format!("mcp__server__{}", "x".repeat(77));
    let rig = chat().await;
    let body = messages(json!({
        "tools": [{"name": name, "input_schema": {"type": "object"}}],
    }));
    rig.mocks[0].push(completion(says("first"), "stop"));
    say(&rig, &body).await;
    let sent = seen(&rig)["tools"][0]["function"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(sent.len() <= 64, "{sent}");
    let mut message = says("");
    message["tool_calls"] = json!([{
        "id": "t1", "type": "function", "function": {"name": sent, "arguments": "{}"},
    }]);
    rig.mocks[0].push(completion(message, "tool_calls"));
    let answer = say(&rig, &body).await.json();
    let content = answer["content"].as_array().unwrap();
    assert_eq!(content.last().unwrap()["name"], name);
}

#[tokio::test]
async fn stop_sequences_beyond_the_servers_own_are_found_here() {
    let rig = chat().await;
    let stops = json!(["A1", "A2", "A3", "A4", "END", "FIN"]);
    rig.mocks[0].push(completion(says("one two END three"), "stop"));
    let answer = say(&rig, &messages(json!({"stop_sequences": stops})))
        .await
        .json();
    assert_eq!(seen(&rig)["stop"].as_array().unwrap().len(), 4);
    assert_eq!(
        answer["content"],
        json!([{"type": "text", "text": "one two "}])
    );
    assert_eq!(answer["stop_reason"], "stop_sequence");
    assert_eq!(answer["stop_sequence"], "END");
}

#[tokio::test]
async fn errors_have_the_clients_shape_and_a_type_that_fits() {
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
    ] {
        let rig = chat().await;
        let error = json!({"error": {"message": "why it failed", "type": "x", "code": null}});
        let raw = Raw::new(status)
            .header("content-type", "application/json")
            .header("retry-after", "7");
        rig.mocks[0].push(raw.body(error.to_string()));
        let answer = say(&rig, &messages(json!({"stream": true}))).await;
        assert!(
            answer.status == status || status == 503,
            "{status}: {}",
            answer.status
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{status}"
        );
        assert_eq!(answer.header("retry-after"), Some("7"), "{status}");
        let id = answer.header("x-request-id").unwrap().to_owned();
        let answer = answer.json();
        assert_eq!(answer["request_id"], id, "{status}");
        assert_eq!(answer["type"], "error");
        assert_eq!(answer["error"]["type"], kind, "{status}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains("why it failed")
        );
    }
}

#[tokio::test]
async fn a_full_context_is_told_in_the_words_that_claude_code_knows() {
    let rig = chat().await;
    let error = json!({"error": {
        "message": "This model's maximum context length is 128000 tokens. However, your messages \
                    resulted in 150000 tokens.",
        "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded",
    }});
    let raw = Raw::new(400).header("content-type", "application/json");
    rig.mocks[0].push(raw.body(error.to_string()));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.status, 400);
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("prompt is too long"), "{message}");
}

#[tokio::test]
async fn the_question_for_the_quota_is_answered_here() {
    let quota = |stream: bool| {
        messages(json!({
            "max_tokens": 1, "stream": stream, "messages": [{"role": "user", "content": "Quota"}],
        }))
    };
    let rig = chat().await;
    let answer = say(&rig, &quota(false)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["content"][0]["text"], "ok");
    let answer = say(&rig, &quota(true)).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(super::said(&super::events(&answer)), "ok");
    assert!(rig.mocks[0].received().is_empty());

    rig.mocks[0].push(completion(says("h"), "length"));
    let other = json!({"max_tokens": 1, "messages": [{"role": "user", "content": "what quota?"}]});
    say(&rig, &messages(other)).await;
    assert_eq!(rig.mocks[0].received().len(), 1);

    let asks = chat_with("  quota_probe: false\n", "").await;
    asks.mocks[0].push(completion(says("h"), "length"));
    say(&asks, &quota(false)).await;
    assert_eq!(asks.mocks[0].received().len(), 1);

    let native = rig_of_anthropic().await;
    say(&native, &quota(false)).await;
    assert_eq!(native.mocks[0].received().len(), 1);
}

async fn rig_of_anthropic() -> crate::rig::Rig {
    one("anthropic", "", "").await
}

#[tokio::test]
async fn who_speaks_the_dialect_goes_first_and_others_only_if_they_have_the_model() {
    let chat = |more: &str| {
        format!(
            "  - name: u2\n    type: openai_compatible\n    base_url: \"{{u2}}\"\n    \
             max_retries: 0\n    keys: [{{key: k}}]\n{more}"
        )
    };
    let yaml = |more: &str| {
        format!(
            "routing: {{debug: true}}\nproviders:\n{}{}",
            zai("u1", ""),
            chat(more)
        )
    };
    let rig = rig(2, &yaml("    model_mapping: {m1: gpt}\n")).await;
    assert_eq!(rig.who().await, "u1");
    rig.mocks[0].push(weir_mock::Script::scenario("529"));
    rig.mocks[1].push(completion(says("from the other"), "stop"));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"));
    assert_eq!(answer.json()["content"][0]["text"], "from the other");
    let sent = rig.mocks[1].received()[0].json();
    assert_eq!(sent["model"], "gpt");

    // Nobody says that it has `m1`: the failure is the client's to see.
    rig.reload(&yaml(""));
    rig.mocks[0].push(weir_mock::Script::scenario("529"));
    assert_eq!(say(&rig, &messages(json!({}))).await.status, 529);
    assert_eq!(rig.mocks[1].received().len(), 1);

    // The only one that lists a model is asked for it, whatever it speaks.
    rig.reload(&yaml("    models: [gpt-9]\n"));
    rig.mocks[1].push(completion(says("nine"), "stop"));
    let answer = say(&rig, &messages(json!({"model": "gpt-9"}))).await;
    assert_eq!(answer.json()["content"][0]["text"], "nine");
}

#[tokio::test]
async fn without_translation_nobody_is_asked_in_another_dialect() {
    let rig = chat_with("  translate: false\n", "").await;
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.status, 404);
    assert!(rig.mocks[0].received().is_empty());
}

#[tokio::test]
async fn every_dialect_reaches_every_other() {
    let clients: [(&str, Value, &str); 4] = [
        ("/v1/messages", messages(json!({})), "/content/0/text"),
        (
            "/v1/chat/completions",
            json!({"model": "m1", "messages": [{"role": "user", "content": "hi"}]}),
            "/choices/0/message/content",
        ),
        (
            "/v1/responses",
            json!({"model": "m1", "input": "hi"}),
            "/output/0/content/0/text",
        ),
        (
            "/v1beta/models/m1:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
            "/candidates/0/content/parts/0/text",
        ),
    ];
    for (kind, dialect) in [
        ("zai", "anthropic_messages"),
        ("openai_compatible", "openai_chat"),
        ("openai", "openai_responses"),
        ("gemini", "gemini"),
    ] {
        for (path, body, place) in &clients {
            let rig = one(kind, "", &format!("    dialects: [{dialect}]\n")).await;
            let answer = send(&rig, path, body).await;
            assert_eq!(answer.status, 200, "{path} {kind}: {}", text(&answer.body));
            let answer = answer.json();
            assert_eq!(
                *answer.pointer(place).unwrap(),
                "Hello from the mock. All is well.",
                "{path} {kind}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_only_streams_serves_who_wants_no_stream() {
    let rig = chat().await;
    let chunk = super::delta(json!({"role": "assistant", "content": "hi"}));
    rig.mocks[0].push(sse(&[
        &chunk,
        &super::finish("stop"),
        &super::counted(9, 0, 1),
        "[DONE]",
    ]));
    let answer = say(&rig, &messages(json!({}))).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = answer.json();
    assert_eq!(answer["content"], json!([{"type": "text", "text": "hi"}]));
    assert_eq!(answer["usage"]["input_tokens"], 9);
}

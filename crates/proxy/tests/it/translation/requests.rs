//! What a provider of Chat gets of a client of Messages.

use serde_json::{Value, json};
use weir_mock::Raw;

use super::{chat, chat_with, completion, messages, one, say, seen};
use crate::net::{ask, post, text};

fn ok() -> Raw {
    completion(json!({"role": "assistant", "content": "hi"}), "stop")
}

/// What the provider gets of a request with these members.
async fn asked(more: Value) -> Value {
    let rig = chat().await;
    rig.mocks[0].push(ok());
    let answer = say(&rig, &messages(more)).await;
    assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
    seen(&rig)
}

#[tokio::test]
async fn the_provider_is_asked_at_its_own_path_with_its_own_key() {
    let rig = chat().await;
    rig.mocks[0].push(ok());
    let body = messages(json!({"metadata": {"user_id": "u"}}));
    let headers = [
        "Content-Type: application/json",
        "anthropic-version: 2023-06-01",
        "anthropic-beta: x-1",
        "x-api-key: sk-ant-mine",
        "Accept-Encoding: gzip",
        "User-Agent: agent/1",
        "Cookie: a=b",
    ];
    rig.send(&headers, body.to_string().as_bytes()).await;
    let got = &rig.mocks[0].received()[0];
    assert_eq!(got.target, "/v1/chat/completions");
    assert_eq!(got.header("authorization"), Some("Bearer key-1"));
    assert_eq!(got.header("user-agent"), Some("agent/1"));
    for name in [
        "x-api-key",
        "anthropic-version",
        "anthropic-beta",
        "accept-encoding",
        "cookie",
    ] {
        assert_eq!(got.header(name), None, "{name}");
    }
    let length = got.body.len().to_string();
    assert_eq!(got.header("content-length"), Some(length.as_str()));
}

#[tokio::test]
async fn a_clients_credential_is_for_nobody_who_speaks_another_dialect() {
    let body = messages(json!({})).to_string();
    let own = [
        "Content-Type: application/json",
        "Authorization: Bearer mine",
    ];
    for (kind, path, name, key) in [
        ("anthropic", "/v1/chat/completions", "x-api-key", "key-1"),
        ("openai", "/v1/messages", "authorization", "Bearer key-1"),
        ("gemini", "/v1/messages", "x-goog-api-key", "key-1"),
    ] {
        for whose in ["auto", "always"] {
            let rig = one(kind, "", &format!("    client_credentials: {whose}\n")).await;
            let request = post(path, &own, body.as_bytes());
            assert_eq!(ask(rig.net.addr, &request).await.status, 200, "{kind}");
            let got = &rig.mocks[0].received()[0];
            assert_eq!(got.header(name), Some(key), "{kind}, {whose}");
            assert!(!text(&got.raw_head).contains("mine"), "{kind}, {whose}");
        }
    }
}

#[tokio::test]
async fn results_follow_their_calls_in_the_order_of_the_calls() {
    let seen = asked(json!({"messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t1", "name": "a", "input": {"n": 1}},
            {"type": "tool_use", "id": "t2", "name": "b", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "text", "text": "and now"},
            {"type": "tool_result", "tool_use_id": "t2", "content": "two"},
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "one"}]},
        ]},
    ]}))
    .await;
    let messages = seen["messages"].as_array().unwrap();
    let calls = messages[1]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["function"]["arguments"], "{\"n\":1}");
    let rest: Vec<_> = messages[2..]
        .iter()
        .map(|message| {
            (
                &message["role"],
                &message["tool_call_id"],
                &message["content"],
            )
        })
        .collect();
    let (tool, user, none) = (json!("tool"), json!("user"), Value::Null);
    let (t1, t2) = (json!("t1"), json!("t2"));
    let (one, two, now) = (json!("one"), json!("two"), json!("and now"));
    assert_eq!(
        rest,
        [(&tool, &t1, &one), (&tool, &t2, &two), (&user, &none, &now)]
    );
}

#[tokio::test]
async fn a_call_without_result_gets_one_and_a_stray_result_becomes_text() {
    let seen = asked(json!({"messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t1", "name": "a", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "other", "content": "stray words"},
        ]},
    ]}))
    .await;
    let messages = seen["messages"].as_array().unwrap();
    assert_eq!(messages[2]["role"], "tool");
    assert_eq!(messages[2]["tool_call_id"], "t1");
    assert_eq!(messages[3]["role"], "user");
    assert!(messages[3].to_string().contains("stray words"));
    assert_eq!(messages.len(), 4);
}

#[tokio::test]
async fn images_become_data_urls_and_those_of_results_follow_in_a_message() {
    let image = json!({
        "type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWdv"},
    });
    let seen = asked(json!({"messages": [
        {"role": "user", "content": [{"type": "text", "text": "see"}, image]},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t1", "name": "shot", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [image]},
        ]},
    ]}))
    .await;
    let url = json!({"url": "data:image/png;base64,aWdv"});
    assert_eq!(
        seen["messages"][0]["content"][1]["image_url"]["url"],
        url["url"]
    );
    assert_eq!(seen["messages"][2]["role"], "tool");
    assert_eq!(seen["messages"][3]["role"], "user");
    let parts = seen["messages"][3]["content"].as_array().unwrap();
    assert!(
        parts
            .iter()
            .any(|part| part["image_url"]["url"] == url["url"])
    );
}

#[tokio::test]
async fn each_choice_of_tools_has_its_counterpart() {
    let tools = json!([{"name": "a", "input_schema": {"type": "object"}}]);
    for (choice, expected) in [
        (json!({"type": "any"}), json!("required")),
        (
            json!({"type": "tool", "name": "a"}),
            json!({"type": "function", "function": {"name": "a"}}),
        ),
        (json!({"type": "none"}), json!("none")),
        (json!({"type": "auto"}), json!("auto")),
    ] {
        let seen = asked(json!({"tools": tools, "tool_choice": choice})).await;
        assert_eq!(seen["tool_choice"], expected);
        assert_eq!(seen.get("parallel_tool_calls"), None);
    }
    let choice = json!({"type": "auto", "disable_parallel_tool_use": true});
    let seen = asked(json!({"tools": tools, "tool_choice": choice})).await;
    assert_eq!(seen["tool_choice"], "auto");
    assert_eq!(seen["parallel_tool_calls"], false);
}

#[tokio::test]
async fn the_bound_of_the_output_is_named_as_the_server_likes_it() {
    let seen = asked(json!({})).await;
    assert_eq!(
        (&seen["max_tokens"], &seen["max_completion_tokens"]),
        (&json!(64), &Value::Null)
    );

    let rig = chat().await;
    let refusal = json!({"error": {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                    'max_completion_tokens' instead.",
        "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter",
    }});
    let refusal = Raw::new(400)
        .header("content-type", "application/json")
        .body(refusal.to_string());
    rig.mocks[0].push(refusal);
    rig.mocks[0].push(ok());
    rig.mocks[0].push(ok());
    for _ in 0..2 {
        assert_eq!(say(&rig, &messages(json!({}))).await.status, 200);
    }
    let received = rig.mocks[0].received();
    assert_eq!(received.len(), 3, "once refused, and remembered");
    for got in &received[1..] {
        let body = got.json();
        assert_eq!(body["max_completion_tokens"], 64);
        assert_eq!(body.get("max_tokens"), None);
    }
}

#[tokio::test]
async fn the_attribution_of_claude_code_stays_here() {
    let system = json!([
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1"},
        {"type": "text", "text": "You are an agent."},
    ]);
    let seen = asked(json!({"system": system})).await;
    assert!(!seen.to_string().contains("x-anthropic-billing-header"));
    assert_eq!(seen["messages"][0]["content"], "You are an agent.");
}

#[tokio::test]
async fn the_models_name_is_mapped_by_prefix_and_the_client_sees_its_own() {
    let mapping = "    model_mapping: {\"claude-*\": gpt-5.2, \"claude-haiku*\": gpt-5-mini}\n";
    let rig = chat_with("", mapping).await;
    for (asked, sent) in [
        ("claude-haiku-4-5", "gpt-5-mini"),
        ("claude-opus-4-6", "gpt-5.2"),
        ("other[1m]", "other"),
    ] {
        rig.mocks[0].push(ok());
        let answer = say(&rig, &messages(json!({"model": asked}))).await;
        assert_eq!(seen(&rig)["model"], sent);
        assert_eq!(answer.json()["model"], asked);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_fields_name() {
    let rig = chat().await;
    for (body, names) in [
        (
            json!({"model": "m1", "max_tokens": 9, "messages": "hi"}),
            "messages",
        ),
        (
            json!({"model": "m1", "max_tokens": 9, "messages": [{"role": "user", "content": 7}]}),
            "content",
        ),
    ] {
        let answer = say(&rig, &body).await;
        assert_eq!(answer.status, 400);
        let answer = answer.json();
        assert_eq!(answer["error"]["type"], "invalid_request_error");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(names),
            "{answer}"
        );
    }
    assert!(rig.mocks[0].received().is_empty());
}

#[tokio::test]
async fn what_another_vendor_thought_never_reaches_anthropic() {
    let yaml = "providers:\n  - name: u1\n    type: anthropic\n    base_url: \"{u1}\"\n  \
                - name: u2\n    type: openai_compatible\n    base_url: \"{u2}\"\n    \
                models: [gpt]\n";
    let rig = crate::rig::rig(2, yaml).await;
    let mark = format!("weir1.e.rs_1.{}", "A".repeat(200));
    let body = messages(json!({"messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": mark},
            {"type": "text", "text": "I see"},
        ]},
        {"role": "user", "content": "on"},
    ]}));
    let headers = ["Content-Type: application/json", "x-api-key: sk-ant-own"];
    let answer = rig.send(&headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200);
    let got = seen(&rig);
    assert!(!got.to_string().contains("weir1."), "{got}");
    assert_eq!(got["messages"][1]["content"][0]["text"], "I see");
}

#[tokio::test]
async fn what_cannot_be_said_is_left_out_or_refused() {
    let body = messages(json!({"top_k": 5}));
    let rig = chat().await;
    rig.mocks[0].push(ok());
    assert_eq!(say(&rig, &body).await.status, 200);
    assert_eq!(seen(&rig).get("top_k"), None);

    let rig = chat_with("  translate_strictly: true\n", "").await;
    let answer = say(&rig, &body).await;
    assert_eq!(answer.status, 400);
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("top_k"), "{message}");
    assert!(
        message.contains("Extra inputs are not permitted"),
        "{message}"
    );
    assert!(rig.mocks[0].received().is_empty());
}

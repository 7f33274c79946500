//! Thinking blocks on their way in and signatures on their way out.

use serde_json::{Value, json};
use weir_mock::Raw;

use crate::net::Answer;
use crate::rig::{Rig, rig, zai};

const LONG: &str = "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2gtdG8tYmUtYS1yZWFsLW9uZQ==";

fn one(routing: &str) -> String {
    format!(
        "routing:\n  debug: true\n{routing}providers:\n{}",
        zai("u1", "")
    )
}

fn two(strategy: &str) -> String {
    format!(
        "routing:\n  debug: true\n  strategy: {strategy}\nproviders:\n{}{}",
        zai("u1", ""),
        zai("u2", "")
    )
}

fn body(model: &str, messages: &Value) -> Vec<u8> {
    json!({"model": model, "max_tokens": 1, "messages": messages})
        .to_string()
        .into_bytes()
}

fn turn(content: &Value) -> Value {
    json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "go on"},
    ])
}

fn thought(text: &str, signature: &str) -> Value {
    json!({"type": "thinking", "thinking": text, "signature": signature})
}

/// What the upstream saw of the assistant's content.
async fn seen(rig: &Rig, model: &str, content: &Value) -> Value {
    let answer = rig.send(&[], &body(model, &turn(content))).await;
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let all = rig.mocks.iter().flat_map(|mock| mock.received());
    let last = all.last().unwrap();
    last.json()["messages"][1]["content"].clone()
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// A stream that thinks `text` in two pieces and signs it.
fn stream(text: &str, signature: &str) -> Raw {
    let (one, other) = text.split_at(text.len() / 2);
    let delta = |delta: Value| {
        event(
            "content_block_delta",
            &json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        )
    };
    Raw::new(200)
        .header("content-type", "text/event-stream")
        .piece(event(
            "message_start",
            &json!({"type": "message_start", "message": {"model": "m"}}),
        ))
        .piece(event(
            "content_block_start",
            &json!({"type": "content_block_start", "index": 0,
                "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        ))
        .piece(delta(json!({"type": "thinking_delta", "thinking": one})))
        .piece(delta(json!({"type": "thinking_delta", "thinking": other})))
        .piece(delta(
            json!({"type": "signature_delta", "signature": signature}),
        ))
        .piece(event(
            "content_block_stop",
            &json!({"type": "content_block_stop", "index": 0}),
        ))
        .piece(event("message_stop", &json!({"type": "message_stop"})))
}

#[tokio::test]
async fn a_good_signature_changes_no_byte() {
    let rig = rig(1, &one("")).await;
    let text = format!(
        "{{\"model\":\"claude-x\", \"n\":12345678901234567890,\n \"messages\":[{{\"role\":\"assistant\",\"content\":[{{\"type\": \"thinking\",\"thinking\":\"\",\"signature\":\"{LONG}\"}},{{\"type\":\"text\",\"text\":\"<a>&\"}}]}},{{\"role\":\"user\",\"content\":\"x\"}}]}}"
    );
    rig.send(&[], text.as_bytes()).await;
    assert_eq!(rig.mocks[0].received()[0].body, text.as_bytes());
}

#[tokio::test]
async fn a_prefix_of_weirs_own_is_taken_off() {
    let rig = rig(1, &one("")).await;
    let content = json!([thought("a", &format!("claude#{LONG}")), {"type": "text", "text": "t"}]);
    let seen = seen(&rig, "claude-x", &content).await;
    assert_eq!(seen[0]["signature"], LONG);
}

#[tokio::test]
async fn blocks_that_nobody_can_verify_go() {
    let rig = rig(1, &one("")).await;
    let text = json!({"type": "text", "text": "t"});
    let unsigned = json!({"type": "thinking", "thinking": "a"});
    for block in [thought("a", "short"), unsigned] {
        let seen = seen(&rig, "claude-x", &json!([block, text])).await;
        assert_eq!(seen, json!([text]));
    }
}

#[tokio::test]
async fn geminis_stand_in_is_good_for_gemini_only() {
    let rig = rig(1, &one("")).await;
    let stand_in = thought("a", "skip_thought_signature_validator");
    let text = json!({"type": "text", "text": "t"});
    let content = json!([stand_in, text]);
    assert_eq!(seen(&rig, "gemini-2.5", &content).await, content);
    assert_eq!(seen(&rig, "claude-x", &content).await, json!([text]));
}

#[tokio::test]
async fn thoughts_come_before_what_was_said() {
    let rig = rig(1, &one("")).await;
    let (a, b) = (thought("a", LONG), thought("b", &LONG.to_uppercase()));
    let text = json!({"type": "text", "text": "t", "cache_control": {"type": "ephemeral"}});
    assert_eq!(
        seen(&rig, "claude-x", &json!([text, a, b])).await,
        json!([a, b, text])
    );
    let redacted = json!({"type": "redacted_thinking", "data": "opaque"});
    let fine = json!([redacted, a, text]);
    assert_eq!(
        seen(&rig, "claude-x", &fine).await,
        fine,
        "redacted ones are thoughts too"
    );
}

#[tokio::test]
async fn a_tool_call_carries_no_signature() {
    let rig = rig(1, &one("")).await;
    let content = json!([thought("a", LONG),
        {"type": "tool_use", "id": "t", "name": "n", "input": {}, "signature": LONG}]);
    let messages = json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]}]);
    rig.send(&[], &body("claude-x", &messages)).await;
    let seen = rig.mocks[0].received()[0].json();
    assert!(seen["messages"][1]["content"][1].get("signature").is_none());
    assert_eq!(seen["messages"][2], messages[2]);
}

#[tokio::test]
async fn an_emptied_message_keeps_the_order_of_turns() {
    let rig = rig(1, &one("")).await;
    let gone = json!([thought("a", "short")]);
    let seen = seen(&rig, "claude-x", &gone).await;
    assert_eq!(
        seen,
        json!([{"type": "text", "text": "[thinking omitted]"}])
    );
    let last = json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": gone}]);
    rig.send(&[], &body("claude-x", &last)).await;
    let messages = rig.mocks[0].received()[1].json()["messages"].clone();
    assert_eq!(
        messages,
        json!([{"role": "user", "content": "q"}]),
        "the last one just goes"
    );
}

#[tokio::test]
async fn what_a_stream_signed_is_remembered() {
    let rig = rig(1, &one("")).await;
    rig.mocks[0].push(stream("let me see", LONG));
    rig.send(
        &[],
        &body(
            "claude-sonnet-4",
            &json!([{"role": "user", "content": "q"}]),
        ),
    )
    .await;
    let unsigned =
        json!([{"type": "thinking", "thinking": "let me see"}, {"type": "text", "text": "t"}]);
    let again = seen(&rig, "claude-3-opus", &unsigned).await;
    assert_eq!(again[0]["signature"], LONG, "the family shares it");
    let other = seen(&rig, "gpt-x", &unsigned).await;
    assert_eq!(
        other.as_array().unwrap().len(),
        1,
        "another family does not"
    );
}

#[tokio::test]
async fn what_a_plain_answer_signed_is_remembered() {
    let rig = rig(1, &one("")).await;
    let answer =
        json!({"type": "message", "content": [thought("so", LONG), {"type": "text", "text": "t"}]});
    rig.mocks[0].push(
        Raw::new(200)
            .header("content-type", "application/json")
            .body(answer.to_string()),
    );
    rig.send(
        &[],
        &body("claude-x", &json!([{"role": "user", "content": "q"}])),
    )
    .await;
    let unsigned = json!([{"type": "thinking", "thinking": "so"}, {"type": "text", "text": "t"}]);
    assert_eq!(
        seen(&rig, "claude-x", &unsigned).await[0]["signature"],
        LONG
    );
}

#[tokio::test]
async fn clients_may_get_signatures_with_their_family_in_front() {
    let rig = rig(1, &one("  thinking:\n    prefix: true\n")).await;
    rig.mocks[0].push(stream("let me see", LONG));
    let answer: Answer = rig
        .send(
            &[],
            &body("claude-x", &json!([{"role": "user", "content": "q"}])),
        )
        .await;
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        text.contains(&format!("\"signature\":\"claude#{LONG}\"")),
        "{text}"
    );
    assert!(
        text.contains("event: content_block_delta\ndata: "),
        "{text}"
    );
    assert_eq!(text.matches("event: ").count(), 7);
}

#[tokio::test]
async fn a_prefix_is_for_the_clients_eyes_only() {
    let routing = "  thinking:\n    prefix: true\n  strategy: round_robin\n";
    let rig = rig(2, &format!("{}{}", one(routing), zai("u2", ""))).await;
    rig.who().await;
    rig.mocks[1].push(stream("let me see", LONG));
    let asked = body("claude-x", &json!([{"role": "user", "content": "q"}]));
    rig.send(&[], &asked).await;
    let text = json!({"type": "text", "text": "t"});
    let shown = json!([thought("let me see", &format!("claude#{LONG}")), text]);
    for _ in 0..3 {
        let answer = rig.send(&[], &body("claude-x", &turn(&shown))).await;
        assert_eq!(answer.header("x-weir-route-reason"), Some("issuer"));
        assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"));
    }
    let lost = json!([{"type": "thinking", "thinking": "let me see"}, text]);
    rig.send(&[], &body("claude-x", &turn(&lost))).await;
    let all = rig.mocks.iter().flat_map(|mock| mock.received());
    let first = |seen: weir_mock::Received| {
        let block = seen.json().pointer("/messages/1/content/0")?.clone();
        Some(block["signature"].clone())
    };
    assert_eq!(all.filter_map(first).collect::<Vec<_>>(), [LONG; 4]);
}

#[tokio::test]
async fn a_signed_history_stays_with_one_provider() {
    let rig = rig(2, &two("round_robin")).await;
    let content = json!([thought("a", LONG), {"type": "text", "text": "t"}]);
    for first in [json!("a string"), json!([{"type": "text", "text": "q"}])] {
        let mut messages = turn(&content);
        messages[0]["content"] = first;
        for _ in 0..3 {
            let answer = rig.send(&[], &body("claude-x", &messages)).await;
            assert_eq!(answer.header("x-cc-relay-provider"), Some("u1"));
            assert_eq!(answer.header("x-cc-relay-thinking-affinity"), Some("true"));
        }
    }
}

#[tokio::test]
async fn a_signed_history_goes_back_to_who_signed_it() {
    let rig = rig(2, &two("round_robin")).await;
    rig.who().await;
    rig.mocks[1].push(stream("let me see", LONG));
    let asked = body("claude-x", &json!([{"role": "user", "content": "q"}]));
    let first = rig.send(&[], &asked).await;
    assert_eq!(first.header("x-cc-relay-provider"), Some("u2"));
    let content = json!([thought("let me see", LONG), {"type": "text", "text": "t"}]);
    for _ in 0..3 {
        let answer = rig.send(&[], &body("claude-x", &turn(&content))).await;
        assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"));
        assert_eq!(answer.header("x-weir-route-reason"), Some("issuer"));
    }
}

#[tokio::test]
async fn memories_of_signatures_end() {
    let rig = rig(1, &one("  thinking:\n    ttl: 1ms\n")).await;
    rig.mocks[0].push(stream("let me see", LONG));
    rig.send(
        &[],
        &body("claude-x", &json!([{"role": "user", "content": "q"}])),
    )
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let unsigned =
        json!([{"type": "thinking", "thinking": "let me see"}, {"type": "text", "text": "t"}]);
    assert_eq!(
        seen(&rig, "claude-x", &unsigned)
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn the_model_is_all_that_a_mapping_changes() {
    let yaml = format!(
        "providers:\n{}",
        zai("u1", "model_mapping: {m1: m2}\nreverse_model_mapping: true")
    );
    let rig = rig(1, &yaml).await;
    let text = br#"{"big":12345678901234567890, "model" : "m1","s":"<a>&","messages":[]}"#;
    rig.mocks[0].push(
        Raw::new(200)
            .header("content-type", "application/json")
            .body(r#"{"model": "m2", "n": 1.0}"#),
    );
    let answer = rig.send(&[], text).await;
    let expected = String::from_utf8_lossy(text).replace("\"m1\"", "\"m2\"");
    let seen = &rig.mocks[0].received()[0];
    assert_eq!(seen.body, expected.as_bytes());
    assert_eq!(
        seen.header("content-length"),
        Some(&*expected.len().to_string())
    );
    assert_eq!(answer.body, br#"{"model": "m1", "n": 1.0}"#);
    rig.send(&[], br#"{"model":"M1"}"#).await;
    assert_eq!(
        rig.mocks[0].received()[1].body,
        br#"{"model":"M1"}"#[..],
        "names are exact"
    );
}

#[tokio::test]
async fn an_answer_in_which_a_name_is_put_back_has_its_own_length() {
    let name = "a-name-of-another-length";
    for (client, provider) in [("m1", name), (name, "m2")] {
        let mapping = format!("model_mapping: {{{client}: {provider}}}");
        let yaml = format!(
            "providers:\n{}",
            zai("u1", &format!("{mapping}\nreverse_model_mapping: true"))
        );
        let rig = rig(1, &yaml).await;
        let said = format!(r#"{{"model": "{provider}", "n": 1.0}}"#);
        let plain = Raw::new(200).header("content-type", "application/json");
        rig.mocks[0].push(plain.body(said));
        let asked = format!(r#"{{"model":"{client}"}}"#);
        let answer = rig.send(&[], asked.as_bytes()).await;
        assert!(answer.whole, "{client}");
        let expected = format!(r#"{{"model": "{client}", "n": 1.0}}"#);
        assert_eq!(crate::net::text(&answer.body), expected);
    }
}

#[tokio::test]
async fn what_a_client_says_to_its_own_provider_is_not_touched() {
    let yaml = "providers:\n  - name: u1\n    type: anthropic\n    base_url: \"{u1}\"\n";
    let rig = rig(1, yaml).await;
    let content = json!([{"type": "text", "text": "t"}, thought("a", "short")]);
    let body = body("claude-x", &turn(&content));
    rig.send(&["Authorization: Bearer own"], &body).await;
    assert_eq!(rig.mocks[0].received()[0].body, body);
    rig.send(&[], &body).await;
    assert_ne!(
        rig.mocks[0].received()[1].body,
        body,
        "at somebody else's cost it is"
    );
}

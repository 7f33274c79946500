//! How many tokens a request has, where the provider cannot be asked.

use serde_json::{Value, json};

use super::{chat, messages, one, send};
use crate::net::within;
use crate::rig::Rig;

const PATH: &str = "/v1/messages/count_tokens";

/// An agent's request that is mostly results of tools: 3,000 times a word that is one token in the
/// vocabulary of GPT-4o and later.
fn results() -> Value {
    let words = " hello".repeat(1000);
    let mut turns = vec![json!({"role": "user", "content": "go"})];
    for id in ["t1", "t2", "t3"] {
        turns.push(json!({"role": "assistant", "content": [
            {"type": "tool_use", "id": id, "name": "read", "input": {"path": "a.txt"}},
        ]}));
        turns.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": words},
        ]}));
    }
    messages(json!({"model": "gpt-4o", "messages": turns}))
}

async fn count(rig: &Rig, body: &Value) -> u64 {
    let answer = send(rig, PATH, body).await;
    assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
    answer.json()["input_tokens"].as_u64().unwrap()
}

#[tokio::test]
async fn tokens_are_counted_here_as_the_model_would() {
    let rig = chat().await;
    let counted = count(&rig, &results()).await;
    assert!((3000..3450).contains(&counted), "{counted}");
    assert!(count(&rig, &messages(json!({}))).await >= 1);
    assert!(rig.mocks[0].received().is_empty());
    let wrong = send(&rig, PATH, &json!({"model": "m1", "messages": 7})).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn gemini_is_told_its_own_way() {
    let rig = chat().await;
    let contents = json!([{"role": "user", "parts": [{"text": " hello".repeat(500)}]}]);
    for body in [
        json!({"contents": contents}),
        json!({"generateContentRequest": {"model": "models/gpt-4o", "contents": contents}}),
    ] {
        let answer = send(&rig, "/v1beta/models/gpt-4o:countTokens", &body).await;
        let counted = answer.json()["totalTokens"].as_u64().unwrap();
        assert!((500..575).contains(&counted), "{counted}");
    }
}

#[tokio::test]
async fn what_the_provider_counted_bends_later_estimates() {
    let rig = chat().await;
    let before = count(&rig, &results()).await;
    let mut answer = json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": "ok"}}],
    });
    answer["usage"] = json!({"prompt_tokens": before * 3 / 2, "completion_tokens": 1});
    let raw = weir_mock::Raw::new(200).header("content-type", "application/json");
    rig.mocks[0].push(raw.body(answer.to_string()));
    send(&rig, "/v1/messages", &results()).await;
    let learnt = within(async {
        loop {
            let now = count(&rig, &results()).await;
            if now != before {
                return now;
            }
        }
    })
    .await;
    assert!(
        learnt.abs_diff(before * 3 / 2) <= before / 50,
        "{before} {learnt}"
    );
}

#[tokio::test]
async fn who_can_count_is_asked() {
    let rig = one("zai", "", "").await;
    count(&rig, &results()).await;
    assert_eq!(rig.mocks[0].received()[0].target, PATH);
}

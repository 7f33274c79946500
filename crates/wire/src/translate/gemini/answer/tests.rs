use serde_json::{Value, json};

use super::*;
use crate::translate::form::{Call, Input, Opaque, OpaqueKind, Stop};

fn written(body: &str) -> Value {
    let answer = read_answer(body.as_bytes()).unwrap();
    serde_json::from_slice(&write_answer(&answer, &AnswerOptions::default())).unwrap()
}

#[test]
fn an_answer_comes_back_as_it_was() {
    let body = json!({
        "candidates": [{
            "content": {"parts": [
                {"text": "Let me think", "thought": true},
                {"text": "I will look."},
                {"functionCall": {"id": "c1", "name": "read", "args": {"n": 1}}, "thoughtSignature": "abc"},
                {"executableCode": {"language": "PYTHON", "code": "1"}},
            ], "role": "model"},
            "finishReason": "STOP", "index": 0,
        }],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5,
            "totalTokenCount": 18, "thoughtsTokenCount": 3},
        "modelVersion": "gemini-3-pro", "responseId": "r",
    });
    assert_eq!(written(&body.to_string()), body);
    let envelope = json!({"response": body, "traceId": "t"});
    assert_eq!(written(&envelope.to_string()), body);
}

#[test]
fn calls_make_the_stop_tool_use_and_keep_their_signature() {
    let body = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}},
        "thought_signature":"sig"}]},"finish_reason":"STOP"},{"content":{"parts":[{"text":"no"}]}}]}"#;
    let answer = read_answer(body.as_bytes()).unwrap();
    assert_eq!(answer.stop, Stop::ToolUse);
    let [part] = answer.parts.as_slice() else {
        panic!("one part")
    };
    let Body::Call(call) = &part.body else {
        panic!("a call")
    };
    assert_eq!((&*call.id, &*call.name), ("", "f"));
    assert_eq!(
        call.opaque.as_ref().unwrap().kind,
        OpaqueKind::ThoughtSignature
    );
}

#[test]
fn a_call_carries_the_thinking_before_it_for_clients_that_forget_thoughts() {
    let opaque = |value: &'static str| Opaque {
        value: value.into(),
        kind: OpaqueKind::Signature,
    };
    let thinking = Body::Thinking {
        text: "hm".into(),
        opaque: Some(opaque("sig")),
        id: None,
    };
    let call = |name: &'static str| {
        Body::Call(Call {
            id: name.into(),
            name: name.into(),
            input: Input::Json(Json::of_valid("{}")),
            item: None,
            opaque: None,
        })
    };
    let answer = Answer {
        dialect: Dialect::AnthropicMessages,
        id: "".into(),
        model: "".into(),
        parts: vec![thinking.into(), call("a").into(), call("b").into()],
        stop: Stop::ToolUse,
        usage: None,
        extra: Extra::default(),
    };
    let body = write_answer(&answer, &AnswerOptions::default());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let parts = &body["candidates"][0]["content"]["parts"];
    let carried = mark::recalled(parts[1]["thoughtSignature"].as_str().unwrap());
    let [thought] = carried.as_slice() else {
        panic!("one thought: {carried:?}")
    };
    assert_eq!(
        (thought.opaque.as_ref(), &*thought.text),
        (Some(&opaque("sig")), "hm")
    );
    assert_eq!(parts[2].get("thoughtSignature"), None);
}

#[test]
fn a_refused_prompt_is_a_refusal() {
    let body = r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"trafficType":"X"}}"#;
    let answer = read_answer(body.as_bytes()).unwrap();
    assert_eq!(answer.stop, Stop::Refusal);
    assert!(answer.parts.is_empty());
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for body in [
        "",
        "[]",
        "<html>",
        "{\"candidates\":",
        r#"{"error":{"code":500,"message":"x"}}"#,
    ] {
        assert!(read_answer(body.as_bytes()).is_err(), "{body}");
    }
}

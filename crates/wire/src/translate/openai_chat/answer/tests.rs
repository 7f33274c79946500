use serde_json::{Value, json};

use super::*;

const OPTIONS: AnswerOptions<'_> = AnswerOptions {
    model: "m",
    now_unix: 1_700_000_000,
    seed: 10,
    estimated_input: 5,
    include_usage: false,
};

fn again(body: &Value) -> Value {
    let body = body.to_string();
    let answer = read_answer(body.as_bytes()).unwrap();
    serde_json::from_slice(&write_answer(&answer, &OPTIONS)).unwrap()
}

fn message(message: &Value, finish: &str) -> Value {
    let body = json!({"id": "i", "model": "x", "choices":
        [{"index": 0, "message": message, "finish_reason": finish}]});
    again(&body)["choices"][0].clone()
}

#[test]
fn a_whole_answer_means_the_same_again() {
    let signed = json!([{"type": "reasoning.text", "text": "hm", "signature": "s",
        "format": "anthropic-claude-v1", "index": 0}]);
    let said = json!({
        "role": "assistant", "content": "text", "refusal": null, "reasoning_content": "hm",
        "reasoning_details": signed,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1.50}"},
                "extra_content": {"google": {"thought_signature": "t"}}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "*** free"}},
        ],
    });
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4}});
    let body = json!({"id": "i", "object": "chat.completion", "created": 1, "model": "x",
        "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}], "usage": usage});
    let expected = json!({
        "id": "chatcmpl-000000000000000a", "object": "chat.completion", "created": 1_700_000_000,
        "model": "m", "choices": [{"index": 0, "message": said, "logprobs": null,
        "finish_reason": "tool_calls"}], "usage": usage});
    assert_eq!(again(&body), expected);
}

#[test]
fn calls_are_told_whatever_the_server_calls_the_end() {
    let call = json!([{"function": {"name": "f", "arguments": {"x": 1}}}]);
    let said = message(&json!({"content": "", "tool_calls": call}), "stop");
    assert_eq!(said["finish_reason"], "tool_calls");
    assert_eq!(said["message"]["content"], Value::Null);
    let expected = json!([{"id": "call_000000000000000a_0", "type": "function",
        "function": {"name": "f", "arguments": "{\"x\":1}"}}]);
    assert_eq!(said["message"]["tool_calls"], expected);
}

#[test]
fn arguments_of_every_kind_are_read() {
    let read = |arguments: Value| {
        let call = json!({"id": "a", "function": {"name": "f", "arguments": arguments}});
        let body = json!({"choices": [{"message": {"tool_calls": [call]}}]}).to_string();
        let answer = read_answer(body.as_bytes()).unwrap();
        let Body::Call(call) = answer.parts[0].body.clone() else {
            panic!("no call")
        };
        match call.input {
            Input::Json(json) => json.as_str().to_owned(),
            Input::Text(text) => format!("text {text}"),
        }
    };
    for (arguments, expected) in [
        (json!(""), "{}"),
        (json!(" "), "{}"),
        (json!(null), "{}"),
        (json!("null"), "{}"),
        (json!("{}"), "{}"),
        (json!({"a": [1]}), r#"{"a":[1]}"#),
        (json!("{\"a\": 1e3}"), r#"{"a": 1e3}"#),
        (json!("\"{\\\"a\\\":1}\""), r#"{"a":1}"#),
        (json!("{\"a\":"), r#"text {"a":"#),
        (json!("[1]"), "text [1]"),
    ] {
        assert_eq!(read(arguments.clone()), expected, "{arguments}");
    }
}

#[test]
fn inline_thinking_and_typed_parts() {
    let said = message(&json!({"content": "<think>a</think>\n\nb"}), "stop");
    assert_eq!(said["message"]["content"], "b");
    assert_eq!(said["message"]["reasoning_content"], "a");
    let parts = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]},
        {"type": "text", "text": "b"}, {"type": "text", "text": "c"}]);
    let said = message(&json!({"content": parts}), "stop");
    assert_eq!(said["message"]["content"], "bc");
    assert_eq!(said["message"]["reasoning_content"], "a");
    let refused = message(&json!({"content": null, "refusal": "no"}), "stop");
    assert_eq!(refused["message"]["refusal"], "no");
    assert_eq!(refused["message"]["content"], Value::Null);
    assert_eq!(refused["finish_reason"], "stop");
}

#[test]
fn tokens_that_nobody_counted_are_guessed() {
    let body = json!({"choices": [{"message": {"content": "12345"}, "finish_reason": "length"}]});
    let usage = again(&body)["usage"].clone();
    assert_eq!(usage["prompt_tokens"], 5);
    assert_eq!(usage["completion_tokens"], 2);
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for (body, field) in [
        ("<html>", ""),
        ("[]", ""),
        ("{}", "choices"),
        (r#"{"choices":[]}"#, "choices"),
        (r#"{"error":{"message":"m"},"choices":[]}"#, "error"),
        (r#"{"detail":"m"}"#, "error"),
        (r#"{"choices":[{"error":{"message":"m"}}]}"#, "error"),
    ] {
        assert_eq!(
            read_answer(body.as_bytes()).unwrap_err().field,
            field,
            "{body}"
        );
    }
}

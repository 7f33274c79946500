//! Streams of every dialect put together, and answers taken apart and put together again.

use serde_json::{Value, json};

use super::{AccumulateError, Accumulated, Accumulator, expand};
use crate::dialect::Dialect;
use crate::sse::Splitter;

mod round;

const DIALECTS: [Dialect; 4] = [
    Dialect::AnthropicMessages,
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Gemini,
];

fn accumulate_pieces<'p>(
    dialect: Dialect,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Result<Accumulated, AccumulateError> {
    let mut accumulator = Accumulator::new(dialect, 1 << 20);
    let mut splitter = Splitter::new();
    for piece in pieces {
        splitter.push(piece, |event| accumulator.push(event));
    }
    splitter.finish(|event| accumulator.push(event));
    accumulator.finish()
}

fn accumulate(dialect: Dialect, events: &[Value]) -> Result<Value, AccumulateError> {
    let text = |event: &Value| match event.as_str() {
        Some(mark) => format!("data: {mark}\n\n"),
        None => format!("data: {event}\n\n"),
    };
    let stream: String = events.iter().map(text).collect();
    let done = accumulate_pieces(dialect, [stream.as_bytes()])?;
    Ok(serde_json::from_slice(&done.body).unwrap())
}

fn chat(deltas: &[Value], reason: &str) -> Value {
    let chunk = |choice: Value| json!({"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": [choice]});
    let mut events: Vec<_> = deltas
        .iter()
        .map(|delta| chunk(json!({"index": 0, "delta": delta, "finish_reason": null})))
        .collect();
    events.push(chunk(
        json!({"index": 0, "delta": {}, "finish_reason": reason}),
    ));
    events.push(json!("[DONE]"));
    accumulate(Dialect::OpenaiChat, &events).unwrap()["choices"][0]["message"].take()
}

#[test]
fn chunks_become_a_completion() {
    let events = [
        json!({"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [1]}),
        json!({"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "m", "system_fingerprint": "f", "obfuscation": "x",
            "choices": [{"index": 1, "delta": {"role": "assistant", "content": ""}, "logprobs": {"content": [1]}}], "usage": null}),
        json!({"id": "d", "created": 8, "model": "m", "choices": [
            {"index": 0, "delta": {"role": "", "content": "a"}},
            {"index": 1, "delta": {"content": "b", "refusal": null}, "logprobs": {"content": [2], "refusal": null}}]}),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": {"hate": {"filtered": false}}},
            {"index": 1, "delta": null, "finish_reason": "length"}, {"index": 1, "delta": {}, "finish_reason": ""}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 3}, "x_groq": {"id": "r"}}),
        json!({"choices": [], "usage": {"prompt_tokens": 4}, "x_groq": {"usage": {}}}),
        json!("[DONE]"),
        json!({"id": "late"}),
    ];
    assert_eq!(
        accumulate(Dialect::OpenaiChat, &events).unwrap(),
        json!({"id": "c", "object": "chat.completion", "created": 7, "model": "m", "prompt_filter_results": [1], "system_fingerprint": "f",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop",
                    "content_filter_results": {"hate": {"filtered": false}}},
                {"index": 1, "message": {"role": "assistant", "content": "b", "refusal": null}, "finish_reason": "length",
                    "logprobs": {"content": [1, 2], "refusal": null}}],
            "usage": {"prompt_tokens": 4}, "x_groq": {"id": "r", "usage": {}}})
    );
}

#[test]
fn fragments_of_calls_find_their_call() {
    let call = |index: Value, id: Value, name: Value, arguments: &str| json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]});
    let whole = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let null = Value::Null;
    let message = chat(
        &[
            call(json!(0), json!("a"), json!("f"), ""),
            call(json!(1), json!("b"), json!("g"), "{}"),
            call(json!(0), null.clone(), null.clone(), "{\"x\""),
            call(json!(0), json!("a"), json!("f"), ":1}"),
            // Another call under an index that is taken.
            call(json!(1), json!("c"), json!("g"), "{\"y\""),
            call(json!(1), json!(""), null.clone(), ":2}"),
            // No index at all.
            call(null.clone(), json!("d"), json!("h"), "{"),
            call(null.clone(), json!("d"), null.clone(), ""),
            call(null.clone(), null, Value::Null, "}"),
            json!({"tool_calls": [{"index": 9, "id": "e", "type": "custom", "custom": {"name": "p", "input": "x"}, "extra": {"s": "1"}}]}),
            json!({"tool_calls": [{"index": 9, "custom": {"input": "y"}, "extra": {"s": "1"}}, 5]}),
        ],
        "tool_calls",
    );
    assert_eq!(
        message["tool_calls"],
        json!([whole("a", "f", "{\"x\":1}"), whole("b", "g", "{}"), whole("c", "g", "{\"y\":2}"), whole("d", "h", "{}"),
            {"id": "e", "type": "custom", "custom": {"name": "p", "input": "xy"}, "extra": {"s": "1"}}])
    );
}

#[test]
fn unknown_deltas_of_chat_are_continued() {
    let message = chat(
        &[
            json!({"role": "assistant", "content": [{"type": "thinking"}], "reasoning": "a", "audio": {"id": "x", "transcript": "o"}}),
            json!({"role": "assistant", "content": "te", "reasoning": "b", "reasoning_details": [{"text": "a"}], "token_id": 1}),
            json!({"content": [], "audio": {"id": "x", "transcript": "k"}, "reasoning_details": [{"text": "b"}], "token_id": 2}),
            json!({"function_call": {"name": "f", "arguments": "{"}}),
            json!({"function_call": {"arguments": "}"}}),
        ],
        "stop",
    );
    assert_eq!(
        message,
        json!({"role": "assistant", "content": [{"type": "thinking"}, {"type": "text", "text": "te"}], "reasoning": "ab",
            "audio": {"id": "x", "transcript": "ok"}, "reasoning_details": [{"text": "a"}, {"text": "b"}], "token_id": 2,
            "function_call": {"name": "f", "arguments": "{}"}})
    );
}

#[test]
fn the_last_event_is_the_response_and_items_fill_it() {
    let item = |index: u64, id: &str| json!({"type": "response.output_item.done", "output_index": index, "item": {"id": id}});
    let events = |output: Value| {
        vec![
            json!({"type": "response.created", "response": {"id": "r"}}),
            item(1, "b"),
            item(0, "a"),
            json!({"type": "response.completed", "response": {"id": "r", "output": output}}),
        ]
    };
    let made = accumulate(Dialect::OpenaiResponses, &events(json!([]))).unwrap();
    assert_eq!(
        made,
        json!({"id": "r", "output": [{"id": "a"}, {"id": "b"}]})
    );
    let given = accumulate(Dialect::OpenaiResponses, &events(json!([7]))).unwrap();
    assert_eq!(given["output"], json!([7]));
}

#[test]
fn chunks_of_gemini_are_joined_where_they_meet() {
    let chunk = |parts: Value| json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0}], "usageMetadata": {"n": 1}});
    let events = [
        chunk(json!([{"text": "hm", "thought": true}])),
        chunk(json!([{"text": "m", "thought": true}, {"text": "a"}])),
        chunk(json!([{"text": "b"}, {"text": "c"}])),
        chunk(json!([{"text": "", "thoughtSignature": "s"}])),
        chunk(json!([{"text": "d"}])),
        chunk(
            json!([{"functionCall": {"name": "f", "args": {}}}, {"functionCall": {"name": "g", "willContinue": true}, "thoughtSignature": "t"}]),
        ),
        chunk(
            json!([{"functionCall": {"partialArgs": [{"jsonPath": "$.x", "stringValue": "y"}], "willContinue": true}}]),
        ),
        chunk(json!([{"functionCall": {}}])),
        json!({"candidates": [{"index": 0, "finishReason": "STOP", "groundingMetadata": {"a": 1}}], "usageMetadata": {"m": 2}, "responseId": "r"}),
    ];
    assert_eq!(
        accumulate(Dialect::Gemini, &events).unwrap(),
        json!({"candidates": [{"content": {"parts": [{"text": "hmm", "thought": true}, {"text": "ab"}, {"text": "c", "thoughtSignature": "s"}, {"text": "d"},
            {"functionCall": {"name": "f", "args": {}}}, {"functionCall": {"name": "g", "args": {"x": "y"}}, "thoughtSignature": "t"}], "role": "model"},
            "index": 0, "finishReason": "STOP", "groundingMetadata": {"a": 1}}], "usageMetadata": {"m": 2}, "responseId": "r"})
    );
}

/// Errors inside streams, their statuses and the bodies that they stand for.
fn errors() -> Vec<(Dialect, Value, u16, Value)> {
    vec![
        (
            Dialect::OpenaiChat,
            json!({"id": "c", "choices": [{}], "error": {"code": 502, "message": "m"}}),
            502,
            json!({"error": {"code": 502, "message": "m"}}),
        ),
        (
            Dialect::OpenaiChat,
            json!({"error": "m", "detail": 1}),
            500,
            json!({"error": "m", "detail": 1}),
        ),
        (
            Dialect::OpenaiChat,
            json!({"object": "error", "code": 400}),
            400,
            json!({"object": "error", "code": 400}),
        ),
        (
            Dialect::OpenaiResponses,
            json!({"type": "error", "sequence_number": 3, "code": "rate_limit_exceeded", "message": "m"}),
            429,
            json!({"error": {"code": "rate_limit_exceeded", "message": "m"}}),
        ),
        (
            Dialect::OpenaiResponses,
            json!({"type": "error", "error": {"type": "server_error"}}),
            500,
            json!({"error": {"type": "server_error"}}),
        ),
        (
            Dialect::Gemini,
            json!({"error": {"code": 503, "status": "UNAVAILABLE"}}),
            503,
            json!({"error": {"code": 503, "status": "UNAVAILABLE"}}),
        ),
        (
            Dialect::AnthropicMessages,
            json!({"type": "error", "error": {"type": "overloaded_error"}, "request_id": "r"}),
            529,
            json!({"type": "error", "error": {"type": "overloaded_error"}, "request_id": "r"}),
        ),
    ]
}

#[test]
fn errors_come_out_as_the_bodies_they_would_have_been() {
    for (dialect, event, status, expected) in errors() {
        let Err(AccumulateError::Provider {
            status: found,
            body,
        }) = accumulate(dialect, &[json!({}), event])
        else {
            panic!("an error is expected");
        };
        assert_eq!(found.as_u16(), status);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, expected);
        // And back.
        let mut out = Vec::new();
        expand(dialect, expected.to_string().as_bytes(), true, &mut out).unwrap();
        assert!(matches!(
            accumulate_pieces(dialect, [&out[..]]),
            Err(AccumulateError::Provider { .. })
        ));
    }
}

#[test]
fn a_stream_that_broke_off_is_no_answer() {
    for (dialect, events) in [
        (
            Dialect::OpenaiChat,
            vec![json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "a"}}]})],
        ),
        (Dialect::OpenaiChat, vec![json!("[DONE]")]),
        (
            Dialect::OpenaiResponses,
            vec![json!({"type": "response.created", "response": {"id": "r"}})],
        ),
        (
            Dialect::Gemini,
            vec![json!({"candidates": [{"content": {"parts": [{"text": "a"}]}}]})],
        ),
    ] {
        assert_eq!(
            accumulate(dialect, &events),
            Err(AccumulateError::Incomplete),
            "{dialect:?}"
        );
    }
    // The reason came, only the mark is missing.
    let events = [
        json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}),
    ];
    assert!(accumulate(Dialect::OpenaiChat, &events).is_ok());
    let blocked = [json!({"promptFeedback": {"blockReason": "SAFETY"}})];
    assert!(accumulate(Dialect::Gemini, &blocked).is_ok());
}

#[test]
fn a_whole_answer_ends_even_if_it_does_not_say_why() {
    for (message, reason) in [
        (json!({"content": "a"}), "stop"),
        (
            json!({"tool_calls": [{"function": {"name": "f"}}]}),
            "tool_calls",
        ),
    ] {
        for given in [Value::Null, json!("")] {
            let body =
                json!({"id": "c", "choices": [{"message": message, "finish_reason": given}]});
            let mut out = Vec::new();
            expand(
                Dialect::OpenaiChat,
                body.to_string().as_bytes(),
                true,
                &mut out,
            )
            .unwrap();
            let back = accumulate_pieces(Dialect::OpenaiChat, [&out[..]]).unwrap();
            let back: Value = serde_json::from_slice(&back.body).unwrap();
            assert_eq!(back["choices"][0]["finish_reason"], reason);
        }
    }
}

#[test]
fn what_is_no_answer_is_not_expanded() {
    for dialect in DIALECTS {
        for body in ["", "<html>", "7", "null"] {
            let mut out = Vec::new();
            assert!(expand(dialect, body.as_bytes(), true, &mut out).is_err());
            assert!(out.is_empty());
        }
    }
    let mut out = Vec::new();
    assert!(expand(Dialect::OpenaiChat, b"{}", true, &mut out).is_err());
    assert!(expand(Dialect::OpenaiChat, b"{\"choices\":[{},7]}", true, &mut out).is_err());
    assert!(
        expand(
            Dialect::AnthropicMessages,
            b"{\"content\":7}",
            true,
            &mut out
        )
        .is_err()
    );
    assert!(expand(Dialect::OpenaiResponses, b"{\"output\":7}", true, &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn a_count_of_tokens_is_streamed_to_those_who_ask() {
    let body = br#"{"id": "c", "choices": [], "usage": {"total_tokens": 1}}"#;
    let counted = |include_usage| {
        let mut out = Vec::new();
        expand(Dialect::OpenaiChat, body, include_usage, &mut out).unwrap();
        String::from_utf8(out).unwrap().contains("total_tokens")
    };
    assert!(counted(true) && !counted(false));
}

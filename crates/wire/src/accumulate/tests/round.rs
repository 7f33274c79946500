//! Any answer taken apart and put together again, and events and bodies that make no sense.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::expand;
use super::{DIALECTS, accumulate_pieces};
use crate::dialect::Dialect;

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\\n😀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,5}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    "[a-z\"\\\\\r\n😀é]{0,12}"
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z]{1,4}", any_json()), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn anthropic() -> impl Strategy<Value = Value> {
    let block = prop_oneof![
        (text(), prop::collection::vec(any_json(), 0..3))
            .prop_map(|(text, cited)| json!({"type": "text", "text": text, "citations": cited})),
        text().prop_map(|text| json!({"type": "text", "text": text})),
        (text(), text())
            .prop_map(|(a, b)| json!({"type": "thinking", "thinking": a, "signature": b})),
        (text(), object()).prop_map(
            |(id, input)| json!({"type": "tool_use", "id": id, "name": "n", "input": input})
        ),
        any_json().prop_map(|any| json!({"type": "web_search_tool_result", "content": any})),
        text().prop_map(|text| json!({"type": "compaction", "content": text})),
        object().prop_map(|any| json!({"type": "redacted_thinking", "data": any})),
    ];
    (prop::collection::vec(block, 0..4), any_json(), 0..9u64).prop_map(|(content, any, count)| {
        json!({"id": "m", "type": "message", "role": "assistant", "model": "x", "content": content, "stop_reason": "end_turn",
            "stop_sequence": null, "container": any, "context_management": any, "odd": any,
            "usage": {"input_tokens": count, "output_tokens": count, "odd": any}})
    })
}

fn completion() -> impl Strategy<Value = Value> {
    let call = (text(), text()).prop_map(|(id, arguments)| {
        json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}, "odd": {"a": arguments}})
    });
    let custom = (text(), text()).prop_map(
        |(id, input)| json!({"id": id, "type": "custom", "custom": {"name": "f", "input": input}}),
    );
    let message = (
        prop::option::of(text()),
        prop::collection::vec(prop_oneof![call, custom], 1..4),
        any_json(),
        text(),
    )
        .prop_map(|(content, calls, any, reasoning)| {
            json!({"role": "assistant", "content": content, "odd": any, "reasoning_content": reasoning, "tool_calls": calls,
                "function_call": {"name": "f", "arguments": reasoning}})
        });
    (prop::collection::vec((message, any_json()), 0..3), any_json()).prop_map(|(messages, any)| {
        let choice = |(at, (message, any))| json!({"index": at, "message": message, "finish_reason": "stop", "logprobs": any, "odd": any});
        let choices: Vec<_> = messages.into_iter().enumerate().map(choice).collect();
        json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "odd": any, "choices": choices, "usage": {"n": any}})
    })
}

fn response() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        (text(), any_json()).prop_map(|(text, any)| json!({"type": "output_text", "text": text, "annotations": [any], "logprobs": []})),
        text().prop_map(|text| json!({"type": "refusal", "refusal": text})),
        any_json(),
    ];
    let item = prop_oneof![
        prop::collection::vec(part.clone(), 0..3).prop_map(|content| json!({"type": "message", "id": "i", "content": content, "status": "completed"})),
        prop::collection::vec(part, 0..3).prop_map(|content| json!({"type": "reasoning", "id": "i", "summary": content, "content": content})),
        text().prop_map(|text| json!({"type": "function_call", "id": "i", "name": "f", "arguments": text})),
        text().prop_map(|text| json!({"type": "custom_tool_call", "id": "i", "name": "f", "input": text})),
        text().prop_map(|text| json!({"type": "mcp_call", "id": "i", "arguments": text, "output": text})),
        any_json(),
    ];
    let status = prop::sample::select(vec![
        "completed",
        "failed",
        "incomplete",
        "queued",
        "cancelled",
    ]);
    (prop::collection::vec(item, 0..4), status, any_json()).prop_map(|(output, status, any)| {
        json!({"id": "r", "object": "response", "status": status, "output": output, "error": any, "usage": any})
    })
}

fn generated() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        text().prop_map(|text| json!({"text": text})),
        object().prop_map(|args| json!({"functionCall": {"name": "f", "args": args}})),
        text().prop_map(|text| json!({"text": text, "thought": true, "thoughtSignature": "s"})),
    ];
    (prop::collection::vec(part, 0..4), any_json()).prop_map(|(parts, any)| {
        json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0, "odd": any}],
            "usageMetadata": {"n": any}, "odd": any})
    })
}

fn answer() -> impl Strategy<Value = (Dialect, Value)> {
    prop_oneof![
        anthropic().prop_map(|answer| (Dialect::AnthropicMessages, answer)),
        completion().prop_map(|answer| (Dialect::OpenaiChat, answer)),
        response().prop_map(|answer| (Dialect::OpenaiResponses, answer)),
        generated().prop_map(|answer| (Dialect::Gemini, answer)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_expanded_answer_comes_back_however_it_is_cut((dialect, answer) in answer(), step in 1usize..200) {
        let mut out = Vec::new();
        expand(dialect, answer.to_string().as_bytes(), true, &mut out).unwrap();
        let whole = accumulate_pieces(dialect, [&out[..]]).unwrap();
        prop_assert_eq!(&accumulate_pieces(dialect, out.chunks(step)).unwrap(), &whole);
        let back: Value = serde_json::from_slice(&whole.body).unwrap();
        prop_assert_eq!(back, answer);
        prop_assert_eq!(whole.warnings, [""; 0]);
    }

    #[test]
    fn nothing_panics_at_events_in_any_order(
        (dialect, answer) in answer(),
        order in prop::collection::vec((0usize..40, any::<bool>()), 0..60),
        odd in any_json(),
    ) {
        let mut out = Vec::new();
        expand(dialect, answer.to_string().as_bytes(), true, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let events: Vec<_> = text.split_inclusive("\n\n").collect();
        let mut shuffled = String::new();
        for (at, twist) in order {
            let event = events[at % events.len()];
            // A value somewhere is something else.
            shuffled += &match twist {
                true => event.replacen(":{", &format!(":{odd},\"x\":{{"), 1),
                false => event.to_owned(),
            };
        }
        for dialect in DIALECTS {
            drop(accumulate_pieces(dialect, [shuffled.as_bytes()]));
        }
    }

    #[test]
    fn nothing_panics_at_any_body(answer in answer(), odd in any_json(), at in 0usize..30) {
        let text = answer.1.to_string();
        let places: Vec<_> = text.match_indices(['{', '[', '"']).map(|(at, _)| at).collect();
        let at = places[at % places.len()];
        let (before, after) = text.split_at(at);
        let twisted = format!("{before}{odd}{after}");
        for dialect in DIALECTS {
            for body in [&text, &twisted, &odd.to_string()] {
                let mut out = Vec::new();
                if expand(dialect, body.as_bytes(), true, &mut out).is_ok() {
                    drop(accumulate_pieces(dialect, [&out[..]]));
                }
            }
        }
    }
}

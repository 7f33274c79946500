//! Streams put together, whole, odd and broken.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::accumulate::{AccumulateError, Accumulator};
use crate::dialect::Dialect;
use crate::sse::Splitter;

fn stream(events: &[Value]) -> String {
    let text = |event: &Value| {
        format!(
            "event: {}\ndata: {event}\n\n",
            event["type"].as_str().unwrap_or_default()
        )
    };
    events.iter().map(text).collect()
}

#[derive(Debug, PartialEq)]
struct Done {
    message: Value,
    warnings: Vec<String>,
}

fn accumulate(events: &[Value]) -> Result<Done, AccumulateError> {
    let mut accumulator = Accumulator::new(Dialect::AnthropicMessages, 1 << 20);
    let mut splitter = Splitter::new();
    splitter.push(stream(events).as_bytes(), |event| accumulator.push(event));
    let done = accumulator.finish()?;
    Ok(Done {
        message: serde_json::from_slice(&done.body).unwrap(),
        warnings: done.warnings,
    })
}

fn start() -> Value {
    json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
        "stop_reason": null, "stop_sequence": null, "odd": {"kept": true},
        "usage": {"input_tokens": 9, "output_tokens": 1, "service_tier": "standard"}}})
}

#[expect(clippy::needless_pass_by_value, reason = "the callers write literals")]
fn block(index: u64, block: Value, deltas: &[Value]) -> Vec<Value> {
    let mut events =
        vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
    events.extend(
        deltas
            .iter()
            .map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})),
    );
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

fn end() -> [Value; 2] {
    [
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": 7, "input_tokens": null}}),
        json!({"type": "message_stop"}),
    ]
}

/// The content that blocks come to, one event list each.
fn content(blocks: &[Vec<Value>]) -> Value {
    let mut events = vec![start()];
    events.extend(blocks.iter().flatten().cloned());
    events.extend(end());
    accumulate(&events).unwrap().message["content"].take()
}

#[test]
fn a_message_keeps_its_members_and_their_order() {
    let mut events = vec![start(), json!({"type": "ping"})];
    events.extend(block(
        0,
        json!({"type": "text", "text": ""}),
        &[
            json!({"type": "text_delta", "text": "Hel"}),
            json!({"type": "text_delta", "text": "lo"}),
        ],
    ));
    events.extend(end());
    let done = accumulate(&events).unwrap();
    assert_eq!(
        done.message.to_string(),
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"odd":{"kept":true},"usage":{"input_tokens":9,"output_tokens":7,"service_tier":"standard"}}"#
    );
    assert_eq!(done.warnings, [""; 0]);
}

#[test]
fn every_delta_type_is_applied() {
    let done = content(&[
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            &[
                json!({"type": "thinking_delta", "thinking": "hm"}),
                json!({"type": "thinking_delta", "thinking": "m"}),
                json!({"type": "signature_delta", "signature": "c2ln"}),
            ],
        ),
        block(
            1,
            json!({"type": "text", "text": "", "citations": null}),
            &[
                json!({"type": "citations_delta", "citation": {"n": 1}}),
                json!({"type": "text_delta", "text": "x"}),
                json!({"type": "citations_delta", "citation": {"n": 2}}),
            ],
        ),
        block(
            2,
            json!({"type": "tool_use", "id": "t", "name": "Bash", "input": {}}),
            &[
                json!({"type": "input_json_delta", "partial_json": ""}),
                json!({"type": "input_json_delta", "partial_json": "{\"id\":90071992547"}),
                json!({"type": "input_json_delta", "partial_json": "40993,\"f\":0.1}"}),
            ],
        ),
        block(
            3,
            json!({"type": "compaction", "content": null}),
            &[json!({"type": "compaction_delta", "content": "short"})],
        ),
    ]);
    assert_eq!(
        done,
        json!([
        {"type": "thinking", "thinking": "hmm", "signature": "c2ln"},
        {"type": "text", "text": "x", "citations": [{"n": 1}, {"n": 2}]},
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"id": 9_007_199_254_740_993u64, "f": 0.1}},
        {"type": "compaction", "content": "short"}])
    );
}

#[test]
fn inputs_may_be_absent_or_come_with_the_start() {
    let done = content(&[
        block(0, json!({"type": "tool_use", "input": {}}), &[]),
        block(
            1,
            json!({"type": "tool_use"}),
            &[json!({"type": "input_json_delta", "partial_json": ""})],
        ),
        block(
            2,
            json!({"type": "server_tool_use", "input": {"q": 1}}),
            &[],
        ),
    ]);
    assert_eq!(
        done,
        json!([
        {"type": "tool_use", "input": {}}, {"type": "tool_use", "input": {}},
        {"type": "server_tool_use", "input": {"q": 1}}])
    );
}

#[test]
fn unknown_types_are_kept_and_reported() {
    let mut events = vec![start(), json!({"type": "message_hint", "x": 1})];
    events.extend(block(
        5,
        json!({"type": "web_search_tool_result", "content": [{"a": 1}]}),
        &[],
    ));
    events.extend(block(
        1,
        json!({"type": "hologram", "rays": "a", "n": 1}),
        &[
            json!({"type": "ray_delta", "rays": "b", "n": 2, "in": {"x": "1"}}),
            json!({"type": "ray_delta", "in": {"x": "2"}}),
        ],
    ));
    events.extend(end());
    let done = accumulate(&events).unwrap();
    assert_eq!(
        done.message["content"],
        json!([
        {"type": "hologram", "rays": "ab", "n": 2, "in": {"x": "12"}},
        {"type": "web_search_tool_result", "content": [{"a": 1}]}])
    );
    assert_eq!(done.warnings.len(), 2);
}

#[test]
fn a_later_null_takes_nothing_back() {
    let events = [
        start(),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "container": {"id": "c"}},
            "context_management": {"applied_edits": []}, "usage": {"output_tokens": 5}}),
        json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": {"output_tokens": 4, "service_tier": null}}),
        json!({"type": "message_stop"}),
    ];
    let message = accumulate(&events).unwrap().message;
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(message["container"], json!({"id": "c"}));
    assert_eq!(message["context_management"], json!({"applied_edits": []}));
    assert_eq!(
        message["usage"],
        json!({"input_tokens": 9, "output_tokens": 4, "service_tier": "standard"})
    );
}

#[test]
fn an_input_that_is_not_json_is_kept_as_text() {
    let mut events = vec![start()];
    events.extend(block(
        0,
        json!({"type": "tool_use", "input": {}}),
        &[json!({"type": "input_json_delta", "partial_json": "{\"cut"})],
    ));
    events.extend(end());
    let done = accumulate(&events).unwrap();
    assert_eq!(
        done.message["content"][0]["input"],
        json!({"_unparsed": "{\"cut"})
    );
    assert_eq!(done.warnings.len(), 1);
}

#[test]
fn a_fallback_block_names_the_model_that_goes_on() {
    let mut events = vec![start()];
    events.extend(block(
        0,
        json!({"type": "fallback", "to": {"model": "claude-y"}}),
        &[],
    ));
    events.extend(end());
    assert_eq!(accumulate(&events).unwrap().message["model"], "claude-y");
}

#[test]
fn the_old_completions_are_joined() {
    let piece = |text: &str, reason: Value| json!({"type": "completion", "id": "c", "completion": text, "stop_reason": reason});
    let done = accumulate(&[
        piece(" bl", Value::Null),
        piece("ue", Value::Null),
        piece("", json!("stop_sequence")),
    ]);
    assert_eq!(
        done.unwrap().message,
        piece(" blue", json!("stop_sequence"))
    );
}

#[test]
fn an_error_event_is_the_answer_with_its_own_status() {
    for (kind, status) in [
        ("overloaded_error", 529),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("invalid_request_error", 400),
        ("timeout_error", 504),
        ("new_error", 500),
    ] {
        let body = json!({"type": "error", "error": {"type": kind, "message": "no"}});
        let Err(AccumulateError::Provider {
            status: found,
            body: kept,
        }) = accumulate(&[start(), body.clone(), json!({"type": "message_stop"})])
        else {
            panic!("{kind} is an error");
        };
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        assert_eq!((found.as_u16(), kept), (status, body));
    }
}

#[test]
fn an_early_end_is_whole_only_with_a_stop_reason_and_no_open_block() {
    let text = block(0, json!({"type": "text", "text": "x"}), &[]);
    let [delta, _] = end();
    let mut events = vec![start()];
    events.extend(text.clone());
    assert_eq!(accumulate(&events), Err(AccumulateError::Incomplete));
    events.push(delta.clone());
    assert!(accumulate(&events).is_ok());
    assert_eq!(
        accumulate(&[start(), text[0].clone(), delta]),
        Err(AccumulateError::Incomplete)
    );
    assert_eq!(accumulate(&[]), Err(AccumulateError::Incomplete));
    assert_eq!(accumulate(&end()), Err(AccumulateError::Incomplete));
}

#[test]
fn a_stream_over_the_limit_is_refused() {
    let mut accumulator = Accumulator::new(Dialect::AnthropicMessages, 10);
    Splitter::new().push(stream(&[start()]).as_bytes(), |event| {
        accumulator.push(event);
    });
    assert_eq!(accumulator.finish(), Err(AccumulateError::TooLarge));
}

proptest! {
    #[test]
    fn events_in_any_order_are_survived(order in prop::collection::vec(0usize..6, 0..20)) {
        let mut events = vec![start()];
        events.extend(block(0, json!({"type": "text"}), &[json!({"type": "text_delta", "text": "x"})]));
        events.extend(end());
        let shuffled: Vec<_> = order.into_iter().map(|at| events[at].clone()).collect();
        let stopped = shuffled.iter().any(|event| event["type"] == "message_start");
        prop_assert!(accumulate(&shuffled).is_err() || stopped);
    }
}

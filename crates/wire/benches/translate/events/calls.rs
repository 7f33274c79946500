//! Calls of tools, their arguments in pieces.

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use super::{IN_CALL, chat, event, gemini, words};

/// One call: its beginning, its arguments in pieces, its end.
pub(super) fn call(dialect: Dialect, number: usize, out: &mut Vec<Vec<u8>>) {
    let first = number * IN_CALL;
    let pieces: Vec<_> = (first..first + IN_CALL).map(words).collect();
    let id = format!("call_{number:024}");
    let events = match dialect {
        Dialect::AnthropicMessages => anthropic(number, &id, &in_json(&pieces)),
        Dialect::OpenaiChat => openai_chat(number, &id, &in_json(&pieces)),
        Dialect::OpenaiResponses => openai_responses(number, &id, &in_json(&pieces)),
        Dialect::Gemini => partial(&id, &pieces),
    };
    out.extend(events.iter().map(|data| {
        let mut bytes = Vec::new();
        event(&mut bytes, data["type"].as_str().unwrap_or_default(), data);
        bytes
    }));
}

/// The pieces as those of an object with one text.
fn in_json(pieces: &[String]) -> Vec<String> {
    let quoted = |text: &String| {
        let json = Value::from(text.as_str()).to_string();
        let inner = json
            .strip_prefix('"')
            .and_then(|json| json.strip_suffix('"'));
        inner.unwrap_or_default().to_owned()
    };
    let mut json: Vec<_> = pieces.iter().map(quoted).collect();
    if let Some(first) = json.first_mut() {
        first.insert_str(0, "{\"text\":\"");
    }
    if let Some(last) = json.last_mut() {
        last.push_str("\"}");
    }
    json
}

fn anthropic(index: usize, id: &str, json: &[String]) -> Vec<Value> {
    let mut events = vec![json!({
        "type": "content_block_start", "index": index,
        "content_block": {"type": "tool_use", "id": id, "name": "tool_1", "input": {}},
    })];
    events.extend(json.iter().map(|piece| {
        json!({
            "type": "content_block_delta", "index": index,
            "delta": {"type": "input_json_delta", "partial_json": piece},
        })
    }));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

fn openai_chat(index: usize, id: &str, json: &[String]) -> Vec<Value> {
    let calls = |call: Value| chat(&json!({"tool_calls": [call]}), None);
    let mut events = vec![calls(json!({
        "index": index, "id": id, "type": "function",
        "function": {"name": "tool_1", "arguments": ""},
    }))];
    events.extend(
        json.iter()
            .map(|piece| calls(json!({"index": index, "function": {"arguments": piece}}))),
    );
    events
}

fn openai_responses(index: usize, id: &str, json: &[String]) -> Vec<Value> {
    let item = format!("fc_{index:048}");
    let told = |kind: &str, status: &str, arguments: &str| {
        json!({
            "type": kind, "sequence_number": 100, "output_index": index,
            "item": {
                "id": item, "type": "function_call", "status": status, "arguments": arguments,
                "call_id": id, "name": "tool_1",
            },
        })
    };
    let mut events = vec![told("response.output_item.added", "in_progress", "")];
    events.extend(json.iter().map(|piece| {
        json!({
            "type": "response.function_call_arguments.delta", "sequence_number": 100,
            "item_id": item, "output_index": index, "delta": piece, "obfuscation": "Wf7RkQ2c",
        })
    }));
    let whole = json.concat();
    events.push(json!({
        "type": "response.function_call_arguments.done", "sequence_number": 100,
        "item_id": item, "output_index": index, "arguments": whole,
    }));
    events.push(told("response.output_item.done", "completed", &whole));
    events
}

/// Gemini gives the pieces of a text, not of JSON.
fn partial(id: &str, pieces: &[String]) -> Vec<Value> {
    let call = |call: Value| gemini(&json!([{"functionCall": call}]), None);
    let mut events = vec![call(
        json!({"name": "tool_1", "id": id, "willContinue": true}),
    )];
    events.extend(pieces.iter().map(|piece| {
        let partial = json!({"jsonPath": "$.text", "stringValue": piece, "willContinue": true});
        call(json!({"partialArgs": [partial], "willContinue": true}))
    }));
    events.push(call(json!({})));
    events
}

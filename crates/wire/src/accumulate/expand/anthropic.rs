//! An Anthropic message as its stream.

use serde_json::{Map, Value, json};

use super::{blank, event, take_list, take_text};
use crate::translate::fault::Fault;

/// Writes the events of a message.
pub(super) fn expand(mut message: Map<String, Value>, out: &mut Vec<u8>) -> Result<(), Fault> {
    if message.contains_key("completion") {
        event("completion", &Value::Object(message), out);
        return Ok(());
    }
    let Some(Value::Array(content)) = message.get_mut("content").map(Value::take) else {
        return Err(Fault::new("content", "a list of blocks is expected"));
    };
    let last = last(&mut message);
    start(message, out);
    for (index, block) in content.into_iter().enumerate() {
        match block {
            Value::Object(block) => self::block(index, block, out),
            // No block; it is passed on for whoever knows it.
            other => around(index, &other, &[], out),
        }
    }
    event("message_delta", &last, out);
    event("message_stop", &json!({"type": "message_stop"}), out);
    Ok(())
}

/// Takes out what is only known at the end.
fn last(message: &mut Map<String, Value>) -> Value {
    let usage = message.entry("usage").or_insert(Value::Null);
    if !usage.is_object() {
        *usage = json!({});
    }
    for count in ["input_tokens", "output_tokens"] {
        let count = usage.as_object_mut().map(|usage| usage.entry(count));
        count.map(|count| count.or_insert_with(|| 0.into()));
    }
    let mut event = json!({"type": "message_delta", "delta": {}, "usage": usage});
    usage["output_tokens"] = 0.into();
    for key in ["stop_reason", "stop_sequence"] {
        let value = message.insert(key.to_owned(), Value::Null);
        event["delta"][key] = value.unwrap_or_default();
    }
    for key in ["stop_details", "container"] {
        if let Some(value) = message.get(key) {
            event["delta"][key] = value.clone();
            blank(message, key);
        }
    }
    if let Some(value) = message.get("context_management") {
        event["context_management"] = value.clone();
        blank(message, "context_management");
    }
    event
}

fn start(mut message: Map<String, Value>, out: &mut Vec<u8>) {
    message.insert("content".to_owned(), json!([]));
    for (key, value) in [("type", "message"), ("role", "assistant")] {
        message.entry(key).or_insert_with(|| value.into());
    }
    event(
        "message_start",
        &json!({"type": "message_start", "message": message}),
        out,
    );
}

fn block(index: usize, mut block: Map<String, Value>, out: &mut Vec<u8>) {
    let kind = block
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut deltas = Vec::new();
    let mut text = |block: &mut Map<String, Value>, key: &str, kind: &str| {
        if let Some(text) = take_text(block, key) {
            deltas.push(json!({"type": kind, key: text}));
        }
    };
    match kind.as_str() {
        "text" => {
            text(&mut block, "text", "text_delta");
            let citations = take_list(&mut block, "citations").unwrap_or_default();
            let cited = |citation| json!({"type": "citations_delta", "citation": citation});
            deltas.extend(citations.into_iter().map(cited));
        }
        "thinking" => {
            text(&mut block, "thinking", "thinking_delta");
            text(&mut block, "signature", "signature_delta");
        }
        "compaction" => {
            text(&mut block, "content", "compaction_delta");
            if !deltas.is_empty() {
                blank(&mut block, "content");
            }
        }
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            if let Some(Value::Object(input)) = block.get_mut("input") {
                let input = Value::Object(std::mem::take(input)).to_string();
                deltas.push(json!({"type": "input_json_delta", "partial_json": input}));
            }
        }
        _ => {}
    }
    around(index, &Value::Object(block), &deltas, out);
}

/// Writes a block's events: its start, its deltas and its stop.
fn around(index: usize, block: &Value, deltas: &[Value], out: &mut Vec<u8>) {
    let kind = "content_block_start";
    event(
        kind,
        &json!({"type": kind, "index": index, "content_block": block}),
        out,
    );
    let kind = "content_block_delta";
    for delta in deltas {
        event(
            kind,
            &json!({"type": kind, "index": index, "delta": delta}),
            out,
        );
    }
    let kind = "content_block_stop";
    event(kind, &json!({"type": kind, "index": index}), out);
}

//! What OpenAI Chat has no place for, told as text.

use serde_json::Value;

use crate::translate::form::{Body, Input, Part};

/// Most characters that are told of one piece.
const LIMIT: usize = 100_000;

/// The text for a piece; empty where nothing of it can be read by another model.
pub(super) fn told(body: &Body<'_>) -> String {
    match body {
        Body::Text { text, .. } | Body::Refusal { text } => text.to_string(),
        Body::Thinking { .. } => String::new(),
        Body::Image(_) => "[an image]".to_owned(),
        Body::Audio(_) => "[sound]".to_owned(),
        Body::Document { title, .. } => {
            format!("[{}]", title.as_deref().unwrap_or("a document"))
        }
        Body::Call(call) => {
            let input = match &call.input {
                Input::Json(json) => json.as_str(),
                Input::Text(text) => text,
            };
            format!("[call of the tool {}: {input}]", call.name)
        }
        Body::Result {
            call,
            parts,
            is_error,
            ..
        } => {
            let failed = if *is_error { " (failed)" } else { "" };
            format!("[result of tool call {call}{failed}]\n{}", all(parts))
        }
        Body::Foreign { kind, json } => foreign(kind, json.as_str()),
    }
}

fn all(parts: &[Part<'_>]) -> String {
    let told: Vec<String> = parts.iter().map(|part| told(&part.body)).collect();
    told.join("\n")
}

fn foreign(kind: &str, json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else {
        return String::new();
    };
    // A text that stands alone is all there is to say, as in a summary of what came before.
    if let Some(text) = lone_text(&value) {
        return text.to_owned();
    }
    strip(&mut value);
    let empty = match &value {
        Value::Object(members) => members.is_empty(),
        other => other.is_null(),
    };
    if empty {
        return String::new();
    }
    let mut text = format!("[{}: {value}]", if kind.is_empty() { "part" } else { kind });
    if let Some((end, _)) = text.char_indices().nth(LIMIT) {
        text.truncate(end);
        text.push_str("...]");
    }
    text
}

fn lone_text(value: &Value) -> Option<&str> {
    let named = |name| value.get(name).and_then(Value::as_str);
    let told = named("text").or_else(|| named("content"))?;
    let others = value.as_object()?.keys();
    let mut others = others.filter(|key| !matches!(key.as_str(), "type" | "text" | "content"));
    others
        .all(|key| NOISE.contains(&key.as_str()))
        .then_some(told)
}

/// Members that say nothing to another model.
const NOISE: [&str; 12] = [
    "type",
    "id",
    "tool_use_id",
    "cache_control",
    "caller",
    "role",
    "status",
    "signature",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "citations",
];

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, value| !NOISE.contains(&key.as_str()) && !value.is_null());
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

//! An OpenAI Chat completion as its chunks.

use serde_json::{Map, Value, json};

use super::{event, take_text};
use crate::translate::fault::Fault;

/// Members of a completion that every chunk repeats; others come once.
const REPEATED: [&str; 5] = [
    "id",
    "created",
    "model",
    "system_fingerprint",
    "service_tier",
];

/// Longest text that is repeated, so that a stream is not much larger than its answer.
const MAX_REPEATED: usize = 1024;

/// Writes the chunks of a completion and the mark at their end.
pub(super) fn expand(
    mut completion: Map<String, Value>,
    include_usage: bool,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let Some(Value::Array(choices)) = completion.shift_remove("choices") else {
        return Err(Fault::new("choices", "a list of choices is expected"));
    };
    if let Some(odd) = choices.iter().position(|choice| !choice.is_object()) {
        let field = format!("choices.{odd}");
        return Err(Fault::new(field, "an object is expected"));
    }
    let usage = completion.shift_remove("usage");
    let usage = usage.filter(|usage| include_usage && !usage.is_null());
    let mut chunks = Chunks::new(completion, usage.is_some(), out);
    for (place, choice) in choices.into_iter().enumerate() {
        if let Value::Object(choice) = choice {
            self::choice(place, choice, &mut chunks);
        }
    }
    if let Some(usage) = usage {
        chunks.base.insert("usage".to_owned(), usage);
        chunks.write(json!([]));
    } else if chunks.first.is_some() {
        chunks.write(json!([]));
    }
    out.extend_from_slice(b"data: [DONE]\n\n");
    Ok(())
}

/// Writes chunks that share what is beside their choices.
struct Chunks<'o> {
    /// What the first chunk has, until it is written.
    first: Option<Map<String, Value>>,
    base: Map<String, Value>,
    out: &'o mut Vec<u8>,
}

impl<'o> Chunks<'o> {
    fn new(mut first: Map<String, Value>, usage: bool, out: &'o mut Vec<u8>) -> Self {
        first.insert("object".to_owned(), "chat.completion.chunk".into());
        // Typed clients refuse a chunk without it.
        first.entry("created").or_insert_with(|| 0.into());
        if usage {
            first.insert("usage".to_owned(), Value::Null);
        }
        let repeated = |key: &str| REPEATED.contains(&key) || matches!(key, "object" | "usage");
        let small = |value: &Value| match value {
            Value::String(text) => text.len() <= MAX_REPEATED,
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
            Value::Array(_) | Value::Object(_) => false,
        };
        let members = first
            .iter()
            .filter(|(key, value)| repeated(key) && small(value));
        Self {
            base: members
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            first: Some(first),
            out,
        }
    }

    fn write(&mut self, choices: Value) {
        let mut chunk = match self.first.take() {
            Some(mut first) => {
                // The only chunk may be the one that counts.
                first.extend(self.base.clone());
                first
            }
            None => self.base.clone(),
        };
        chunk.insert("choices".to_owned(), choices);
        event("", &Value::Object(chunk), self.out);
    }

    fn delta(&mut self, index: &Value, delta: &Value) {
        self.write(json!([{"index": index, "delta": delta, "finish_reason": null}]));
    }
}

fn choice(place: usize, mut choice: Map<String, Value>, chunks: &mut Chunks<'_>) {
    let index = choice.get("index").filter(|index| index.is_u64()).cloned();
    let index = index.unwrap_or_else(|| place.into());
    let message = match choice.shift_remove("message") {
        Some(Value::Object(message)) => message,
        _ => Map::new(),
    };
    let calls = message.get("tool_calls").and_then(Value::as_array);
    let plain = match calls.is_some_and(|calls| !calls.is_empty()) {
        true => "tool_calls",
        false => "stop",
    };
    self::message(&index, message, chunks);
    let reason = choice.shift_remove("finish_reason");
    // The answer is whole; a stream without a reason would look as if it were not.
    let reason = reason.filter(|reason| !reason.is_null() && reason != "");
    let reason = reason.unwrap_or_else(|| plain.into());
    choice.insert("index".to_owned(), index);
    choice.insert("delta".to_owned(), json!({}));
    choice.insert("finish_reason".to_owned(), reason);
    chunks.write(Value::Array(vec![Value::Object(choice)]));
}

/// Writes a message's deltas: its role and what is empty first, then its reasoning, its text, the
/// rest and its calls.
fn message(index: &Value, mut message: Map<String, Value>, chunks: &mut Chunks<'_>) {
    let mut first = Map::new();
    let role = message
        .shift_remove("role")
        .unwrap_or_else(|| "assistant".into());
    first.insert("role".to_owned(), role);
    let mut later: [Vec<(String, Value)>; 4] = Default::default();
    for (key, value) in message {
        let [reasoning, content, rest, calls] = &mut later;
        match (key.as_str(), &value) {
            (_, Value::Null | Value::Bool(_) | Value::Number(_)) => {
                first.insert(key, value);
            }
            (_, Value::String(text)) if text.is_empty() => {
                first.insert(key, value);
            }
            (_, Value::Array(list)) if list.is_empty() => {
                first.insert(key, value);
            }
            ("tool_calls" | "function_call", _) => calls.push((key, value)),
            ("content", _) => {
                if value.is_string() {
                    first.insert(key.clone(), "".into());
                }
                content.push((key, value));
            }
            (name, _) if name.starts_with("reasoning") => reasoning.push((key, value)),
            _ => rest.push((key, value)),
        }
    }
    chunks.delta(index, &Value::Object(first));
    for (key, value) in later.into_iter().flatten() {
        match (key.as_str(), value) {
            ("tool_calls", Value::Array(calls)) => {
                for (at, call) in calls.into_iter().enumerate() {
                    self::call(index, at, call, chunks);
                }
            }
            ("function_call", Value::Object(mut call)) => {
                let arguments = take_text(&mut call, "arguments");
                chunks.delta(index, &json!({"function_call": call}));
                if let Some(arguments) = arguments {
                    chunks.delta(index, &json!({"function_call": {"arguments": arguments}}));
                }
            }
            (_, value) => chunks.delta(index, &json!({key: value})),
        }
    }
}

fn call(index: &Value, at: usize, call: Value, chunks: &mut Chunks<'_>) {
    let mut call = match call {
        Value::Object(call) => call,
        other => return chunks.delta(index, &json!({"tool_calls": [other]})),
    };
    let mut rest = None;
    for (kind, key) in [("function", "arguments"), ("custom", "input")] {
        let inner = call.get_mut(kind).and_then(Value::as_object_mut);
        if let Some(text) = inner.and_then(|inner| take_text(inner, key)) {
            rest = Some(json!({"index": at, kind: {key: text}}));
        }
    }
    let mut first = Map::from_iter([("index".to_owned(), at.into())]);
    let kind = if call.contains_key("custom") {
        "custom"
    } else {
        "function"
    };
    call.entry("type").or_insert_with(|| kind.into());
    call.shift_remove("index");
    first.extend(call);
    chunks.delta(index, &json!({"tool_calls": [first]}));
    if let Some(rest) = rest {
        chunks.delta(index, &json!({"tool_calls": [rest]}));
    }
}

//! One choice of a completion, from its first delta to its finish reason.

use serde_json::{Map, Value, json};

use super::super::Warnings;
use super::super::merge::{append, has_text, set};
use super::calls::Calls;

/// A choice as far as it came.
#[derive(Debug)]
pub(super) struct Choice {
    top: Map<String, Value>,
    message: Map<String, Value>,
    calls: Calls,
}

impl Choice {
    pub(super) fn new(index: u64) -> Self {
        let top = [
            ("index", json!(index)),
            ("message", Value::Null),
            ("finish_reason", Value::Null),
        ];
        let message = [("role", json!("assistant")), ("content", Value::Null)];
        let named = |(key, value): (&str, Value)| (key.to_owned(), value);
        Self {
            top: top.into_iter().map(named).collect(),
            message: message.into_iter().map(named).collect(),
            calls: Calls::default(),
        }
    }

    pub(super) fn has_reason(&self) -> bool {
        has_text(&self.top, "finish_reason")
    }

    /// Adds what a chunk says of the choice.
    pub(super) fn add(&mut self, choice: Map<String, Value>, warnings: &mut Warnings) {
        let streamed = choice.contains_key("delta") || !self.is_empty();
        for (key, value) in choice {
            match (key.as_str(), value) {
                ("index", _) => {}
                ("delta", Value::Object(delta)) => self.delta(delta, warnings),
                ("delta", _) => {}
                // Some providers repeat the whole message in every chunk, or send nothing else.
                ("message", Value::Object(message)) if !streamed => {
                    self.delta(message, warnings);
                }
                ("message", _) => {}
                ("finish_reason", Value::String(reason)) if reason.is_empty() => {}
                (name, value) if value.is_array() || matches!(name, "logprobs" | "text") => {
                    append(&mut self.top, Map::from_iter([(key, value)]));
                }
                (_, value) => set(&mut self.top, key, value),
            }
        }
    }

    fn is_empty(&self) -> bool {
        let empty =
            |(key, value): (&String, &Value)| key == "role" || value.is_null() || value == "";
        self.calls.is_empty() && self.message.iter().all(empty)
    }

    fn delta(&mut self, delta: Map<String, Value>, warnings: &mut Warnings) {
        for (key, value) in delta {
            match (key.as_str(), value) {
                ("role", Value::String(role)) if role.is_empty() => {}
                ("role", value) => set(&mut self.message, key, value),
                ("tool_calls", Value::Array(calls)) if !calls.is_empty() => {
                    // It holds the place.
                    self.message.entry(key).or_insert(Value::Null);
                    for call in calls {
                        self.calls.add(call, warnings);
                    }
                }
                ("content", value) => self.content(value),
                (_, value) => append(&mut self.message, Map::from_iter([(key, value)])),
            }
        }
    }

    /// Content is a text, or a list of parts while a model thinks and a text afterwards.
    fn content(&mut self, more: Value) {
        let content = self.message.entry("content").or_insert(Value::Null);
        match (&mut *content, more) {
            (_, Value::Null) => {}
            (Value::String(text), Value::String(more)) => text.push_str(&more),
            (Value::String(text), Value::Array(more)) => {
                let mut list = as_list(text);
                list.extend(more);
                *content = Value::Array(list);
            }
            (Value::Array(list), Value::Array(more)) => list.extend(more),
            (Value::Array(list), Value::String(more)) => list.extend(as_list(&more)),
            (_, more) => *content = more,
        }
    }

    pub(super) fn finish(mut self) -> Value {
        if !self.calls.is_empty() {
            let calls = self.calls.finish();
            self.message.insert("tool_calls".to_owned(), calls);
        }
        self.top
            .insert("message".to_owned(), Value::Object(self.message));
        Value::Object(self.top)
    }
}

fn as_list(text: &str) -> Vec<Value> {
    match text.is_empty() {
        true => Vec::new(),
        false => vec![json!({"type": "text", "text": text})],
    }
}

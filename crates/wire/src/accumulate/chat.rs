//! Puts the chunks of an OpenAI Chat Completions stream together to the final completion.
//!
//! Providers differ in what they add, so anything unknown is kept: beside the choices the last
//! value wins, in a delta texts and lists are continued.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Warnings;
use super::merge::{has_text, set};

mod calls;
mod choice;

use choice::Choice;

/// The completion as far as it came.
#[derive(Debug, Default)]
pub(super) struct Completion {
    top: Map<String, Value>,
    choices: BTreeMap<u64, Choice>,
    ended: bool,
}

impl Completion {
    pub(super) fn event(&mut self, chunk: Map<String, Value>, warnings: &mut Warnings) {
        for (key, value) in chunk {
            self.member(key, value, warnings);
        }
    }

    fn member(&mut self, key: String, value: Value, warnings: &mut Warnings) {
        let top = &mut self.top;
        match (key.as_str(), value) {
            // Noise against watchers of lengths.
            ("obfuscation", _) => {}
            ("object", _) => {
                top.insert(key, Value::from("chat.completion"));
            }
            ("choices", value) => {
                // It holds the place.
                top.entry(key).or_insert(Value::Null);
                let Value::Array(choices) = value else { return };
                for choice in choices {
                    self.choice(choice, warnings);
                }
            }
            // A chunk ahead of the first one may have them empty.
            ("id", _) if has_text(top, "id") => {}
            ("created", _) if top.get("created").and_then(Value::as_u64) > Some(0) => {}
            ("model", Value::String(model)) if model.is_empty() && top.contains_key("model") => {}
            ("usage", usage @ Value::Object(_)) => {
                top.insert(key, usage);
            }
            (_, value) => set(top, key, value),
        }
    }

    fn choice(&mut self, choice: Value, warnings: &mut Warnings) {
        let Value::Object(choice) = choice else {
            return warnings.add("a choice that is no object");
        };
        let index = choice
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        self.choices
            .entry(index)
            .or_insert_with(|| Choice::new(index))
            .add(choice, warnings);
    }

    /// Takes the mark at the end of the stream.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn is_done(&self) -> bool {
        self.ended
    }

    pub(super) fn finish(mut self) -> Option<Map<String, Value>> {
        let reasons = !self.choices.is_empty() && self.choices.values().all(Choice::has_reason);
        if self.top.is_empty() || !(self.ended || reasons) {
            return None;
        }
        let choices = self.choices.into_values().map(Choice::finish).collect();
        self.top.insert("choices".to_owned(), Value::Array(choices));
        self.top
            .insert("object".to_owned(), Value::from("chat.completion"));
        Some(self.top)
    }
}

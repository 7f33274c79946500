//! Puts the events of an OpenAI Responses stream together to the final response.
//!
//! The last event carries it whole; only where a provider leaves its output out, that is made of
//! the items that came before.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Warnings;

/// The response as far as it came.
#[derive(Debug, Default)]
pub(super) struct Response {
    last: Option<Map<String, Value>>,
    /// The items that are done, by their place in the output.
    items: BTreeMap<u64, Value>,
}

impl Response {
    pub(super) fn event(&mut self, mut event: Map<String, Value>, warnings: &mut Warnings) {
        match event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
        {
            "response.output_item.done" => {
                let index = event.get("output_index").and_then(Value::as_u64);
                // Items without a place follow one another.
                let next = || {
                    self.items
                        .last_key_value()
                        .map_or(0, |(last, _)| last.saturating_add(1))
                };
                let index = index.unwrap_or_else(next);
                if let Some(item) = event.remove("item") {
                    self.items.insert(index, item);
                }
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => match event.remove("response") {
                Some(Value::Object(response)) => self.last = Some(response),
                _ => warnings.add("a last event without a response"),
            },
            _ => {}
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.last.is_some()
    }

    pub(super) fn finish(self) -> Option<Map<String, Value>> {
        let mut response = self.last?;
        let output = response.get("output").and_then(Value::as_array);
        if output.is_none_or(Vec::is_empty) && !self.items.is_empty() {
            let items = self.items.into_values().collect();
            response.insert("output".to_owned(), Value::Array(items));
        }
        Some(response)
    }
}

//! One content block, from its start through its deltas to its end.

use serde_json::{Map, Value, json};

use super::super::merge::append;

/// The member under which a tool input that is not JSON is kept.
const UNPARSED: &str = "_unparsed";

/// A content block as far as it came.
#[derive(Debug)]
pub(crate) struct Block {
    value: Map<String, Value>,
    /// The pieces of a tool's input, put together.
    input: Option<String>,
    open: bool,
}

impl Block {
    pub(crate) fn open(value: Value) -> Self {
        Self {
            open: true,
            ..Self::closed(value)
        }
    }

    pub(crate) fn closed(value: Value) -> Self {
        let value = match value {
            Value::Object(value) => value,
            _ => Map::new(),
        };
        Self {
            value,
            input: None,
            open: false,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.value)
    }

    /// Adds a delta; an unknown one is merged as well as can be and reported.
    pub(crate) fn delta(&mut self, mut delta: Map<String, Value>) -> Result<(), String> {
        let kind = delta.shift_remove("type");
        match kind.as_ref().and_then(Value::as_str).unwrap_or_default() {
            "text_delta" => self.append("text", &delta),
            "thinking_delta" => self.append("thinking", &delta),
            "input_json_delta" => {
                let part = delta
                    .get("partial_json")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.input.get_or_insert_default().push_str(part);
            }
            "citations_delta" => self.cite(delta.remove("citation")),
            // These come whole.
            "signature_delta" | "compaction_delta" => self.value.extend(delta),
            other => {
                let warning = format!("an unknown delta type: {other:.80}");
                append(&mut self.value, delta);
                return Err(warning);
            }
        }
        Ok(())
    }

    fn append(&mut self, member: &str, delta: &Map<String, Value>) {
        let more = delta
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default();
        if let Some(Value::String(text)) = self.value.get_mut(member) {
            text.push_str(more);
        } else {
            self.value.insert(member.to_owned(), Value::from(more));
        }
    }

    fn cite(&mut self, citation: Option<Value>) {
        let Some(citation) = citation else { return };
        if let Some(Value::Array(citations)) = self.value.get_mut("citations") {
            citations.push(citation);
        } else {
            self.value.insert("citations".to_owned(), json!([citation]));
        }
    }

    /// Ends the block: its input becomes JSON. An input that is none is kept as text.
    pub(crate) fn close(&mut self) -> Result<(), String> {
        self.open = false;
        let Some(input) = self.input.take() else {
            return Ok(());
        };
        if input.is_empty() {
            self.value.entry("input").or_insert_with(|| json!({}));
            return Ok(());
        }
        let parsed = serde_json::from_str(&input);
        let (input, outcome) = match parsed {
            Ok(input) => (input, Ok(())),
            Err(_) => (
                json!({ UNPARSED: input }),
                Err("a tool's input is not JSON".to_owned()),
            ),
        };
        self.value.insert("input".to_owned(), input);
        outcome
    }
}

//! One item of a response's output as its events.

use serde_json::{Map, Value, json};

use super::Events;

/// Longest id that every event of an item repeats, so that a stream is not much larger than its
/// response.
const MAX_ID: usize = 1024;

/// Writes an item's events: added empty, filled, done.
pub(super) fn expand(place: usize, item: &Value, events: &mut Events<'_>) {
    let kind = item["type"].as_str().unwrap_or_default();
    events.send(
        "response.output_item.added",
        json!({"output_index": place, "item": empty(kind, item)}),
    );
    let mut item_events = ItemEvents {
        base: Map::from_iter([("output_index".to_owned(), place.into())]),
        events,
    };
    let id = item.get("id").and_then(Value::as_str);
    if let Some(id) = id.filter(|id| id.len() <= MAX_ID) {
        item_events.base.insert("item_id".to_owned(), id.into());
    }
    item_events.fill(kind, item);
    events.send(
        "response.output_item.done",
        json!({"output_index": place, "item": item}),
    );
}

/// The item before anything came.
fn empty(kind: &str, item: &Value) -> Value {
    let Value::Object(item) = item else {
        return item.clone();
    };
    let filled: &[&str] = match kind {
        "message" => &["content"],
        "reasoning" => &["summary", "content"],
        "function_call" => &["arguments"],
        "mcp_call" => &["arguments", "output"],
        "custom_tool_call" => &["input"],
        "image_generation_call" => &["result"],
        _ => &[],
    };
    let mut begun = Map::new();
    for (key, value) in item {
        let value = match value {
            Value::String(_) if key == "status" => "in_progress".into(),
            value if !filled.contains(&key.as_str()) => value.clone(),
            Value::Array(_) => json!([]),
            Value::String(_) if matches!(key.as_str(), "arguments" | "input") => "".into(),
            _ => Value::Null,
        };
        begun.insert(key.clone(), value);
    }
    Value::Object(begun)
}

fn list<'v>(item: &'v Value, key: &str) -> &'v [Value] {
    item[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Writes events that belong to one item.
struct ItemEvents<'e, 'o> {
    base: Map<String, Value>,
    events: &'e mut Events<'o>,
}

impl ItemEvents<'_, '_> {
    fn send(&mut self, kind: &str, members: &[&Value]) {
        let mut data = self.base.clone();
        for members in members.iter().filter_map(|members| members.as_object()) {
            data.extend(members.clone());
        }
        self.events.send(kind, Value::Object(data));
    }

    /// What comes between the item's beginning and its end.
    fn fill(&mut self, kind: &str, item: &Value) {
        match kind {
            "message" => {
                for (index, part) in list(item, "content").iter().enumerate() {
                    self.part(index, part);
                }
            }
            "reasoning" => {
                for (index, part) in list(item, "summary").iter().enumerate() {
                    self.summary(index, part);
                }
                for (index, part) in list(item, "content").iter().enumerate() {
                    let at = json!({"content_index": index});
                    self.text("response.reasoning_text", &at, "text", &part["text"]);
                }
            }
            "function_call" => {
                let name = match item.get("name") {
                    Some(name) => json!({"name": name}),
                    None => json!({}),
                };
                let arguments = &item["arguments"];
                self.text(
                    "response.function_call_arguments",
                    &name,
                    "arguments",
                    arguments,
                );
            }
            "mcp_call" => {
                let arguments = &item["arguments"];
                self.text(
                    "response.mcp_call_arguments",
                    &json!({}),
                    "arguments",
                    arguments,
                );
            }
            "custom_tool_call" => {
                let input = &item["input"];
                self.text(
                    "response.custom_tool_call_input",
                    &json!({}),
                    "input",
                    input,
                );
            }
            _ => {}
        }
    }

    /// A text in one piece and whole.
    fn text(&mut self, kind: &str, at: &Value, key: &str, text: &Value) {
        if text.as_str().is_some_and(|text| !text.is_empty()) {
            self.send(&format!("{kind}.delta"), &[at, &json!({"delta": text})]);
        }
        let text = text.as_str().unwrap_or_default();
        self.send(&format!("{kind}.done"), &[at, &json!({key: text})]);
    }

    fn summary(&mut self, index: usize, part: &Value) {
        let at = json!({"summary_index": index});
        let kind = "response.reasoning_summary_part";
        let mut begun = part.clone();
        if let Some(text) = begun.get_mut("text") {
            *text = "".into();
        }
        self.send(&format!("{kind}.added"), &[&at, &json!({"part": begun})]);
        self.text(
            "response.reasoning_summary_text",
            &at,
            "text",
            &part["text"],
        );
        self.send(&format!("{kind}.done"), &[&at, &json!({"part": part})]);
    }

    /// A part of a message.
    fn part(&mut self, index: usize, part: &Value) {
        let at = json!({"content_index": index});
        let mut begun = part.clone();
        for key in ["text", "refusal"] {
            if let Some(text) = begun.get_mut(key) {
                *text = "".into();
            }
        }
        for key in ["annotations", "logprobs"] {
            if let Some(list @ Value::Array(_)) = begun.get_mut(key) {
                *list = json!([]);
            }
        }
        self.send(
            "response.content_part.added",
            &[&at, &json!({"part": begun})],
        );
        if part["type"] == "refusal" {
            self.text("response.refusal", &at, "refusal", &part["refusal"]);
        } else if part["type"] == "output_text" {
            let logprobs = json!({"content_index": index, "logprobs": list(part, "logprobs")});
            self.text("response.output_text", &logprobs, "text", &part["text"]);
            for (number, annotation) in list(part, "annotations").iter().enumerate() {
                let members = json!({"annotation_index": number, "annotation": annotation});
                self.send("response.output_text.annotation.added", &[&at, &members]);
            }
        }
        self.send("response.content_part.done", &[&at, &json!({"part": part})]);
    }
}

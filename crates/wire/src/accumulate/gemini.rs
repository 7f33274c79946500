//! Puts the chunks of a Gemini `streamGenerateContent` stream together to the final response.
//!
//! Text goes on where a chunk begins as the one before it ended; parts inside one chunk stay
//! apart. Beside the parts the last value wins. The Interactions API is not put together.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Warnings;
use super::merge::{append, has_text, set, update};

mod arguments;

use arguments::apply;

/// The response as far as it came.
#[derive(Debug, Default)]
pub(super) struct Generated {
    top: Map<String, Value>,
    candidates: BTreeMap<u64, Candidate>,
}

/// A candidate as far as it came.
#[derive(Debug, Default)]
struct Candidate {
    top: Map<String, Value>,
    content: Option<Map<String, Value>>,
    parts: Vec<Value>,
    /// Whether the last part is a call whose arguments are still coming.
    open_call: bool,
}

impl Generated {
    pub(super) fn event(&mut self, chunk: Map<String, Value>, warnings: &mut Warnings) {
        for (key, value) in chunk {
            match (key.as_str(), value) {
                ("candidates", Value::Array(candidates)) => {
                    // It holds the place.
                    self.top.entry(key).or_insert(Value::Null);
                    for candidate in candidates {
                        self.candidate(candidate, warnings);
                    }
                }
                // Each of them is a whole count, so that nothing of an earlier one is left.
                ("usageMetadata", value @ Value::Object(_)) => {
                    self.top.insert(key, value);
                }
                (_, value) => set(&mut self.top, key, value),
            }
        }
    }

    fn candidate(&mut self, candidate: Value, warnings: &mut Warnings) {
        let Value::Object(candidate) = candidate else {
            return warnings.add("a candidate that is no object");
        };
        let index = candidate
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        self.candidates
            .entry(index)
            .or_default()
            .add(candidate, warnings);
    }

    pub(super) fn finish(mut self) -> Option<Map<String, Value>> {
        let blocked = self
            .top
            .get("promptFeedback")
            .is_some_and(|it| !it["blockReason"].is_null());
        let ended = self
            .candidates
            .values()
            .any(|it| has_text(&it.top, "finishReason"));
        if !(blocked || ended) {
            return None;
        }
        if !self.candidates.is_empty() {
            let candidates = self
                .candidates
                .into_values()
                .map(Candidate::finish)
                .collect();
            self.top
                .insert("candidates".to_owned(), Value::Array(candidates));
        } else if self.top.get("candidates").is_some_and(Value::is_null) {
            self.top.insert("candidates".to_owned(), json!([]));
        }
        Some(self.top)
    }
}

impl Candidate {
    fn add(&mut self, candidate: Map<String, Value>, warnings: &mut Warnings) {
        for (key, value) in candidate {
            match (key.as_str(), value) {
                ("content", Value::Object(content)) => {
                    self.top.entry(key).or_insert(Value::Null);
                    self.content(content, warnings);
                }
                ("citationMetadata", Value::Object(more)) => self.cite(key, more),
                // Grounding and its like come whole or grow whole.
                (_, value @ Value::Object(_)) => {
                    self.top.insert(key, value);
                }
                (_, value) => set(&mut self.top, key, value),
            }
        }
    }

    fn content(&mut self, content: Map<String, Value>, warnings: &mut Warnings) {
        let mut parts = None;
        let known = self.content.get_or_insert_default();
        for (key, value) in content {
            match (key.as_str(), value) {
                ("parts", Value::Array(list)) => {
                    known.entry(key).or_insert(Value::Null);
                    parts = Some(list);
                }
                (_, value) => set(known, key, value),
            }
        }
        for (at, part) in parts.unwrap_or_default().into_iter().enumerate() {
            match part {
                Value::Object(part) => self.part(part, at == 0),
                _ => warnings.add("a part that is no object"),
            }
        }
    }

    fn part(&mut self, mut part: Map<String, Value>, first: bool) {
        if let Some(Value::Object(call)) = part.get_mut("functionCall") {
            let goes_on = call.shift_remove("willContinue") == Some(Value::Bool(true));
            let pieces = call.shift_remove("partialArgs");
            let named = has_text(call, "name");
            let continues = std::mem::replace(&mut self.open_call, goes_on) && !named;
            if !continues {
                self.parts.push(Value::Object(part));
            } else if let Some(Value::Object(last)) = self.parts.last_mut() {
                update(last, part);
            }
            if let (Some(Value::Array(pieces)), Some(last)) = (pieces, self.parts.last_mut()) {
                apply(&mut last["functionCall"]["args"], pieces);
            }
            return;
        }
        self.open_call = false;
        match self.parts.last_mut() {
            Some(Value::Object(last)) if first && goes_on(last, &part) => {
                append(last, part);
            }
            _ => self.parts.push(Value::Object(part)),
        }
    }

    /// Sources come with the text that they belong to, or all of them every time.
    fn cite(&mut self, key: String, more: Map<String, Value>) {
        let Some(Value::Object(known)) = self.top.get_mut(&key) else {
            self.top.insert(key, Value::Object(more));
            return;
        };
        for (key, value) in more {
            match (known.get_mut(&key), value) {
                (Some(Value::Array(known)), Value::Array(more)) if !more.starts_with(known) => {
                    known.extend(more);
                }
                (_, value) => set(known, key, value),
            }
        }
    }

    fn finish(mut self) -> Value {
        if let Some(mut content) = self.content {
            if content.contains_key("parts") {
                content.insert("parts".to_owned(), Value::Array(self.parts));
            }
            self.top
                .insert("content".to_owned(), Value::Object(content));
        }
        Value::Object(self.top)
    }
}

/// Whether `part` is the text that follows on `last`. A signature ends what it signs.
fn goes_on(last: &Map<String, Value>, part: &Map<String, Value>) -> bool {
    let plain = |part: &Map<String, Value>| {
        part.get("text").is_some_and(Value::is_string)
            && part
                .keys()
                .all(|key| matches!(key.as_str(), "text" | "thought" | "thoughtSignature"))
    };
    let thought = |part: &Map<String, Value>| part.get("thought") == Some(&Value::Bool(true));
    plain(last)
        && plain(part)
        && thought(last) == thought(part)
        && !last.contains_key("thoughtSignature")
}

//! The tool calls of one choice, put together from their fragments.
//!
//! Fragments find their call by index; where a provider leaves that out or gives every call the
//! same, by id.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::Warnings;
use super::super::merge::{append, has_text, set, update};

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Map<String, Value>>,
    /// Where the call is that a fragment with this index belongs to.
    by_index: HashMap<u64, usize>,
    by_id: HashMap<String, usize>,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a fragment, or a whole call.
    pub(super) fn add(&mut self, fragment: Value, warnings: &mut Warnings) {
        let Value::Object(mut fragment) = fragment else {
            return warnings.add("a tool call that is no object");
        };
        let index = fragment
            .shift_remove("index")
            .and_then(|index| index.as_u64());
        let at = self.find(index, &fragment);
        let at = match at.and_then(|at| Some((at, self.calls.get_mut(at)?))) {
            Some((at, call)) => {
                extend(call, fragment);
                at
            }
            None => {
                if fragment.contains_key("function") && !has_text(&fragment, "type") {
                    fragment.insert("type".to_owned(), Value::from("function"));
                }
                self.calls.push(fragment);
                self.calls.len() - 1
            }
        };
        if let Some(index) = index {
            self.by_index.insert(index, at);
        }
        let id = self.calls.get(at).and_then(|call| call.get("id")?.as_str());
        if let Some(id) = id.filter(|id| !id.is_empty())
            && !self.by_id.contains_key(id)
        {
            self.by_id.insert(id.to_owned(), at);
        }
    }

    /// The call that a fragment continues.
    fn find(&self, index: Option<u64>, fragment: &Map<String, Value>) -> Option<usize> {
        let named = ["function", "custom"].iter().any(|kind| {
            let inner = fragment.get(*kind).and_then(Value::as_object);
            inner.is_some_and(|inner| has_text(inner, "name"))
        });
        let id = fragment
            .get("id")
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty());
        match (index, id) {
            (Some(index), id) => {
                let at = *self.by_index.get(&index)?;
                let known = self.calls.get(at)?.get("id").and_then(Value::as_str);
                let other = id
                    .is_some_and(|id| known.is_some_and(|known| !known.is_empty() && known != id));
                // A new name under a new id is another call, whatever its index says.
                (!(named && other)).then_some(at)
            }
            (None, Some(id)) => self.by_id.get(id).copied(),
            (None, None) if named => None,
            (None, None) => self.calls.len().checked_sub(1),
        }
    }

    pub(super) fn finish(mut self) -> Value {
        for call in &mut self.calls {
            let Some(Value::Object(function)) = call.get_mut("function") else {
                continue;
            };
            // A call without arguments has an empty text of them.
            let arguments = function.entry("arguments").or_insert(Value::Null);
            if arguments.is_null() {
                *arguments = Value::from("");
            }
        }
        self.calls.into_iter().map(Value::Object).collect()
    }
}

fn extend(call: &mut Map<String, Value>, fragment: Map<String, Value>) {
    for (key, value) in fragment {
        match (key.as_str(), value) {
            ("id", _) if has_text(call, "id") => {}
            ("type", Value::String(kind)) if kind.is_empty() => {}
            ("function" | "custom", Value::Object(mut more)) => {
                let inner = call.entry(key).or_insert(Value::Null);
                let Value::Object(inner) = inner else {
                    *inner = Value::Object(more);
                    continue;
                };
                if has_text(inner, "name") {
                    more.shift_remove("name");
                }
                append(inner, more);
            }
            (_, Value::Object(more)) if call.get(&key).is_some_and(Value::is_object) => {
                if let Some(Value::Object(earlier)) = call.get_mut(&key) {
                    update(earlier, more);
                }
            }
            (_, value) => set(call, key, value),
        }
    }
}

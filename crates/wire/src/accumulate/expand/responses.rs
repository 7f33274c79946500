//! An OpenAI response as its stream.

use serde_json::{Map, Value, json};

use super::{blank, event};
use crate::translate::fault::Fault;

mod item;

/// Writes the events of a response.
pub(super) fn expand(mut response: Map<String, Value>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let items = match response.get_mut("output").map(Value::take) {
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) => Vec::new(),
        Some(_) => return Err(Fault::new("output", "a list of items is expected")),
    };
    let last = match response.get("status").and_then(Value::as_str) {
        Some("failed") => "response.failed",
        Some("cancelled") => "response.cancelled",
        Some("incomplete" | "in_progress" | "queued") => "response.incomplete",
        _ => "response.completed",
    };
    let mut events = Events { number: 0, out };
    let mut begun = response.clone();
    begun.insert("status".to_owned(), "in_progress".into());
    begun.insert("output".to_owned(), json!([]));
    for key in ["usage", "completed_at", "incomplete_details", "error"] {
        blank(&mut begun, key);
    }
    events.send("response.created", json!({"response": begun}));
    events.send("response.in_progress", json!({"response": begun}));
    for (place, item) in items.iter().enumerate() {
        item::expand(place, item, &mut events);
    }
    if let Some(output) = response.get_mut("output") {
        *output = Value::Array(items);
    }
    events.send(last, json!({"response": response}));
    Ok(())
}

/// Writes numbered events.
struct Events<'o> {
    number: u64,
    out: &'o mut Vec<u8>,
}

impl Events<'_> {
    /// Sends `members`, an object, as an event of this type.
    fn send(&mut self, kind: &str, members: Value) {
        let mut data = Map::from_iter([
            ("type".to_owned(), kind.into()),
            ("sequence_number".to_owned(), self.number.into()),
        ]);
        if let Value::Object(members) = members {
            data.extend(members);
        }
        event(kind, &Value::Object(data), self.out);
        self.number += 1;
    }
}

//! JSON objects read from events and put together.

use serde_json::{Map, Value};

/// An event's data, if it is an object. Half characters, which some providers make by cutting
/// text between two events, become the replacement character.
pub(super) fn parse(data: &[u8]) -> Option<Map<String, Value>> {
    if let Ok(Value::Object(data)) = serde_json::from_slice(data) {
        return Some(data);
    }
    match serde_json::from_str(&repaired(&String::from_utf8_lossy(data))) {
        Ok(Value::Object(data)) => Some(data),
        _ => None,
    }
}

/// `text` with the escapes of surrogates that have no partner replaced.
fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let low = || after.get(5..).and_then(|next| next.strip_prefix("\\"));
        rest = match (unit(after), low().and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                out.push('\\');
                out.push_str(after.get(..11).unwrap_or_default());
                after.get(11..).unwrap_or_default()
            }
            (Some(0xD800..=0xDFFF), _) => {
                out.push('\u{FFFD}');
                after.get(5..).unwrap_or_default()
            }
            _ => {
                out.push('\\');
                // Whatever is escaped, a backslash too, begins no escape itself.
                let mut characters = after.chars();
                out.extend(characters.next());
                characters.as_str()
            }
        };
    }
    out.push_str(rest);
    out
}

/// The UTF-16 unit in the escape that `after` is, its backslash gone.
fn unit(after: &str) -> Option<u32> {
    let digits = after.strip_prefix('u')?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

/// Adds a delta: texts are joined, lists extended, objects merged in the same way, anything else
/// replaced, also what names things. Null takes nothing back.
pub(super) fn append(into: &mut Map<String, Value>, delta: Map<String, Value>) {
    for (key, value) in delta {
        match (into.get_mut(&key), value) {
            (Some(_), Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if !is_name(&key) => {
                text.push_str(&more);
            }
            (Some(Value::Object(object)), Value::Object(more)) => append(object, more),
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Members that say what something is: they are repeated, not continued.
fn is_name(key: &str) -> bool {
    matches!(key, "type" | "id" | "role" | "format")
}

/// Merges a later state into an earlier one: the later value wins, except null; objects are
/// merged in the same way.
pub(super) fn update(into: &mut Map<String, Value>, later: Map<String, Value>) {
    for (key, value) in later {
        set(into, key, value);
    }
}

/// Sets one member, as [`update`] does.
pub(super) fn set(into: &mut Map<String, Value>, key: String, value: Value) {
    match (into.get_mut(&key), value) {
        (Some(_), Value::Null) => {}
        (Some(Value::Object(object)), Value::Object(more)) => update(object, more),
        (_, value) => {
            into.insert(key, value);
        }
    }
}

/// Whether a member has a text with something in it.
pub(super) fn has_text(object: &Map<String, Value>, key: &str) -> bool {
    object
        .get(key)
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_characters_cost_only_themselves() {
        let data = br#"{"a":"x\ud83d","b":"\ude00y\\ud83d","c":"\ud83d\ude00\n","d":"\ud83d\ud83d\ude00"}"#;
        let expected = serde_json::json!({
            "a": "x\u{FFFD}", "b": "\u{FFFD}y\\ud83d", "c": "😀\n", "d": "\u{FFFD}😀"});
        assert_eq!(parse(data).map(Value::Object), Some(expected));
        assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap()["a"], "\u{FFFD}");
        assert_eq!(parse(b"[1]"), None);
        assert_eq!(parse(b"{\"a\":\"\\"), None);
        assert_eq!(parse("{\"a\":\"\\ué".as_bytes()), None);
    }
}

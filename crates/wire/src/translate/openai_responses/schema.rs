//! Schemas as OpenAI takes them.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Deepest nesting that is looked into.
const DEPTH: usize = 64;

/// The schema of a tool's input: an object with `properties` at the root, arrays that say what is
/// in them, nothing required twice. What is in order stays as it was written.
pub(super) fn of_input(schema: &str) -> Cow<'_, str> {
    let Ok(Value::Object(mut root)) = serde_json::from_str(schema) else {
        return Cow::Borrowed(NOTHING);
    };
    let mut changed = false;
    changed |= small_type(&mut root);
    if root.get("type").and_then(Value::as_str) != Some("object") {
        root.insert("type".to_owned(), "object".into());
        changed = true;
    }
    if !root.get("properties").is_some_and(Value::is_object) {
        root.insert("properties".to_owned(), Map::new().into());
        changed = true;
    }
    changed |= mend_object(&mut root, DEPTH);
    match changed {
        true => Cow::Owned(Value::Object(root).to_string()),
        false => Cow::Borrowed(schema),
    }
}

/// The schema of a tool without input.
pub(super) const NOTHING: &str = r#"{"type":"object","properties":{}}"#;

/// Google writes types in capitals.
fn small_type(schema: &mut Map<String, Value>) -> bool {
    let Some(Value::String(kind)) = schema.get_mut("type") else {
        return false;
    };
    let changed = kind.bytes().any(|byte| byte.is_ascii_uppercase());
    kind.make_ascii_lowercase();
    changed
}

fn mend(value: &mut Value, depth: usize) -> bool {
    match value {
        Value::Object(object) => mend_object(object, depth),
        _ => false,
    }
}

fn mend_object(schema: &mut Map<String, Value>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let mut changed = small_type(schema);
    let is_array = schema.get("type").and_then(Value::as_str) == Some("array");
    if is_array && !schema.contains_key("items") && !schema.contains_key("prefixItems") {
        schema.insert("items".to_owned(), Map::new().into());
        changed = true;
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        let before = required.len();
        let mut seen = std::collections::HashSet::new();
        required.retain(|name| seen.insert(name.to_string()));
        changed |= required.len() != before;
    }
    for (name, value) in schema.iter_mut() {
        match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions" | "patternProperties", Value::Object(all)) => {
                for value in all.values_mut() {
                    changed |= mend(value, depth);
                }
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(all)) => {
                for value in all {
                    changed |= mend(value, depth);
                }
            }
            ("items" | "additionalProperties" | "not", value) => changed |= mend(value, depth),
            _ => {}
        }
    }
    changed
}

/// Whether OpenAI takes the schema as one that must be kept to: every object names all of its
/// members as required and allows no others.
pub(super) fn is_strict(schema: &str) -> bool {
    let value: Result<Value, _> = serde_json::from_str(schema);
    value.is_ok_and(|value| value["type"] == "object" && strict(&value, DEPTH))
}

fn strict(value: &Value, depth: usize) -> bool {
    let Value::Object(schema) = value else {
        return true;
    };
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let objects = match &value["type"] {
        Value::String(kind) => kind == "object",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "object"),
        _ => schema.contains_key("properties"),
    };
    if objects && !closed(schema) {
        return false;
    }
    schema
        .iter()
        .all(|(name, value)| match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(all)) => {
                all.values().all(|value| strict(value, depth))
            }
            ("anyOf", Value::Array(all)) => all.iter().all(|value| strict(value, depth)),
            ("items", value) => strict(value, depth),
            ("allOf" | "oneOf" | "not" | "patternProperties" | "prefixItems" | "if", _) => false,
            _ => true,
        })
}

fn closed(schema: &Map<String, Value>) -> bool {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.unwrap_or(&none);
    let required = schema.get("required").and_then(Value::as_array);
    let named = |name: &String| {
        required.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(name)))
    };
    schema.get("additionalProperties") == Some(&Value::Bool(false)) && properties.keys().all(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_is_changed() {
        let fine = r#"{ "type":"object","properties":{"n":{"type":"integer","maximum":1E5}}}"#;
        assert_eq!(of_input(fine), fine);
        for (schema, mended) in [
            ("{}", r#"{"type":"object","properties":{}}"#),
            ("null", NOTHING),
            (
                r#"{"type":"OBJECT","properties":{"type":{"type":"STRING"}}}"#,
                r#"{"type":"object","properties":{"type":{"type":"string"}}}"#,
            ),
            (
                r#"{"$schema":"x","type":"object","properties":{"a":{"type":"array"}}}"#,
                r#"{"$schema":"x","type":"object","properties":{"a":{"type":"array","items":{}}}}"#,
            ),
            (
                r#"{"type":"object","properties":{"a":{}},"required":["a","a"]}"#,
                r#"{"type":"object","properties":{"a":{}},"required":["a"]}"#,
            ),
        ] {
            assert_eq!(of_input(schema), mended, "{schema}");
        }
    }

    #[test]
    fn a_schema_is_strict_when_it_leaves_nothing_open() {
        let strict = r#"{"type":"object","properties":{"a":{"type":"object","properties":{},"additionalProperties":false}},"required":["a"],"additionalProperties":false}"#;
        assert!(is_strict(strict));
        assert!(!is_strict(&strict.replace(r#""required":["a"],"#, "")));
        assert!(!is_strict(&strict.replacen("false", "true", 1)));
        assert!(!is_strict("{}"));
        assert!(!is_strict("["));
    }
}

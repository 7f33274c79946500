//! Schemas as Anthropic takes them.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::scan::Cursor;
use crate::translate::json::Json;

/// Words of JSON schema that answers and strict tools cannot be bound by.
const UNBOUND: [&str; 13] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "propertyNames",
];

/// Deepest schema that is changed.
const MAX_DEPTH: usize = 64;

/// The schema of a tool's input: an object of objects' type, without a choice at the top.
pub(super) fn of_input<'j>(schema: Option<&'j Json<'_>>) -> Cow<'j, str> {
    let Some(schema) = schema else {
        return Cow::Borrowed(r#"{"type":"object","properties":{}}"#);
    };
    if is_plain(schema.as_str()) {
        return Cow::Borrowed(schema.as_str());
    }
    let mut members = match serde_json::from_str(schema.as_str()) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(branches)) = members.remove(word) {
            merge(&mut members, branches, word == "allOf");
        }
    }
    members.insert("type".to_owned(), "object".into());
    members.entry("properties").or_insert_with(|| json!({}));
    Cow::Owned(Value::Object(members).to_string())
}

/// Whether a schema can be sent as it is.
fn is_plain(schema: &str) -> bool {
    let (mut is_object, mut choice) = (false, false);
    Cursor::new(schema.as_bytes()).object(|key, cursor| {
        if key.is("type") {
            is_object = cursor.string().is_some_and(|kind| kind.is("object"));
        } else {
            choice |= ["anyOf", "oneOf", "allOf"].iter().any(|word| key.is(word));
        }
    });
    is_object && !choice
}

/// Takes over the properties of `branches`. Those are required that every branch requires, or any
/// if `all` hold.
fn merge(into: &mut Map<String, Value>, branches: Vec<Value>, all: bool) {
    let mut required: Option<Vec<Value>> = None;
    for branch in branches {
        let Value::Object(mut branch) = branch else {
            continue;
        };
        let own = match branch.remove("required") {
            Some(Value::Array(own)) => own,
            _ => Vec::new(),
        };
        required = Some(match required {
            None => own,
            Some(before) if all => before.into_iter().chain(own).collect(),
            Some(before) => before
                .into_iter()
                .filter(|name| own.contains(name))
                .collect(),
        });
        for (word, value) in branch {
            match (into.get_mut(&word), value) {
                (Some(Value::Object(known)), Value::Object(more)) => {
                    for (name, value) in more {
                        known.entry(name).or_insert(value);
                    }
                }
                (None, value) => {
                    into.insert(word, value);
                }
                _ => {}
            }
        }
    }
    let list = into.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(list) = list {
        for name in required.unwrap_or_default() {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    }
}

/// The schema of an answer: nothing in its objects that is not named, and no bounds.
pub(super) fn of_answer(schema: &Json<'_>) -> String {
    let Ok(mut value) = serde_json::from_str(schema.as_str()) else {
        return r#"{"type":"object","properties":{},"additionalProperties":false}"#.to_owned();
    };
    bind(&mut value, 0);
    value.to_string()
}

fn bind(value: &mut Value, depth: usize) {
    let Value::Object(members) = value else {
        return;
    };
    if depth > MAX_DEPTH {
        return;
    }
    members.retain(|word, _| !UNBOUND.contains(&word.as_str()));
    if members
        .get("minItems")
        .is_some_and(|least| least.as_u64() > Some(1))
    {
        members.remove("minItems");
    }
    if let Some(choice) = members.remove("oneOf") {
        members.entry("anyOf").or_insert(choice);
    }
    if members.get("type") == Some(&"object".into()) || members.contains_key("properties") {
        members.insert("additionalProperties".to_owned(), false.into());
    }
    each_inner(members, |inner| bind(inner, depth + 1));
}

/// Calls `each` for the schemas directly within one.
fn each_inner(members: &mut Map<String, Value>, mut each: impl FnMut(&mut Value)) {
    for (word, value) in members {
        match (word.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                named.values_mut().for_each(&mut each);
            }
            ("anyOf" | "allOf" | "oneOf" | "prefixItems", Value::Array(list)) => {
                list.iter_mut().for_each(&mut each);
            }
            ("items" | "not" | "additionalProperties", value) => each(value),
            _ => {}
        }
    }
}

/// Whether a tool's input can be held to `schema`.
pub(super) fn can_bind(schema: &Json<'_>) -> bool {
    serde_json::from_str(schema.as_str()).is_ok_and(|value: Value| {
        let mut bound = value.clone();
        bind(&mut bound, 0);
        bound == value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(schema: &'static str) -> Value {
        let schema = Json::of_valid(schema);
        serde_json::from_str(&of_input(Some(&schema))).unwrap()
    }

    #[test]
    fn an_input_is_an_object_without_a_choice_at_the_top() {
        let plain = r#"{ "type": "object" , "properties":{"n":{"anyOf":[{}]}}}"#;
        assert_eq!(of_input(Some(&Json::of_valid(plain))), plain);
        assert_eq!(input("{}"), json!({"type":"object","properties":{}}));
        assert_eq!(input("true"), json!({"type":"object","properties":{}}));
        let choice = r#"{"anyOf":[
            {"type":"object","properties":{"a":{},"b":{}},"required":["a","b"]},
            {"type":"object","properties":{"a":{}},"required":["a"]}]}"#;
        let merged = json!({"type":"object","properties":{"a":{},"b":{}},"required":["a"]});
        assert_eq!(input(choice), merged);
    }

    #[test]
    fn an_answer_is_bound_to_what_is_named() {
        let schema = Json::of_valid(
            r#"{"type":"object","properties":{"minimum":{"type":"integer","minimum":1},
            "l":{"type":"array","items":{"type":"object","properties":{}}}}}"#,
        );
        let bound: Value = serde_json::from_str(&of_answer(&schema)).unwrap();
        let want = json!({"type":"object","properties":{"minimum":{"type":"integer"},
            "l":{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false}}},
            "additionalProperties":false});
        assert_eq!(bound, want);
        assert!(!can_bind(&schema));
        assert!(can_bind(&Json::from(&want)));
    }
}

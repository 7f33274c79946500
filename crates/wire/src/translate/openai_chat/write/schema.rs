//! Makes schemas such as providers take them. One that needs no change stays as it was written.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::To;
use super::tool::compact;
use crate::translate::json::Json;
use crate::translate::profile::SchemaRule;

mod gemini;

/// The schema of a tool that takes nothing.
const NOTHING: &str = r#"{"type":"object","properties":{}}"#;

/// The schema of a tool's input.
pub(super) fn input<'x>(to: &To<'_, '_>, schema: Option<&'x Json<'_>>) -> Cow<'x, str> {
    let Some(schema) = schema.filter(|schema| schema.as_str().starts_with('{')) else {
        return Cow::Borrowed(NOTHING);
    };
    cleaned(schema.as_str(), to.profile.schemas, true)
}

/// The schema of an answer.
pub(super) fn answer<'x>(to: &To<'_, '_>, schema: &'x Json<'_>) -> Cow<'x, str> {
    cleaned(schema.as_str(), to.profile.schemas, false)
}

fn cleaned(text: &str, rule: SchemaRule, input: bool) -> Cow<'_, str> {
    let Ok(mut schema) = serde_json::from_str::<Value>(text) else {
        return compact(text);
    };
    let Value::Object(root) = &mut schema else {
        return compact(text);
    };
    let mut changed = false;
    if rule != SchemaRule::Openai {
        // OpenAI passes over the draft's name, and what need not change is not changed.
        changed |= root.shift_remove("$schema").is_some();
        changed |= root.shift_remove("$id").is_some();
    }
    if input {
        changed |= at_root(root);
    }
    if rule == SchemaRule::Gemini {
        gemini::convert(&mut schema);
        changed = true;
    }
    changed |= clean(&mut schema, rule);
    if changed {
        Cow::Owned(schema.to_string())
    } else {
        compact(text)
    }
}

fn at_root(root: &mut Map<String, Value>) -> bool {
    let mut changed = false;
    if root.get("type").and_then(Value::as_str) != Some("object") {
        root.insert("type".to_owned(), "object".into());
        changed = true;
    }
    if !root.get("properties").is_some_and(Value::is_object) {
        root.insert("properties".to_owned(), Map::new().into());
        changed = true;
    }
    changed
}

/// Mends a schema and those within it; says whether there was something to mend.
fn clean(schema: &mut Value, rule: SchemaRule) -> bool {
    let Value::Object(members) = schema else {
        return false;
    };
    let mut changed = false;
    let list = of_type(members, "array");
    if list && !members.contains_key("items") && !members.contains_key("prefixItems") {
        members.insert("items".to_owned(), Map::new().into());
        changed = true;
    }
    let bare = rule == SchemaRule::Properties && of_type(members, "object");
    if bare && !members.contains_key("properties") {
        members.insert("properties".to_owned(), Map::new().into());
        changed = true;
    }
    if let Some(Value::Array(required)) = members.get_mut("required") {
        let before = required.len();
        let mut seen = HashSet::with_capacity(before);
        required.retain(|name| seen.insert(name.to_string()));
        changed |= required.len() != before;
    }
    each_inner(members, &mut |inner| changed |= clean(inner, rule));
    changed
}

fn of_type(members: &Map<String, Value>, wanted: &str) -> bool {
    match members.get("type") {
        Some(Value::String(name)) => name == wanted,
        Some(Value::Array(names)) => names.iter().any(|name| name == wanted),
        _ => false,
    }
}

/// Visits every schema directly within one.
fn each_inner(members: &mut Map<String, Value>, each: &mut dyn FnMut(&mut Value)) {
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            (
                "properties" | "$defs" | "definitions" | "patternProperties" | "dependentSchemas",
                Value::Object(inner),
            ) => inner.values_mut().for_each(&mut *each),
            ("anyOf" | "oneOf" | "allOf" | "prefixItems" | "items", Value::Array(inner)) => {
                inner.iter_mut().for_each(&mut *each);
            }
            (
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames",
                inner @ Value::Object(_),
            ) => each(inner),
            _ => {}
        }
    }
}

/// Whether a schema is as OpenAI's strict mode wants it: every object closed, and every property
/// required.
pub(super) fn qualifies(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|mut schema| strict(&mut schema))
}

fn strict(schema: &mut Value) -> bool {
    let Value::Object(members) = schema else {
        return true;
    };
    if [
        "oneOf",
        "allOf",
        "not",
        "if",
        "patternProperties",
        "propertyNames",
    ]
    .iter()
    .any(|name| members.contains_key(*name))
    {
        return false;
    }
    if of_type(members, "object") {
        let closed = members.get("additionalProperties") == Some(&Value::Bool(false));
        let required = members.get("required").and_then(Value::as_array);
        let all = members.get("properties").and_then(Value::as_object);
        let whole = all.is_some_and(|all| {
            all.keys()
                .all(|name| required.is_some_and(|list| list.iter().any(|item| item == name)))
        });
        if !closed || !whole {
            return false;
        }
    }
    let mut fits = true;
    each_inner(members, &mut |inner| fits &= strict(inner));
    fits
}

//! Schemas as Google's models take them: no references, no unions but `anyOf`, one type each.

use serde_json::{Map, Value};

/// Members that are not known there.
const UNKNOWN: [&str; 22] = [
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "uniqueItems",
    "multipleOf",
    "examples",
    "readOnly",
    "writeOnly",
    "contentEncoding",
];

/// Deepest nesting of references; what lies deeper is any object.
const MAX_REFERENCES: u8 = 6;

/// Most schemas that are made of one, as references can multiply.
const MAX_SCHEMAS: usize = 20_000;

/// Converts a whole schema.
pub(super) fn convert(schema: &mut Value) {
    let root = schema.clone();
    let mut conversion = Conversion {
        root: &root,
        count: 0,
    };
    conversion.schema(schema, 0);
}

struct Conversion<'r> {
    root: &'r Value,
    count: usize,
}

impl Conversion<'_> {
    fn schema(&mut self, schema: &mut Value, references: u8) {
        self.count += 1;
        if !schema.is_object() || self.count > MAX_SCHEMAS {
            *schema = Value::Object(Map::new());
            return;
        }
        let references = self.resolve(schema, references);
        let Value::Object(members) = schema else {
            return;
        };
        for name in UNKNOWN {
            members.shift_remove(name);
        }
        all_of(members);
        rename(members);
        types(members);
        formats(members);
        for (key, value) in members.iter_mut() {
            match (key.as_str(), value) {
                ("properties", Value::Object(inner)) => {
                    for inner in inner.values_mut() {
                        self.schema(inner, references);
                    }
                }
                ("anyOf", Value::Array(inner)) => {
                    for inner in inner {
                        self.schema(inner, references);
                    }
                }
                ("items", inner) => self.schema(inner, references),
                _ => {}
            }
        }
        nullable(members);
    }

    /// Puts what a reference means in its place.
    fn resolve(&self, schema: &mut Value, mut references: u8) -> u8 {
        while let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            references += 1;
            let target = target
                .strip_prefix('#')
                .filter(|_| references <= MAX_REFERENCES);
            let meant = target.and_then(|target| self.root.pointer(target));
            let mut meant = meant
                .cloned()
                .unwrap_or_else(|| serde_json::json!({"type": "object"}));
            if let (Value::Object(meant), Value::Object(said)) = (&mut meant, &*schema) {
                for (key, value) in said.iter().filter(|(key, _)| *key != "$ref") {
                    meant.insert(key.clone(), value.clone());
                }
            }
            *schema = meant;
        }
        references
    }
}

/// Puts the members of all of `allOf` together.
fn all_of(members: &mut Map<String, Value>) {
    let Some(Value::Array(all)) = members.shift_remove("allOf") else {
        return;
    };
    for one in all {
        let Value::Object(one) = one else { continue };
        for (key, value) in one {
            match (members.get_mut(&key), value) {
                (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
                (Some(_), _) => {}
                (None, value) => {
                    members.insert(key, value);
                }
            }
        }
    }
}

fn rename(members: &mut Map<String, Value>) {
    for (from, to) in [
        ("oneOf", "anyOf"),
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if let Some(value) = members.shift_remove(from)
            && !value.is_boolean()
            && !members.contains_key(to)
        {
            members.insert(to.to_owned(), value);
        }
    }
    if let Some(only) = members.shift_remove("const") {
        members.insert("enum".to_owned(), Value::Array(vec![only]));
    }
    if let Some(Value::Array(tuple)) = members.shift_remove("prefixItems")
        && !members.get("items").is_some_and(Value::is_object)
    {
        let any = Value::Object(Map::from_iter([("anyOf".to_owned(), Value::Array(tuple))]));
        members.insert("items".to_owned(), any);
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        // Only texts can be listed.
        for value in values.iter_mut().filter(|value| !value.is_string()) {
            *value = Value::String(value.to_string());
        }
        members.insert("type".to_owned(), "string".into());
    }
}

/// Several types are one, or a union of each.
fn types(members: &mut Map<String, Value>) {
    let Some(Value::Array(names)) = members.get("type") else {
        return;
    };
    let null = names.iter().any(|name| name == "null");
    let names: Vec<Value> = names
        .iter()
        .filter(|name| *name != "null")
        .cloned()
        .collect();
    match names.as_slice() {
        [] => {
            members.insert("type".to_owned(), "string".into());
        }
        [one] => {
            members.insert("type".to_owned(), one.clone());
        }
        several => {
            members.shift_remove("type");
            let each = several.iter().map(|name| serde_json::json!({"type": name}));
            members.entry("anyOf").or_insert_with(|| each.collect());
        }
    }
    if null {
        members.insert("nullable".to_owned(), true.into());
    }
}

fn formats(members: &mut Map<String, Value>) {
    let known = match members.get("format").and_then(Value::as_str) {
        Some("date-time" | "enum" | "float" | "double" | "int32" | "int64") => true,
        Some(_) => false,
        None => members.get("format").is_none(),
    };
    if !known {
        members.shift_remove("format");
    }
}

/// A union with nothing is one that may be missing.
fn nullable(members: &mut Map<String, Value>) {
    let Some(Value::Array(any)) = members.get_mut("anyOf") else {
        return;
    };
    let null = |one: &Value| one.get("type").is_some_and(|name| name == "null");
    let before = any.len();
    any.retain(|one| !null(one));
    let missing = any.len() < before;
    let only = match any.as_slice() {
        [Value::Object(only)] => Some(only.clone()),
        _ => None,
    };
    let none = any.is_empty();
    if missing {
        members.insert("nullable".to_owned(), true.into());
    }
    if only.is_some() || none {
        members.shift_remove("anyOf");
    }
    for (key, value) in only.into_iter().flatten() {
        members.entry(key).or_insert(value);
    }
}

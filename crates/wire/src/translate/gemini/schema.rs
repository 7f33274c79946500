//! Schemas: Google's own kind, a subset of OpenAPI's, to JSON Schema and back.
//!
//! Google refuses what it does not know (`$ref`, `additionalProperties`, `const`, lists of types,
//! ...), so that a schema for it is made of what it knows, with what little of the rest can be
//! said: references are put in place, unions are `anyOf`, null is `nullable`.

use serde_json::{Map, Value, json};

use crate::translate::json::Json;

mod combine;

use combine::{absorb, merge_alternatives};

/// Deepest nesting that is said; what is deeper is any object or any text.
const MAX_DEPTH: usize = 24;

/// Most schemas that one is made of, references put in place.
const MAX_NODES: usize = 8_192;

/// The JSON schema that a schema of Google's means; as it was if it is no object.
pub(super) fn from_google(schema: &Json<'_>) -> Json<'static> {
    match serde_json::from_str::<Value>(schema.as_str()) {
        Ok(mut value) => {
            standardise(&mut value);
            Json::from(&value)
        }
        Err(_) => schema.clone().into_owned(),
    }
}

/// A JSON schema as it is, unless it names its type in Google's words: Gemini CLI sends such.
pub(super) fn from_standard(schema: Json<'_>) -> Json<'_> {
    let Ok(value) = serde_json::from_str::<Value>(schema.as_str()) else {
        return schema;
    };
    let kind = value.get("type").and_then(Value::as_str);
    if kind.is_some_and(|kind| kind.starts_with(|first: char| first.is_ascii_uppercase())) {
        return from_google(&schema);
    }
    schema
}

/// Words of Google's in the spelling of its protocol buffers.
const SNAKE: [(&str, &str); 7] = [
    ("any_of", "anyOf"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
];

fn standardise(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    let members = std::mem::take(map);
    let mut nullable = false;
    for (name, mut value) in members {
        let known = SNAKE.iter().find(|(snake, _)| *snake == name);
        let name = known.map_or(name, |(_, camel)| (*camel).to_owned());
        match name.as_str() {
            "nullable" => {
                nullable = value == Value::Bool(true);
                continue;
            }
            "propertyOrdering" | "property_ordering" | "example" => continue,
            "format" if value == "enum" => continue,
            "type" => {
                if let Value::String(kind) = &mut value {
                    kind.make_ascii_lowercase();
                    if kind == "type_unspecified" {
                        continue;
                    }
                }
            }
            "properties" | "$defs" | "definitions" => {
                if let Value::Object(inner) = &mut value {
                    inner.values_mut().for_each(standardise);
                }
            }
            "items" | "additionalProperties" => standardise(&mut value),
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                if let Value::Array(inner) = &mut value {
                    inner.iter_mut().for_each(standardise);
                }
            }
            name if name.starts_with("min") || name.starts_with("max") => {
                // 64-bit numbers are strings in Google's JSON.
                let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
                value = number.map_or(value, Value::from);
            }
            _ => {}
        }
        map.insert(name, value);
    }
    if nullable {
        allow_null(map);
    }
}

fn allow_null(map: &mut Map<String, Value>) {
    if let Some(kind) = map.get_mut("type")
        && kind.is_string()
    {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(Value::Array(allowed)) = map.get_mut("enum") {
        allowed.push(Value::Null);
    }
    if let Some(Value::Array(any)) = map.get_mut("anyOf") {
        any.push(json!({"type": "null"}));
    }
}

/// What a function takes.
#[derive(Debug, PartialEq)]
pub(super) enum Parameters {
    /// Nothing.
    None,
    /// For `parameters`: a schema of Google's kind.
    Google(Value),
    /// For `parametersJsonSchema`: a JSON schema, of which Google's kind would lose what matters.
    Standard(Value),
}

/// What a function takes, as Google has it. `standard` tells whether the model reads JSON schemas.
pub(super) fn parameters(schema: &Json<'_>, standard: bool) -> Parameters {
    let Ok(mut root) = serde_json::from_str::<Value>(schema.as_str()) else {
        return Parameters::None;
    };
    let mut maker = Maker::new(&root);
    let mut made = maker.make(&root, 0);
    let lossy = maker.lossy;
    merge_alternatives(&mut made);
    made.insert("type".to_owned(), json!("object"));
    made.remove("nullable");
    let properties = made.get("properties").and_then(Value::as_object);
    if properties.is_none_or(Map::is_empty) {
        return Parameters::None;
    }
    match root.as_object_mut() {
        Some(root_members) if lossy && standard => {
            root_members.shift_remove("$schema");
            root_members.shift_remove("$id");
            root_members.entry("type").or_insert(json!("object"));
            Parameters::Standard(root)
        }
        _ => Parameters::Google(Value::Object(made)),
    }
}

/// The form of an answer, as Google's schema.
pub(super) fn response(schema: &Json<'_>) -> Option<Value> {
    let root = serde_json::from_str(schema.as_str()).ok()?;
    Some(Value::Object(Maker::new(&root).make(&root, 0)))
}

struct Maker<'s> {
    root: &'s Value,
    left: usize,
    /// Whether something was left out that changes what fits: objects of any members, values
    /// that are no texts, references that do not end.
    lossy: bool,
}

impl<'s> Maker<'s> {
    fn new(root: &'s Value) -> Self {
        Self {
            root,
            left: MAX_NODES,
            lossy: false,
        }
    }

    fn make(&mut self, schema: &'s Value, depth: usize) -> Map<String, Value> {
        let mut made = Map::new();
        self.left = self.left.saturating_sub(1);
        let Value::Object(schema) = schema else {
            self.lossy = true;
            made.insert("type".to_owned(), json!("string"));
            return made;
        };
        if depth > MAX_DEPTH || self.left == 0 {
            self.lossy = true;
            let kind = type_of(schema).unwrap_or("object");
            let kind = if kind == "array" { "object" } else { kind };
            made.insert("type".to_owned(), json!(kind));
            return made;
        }
        self.words(schema, &mut made);
        self.refer(schema, &mut made, depth);
        self.types(schema, &mut made, depth);
        self.members(schema, &mut made, depth);
        self.unions(schema, &mut made, depth);
        self.finish(&mut made, depth);
        made
    }

    /// What needs no change.
    fn words(&mut self, schema: &Map<String, Value>, made: &mut Map<String, Value>) {
        for name in ["title", "description", "pattern"] {
            if let Some(text @ Value::String(_)) = schema.get(name) {
                made.insert(name.to_owned(), text.clone());
            }
        }
        for name in [
            "minItems",
            "maxItems",
            "minLength",
            "maxLength",
            "minProperties",
            "maxProperties",
        ] {
            if let Some(count) = schema.get(name).filter(|count| count.is_u64()) {
                made.insert(name.to_owned(), count.clone());
            }
        }
        for (name, said) in [
            ("exclusiveMinimum", "minimum"),
            ("exclusiveMaximum", "maximum"),
            ("minimum", "minimum"),
            ("maximum", "maximum"),
        ] {
            if let Some(bound @ Value::Number(_)) = schema.get(name) {
                made.insert(said.to_owned(), bound.clone());
            }
        }
    }

    fn refer(
        &mut self,
        schema: &'s Map<String, Value>,
        made: &mut Map<String, Value>,
        depth: usize,
    ) {
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| target.strip_prefix('#'));
        if let Some(target) = target.and_then(|target| self.root.pointer(target)) {
            // A step of two, so that schemas that hold themselves stay small.
            let inner = self.make(target, depth + 4);
            absorb(made, inner);
        }
    }

    fn types(
        &mut self,
        schema: &'s Map<String, Value>,
        made: &mut Map<String, Value>,
        depth: usize,
    ) {
        match schema.get("type") {
            Some(Value::String(kind)) if kind == "null" => set_null(made),
            Some(Value::String(kind)) => {
                made.insert("type".to_owned(), json!(kind.to_ascii_lowercase()));
            }
            Some(Value::Array(kinds)) => {
                let some = |kind: &&Value| kind.as_str() != Some("null");
                if !kinds.iter().all(|kind| some(&kind)) {
                    set_null(made);
                }
                let kinds: Vec<_> = kinds.iter().filter(some).cloned().collect();
                match kinds.as_slice() {
                    [] => {}
                    [kind] => {
                        made.insert("type".to_owned(), kind.clone());
                    }
                    several => {
                        let any = several.iter().map(|kind| self.one_of(kind, schema, depth));
                        let any: Vec<_> = any.collect();
                        made.insert("anyOf".to_owned(), Value::Array(any));
                    }
                }
            }
            _ => {
                if let Some(kind) = type_of(schema) {
                    made.insert("type".to_owned(), json!(kind));
                }
            }
        }
    }

    /// One of several types that a schema allows.
    fn one_of(&mut self, kind: &Value, schema: &'s Map<String, Value>, depth: usize) -> Value {
        let mut made = Map::new();
        made.insert("type".to_owned(), kind.clone());
        if let Some("object" | "array") = kind.as_str() {
            self.members(schema, &mut made, depth);
        }
        self.finish(&mut made, depth);
        Value::Object(made)
    }

    /// What objects and arrays hold, and what values there are.
    fn members(
        &mut self,
        schema: &'s Map<String, Value>,
        made: &mut Map<String, Value>,
        depth: usize,
    ) {
        let kind = made.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "object" => self.object(schema, made, depth),
            "array" => {
                let first = schema.get("prefixItems").and_then(|items| items.get(0));
                let items = match schema.get("items") {
                    Some(Value::Array(items)) => items.first(),
                    Some(items @ Value::Object(_)) => Some(items),
                    _ => first,
                };
                let items = match items {
                    Some(items) => Value::Object(self.make(items, depth + 1)),
                    None => json!({"type": "string"}),
                };
                made.entry("items").or_insert(items);
            }
            "string" => {
                allowed(schema, made);
                keep_format(schema, made, &["date-time"]);
            }
            "number" => {
                self.lossy |= schema.contains_key("enum") || schema.contains_key("const");
                keep_format(schema, made, &["float", "double"]);
            }
            "integer" => {
                self.lossy |= schema.contains_key("enum") || schema.contains_key("const");
                keep_format(schema, made, &["int32", "int64"]);
            }
            _ => {}
        }
    }

    fn object(
        &mut self,
        schema: &'s Map<String, Value>,
        made: &mut Map<String, Value>,
        depth: usize,
    ) {
        let Some(Value::Object(properties)) = schema.get("properties") else {
            return;
        };
        let mut said = Map::new();
        for (name, property) in properties {
            if self.left == 0 {
                break;
            }
            let property = self.make(property, depth + 1);
            said.insert(name.clone(), Value::Object(property));
        }
        let mut inner = Map::new();
        if let Some(Value::Array(required)) = schema.get("required") {
            let mut names: Vec<Value> = Vec::new();
            for name in required {
                let known = name.as_str().is_some_and(|name| said.contains_key(name));
                if known && !names.contains(name) {
                    names.push(name.clone());
                }
            }
            inner.insert("required".to_owned(), Value::Array(names));
        }
        inner.insert("properties".to_owned(), Value::Object(said));
        absorb(made, inner);
    }

    fn unions(
        &mut self,
        schema: &'s Map<String, Value>,
        made: &mut Map<String, Value>,
        depth: usize,
    ) {
        if let Some(Value::Array(all)) = schema.get("allOf") {
            for inner in all {
                let inner = self.make(inner, depth + 1);
                absorb(made, inner);
            }
        }
        for name in ["anyOf", "oneOf"] {
            let Some(Value::Array(any)) = schema.get(name) else {
                continue;
            };
            // Beside a type of its own, alternatives only narrow it.
            if made.contains_key("type") || made.contains_key("anyOf") {
                continue;
            }
            let null = |inner: &&Value| inner.get("type").and_then(Value::as_str) == Some("null");
            if any.iter().any(|inner| null(&inner)) {
                set_null(made);
            }
            let some = any.iter().filter(|inner| !null(inner));
            let mut said: Vec<_> = some.map(|inner| self.make(inner, depth + 1)).collect();
            if said.len() == 1 {
                absorb(made, said.remove(0));
            } else if !said.is_empty() {
                let said = said.into_iter().map(Value::Object).collect();
                made.insert("anyOf".to_owned(), Value::Array(said));
            }
        }
    }

    /// A type must be there, unless there are alternatives, which stand alone.
    fn finish(&mut self, made: &mut Map<String, Value>, depth: usize) {
        if made.contains_key("anyOf") {
            let beside =
                |name: &str| matches!(name, "anyOf" | "description" | "title" | "nullable");
            made.retain(|name, _| beside(name));
            return;
        }
        let has_members = made.get("properties").and_then(Value::as_object);
        let has_members = has_members.is_some_and(|members| !members.is_empty());
        match made.get("type").and_then(Value::as_str) {
            Some("object") => self.lossy |= depth > 0 && !has_members,
            Some(_) => {}
            None => {
                self.lossy = true;
                made.insert("type".to_owned(), json!("string"));
            }
        }
    }
}

fn set_null(made: &mut Map<String, Value>) {
    made.insert("nullable".to_owned(), Value::Bool(true));
}

/// The type that a schema without one has by its other members.
fn type_of(schema: &Map<String, Value>) -> Option<&'static str> {
    let has = |name: &str| schema.contains_key(name);
    let value = schema.get("const").or_else(|| schema.get("enum")?.get(0));
    match value {
        Some(Value::String(_)) => return Some("string"),
        Some(Value::Number(number)) if number.is_f64() => return Some("number"),
        Some(Value::Number(_)) => return Some("integer"),
        Some(Value::Bool(_)) => return Some("boolean"),
        _ => {}
    }
    if has("properties") || has("additionalProperties") {
        Some("object")
    } else if has("items") || has("prefixItems") {
        Some("array")
    } else if has("minimum") || has("maximum") {
        Some("number")
    } else {
        None
    }
}

/// Google's `enum` has texts only, and no empty ones.
fn allowed(schema: &Map<String, Value>, made: &mut Map<String, Value>) {
    let one = schema.get("const").map(std::slice::from_ref);
    let many = schema.get("enum").and_then(Value::as_array);
    let Some(values) = one.or(many.map(Vec::as_slice)) else {
        return;
    };
    if values.iter().any(Value::is_null) {
        set_null(made);
    }
    let mut texts: Vec<Value> = Vec::new();
    for value in values {
        if value.as_str().is_some_and(|text| !text.is_empty()) && !texts.contains(value) {
            texts.push(value.clone());
        }
    }
    if !texts.is_empty() {
        made.insert("enum".to_owned(), Value::Array(texts));
    }
}

fn keep_format(schema: &Map<String, Value>, made: &mut Map<String, Value>, known: &[&str]) {
    if let Some(Value::String(format)) = schema.get("format")
        && known.contains(&format.as_str())
    {
        made.insert("format".to_owned(), json!(format));
    }
}

#[cfg(test)]
mod tests;

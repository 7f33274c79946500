//! The JSON schema of the file, for editors.

use serde_json::{Map, Value as Json, json};

use super::catalogue::{CATALOGUE, SECTIONS};
use super::entry::{Entry, provider_of};
use super::kind::{Kind, Value, size_text};

/// A JSON schema (2020-12) of what [`load`](super::load) accepts. It is stricter in that numbers
/// and switches may not be quoted, and blind to what a variable will hold, to the grammar of texts,
/// and to settings that do not go together.
#[must_use]
pub fn json_schema() -> Json {
    let mut root = section("", "");
    let head = [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", "weir"),
        ("description", "The configuration of weir."),
    ];
    let mut all: Map<String, Json> = head
        .iter()
        .map(|(key, text)| ((*key).to_owned(), json!(text)))
        .collect();
    all.append(&mut root);
    all.insert(
        "$defs".to_owned(),
        json!({ "variable": { "type": "string", "pattern": "\\$\\{" } }),
    );
    Json::Object(all)
}

/// The schema of one section; `""` is the file.
fn section(path: &str, doc: &str) -> Map<String, Json> {
    let mut properties = Map::new();
    let parent = |path: &'static str| path.rsplit_once('.').map_or("", |(parent, _)| parent);
    for entry in CATALOGUE.iter().filter(|entry| entry.section() == path) {
        properties.insert(entry.name().to_owned(), setting(entry));
    }
    let mut others = json!(false);
    for (child, doc) in SECTIONS
        .iter()
        .filter(|(child, _)| parent(child) == path && !child.is_empty())
    {
        let inner = Json::Object(section(child, doc));
        match child.rsplit_once('.').map_or(*child, |(_, name)| name) {
            "*" => others = inner,
            name => drop(properties.insert(name.to_owned(), inner)),
        }
    }
    let mut schema = Map::new();
    if !doc.is_empty() {
        schema.insert("description".to_owned(), json!(doc));
    }
    schema.insert("type".to_owned(), json!(["object", "null"]));
    if !properties.is_empty() {
        schema.insert("properties".to_owned(), Json::Object(properties));
    }
    if path == "providers" {
        schema.insert(
            "propertyNames".to_owned(),
            json!({ "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$" }),
        );
    }
    schema.insert("additionalProperties".to_owned(), others);
    schema
}

fn setting(entry: &Entry) -> Json {
    let mut forms = forms(entry.kind);
    forms.push(json!({ "type": "null" }));
    if !matches!(entry.kind, Kind::Text { .. }) {
        forms.push(json!({ "$ref": "#/$defs/variable" }));
    }
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(entry.doc));
    schema.insert("anyOf".to_owned(), json!(forms));
    if !entry.default.is_empty() && provider_of(entry.path).is_none_or(|_| entry.by_type.is_empty())
    {
        schema.insert("default".to_owned(), default(entry));
    }
    Json::Object(schema)
}

fn default(entry: &Entry) -> Json {
    match entry.kind.read(entry.default) {
        Ok(Value::Bool(flag)) => json!(flag),
        Ok(Value::Integer(number)) if !matches!(entry.kind, Kind::Size { .. }) => json!(number),
        _ => json!(entry.default),
    }
}

/// The ways to write a value of a kind.
fn forms(kind: Kind) -> Vec<Json> {
    match kind {
        Kind::Bool => vec![json!({ "type": "boolean" })],
        Kind::Integer { min, max } => {
            vec![json!({ "type": "integer", "minimum": min, "maximum": max })]
        }
        Kind::Duration { min } => vec![
            json!({ "type": "number", "minimum": min.as_secs_f64(), "description": "Seconds." }),
            json!({
                "type": "string",
                "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$|^[0-9]+$",
                "description": "Such as 500s, 10m, 1h30m, 250ms.",
            }),
        ],
        Kind::Size { min } => vec![
            json!({ "type": "integer", "minimum": min, "description": format!("Bytes, at least {}.", size_text(min)) }),
            json!({
                "type": "string",
                "pattern": "^[0-9]+(\\.[0-9]+)? *([KkMmGgTt][Ii]?)?[Bb]$|^[0-9]+$",
                "description": "Such as 32MiB or 10MB.",
            }),
        ],
        Kind::Choice(words) => vec![json!({ "enum": words })],
        Kind::Text { form, .. } => {
            vec![json!({ "type": ["string", "number", "boolean"], "title": form })]
        }
        Kind::List { form, .. } => vec![
            json!({ "type": "array", "items": { "type": ["string", "number"], "title": form } }),
            json!({ "type": "string", "description": "The same, with commas between." }),
        ],
    }
}

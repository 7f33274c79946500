//! The JSON schema of the file, for editors.

use serde_json::{Map, Value as Json, json};

use super::catalogue::SECTIONS;
use super::entry::{Entry, children, find, ignored};
use super::kind::{Kind, Value, size_text};

/// A JSON schema (2020-12) of what [`load`](super::load) accepts. It is stricter in that numbers
/// and switches may not be quoted, and blind to what a variable will hold, to the grammar of texts,
/// and to settings that do not go together.
#[must_use]
pub fn json_schema() -> Json {
    let mut root = Map::new();
    for (key, text) in [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", "weir"),
        ("description", "The configuration of weir."),
    ] {
        root.insert(key.to_owned(), json!(text));
    }
    root.append(&mut section(""));
    let mut provider = section("providers.*");
    if let Some(Json::Object(properties)) = provider.get_mut("properties") {
        let name = json!({
            "description": "Its name, in a list of providers; in a map the key is the name.",
            "type": "string",
            "pattern": NAME,
        });
        properties.insert("name".to_owned(), name);
    }
    let defs = json!({
        "variable": { "type": "string", "pattern": "\\$[A-Za-z_{]" },
        "provider": provider,
        "key": section("providers.*.keys.*"),
        "sink": section("events.sinks.*"),
    });
    root.insert("$defs".to_owned(), defs);
    Json::Object(root)
}

/// A provider's name, or a sink's.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$";

/// The schema of one section; `""` is the file.
fn section(path: &str) -> Map<String, Json> {
    let mut properties = Map::new();
    for child in children(path) {
        let path = match path {
            "" => child.to_owned(),
            path => format!("{path}.{child}"),
        };
        if !properties.contains_key(child) {
            properties.insert(child.to_owned(), property(&path));
        }
    }
    let mut schema = Map::new();
    if let Some(doc) = doc(path) {
        schema.insert("description".to_owned(), json!(doc));
    }
    schema.insert("type".to_owned(), json!(["object", "null"]));
    schema.insert("properties".to_owned(), Json::Object(properties));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn doc(path: &str) -> Option<&'static str> {
    let section = SECTIONS.iter().find(|(section, _)| *section == path);
    section.map(|(_, doc)| *doc)
}

/// What may stand at a path.
fn property(path: &str) -> Json {
    if let Some(entry) = find(path) {
        return setting(entry, path);
    }
    if let Some(key) = ignored(path) {
        let doc = format!("Without effect: {}.", key.why);
        return json!({ "description": doc, "deprecated": true });
    }
    match path {
        "providers" => json!({
            "description": doc(path),
            "anyOf": [
                {
                    "type": ["object", "null"],
                    "propertyNames": { "pattern": NAME },
                    "additionalProperties": { "$ref": "#/$defs/provider" },
                },
                {
                    "type": "array",
                    "items": { "$ref": "#/$defs/provider", "required": ["name"] },
                },
            ],
        }),
        "events.sinks" => json!({
            "description": doc(path),
            "type": ["object", "null"],
            "propertyNames": { "pattern": NAME },
            "additionalProperties": { "$ref": "#/$defs/sink" },
        }),
        "providers.*.keys" => json!({
            "description": "Its credentials.",
            "type": ["array", "null"],
            "items": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/key" }] },
        }),
        path => Json::Object(section(path)),
    }
}

fn setting(entry: &Entry, path: &str) -> Json {
    let alias = entry.aliases.iter().find(|alias| alias.path == path);
    let kind = alias.map_or(entry.kind, |alias| alias.kind(entry));
    let mut forms = forms(kind);
    forms.push(json!({ "type": "null" }));
    if !matches!(kind, Kind::Text { .. }) {
        forms.push(json!({ "$ref": "#/$defs/variable" }));
    }
    let mut schema = Map::new();
    if let Some(alias) = alias {
        let doc = format!("cc-relay's name for `{}`.", entry.path);
        schema.insert("description".to_owned(), json!(doc));
        if alias.leaves_default(entry, "0") {
            forms.push(json!({ "const": 0 }));
        }
    } else {
        schema.insert("description".to_owned(), json!(entry.doc));
    }
    schema.insert("anyOf".to_owned(), json!(forms));
    let one_for_all = !entry.is_of_provider() || entry.by_type.is_empty();
    if one_for_all && alias.is_none() && !entry.default.is_empty() {
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
        Kind::Duration { min } => span(min.as_secs_f64(), "Seconds."),
        Kind::Millis { min } => span(min.as_secs_f64() * 1e3, "Milliseconds."),
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
        Kind::Rules => vec![
            json!({ "type": "array", "items": {
                "type": "object",
                "required": ["header", "action"],
                "additionalProperties": false,
                "properties": {
                    "header": { "type": "string" },
                    "action": { "enum": ["block", "set", "replace"] },
                    "value": { "type": ["string", "number", "boolean"] },
                    "find": { "type": ["string", "number", "boolean"] },
                    "enabled": { "type": "boolean" },
                },
            } }),
            json!({ "type": "string", "description": "The same as JSON." }),
        ],
        Kind::Map { form, fields, .. } => vec![
            json!({ "type": "object", "additionalProperties": values(fields), "title": form }),
            json!({ "type": "string", "description": "The same as name=value, with commas between." }),
        ],
    }
}

/// What a map's values may be.
fn values(fields: &[&str]) -> Json {
    if fields.is_empty() {
        return json!({ "type": ["string", "null"] });
    }
    let each = |field: &&str| ((*field).to_owned(), json!({ "type": ["number", "string"] }));
    let properties: Map<String, Json> = fields.iter().map(each).collect();
    let section =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    json!({ "oneOf": [
        { "type": ["string", "null"] }, section, { "type": "array", "items": section },
    ] })
}

fn span(min: f64, unit: &str) -> Vec<Json> {
    vec![
        json!({ "type": "number", "minimum": min, "description": unit }),
        json!({
            "type": "string",
            "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$|^[0-9]+$",
            "description": "Such as 500s, 10m, 1h30m, 250ms.",
        }),
    ]
}

//! A tool's schema about as models get to see it: as a type of TypeScript, which leaves out most
//! punctuation, or as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// `schema` as a type, or as JSON without spaces. An object without members is no type at all.
pub(super) fn render(typed: bool, schema: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(schema) else {
        // Too deep, as it is valid.
        return schema.to_owned();
    };
    if !typed {
        return value.to_string();
    }
    let mut out = String::new();
    let takes = |members: &Value| {
        members
            .as_object()
            .is_none_or(|members| !members.is_empty())
    };
    if value.get("type").is_none_or(|kind| kind != "object")
        || value.get("properties").is_some_and(takes)
    {
        kind(&value, &mut out);
    }
    out
}

/// Writes the type that `schema` describes. No deeper than the parser goes, which has a limit.
fn kind(schema: &Value, out: &mut String) {
    let Some(members) = schema.as_object() else {
        return out.push_str("any");
    };
    if let Some(values) = list(members, "enum") {
        return union(values, out, |value, out| {
            write!(out, "{value}").expect("a string takes every write");
        });
    }
    if let Some(kinds) = list(members, "anyOf").or_else(|| list(members, "oneOf")) {
        return union(kinds, out, kind);
    }
    match members.get("type") {
        Some(Value::String(name)) => named(name, members, out),
        Some(Value::Array(names)) => union(names, out, |name, out| {
            named(name.as_str().unwrap_or("any"), members, out);
        }),
        _ if members.contains_key("properties") => object(members, out),
        // A reference and the like.
        _ => write!(out, "{schema}").expect("a string takes every write"),
    }
}

fn list<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Vec<Value>> {
    members.get(name).and_then(Value::as_array)
}

fn union(items: &[Value], out: &mut String, each: impl Fn(&Value, &mut String)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(" | ");
        }
        each(item, out);
    }
}

fn named(name: &str, members: &Map<String, Value>, out: &mut String) {
    match name {
        "object" => object(members, out),
        "array" => {
            kind(members.get("items").unwrap_or(&Value::Null), out);
            out.push_str("[]");
        }
        "integer" => out.push_str("number"),
        name => out.push_str(name),
    }
}

fn object(members: &Map<String, Value>, out: &mut String) {
    out.push_str("{\n");
    let required = list(members, "required");
    for (name, schema) in members
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if let Some(text) = schema.get("description").and_then(Value::as_str) {
            out.push_str("// ");
            out.push_str(text);
            out.push('\n');
        }
        out.push_str(name);
        let needed = required.is_some_and(|names| names.iter().any(|needed| needed == name));
        out.push_str(if needed { ": " } else { "?: " });
        kind(schema, out);
        out.push(',');
        if let Some(default) = schema.get("default") {
            write!(out, " // default: {default}").expect("a string takes every write");
        }
        out.push('\n');
    }
    // Definitions are seen where they are referred to.
    for group in ["$defs", "definitions"] {
        if let Some(group) = members.get(group) {
            write!(out, "{group}").expect("a string takes every write");
        }
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_becomes_a_type_or_stays_json() {
        let schema = r##"{ "type":"object", "properties":{
            "city":{"type":"string","description":"Where."},
            "unit":{"enum":["c","f"],"default":"c"},
            "days":{"type":["integer","null"]},
            "tags":{"type":"array","items":{"anyOf":[{"type":"string"},{"$ref":"#/$defs/T"}]}}
        },"required":["city"]}"##;
        assert_eq!(
            render(true, schema),
            "{\n// Where.\ncity: string,\nunit?: \"c\" | \"f\", // default: \"c\"\n\
             days?: number | null,\ntags?: string | {\"$ref\":\"#/$defs/T\"}[],\n}"
        );
        let compact = render(false, r#"{ "type": "object" }"#);
        assert_eq!(compact, r#"{"type":"object"}"#);
    }

    #[test]
    fn odd_schemas_are_rendered_somehow() {
        for schema in [
            "true",
            "{}",
            "[]",
            "\"x\"",
            r#"{"type":1}"#,
            r#"{"type":"array"}"#,
        ] {
            assert!(!render(true, schema).is_empty());
        }
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(render(true, &deep), deep);
    }
}

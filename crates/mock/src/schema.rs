//! Makes values that satisfy a JSON schema, for tool arguments and structured answers. Covers what
//! agents' tools use; it is no validator.

use serde_json::{Map, Value, json};

use crate::ask::{Tool, ToolKind};
use crate::scenario::Scenario;

/// Deeper schemas, and those that refer to themselves, end in a plain value.
const MAX_DEPTH: usize = 12;

/// Settings with a meaning of their own, which are no tool arguments.
const RESERVED: [&str; 25] = [
    "tool",
    "arguments",
    "text",
    "before",
    "steps",
    "n",
    "delay",
    "gap",
    "split",
    "encoding",
    "pings",
    "chunks",
    "thinking",
    "thought",
    "stop",
    "background",
    "limits",
    "crlf",
    "odd",
    "count",
    "signature",
    "redacted",
    "ping",
    "5h",
    "7d",
];

/// A value that fits the schema: required properties only, first choices, short texts.
pub(crate) fn sample(schema: &Value) -> Value {
    value(schema, schema, 0)
}

fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(fixed) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
        return fixed.clone();
    }
    let reference = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|at| at.strip_prefix('#'));
    if let Some(target) = reference.and_then(|at| root.pointer(at)) {
        return value(target, root, depth + 1);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choice).and_then(|choices| choices.get(0)) {
            return value(first, root, depth + 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    match kind.unwrap_or_default().to_lowercase().as_str() {
        "string" => Value::from("mock"),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => Value::Bool(false),
        "array" => {
            let least = schema
                .get("minItems")
                .and_then(Value::as_u64)
                .unwrap_or(0)
                .min(16);
            let item = schema
                .get("items")
                .map_or(Value::Null, |item| value(item, root, depth + 1));
            (0..least).map(|_| item.clone()).collect()
        }
        "object" => Value::Object(object(schema, root, depth)),
        "" if schema.get("properties").is_some() => Value::Object(object(schema, root, depth)),
        _ => Value::Null,
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Map<String, Value> {
    let required = schema.get("required").and_then(Value::as_array);
    let mut made = Map::new();
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        let property = schema.get("properties").and_then(|all| all.get(name));
        let property = property.map_or_else(|| Value::from("mock"), |p| value(p, root, depth + 1));
        made.insert(name.to_owned(), property);
    }
    made
}

/// Arguments for a call of a tool: what the scenario gives, shaped as the tool's schema wants it,
/// and samples for what else is required.
pub(crate) fn arguments(tool: &Tool, scenario: &Scenario) -> String {
    match tool.kind {
        ToolKind::Custom => scenario.get("input").unwrap_or("mock").to_owned(),
        ToolKind::LocalShell => scenario.get("command").unwrap_or("echo hi").to_owned(),
        ToolKind::Function => Value::Object(function_arguments(tool, scenario)).to_string(),
    }
}

fn function_arguments(tool: &Tool, scenario: &Scenario) -> Map<String, Value> {
    let no_properties = Map::new();
    let properties = tool
        .schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&no_properties);
    let mut made = match sample(&tool.schema) {
        Value::Object(made) => made,
        _ => Map::new(),
    };
    let is_agent = scenario.name == "subagent";
    let defaults: &[(&str, &str)] = if is_agent {
        &[
            ("description", "A small task"),
            ("prompt", "Say that you have done your task."),
            ("subagent_type", "general-purpose"),
        ]
    } else {
        &[("command", "echo hi"), ("description", "Runs a command")]
    };
    for (name, text) in defaults {
        let wanted =
            made.contains_key(*name) || (*name != "description" && made.contains_key("cmd"));
        if wanted && is_free_text(properties.get(*name).or(properties.get("cmd"))) {
            set(&mut made, properties, name, text);
        }
    }
    if is_agent && properties.contains_key("run_in_background") {
        made.insert(
            "run_in_background".to_owned(),
            scenario.is_on("background").into(),
        );
    }
    for (name, text) in &scenario.settings {
        if !RESERVED.contains(&name.as_str()) && !name.starts_with("header.") {
            set(&mut made, properties, name, text);
        }
    }
    made
}

fn is_free_text(property: Option<&Value>) -> bool {
    property.is_none_or(|property| property.get("enum").is_none())
}

/// Puts a text under a name, or under the name that this tool has for it.
fn set(made: &mut Map<String, Value>, properties: &Map<String, Value>, name: &str, text: &str) {
    let name = match name {
        "command" if !properties.contains_key("command") && properties.contains_key("cmd") => "cmd",
        name => name,
    };
    if !properties.is_empty() && !properties.contains_key(name) {
        return;
    }
    let property = properties.get(name);
    let kind = property
        .and_then(|property| property.get("type"))
        .and_then(Value::as_str);
    let value = match kind.unwrap_or("string").to_lowercase().as_str() {
        "string" => Value::from(text),
        "array" if name == "command" && !text.starts_with('[') => json!(["bash", "-lc", text]),
        _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    made.insert(name.to_owned(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: Value, scenario: &str, expected: &Value) {
        let tool = Tool {
            name: "x".to_owned(),
            schema,
            kind: ToolKind::Function,
        };
        let made: Value =
            serde_json::from_str(&arguments(&tool, &Scenario::parse(scenario))).expect("JSON");
        assert_eq!(&made, expected);
    }

    #[test]
    fn arguments_fit_the_offered_tool() {
        let text = json!({"type": "string"});
        let bash = json!({"type": "object", "required": ["command"],
            "properties": {"command": text, "timeout": {"type": "number"}, "description": text}});
        check(bash.clone(), "agent", &json!({"command": "echo hi"}));
        check(
            bash,
            r#"agent,command="ls -l",timeout=5,delay=3,nonsense=1"#,
            &json!({"command": "ls -l", "timeout": 5}),
        );
        let shell = json!({"type": "object", "required": ["command"],
            "properties": {"command": {"type": "array", "items": text}}});
        check(
            shell,
            "agent,command=pwd",
            &json!({"command": ["bash", "-lc", "pwd"]}),
        );
        let exec = json!({"type": "object", "required": ["cmd"], "properties": {"cmd": text}});
        check(exec.clone(), "agent,command=pwd", &json!({"cmd": "pwd"}));
        check(exec, "agent", &json!({"cmd": "echo hi"}));
        let task = json!({"type": "object", "required": ["description", "prompt"], "properties": {
            "description": text, "prompt": text, "run_in_background": {"type": "boolean"}}});
        check(
            task,
            r#"subagent,prompt="go""#,
            &json!({"description": "A small task", "prompt": "go", "run_in_background": false}),
        );
        check(
            Value::Null,
            "tools,location=Rome",
            &json!({"location": "Rome"}),
        );
    }

    #[test]
    fn samples_fit_schemas_and_endless_ones_end() {
        let schema = json!({"type": "OBJECT", "required": ["a", "b", "c", "d"], "properties": {
            "a": {"enum": ["x", "y"]}, "b": {"anyOf": [{"type": "INTEGER", "minimum": 3}]},
            "c": {"type": "array", "minItems": 2, "items": {"type": ["boolean", "null"]}},
            "d": {"$ref": "#/$defs/d"}}, "$defs": {"d": {"type": "string"}}});
        assert_eq!(
            sample(&schema),
            json!({"a": "x", "b": 3, "c": [false, false], "d": "mock"})
        );
        let endless =
            json!({"type": "object", "required": ["me"], "properties": {"me": {"$ref": "#"}}});
        assert!(sample(&endless).is_object());
    }
}

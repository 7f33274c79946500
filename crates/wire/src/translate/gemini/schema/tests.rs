use super::*;

fn made(schema: &Value) -> Value {
    response(&Json::from(schema)).unwrap()
}

#[test]
fn references_are_put_in_place_and_those_that_hold_themselves_end() {
    let schema = json!({
        "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": false}},
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/Point", "description": "where"}},
        "required": ["at", "at", "gone"],
    });
    assert_eq!(
        made(&schema),
        json!({
            "type": "object",
            "properties": {"at": {"description": "where", "type": "object", "properties": {"x": {"type": "number"}}}},
            "required": ["at"],
        })
    );
    let tree = json!({
        "$defs": {"Tree": {"type": "object", "properties": {
            "l": {"$ref": "#/$defs/Tree"}, "r": {"$ref": "#/$defs/Tree"}, "m": {"$ref": "#/$defs/Tree"}}}},
        "$ref": "#/$defs/Tree",
    });
    let made = made(&tree).to_string();
    assert!(
        made.len() < 100_000 && !made.contains("$ref"),
        "{}",
        made.len()
    );
}

#[test]
fn what_google_does_not_know_is_said_in_its_words() {
    for (schema, google) in [
        (
            json!({"type": ["string", "null"]}),
            json!({"nullable": true, "type": "string"}),
        ),
        (
            json!({"type": ["string", "integer"]}),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ),
        (
            json!({"const": "a"}),
            json!({"type": "string", "enum": ["a"]}),
        ),
        (json!({"enum": [1, 2]}), json!({"type": "integer"})),
        (
            json!({"type": "string", "enum": ["a", "", null]}),
            json!({"type": "string", "nullable": true, "enum": ["a"]}),
        ),
        (
            json!({"type": "string", "format": "uri"}),
            json!({"type": "string"}),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"}),
            json!({"description": "d", "nullable": true, "type": "string"}),
        ),
        (
            json!({"type": "object", "properties": {"a": {}}, "anyOf": [{"required": ["a"]}]}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
        ),
        (
            json!({"type": "array"}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (
            json!({"type": "integer", "exclusiveMinimum": 0, "propertyNames": {}}),
            json!({"minimum": 0, "type": "integer"}),
        ),
        (
            json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}]}),
            json!({"type": "object", "required": ["a", "b"],
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}),
        ),
        (json!(true), json!({"type": "string"})),
    ] {
        assert_eq!(made(&schema), google, "{schema}");
    }
}

#[test]
fn a_function_takes_one_object_or_nothing() {
    for empty in [
        json!({}),
        json!({"type": "object", "properties": {}}),
        json!({"type": "object"}),
    ] {
        let made = parameters(&Json::from(&empty), true);
        assert_eq!(made, Parameters::None, "{empty}");
    }
    let union = json!({"anyOf": [
        {"type": "object", "properties": {"a": {"type": "string"}, "c": {"type": "string"}}, "required": ["a", "c"]},
        {"type": "object", "properties": {"b": {"type": "string"}, "c": {"type": "string"}}, "required": ["c"]},
    ]});
    let Parameters::Google(made) = parameters(&Json::from(&union), true) else {
        panic!("Google's")
    };
    assert_eq!(made["required"], json!(["c"]));
    assert_eq!(made["properties"].as_object().unwrap().len(), 3);
}

#[test]
fn googles_schemas_become_json_schema() {
    let google = json!({
        "type": "OBJECT", "propertyOrdering": ["type"],
        "properties": {
            "type": {"type": "STRING", "nullable": true, "enum": ["A"], "format": "enum"},
            "nullable": {"type": "ARRAY", "min_items": "1", "items": {"type": "INTEGER", "format": "int32"}},
        },
        "required": ["type"],
    });
    let standard = from_google(&Json::from(&google));
    assert_eq!(
        serde_json::from_str::<Value>(standard.as_str()).unwrap(),
        json!({
            "type": "object",
            "properties": {
                "type": {"type": ["string", "null"], "enum": ["A", null]},
                "nullable": {"type": "array", "minItems": 1, "items": {"type": "integer", "format": "int32"}},
            },
            "required": ["type"],
        })
    );
}

#[test]
fn a_json_schema_in_googles_words_is_put_right() {
    let mixed = r#"{"type":"OBJECT","properties":{"n":{"type":"INTEGER"}},"required":["n"]}"#;
    let right = json!({"type": "object", "properties": {"n": {"type": "integer"}},
        "required": ["n"]});
    let schema = from_standard(Json::of_valid(mixed));
    assert_eq!(
        serde_json::from_str::<Value>(schema.as_str()).unwrap(),
        right
    );
    for kept in [
        r#"{ "type": "object", "example": 1 }"#,
        "true",
        r#"{"enum":["OBJECT"]}"#,
    ] {
        assert_eq!(from_standard(Json::of_valid(kept)).as_str(), kept);
    }
}

#[test]
fn what_googles_schemas_would_lose_is_sent_as_a_json_schema() {
    let any = json!({"$schema": "s", "type": "object", "properties": {
        "map": {"type": "object", "additionalProperties": {"type": "string"}}}});
    let kept = json!({"type": "object", "properties": {
        "map": {"type": "object", "additionalProperties": {"type": "string"}}}});
    let made = parameters(&Json::from(&any), true);
    assert_eq!(made, Parameters::Standard(kept));
    let made = parameters(&Json::from(&any), false);
    assert!(matches!(made, Parameters::Google(_)));
}

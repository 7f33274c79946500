//! The description of the API.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::Value;

use crate::calls::Api;

fn document() -> Value {
    serde_json::from_str(&weir_admin::openapi_json()).unwrap()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            found.extend(reference.map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_is_served_to_everybody() {
    let api = Api::new(Some("hunter22"), None);
    let got = api.get("/openapi.json").await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.json, document());
    assert_eq!(got.json["openapi"], "3.1.0");
}

#[test]
fn every_type_that_is_referred_to_is_described_and_every_operation_has_its_own_name() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let ids: Vec<&str> = operations
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
}

#[test]
fn health_says_that_it_answers_503_while_draining() {
    let document = document();
    let answer = "/paths/~1health/get/responses/503/content/application~1json/schema/$ref";
    let schema = document.pointer(answer).unwrap();
    assert_eq!(schema, "#/components/schemas/DrainingResponse");
    let livez = "/paths/~1livez/get/responses/200/content/application~1json/schema/$ref";
    let schema = document.pointer(livez).unwrap();
    assert_eq!(schema, "#/components/schemas/LivezResponse");
}

/// A route that is not described would be answered all the same, so routes are only ever added
/// together with their description; what is described must be there.
#[tokio::test]
async fn every_call_that_is_described_is_answered() {
    let api = Api::open();
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = api.ask(method.clone(), path, &[], "").await;
            let status = response.status();
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
        let response = api.ask(Method::OPTIONS, path, &[], "").await;
        let status = response.status();
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "OPTIONS {path}");
    }
}

#[test]
fn what_answers_leave_out_is_never_null_and_what_may_be_null_is_always_there() {
    let document = document();
    let schema = |name: &str| &document["components"]["schemas"][name];
    let summary = schema("RequestSummary");
    assert_eq!(summary["properties"]["model"]["type"], "string");
    assert_eq!(
        summary["properties"]["route"]["$ref"],
        "#/components/schemas/RouteLog"
    );
    let required = summary["required"].as_array().unwrap();
    assert!(required.contains(&"cost".into()) && !required.contains(&"model".into()));
    assert_eq!(summary["properties"]["cost"]["type"][1], "null");
    assert_eq!(summary["properties"]["state"]["enum"][0], "open");
    // Callers may say null for nothing.
    assert_eq!(schema("NewKey")["properties"]["name"]["type"][1], "null");
}

#[test]
fn no_type_says_two_things_of_one_field() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let mut fields = BTreeSet::new();
        for part in parts {
            let of = part["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
            let part = of.map_or(part, |at| document.pointer(at).unwrap());
            for field in part["properties"].as_object().into_iter().flatten() {
                assert!(fields.insert(field.0.clone()), "{name}: {}", field.0);
            }
        }
    }
}

//! Arguments of a function call that come in pieces, each with the path of its place.

use serde_json::{Map, Value};

/// Most steps in a path; a longer one is passed over, so that no tree is too deep to walk.
const MAX_STEPS: usize = 64;
/// Longest list that a path may fill.
const MAX_ITEMS: usize = 10_000;

/// One step into a value.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// Puts pieces into the arguments. Texts of one place are joined.
pub(super) fn apply(arguments: &mut Value, pieces: Vec<Value>) {
    if !arguments.is_object() {
        *arguments = Value::Object(Map::new());
    }
    for piece in pieces {
        let Value::Object(mut piece) = piece else {
            continue;
        };
        let mut take = |key: &str| piece.get_mut(key).map_or(Value::Null, Value::take);
        let path = take("jsonPath");
        let Some(place) = path
            .as_str()
            .and_then(steps)
            .and_then(|path| find(arguments, &path))
        else {
            continue;
        };
        if let Value::String(more) = take("stringValue") {
            match place {
                Value::String(text) => text.push_str(&more),
                other => *other = Value::String(more),
            }
        } else if let number @ Value::Number(_) = take("numberValue") {
            *place = number;
        } else if let truth @ Value::Bool(_) = take("boolValue") {
            *place = truth;
        }
    }
}

/// The steps of `$.a.b[0]['c']`.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == MAX_STEPS {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = inside.split_once(']')?;
            let name = step
                .strip_prefix(['\'', '"'])
                .and_then(|step| step.strip_suffix(['\'', '"']));
            steps.push(match name {
                Some(name) => Step::Member(name),
                None => Step::Item(step.parse().ok()?),
            });
            rest = after;
        } else {
            let inside = rest.strip_prefix('.').unwrap_or(rest);
            let end = inside.find(['.', '[']).unwrap_or(inside.len());
            let (name, after) = inside.split_at(end);
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Member(name));
            rest = after;
        }
    }
    (!steps.is_empty()).then_some(steps)
}

/// The value at a path, made where it is not yet.
fn find<'v>(mut value: &'v mut Value, path: &[Step<'_>]) -> Option<&'v mut Value> {
    for step in path {
        value = match step {
            Step::Member(name) => {
                if !value.is_object() {
                    *value = Value::Object(Map::new());
                }
                value.as_object_mut()?.entry(*name).or_insert(Value::Null)
            }
            Step::Item(at) => {
                if !value.is_array() {
                    *value = Value::Array(Vec::new());
                }
                let list = value.as_array_mut()?;
                if *at >= list.len() {
                    // No gaps, so that a large number costs nothing.
                    if list.len() != *at || *at >= MAX_ITEMS {
                        return None;
                    }
                    list.push(Value::Null);
                }
                list.get_mut(*at)?
            }
        };
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_find_their_places() {
        let mut arguments = Value::Null;
        apply(
            &mut arguments,
            vec![
                json!({"jsonPath": "$.city", "stringValue": "New "}),
                json!({"jsonPath": "$.city", "stringValue": "York"}),
                json!({"jsonPath": "$.at[0].x", "numberValue": 1.5}),
                json!({"jsonPath": "$.at[1]['y']", "boolValue": true}),
                json!({"jsonPath": "$['no']", "nullValue": "NULL_VALUE"}),
                json!({"jsonPath": "$.at[99999999]", "numberValue": 1}),
                json!({"jsonPath": "$..", "numberValue": 1}),
                json!({"jsonPath": "$.a".repeat(100), "numberValue": 1}),
                json!(7),
            ],
        );
        assert_eq!(
            arguments,
            json!({"city": "New York", "at": [{"x": 1.5}, {"y": true}], "no": null})
        );
    }
}

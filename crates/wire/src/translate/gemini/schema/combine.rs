//! Schemas of Google's put together into one.

use serde_json::{Map, Value};

/// Adds what `inner` says and `made` does not; members and what is required of both count.
pub(super) fn absorb(made: &mut Map<String, Value>, inner: Map<String, Value>) {
    for (name, value) in inner {
        match (made.get_mut(&name), value) {
            (Some(Value::Object(mine)), Value::Object(more)) if name == "properties" => {
                for (name, property) in more {
                    mine.entry(name).or_insert(property);
                }
            }
            (Some(Value::Array(mine)), Value::Array(more)) if name == "required" => {
                for name in more {
                    if !mine.contains(&name) {
                        mine.push(name);
                    }
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                made.insert(name, value);
            }
        }
    }
}

/// What a function takes must be one object: the alternatives' members are put together, and what
/// all of them require is required.
pub(super) fn merge_alternatives(made: &mut Map<String, Value>) {
    let Some(Value::Array(any)) = made.remove("anyOf") else {
        return;
    };
    let mut required: Option<Vec<Value>> = None;
    for inner in any {
        let Value::Object(mut inner) = inner else {
            continue;
        };
        let wanted = match inner.remove("required") {
            Some(Value::Array(wanted)) => wanted,
            _ => Vec::new(),
        };
        required = Some(match required {
            None => wanted,
            Some(all) => all
                .into_iter()
                .filter(|name| wanted.contains(name))
                .collect(),
        });
        absorb(made, inner);
    }
    if let Some(required) = required {
        made.insert("required".to_owned(), Value::Array(required));
    }
}

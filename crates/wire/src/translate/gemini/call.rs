//! A call whose arguments come piece by piece: `partialArgs`, each with a path into them.

use serde_json::{Map, Value};

use crate::scan::Cursor;

/// Most bytes that one call's arguments may have.
pub(super) const MAX_INPUT: usize = 32 * 1024 * 1024;

/// What a step of a path costs in `Partial::size`, which bounds the tree.
const STEP: usize = 64;

/// Longest array that a path may ask for.
const MAX_INDEX: usize = 4096;

/// Deepest path that is followed.
const MAX_DEPTH: usize = 64;

/// Arguments as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Partial {
    args: Map<String, Value>,
    size: usize,
}

/// One step of a path: `$.a[0]` has two.
#[derive(Debug)]
enum Step {
    Member(String),
    Entry(usize),
}

impl Partial {
    /// Takes an array of `partialArgs`; false when they are too many to keep.
    pub(super) fn add(&mut self, partial: &[u8]) -> bool {
        Cursor::new(partial).array(|cursor| {
            let mut path = None;
            let mut value = None;
            cursor.object(|key, cursor| match key.raw() {
                b"jsonPath" | b"json_path" => path = cursor.string().map(|text| text.decode()),
                b"stringValue" | b"string_value" | b"numberValue" | b"number_value"
                | b"boolValue" | b"bool_value" => {
                    value = serde_json::from_slice(cursor.value()).ok();
                }
                b"nullValue" | b"null_value" => value = Some(Value::Null),
                _ => {}
            });
            if let (Some(path), Some(value)) = (path, value) {
                let length = value.as_str().map_or(0, str::len);
                self.size = self.size.saturating_add(STEP + path.len() + length);
                if self.size <= MAX_INPUT {
                    self.set(&path, value);
                }
            }
        });
        self.size <= MAX_INPUT
    }

    /// Whole arguments beside or instead of pieces.
    pub(super) fn merge(&mut self, json: &str) {
        self.size = self.size.saturating_add(json.len());
        if let Ok(Value::Object(args)) = serde_json::from_str(json) {
            self.args.extend(args);
        }
    }

    /// The arguments as JSON.
    pub(super) fn finish(self) -> String {
        Value::Object(self.args).to_string()
    }

    fn set(&mut self, path: &str, value: Value) {
        let Some(steps) = steps(path) else { return };
        let mut steps = steps.into_iter();
        let Some(Step::Member(first)) = steps.next() else {
            return;
        };
        let mut place = self.args.entry(first).or_insert(Value::Null);
        for step in steps {
            place = match step {
                Step::Member(name) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    let Some(object) = place.as_object_mut() else {
                        return;
                    };
                    object.entry(name).or_insert(Value::Null)
                }
                Step::Entry(index) => {
                    if !place.is_array() {
                        *place = Value::Array(Vec::new());
                    }
                    let Some(array) = place.as_array_mut() else {
                        return;
                    };
                    if array.len() <= index {
                        self.size += (index - array.len()) * STEP;
                        array.resize(index + 1, Value::Null);
                    }
                    let Some(entry) = array.get_mut(index) else {
                        return;
                    };
                    entry
                }
            };
        }
        match (place, value) {
            (Value::String(so_far), Value::String(more)) => so_far.push_str(&more),
            (place, value) => *place = value,
        }
    }
}

/// The steps of `$.a.b[0]['c d']`; none for what is no such path.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() >= MAX_DEPTH {
            return None;
        }
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at_checked(end)?;
            steps.push(Step::Member(name.to_owned()));
            rest = after;
            continue;
        }
        let inside = rest.strip_prefix('[')?;
        let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
        if let Some(quote) = quote {
            let (name, after) = inside.get(1..)?.split_once(quote)?;
            steps.push(Step::Member(name.to_owned()));
            rest = after.strip_prefix(']')?;
        } else {
            let (index, after) = inside.split_once(']')?;
            let index = index.parse().ok().filter(|index| *index < MAX_INDEX)?;
            steps.push(Step::Entry(index));
            rest = after;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_become_one_object() {
        let mut partial = Partial::default();
        for piece in [
            r#"[{"jsonPath":"$.city","stringValue":"San ","willContinue":true}]"#,
            r#"[{"jsonPath":"$.city","stringValue":"Francisco"}]"#,
            r#"[{"jsonPath":"$.days[1].high","numberValue":30.50},{"jsonPath":"$['a b']","boolValue":true}]"#,
            r#"[{"jsonPath":"$.none","nullValue":null}]"#,
        ] {
            assert!(partial.add(piece.as_bytes()));
        }
        assert_eq!(
            partial.finish(),
            r#"{"city":"San Francisco","days":[null,{"high":30.5}],"a b":true,"none":null}"#
        );
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "[$.\\['\"a\\]0-9]{0,20}") {
            let mut partial = Partial::default();
            partial.set(&path, Value::Bool(true));
        }
    }
}

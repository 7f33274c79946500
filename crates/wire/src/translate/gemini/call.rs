//! A call whose arguments come piece by piece: `partialArgs`, each with a path into them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::scan::{Cursor, whole_string};

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

/// A piece of the arguments.
enum Piece<'a> {
    /// More of a text.
    Text(Cow<'a, str>),
    /// Anything whole.
    Whole(Value),
}

impl<'a> Piece<'a> {
    fn read(json: &'a [u8]) -> Option<Self> {
        if json.starts_with(b"\"") {
            serde_json::from_slice::<serde::de::IgnoredAny>(json).ok()?;
            return whole_string(json).map(Self::Text);
        }
        serde_json::from_slice(json).ok().map(Self::Whole)
    }

    fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Whole(_) => 0,
        }
    }
}

/// One step of a path: `$.a[0]` has two.
#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Member(&'p str),
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
                | b"boolValue" | b"bool_value" => value = Piece::read(cursor.value()),
                b"nullValue" | b"null_value" => value = Some(Piece::Whole(Value::Null)),
                _ => {}
            });
            if let (Some(path), Some(value)) = (path, value) {
                let size = STEP + path.len() + value.length();
                self.size = self.size.saturating_add(size);
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

    fn set(&mut self, path: &str, value: Piece<'_>) {
        let Some(steps) = path.strip_prefix('$').filter(|steps| are_steps(steps)) else {
            return;
        };
        let Some((Step::Member(first), mut rest)) = step(steps) else {
            return;
        };
        let Some(mut place) = member(&mut self.args, first) else {
            return;
        };
        while let Some((step, after)) = step(rest) {
            rest = after;
            let inner = match step {
                Step::Member(name) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    place.as_object_mut().and_then(|map| member(map, name))
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
                    array.get_mut(index)
                }
            };
            let Some(inner) = inner else { return };
            place = inner;
        }
        match (place, value) {
            (Value::String(so_far), Piece::Text(more)) => so_far.push_str(&more),
            (place, Piece::Text(text)) => *place = Value::String(text.into_owned()),
            (place, Piece::Whole(value)) => *place = value,
        }
    }
}

/// A member, made if there is none. Only a new name is copied.
fn member<'m>(map: &'m mut Map<String, Value>, name: &str) -> Option<&'m mut Value> {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), Value::Null);
    }
    map.get_mut(name)
}

/// Whether `rest` is all steps, and not too many.
fn are_steps(mut rest: &str) -> bool {
    let mut depth = 0;
    while !rest.is_empty() {
        let Some((_, after)) = step(rest).filter(|_| depth < MAX_DEPTH) else {
            return false;
        };
        rest = after;
        depth += 1;
    }
    true
}

/// The first step of `.a.b[0]['c d']`, and the others; none for what is no step.
fn step(rest: &str) -> Option<(Step<'_>, &str)> {
    if let Some(name) = rest.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end)?;
        return Some((Step::Member(name), after));
    }
    let inside = rest.strip_prefix('[')?;
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
    if let Some(quote) = quote {
        let (name, after) = inside.get(1..)?.split_once(quote)?;
        return Some((Step::Member(name), after.strip_prefix(']')?));
    }
    let (index, after) = inside.split_once(']')?;
    let index = index.parse().ok().filter(|index| *index < MAX_INDEX)?;
    Some((Step::Entry(index), after))
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

    #[test]
    fn half_a_character_costs_only_itself() {
        let mut partial = Partial::default();
        for piece in [r#""a\ud83d""#, r#""\x""#, r#""b\n""#] {
            let piece = format!(r#"[{{"jsonPath":"$.t","stringValue":{piece}}}]"#);
            assert!(partial.add(piece.as_bytes()));
        }
        assert_eq!(partial.finish(), "{\"t\":\"a\u{FFFD}b\\n\"}");
    }

    proptest! {
        #[test]
        fn no_path_panics(path in "[$.\\['\"a\\]0-9]{0,20}") {
            let mut partial = Partial::default();
            partial.set(&path, Piece::Whole(Value::Bool(true)));
        }
    }
}

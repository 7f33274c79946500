//! The members of one JSON object, taken by name. Values stay as they were written.

use crate::scan::{Cursor, Kind, whole_string};
use crate::translate::form::{Extra, Text};
use crate::translate::json::{Json, Writer};

/// What of an object has not been taken yet.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    list: Vec<(Text<'a>, &'a str)>,
}

impl<'a> Members<'a> {
    /// Those of `raw`; none when it is no object.
    pub(super) fn of(raw: &'a str) -> Option<Self> {
        let mut list = Vec::new();
        let mut cursor = Cursor::new(raw.as_bytes());
        let found = cursor.object(|key, cursor| list.push((key.decode(), value(raw, cursor))));
        (found && !cursor.malformed()).then_some(Self { list })
    }

    /// Takes a value; none when it is missing or null. The last of several counts.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a str> {
        let mut last = None;
        self.list.retain(|(key, value)| {
            let found = key == name;
            if found {
                last = Some(*value);
            }
            !found
        });
        last.filter(|value| *value != "null")
    }

    /// Takes a string; anything else counts as missing.
    pub(super) fn text(&mut self, name: &str) -> Option<Text<'a>> {
        whole_string(self.take(name)?.as_bytes())
    }

    pub(super) fn json(&mut self, name: &str) -> Option<Json<'a>> {
        self.take(name).map(Json::of_valid)
    }

    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.take(name)?.parse().ok()
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        self.take(name)?.parse().ok()
    }

    /// A value that is left where it is; none when it is missing or null.
    pub(super) fn peek(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.list.iter().rfind(|(key, _)| key == name)?;
        Some(*value).filter(|value| *value != "null")
    }

    /// What is left, as the form keeps it.
    pub(super) fn rest(self) -> Extra<'a> {
        let members = self.list.into_iter();
        Extra {
            members: members
                .map(|(key, value)| (key, Json::of_valid(value)))
                .collect(),
        }
    }

    /// What is left, as an object; none when nothing is.
    pub(super) fn rest_object(self) -> Option<Json<'a>> {
        if self.list.is_empty() {
            return None;
        }
        let mut out = Writer::default();
        out.object();
        for (key, value) in &self.list {
            out.key(key).raw(value);
        }
        out.end_object();
        Some(Json::of_valid(out.into_string()))
    }
}

/// The entries of `raw`; none when it is no array.
pub(super) fn entries(raw: &str) -> Option<Vec<&str>> {
    let mut list = Vec::new();
    let mut cursor = Cursor::new(raw.as_bytes());
    let found = cursor.array(|cursor| list.push(value(raw, cursor)));
    (found && !cursor.malformed()).then_some(list)
}

/// Whether `raw` is a string.
pub(super) fn is_string(raw: &str) -> bool {
    Cursor::new(raw.as_bytes()).kind() == Some(Kind::String)
}

/// Whether `text` is one JSON value.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn value<'a>(raw: &'a str, cursor: &mut Cursor<'a>) -> &'a str {
    let length = cursor.value().len();
    let end = cursor.offset();
    raw.get(end.saturating_sub(length)..end).unwrap_or("null")
}

/// A member that the form keeps aside.
pub(super) fn extra<'r, 'a>(extra: &'r Extra<'a>, name: &str) -> Option<&'r Json<'a>> {
    let (_, value) = extra.members.iter().find(|(key, _)| key == name)?;
    Some(value)
}

/// The same as text.
pub(super) fn extra_text<'r>(from: &'r Extra<'_>, name: &str) -> Option<Text<'r>> {
    whole_string(extra(from, name)?.as_str().as_bytes())
}

/// Writes the members of an object into the object that is open.
pub(super) fn splice(out: &mut Writer, object: &str) {
    let mut cursor = Cursor::new(object.as_bytes());
    cursor.object(|key, cursor| {
        out.key(&key.decode()).raw(value(object, cursor));
    });
}

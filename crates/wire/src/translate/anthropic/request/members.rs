//! The members of a JSON object, to take one after the other and keep what is left. The text must
//! be valid JSON.

use std::borrow::Cow;

use crate::scan::{self, Cursor};
use crate::translate::form::{Extra, Text};
use crate::translate::json::{Json, Writer};

/// Members that nobody has taken yet, as they were written.
#[derive(Debug)]
pub(super) struct Members<'a> {
    list: Vec<(Text<'a>, &'a str)>,
}

impl<'a> Members<'a> {
    /// Those of an object; none when it is something else or nested too deeply.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        let mut cursor = Cursor::new(json.as_bytes());
        let members = Self::next(json, &mut cursor);
        members.filter(|_| !cursor.malformed())
    }

    /// Those of the object at `cursor`; none when there is something else.
    fn next(json: &'a str, cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut list = Vec::new();
        let is_object = cursor.object(|key, cursor| {
            let value = value_at(json, cursor);
            list.push((key.decode(), value));
        });
        is_object.then_some(Self { list })
    }

    /// Takes a value. One that is null counts as absent; of several with one name the last holds.
    pub(super) fn value(&mut self, name: &str) -> Option<&'a str> {
        let mut found = None;
        self.list.retain(|(key, value)| {
            let is = key == name;
            if is {
                found = Some(*value);
            }
            !is
        });
        found.filter(|value| *value != "null")
    }

    /// Takes a value if it `fits`; anything else stays, but for null.
    pub(super) fn value_if(&mut self, name: &str, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
        let (_, value) = self.list.iter().rfind(|(key, _)| key == name)?;
        match fits(value) || *value == "null" {
            true => self.value(name),
            false => None,
        }
    }

    /// Takes a string; anything else stays.
    pub(super) fn text(&mut self, name: &str) -> Option<Text<'a>> {
        self.value_if(name, |value| value.starts_with('"'))
            .and_then(string)
    }

    /// Reads a string, which stays.
    pub(super) fn peek_text(&self, name: &str) -> Option<Text<'a>> {
        let (_, value) = self.list.iter().rfind(|(key, _)| key == name)?;
        string(value)
    }

    /// Takes `true` or `false`; anything else stays.
    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.value_if(name, |value| matches!(value, "true" | "false"))
            .map(|value| value == "true")
    }

    /// Takes a number as it was written; anything else stays.
    pub(super) fn number(&mut self, name: &str) -> Option<Json<'a>> {
        let is_number = |value: &str| value.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        self.value_if(name, is_number).map(Json::of_valid)
    }

    /// Takes an object; anything else stays.
    pub(super) fn object(&mut self, name: &str) -> Option<&'a str> {
        self.value_if(name, |value| value.starts_with('{'))
    }

    /// Takes any value.
    pub(super) fn json(&mut self, name: &str) -> Option<Json<'a>> {
        self.value(name).map(Json::of_valid)
    }

    /// What is left.
    pub(super) fn rest(self) -> Extra<'a> {
        let list = self.list.into_iter();
        let members = list.map(|(name, value)| (name, Json::of_valid(value)));
        Extra {
            members: members.collect(),
        }
    }
}

/// The entries of an array; none when it is something else or nested too deeply.
pub(super) fn elements(json: &str) -> Option<Vec<&str>> {
    let mut list = Vec::new();
    let mut cursor = Cursor::new(json.as_bytes());
    let is_array = cursor.array(|cursor| list.push(value_at(json, cursor)));
    (is_array && !cursor.malformed()).then_some(list)
}

/// The entries of an array whole and, where they are objects, with their members; none when it is
/// something else or nested too deeply. Every byte is looked at once.
pub(super) fn objects(json: &str) -> Option<Vec<(&str, Option<Members<'_>>)>> {
    let mut list = Vec::new();
    let mut cursor = Cursor::new(json.as_bytes());
    let is_array = cursor.array(|cursor| {
        // Passes over white space.
        cursor.kind();
        let start = cursor.offset();
        let members = Members::next(json, cursor);
        let whole = json.get(start..cursor.offset()).unwrap_or_default();
        list.push((whole, members));
    });
    (is_array && !cursor.malformed()).then_some(list)
}

/// What a string says; none when it is something else.
pub(super) fn string(json: &str) -> Option<Cow<'_, str>> {
    scan::whole_string(json.as_bytes())
}

/// An object of what was left.
pub(super) fn object(extra: &Extra<'_>) -> Json<'static> {
    let mut out = Writer::default();
    out.object();
    for (name, value) in &extra.members {
        out.key(name).json(value);
    }
    out.end_object();
    Json::of_valid(out.into_string())
}

fn value_at<'a>(json: &'a str, cursor: &mut Cursor<'a>) -> &'a str {
    let length = cursor.value().len();
    let end = cursor.offset();
    json.get(end.saturating_sub(length)..end)
        .unwrap_or_default()
}

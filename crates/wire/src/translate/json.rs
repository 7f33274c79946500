//! JSON on its way: values that are kept as they were written, and a writer without a tree.

use std::borrow::Cow;
use std::fmt::Write as _;

mod escape;

pub(super) use escape::escape;

/// A JSON value as it was written. Whoever makes one has seen that it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json<'a>(Cow<'a, str>);

impl<'a> Json<'a> {
    /// Takes over `text`, which must be one valid JSON value: what is written out is made of it.
    #[must_use]
    pub fn of_valid(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text itself.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.0
    }

    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        Json(Cow::Owned(self.0.into_owned()))
    }
}

impl From<&serde_json::Value> for Json<'static> {
    fn from(value: &serde_json::Value) -> Self {
        Self(Cow::Owned(value.to_string()))
    }
}

/// Writes one JSON value, member by member. Commas are its business; that what is opened is closed
/// is the caller's.
///
/// ```
/// let mut out = weir_wire::translate::json::Writer::default();
/// out.object();
/// out.key("model").string("gpt");
/// out.key("n").array();
/// out.raw("1").raw("2.50");
/// out.end_array();
/// out.end_object();
/// assert_eq!(out.finish(), br#"{"model":"gpt","n":[1,2.50]}"#);
/// ```
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    /// Whether a comma goes before the next key or value.
    comma: bool,
}

impl Writer {
    /// Writes behind what is in `out` already.
    #[must_use]
    pub fn into(out: String) -> Self {
        Self { out, comma: false }
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    /// The same as text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }

    /// `{`
    pub fn object(&mut self) -> &mut Self {
        self.open('{')
    }

    /// `}`
    pub fn end_object(&mut self) -> &mut Self {
        self.close('}')
    }

    /// `[`
    pub fn array(&mut self) -> &mut Self {
        self.open('[')
    }

    /// `]`
    pub fn end_array(&mut self) -> &mut Self {
        self.close(']')
    }

    /// The name of the next value.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.out.push(':');
        self.comma = false;
        self
    }

    /// A string.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.separate();
        self.out.push('"');
        escape(text, |piece| self.out.push_str(piece));
        self.out.push('"');
        self
    }

    /// A value as it was written.
    pub fn json(&mut self, value: &Json<'_>) -> &mut Self {
        self.raw(value.as_str())
    }

    /// Text that is a valid JSON value.
    pub fn raw(&mut self, valid: &str) -> &mut Self {
        self.separate();
        self.out.push_str(valid);
        self
    }

    /// A whole number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.separate();
        write!(self.out, "{number}").expect("a string takes every write");
        self
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.raw(if value { "true" } else { "false" })
    }

    /// `null`
    pub fn null(&mut self) -> &mut Self {
        self.raw("null")
    }

    fn open(&mut self, bracket: char) -> &mut Self {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
        self
    }

    fn close(&mut self, bracket: char) -> &mut Self {
        self.out.push(bracket);
        self.comma = true;
        self
    }

    fn separate(&mut self) {
        if std::mem::replace(&mut self.comma, true) {
            self.out.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_nested_is_separated() {
        let mut out = Writer::default();
        out.object().key("a").array().end_array();
        out.key("b").object().key("c").null().end_object();
        out.key("d").array().number(1).string("x").object();
        out.end_object().boolean(true).end_array().end_object();
        assert_eq!(
            out.into_string(),
            r#"{"a":[],"b":{"c":null},"d":[1,"x",{},true]}"#
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let mut out = Writer::default();
            out.string(&text);
            let back: String = serde_json::from_slice(&out.finish()).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}

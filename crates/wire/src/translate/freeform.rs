//! Tools whose input is free text, on providers that know only JSON: the text travels as the one
//! member of an object, on the way there and back. What a dialect calls such tools is its business.

use std::borrow::Cow;

use serde_json::Value;

use super::json::{Json, Writer};
use crate::scan::Cursor;

/// The member that holds the text.
pub const MEMBER: &str = "input";

/// The schema of such a tool where only functions with JSON input exist.
pub const SCHEMA: &str = r#"{"type":"object","properties":{"input":{"type":"string","description":"The whole input, as plain text."}},"required":["input"],"additionalProperties":false}"#;

/// What such a tool does, with the grammar that its input must keep to, for models that cannot be
/// held to it. `format` is as either of OpenAI's dialects has it.
#[must_use]
pub fn describe<'t>(
    description: Option<&'t str>,
    format: Option<&Json<'_>>,
) -> Option<Cow<'t, str>> {
    let description = description.filter(|text| !text.trim().is_empty());
    let format: Option<Value> = format.and_then(|it| serde_json::from_str(it.as_str()).ok());
    let grammar = format.as_ref().map(|all| all.get("grammar").unwrap_or(all));
    let member = |name: &str| grammar?.get(name)?.as_str();
    let Some(definition) = member("definition") else {
        return description.map(Cow::Borrowed);
    };
    let before = description.map_or(String::new(), |text| format!("{text}\n\n"));
    let syntax = member("syntax").unwrap_or("a grammar");
    Some(Cow::Owned(format!(
        "{before}The input must keep to this grammar ({syntax}):\n{definition}"
    )))
}

/// The JSON object that stands for `text`.
#[must_use]
pub fn wrap(text: &str) -> String {
    let mut out = Writer::default();
    out.object().key(MEMBER).string(text).end_object();
    out.into_string()
}

/// The text that a model meant by `json`: the member [`MEMBER`], else the only member when that is
/// a string, else the JSON itself.
#[must_use]
pub fn unwrap(json: &str) -> Cow<'_, str> {
    let mut named = None;
    let mut first = None;
    let mut count = 0;
    let mut cursor = Cursor::new(json.as_bytes());
    cursor.object(|key, cursor| {
        count += 1;
        let text = cursor.string().map(|text| text.decode());
        if key.is(MEMBER) {
            named = text;
        } else if count == 1 {
            first = text;
        }
    });
    if cursor.malformed() || !cursor.at_end() {
        return Cow::Borrowed(json);
    }
    let only = first.filter(|_| count == 1);
    named.or(only).unwrap_or(Cow::Borrowed(json))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_wrapped_text_stays_as_it_is() {
        for (json, text) in [
            (r#"{"input":"a\nb"}"#, "a\nb"),
            (r#"{"patch":"*** Begin"}"#, "*** Begin"),
            (r#"{"other":1,"input":"x"}"#, "x"),
            (r#"{"a":"1","b":"2"}"#, r#"{"a":"1","b":"2"}"#),
            ("*** Begin Patch", "*** Begin Patch"),
            ("{\"input\":\"cut", "{\"input\":\"cut"),
            ("{}", "{}"),
        ] {
            assert_eq!(unwrap(json), text, "{json}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(SCHEMA).is_ok());
    }

    #[test]
    fn models_are_told_the_grammar() {
        let format =
            Json::of_valid(r#"{"type":"grammar","syntax":"lark","definition":"start: A"}"#);
        let chat = r#"{"type":"grammar","grammar":{"syntax":"lark","definition":"start: A"}}"#;
        let told = "Edits.\n\nThe input must keep to this grammar (lark):\nstart: A";
        for format in [format, Json::of_valid(chat)] {
            assert_eq!(
                describe(Some("Edits."), Some(&format)).as_deref(),
                Some(told)
            );
        }
        let text = Json::of_valid(r#"{"type":"text"}"#);
        assert_eq!(
            describe(Some("Edits."), Some(&text)).as_deref(),
            Some("Edits.")
        );
        assert_eq!(describe(None, None), None);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let json = wrap(&text);
            prop_assert_eq!(unwrap(&json), text.as_str());
        }
    }
}

//! Inputs of tools as Messages has them: always an object.

use std::borrow::Cow;

use crate::scan;
use crate::translate::form::Input;
use crate::translate::json::Writer;

/// The member under which an input that is no object is kept.
pub(super) const RAW: &str = "raw";

/// The object that `input` means: what is empty is the empty object, one within a string is
/// unwrapped, and anything else is kept as text within one.
pub(super) fn object_of<'a>(input: &'a Input<'_>) -> Cow<'a, str> {
    match input {
        Input::Json(json) if json.as_str().trim_start().starts_with('{') => {
            Cow::Borrowed(json.as_str())
        }
        Input::Json(json) => object_in(json.as_str()),
        Input::Text(text) => object_in(text),
    }
}

/// The same for text of which nothing is known.
pub(super) fn object_in(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Cow::Borrowed("{}");
    }
    if is_object(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    if trimmed.starts_with('"')
        && is_json(trimmed)
        && let Some(inner) = scan::string_value(trimmed.as_bytes())
        && is_object(inner.trim())
    {
        return Cow::Owned(inner.trim().to_owned());
    }
    Cow::Owned(wrap(RAW, text))
}

/// An object with one text in it.
pub(super) fn wrap(member: &str, text: &str) -> String {
    let mut out = Writer::default();
    out.object().key(member).string(text).end_object();
    out.into_string()
}

fn is_object(text: &str) -> bool {
    text.starts_with('{') && is_json(text)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_always_an_object() {
        let check = |text: &str, object: &str| assert_eq!(object_in(text), object, "{text}");
        check("", "{}");
        check(" null", "{}");
        check("{\"a\":1}", "{\"a\":1}");
        check(r#""{\"a\":1}""#, "{\"a\":1}");
        check("[1]", r#"{"raw":"[1]"}"#);
        check("{\"a\":", r#"{"raw":"{\"a\":"}"#);
        check("plain", r#"{"raw":"plain"}"#);
    }
}

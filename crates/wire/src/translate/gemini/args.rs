//! What functions are called with and give, as Gemini has them: always objects.

use std::borrow::Cow;

use crate::scan;
use crate::translate::form::Input;
use crate::translate::freeform;
use crate::translate::json::{Json, Writer};

/// How raw JSON in a body is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// The body was checked as a whole.
    Trusted,
    /// Nothing was checked.
    Check,
}

impl Raw {
    /// The value, if it is one.
    pub(super) fn json(self, value: &[u8]) -> Option<Json<'_>> {
        let text = std::str::from_utf8(value).ok()?;
        let good = match self {
            Self::Trusted => !text.is_empty(),
            Self::Check => is_json(text),
        };
        good.then(|| Json::of_valid(text))
    }
}

/// Whether a whole body is JSON in UTF-8, so that slices of it can be trusted.
pub(super) fn is_valid(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    std::str::from_utf8(body).is_ok_and(is_json)
}

pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The object that `input` means.
pub(super) fn object_of<'a>(input: &'a Input<'_>) -> Cow<'a, str> {
    match input {
        Input::Json(json) if json.as_str().trim_start().starts_with('{') => {
            Cow::Borrowed(json.as_str())
        }
        Input::Json(json) => object_in(json.as_str()),
        Input::Text(text) => Cow::Owned(freeform::wrap(text)),
    }
}

/// The same for text of which nothing is known: what is empty is the empty object, one within a
/// string is unwrapped, and anything else is kept as text within one.
pub(super) fn object_in(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Cow::Borrowed("{}");
    }
    if trimmed.starts_with('{') && is_json(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    if trimmed.starts_with('"')
        && is_json(trimmed)
        && let Some(inner) = scan::string_value(trimmed.as_bytes())
        && inner.trim_start().starts_with('{')
        && is_json(&inner)
    {
        return Cow::Owned(inner.into_owned());
    }
    let mut out = Writer::default();
    out.object().key("raw").string(text).end_object();
    Cow::Owned(out.into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_is_called_with_is_always_an_object() {
        for (text, object) in [
            ("", "{}"),
            (" null ", "{}"),
            ("{\"a\":1}", "{\"a\":1}"),
            (r#""{\"a\":1}""#, "{\"a\":1}"),
            ("[1]", r#"{"raw":"[1]"}"#),
            ("{\"a\":", r#"{"raw":"{\"a\":"}"#),
        ] {
            assert_eq!(object_in(text), object, "{text}");
        }
        let free = Input::Text("*** Begin".into());
        assert_eq!(object_of(&free), r#"{"input":"*** Begin"}"#);
    }

    #[test]
    fn bytes_that_are_no_json_are_not_taken() {
        assert_eq!(Raw::Check.json(b"{\"a\":}"), None);
        assert_eq!(Raw::Check.json(b"\"\xff\""), None);
        assert!(is_valid(b"\xEF\xBB\xBF{}"));
        assert!(!is_valid(b"{\"a\":\"\xff\"}"));
    }
}

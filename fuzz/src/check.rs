//! Strict readers of what the wire crate writes. They share no code with it.

use serde::de::IgnoredAny;
use serde_json::Value;

mod anthropic;
mod chat;
mod gemini;
mod responses;
pub mod sse;

use weir_wire::dialect::Dialect;

/// How a stream ended, by its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The answer is complete.
    Whole,
    /// An error was told.
    Error,
}

/// Sees that bytes are one JSON value, and gives it. None if it is valid but cannot be held: it is
/// nested too deeply.
pub fn json(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let fault = serde_json::from_str::<IgnoredAny>(text).err();
    assert!(fault.is_none(), "{fault:?}: {text}");
    let value = serde_json::from_str(text).ok();
    // Half of a surrogate pair is valid by the grammar, but no text.
    value.or_else(|| serde_json::from_str(&text.replace("\\u", "u")).ok())
}

/// Sees that bytes are one JSON object, as [`json`] does.
pub fn object(bytes: &[u8]) -> Option<Value> {
    let value = json(bytes)?;
    assert!(value.is_object(), "not an object: {value}");
    Some(value)
}

/// Sees that `stream` is one that clients of `dialect` take, ended and all. None if it could not
/// be followed to its end.
pub fn stream(dialect: Dialect, stream: &[u8]) -> Option<End> {
    let events = sse::events(stream);
    let end = match dialect {
        Dialect::AnthropicMessages => anthropic::stream(&events),
        Dialect::OpenaiChat => chat::stream(&events),
        Dialect::OpenaiResponses => responses::stream(&events),
        Dialect::Gemini => gemini::stream(&events),
    };
    if dialect == Dialect::Gemini {
        assert!(!stream.starts_with(b":"), "a comment");
    }
    end
}

/// Sees that there is no more of `out` than `times` the input and some.
pub fn bounded(out: usize, input: usize, times: usize) {
    assert!(
        out <= input.saturating_mul(times) + 32 * 1024,
        "{out} bytes were made of {input}"
    );
}

/// A text member.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    let text = value.get(key).and_then(Value::as_str);
    assert!(text.is_some(), "no text {key}: {value}");
    text.unwrap_or_default()
}

/// A number member.
pub(crate) fn number(value: &Value, key: &str) -> u64 {
    let number = value.get(key).and_then(Value::as_u64);
    assert!(number.is_some(), "no number {key}: {value}");
    number.unwrap_or_default()
}

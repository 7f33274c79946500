//! The errors that a stream reports, as the bodies that they would have been without one.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::dialect::Dialect;
use crate::inband;

/// The status and body of the error that an event is, if it is one.
///
/// A Responses stream that ends in `response.failed` is an answer with a failure in it: that is
/// what the provider's object says too.
pub(super) fn inside(dialect: Dialect, event: &Map<String, Value>) -> Option<(StatusCode, Value)> {
    let kind = event.get("type").and_then(Value::as_str);
    let error = event.get("error").filter(|error| says_something(error));
    let body = match (dialect, kind, error) {
        (Dialect::AnthropicMessages, Some("error"), _) => Value::Object(event.clone()),
        (Dialect::AnthropicMessages, None, Some(error)) => json!({"type": "error", "error": error}),
        (Dialect::OpenaiResponses, Some("error"), None) => {
            let mut error = event.clone();
            error.shift_remove("type");
            error.shift_remove("sequence_number");
            json!({"error": error})
        }
        // A body of its own, not a chunk with an error in it.
        (Dialect::OpenaiChat, _, Some(_)) if !event.contains_key("choices") => {
            Value::Object(event.clone())
        }
        (Dialect::OpenaiResponses, Some("error") | None, Some(error))
        | (Dialect::OpenaiChat | Dialect::Gemini, _, Some(error)) => json!({"error": error}),
        (Dialect::OpenaiChat, _, None) if event.get("object").is_some_and(|it| it == "error") => {
            Value::Object(event.clone())
        }
        _ => return None,
    };
    let error = Some(&body["error"]).filter(|error| error.is_object());
    let status = inband::status(error.unwrap_or(&body));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some((status, body))
}

fn says_something(error: &Value) -> bool {
    match error {
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}

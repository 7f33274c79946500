//! A whole answer as a well-formed stream of its own dialect: the inverse of accumulation.
//!
//! Texts come in one piece each. What stands in the answer stands in the stream. What the
//! dialect's stream demands and the answer lacks is added: a count of tokens in Anthropic's, in
//! Chat's the time, a reason to end, the types of calls. Put together again it is the same answer
//! but for that; in Chat's, indices of whole calls and `delta`s of whole choices are gone, too.

use serde_json::{Map, Value, json};

use crate::dialect::Dialect;
use crate::translate::fault::Fault;

mod anthropic;
mod chat;
mod responses;

/// Writes the events that `body`, an answer or an error in the dialect, would have been streamed
/// as.
///
/// `include_usage` says whether the client of OpenAI Chat asked for the count of tokens; the other
/// dialects always have it.
///
/// ```
/// use weir_wire::{accumulate::expand, dialect::Dialect};
/// let body = br#"{"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}"#;
/// let mut out = Vec::new();
/// expand(Dialect::Gemini, body, true, &mut out)?;
/// assert!(out.starts_with(b"data: {\"candidates\":[") && out.ends_with(b"}\n\n"));
/// # Ok::<(), weir_wire::translate::fault::Fault>(())
/// ```
///
/// # Errors
/// When the body is not JSON or neither an answer nor an error of the dialect. `out` is as it was
/// then.
pub fn expand(
    dialect: Dialect,
    body: &[u8],
    include_usage: bool,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let body = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(_) => super::merge::parse(body)
            .map(Value::Object)
            .ok_or_else(|| Fault::new("", "not JSON"))?,
    };
    match (dialect, body) {
        (_, Value::Object(body)) if is_error(dialect, &body) => error(dialect, body, out),
        (Dialect::AnthropicMessages, Value::Object(body)) => return anthropic::expand(body, out),
        (Dialect::OpenaiChat, Value::Object(body)) => {
            return chat::expand(body, include_usage, out);
        }
        (Dialect::OpenaiResponses, Value::Object(body)) => return responses::expand(body, out),
        // A chunk is a response of its own; a stream without `alt=sse` is a list of them.
        (Dialect::Gemini, body @ Value::Object(_)) => event("", &body, out),
        (Dialect::Gemini, Value::Array(chunks)) => {
            for chunk in &chunks {
                event("", chunk, out);
            }
        }
        _ => return Err(Fault::new("", "not a JSON object")),
    }
    Ok(())
}

/// Whether a body is an error. An answer of Responses has a member of that name, too.
fn is_error(dialect: Dialect, body: &Map<String, Value>) -> bool {
    let kind = |key: &str, word: &str| body.get(key).is_some_and(|value| value == word);
    let error = body
        .get("error")
        .is_some_and(|error| error.is_object() || error.is_string());
    match dialect {
        Dialect::AnthropicMessages => kind("type", "error") || (error && !kind("type", "message")),
        Dialect::OpenaiChat => error || kind("object", "error"),
        Dialect::OpenaiResponses => error && !kind("object", "response"),
        Dialect::Gemini => error,
    }
}

fn error(dialect: Dialect, mut body: Map<String, Value>, out: &mut Vec<u8>) {
    let error = body.get("error").cloned().unwrap_or_default();
    match dialect {
        Dialect::AnthropicMessages => {
            if !error.is_object() {
                let message = error.as_str().unwrap_or_default();
                body.insert(
                    "error".to_owned(),
                    json!({"type": "api_error", "message": message}),
                );
            }
            body.insert("type".to_owned(), "error".into());
            event("error", &Value::Object(body), out);
        }
        Dialect::OpenaiResponses => {
            let error = match error {
                Value::String(message) => json!({"message": message}),
                other => other,
            };
            // Flat, as the published types have it, and whole, as it is sent today.
            let data = json!({"type": "error", "sequence_number": 0, "code": error.get("code"),
                "message": error.get("message").and_then(Value::as_str).unwrap_or_default(),
                "param": error.get("param"), "error": error});
            event("error", &data, out);
        }
        Dialect::OpenaiChat if error.is_object() => event("", &Value::Object(body), out),
        Dialect::OpenaiChat => {
            let error = match error {
                Value::String(message) => json!({"message": message}),
                _ => Value::Object(body),
            };
            event("", &json!({"error": error}), out);
        }
        Dialect::Gemini => event("", &Value::Object(body), out),
    }
}

/// Writes one event. JSON has no line ends, so that it is one line of data.
fn event(name: &str, data: &Value, out: &mut Vec<u8>) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    serde_json::to_writer(&mut *out, data).expect("a vector takes every write");
    out.extend_from_slice(b"\n\n");
}

/// Takes a text that has something in it, leaving an empty one in its place.
fn take_text(object: &mut Map<String, Value>, key: &str) -> Option<String> {
    match object.get_mut(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(std::mem::take(text)),
        _ => None,
    }
}

/// Takes a list that has something in it, leaving an empty one in its place.
fn take_list(object: &mut Map<String, Value>, key: &str) -> Option<Vec<Value>> {
    match object.get_mut(key) {
        Some(Value::Array(list)) if !list.is_empty() => Some(std::mem::take(list)),
        _ => None,
    }
}

/// Sets a member to null if it is there.
fn blank(object: &mut Map<String, Value>, key: &str) {
    if let Some(value) = object.get_mut(key) {
        *value = Value::Null;
    }
}

//! Failures: what OpenAI and its likes say of them, and how a client of Responses is told.
//!
//! Codex goes by the status and the code, and finds how long to wait in the words of the message;
//! all three are kept where the failure is OpenAI's own, and put in OpenAI's words otherwise.

use std::borrow::Cow;

use crate::scan::{Cursor, Kind};
use crate::translate::form::Text;
use crate::translate::json::Writer;
use crate::translate::signal::Failure;

use super::read::Response;

mod words;

pub(super) use words::stream_code;

/// Longest message that is taken over, in bytes.
const MAX_MESSAGE: usize = 16 * 1024;

/// Reads the answer to a request that failed, whatever it is.
///
/// ```
/// use weir_wire::translate::openai_responses::read_error;
/// let failure = read_error(404, br#"{"error":{"message":"no","code":"model_not_found"}}"#);
/// assert_eq!((failure.status, failure.code.as_ref()), (404, "model_not_found"));
/// ```
#[must_use]
pub fn read_error(status: u16, body: &[u8]) -> Failure<'static> {
    let told = Told::read(body);
    let code = told.word();
    let status = match status {
        400..=599 => status,
        _ => told.status.unwrap_or_else(|| words::status(&code)),
    };
    failure(status, &code, told.message.as_deref())
}

/// The status and the body with which a client of Responses is told of `failure`. The body is
/// JSON.
#[must_use]
pub fn write_error(failure: &Failure<'_>) -> (u16, Vec<u8>) {
    let status = words::told_status(failure.status);
    let code = words::code(failure);
    let mut out = Writer::default();
    out.object().key("error").object();
    out.key("message").string(message(failure));
    out.key("type").string(words::kind(status, &code));
    out.key("param").null();
    out.key("code").string(&code);
    out.end_object().end_object();
    (status, out.finish())
}

/// The words of a failure; never none.
pub(super) fn message<'a>(failure: &'a Failure<'_>) -> &'a str {
    match failure.message.is_empty() {
        true => words::of_status(failure.status),
        false => &failure.message,
    }
}

/// Whether an event without a type tells of a failure.
pub(super) fn is_error(data: &[u8]) -> bool {
    let mut found = false;
    Cursor::new(data).object(|key, cursor| {
        found |= key.is("error") && !matches!(cursor.kind(), None | Some(Kind::Null));
    });
    found
}

/// An `error` event.
pub(super) fn of_event(data: &[u8]) -> Failure<'static> {
    of_told(&Told::read(data))
}

/// A response that failed or was cancelled.
pub(super) fn of_response(response: &Response<'_>, status: &str) -> Failure<'static> {
    let told = Told::read(response.error);
    if told.message.is_none() && told.word().is_empty() && status == "cancelled" {
        return failure(
            500,
            "cancelled",
            Some("the provider cancelled the response"),
        );
    }
    of_told(&told)
}

/// An event that cannot be read.
pub(super) fn unreadable() -> Failure<'static> {
    let message = "the upstream sent an event that is no JSON";
    failure(502, "server_error", Some(message))
}

/// An answer of more items than are followed.
pub(super) fn too_much() -> Failure<'static> {
    let message = "the upstream's answer has too many items";
    failure(502, "server_error", Some(message))
}

fn of_told(told: &Told<'_>) -> Failure<'static> {
    let code = told.word();
    let status = told.status.unwrap_or_else(|| words::status(&code));
    failure(status, &code, told.message.as_deref())
}

fn failure(status: u16, code: &str, message: Option<&str>) -> Failure<'static> {
    let message = message.filter(|message| !message.trim().is_empty());
    let message = message.unwrap_or_else(|| words::of_status(status));
    let code = match code {
        "" => words::of_openai(status),
        code => code,
    };
    let end = message.floor_char_boundary(MAX_MESSAGE);
    let (message, _) = message.split_at(end);
    Failure {
        status,
        code: Cow::Owned(code.to_owned()),
        message: Cow::Owned(message.to_owned()),
    }
}

/// What is told of a failure.
#[derive(Debug, Default)]
struct Told<'a> {
    message: Option<Text<'a>>,
    code: Option<Text<'a>>,
    /// The type of the innermost object, and how deep that is.
    kind: Option<Text<'a>>,
    kind_depth: u32,
    status: Option<u16>,
}

impl<'a> Told<'a> {
    fn read(json: &'a [u8]) -> Self {
        let mut told = Self::default();
        told.value(&mut Cursor::new(json), 0);
        told
    }

    /// Its code, else its type.
    fn word(&self) -> Text<'a> {
        let code = self.code.as_ref().filter(|code| !code.is_empty());
        let kind = self.kind.as_ref().filter(|kind| *kind != "error");
        code.or(kind).cloned().unwrap_or_default()
    }

    fn value(&mut self, cursor: &mut Cursor<'a>, depth: u32) {
        match cursor.kind() {
            Some(Kind::Object) if depth < 4 => {
                if depth > self.kind_depth {
                    self.kind = None;
                    self.kind_depth = depth;
                }
                cursor.object(|key, cursor| self.member(key.raw(), cursor, depth));
            }
            Some(Kind::Array) if depth < 4 => {
                cursor.array(|cursor| self.value(cursor, depth + 1));
            }
            Some(Kind::String) if depth > 0 => {
                let text = cursor.string().map(crate::scan::Text::decode);
                self.message = self.message.take().or(text);
            }
            _ => cursor.skip(),
        }
    }

    fn member(&mut self, key: &[u8], cursor: &mut Cursor<'a>, depth: u32) {
        match key {
            b"error" | b"detail" | b"errors" => self.value(cursor, depth + 1),
            b"message" | b"msg" | b"error_description" => {
                if let Some(text) = cursor.string() {
                    self.message = Some(text.decode());
                }
            }
            b"code" => {
                let text = scalar(cursor);
                let number = text.as_ref().and_then(|text| text.parse::<u16>().ok());
                match number {
                    Some(number) => self.has_status(number),
                    None => self.code = text.or(self.code.take()),
                }
            }
            b"type" => {
                let kind = scalar(cursor);
                if depth >= self.kind_depth {
                    self.kind = kind;
                    self.kind_depth = depth;
                }
            }
            b"status" | b"status_code" => {
                let text = scalar(cursor);
                if let Some(number) = text.and_then(|text| text.parse().ok()) {
                    self.has_status(number);
                }
            }
            _ => {}
        }
    }

    fn has_status(&mut self, number: u16) {
        if (400..600).contains(&number) {
            self.status = Some(number);
        }
    }
}

/// A string or a number.
fn scalar<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    match cursor.kind() {
        Some(Kind::String) => cursor.string().map(crate::scan::Text::decode),
        Some(Kind::Number) => Some(String::from_utf8_lossy(cursor.value())),
        _ => {
            cursor.skip();
            None
        }
    }
}

#[cfg(test)]
mod tests;

//! OpenAI Chat Completions and Responses: stream events and whole bodies, errors in both.

use super::findings::{Findings, error, message, name, name_or_number};
use super::{ErrorFact, is_empty_value};
use crate::scan::Cursor;

/// Reads a chunk's data or a body of Chat; says whether it carries content.
pub(super) fn read_chat(found: &mut Findings, cursor: &mut Cursor<'_>) -> bool {
    let mut content = false;
    let (mut is_error, mut has_choices) = (false, false);
    let mut loose = Loose::default();
    cursor.object(|key, cursor| match key.raw() {
        b"id" => found.id(cursor),
        b"model" => found.model(cursor),
        b"usage" => found.usage(cursor),
        b"service_tier" => found.service_tier(cursor),
        b"choices" => {
            has_choices = true;
            cursor.array(|cursor| content |= choice(found, cursor));
        }
        b"error" => found.error(error(cursor)),
        b"object" => is_error = cursor.string().is_some_and(|object| object.is("error")),
        key => loose.member(key, cursor),
    });
    if is_error || (!has_choices && loose.is_error()) {
        found.error(Some(loose.error()));
    }
    content
}

/// An error whose members stand at the top instead of in an `error` member.
#[derive(Default)]
struct Loose {
    kind: Option<String>,
    code: Option<String>,
    message: Option<String>,
    detail: Option<String>,
}

impl Loose {
    fn member(&mut self, key: &[u8], cursor: &mut Cursor<'_>) {
        match key {
            b"type" => self.kind = name(cursor),
            b"code" => self.code = name_or_number(cursor),
            b"message" => self.message = cursor.string().map(message),
            b"detail" => self.detail = cursor.string().map(message),
            _ => {}
        }
    }

    fn is_error(&self) -> bool {
        self.detail.is_some()
            || (self.message.is_some() && (self.kind.is_some() || self.code.is_some()))
    }

    fn error(self) -> ErrorFact {
        ErrorFact {
            kind: self.kind.or(self.code).unwrap_or_default(),
            message: self.message.or(self.detail).unwrap_or_default(),
        }
    }
}

/// Reads one choice; says whether it carries content.
fn choice(found: &mut Findings, cursor: &mut Cursor<'_>) -> bool {
    let mut content = false;
    let mut first = true;
    let mut reason = None;
    cursor.object(|key, cursor| match key.raw() {
        b"index" => first = cursor.value() == b"0",
        b"finish_reason" => reason = name(cursor),
        b"text" => content |= !is_empty_value(cursor),
        b"delta" => {
            cursor.object(|key, cursor| {
                let says_something = !matches!(key.raw(), b"role" | b"name" | b"index");
                content |= says_something && !is_empty_value(cursor);
            });
        }
        _ => {}
    });
    if reason.is_some() {
        found.terminal();
    }
    if first || !found.has_stop_reason() {
        found.stop_reason(reason);
    }
    content
}

/// Reads an event's data or a body of Responses; says whether it carries content.
pub(super) fn read_responses(found: &mut Findings, cursor: &mut Cursor<'_>) -> bool {
    let mut loose = Loose::default();
    let mut response = Response::default();
    cursor.object(|key, cursor| match key.raw() {
        b"response" => {
            cursor.object(|key, cursor| response.member(found, key.raw(), cursor));
        }
        key @ (b"type" | b"code" | b"message" | b"detail") => loose.member(key, cursor),
        key => response.member(found, key, cursor),
    });
    found.stop_reason(response.stop_reason());
    let kind = loose.kind.as_deref().unwrap_or_default();
    if matches!(
        kind,
        "response.completed" | "response.failed" | "response.incomplete"
    ) {
        found.terminal();
    }
    let content = kind.ends_with(".delta");
    if loose.detail.is_some() || (kind == "error" && loose.message.is_some()) {
        loose.kind = loose.code.take().or(loose.kind);
        found.error(Some(loose.error()));
    }
    content
}

/// The status of a response object.
#[derive(Default)]
struct Response {
    status: Option<String>,
    incomplete: Option<String>,
}

impl Response {
    fn member(&mut self, found: &mut Findings, key: &[u8], cursor: &mut Cursor<'_>) {
        match key {
            b"id" => found.id(cursor),
            b"model" => found.model(cursor),
            b"usage" => found.usage(cursor),
            b"service_tier" => found.service_tier(cursor),
            b"error" => found.error(error(cursor)),
            b"status" => self.status = name(cursor),
            b"incomplete_details" => {
                cursor.object(|key, cursor| {
                    if key.raw() == b"reason" {
                        self.incomplete = name(cursor);
                    }
                });
            }
            _ => {}
        }
    }

    /// Why it ended; none while it goes on.
    fn stop_reason(&mut self) -> Option<String> {
        let goes_on = |status: &String| matches!(status.as_str(), "queued" | "in_progress");
        let status = self.status.take().filter(|status| !goes_on(status))?;
        Some(self.incomplete.take().unwrap_or(status))
    }
}

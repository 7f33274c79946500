//! What a chunk or a whole answer holds, member by member, as it was written. What it means is
//! others' business.

use crate::scan::{Cursor, Text, whole_string};
use crate::translate::json::Json;

/// A chunk of a stream, or a whole answer.
#[derive(Debug, Default)]
pub(super) struct Chunk<'a> {
    pub id: Option<Text<'a>>,
    pub model: Option<Text<'a>>,
    /// Empty when there is none, as all values here.
    pub usage: &'a [u8],
    pub error: &'a [u8],
    /// Whether members at the top make it an error.
    pub loose_error: bool,
    /// Whether there is any choice at all.
    pub has_choices: bool,
    /// The choice of index 0.
    pub choice: Option<Choice<'a>>,
}

/// One choice.
#[derive(Debug, Default)]
pub(super) struct Choice<'a> {
    /// `delta`
    pub delta: Option<Said<'a>>,
    /// `message`
    pub message: Option<Said<'a>>,
    pub finish_reason: Option<Text<'a>>,
    /// Which text ended the answer, by servers that tell.
    pub matched: Option<Text<'a>>,
    pub error: &'a [u8],
}

/// A message, or more of one.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub content: &'a [u8],
    pub reasoning_content: &'a [u8],
    pub reasoning: &'a [u8],
    pub reasoning_details: &'a [u8],
    pub refusal: &'a [u8],
    pub annotations: &'a [u8],
    pub tool_calls: &'a [u8],
    pub function_call: &'a [u8],
    pub extra_content: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Reads a chunk; none when it is no JSON object.
    pub(super) fn read(data: &'a [u8]) -> Option<Self> {
        let mut chunk = Self::default();
        let (mut word, mut message, mut detail) = (false, false, false);
        let mut cursor = Cursor::new(data);
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"id" => chunk.id = cursor.string(),
            b"model" => chunk.model = cursor.string(),
            b"usage" => {
                let usage = value(cursor);
                if !usage.is_empty() {
                    chunk.usage = usage;
                }
            }
            b"x_groq" => chunk.groq(cursor),
            b"choices" => chunk.choices(cursor),
            b"error" => chunk.error = failure(cursor),
            b"object" => {
                chunk.loose_error = cursor.string().is_some_and(|object| object.is("error"));
            }
            b"code" | b"type" => word = !value(cursor).is_empty(),
            b"message" => message = !value(cursor).is_empty(),
            b"detail" => detail = !value(cursor).is_empty(),
            _ => {}
        });
        if !is_object || cursor.malformed() || !cursor.at_end() {
            return None;
        }
        chunk.loose_error |= !chunk.has_choices && ((word && message) || detail);
        Some(chunk)
    }

    /// Groq's own member, which may hold the usage and an error.
    fn groq(&mut self, cursor: &mut Cursor<'a>) {
        cursor.object(|key, cursor| match key.raw() {
            b"usage" if self.usage.is_empty() => self.usage = value(cursor),
            b"error" if self.error.is_empty() => self.error = failure(cursor),
            _ => {}
        });
    }

    fn choices(&mut self, cursor: &mut Cursor<'a>) {
        cursor.array(|cursor| {
            let first = !std::mem::replace(&mut self.has_choices, true);
            let (choice, index) = Choice::read(cursor);
            let ours = index.map_or(first, |index| index == b"0");
            if ours && self.choice.is_none() {
                self.choice = Some(choice);
            }
        });
    }
}

impl<'a> Choice<'a> {
    fn read(cursor: &mut Cursor<'a>) -> (Self, Option<&'a [u8]>) {
        let mut choice = Self::default();
        let mut index = None;
        cursor.object(|key, cursor| match key.raw() {
            b"index" => index = Some(value(cursor)).filter(|index| !index.is_empty()),
            b"delta" => choice.delta = Said::read(cursor),
            b"message" => choice.message = Said::read(cursor),
            b"finish_reason" => choice.finish_reason = cursor.string(),
            b"stop_reason" | b"matched_stop" => choice.matched = cursor.string(),
            b"error" => choice.error = failure(cursor),
            _ => {}
        });
        (choice, index)
    }
}

impl<'a> Said<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut said = Self::default();
        let is_object = cursor.object(|key, cursor| {
            let member = match key.raw() {
                b"content" => &mut said.content,
                b"reasoning_content" => &mut said.reasoning_content,
                b"reasoning" => &mut said.reasoning,
                b"reasoning_details" => &mut said.reasoning_details,
                b"refusal" => &mut said.refusal,
                b"annotations" => &mut said.annotations,
                b"tool_calls" => &mut said.tool_calls,
                b"function_call" => &mut said.function_call,
                b"extra_content" => &mut said.extra_content,
                _ => return,
            };
            *member = value(cursor);
        });
        is_object.then_some(said)
    }
}

/// Takes a value; null is none.
pub(super) fn value<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    match cursor.value() {
        b"null" => &[],
        value => value,
    }
}

/// Takes an error; what is empty is none.
fn failure<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    match value(cursor) {
        b"false" | b"{}" | b"\"\"" | b"[]" => &[],
        value => value,
    }
}

/// The text of a value that is a string; empty otherwise.
pub(super) fn text(value: &[u8]) -> std::borrow::Cow<'_, str> {
    match value {
        [b'"', ..] => whole_string(value).unwrap_or_default(),
        _ => "".into(),
    }
}

/// A value as JSON on its way; none when it is not valid.
pub(super) fn json(value: &[u8]) -> Option<Json<'_>> {
    let text = std::str::from_utf8(value).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    Some(Json::of_valid(text))
}

/// `google.thought_signature` in an `extra_content`.
pub(super) fn thought_signature(extra: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let mut signature = None;
    Cursor::new(extra).object(|key, cursor| {
        if key.is("google") {
            cursor.object(|key, cursor| {
                if key.is("thought_signature") || key.is("thoughtSignature") {
                    signature = cursor.string().map(Text::decode);
                }
            });
        }
    });
    signature.filter(|signature| !signature.is_empty())
}

//! Reads what Responses says: the events of a stream, the items of an output and the response
//! object, as far as an answer needs them. What follows from them is decided elsewhere.

use std::borrow::Cow;

use crate::scan::{Cursor, Kind, Text as Raw};
use crate::translate::form::{Stop, Text};
use crate::translate::json::Json;

/// An event of a stream, its members unread unless they are plain. Making one allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    pub kind: Option<Raw<'a>>,
    pub output_index: Option<u64>,
    /// `content_index` or `summary_index`.
    pub number: Option<u64>,
    pub item_id: Option<Raw<'a>>,
    pub delta: Option<Raw<'a>>,
    /// The whole of what deltas were parts of.
    pub whole: Option<Raw<'a>>,
    pub item: &'a [u8],
    pub part: &'a [u8],
    pub annotation: &'a [u8],
    pub response: &'a [u8],
}

impl<'a> Event<'a> {
    /// Reads an event's data; none when it is no JSON object.
    pub(super) fn read(data: &'a [u8]) -> Option<Self> {
        let mut event = Self::default();
        let mut cursor = Cursor::new(data);
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"type" => event.kind = cursor.string(),
            b"output_index" => event.output_index = number(cursor),
            b"content_index" | b"summary_index" => event.number = number(cursor),
            b"item_id" => event.item_id = cursor.string(),
            b"delta" => event.delta = cursor.string(),
            b"text" | b"refusal" | b"arguments" | b"input" => event.whole = cursor.string(),
            b"item" => event.item = cursor.value(),
            b"part" => event.part = cursor.value(),
            b"annotation" => event.annotation = cursor.value(),
            b"response" => event.response = cursor.value(),
            _ => {}
        });
        (is_object && !cursor.malformed()).then_some(event)
    }
}

/// An item of an output.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub kind: Text<'a>,
    pub id: Text<'a>,
    pub call_id: Text<'a>,
    /// Without its namespace: who asked knows no namespaces.
    pub name: Text<'a>,
    /// `arguments` or `input`.
    pub input: Option<Text<'a>>,
    pub encrypted: Option<Text<'a>>,
    pub contents: Vec<Content<'a>>,
    pub summary: Vec<Text<'a>>,
    /// All of it.
    pub raw: &'a [u8],
}

/// A part of an item's `content`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Text {
        text: Text<'a>,
        annotations: Vec<Json<'a>>,
    },
    Refusal(Text<'a>),
    Reasoning(Text<'a>),
    Other,
}

impl<'a> Item<'a> {
    /// Reads an item; one that is no object has no type.
    pub(super) fn read(raw: &'a [u8]) -> Self {
        let mut item = Self {
            raw,
            ..Self::default()
        };
        Cursor::new(raw).object(|key, cursor| match key.raw() {
            b"type" => item.kind = text(cursor).unwrap_or_default(),
            b"id" => item.id = text(cursor).unwrap_or_default(),
            b"call_id" => item.call_id = text(cursor).unwrap_or_default(),
            b"name" => item.name = text(cursor).unwrap_or_default(),
            b"arguments" | b"input" => item.input = input(cursor),
            b"encrypted_content" => {
                item.encrypted = text(cursor).filter(|value| !value.is_empty());
            }
            b"content" => contents(cursor, &mut item.contents),
            b"summary" => {
                cursor.array(|cursor| item.summary.push(summary(cursor)));
            }
            _ => {}
        });
        item
    }

    /// Its id as a call; the item's own where a provider gives no other.
    pub(super) fn call(&self) -> &Text<'a> {
        match self.call_id.is_empty() {
            true => &self.id,
            false => &self.call_id,
        }
    }

    /// What of its thinking is shown: the summary, else the reasoning itself.
    pub(super) fn thoughts(&self) -> (bool, Vec<&str>) {
        let summary: Vec<&str> = self.summary.iter().map(AsRef::as_ref).collect();
        if summary.iter().any(|text| !text.is_empty()) {
            return (true, summary);
        }
        let reasoning = self.contents.iter().map(|content| match content {
            Content::Reasoning(text) | Content::Text { text, .. } => text.as_ref(),
            Content::Refusal(_) | Content::Other => "",
        });
        (false, reasoning.collect())
    }
}

/// The input of a call: a string, or an object as some write it.
fn input<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    match cursor.kind() {
        Some(Kind::Object) => Some(String::from_utf8_lossy(cursor.value())),
        _ => text(cursor),
    }
}

fn summary<'a>(cursor: &mut Cursor<'a>) -> Text<'a> {
    let mut found = None;
    match cursor.kind() {
        Some(Kind::Object) => {
            cursor.object(|key, cursor| {
                if key.is("text") {
                    found = text(cursor);
                }
            });
        }
        _ => found = text(cursor),
    }
    found.unwrap_or_default()
}

fn contents<'a>(cursor: &mut Cursor<'a>, contents: &mut Vec<Content<'a>>) {
    match cursor.kind() {
        Some(Kind::String) => contents.push(Content::Text {
            text: text(cursor).unwrap_or_default(),
            annotations: Vec::new(),
        }),
        _ => {
            cursor.array(|cursor| contents.push(content(cursor)));
        }
    }
}

/// Reads a part of an item's `content`.
pub(super) fn content<'a>(cursor: &mut Cursor<'a>) -> Content<'a> {
    let (mut kind, mut said, mut refused) = (None, None, None);
    let mut annotations = Vec::new();
    cursor.object(|key, cursor| match key.raw() {
        b"type" => kind = cursor.string(),
        b"text" => said = text(cursor),
        b"refusal" => refused = text(cursor),
        b"annotations" => {
            cursor.array(|cursor| annotations.extend(json(cursor.value())));
        }
        _ => {}
    });
    let text = said.unwrap_or_default();
    match kind.map(Raw::raw) {
        Some(b"output_text" | b"text") => Content::Text { text, annotations },
        Some(b"refusal") => Content::Refusal(refused.unwrap_or(text)),
        Some(b"reasoning_text") => Content::Reasoning(text),
        _ => Content::Other,
    }
}

/// The response object, its output and usage unread.
#[derive(Debug, Default)]
pub(super) struct Response<'a> {
    pub id: Text<'a>,
    pub model: Text<'a>,
    pub status: Text<'a>,
    pub output: &'a [u8],
    pub usage: &'a [u8],
    pub error: &'a [u8],
    /// `incomplete_details.reason`
    pub reason: Option<Text<'a>>,
    /// Whether there is anything of a response in it.
    pub is_one: bool,
}

impl<'a> Response<'a> {
    pub(super) fn read(json: &'a [u8]) -> Self {
        let mut response = Self::default();
        Cursor::new(json).object(|key, cursor| match key.raw() {
            b"id" => response.id = text(cursor).unwrap_or_default(),
            b"model" => response.model = text(cursor).unwrap_or_default(),
            b"status" => response.status = text(cursor).unwrap_or_default(),
            b"output" => {
                response.is_one = cursor.kind() == Some(Kind::Array);
                response.output = cursor.value();
            }
            b"usage" => response.usage = cursor.value(),
            b"error" => response.error = cursor.value(),
            b"incomplete_details" => {
                cursor.object(|key, cursor| {
                    if key.is("reason") {
                        response.reason = text(cursor);
                    }
                });
            }
            _ => {}
        });
        response
    }
}

/// What an answer has in it, as far as why it ended depends on that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub calls: usize,
    pub refused: bool,
}

/// Why an answer ended whose status is `status`. Only one that is complete may say so.
pub(super) fn stop<'a>(status: &str, reason: Option<Text<'a>>, said: Said) -> Stop<'a> {
    match (status, reason.as_deref()) {
        ("incomplete", Some("content_filter")) => Stop::Refusal,
        ("incomplete", None | Some("max_output_tokens" | "max_tokens" | "")) => Stop::MaxTokens,
        ("incomplete", Some(_)) => Stop::Other(reason.unwrap_or_default()),
        _ if said.calls > 0 => Stop::ToolUse,
        _ if said.refused => Stop::Refusal,
        _ => Stop::EndTurn,
    }
}

/// A value as it was written, if it is valid.
pub(super) fn json(value: &[u8]) -> Option<Json<'_>> {
    serde_json::from_slice::<serde::de::IgnoredAny>(value).ok()?;
    std::str::from_utf8(value).ok().map(Json::of_valid)
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Option<Cow<'a, str>> {
    cursor.string().map(Raw::decode)
}

fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    std::str::from_utf8(cursor.value()).ok()?.parse().ok()
}

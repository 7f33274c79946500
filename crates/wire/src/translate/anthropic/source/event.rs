//! The members of events that matter, found in one walk. Nothing is copied here.

use std::str;

use crate::scan::{Cursor, Kind, Text};
use crate::translate::form;

/// One event.
#[derive(Default)]
pub(super) struct Event<'a> {
    pub(super) kind: Option<Text<'a>>,
    pub(super) index: Option<u64>,
    pub(super) delta: Delta<'a>,
    /// `content_block`, as it was written; empty when there is none. So are those below.
    pub(super) block: &'a [u8],
    pub(super) message: &'a [u8],
    pub(super) usage: &'a [u8],
    /// Whether it tells an error.
    pub(super) has_error: bool,
}

/// What an event adds to a block or to the message.
#[derive(Default)]
pub(super) struct Delta<'a> {
    pub(super) text: Option<Text<'a>>,
    pub(super) thinking: Option<Text<'a>>,
    pub(super) partial_json: Option<Text<'a>>,
    pub(super) signature: Option<Text<'a>>,
    pub(super) citation: &'a [u8],
    pub(super) stop_reason: Option<Text<'a>>,
    pub(super) stop_sequence: Option<Text<'a>>,
}

impl<'a> Event<'a> {
    /// Reads one; none is what is no object.
    pub(super) fn read(data: &'a [u8]) -> Option<Self> {
        let mut event = Self::default();
        let mut cursor = Cursor::new(data);
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"type" => event.kind = cursor.string(),
            b"index" => event.index = number(cursor.value()),
            b"delta" => event.delta = Delta::read(cursor),
            b"content_block" => event.block = cursor.value(),
            b"message" => event.message = cursor.value(),
            b"usage" => event.usage = cursor.value(),
            b"error" => event.has_error = cursor.kind() != Some(Kind::Null),
            _ => cursor.skip(),
        });
        (is_object && cursor.at_end()).then_some(event)
    }
}

impl<'a> Delta<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Self {
        let mut delta = Self::default();
        cursor.object(|key, cursor| match key.raw() {
            b"text" => delta.text = cursor.string(),
            b"thinking" => delta.thinking = cursor.string(),
            b"partial_json" => delta.partial_json = cursor.string(),
            b"signature" => delta.signature = cursor.string(),
            b"citation" => delta.citation = cursor.value(),
            b"stop_reason" => delta.stop_reason = cursor.string(),
            b"stop_sequence" => delta.stop_sequence = cursor.string(),
            _ => cursor.skip(),
        });
        delta
    }
}

fn number(json: &[u8]) -> Option<u64> {
    str::from_utf8(json).ok()?.parse().ok()
}

/// The message that a stream begins with.
#[derive(Default)]
pub(super) struct Start<'a> {
    pub(super) id: form::Text<'a>,
    pub(super) model: form::Text<'a>,
    pub(super) content: &'a [u8],
    pub(super) usage: &'a [u8],
    pub(super) stop_reason: Option<form::Text<'a>>,
    pub(super) stop_sequence: Option<form::Text<'a>>,
}

impl<'a> Start<'a> {
    pub(super) fn read(json: &'a [u8]) -> Self {
        let mut start = Self::default();
        Cursor::new(json).object(|key, cursor| match key.raw() {
            b"id" => start.id = text(cursor).unwrap_or_default(),
            b"model" => start.model = text(cursor).unwrap_or_default(),
            b"content" => start.content = cursor.value(),
            b"usage" => start.usage = cursor.value(),
            b"stop_reason" => start.stop_reason = text(cursor),
            b"stop_sequence" => start.stop_sequence = text(cursor),
            _ => cursor.skip(),
        });
        start
    }
}

/// What a block begins with.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub(super) kind: form::Text<'a>,
    pub(super) id: form::Text<'a>,
    pub(super) name: form::Text<'a>,
    pub(super) text: Option<form::Text<'a>>,
    pub(super) thinking: Option<form::Text<'a>>,
    pub(super) signature: Option<form::Text<'a>>,
    pub(super) data: Option<form::Text<'a>>,
    pub(super) input: &'a [u8],
    pub(super) citations: &'a [u8],
}

impl<'a> Head<'a> {
    pub(super) fn read(json: &'a [u8]) -> Self {
        let mut head = Self::default();
        Cursor::new(json).object(|key, cursor| match key.raw() {
            b"type" => head.kind = text(cursor).unwrap_or_default(),
            b"id" => head.id = text(cursor).unwrap_or_default(),
            b"name" => head.name = text(cursor).unwrap_or_default(),
            b"text" => head.text = text(cursor),
            b"thinking" => head.thinking = text(cursor),
            b"signature" => head.signature = text(cursor),
            b"data" => head.data = text(cursor),
            b"input" => head.input = cursor.value(),
            b"citations" => head.citations = cursor.value(),
            _ => cursor.skip(),
        });
        head
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Option<form::Text<'a>> {
    cursor.string().map(Text::decode)
}

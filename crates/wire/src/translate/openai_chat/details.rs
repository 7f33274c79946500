//! `reasoning_details`: reasoning with what proves or holds it, in the spelling that OpenRouter
//! began. Each entry names who issued it by its `format`.

use crate::scan::Cursor;
use crate::translate::form::{Opaque, OpaqueKind, Text};
use crate::translate::json::Writer;

use super::said::value;

/// One entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Detail<'a> {
    /// `text` or `summary`; may be empty.
    pub text: Text<'a>,
    /// `data` or `signature`.
    pub opaque: Option<Opaque<'a>>,
    /// The id of a Responses item, or of the call that it belongs to (Gemini).
    pub id: Option<Text<'a>>,
    /// Which thought the entry is of.
    pub index: &'a [u8],
}

/// Reads the entries in order.
pub(super) fn read<'a>(list: &'a [u8], mut each: impl FnMut(Detail<'a>)) {
    if list.is_empty() {
        return;
    }
    Cursor::new(list).array(|cursor| {
        if let Some(detail) = Detail::read(cursor) {
            each(detail);
        }
    });
}

/// The id of the item whose encrypted content comes next, at entry `from` or behind it.
pub(super) fn item_after(list: &[u8], from: usize) -> Option<Text<'_>> {
    let mut found = None;
    let mut at = 0;
    read(list, |detail| {
        let encrypted = detail.opaque.map(|opaque| opaque.kind) == Some(OpaqueKind::Encrypted);
        if at >= from && encrypted && found.is_none() {
            found = Some(detail.id);
        }
        at += 1;
    });
    found.flatten()
}

impl<'a> Detail<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut detail = Self::default();
        let (mut data, mut signature, mut format) = (None, None, None);
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"text" | b"summary" => {
                if let Some(text) = cursor.string() {
                    detail.text = text.decode();
                }
            }
            b"data" => data = cursor.string(),
            b"signature" => signature = cursor.string(),
            b"format" => format = cursor.string(),
            b"id" => detail.id = cursor.string().map(|id| id.decode()),
            b"index" => detail.index = value(cursor),
            _ => {}
        });
        let format = format.map(|format| format.decode()).unwrap_or_default();
        let (opaque, kind) = match (data, signature) {
            (Some(data), _) => (Some(data), kind_of_data(&format)),
            (None, signature) => (signature, kind_of_signature(&format)),
        };
        let value = opaque.map(|value| value.decode());
        detail.opaque = value
            .filter(|value| !value.is_empty())
            .map(|value| Opaque { value, kind });
        is_object.then_some(detail)
    }
}

fn kind_of_data(format: &str) -> OpaqueKind {
    if format.starts_with("anthropic") {
        OpaqueKind::Redacted
    } else if format.starts_with("google") {
        OpaqueKind::ThoughtSignature
    } else {
        OpaqueKind::Encrypted
    }
}

fn kind_of_signature(format: &str) -> OpaqueKind {
    if format.starts_with("google") {
        OpaqueKind::ThoughtSignature
    } else if format.starts_with("anthropic") || matches!(format, "" | "unknown") {
        OpaqueKind::Signature
    } else {
        OpaqueKind::Encrypted
    }
}

/// Writes the entries for one thought; `index` is its number among them.
pub(super) fn write(
    out: &mut Writer,
    index: u64,
    (text, id): (&str, Option<&str>),
    opaque: Option<&Opaque<'_>>,
) {
    let format = match opaque.map(|opaque| opaque.kind) {
        Some(OpaqueKind::Signature | OpaqueKind::Redacted) => Some("anthropic-claude-v1"),
        Some(OpaqueKind::Encrypted) => Some("openai-responses-v1"),
        Some(OpaqueKind::ThoughtSignature) => Some("google-gemini-v1"),
        None => None,
    };
    let end = |out: &mut Writer| {
        match format {
            Some(format) => out.key("format").string(format),
            None => out.key("format").string("unknown"),
        };
        out.key("index").number(index).end_object();
    };
    match opaque {
        Some(Opaque {
            value,
            kind: OpaqueKind::Encrypted | OpaqueKind::Redacted,
        }) => {
            if !text.is_empty() {
                out.object().key("type").string("reasoning.summary");
                out.key("summary").string(text);
                end(out);
            }
            out.object().key("type").string("reasoning.encrypted");
            out.key("data").string(value);
            if let Some(id) = id {
                out.key("id").string(id);
            }
            end(out);
        }
        _ => {
            out.object().key("type").string("reasoning.text");
            out.key("text").string(text);
            if let Some(opaque) = opaque {
                out.key("signature").string(&opaque.value);
            }
            end(out);
        }
    }
}

//! Reads what messages are made of.

use super::members::{Members, elements, objects, string};
use super::text_parts;
use crate::marks::messages::{self as mark, Marked};
use crate::translate::fault::Fault;
use crate::translate::form::{Body, Call, Input, Media, Opaque, OpaqueKind, Part, Place, Text};
use crate::translate::json::Json;

/// Where something stands in a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    /// `system`
    System,
    /// A message.
    Message(usize),
    /// The content of a block of a message.
    Block(usize, usize),
    /// A tool.
    Tool(usize),
}

impl At {
    pub(super) fn fault(self, member: &str, message: &'static str) -> Fault {
        let mut field = match self {
            Self::System => "system".to_owned(),
            Self::Message(at) => format!("messages.{at}"),
            Self::Block(message, block) => format!("messages.{message}.content.{block}"),
            Self::Tool(at) => format!("tools.{at}"),
        };
        if !member.is_empty() {
            field.push('.');
            field.push_str(member);
        }
        Fault::new(field, message)
    }

    fn inside(self, block: usize) -> Self {
        match self {
            Self::Message(message) => Self::Block(message, block),
            other => other,
        }
    }
}

/// A plain text.
pub(super) fn text(text: Text<'_>) -> Part<'_> {
    let annotations = Vec::new();
    Body::Text { text, annotations }.into()
}

/// A string or an array of blocks.
pub(super) fn content(value: &str, at: At) -> Result<Vec<Part<'_>>, Fault> {
    if let Some(text) = string(value) {
        return Ok(text_parts(text));
    }
    let blocks = objects(value);
    let blocks = blocks.ok_or_else(|| at.fault("content", "must be a string or an array"))?;
    let parts = blocks.into_iter().enumerate();
    parts
        .map(|(n, (json, members))| block(json, members, at.inside(n)))
        .collect()
}

fn block<'a>(json: &'a str, members: Option<Members<'a>>, at: At) -> Result<Part<'a>, Fault> {
    let mut block = members.ok_or_else(|| at.fault("", "must be an object"))?;
    let Some(kind) = block.text("type") else {
        return Err(at.fault("type", "must be a string"));
    };
    let body = match kind.as_ref() {
        "text" => text_block(&mut block),
        "image" => block.object("source").and_then(media).map(Body::Image),
        "document" => document(&mut block),
        "tool_use" => Some(Body::Call(call(&mut block, at)?)),
        "tool_result" => Some(result(&mut block, at)?),
        "thinking" => Some(thinking(&mut block)),
        "redacted_thinking" => redacted(&mut block),
        _ => None,
    };
    let Some(body) = body else {
        let json = Json::of_valid(json);
        return Ok(Body::Foreign { kind, json }.into());
    };
    Ok(Part {
        body,
        cache: block.json("cache_control"),
        extra: block.rest(),
    })
}

fn text_block<'a>(block: &mut Members<'a>) -> Option<Body<'a>> {
    let text = block.text("text")?;
    let citations = block.value("citations").and_then(elements);
    let annotations = citations.into_iter().flatten().map(Json::of_valid);
    Some(Body::Text {
        text,
        annotations: annotations.collect(),
    })
}

/// Where a picture or document is; none when only Anthropic knows.
fn media(source: &str) -> Option<Media<'_>> {
    let mut source = Members::of(source)?;
    let place = match source.text("type")?.as_ref() {
        "base64" => Place::Base64(source.text("data")?),
        "text" => Place::Text(source.text("data")?),
        "url" => Place::Url(source.text("url")?),
        "file" => Place::File(source.text("file_id")?),
        "content" => Place::Text(string(source.value("content")?)?),
        _ => return None,
    };
    Some(Media {
        kind: source.text("media_type"),
        place,
        detail: None,
    })
}

fn document<'a>(block: &mut Members<'a>) -> Option<Body<'a>> {
    let mut media = block.object("source").and_then(media)?;
    if matches!(media.place, Place::Text(_)) {
        media.kind.get_or_insert("text/plain".into());
    }
    Some(Body::Document {
        media,
        title: block.text("title"),
        context: block.text("context"),
    })
}

fn call<'a>(block: &mut Members<'a>, at: At) -> Result<Call<'a>, Fault> {
    let name = block.text("name");
    let input = block.json("input");
    Ok(Call {
        id: block.text("id").unwrap_or_default(),
        name: name.ok_or_else(|| at.fault("name", "must be a string"))?,
        input: Input::Json(input.unwrap_or_else(|| Json::of_valid("{}"))),
        item: None,
        opaque: None,
    })
}

fn result<'a>(block: &mut Members<'a>, at: At) -> Result<Body<'a>, Fault> {
    let call = block.text("tool_use_id");
    let parts = match block.value("content") {
        Some(value) => content(value, at)?,
        None => Vec::new(),
    };
    Ok(Body::Result {
        call: call.ok_or_else(|| at.fault("tool_use_id", "must be a string"))?,
        name: None,
        parts,
        is_error: block.boolean("is_error").unwrap_or(false),
    })
}

fn thinking<'a>(block: &mut Members<'a>) -> Body<'a> {
    let text = block.text("thinking").unwrap_or_default();
    let signature = block.text("signature").filter(|value| !value.is_empty());
    signed(text, signature, OpaqueKind::Signature)
}

fn redacted<'a>(block: &mut Members<'a>) -> Option<Body<'a>> {
    let data = block.text("data")?;
    Some(signed("".into(), Some(data), OpaqueKind::Redacted))
}

/// Thinking with what proves it. A mark that belongs to a call stays as it is until the whole
/// message is read.
fn signed<'a>(text: Text<'a>, value: Option<Text<'a>>, kind: OpaqueKind) -> Body<'a> {
    let Some(value) = value else {
        let (opaque, id) = (None, None);
        return Body::Thinking { text, opaque, id };
    };
    let (opaque, id) = match mark::read(&value) {
        Some(Marked::Thinking { opaque, id }) => (opaque, id),
        Some(Marked::Call { .. }) | None => (Some(Opaque { value, kind }), None),
    };
    Body::Thinking { text, opaque, id }
}

/// Gives calls what travelled for them in blocks of their own, and removes those blocks.
pub(super) fn settle_marks(parts: &mut Vec<Part<'_>>) {
    let mut marks = Vec::new();
    parts.retain(|part| {
        let Body::Thinking {
            opaque: Some(opaque),
            ..
        } = &part.body
        else {
            return true;
        };
        let Some(Marked::Call { id, opaque }) = mark::read(&opaque.value) else {
            return true;
        };
        marks.push((id, opaque));
        false
    });
    for part in parts {
        let Body::Call(call) = &mut part.body else {
            continue;
        };
        if let Some(at) = marks.iter().position(|(id, _)| *id == call.id) {
            call.opaque = Some(marks.swap_remove(at).1);
        }
    }
}

//! Whole answers of Messages.

use std::str;

use super::sink::Ids;
use super::usage::{self, Guess};
use super::words::{self, Said};
use super::{error, input};
use crate::dialect::Dialect;
use crate::marks::messages as mark;
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{
    Answer, Body, Call, Extra, Input, Opaque, OpaqueKind, Part, Stop, Text,
};
use crate::translate::json::{Json, Writer};
use crate::translate::options::AnswerOptions;
use crate::usage::{Usage, UsageMerge};

/// Reads a message.
///
/// # Errors
/// When `body` is no JSON object, or an error instead of a message.
pub fn read_answer<'a>(body: &'a [u8]) -> Result<Answer<'a>, Fault> {
    let not_json = || Fault::new("", "the provider's answer is no JSON object");
    let text = str::from_utf8(body).map_err(|_| not_json())?;
    // Everything below is taken as it stands, so it must be valid as a whole.
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| not_json())?;
    let mut answer = Answer {
        dialect: Dialect::AnthropicMessages,
        id: Text::default(),
        model: Text::default(),
        parts: Vec::new(),
        stop: Stop::EndTurn,
        usage: None,
        extra: Extra::default(),
    };
    let (mut reason, mut sequence) = (None, None);
    let (mut failed, mut says) = (false, false);
    let is_object = Cursor::new(body).object(|key, cursor| match key.raw() {
        b"id" => answer.id = string(cursor).unwrap_or_default(),
        b"model" => answer.model = string(cursor).unwrap_or_default(),
        b"content" => {
            says = true;
            answer.parts = content(cursor);
        }
        b"stop_reason" => reason = string(cursor),
        b"stop_sequence" => sequence = string(cursor),
        b"usage" => answer.usage = counts(cursor.value()),
        b"type" => failed |= cursor.string().is_some_and(|kind| kind.is("error")),
        b"role" => cursor.skip(),
        _ => keep(&mut answer.extra, key.decode(), cursor),
    });
    if !is_object {
        return Err(not_json());
    }
    if failed {
        let failure = error::read_event(body);
        return Err(Fault::new("", failure.message.into_owned()));
    }
    if !says {
        return Err(Fault::new("content", "the provider's answer is no message"));
    }
    answer.stop = match reason {
        Some(reason) => words::read_stop(reason, sequence),
        None if said(&answer.parts).calls > 0 => Stop::ToolUse,
        None => Stop::EndTurn,
    };
    Ok(answer)
}

fn string<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    cursor.string().map(crate::scan::Text::decode)
}

/// The next value, as it is written.
fn raw<'a>(cursor: &mut Cursor<'a>) -> Option<Json<'a>> {
    let json = str::from_utf8(cursor.value()).ok()?;
    (!json.is_empty()).then(|| Json::of_valid(json))
}

fn keep<'a>(extra: &mut Extra<'a>, key: Text<'a>, cursor: &mut Cursor<'a>) {
    let json = raw(cursor).filter(|json| json.as_str() != "null");
    extra.members.extend(json.map(|json| (key, json)));
}

fn counts(json: &[u8]) -> Option<Usage> {
    let mut usage = UsageMerge::new(Dialect::AnthropicMessages);
    usage.add(json);
    usage.finish()
}

fn content<'a>(cursor: &mut Cursor<'a>) -> Vec<Part<'a>> {
    if cursor.kind() == Some(Kind::String) {
        let text = string(cursor).unwrap_or_default();
        let annotations = Vec::new();
        return vec![Body::Text { text, annotations }.into()];
    }
    let mut parts = Vec::new();
    cursor.array(|cursor| parts.extend(block(cursor.value())));
    parts
}

/// The members of a block that are read, whatever its type.
#[derive(Default)]
struct Block<'a> {
    kind: Text<'a>,
    text: Option<Text<'a>>,
    citations: Vec<Json<'a>>,
    thinking: Option<Text<'a>>,
    signature: Option<Text<'a>>,
    data: Option<Text<'a>>,
    id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    input: Option<Json<'a>>,
    extra: Extra<'a>,
}

fn block(json: &[u8]) -> Option<Part<'_>> {
    let mut block = Block::default();
    let is_object = Cursor::new(json).object(|key, cursor| match key.raw() {
        b"type" => block.kind = string(cursor).unwrap_or_default(),
        b"text" => block.text = string(cursor),
        b"citations" => {
            cursor.array(|cursor| block.citations.extend(raw(cursor)));
        }
        b"thinking" => block.thinking = string(cursor),
        b"signature" => block.signature = string(cursor),
        b"data" => block.data = string(cursor),
        b"id" => block.id = string(cursor),
        b"name" => block.name = string(cursor),
        b"input" => block.input = raw(cursor),
        _ => keep(&mut block.extra, key.decode(), cursor),
    });
    if !is_object {
        return None;
    }
    let body = match &*block.kind {
        "text" => Body::Text {
            text: block.text.unwrap_or_default(),
            annotations: block.citations,
        },
        "thinking" => Body::Thinking {
            text: block.thinking.unwrap_or_default(),
            opaque: opaque(block.signature, OpaqueKind::Signature),
            id: None,
        },
        "redacted_thinking" => Body::Thinking {
            text: Text::default(),
            opaque: opaque(block.data, OpaqueKind::Redacted),
            id: None,
        },
        "tool_use" => Body::Call(Call {
            id: block.id.unwrap_or_default(),
            name: block.name.unwrap_or_default(),
            input: Input::Json(block.input.unwrap_or_else(|| Json::of_valid("{}"))),
            item: None,
            opaque: None,
        }),
        _ => {
            let json = str::from_utf8(json).ok().map(Json::of_valid)?;
            let kind = block.kind;
            return Some(Body::Foreign { kind, json }.into());
        }
    };
    Some(Part {
        body,
        cache: None,
        extra: block.extra,
    })
}

fn opaque(value: Option<Text<'_>>, kind: OpaqueKind) -> Option<Opaque<'_>> {
    let value = value.filter(|value| !value.is_empty());
    value.map(|value| Opaque { value, kind })
}

fn said(parts: &[Part<'_>]) -> Said {
    let is = |test: fn(&Body<'_>) -> bool| parts.iter().filter(move |part| test(&part.body));
    Said {
        calls: is(|body| matches!(body, Body::Call(_))).count(),
        refused: is(|body| matches!(body, Body::Refusal { .. })).count() > 0,
    }
}

/// Writes a message. What only another dialect knows, pictures and sound too, is left out; so is
/// text that is empty, as it is refused when it comes back.
#[must_use]
pub fn write_answer(answer: &Answer<'_>, options: &AnswerOptions<'_>) -> Vec<u8> {
    let said = said(&answer.parts);
    let native = answer.dialect == Dialect::AnthropicMessages;
    let mut out = Writer::default();
    out.object();
    out.key("id")
        .string(&words::message_id(&answer.id, options.seed));
    out.key("type")
        .string("message")
        .key("role")
        .string("assistant");
    let model = words::model(options.model, &answer.model);
    out.key("model").string(model);
    out.key("content").array();
    let mut writer = Blocks {
        out: &mut out,
        ids: Ids::new(options.seed),
        native,
        bytes: 0,
    };
    for part in &answer.parts {
        writer.part(part);
    }
    let output_bytes = writer.bytes;
    out.end_array();
    let (reason, sequence) = words::stop_reason(&answer.stop, said);
    out.key("stop_reason").string(reason);
    out.key("stop_sequence");
    match sequence {
        Some(sequence) => out.string(sequence),
        None => out.null(),
    };
    let guess = Guess {
        input: options.estimated_input.max(1),
        output_bytes,
    };
    out.key("usage");
    let none = Usage::default();
    usage::write(&mut out, answer.usage.as_ref().unwrap_or(&none), guess);
    if native {
        members(&mut out, &answer.extra);
    }
    out.end_object();
    out.finish()
}

fn members(out: &mut Writer, extra: &Extra<'_>) {
    for (name, value) in &extra.members {
        out.key(name).json(value);
    }
}

/// Writes the blocks of an answer.
struct Blocks<'o> {
    out: &'o mut Writer,
    ids: Ids,
    /// Whether the answer is Anthropic's own.
    native: bool,
    /// Of what is said.
    bytes: u64,
}

impl Blocks<'_> {
    fn part(&mut self, part: &Part<'_>) {
        match &part.body {
            Body::Text { text, annotations } => {
                let annotations = if self.native {
                    annotations.as_slice()
                } else {
                    &[]
                };
                self.text(text, annotations, &part.extra);
            }
            Body::Refusal { text } => self.text(text, &[], &Extra::default()),
            Body::Thinking { text, opaque, id } => {
                self.thinking(text, opaque.as_ref(), id.as_deref());
            }
            Body::Call(call) => self.call(call, &part.extra),
            Body::Foreign { json, .. } if self.native => {
                self.out.json(json);
            }
            Body::Foreign { .. }
            | Body::Image(_)
            | Body::Document { .. }
            | Body::Audio(_)
            | Body::Result { .. } => {}
        }
    }

    fn text(&mut self, text: &str, citations: &[Json<'_>], extra: &Extra<'_>) {
        if text.is_empty() {
            return;
        }
        self.bytes += text.len() as u64;
        self.out.object().key("type").string("text");
        self.out.key("text").string(text);
        if !citations.is_empty() {
            self.out.key("citations").array();
            for citation in citations {
                self.out.json(citation);
            }
            self.out.end_array();
        }
        self.extra(extra);
    }

    fn thinking(&mut self, text: &str, opaque: Option<&Opaque<'_>>, id: Option<&str>) {
        self.bytes += text.len() as u64;
        let id = id.filter(|id| !id.is_empty());
        let opaque = opaque.filter(|opaque| !opaque.value.is_empty());
        match opaque {
            None if text.is_empty() => return,
            Some(opaque)
                if opaque.kind == OpaqueKind::Redacted && text.is_empty() && id.is_none() =>
            {
                self.out.object().key("type").string("redacted_thinking");
                self.out.key("data").string(&opaque.value);
            }
            opaque => {
                let signature = mark::signature(opaque, id);
                self.thought(text, &signature);
                return;
            }
        }
        self.out.end_object();
    }

    fn thought(&mut self, text: &str, signature: &str) {
        self.out.object().key("type").string("thinking");
        self.out.key("thinking").string(text);
        self.out.key("signature").string(signature).end_object();
    }

    fn call(&mut self, call: &Call<'_>, extra: &Extra<'_>) {
        let id = self.ids.unique(&call.id);
        if let Some(opaque) = &call.opaque {
            self.thought("", &mark::of_call(&id, opaque));
        }
        let input = input::object_of(&call.input);
        self.bytes += input.len() as u64;
        self.out.object().key("type").string("tool_use");
        self.out.key("id").string(&id);
        let name = words::tool_name(&call.name);
        self.out.key("name").string(name);
        self.out.key("input").raw(&input);
        self.extra(extra);
    }

    /// Writes the rest of a block of Anthropic's own, and ends any.
    fn extra(&mut self, extra: &Extra<'_>) {
        if self.native {
            members(self.out, extra);
        }
        self.out.end_object();
    }
}

#[cfg(test)]
mod tests;

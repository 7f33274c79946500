//! Whole answers.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{Answer, Body, Call, Extra, Input, Opaque, OpaqueKind, Part, Stop};
use crate::translate::json::{Json, Writer};
use crate::translate::options::AnswerOptions;
use crate::translate::signal::{Opening, Piece, Signal};
use crate::usage::{Usage, UsageMerge};

use super::reader::Reader;
use super::said::Chunk;
use super::usage::Guess;
use super::words::{self, Had};
use super::{chunk, citation, details, error, sink, usage};

/// Reads a whole answer; of several choices the first.
///
/// # Errors
///
/// A body that is no JSON, holds an error, or no choice.
pub fn read_answer(body: &[u8]) -> Result<Answer<'_>, Fault> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(Fault::new("", "the provider's answer is not JSON"));
    }
    let Some(chunk) = Chunk::read(body) else {
        return Err(Fault::new("", "the provider's answer is not an object"));
    };
    let choice = chunk.choice.as_ref();
    let failed = choice.is_some_and(|choice| !choice.error.is_empty());
    if !chunk.error.is_empty() || chunk.loose_error || failed {
        let said = choice.map_or(body, |choice| choice.error);
        let said = if failed { said } else { body };
        return Err(Fault::new("error", error::read_error(0, said).message));
    }
    let Some(choice) = choice else {
        return Err(Fault::new("choices", "the provider's answer has no choice"));
    };
    let mut parts = Parts::default();
    let mut reader = Reader::default();
    if let Some(said) = choice.message.as_ref().or(choice.delta.as_ref()) {
        reader.said(said, &mut |signal| parts.take(signal));
    }
    reader.finish(&mut |signal| parts.take(signal));
    let reason = choice.finish_reason.map(|reason| reason.decode());
    if reason.as_deref().is_some_and(words::fails) {
        let message = "the provider gave up before the answer was complete";
        return Err(Fault::new("choices.0.finish_reason", message));
    }
    let matched = choice.matched.map(|text| text.decode().into_owned());
    let stop = match reader.nameless() {
        true => Stop::MalformedCall,
        false => words::read_stop(&reason.unwrap_or_default(), matched, reader.had()),
    };
    let mut usage = UsageMerge::new(Dialect::OpenaiChat);
    usage.add(chunk.usage);
    Ok(Answer {
        dialect: Dialect::OpenaiChat,
        id: chunk.id.map(|id| id.decode()).unwrap_or_default(),
        model: chunk.model.map(|model| model.decode()).unwrap_or_default(),
        parts: parts.parts,
        stop,
        usage: usage.finish(),
        extra: Extra::default(),
    })
}

/// Parts put together from what a reader gives.
#[derive(Default)]
struct Parts {
    parts: Vec<Part<'static>>,
    /// Which of them a signal's part is.
    inputs: Vec<String>,
}

impl Parts {
    fn take(&mut self, signal: Signal<'_>) {
        match signal {
            Signal::Open { kind, .. } => self.open(kind),
            Signal::Delta { part, piece } => self.delta(part, piece),
            Signal::Close { part } => self.close(part),
            _ => {}
        }
    }

    /// Parts are numbered as they begin.
    fn open(&mut self, kind: Opening<'_>) {
        let body = match kind {
            Opening::Text => Body::Text {
                text: Cow::default(),
                annotations: Vec::new(),
            },
            Opening::Refusal => Body::Refusal {
                text: Cow::default(),
            },
            Opening::Thinking { id } => Body::Thinking {
                text: Cow::default(),
                opaque: None,
                id: id.map(|id| Cow::Owned(id.into_owned())),
            },
            Opening::Call {
                id, name, freeform, ..
            } => Body::Call(Call {
                id: Cow::Owned(id.into_owned()),
                name: Cow::Owned(name.into_owned()),
                input: match freeform {
                    true => Input::Text(Cow::default()),
                    false => Input::Json(Json::of_valid("{}")),
                },
                item: None,
                opaque: None,
            }),
            Opening::Foreign { kind, json } => Body::Foreign {
                kind: Cow::Owned(kind.into_owned()),
                json: json.into_owned(),
            },
        };
        self.parts.push(body.into());
        self.inputs.push(String::new());
    }

    fn delta(&mut self, part: usize, piece: Piece<'_>) {
        let Some(body) = self.parts.get_mut(part).map(|part| &mut part.body) else {
            return;
        };
        match (body, piece) {
            (
                Body::Text { text, .. } | Body::Refusal { text } | Body::Thinking { text, .. },
                Piece::Text(piece),
            ) => text.to_mut().push_str(&piece),
            (Body::Text { annotations, .. }, Piece::Annotation(json)) => {
                annotations.push(json.into_owned());
            }
            (
                Body::Thinking { opaque, .. } | Body::Call(Call { opaque, .. }),
                Piece::Opaque(value),
            ) => {
                *opaque = Some(Opaque {
                    value: Cow::Owned(value.value.into_owned()),
                    kind: value.kind,
                });
            }
            (Body::Call(_), Piece::Input(piece)) => {
                if let Some(input) = self.inputs.get_mut(part) {
                    input.push_str(&piece);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, part: usize) {
        if let Some(Body::Call(call)) = self.parts.get_mut(part).map(|part| &mut part.body)
            && let Some(text) = self.inputs.get_mut(part).map(std::mem::take)
        {
            call.input = match call.input {
                Input::Text(_) => Input::Text(Cow::Owned(text)),
                Input::Json(_) => input(text),
            };
        }
    }
}

/// What a function is called with; text that is no object stays text.
fn input(text: String) -> Input<'static> {
    let is = |text: &str, kind| {
        Cursor::new(text.as_bytes()).kind() == Some(kind)
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    };
    if text.trim_ascii().is_empty() || is(&text, Kind::Null) {
        return Input::Json(Json::of_valid("{}"));
    }
    // Some servers write the object as a string once more.
    let inner = Some(Kind::String).filter(|kind| is(&text, *kind));
    let inner = inner.and_then(|_| serde_json::from_str::<String>(&text).ok());
    let text = inner
        .filter(|inner| is(inner, Kind::Object))
        .unwrap_or(text);
    match is(&text, Kind::Object) {
        true => Input::Json(Json::of_valid(text)),
        false => Input::Text(Cow::Owned(text)),
    }
}

/// Writes a whole answer.
#[must_use]
pub fn write_answer(answer: &Answer<'_>, options: &AnswerOptions<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    out.object().key("id").string(&chunk::id(options));
    out.key("object").string("chat.completion");
    out.key("created").number(chunk::created(options));
    out.key("model").string(options.model);
    out.key("choices").array().object();
    out.key("index").number(0).key("message");
    let (had, bytes) = message(&mut out, answer, options);
    out.key("logprobs").null().key("finish_reason");
    out.string(words::finish_reason(&answer.stop, had));
    out.end_object().end_array().key("usage");
    let none = Usage::default();
    let guess = Guess {
        input: options.estimated_input,
        output_bytes: bytes,
    };
    usage::write(&mut out, answer.usage.as_ref().unwrap_or(&none), guess);
    out.end_object();
    out.finish()
}

/// Writes the message; gives what it holds, and how many bytes of it the model said.
fn message(out: &mut Writer, answer: &Answer<'_>, options: &AnswerOptions<'_>) -> (Had, u64) {
    let mut said = Said::default();
    for part in &answer.parts {
        said.add(&part.body);
    }
    let had = Had {
        calls: !said.calls.is_empty(),
        refusal: !said.refusal.is_empty(),
    };
    out.object().key("role").string("assistant").key("content");
    if said.text.is_empty() && (had.calls || had.refusal) {
        out.null();
    } else {
        out.string(&said.text);
    }
    out.key("refusal");
    match had.refusal {
        true => out.string(&said.refusal),
        false => out.null(),
    };
    if !said.thinking.is_empty() {
        out.key("reasoning_content").string(&said.thinking);
    }
    if said.proven {
        reasoning_details(out, answer);
    }
    let annotations = said.annotations.into_string();
    if !annotations.is_empty() {
        out.key("annotations").array().raw(&annotations).end_array();
    }
    if had.calls {
        out.key("tool_calls").array();
        let mut ids = sink::Calls::default();
        for call in &said.calls {
            write_call(out, call, &ids.id(&call.id, options.seed));
        }
        out.end_array();
    }
    out.end_object();
    (had, said.bytes)
}

/// What a message holds.
#[derive(Default)]
struct Said<'a> {
    text: String,
    refusal: String,
    thinking: String,
    /// Whether any thought has what proves or holds it.
    proven: bool,
    /// With commas between.
    annotations: Writer,
    calls: Vec<&'a Call<'a>>,
    bytes: u64,
}

impl<'a> Said<'a> {
    fn add(&mut self, body: &'a Body<'a>) {
        match body {
            Body::Text { text, annotations } => {
                self.text.push_str(text);
                self.bytes += text.len() as u64;
                let length = self.text.chars().count() as u64;
                for annotation in annotations {
                    citation::write(&mut self.annotations, annotation, length);
                }
            }
            Body::Refusal { text } => {
                self.refusal.push_str(text);
                self.bytes += text.len() as u64;
            }
            Body::Thinking { text, opaque, .. } => {
                self.thinking.push_str(text);
                self.proven |= opaque.is_some();
                self.bytes += text.len() as u64;
            }
            Body::Call(call) => {
                self.calls.push(call);
                self.bytes += match &call.input {
                    Input::Json(json) => json.as_str().len() as u64,
                    Input::Text(text) => text.len() as u64,
                };
            }
            Body::Image(_)
            | Body::Document { .. }
            | Body::Audio(_)
            | Body::Result { .. }
            | Body::Foreign { .. } => {}
        }
    }
}

fn reasoning_details(out: &mut Writer, answer: &Answer<'_>) {
    out.key("reasoning_details").array();
    let mut index = 0;
    for part in &answer.parts {
        if let Body::Thinking { text, opaque, id } = &part.body {
            details::write(out, index, (text, id.as_deref()), opaque.as_ref());
            index += 1;
        }
    }
    out.end_array();
}

fn write_call(out: &mut Writer, call: &Call<'_>, id: &str) {
    out.object().key("id").string(id).key("type");
    match &call.input {
        // Arguments that broke off are a function's all the same.
        Input::Text(text) if !text.trim_ascii_start().starts_with('{') => {
            out.string("custom").key("custom").object();
            out.key("name").string(&call.name);
            out.key("input").string(text);
        }
        Input::Text(text) => {
            out.string("function").key("function").object();
            out.key("name").string(&call.name);
            out.key("arguments").string(text);
        }
        Input::Json(json) => {
            out.string("function").key("function").object();
            out.key("name").string(&call.name);
            out.key("arguments").string(json.as_str());
        }
    }
    out.end_object();
    if let Some(Opaque {
        value,
        kind: OpaqueKind::ThoughtSignature,
    }) = &call.opaque
    {
        sink::signature(out, value);
    }
    out.end_object();
}

#[cfg(test)]
mod tests;

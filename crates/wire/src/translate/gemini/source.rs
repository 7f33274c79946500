//! Reads the stream of `:streamGenerateContent?alt=sse`.

use std::borrow::Cow;

use super::args::Raw;
use super::call::Partial;
use super::error;
use super::part::{self, Called, Held, Piece as Part};
use super::tally::Tally;
use super::words;
use crate::scan::{Cursor, Kind};
use crate::sse;
use crate::translate::form::{Opaque, OpaqueKind, Stop, Text};
use crate::translate::json::Json;
use crate::translate::signal::{Ending, Failure, Opening, Piece, Signal};

/// Turns chunks into signals.
///
/// Text and thoughts go on in one part while nothing else comes between. Calls come whole, or in
/// pieces (`partialArgs`) that are put together here. Only the first candidate is read. The
/// provider's reason to stop is told at the end, as counts and even text may follow it.
#[derive(Debug, Default)]
pub struct Source {
    started: bool,
    failed: bool,
    /// Parts so far.
    parts: usize,
    open: Option<Open>,
    /// A call whose arguments are not complete.
    partial: Option<(usize, Partial)>,
    calls: bool,
    reason: Option<String>,
    /// Whether the prompt was refused.
    blocked: bool,
    tally: Tally,
}

/// What is being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text(usize),
    Thinking(usize),
}

type Each<'e> = &'e mut dyn FnMut(Signal<'_>);

impl Source {
    /// A source at the start of an answer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event and gives what it says.
    pub fn push(&mut self, event: sse::Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let data = event.data.trim_ascii();
        if self.failed || data.is_empty() || data == b"[DONE]" {
            return;
        }
        if !self.started {
            self.start(data, each);
        }
        let mut cursor = Cursor::new(data);
        let is_object = self.chunk(data, &mut cursor, each, true);
        if !self.failed && (!is_object || !cursor.at_end()) {
            self.fail(unreadable(), each);
        }
    }

    /// Ends the answer and gives what could not be said before. An answer without a reason to
    /// stop is not whole.
    pub fn finish(&mut self, each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        if self.failed {
            return Ending::Failed;
        }
        let reason = self.reason.take().unwrap_or_default();
        let stop = match self.blocked {
            true => Some(Stop::Refusal),
            false => words::stop(reason.into(), self.calls),
        };
        let Some(stop) = stop.filter(|_| self.partial.is_none()) else {
            return Ending::Cut;
        };
        self.close(each);
        if let Some(usage) = self.tally.usage() {
            each(Signal::Usage(usage));
        }
        each(Signal::Stop(stop));
        Ending::Whole
    }

    /// Begins the answer, whose id stands behind what it says.
    fn start(&mut self, data: &[u8], each: Each<'_>) {
        let mut head = Head::default();
        let mut cursor = Cursor::new(data);
        head.read(&mut cursor, &mut self.tally, true);
        if head.failed || cursor.malformed() || !cursor.at_end() {
            return;
        }
        self.started = true;
        each(Signal::Start {
            id: head.id,
            model: head.model,
            usage: self.tally.usage(),
        });
    }

    fn chunk<'a>(
        &mut self,
        data: &'a [u8],
        cursor: &mut Cursor<'a>,
        each: Each<'_>,
        outer: bool,
    ) -> bool {
        cursor.object(|key, cursor| match key.raw() {
            _ if self.failed => {}
            b"candidates" => {
                part::each(cursor, |cursor| self.candidate(data, cursor, each));
            }
            b"usageMetadata" | b"usage_metadata" => self.tally.take(data, cursor),
            b"promptFeedback" | b"prompt_feedback" => self.feedback(cursor),
            b"error" if cursor.kind() != Some(Kind::Null) => {
                let failure = error::failure(cursor.value(), 500);
                self.fail(failure, each);
            }
            // The envelope of Code Assist.
            b"response" if outer => {
                self.chunk(data, cursor, each, false);
            }
            _ => {}
        })
    }

    fn feedback(&mut self, cursor: &mut Cursor<'_>) {
        cursor.object(|key, cursor| {
            if matches!(key.raw(), b"blockReason" | b"block_reason")
                && !name_or_number(cursor).is_empty()
            {
                self.blocked = true;
            }
        });
    }

    fn candidate<'a>(&mut self, data: &'a [u8], cursor: &mut Cursor<'a>, each: Each<'_>) {
        if !is_first(cursor.clone()) {
            return cursor.skip();
        }
        cursor.object(|key, cursor| match key.raw() {
            b"content" => {
                cursor.object(|key, cursor| {
                    if key.raw() == b"parts" {
                        part::each(cursor, |cursor| self.part(data, cursor, each));
                    }
                });
            }
            b"finishReason" | b"finish_reason" => {
                let reason = name_or_number(cursor);
                if words::stop(Cow::Borrowed(&reason), false).is_some() {
                    self.reason = Some(reason.into_owned());
                }
            }
            b"groundingMetadata" | b"urlContextMetadata" | b"citationMetadata" => {
                if let Some(json) = Raw::Check.json(cursor.value()) {
                    let name = key.decode();
                    if name == "groundingMetadata" {
                        self.tally.searched(json.as_str().as_bytes());
                    }
                    each(Signal::Foreign { name, json });
                }
            }
            _ => {}
        });
    }

    fn part<'a>(&mut self, data: &'a [u8], cursor: &mut Cursor<'a>, each: Each<'_>) {
        if self.failed {
            return cursor.skip();
        }
        let Some(mut part) = part::read(data, cursor, Raw::Check) else {
            return;
        };
        if part.broken {
            return self.fail(unreadable(), each);
        }
        match std::mem::take(&mut part.held) {
            Held::Nothing if part.thought => self.thinking(part, each),
            Held::Nothing => self.text(part.text.unwrap_or_default(), each),
            Held::Call(call) => self.call(call, part.signature, each),
            Held::Foreign(kind) => self.foreign(kind, &part, each),
            Held::Media { .. } => self.foreign("inlineData".into(), &part, each),
            Held::Result(_) => self.foreign("functionResponse".into(), &part, each),
        }
    }

    fn text(&mut self, text: Text<'_>, each: Each<'_>) {
        if text.is_empty() {
            return;
        }
        let part = match self.open {
            Some(Open::Text(part)) => part,
            _ => {
                let part = self.begin(Opening::Text, each);
                self.open = Some(Open::Text(part));
                part
            }
        };
        let piece = Piece::Text(text);
        each(Signal::Delta { part, piece });
    }

    fn thinking(&mut self, said: Part<'_>, each: Each<'_>) {
        let text = said.text.unwrap_or_default();
        if text.is_empty() && said.signature.is_none() {
            return;
        }
        let part = match self.open {
            Some(Open::Thinking(part)) => part,
            _ => {
                let part = self.begin(Opening::Thinking { id: None }, each);
                self.open = Some(Open::Thinking(part));
                part
            }
        };
        if !text.is_empty() {
            let piece = Piece::Text(text);
            each(Signal::Delta { part, piece });
        }
        if let Some(signature) = said.signature {
            opaque(part, signature, each);
            self.close(each);
        }
    }

    fn call(&mut self, call: Called<'_>, signature: Option<Text<'_>>, each: Each<'_>) {
        if !call.name.is_empty() {
            self.end_partial(each);
            let kind = Opening::Call {
                id: call.id,
                name: call.name,
                freeform: false,
                item: None,
            };
            let part = self.begin(kind, each);
            self.calls = true;
            if let Some(signature) = signature {
                opaque(part, signature, each);
            }
            if call.partial.is_empty() && !call.more {
                let input = call.args.unwrap_or_else(|| Json::of_valid("{}"));
                let piece = Piece::Input(Cow::Borrowed(input.as_str()));
                each(Signal::Delta { part, piece });
                return each(Signal::Close { part });
            }
            self.partial = Some((part, Partial::default()));
        }
        let Some((_, partial)) = &mut self.partial else {
            return;
        };
        if let Some(args) = &call.args {
            partial.merge(args.as_str());
        }
        if !partial.add(call.partial) {
            return self.fail(too_large(), each);
        }
        if !call.more {
            self.end_partial(each);
        }
    }

    fn end_partial(&mut self, each: Each<'_>) {
        if let Some((part, partial)) = self.partial.take() {
            let piece = Piece::Input(partial.finish().into());
            each(Signal::Delta { part, piece });
            each(Signal::Close { part });
        }
    }

    fn foreign(&mut self, kind: Text<'_>, said: &Part<'_>, each: Each<'_>) {
        let Some(json) = Raw::Check.json(said.all) else {
            return self.fail(unreadable(), each);
        };
        let part = self.begin(Opening::Foreign { kind, json }, each);
        each(Signal::Close { part });
    }

    /// Opens a part after what is being said.
    fn begin(&mut self, kind: Opening<'_>, each: Each<'_>) -> usize {
        self.close(each);
        let part = self.parts;
        self.parts += 1;
        each(Signal::Open { part, kind });
        part
    }

    fn close(&mut self, each: Each<'_>) {
        if let Some(Open::Text(part) | Open::Thinking(part)) = self.open.take() {
            each(Signal::Close { part });
        }
    }

    fn fail(&mut self, failure: Failure<'_>, each: Each<'_>) {
        self.failed = true;
        each(Signal::Failed(failure));
    }
}

fn opaque(part: usize, signature: Text<'_>, each: Each<'_>) {
    let opaque = Opaque {
        value: signature,
        kind: OpaqueKind::ThoughtSignature,
    };
    let piece = Piece::Opaque(opaque);
    each(Signal::Delta { part, piece });
}

fn unreadable() -> Failure<'static> {
    Failure {
        status: 502,
        code: "INTERNAL".into(),
        message: "the upstream sent an event that is no JSON object".into(),
    }
}

fn too_large() -> Failure<'static> {
    Failure {
        status: 502,
        code: "INTERNAL".into(),
        message: "the upstream sent a function call that is too large".into(),
    }
}

/// What a chunk says of the answer as a whole.
#[derive(Default)]
struct Head<'a> {
    id: Text<'a>,
    model: Text<'a>,
    failed: bool,
}

impl<'a> Head<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, tally: &mut Tally, outer: bool) {
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"responseId" | b"response_id" => self.id = text(cursor),
            b"modelVersion" | b"model_version" => self.model = text(cursor),
            b"usageMetadata" | b"usage_metadata" => tally.add(cursor.value()),
            b"error" => self.failed |= cursor.kind() != Some(Kind::Null),
            b"response" if outer => self.read(cursor, tally, false),
            _ => {}
        });
        self.failed |= !is_object;
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Text<'a> {
    let text = cursor.string().map(|text| text.decode());
    text.unwrap_or_default()
}

/// Whether the candidate at the cursor is the first one.
fn is_first(mut ahead: Cursor<'_>) -> bool {
    let mut first = true;
    ahead.object(|key, cursor| {
        if key.raw() == b"index" {
            first = matches!(cursor.value(), b"0" | b"null");
        }
    });
    first
}

/// A member of an enumeration, which some write as its number.
pub(super) fn name_or_number<'a>(cursor: &mut Cursor<'a>) -> Text<'a> {
    match cursor.kind() {
        Some(Kind::Number) => String::from_utf8_lossy(cursor.value()),
        _ => text(cursor),
    }
}

#[cfg(test)]
mod tests;

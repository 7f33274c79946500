//! Whole answers: `GenerateContentResponse`.

use std::borrow::Cow;

use super::args::{self, Raw};
use super::error;
use super::part::{self, Held};
use super::sink;
use super::source::name_or_number;
use super::tally::{self, Tally};
use super::words;
use crate::dialect::Dialect;
use crate::marks::gemini::{self as mark, Thought};
use crate::scan::{Cursor, Kind};
use crate::translate::fault::Fault;
use crate::translate::form::{Answer, Body, Extra, Opaque, Part, Stop, Text};
use crate::translate::json::{Json, Writer};
use crate::translate::options::AnswerOptions;

/// Reads an answer; only its first candidate counts.
///
/// # Errors
///
/// When the body is no JSON object, or says that the provider failed.
pub fn read_answer(body: &[u8]) -> Result<Answer<'_>, Fault> {
    if !args::is_valid(body) {
        return Err(Fault::new("", "the upstream's answer is no JSON"));
    }
    let mut reader = Reader::default();
    let mut cursor = Cursor::new(body);
    if !reader.top(body, &mut cursor, true) || cursor.malformed() {
        return Err(Fault::new("", "the upstream's answer is no JSON object"));
    }
    if let Some(message) = reader.failed {
        return Err(Fault::new("error", message));
    }
    let calls = |part: &Part<'_>| matches!(part.body, Body::Call(_));
    let stop = match reader.blocked {
        true => Some(Stop::Refusal),
        false => words::stop(reader.reason, reader.parts.iter().any(calls)),
    };
    Ok(Answer {
        dialect: Dialect::Gemini,
        id: reader.id,
        model: reader.model,
        parts: reader.parts,
        stop: stop.unwrap_or(Stop::Other(Cow::Borrowed("FINISH_REASON_UNSPECIFIED"))),
        usage: reader.tally.usage(),
        extra: Extra {
            members: reader.extra,
        },
    })
}

#[derive(Default)]
struct Reader<'a> {
    id: Text<'a>,
    model: Text<'a>,
    parts: Vec<Part<'a>>,
    reason: Text<'a>,
    blocked: bool,
    failed: Option<String>,
    seen: bool,
    tally: Tally,
    extra: Vec<(Text<'a>, Json<'a>)>,
}

impl<'a> Reader<'a> {
    fn top(&mut self, body: &'a [u8], cursor: &mut Cursor<'a>, outer: bool) -> bool {
        cursor.object(|key, cursor| match key.raw() {
            b"responseId" | b"response_id" => self.id = text(cursor),
            b"modelVersion" | b"model_version" => self.model = text(cursor),
            b"usageMetadata" | b"usage_metadata" => self.tally.add(cursor.value()),
            b"candidates" => part::each(cursor, |cursor| self.candidate(body, cursor)),
            b"promptFeedback" | b"prompt_feedback" => {
                cursor.object(|key, cursor| {
                    if matches!(key.raw(), b"blockReason" | b"block_reason") {
                        self.blocked |= !name_or_number(cursor).is_empty();
                    }
                });
            }
            b"error" if cursor.kind() != Some(Kind::Null) => {
                self.failed = Some(error::failure(cursor.value(), 500).message.into_owned());
            }
            // The envelope of Code Assist.
            b"response" if outer => {
                self.top(body, cursor, false);
            }
            _ => {}
        })
    }

    fn candidate(&mut self, body: &'a [u8], cursor: &mut Cursor<'a>) {
        if std::mem::replace(&mut self.seen, true) {
            return cursor.skip();
        }
        cursor.object(|key, cursor| match key.raw() {
            b"content" => {
                cursor.object(|key, cursor| {
                    if key.raw() == b"parts" {
                        part::each(cursor, |cursor| {
                            let part = read_part(body, cursor);
                            self.parts.extend(part);
                        });
                    }
                });
            }
            b"finishReason" | b"finish_reason" => self.reason = name_or_number(cursor),
            b"groundingMetadata"
            | b"urlContextMetadata"
            | b"citationMetadata"
            | b"safetyRatings"
            | b"finishMessage"
            | b"avgLogprobs"
            | b"logprobsResult" => {
                if let Some(json) = Raw::Trusted.json(cursor.value()) {
                    if key.is("groundingMetadata") {
                        self.tally.searched(json.as_str().as_bytes());
                    }
                    self.extra.push((key.decode(), json));
                }
            }
            _ => {}
        });
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Text<'a> {
    let text = cursor.string().map(|text| text.decode());
    text.unwrap_or_default()
}

/// What a part of an answer is: pictures and sound that a model made have no place in other
/// dialects' answers, and empty text says nothing.
fn read_part<'a>(body: &'a [u8], cursor: &mut Cursor<'a>) -> Option<Part<'a>> {
    let mut piece = part::read(body, cursor, Raw::Trusted)?;
    if matches!(piece.held, Held::Media { .. } | Held::Result(_)) {
        piece.held = Held::Foreign("inlineData".into());
    }
    let part = piece.into_part(Raw::Trusted)?;
    let empty = matches!(&part.body, Body::Text { text, .. } if text.is_empty());
    (!empty).then_some(part)
}

/// Writes an answer for a client of Gemini.
#[must_use]
pub fn write_answer(answer: &Answer<'_>, options: &AnswerOptions<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    out.object().key("candidates").array().object();
    out.key("content").object().key("parts").array();
    let mut written = 0;
    let mut bytes = 0;
    let mut thoughts = Vec::new();
    for part in &answer.parts {
        let said = write_part(&mut out, part, &mut thoughts);
        written += usize::from(said.is_some());
        bytes += said.unwrap_or(0);
    }
    if written == 0 {
        out.object().key("text").string("").end_object();
    }
    out.end_array().key("role").string("model").end_object();
    out.key("finishReason")
        .string(words::finish_reason(&answer.stop));
    out.key("index").number(0).end_object().end_array();
    let guess = tally::guess(options.estimated_input, bytes as u64);
    out.key("usageMetadata");
    tally::write(&mut out, answer.usage.as_ref().unwrap_or(&guess));
    let model = match options.model {
        "" => &answer.model,
        model => model,
    };
    out.key("modelVersion").string(model);
    out.key("responseId");
    match &*answer.id {
        "" => out.string(&format!("{:016x}", options.seed)),
        id => out.string(id),
    };
    out.end_object();
    out.finish()
}

/// Writes a part and tells its size; none for what is not said.
/// `thoughts` is the thinking that the next call carries.
fn write_part(out: &mut Writer, part: &Part<'_>, thoughts: &mut Vec<Thought>) -> Option<usize> {
    let size = match &part.body {
        Body::Text { text, .. } | Body::Refusal { text } => {
            if text.is_empty() {
                return None;
            }
            out.object().key("text").string(text).end_object();
            text.len()
        }
        Body::Thinking { text, opaque, id } => {
            if text.is_empty() && opaque.is_none() {
                return None;
            }
            out.object().key("text").string(text);
            out.key("thought").boolean(true);
            if let Some(opaque) = opaque {
                thoughts.push(Thought {
                    id: id.as_deref().map(str::to_owned),
                    text: text.to_string(),
                    opaque: Some(Opaque {
                        value: Cow::Owned(opaque.value.to_string()),
                        kind: opaque.kind,
                    }),
                });
                let value = mark::to_client(opaque, id.as_deref());
                out.key("thoughtSignature").string(&value);
            }
            out.end_object();
            text.len()
        }
        Body::Call(call) => {
            let input = args::object_of(&call.input);
            out.object().key("functionCall").object();
            if !call.id.is_empty() {
                out.key("id").string(&call.id);
            }
            out.key("name").string(&call.name);
            out.key("args").raw(&input).end_object();
            let own = call.opaque.as_ref();
            let own = own.map(|opaque| mark::to_client(opaque, None));
            let carried = mark::carried(&std::mem::take(thoughts));
            if let Some(signature) = own.or(carried.map(Cow::Owned)) {
                out.key("thoughtSignature").string(&signature);
            }
            out.end_object();
            input.len()
        }
        Body::Foreign { kind, json } if sink::is_own(kind) => {
            out.json(json);
            0
        }
        Body::Foreign { .. }
        | Body::Image(_)
        | Body::Audio(_)
        | Body::Document { .. }
        | Body::Result { .. } => return None,
    };
    Some(size)
}

#[cfg(test)]
mod tests;

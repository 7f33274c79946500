//! Signals, written as a stream of chunks.

use crate::translate::form::{Opaque, OpaqueKind};
use crate::translate::json::{Json, Writer};
use crate::translate::options::AnswerOptions;
use crate::translate::signal::{Ending, Failure, Opening, Piece, Signal};
use crate::usage::Usage;

use super::chunk::{self, Chunks};
use super::usage::Guess;
use super::words::Had;
use super::{citation, details, error, usage, words};

/// Bytes of thinking that are kept to be said again beside their proof.
const MAX_THOUGHT: usize = 4 * 1024 * 1024;

/// Writes the stream that clients of Chat expect, from parts that come one after the other.
///
/// Thinking is said in `reasoning_content`. What proves or holds it follows in
/// `reasoning_details`, together with the thought, for clients that bring it back.
#[derive(Debug)]
pub struct Sink {
    chunks: Chunks,
    seed: u64,
    guess: Guess,
    include_usage: bool,
    usage: Usage,
    /// The part that is open.
    part: Option<(usize, Open)>,
    calls: Calls,
    refused: bool,
    /// Thoughts so far.
    thoughts: u64,
    /// Characters of text so far.
    length: u64,
    state: State,
}

/// The calls of one answer, each with an id of its own.
#[derive(Debug, Default)]
pub(super) struct Calls {
    count: u64,
    ids: std::collections::HashSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Answering,
    /// The finish chunk is written.
    Finished,
    /// The end of the stream is written.
    Over,
}

#[derive(Debug)]
enum Open {
    Text,
    Refusal,
    Thinking(Thought),
    Call {
        index: u64,
        /// What a delta begins with, up to its piece of the input.
        before: String,
        freeform: bool,
        any: bool,
    },
    /// What has no words here.
    Nothing,
}

#[derive(Debug, Default)]
struct Thought {
    text: String,
    /// Whether the text is not all of it, as it was too long to keep.
    cut: bool,
    id: Option<String>,
}

impl Sink {
    /// A sink at the start of a stream.
    #[must_use]
    pub fn new(options: &AnswerOptions<'_>) -> Self {
        Self {
            chunks: Chunks {
                head: chunk::head(options),
            },
            seed: options.seed,
            guess: Guess {
                input: options.estimated_input,
                output_bytes: 0,
            },
            include_usage: options.include_usage,
            usage: Usage::default(),
            part: None,
            calls: Calls::default(),
            refused: false,
            thoughts: 0,
            length: 0,
            state: State::Before,
        }
    }

    /// Appends what the client gets of a signal.
    pub fn write(&mut self, signal: &Signal<'_>, out: &mut Vec<u8>) {
        if self.state == State::Over {
            return;
        }
        match signal {
            Signal::Start { usage, .. } => {
                if let Some(usage) = usage {
                    self.usage.update(usage);
                }
                self.begin(out);
            }
            Signal::Open { part, kind } if self.state != State::Finished => {
                self.begin(out);
                self.close(out);
                self.open(*part, kind, out);
            }
            Signal::Delta { part, piece } => self.delta(*part, piece, out),
            Signal::Close { part } if self.is_open(*part) => self.close(out),
            Signal::Usage(usage) => self.usage.update(usage),
            Signal::Stop(stop) if self.state != State::Finished => {
                self.begin(out);
                self.close(out);
                self.state = State::Finished;
                let had = Had {
                    calls: self.calls.count > 0,
                    refusal: self.refused,
                };
                self.chunks.finish(words::finish_reason(stop, had), out);
            }
            Signal::Ping => out.extend_from_slice(b": ping\n\n"),
            Signal::Failed(failure) => self.fail(failure, out),
            Signal::Open { .. }
            | Signal::Close { .. }
            | Signal::Stop(_)
            | Signal::Foreign { .. } => {}
        }
    }

    /// Ends the stream: an answer that is not whole ends in an error.
    pub fn finish(&mut self, ending: Ending, out: &mut Vec<u8>) {
        if self.state == State::Over {
            return;
        }
        if ending != Ending::Whole || self.state != State::Finished {
            return self.fail(&error::cut_off(), out);
        }
        self.state = State::Over;
        if self.include_usage {
            let mut counts = Writer::default();
            usage::write(&mut counts, &self.usage, self.guess);
            self.chunks.usage(&counts.into_string(), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn fail(&mut self, failure: &Failure<'_>, out: &mut Vec<u8>) {
        self.state = State::Over;
        let (_, body) = error::write_error(failure);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&body);
        out.extend_from_slice(b"\n\n");
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.state == State::Before {
            self.state = State::Answering;
            let first = r#"{"role":"assistant","content":""}"#;
            self.chunks.delta(first, out);
        }
    }

    fn is_open(&self, part: usize) -> bool {
        self.part.as_ref().is_some_and(|(open, _)| *open == part)
    }

    fn open(&mut self, part: usize, kind: &Opening<'_>, out: &mut Vec<u8>) {
        let open = match kind {
            Opening::Text => Open::Text,
            Opening::Refusal => {
                self.refused = true;
                Open::Refusal
            }
            Opening::Thinking { id } => Open::Thinking(Thought {
                text: String::new(),
                cut: false,
                id: id.as_deref().map(str::to_owned),
            }),
            Opening::Call {
                id, name, freeform, ..
            } => {
                let index = self.calls.count;
                let id = self.calls.id(id, self.seed);
                let mut delta = Writer::default();
                delta.object().key("tool_calls").array().object();
                delta.key("index").number(index).key("id").string(&id);
                let (kind, input) = match freeform {
                    true => ("custom", "input"),
                    false => ("function", "arguments"),
                };
                delta.key("type").string(kind).key(kind).object();
                delta.key("name").string(name).key(input).string("");
                delta.end_object().end_object().end_array().end_object();
                self.chunks.delta(&delta.into_string(), out);
                Open::Call {
                    index,
                    before: format!(r#"{{"tool_calls":[{{"index":{index},"{kind}":{{"{input}":""#),
                    freeform: *freeform,
                    any: false,
                }
            }
            Opening::Foreign { .. } => Open::Nothing,
        };
        self.part = Some((part, open));
    }

    fn delta(&mut self, part: usize, piece: &Piece<'_>, out: &mut Vec<u8>) {
        let Some((_, open)) = self.part.as_mut().filter(|(open, _)| *open == part) else {
            return;
        };
        match (open, piece) {
            (_, Piece::Text(text)) if text.is_empty() => {}
            (Open::Text, Piece::Text(text)) => {
                self.guess.output_bytes += text.len() as u64;
                self.length += text.chars().count() as u64;
                self.chunks.text((r#"{"content":""#, "\"}"), text, out);
            }
            (Open::Refusal, Piece::Text(text)) => {
                self.guess.output_bytes += text.len() as u64;
                self.chunks.text((r#"{"refusal":""#, "\"}"), text, out);
            }
            (Open::Thinking(thought), Piece::Text(text)) => {
                self.guess.output_bytes += text.len() as u64;
                thought.cut |= thought.text.len() + text.len() > MAX_THOUGHT;
                match thought.cut {
                    true => thought.text = String::new(),
                    false => thought.text.push_str(text),
                }
                let around = (r#"{"reasoning_content":""#, "\"}");
                self.chunks.text(around, text, out);
            }
            (Open::Thinking(thought), Piece::Opaque(opaque)) => {
                let thought = std::mem::take(thought);
                self.prove(&thought, opaque, out);
            }
            (Open::Call { .. }, Piece::Input(input)) => self.input(input, out),
            (
                Open::Call {
                    index, freeform, ..
                },
                Piece::Opaque(opaque),
            ) => {
                if opaque.kind == OpaqueKind::ThoughtSignature {
                    let mut delta = Writer::default();
                    delta.object().key("tool_calls").array().object();
                    delta.key("index").number(*index);
                    // OpenAI's own client wants one of them in every fragment.
                    match freeform {
                        true => delta.key("custom").object().key("input").string(""),
                        false => delta.key("function").object().key("arguments").string(""),
                    };
                    delta.end_object();
                    signature(&mut delta, &opaque.value);
                    delta.end_object().end_array().end_object();
                    self.chunks.delta(&delta.into_string(), out);
                }
            }
            (Open::Text, Piece::Annotation(json)) => self.annotate(json, out),
            (Open::Text | Open::Refusal, Piece::Opaque(_))
            | (Open::Nothing, _)
            | (_, Piece::Input(_) | Piece::Annotation(_))
            | (Open::Call { .. }, Piece::Text(_)) => {}
        }
    }

    fn input(&mut self, input: &str, out: &mut Vec<u8>) {
        let Some((_, Open::Call { before, any, .. })) = &mut self.part else {
            return;
        };
        if input.is_empty() {
            return;
        }
        *any |= !input.trim_ascii().is_empty();
        self.guess.output_bytes += input.len() as u64;
        self.chunks.text((before, "\"}}]}"), input, out);
    }

    /// Says a thought's proof, with the thought.
    fn prove(&mut self, thought: &Thought, opaque: &Opaque<'_>, out: &mut Vec<u8>) {
        // A proof of half a thought proves nothing.
        if thought.cut && opaque.kind == OpaqueKind::Signature {
            return;
        }
        let mut delta = Writer::default();
        delta.object().key("reasoning_details").array();
        let id = thought.id.as_deref();
        details::write(&mut delta, self.thoughts, (&thought.text, id), Some(opaque));
        delta.end_array().end_object();
        self.thoughts += 1;
        self.chunks.delta(&delta.into_string(), out);
    }

    fn annotate(&mut self, json: &Json<'_>, out: &mut Vec<u8>) {
        let mut delta = Writer::default();
        delta.object().key("annotations").array();
        if citation::write(&mut delta, json, self.length) {
            delta.end_array().end_object();
            self.chunks.delta(&delta.into_string(), out);
        }
    }

    /// Ends the part that is open; a call without input gets an empty one.
    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((
            _,
            Open::Call {
                freeform: false,
                any: false,
                ..
            },
        )) = &self.part
        {
            self.input("{}", out);
        }
        self.part = None;
    }
}

impl Calls {
    /// The id of the next call: its own, or one that is made if it has none or another has it.
    pub(super) fn id(&mut self, id: &str, seed: u64) -> String {
        let mut id = id.to_owned();
        let mut number = self.count;
        self.count += 1;
        while id.is_empty() || self.ids.contains(&id) {
            id = format!("call_{seed:016x}_{number}");
            number += 1;
        }
        self.ids.insert(id.clone());
        id
    }
}

/// Gemini's signature of a call, in the place where its own Chat endpoint has it.
pub(super) fn signature(out: &mut Writer, value: &str) {
    out.key("extra_content").object().key("google").object();
    out.key("thought_signature").string(value);
    out.end_object().end_object();
}

#[cfg(test)]
mod tests;

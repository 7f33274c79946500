//! Writes the stream of `:streamGenerateContent?alt=sse`.
//!
//! Gemini CLI finds events with one regular expression: lines begin with `data: `, end with a
//! blank line, and have no U+2028 or U+2029 in them. There are no comments and no event names.

use super::args;
use super::call::MAX_INPUT;
use super::error;
use super::tally;
use super::words;
use crate::marks::gemini::{self as mark, Thought};
use crate::translate::form::{Opaque, Stop, Text};
use crate::translate::freeform;
use crate::translate::json::{self, Writer};
use crate::translate::options::AnswerOptions;
use crate::translate::signal::{Ending, Failure, Opening, Piece, Signal};
use crate::usage::Usage;

/// Most pieces of thinking that wait for a call.
const MAX_THOUGHTS: usize = 16;

/// Longest id or model of the provider's that is told, in bytes: every chunk repeats them, so that
/// an answer with a long one would grow with the square of its length.
const MAX_NAME: usize = 256;

/// Turns signals into chunks. Text and thoughts go out as they come; a call waits until it is
/// complete, as Gemini's calls are whole. The last chunk has the reason to stop and the tokens.
#[derive(Debug)]
pub struct Sink {
    /// What ends every chunk: model, id.
    tail: String,
    /// `"usageMetadata":{...},` once tokens are known.
    counted: String,
    usage: Option<Usage>,
    open: Option<Open>,
    /// Thinking of others since the last call, for the call that it leads to. A text is cut off
    /// when it is too large to be carried.
    thoughts: Vec<Thought>,
    stop: Option<String>,
    output_bytes: u64,
    estimated_input: u64,
    model: String,
    seed: u64,
    over: bool,
}

/// The part that is open.
#[derive(Debug)]
enum Open {
    Text,
    Thinking,
    Call {
        id: String,
        name: String,
        freeform: bool,
        input: String,
        signature: Option<String>,
    },
    /// One that is not said.
    Nothing,
}

impl Sink {
    /// A sink at the start of an answer.
    #[must_use]
    pub fn new(options: &AnswerOptions<'_>) -> Self {
        let mut sink = Self {
            tail: String::new(),
            counted: String::new(),
            usage: None,
            open: None,
            thoughts: Vec::new(),
            stop: None,
            output_bytes: 0,
            estimated_input: options.estimated_input,
            model: options.model.to_owned(),
            seed: options.seed,
            over: false,
        };
        sink.identify("", "");
        sink
    }

    /// Writes what `signal` says.
    pub fn write(&mut self, signal: &Signal<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match signal {
            Signal::Start { id, model, usage } => {
                self.identify(id, model);
                self.count(usage.as_ref());
            }
            Signal::Open { kind, .. } => self.open(kind, out),
            Signal::Delta { piece, .. } => self.delta(piece, out),
            Signal::Close { .. } => self.close(out),
            Signal::Usage(usage) => self.count(Some(usage)),
            Signal::Stop(stop) => self.stop(stop, out),
            Signal::Failed(failure) => self.fail(failure, out),
            // A comment would be taken for a broken stream.
            Signal::Ping | Signal::Foreign { .. } => {}
        }
    }

    /// Ends the stream: with the last chunk if the answer is whole, otherwise with an error.
    pub fn finish(&mut self, ending: Ending, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match (ending, self.stop.take()) {
            (Ending::Whole, Some(reason)) => self.last(&reason, out),
            _ => self.fail(&cut(), out),
        }
    }

    fn identify(&mut self, id: &str, model: &str) {
        let short = |text: &&str| text.len() <= MAX_NAME;
        let id = Some(id).filter(short).unwrap_or_default();
        let model = if self.model.is_empty() {
            Some(model).filter(short).unwrap_or_default()
        } else {
            &self.model
        };
        let mut tail = Writer::default();
        tail.object().key("modelVersion").string(model);
        tail.key("responseId");
        match id {
            "" => tail.string(&format!("{:016x}", self.seed)),
            id => tail.string(id),
        };
        tail.end_object();
        let tail = tail.into_string();
        self.tail = one_line(tail.strip_prefix('{').unwrap_or_default());
    }

    fn count(&mut self, usage: Option<&Usage>) {
        let Some(later) = usage else { return };
        let usage = self.usage.get_or_insert_default();
        usage.update(later);
        let mut out = Writer::default();
        tally::write(&mut out, usage);
        self.counted.clear();
        self.counted.push_str("\"usageMetadata\":");
        self.counted.push_str(&out.into_string());
        self.counted.push(',');
    }

    fn open(&mut self, kind: &Opening<'_>, out: &mut Vec<u8>) {
        self.close(out);
        self.open = Some(match kind {
            Opening::Text | Opening::Refusal => Open::Text,
            Opening::Thinking { id } => {
                // Thinking without end leads to no call.
                if self.thoughts.len() >= MAX_THOUGHTS {
                    self.thoughts.remove(0);
                }
                self.thoughts.push(Thought {
                    id: id.as_deref().map(str::to_owned),
                    text: String::new(),
                    opaque: None,
                });
                Open::Thinking
            }
            Opening::Call {
                id, name, freeform, ..
            } => Open::Call {
                id: id.to_string(),
                name: name.to_string(),
                freeform: *freeform,
                input: String::new(),
                signature: None,
            },
            Opening::Foreign { kind, json } => {
                if is_own(kind) {
                    self.chunk(out, |out| out.extend(json.as_str().bytes()));
                }
                Open::Nothing
            }
        });
    }

    fn delta(&mut self, piece: &Piece<'_>, out: &mut Vec<u8>) {
        let Some(open) = &mut self.open else { return };
        match (open, piece) {
            (Open::Text, Piece::Text(text)) => self.text(text, b"}", out),
            (Open::Thinking, Piece::Text(text)) => {
                if let Some(thought) = self.thoughts.last_mut()
                    && thought.text.len() <= mark::MAX_CARRIED
                {
                    thought.text.push_str(text);
                }
                self.text(text, b",\"thought\":true}", out);
            }
            (Open::Thinking, Piece::Opaque(opaque)) => self.opaque(opaque, out),
            (Open::Call { signature, .. }, Piece::Opaque(opaque)) => {
                *signature = Some(mark::to_client(opaque, None).into_owned());
            }
            (Open::Call { input, .. }, Piece::Input(more)) => {
                if input.len().saturating_add(more.len()) > MAX_INPUT {
                    return self.fail(&too_large(), out);
                }
                input.push_str(more);
                self.output_bytes = self.output_bytes.saturating_add(more.len() as u64);
            }
            _ => {}
        }
    }

    fn opaque(&mut self, opaque: &Opaque<'_>, out: &mut Vec<u8>) {
        let mut id = None;
        if let Some(thought) = self.thoughts.last_mut() {
            id = thought.id.as_deref();
            thought.opaque = Some(Opaque {
                value: Text::Owned(opaque.value.to_string()),
                kind: opaque.kind,
            });
        }
        let mut part = Writer::default();
        part.object().key("text").string("");
        part.key("thought").boolean(true);
        let value = mark::to_client(opaque, id);
        part.key("thoughtSignature").string(&value).end_object();
        let part = part.finish();
        self.chunk(out, |out| out.extend(part));
    }

    fn text(&mut self, text: &str, end: &[u8], out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.output_bytes = self.output_bytes.saturating_add(text.len() as u64);
        self.chunk(out, |out| {
            out.extend(b"{\"text\":\"");
            json::escape(text, |piece| out.extend_from_slice(piece.as_bytes()));
            out.push(b'"');
            out.extend(end);
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(Open::Call {
            id,
            name,
            freeform,
            input,
            signature,
        }) = self.open.take()
        else {
            return;
        };
        let input = match freeform {
            true => Text::Owned(freeform::wrap(&input)),
            false => args::object_in(&input),
        };
        let mut part = Writer::default();
        part.object().key("functionCall").object();
        if !id.is_empty() {
            part.key("id").string(&id);
        }
        part.key("name").string(&name);
        part.key("args").raw(&input).end_object();
        let carried = mark::carried(&std::mem::take(&mut self.thoughts));
        if let Some(signature) = signature.or(carried) {
            part.key("thoughtSignature").string(&signature);
        }
        part.end_object();
        let part = part.finish();
        self.chunk(out, |out| out.extend(part));
    }

    fn stop(&mut self, stop: &Stop<'_>, out: &mut Vec<u8>) {
        self.close(out);
        self.stop = Some(words::finish_reason(stop).to_owned());
    }

    /// Writes a chunk with one part.
    fn chunk(&self, out: &mut Vec<u8>, part: impl FnOnce(&mut Vec<u8>)) {
        out.extend(b"data: {\"candidates\":[{\"content\":{\"parts\":[");
        let start = out.len();
        part(out);
        keep_on_one_line(out, start);
        out.extend(b"],\"role\":\"model\"},\"index\":0}],");
        self.end_chunk(out);
    }

    fn last(&mut self, reason: &str, out: &mut Vec<u8>) {
        self.over = true;
        if self.usage.is_none() {
            self.count(Some(&tally::guess(self.estimated_input, self.output_bytes)));
        }
        out.extend(b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],");
        out.extend(b"\"role\":\"model\"},\"finishReason\":\"");
        out.extend(reason.as_bytes());
        out.extend(b"\",\"index\":0}],");
        self.end_chunk(out);
    }

    fn end_chunk(&self, out: &mut Vec<u8>) {
        out.extend(self.counted.as_bytes());
        out.extend(self.tail.as_bytes());
        out.extend(b"\n\n");
    }

    fn fail(&mut self, failure: &Failure<'_>, out: &mut Vec<u8>) {
        self.over = true;
        self.open = None;
        let status = match failure.status {
            529 => 503,
            status @ 400..600 => status,
            _ => 500,
        };
        let mut error = Writer::default();
        error::write(&mut error, failure, status);
        out.extend(b"data: ");
        let start = out.len();
        out.extend(error.finish());
        keep_on_one_line(out, start);
        out.extend(b"\n\n");
    }
}

/// Whether it is a part of Gemini's own.
pub(super) fn is_own(kind: &str) -> bool {
    matches!(
        kind,
        "executableCode" | "codeExecutionResult" | "toolCall" | "toolResponse" | "inlineData"
    )
}

fn cut() -> Failure<'static> {
    Failure {
        status: 502,
        code: "UNAVAILABLE".into(),
        message: "the upstream broke off its answer".into(),
    }
}

fn too_large() -> Failure<'static> {
    Failure {
        status: 502,
        code: "INTERNAL".into(),
        message: "the upstream sent a function call that is too large".into(),
    }
}

fn one_line(json: &str) -> String {
    let mut bytes = json.as_bytes().to_vec();
    keep_on_one_line(&mut bytes, 0);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes JSON from `start` on one line for whoever reads it: in valid JSON line ends stand only
/// between values, and U+2028 and U+2029 only in strings.
fn keep_on_one_line(out: &mut Vec<u8>, start: usize) {
    let written = out.get_mut(start..).unwrap_or_default();
    for byte in written.iter_mut() {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    let separator = |window: &[u8]| matches!(window, [0xE2, 0x80, 0xA8 | 0xA9]);
    if memchr::memmem::find(written, b"\xE2\x80").is_none() || !written.windows(3).any(separator) {
        return;
    }
    let written = written.to_vec();
    out.truncate(start);
    let mut rest = written.as_slice();
    while let Some(at) = rest.windows(3).position(separator) {
        let (plain, found) = rest.split_at(at);
        out.extend(plain);
        let last = if found.get(2) == Some(&0xA8) {
            b'8'
        } else {
            b'9'
        };
        out.extend(b"\\u202");
        out.push(last);
        rest = found.get(3..).unwrap_or_default();
    }
    out.extend(rest);
}

#[cfg(test)]
mod tests;

//! Writes a stream of Responses from signals.
//!
//! Texts that follow each other become parts of one message; thinking becomes a summary. Every
//! item is announced, written and told whole again, so all of an answer is kept until its end, up
//! to [`Sink::MAX_KEPT`].

use crate::translate::form::Stop;
use crate::translate::options::AnswerOptions;
use crate::translate::signal::{Ending, Failure, Opening, Piece, Signal};
use crate::usage::Usage;

use super::declared::Declared;
use super::items;
use super::response::{self, Head, Verdict};
use super::{annotation, error, foreign};
use crate::marks::responses as opaque;

mod begin;
mod lines;
mod message;
mod parts;

use lines::{Lines, Place};
use message::{Message, Text};
use parts::{Calling, Thinking};

/// Longest id of the provider's that is kept, in bytes: every event of an item repeats it.
const MAX_ID: usize = 256;

/// Writes the events of one answer.
///
/// The stream ends with `response.completed`, `response.incomplete` or `response.failed`, whatever
/// comes; there is no `[DONE]`. The end is written by [`Sink::finish`], because tokens may be told
/// after the reason.
///
/// ```
/// use weir_wire::translate::openai_responses::Sink;
/// use weir_wire::translate::options::AnswerOptions;
/// use weir_wire::translate::signal::Ending;
/// let mut out = Vec::new();
/// Sink::new(&AnswerOptions::default()).finish(Ending::Cut, &mut out);
/// let out = String::from_utf8(out).unwrap();
/// assert!(out.starts_with("event: response.created\ndata: {"));
/// assert!(out.contains("event: response.failed\n"));
/// ```
#[derive(Debug)]
pub struct Sink {
    head: Head,
    declared: Declared,
    lines: Lines,
    state: State,
    /// The items that are done, as JSON with commas between, and how many they are.
    output: String,
    count: u64,
    /// The message that texts go to.
    message: Option<Message>,
    /// The part that is open, by its number.
    open: Option<(usize, Open)>,
    usage: Option<Usage>,
    stop: Option<Stop<'static>>,
    refused: bool,
    kept: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Running,
    Over,
}

/// A part that is open.
#[derive(Debug)]
enum Open {
    /// One that said nothing yet; if it never does, the client is not told of it.
    Waiting(Waiting),
    /// A part of the message.
    Text(Text),
    Thinking(Thinking),
    Call(Calling),
    /// One that has nothing more to say.
    Whole,
}

/// What is opened by its first piece.
#[derive(Debug)]
enum Waiting {
    Text,
    Refusal,
    /// With its id, where it has one.
    Thinking(Option<String>),
}

impl Sink {
    /// Most bytes of an answer's text and JSON that are kept; a longer answer fails.
    pub const MAX_KEPT: usize = 32 * 1024 * 1024;

    /// A sink at the start of an answer.
    #[must_use]
    pub fn new(options: &AnswerOptions<'_>) -> Self {
        Self::with_declared(options, Declared::default())
    }

    /// A sink that says calls of `declared` tools by their namespace and name.
    #[must_use]
    pub fn with_declared(options: &AnswerOptions<'_>, declared: Declared) -> Self {
        Self {
            head: Head::new(options),
            declared,
            lines: Lines::default(),
            state: State::Fresh,
            output: String::new(),
            count: 0,
            message: None,
            open: None,
            usage: None,
            stop: None,
            refused: false,
            kept: 0,
        }
    }

    /// Writes what `signal` says behind what is in `out`.
    pub fn write(&mut self, signal: &Signal<'_>, out: &mut Vec<u8>) {
        if self.state == State::Over {
            return;
        }
        match signal {
            Signal::Ping => return out.extend_from_slice(b": ping\n\n"),
            Signal::Foreign { .. } => return,
            Signal::Failed(failure) => return self.fail(failure, out),
            _ => self.start(out),
        }
        match signal {
            Signal::Start { usage, .. } => {
                if let Some(usage) = usage {
                    self.usage.get_or_insert_default().update(usage);
                }
            }
            Signal::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            Signal::Open { part, kind } => self.open(*part, kind, out),
            Signal::Delta { part, piece } => self.delta(*part, piece, out),
            Signal::Close { part } if self.is_open(*part) => self.close(out),
            Signal::Stop(stop) => {
                self.close(out);
                self.stop = Some(owned(stop));
            }
            Signal::Close { .. } | Signal::Ping | Signal::Foreign { .. } | Signal::Failed(_) => {}
        }
        if self.kept > Self::MAX_KEPT {
            let failure = failure("the answer is longer than what can be passed on");
            self.fail(&failure, out);
        }
    }

    /// Ends the stream. Only an answer that is whole and said why it ended is complete.
    pub fn finish(&mut self, ending: Ending, out: &mut Vec<u8>) {
        if self.state == State::Over {
            return;
        }
        let stop = match (ending, self.stop.take()) {
            (Ending::Whole, Some(stop)) => stop,
            (Ending::Whole | Ending::Cut | Ending::Failed, _) => {
                let message = "the upstream's stream ended before its answer was complete";
                return self.fail(&failure(message), out);
            }
        };
        self.start(out);
        self.close(out);
        let verdict = Verdict::of(&stop, self.refused);
        self.end_message(status_of(&verdict), out);
        self.end(&verdict, out);
    }

    fn is_open(&self, part: usize) -> bool {
        self.open.as_ref().is_some_and(|(open, _)| *open == part)
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if self.state != State::Fresh {
            return;
        }
        self.state = State::Running;
        for kind in ["response.created", "response.in_progress"] {
            let head = &self.head;
            self.lines.event(out, kind, |line| {
                line.key("response");
                response::write(line, head, &Verdict::InProgress, ("", None));
            });
        }
    }

    fn end(&mut self, verdict: &Verdict, out: &mut Vec<u8>) {
        self.state = State::Over;
        let (head, output, usage) = (&self.head, &self.output, self.usage.as_ref());
        self.lines.event(out, verdict.event(), |line| {
            line.key("response");
            response::write(line, head, verdict, (output, usage));
        });
        self.output = String::new();
        self.message = None;
        self.open = None;
    }

    fn fail(&mut self, failure: &Failure<'_>, out: &mut Vec<u8>) {
        self.start(out);
        let verdict = Verdict::Failed {
            code: error::stream_code(failure).into_owned(),
            message: error::message(failure).to_owned(),
        };
        self.end(&verdict, out);
    }

    fn open(&mut self, part: usize, kind: &Opening<'_>, out: &mut Vec<u8>) {
        self.close(out);
        let open = match kind {
            Opening::Text => Open::Waiting(Waiting::Text),
            Opening::Refusal => Open::Waiting(Waiting::Refusal),
            Opening::Thinking { id } => {
                let id = id.as_deref();
                let id = id.filter(|id| !id.is_empty() && id.len() <= MAX_ID);
                Open::Waiting(Waiting::Thinking(id.map(str::to_owned)))
            }
            Opening::Call {
                id, name, freeform, ..
            } => {
                self.end_message(items::COMPLETED, out);
                let called = self.called(id, name, *freeform);
                Open::Call(Calling {
                    id: self.head.make_id(called.prefix()),
                    called,
                    input: String::new(),
                    announced: false,
                })
            }
            Opening::Foreign { kind, json } => {
                if foreign::is_item(kind, json) {
                    self.end_message(items::COMPLETED, out);
                    self.foreign_item(json, out);
                }
                Open::Whole
            }
        };
        self.open = Some((part, open));
    }

    fn delta(&mut self, part: usize, piece: &Piece<'_>, out: &mut Vec<u8>) {
        if !self.is_open(part) {
            return;
        }
        self.begin(piece, out);
        let Some((_, open)) = &mut self.open else {
            return;
        };
        match (open, piece) {
            (Open::Text(text), Piece::Text(more)) => {
                if let Some(message) = &self.message {
                    let at = (message.id.as_str(), self.count, message.parts);
                    text.say(more, Place::part(at), (&mut self.lines, out));
                    self.kept += more.len();
                }
            }
            (Open::Text(text), Piece::Annotation(json)) => {
                if let Some(message) = &self.message
                    && let Some(json) = annotation::annotation(json, text.length())
                {
                    let at = (message.id.as_str(), self.count, message.parts);
                    self.kept += json.len();
                    text.note(&json, Place::part(at), (&mut self.lines, out));
                }
            }
            (Open::Thinking(thinking), Piece::Text(more)) => {
                self.kept += more.len();
                thinking.say(more, self.count, (&mut self.lines, out));
            }
            (Open::Thinking(thinking), Piece::Opaque(opaque)) => {
                self.kept += opaque.value.len();
                thinking.encrypted = Some(opaque::to_client(opaque).into_owned());
            }
            (Open::Call(_), Piece::Input(more)) => self.input(more, out),
            (Open::Call(_), Piece::Opaque(opaque)) => self.with_call(opaque, out),
            _ => {}
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        match &self.open {
            None => return,
            Some((_, Open::Call(call))) if call.input.is_empty() && !call.called.freeform => {
                self.input("{}", out);
            }
            Some(_) => self.announce_call(out),
        }
        match self.open.take() {
            Some((_, Open::Text(text))) => {
                if let Some(message) = &mut self.message {
                    text.end(message, self.count, (&mut self.lines, out));
                }
            }
            Some((_, Open::Thinking(thinking))) => {
                thinking.end(self.count, (&mut self.lines, out));
                let (id, text) = (&thinking.id, &thinking.text);
                let encrypted = thinking.encrypted.as_deref();
                self.item_done(out, |line| items::reasoning(line, id, text, encrypted));
            }
            Some((_, Open::Call(call))) => {
                call.end(self.count, (&mut self.lines, out));
                let what = (&call.called, call.input.as_str());
                self.item_done(out, |line| {
                    items::call(line, &call.id, items::COMPLETED, what);
                });
            }
            Some((_, Open::Waiting(_) | Open::Whole)) | None => {}
        }
    }
}

fn status_of(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Incomplete(_) | Verdict::Failed { .. } => "incomplete",
        Verdict::InProgress | Verdict::Completed => items::COMPLETED,
    }
}

fn failure(message: &'static str) -> Failure<'static> {
    Failure {
        status: 502,
        code: "server_error".into(),
        message: message.into(),
    }
}

fn owned(stop: &Stop<'_>) -> Stop<'static> {
    match stop {
        Stop::EndTurn => Stop::EndTurn,
        Stop::MaxTokens => Stop::MaxTokens,
        Stop::Sequence(_) => Stop::Sequence(None),
        Stop::ToolUse => Stop::ToolUse,
        Stop::Refusal => Stop::Refusal,
        Stop::Pause => Stop::Pause,
        Stop::ContextWindow => Stop::ContextWindow,
        Stop::MalformedCall => Stop::MalformedCall,
        Stop::Other(word) => Stop::Other(word.to_string().into()),
    }
}

#[cfg(test)]
mod tests;

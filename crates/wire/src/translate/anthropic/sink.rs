//! Writes a stream of Messages: blocks one after the other, numbered, never opened again, and one
//! `message_delta` with all counts at the end.
//!
//! It expects parts one after the other. Whatever comes, what it writes is a valid stream.

use super::error;
use super::usage::{self, Guess};
use super::words::{self, Said};
use crate::translate::form::{Stop, Text};
use crate::translate::options::AnswerOptions;
use crate::translate::signal::{Ending, Failure, Opening, Piece, Signal};
use crate::usage::Usage;

mod block;
mod call;
mod frame;

use block::Thinking;
use call::Call;
pub(super) use call::Ids;

/// Writes the events of one stream.
///
/// Blocks begin when there is something in them, so that none is empty: clients send blocks back,
/// and an empty text is refused. Parts that only another dialect knows are left out, and so are
/// sources that texts name.
///
/// ```
/// use weir_wire::translate::anthropic::Sink;
/// use weir_wire::translate::options::AnswerOptions;
/// use weir_wire::translate::signal::{Ending, Opening, Piece, Signal};
/// let (mut sink, mut out) = (Sink::new(&AnswerOptions::default()), Vec::new());
/// sink.write(&Signal::Open { part: 0, kind: Opening::Text }, &mut out);
/// sink.write(&Signal::Delta { part: 0, piece: Piece::Text("Hi".into()) }, &mut out);
/// sink.finish(Ending::Whole, &mut out);
/// let text = String::from_utf8(out).unwrap();
/// let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
/// assert_eq!(names, [
///     "message_start", "ping", "content_block_start", "content_block_delta",
///     "content_block_stop", "message_delta", "message_stop",
/// ]);
/// ```
#[derive(Debug)]
pub struct Sink {
    model: String,
    seed: u64,
    estimated_input: u64,
    started: bool,
    /// Whether nothing may be written any more.
    over: bool,
    open: Option<Open>,
    /// A call whose input is not whole, until it is known whether the answer was cut short.
    unfinished: Option<Call>,
    /// The number of the next block.
    next: u64,
    ids: Ids,
    said: Said,
    stop: Option<Stop<'static>>,
    usage: Usage,
    /// Bytes of what was answered.
    bytes: u64,
}

/// The part that is open.
#[derive(Debug)]
struct Open {
    part: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Text or a refusal, and its block once there is something in it.
    Text(Option<u64>),
    Thinking(Thinking),
    Call(Call),
    /// Left out.
    Nothing,
}

impl Sink {
    /// A sink at the start of a stream.
    #[must_use]
    pub fn new(options: &AnswerOptions<'_>) -> Self {
        Self {
            model: options.model.to_owned(),
            seed: options.seed,
            estimated_input: options.estimated_input,
            started: false,
            over: false,
            open: None,
            unfinished: None,
            next: 0,
            ids: Ids::new(options.seed),
            said: Said::default(),
            stop: None,
            usage: Usage::default(),
            bytes: 0,
        }
    }

    /// Writes what `signal` means behind what is in `out`.
    pub fn write(&mut self, signal: &Signal<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match signal {
            Signal::Start { id, model, usage } => self.start(id, model, usage.as_ref(), out),
            Signal::Open { part, kind } => self.open(*part, kind, out),
            Signal::Delta { part, piece } => self.delta(*part, piece, out),
            Signal::Close { part } => {
                if self.open.as_ref().is_some_and(|open| open.part == *part) {
                    self.close(out);
                }
            }
            Signal::Usage(usage) => self.usage.update(usage),
            Signal::Stop(stop) => {
                self.close(out);
                self.stop = Some(owned(stop));
            }
            Signal::Ping => frame::write(out, "ping", |_| {}),
            Signal::Failed(failure) => self.fail(failure, out),
            Signal::Foreign { .. } => {}
        }
    }

    /// Ends the stream.
    pub fn finish(&mut self, ending: Ending, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match ending {
            Ending::Whole => self.end(out),
            Ending::Cut | Ending::Failed => {
                let message = match ending {
                    Ending::Cut => "the provider's stream broke off before the answer was complete",
                    Ending::Whole | Ending::Failed => "the provider failed",
                };
                // Nothing was said, so that the whole request may be tried again.
                let status = if self.next == 0 { 529 } else { 502 };
                let failure = Failure {
                    status,
                    code: Text::default(),
                    message: message.into(),
                };
                self.fail(&failure, out);
            }
        }
    }

    fn fail(&mut self, failure: &Failure<'_>, out: &mut Vec<u8>) {
        self.over = true;
        let told = error::told(failure);
        frame::write(out, "error", |event| {
            event.key("error").object();
            event.key("type").string(told.event_kind());
            event.key("message").string(&told.message);
            event.end_object();
        });
    }

    fn start(&mut self, id: &str, model: &str, given: Option<&Usage>, out: &mut Vec<u8>) {
        if let Some(given) = given {
            self.usage.update(given);
        }
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let guess = Guess {
            input: self.estimated_input,
            output_bytes: 0,
        };
        frame::write(out, "message_start", |event| {
            event.key("message").object();
            event.key("id").string(&words::message_id(id, self.seed));
            event.key("type").string("message");
            event.key("role").string("assistant");
            let model = words::model(&self.model, model);
            event.key("model").string(model);
            event.key("content").array().end_array();
            event.key("stop_reason").null();
            event.key("stop_sequence").null();
            event.key("usage");
            usage::write_early(event, &self.usage, guess);
            event.end_object();
        });
        frame::write(out, "ping", |_| {});
    }

    fn ensure_started(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.start("", "", None, out);
        }
    }

    fn open(&mut self, part: usize, kind: &Opening<'_>, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.close(out);
        self.settle(false, out);
        let kind = match kind {
            Opening::Text => Kind::Text(None),
            Opening::Refusal => {
                self.said.refused = true;
                Kind::Text(None)
            }
            Opening::Thinking { id } => Kind::Thinking(Thinking::new(id.as_deref())),
            Opening::Call {
                id, name, freeform, ..
            } => {
                self.said.calls += 1;
                let id = self.ids.unique(id);
                Kind::Call(Call::new(id, name, *freeform))
            }
            Opening::Foreign { .. } => Kind::Nothing,
        };
        self.open = Some(Open { part, kind });
    }

    fn delta(&mut self, part: usize, piece: &Piece<'_>, out: &mut Vec<u8>) {
        let Some(open) = self.open.as_mut().filter(|open| open.part == part) else {
            return;
        };
        let next = &mut self.next;
        match (&mut open.kind, piece) {
            (Kind::Text(block), Piece::Text(text)) if !text.is_empty() => {
                self.bytes += text.len() as u64;
                let block = *block.get_or_insert_with(|| block::start_text(next, out));
                frame::delta(out, block, frame::TEXT, text);
            }
            (Kind::Thinking(thinking), Piece::Text(text)) if !text.is_empty() => {
                self.bytes += text.len() as u64;
                thinking.text(text, next, out);
            }
            (Kind::Thinking(thinking), Piece::Opaque(opaque)) => thinking.prove(opaque),
            (Kind::Call(call), Piece::Input(text)) => {
                self.bytes += text.len() as u64;
                call.input(text, next, out);
            }
            (Kind::Call(call), Piece::Opaque(opaque)) => call.prove(opaque),
            _ => {}
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        match open.kind {
            Kind::Text(Some(block)) => frame::stop(out, block),
            Kind::Text(None) | Kind::Nothing => {}
            Kind::Thinking(thinking) => thinking.close(&mut self.next, out),
            Kind::Call(call) => self.unfinished = call.close(&mut self.next, out),
        }
    }

    /// Closes the block of a call whose input is not whole. It stays as it is if the answer was
    /// cut short, as clients expect then; otherwise it is made an object that no tool takes.
    fn settle(&mut self, cut_short: bool, out: &mut Vec<u8>) {
        if let Some(call) = self.unfinished.take() {
            call.settle(cut_short, &mut self.next, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.ensure_started(out);
        self.close(out);
        let stop = self.stop.take().unwrap_or(Stop::EndTurn);
        let cut_short = matches!(stop, Stop::MaxTokens | Stop::ContextWindow | Stop::Refusal);
        self.settle(cut_short, out);
        self.over = true;
        let guess = Guess {
            input: self.estimated_input.max(1),
            output_bytes: self.bytes,
        };
        let (reason, sequence) = words::stop_reason(&stop, self.said);
        frame::write(out, "message_delta", |event| {
            event.key("delta").object();
            event.key("stop_reason").string(reason);
            event.key("stop_sequence");
            match sequence {
                Some(sequence) => event.string(sequence),
                None => event.null(),
            };
            event.end_object();
            event.key("usage");
            usage::write(event, &self.usage, guess);
        });
        frame::write(out, "message_stop", |_| {});
    }
}

fn owned(stop: &Stop<'_>) -> Stop<'static> {
    let text = |text: &Text<'_>| Text::Owned(text.clone().into_owned());
    match stop {
        Stop::EndTurn => Stop::EndTurn,
        Stop::MaxTokens => Stop::MaxTokens,
        Stop::Sequence(sequence) => Stop::Sequence(sequence.as_ref().map(text)),
        Stop::ToolUse => Stop::ToolUse,
        Stop::Refusal => Stop::Refusal,
        Stop::Pause => Stop::Pause,
        Stop::ContextWindow => Stop::ContextWindow,
        Stop::MalformedCall => Stop::MalformedCall,
        Stop::Other(word) => Stop::Other(text(word)),
    }
}

#[cfg(test)]
mod tests;

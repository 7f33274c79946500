//! Every dialect's codec under one roof: the only place that tells them apart.

use super::anthropic;
use super::fault::{Fault, Notes};
use super::form::{Answer, Request};
use super::gemini;
use super::openai_chat;
use super::openai_responses::{self, Declared};
use super::options::{AnswerOptions, Hints, Options};
use super::signal::{Ending, Failure, Signal};
use crate::dialect::Dialect;
use crate::scan::Cursor;
use crate::sse::Event;

/// Reads a request's body.
///
/// # Errors
/// When it is no request of the dialect, or asks for what only a provider of its own has.
pub fn read_request<'a>(
    dialect: Dialect,
    body: &'a [u8],
    hints: &Hints<'_>,
) -> Result<Request<'a>, Fault> {
    match dialect {
        Dialect::AnthropicMessages => anthropic::read_request(body, hints),
        Dialect::OpenaiChat => openai_chat::read_request(body, hints),
        Dialect::OpenaiResponses => openai_responses::read_request(body, hints),
        Dialect::Gemini => gemini::read_request(body, hints),
    }
}

/// Writes a request's body.
///
/// # Errors
/// When the dialect cannot say it at all.
pub fn write_request(
    dialect: Dialect,
    request: &Request<'_>,
    options: &Options<'_>,
    notes: &mut Notes,
) -> Result<Vec<u8>, Fault> {
    match dialect {
        Dialect::AnthropicMessages => anthropic::write_request(request, options, notes),
        Dialect::OpenaiChat => openai_chat::write_request(request, options, notes),
        Dialect::OpenaiResponses => openai_responses::write_request(request, options, notes),
        Dialect::Gemini => gemini::write_request(request, options, notes),
    }
}

/// Reads a whole answer.
///
/// # Errors
/// When it is no answer of the dialect.
pub fn read_answer(dialect: Dialect, body: &[u8]) -> Result<Answer<'_>, Fault> {
    match dialect {
        Dialect::AnthropicMessages => anthropic::read_answer(body),
        Dialect::OpenaiChat => openai_chat::read_answer(body),
        Dialect::OpenaiResponses => openai_responses::read_answer(body),
        Dialect::Gemini => gemini::read_answer(body),
    }
}

/// Writes a whole answer.
#[must_use]
pub fn write_answer(
    dialect: Dialect,
    answer: &Answer<'_>,
    options: &AnswerOptions<'_>,
    declared: &Declared,
) -> Vec<u8> {
    match dialect {
        Dialect::AnthropicMessages => anthropic::write_answer(answer, options),
        Dialect::OpenaiChat => openai_chat::write_answer(answer, options),
        Dialect::OpenaiResponses => openai_responses::write_answer_with(answer, options, declared),
        Dialect::Gemini => gemini::write_answer(answer, options),
    }
}

/// Reads what came instead of an answer, whatever it is.
#[must_use]
pub fn read_error(dialect: Dialect, status: u16, body: &[u8]) -> Failure<'static> {
    match dialect {
        Dialect::AnthropicMessages => anthropic::read_error(status, body),
        Dialect::OpenaiChat => openai_chat::read_error(status, body),
        Dialect::OpenaiResponses => openai_responses::read_error(status, body),
        Dialect::Gemini => gemini::read_error(status, body),
    }
}

/// Writes what comes instead of an answer: its status and its body.
#[must_use]
pub fn write_error(dialect: Dialect, failure: &Failure<'_>) -> (u16, Vec<u8>) {
    match dialect {
        Dialect::AnthropicMessages => anthropic::write_error(failure),
        Dialect::OpenaiChat => openai_chat::write_error(failure),
        Dialect::OpenaiResponses => openai_responses::write_error(failure),
        Dialect::Gemini => gemini::write_error(failure),
    }
}

/// Reads a stream.
#[derive(Debug)]
pub enum Source {
    /// Anthropic's.
    AnthropicMessages(anthropic::Source),
    /// OpenAI's Chat.
    OpenaiChat(openai_chat::Source),
    /// OpenAI's Responses.
    OpenaiResponses(openai_responses::Source),
    /// Google's.
    Gemini(gemini::Source),
}

impl Source {
    /// At the start of a stream of `dialect`.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::AnthropicMessages => Self::AnthropicMessages(anthropic::Source::default()),
            Dialect::OpenaiChat => Self::OpenaiChat(openai_chat::Source::default()),
            Dialect::OpenaiResponses => Self::OpenaiResponses(openai_responses::Source::default()),
            Dialect::Gemini => Self::Gemini(gemini::Source::default()),
        }
    }

    /// Takes an event.
    pub fn push(&mut self, event: Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        match self {
            Self::AnthropicMessages(source) => source.push(event, each),
            Self::OpenaiChat(source) => source.push(event, each),
            Self::OpenaiResponses(source) => source.push(event, each),
            Self::Gemini(source) => source.push(event, each),
        }
    }

    /// The stream's bytes have ended.
    pub fn finish(&mut self, each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        match self {
            Self::AnthropicMessages(source) => source.finish(each),
            Self::OpenaiChat(source) => source.finish(each),
            Self::OpenaiResponses(source) => source.finish(each),
            Self::Gemini(source) => source.finish(each),
        }
    }
}

/// Whether nothing of the answer follows this event of a stream of `dialect`: servers that leave the
/// connection open after it are not waited for. Gemini's last event looks like the others.
#[must_use]
pub fn is_last(dialect: Dialect, event: Event<'_>) -> bool {
    match dialect {
        Dialect::AnthropicMessages => is_of_type(event, &["message_stop"]),
        Dialect::OpenaiChat => event.data == b"[DONE]",
        Dialect::OpenaiResponses => is_of_type(event, &LAST_OF_RESPONSES),
        Dialect::Gemini => false,
    }
}

const LAST_OF_RESPONSES: [&str; 4] = [
    "response.completed",
    "response.incomplete",
    "response.failed",
    "response.cancelled",
];

fn is_of_type(event: Event<'_>, types: &[&str]) -> bool {
    if !event.name.is_empty() {
        return types.iter().any(|kind| kind.as_bytes() == event.name);
    }
    let mut found = false;
    Cursor::new(event.data).object(|key, cursor| {
        if key.is("type") {
            let kind = cursor.string();
            found = kind.is_some_and(|kind| types.iter().any(|one| kind.is(one)));
            cursor.stop();
        } else {
            cursor.skip();
        }
    });
    found
}

/// Writes a stream.
#[derive(Debug)]
pub enum Sink {
    /// Anthropic's.
    AnthropicMessages(Box<anthropic::Sink>),
    /// OpenAI's Chat.
    OpenaiChat(Box<openai_chat::Sink>),
    /// OpenAI's Responses.
    OpenaiResponses(Box<openai_responses::Sink>),
    /// Google's.
    Gemini(Box<gemini::Sink>),
}

impl Sink {
    /// At the start of a stream of `dialect`.
    #[must_use]
    pub fn new(dialect: Dialect, options: &AnswerOptions<'_>, declared: Declared) -> Self {
        match dialect {
            Dialect::AnthropicMessages => {
                Self::AnthropicMessages(Box::new(anthropic::Sink::new(options)))
            }
            Dialect::OpenaiChat => Self::OpenaiChat(Box::new(openai_chat::Sink::new(options))),
            Dialect::OpenaiResponses => {
                let sink = openai_responses::Sink::with_declared(options, declared);
                Self::OpenaiResponses(Box::new(sink))
            }
            Dialect::Gemini => Self::Gemini(Box::new(gemini::Sink::new(options))),
        }
    }

    /// Writes what `signal` is, if anything, behind `out`.
    pub fn write(&mut self, signal: &Signal<'_>, out: &mut Vec<u8>) {
        match self {
            Self::AnthropicMessages(sink) => sink.write(signal, out),
            Self::OpenaiChat(sink) => sink.write(signal, out),
            Self::OpenaiResponses(sink) => sink.write(signal, out),
            Self::Gemini(sink) => sink.write(signal, out),
        }
    }

    /// Ends the stream.
    pub fn finish(&mut self, ending: Ending, out: &mut Vec<u8>) {
        match self {
            Self::AnthropicMessages(sink) => sink.finish(ending, out),
            Self::OpenaiChat(sink) => sink.finish(ending, out),
            Self::OpenaiResponses(sink) => sink.finish(ending, out),
            Self::Gemini(sink) => sink.finish(ending, out),
        }
    }
}

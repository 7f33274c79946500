//! Streams put together to the whole answer that the provider would have given without one, and
//! whole answers taken apart to streams, within one dialect.
//!
//! Nothing is translated and nothing made up: a stream that broke off is an error, not a short
//! answer. Members that are not known are kept. This builds trees of whole answers; it is for the
//! rare exchange whose two sides differ in streaming, not for every stream that goes by.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::dialect::Dialect;
use crate::sse;

pub(crate) mod anthropic;
mod chat;
mod error;
mod expand;
mod gemini;
mod merge;
mod responses;

pub use expand::expand;

/// Most warnings that are kept.
const MAX_WARNINGS: usize = 32;

/// An answer put together from its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accumulated {
    /// The answer as JSON, members in the order they came. Whole numbers are exact up to 64 bits.
    pub body: Vec<u8>,
    /// What was odd about the stream, for the capture.
    pub warnings: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccumulateError {
    /// The stream carries an error: what it would have been as a plain response.
    #[error("the provider reported an error inside the stream")]
    Provider {
        /// The status that fits the error.
        status: StatusCode,
        /// The provider's error object as a body in the dialect.
        body: Vec<u8>,
    },
    /// The stream ended before the answer did.
    #[error("the stream ended before the answer was complete")]
    Incomplete,
    /// The stream is larger than the limit.
    #[error("the streamed answer is larger than the limit")]
    TooLarge,
}

/// Takes the events of a stream and gives the answer at its end.
///
/// ```
/// use weir_wire::accumulate::Accumulator;
/// use weir_wire::dialect::Dialect;
///
/// let mut splitter = weir_wire::sse::Splitter::new();
/// let mut accumulator = Accumulator::new(Dialect::AnthropicMessages, 1 << 20);
/// let stream = concat!(
///     "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"content\":[]}}\n\n",
///     "data: {\"type\":\"message_stop\"}\n\n",
/// );
/// splitter.push(stream.as_bytes(), |event| accumulator.push(event));
/// assert_eq!(accumulator.finish()?.body, br#"{"id":"msg_1","content":[]}"#);
/// # Ok::<(), weir_wire::accumulate::AccumulateError>(())
/// ```
#[derive(Debug)]
pub struct Accumulator {
    dialect: Dialect,
    limit: usize,
    taken: usize,
    warnings: Warnings,
    state: State,
    error: Option<(StatusCode, Value)>,
}

/// What was odd so far.
#[derive(Debug, Default)]
struct Warnings(Vec<String>);

impl Warnings {
    fn add(&mut self, warning: impl Into<String>) {
        if self.0.len() < MAX_WARNINGS {
            self.0.push(warning.into());
        }
    }
}

/// The answer as far as it came.
#[derive(Debug)]
enum State {
    Anthropic(anthropic::Message),
    Chat(chat::Completion),
    Responses(responses::Response),
    Gemini(gemini::Generated),
}

impl Accumulator {
    /// An accumulator for a stream whose events' data is at most `limit` bytes together. It holds
    /// a small multiple of what came.
    #[must_use]
    pub fn new(dialect: Dialect, limit: usize) -> Self {
        let state = match dialect {
            Dialect::AnthropicMessages => State::Anthropic(anthropic::Message::default()),
            Dialect::OpenaiChat => State::Chat(chat::Completion::default()),
            Dialect::OpenaiResponses => State::Responses(responses::Response::default()),
            Dialect::Gemini => State::Gemini(gemini::Generated::default()),
        };
        Self {
            dialect,
            limit,
            taken: 0,
            warnings: Warnings::default(),
            state,
            error: None,
        }
    }

    /// Takes the next event; content encoding is already undone. A stream of which the splitter
    /// skipped an event does not come together whole; give it the same limit.
    pub fn push(&mut self, event: sse::Event<'_>) {
        if self.is_done() || self.taken > self.limit {
            return;
        }
        self.taken = self.taken.saturating_add(event.data.len());
        if self.taken > self.limit {
            return;
        }
        let text = event.data.trim_ascii();
        if text.is_empty() {
            return;
        }
        if text == b"[DONE]" {
            if let State::Chat(completion) = &mut self.state {
                completion.end();
            }
            return;
        }
        let Some(data) = merge::parse(event.data) else {
            return self.warnings.add("an event's data is not a JSON object");
        };
        if let Some(error) = error::inside(self.dialect, &data) {
            self.error = Some(error);
            return;
        }
        self.take(event.name, data);
    }

    fn take(&mut self, name: &[u8], data: Map<String, Value>) {
        let warnings = &mut self.warnings;
        match &mut self.state {
            State::Anthropic(message) => message.event(name, data, warnings),
            State::Chat(completion) => completion.event(data, warnings),
            State::Responses(response) => response.event(data, warnings),
            State::Gemini(generated) => generated.event(data, warnings),
        }
    }

    /// Whether the answer is complete or an error came: what follows changes nothing.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.error.is_some()
            || match &self.state {
                State::Anthropic(message) => message.is_done(),
                State::Chat(completion) => completion.is_done(),
                State::Responses(response) => response.is_done(),
                // Its last event looks like the others.
                State::Gemini(_) => false,
            }
    }

    /// The answer, once the stream has ended.
    ///
    /// # Errors
    /// When the stream carries an error, ended too soon or is too large. A stream without its
    /// last event still counts as whole if it said why the answer ended and nothing is open.
    pub fn finish(mut self) -> Result<Accumulated, AccumulateError> {
        if let Some((status, body)) = self.error {
            return Err(AccumulateError::Provider {
                status,
                body: body.to_string().into_bytes(),
            });
        }
        if self.taken > self.limit {
            return Err(AccumulateError::TooLarge);
        }
        let warnings = &mut self.warnings;
        let answer = match self.state {
            State::Anthropic(message) => message.finish(warnings),
            State::Chat(completion) => completion.finish(),
            State::Responses(response) => response.finish(),
            State::Gemini(generated) => generated.finish(),
        };
        let answer = answer.ok_or(AccumulateError::Incomplete)?;
        Ok(Accumulated {
            body: Value::Object(answer).to_string().into_bytes(),
            warnings: self.warnings.0,
        })
    }
}

#[cfg(test)]
mod tests;

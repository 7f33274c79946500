//! Puts the events of an Anthropic Messages stream together to the final message.
//!
//! Block, delta and event types that are not known are kept as well as can be; nothing is made
//! up: a stream that broke off is an error, not a short message.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::sse::Splitter;
use crate::usage::merge_raw;

mod block;

use block::Block;

/// Most content blocks in a message.
const MAX_BLOCKS: usize = 10_000;
/// Most warnings that are kept.
const MAX_WARNINGS: usize = 32;

/// A message put together from its stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Accumulated {
    /// The message, members in the order they came.
    pub message: Value,
    /// What was odd about the stream, for the capture.
    pub warnings: Vec<String>,
}

/// Why there is no message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AccumulateError {
    /// The stream carries an error event: the status it would have had as a plain response, and
    /// the event's data, which is the body it would have had.
    #[error("the provider reported an error inside the stream")]
    Provider {
        /// The status that fits the error's type.
        status: StatusCode,
        /// The error event's data.
        body: Value,
    },
    /// The stream ended before the message did.
    #[error("the stream ended before the message was complete")]
    Incomplete,
    /// The stream is larger than the limit.
    #[error("the streamed message is larger than the limit")]
    TooLarge,
}

/// Takes the bytes of a stream and gives the message at its end.
///
/// ```
/// let mut accumulator = weir_wire::accumulate::anthropic::Accumulator::new(1 << 20);
/// accumulator.push(b"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"content\":[]}}\n\n");
/// accumulator.push(b"data: {\"type\":\"message_stop\"}\n\n");
/// assert_eq!(accumulator.finish().unwrap().message["id"], "msg_1");
/// ```
#[derive(Debug)]
pub struct Accumulator {
    splitter: Splitter,
    limit: usize,
    taken: usize,
    state: State,
}

/// The message as far as it came.
#[derive(Debug, Default)]
struct State {
    message: Option<Map<String, Value>>,
    /// The content by index; events may name an index before the one below it.
    blocks: std::collections::BTreeMap<u64, Block>,
    warnings: Vec<String>,
    stopped: bool,
    error: Option<Value>,
}

impl Accumulator {
    /// An accumulator that takes at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            splitter: Splitter::with_max_event(limit),
            limit,
            taken: 0,
            state: State::default(),
        }
    }

    /// Takes the next bytes, content encoding already undone.
    pub fn push(&mut self, piece: &[u8]) {
        self.taken = self.taken.saturating_add(piece.len());
        if self.taken <= self.limit {
            self.splitter
                .push(piece, |event| self.state.event(event.data));
        }
    }

    /// Whether the message is complete or an error came: what follows changes nothing.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state.stopped || self.state.error.is_some()
    }

    /// The message, once the stream has ended.
    ///
    /// # Errors
    /// When the stream carries an error, ended too soon or is too large. A stream without
    /// `message_stop` still counts as whole if a stop reason came and no block is open.
    pub fn finish(mut self) -> Result<Accumulated, AccumulateError> {
        let done = self.is_done();
        if self.taken > self.limit && !done {
            return Err(AccumulateError::TooLarge);
        }
        self.splitter.finish(|event| self.state.event(event.data));
        self.state.finish()
    }
}

impl State {
    fn event(&mut self, data: &[u8]) {
        if self.stopped || self.error.is_some() {
            return;
        }
        let Ok(Value::Object(mut event)) = serde_json::from_slice(data) else {
            return self.warn("an event's data is not a JSON object");
        };
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        match kind.as_str() {
            "error" => self.error = Some(Value::Object(event)),
            "message_start" => self.start(&mut event),
            // Nothing before the start can belong to the message.
            _ if self.message.is_none() => {}
            "content_block_start" => self.block_start(&mut event),
            "content_block_delta" => self.block_delta(&mut event),
            "content_block_stop" => self.block_stop(&event),
            "message_delta" => self.message_delta(event),
            "message_stop" => self.stopped = true,
            // Pings, and events that do not exist yet.
            _ => {}
        }
    }

    fn warn(&mut self, warning: &str) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning.to_owned());
        }
    }

    fn start(&mut self, event: &mut Map<String, Value>) {
        if self.message.is_some() {
            return self.warn("a second message_start");
        }
        let Some(Value::Object(mut message)) = event.remove("message") else {
            return self.warn("a message_start without a message");
        };
        if let Some(Value::Array(content)) = message.get_mut("content") {
            let given = std::mem::take(content).into_iter().take(MAX_BLOCKS);
            self.blocks = (0..).zip(given.map(Block::closed)).collect();
        }
        self.message = Some(message);
    }

    fn block_start(&mut self, event: &mut Map<String, Value>) {
        let Some(index) = index_of(event) else {
            return self.warn("a content_block_start without an index");
        };
        if self.blocks.len() >= MAX_BLOCKS {
            return self.warn("more content blocks than are kept");
        }
        let block = event.remove("content_block").unwrap_or_default();
        // A fallback block says that another model writes from here on.
        if block["type"] == "fallback"
            && let Some(model @ Value::String(_)) = block["to"].get("model")
            && let Some(message) = &mut self.message
        {
            message.insert("model".to_owned(), model.clone());
        }
        self.blocks.insert(index, Block::open(block));
    }

    fn block_delta(&mut self, event: &mut Map<String, Value>) {
        let Some(block) = index_of(event).and_then(|index| self.blocks.get_mut(&index)) else {
            return self.warn("a delta of a block that was not started");
        };
        let Some(Value::Object(delta)) = event.remove("delta") else {
            return self.warn("a content_block_delta without a delta");
        };
        if let Err(warning) = block.delta(delta) {
            self.warn(&warning);
        }
    }

    fn block_stop(&mut self, event: &Map<String, Value>) {
        let Some(block) = index_of(event).and_then(|index| self.blocks.get_mut(&index)) else {
            return self.warn("a stop of a block that was not started");
        };
        if let Err(warning) = block.close() {
            self.warn(&warning);
        }
    }

    fn message_delta(&mut self, event: Map<String, Value>) {
        let Some(message) = &mut self.message else {
            return;
        };
        for (key, value) in event {
            match (key.as_str(), value) {
                ("type", _) => {}
                ("delta", Value::Object(delta)) => merge_raw(message, delta),
                ("usage", Value::Object(later)) => {
                    let usage = message.entry("usage").or_insert_with(|| json!({}));
                    match usage {
                        Value::Object(usage) => merge_raw(usage, later),
                        other => *other = Value::Object(later),
                    }
                }
                ("delta" | "usage", _) => {}
                (_, value) => merge_raw(message, Map::from_iter([(key, value)])),
            }
        }
    }

    fn finish(mut self) -> Result<Accumulated, AccumulateError> {
        if let Some(body) = self.error {
            return Err(AccumulateError::Provider {
                status: status_of(&body),
                body,
            });
        }
        let Some(mut message) = self.message.take() else {
            return Err(AccumulateError::Incomplete);
        };
        let open = self.blocks.values().any(Block::is_open);
        let reason = message
            .get("stop_reason")
            .is_some_and(|reason| !reason.is_null());
        if !self.stopped && (open || !reason) {
            return Err(AccumulateError::Incomplete);
        }
        let mut content = Vec::with_capacity(self.blocks.len());
        for mut block in std::mem::take(&mut self.blocks).into_values() {
            if let Err(warning) = block.close() {
                self.warn(&warning);
            }
            content.push(block.into_value());
        }
        message.insert("content".to_owned(), Value::Array(content));
        Ok(Accumulated {
            message: Value::Object(message),
            warnings: self.warnings,
        })
    }
}

fn index_of(event: &Map<String, Value>) -> Option<u64> {
    event.get("index")?.as_u64()
}

/// The status that Anthropic gives an error of this type.
fn status_of(body: &Value) -> StatusCode {
    let status = match body["error"]["type"].as_str().unwrap_or_default() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests;

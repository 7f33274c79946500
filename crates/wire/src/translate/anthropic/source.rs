//! Reads a stream of Messages. What it says is not put right here: numbers, names and reasons are
//! given as they came.

use std::borrow::Cow;
use std::str;

use serde_json::{Map, Value};

use super::error;
use super::words;
use crate::accumulate::anthropic::block::Block as Foreign;
use crate::dialect::Dialect;
use crate::scan::{self, Cursor};
use crate::sse;
use crate::translate::form::{Opaque, OpaqueKind, Stop, Text};
use crate::translate::json::Json;
use crate::translate::signal::{Ending, Failure, Opening, Piece, Signal};
use crate::usage::UsageMerge;

mod event;

use event::{Event, Start};

/// Most bytes of open blocks that are kept until they are complete.
const MAX_KEPT: usize = 32 * 1024 * 1024;
/// Most blocks that are open at a time; Anthropic itself opens one.
const MAX_OPEN: usize = 256;

/// Takes the events of one stream.
///
/// Blocks that only Anthropic knows are given when they are complete, as [`Opening::Foreign`].
/// A stream counts as whole if a reason for its end came, whether or not `message_stop` did.
///
/// ```
/// use weir_wire::sse::Splitter;
/// use weir_wire::translate::anthropic::Source;
/// use weir_wire::translate::signal::{Ending, Signal};
/// let stream = b"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\"}}\n\ndata: {\"type\":";
/// let (mut source, mut seen) = (Source::new(), 0);
/// Splitter::new().push(stream, |event| {
///     source.push(event, &mut |signal| seen += usize::from(matches!(signal, Signal::Start { .. })));
/// });
/// assert_eq!((seen, source.finish(&mut |_| {})), (1, Ending::Cut));
/// ```
#[derive(Debug)]
pub struct Source {
    state: State,
    usage: UsageMerge,
    open: Vec<Block>,
    /// Blocks that began, for those without an index.
    blocks: u64,
    /// The number of the next part.
    parts: usize,
    /// Calls of the client's tools.
    calls: usize,
    /// Why it ends, as soon as that is known; given when all is said.
    stop: Option<Stop<'static>>,
    /// Bytes of open blocks that are kept.
    kept: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Before,
    Going,
    Stopped,
    Failed,
}

/// A block that is open.
#[derive(Debug)]
struct Block {
    index: u64,
    kind: Kind,
    /// Bytes of it that are kept.
    kept: usize,
}

#[derive(Debug)]
enum Kind {
    Text {
        part: usize,
    },
    Thinking {
        part: usize,
        /// The last that came.
        signature: Option<String>,
    },
    Call {
        part: usize,
        /// The input that the block began with, until some comes in pieces.
        given: Option<String>,
    },
    Foreign {
        kind: String,
        block: Foreign,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

impl Source {
    /// A source at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Before,
            usage: UsageMerge::new(Dialect::AnthropicMessages),
            open: Vec::new(),
            blocks: 0,
            parts: 0,
            calls: 0,
            stop: None,
            kept: 0,
        }
    }

    /// Takes the next event and gives what it means.
    pub fn push(&mut self, event: sse::Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let data = event.data.trim_ascii();
        if matches!(self.state, State::Stopped | State::Failed)
            || data.is_empty()
            || data == b"[DONE]"
        {
            return;
        }
        let Some(read) = Event::read(data) else {
            if event.name == b"error" {
                return self.fail(error::read_event(data), each);
            }
            return self.fail(broken("the provider sent an event that is no JSON"), each);
        };
        let named = || String::from_utf8_lossy(event.name);
        let kind = read.kind.map_or_else(named, scan::Text::decode);
        match &*kind {
            "error" => self.fail(error::read_event(data), each),
            // An error in the way of others.
            "" | "message" if read.has_error => self.fail(error::read_event(data), each),
            "ping" => each(Signal::Ping),
            "message_start" => self.message_start(&read, each),
            "content_block_start" => self.block_start(&read, each),
            "content_block_delta" => self.block_delta(&read, data, each),
            "content_block_stop" => self.block_stop(&read, each),
            "message_delta" => self.message_delta(&read, each),
            "message_stop" => self.end(each),
            // The stream of the API before Messages.
            "" | "completion" => {}
            _ => {
                if let Some(json) = valid(data) {
                    each(Signal::Foreign { name: kind, json });
                }
            }
        }
    }

    /// Ends the stream and says how it ended.
    pub fn finish(&mut self, each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        if self.state == State::Going && self.stop.is_some() {
            self.end(each);
        }
        match self.state {
            State::Before | State::Going => Ending::Cut,
            State::Stopped => Ending::Whole,
            State::Failed => Ending::Failed,
        }
    }

    fn fail(&mut self, failure: Failure<'static>, each: &mut dyn FnMut(Signal<'_>)) {
        self.state = State::Failed;
        self.open = Vec::new();
        each(Signal::Failed(failure));
    }

    fn message_start(&mut self, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if self.state != State::Before {
            return;
        }
        self.state = State::Going;
        let message = Start::read(event.message);
        self.usage.add(message.usage);
        each(Signal::Start {
            id: message.id,
            model: message.model,
            usage: self.usage.clone().finish(),
        });
        if let Some(reason) = message.stop_reason {
            self.stop = Some(owned_stop(reason, message.stop_sequence));
        }
        // Calls that code in a container makes come whole in the first event.
        Cursor::new(message.content).array(|cursor| {
            let index = self.blocks;
            self.begin(index, cursor.value(), each);
            self.close_block(index, each);
        });
    }

    /// Whoever begins without a start has an answer without id and model.
    fn started(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        if self.state == State::Before {
            self.state = State::Going;
            each(Signal::Start {
                id: Text::default(),
                model: Text::default(),
                usage: None,
            });
        }
    }

    fn block_start(&mut self, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        self.started(each);
        let index = event.index.unwrap_or(self.blocks);
        self.close_block(index, each);
        if self.open.len() >= MAX_OPEN || self.kept > MAX_KEPT {
            return self.fail(broken("the provider opened more blocks than fit"), each);
        }
        self.begin(index, event.block, each);
    }

    /// Opens a block with what it begins with.
    fn begin(&mut self, index: u64, json: &[u8], each: &mut dyn FnMut(Signal<'_>)) {
        self.blocks = self.blocks.max(index).saturating_add(1);
        let head = event::Head::read(json);
        let kind = match &*head.kind {
            "text" => {
                let part = self.open_part(Opening::Text, each);
                say(part, head.text, each);
                Cursor::new(head.citations).array(|cursor| cite(part, cursor.value(), each));
                Kind::Text { part }
            }
            "thinking" => {
                let part = self.open_part(Opening::Thinking { id: None }, each);
                say(part, head.thinking, each);
                let signature = head.signature.filter(|signature| !signature.is_empty());
                let signature = signature.map(Cow::into_owned);
                Kind::Thinking { part, signature }
            }
            "redacted_thinking" => {
                let part = self.open_part(Opening::Thinking { id: None }, each);
                let value = head.data.unwrap_or_default();
                prove(part, value, OpaqueKind::Redacted, each);
                return each(Signal::Close { part });
            }
            "tool_use" => {
                self.calls += 1;
                let call = Opening::Call {
                    id: head.id,
                    name: head.name,
                    freeform: false,
                    item: None,
                };
                let part = self.open_part(call, each);
                let input = valid(head.input).map_or("{}".to_owned(), |json| json.as_str().into());
                let given = Some(input);
                Kind::Call { part, given }
            }
            "" => return,
            other => {
                let kind = other.to_owned();
                let block = serde_json::from_slice(json).unwrap_or_default();
                let block = Foreign::open(block);
                Kind::Foreign { kind, block }
            }
        };
        self.keep(Block {
            index,
            kept: json.len(),
            kind,
        });
    }

    fn keep(&mut self, block: Block) {
        self.kept = self.kept.saturating_add(block.kept);
        self.open.push(block);
    }

    fn open_part(&mut self, kind: Opening<'_>, each: &mut dyn FnMut(Signal<'_>)) -> usize {
        let part = self.parts;
        self.parts += 1;
        each(Signal::Open { part, kind });
        part
    }

    fn block_delta(&mut self, event: &Event<'_>, data: &[u8], each: &mut dyn FnMut(Signal<'_>)) {
        let index = event.index;
        let meant = |block: &&mut Block| index.is_none_or(|index| block.index == index);
        let Some(block) = self.open.iter_mut().rev().find(meant) else {
            return;
        };
        let delta = &event.delta;
        if delta.signature.is_some() || matches!(block.kind, Kind::Foreign { .. }) {
            block.kept = block.kept.saturating_add(data.len());
            self.kept = self.kept.saturating_add(data.len());
            if self.kept > MAX_KEPT {
                return self.fail(broken("a block of the provider's is too large"), each);
            }
        }
        match &mut block.kind {
            Kind::Text { part } => {
                say(*part, delta.text.map(scan::Text::decode), each);
                if !delta.citation.is_empty() {
                    cite(*part, delta.citation, each);
                }
            }
            Kind::Thinking { part, signature } => {
                say(*part, delta.thinking.map(scan::Text::decode), each);
                if let Some(text) = delta.signature {
                    *signature = Some(text.decode().into_owned());
                }
            }
            Kind::Call { part, given } => {
                if let Some(piece) = delta.partial_json.filter(|piece| !piece.raw().is_empty()) {
                    *given = None;
                    let piece = Piece::Input(piece.decode());
                    each(Signal::Delta { part: *part, piece });
                }
            }
            Kind::Foreign { block, .. } => {
                if let Some(delta) = whole_delta(data) {
                    // What is not understood of a block that is passed on as it is, is no fault.
                    block.delta(delta).unwrap_or_default();
                }
            }
        }
    }

    fn block_stop(&mut self, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let last = self.open.last().map(|block| block.index);
        if let Some(index) = event.index.or(last) {
            self.close_block(index, each);
        }
    }

    fn close_block(&mut self, index: u64, each: &mut dyn FnMut(Signal<'_>)) {
        if let Some(at) = self.open.iter().position(|block| block.index == index) {
            let block = self.open.remove(at);
            self.close(block, each);
        }
    }

    fn close(&mut self, block: Block, each: &mut dyn FnMut(Signal<'_>)) {
        self.kept = self.kept.saturating_sub(block.kept);
        let part = match block.kind {
            Kind::Text { part } => part,
            Kind::Thinking { part, signature } => {
                if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
                    prove(part, signature.into(), OpaqueKind::Signature, each);
                }
                part
            }
            Kind::Call { part, given } => {
                if let Some(given) = given {
                    let piece = Piece::Input(given.into());
                    each(Signal::Delta { part, piece });
                }
                part
            }
            Kind::Foreign { kind, mut block } => {
                block.close().unwrap_or_default();
                let json = Json::from(&block.into_value());
                let kind = kind.into();
                self.open_part(Opening::Foreign { kind, json }, each)
            }
        };
        each(Signal::Close { part });
    }

    fn message_delta(&mut self, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        self.started(each);
        if let Some(reason) = event.delta.stop_reason {
            let sequence = event.delta.stop_sequence.map(scan::Text::decode);
            self.stop = Some(owned_stop(reason.decode(), sequence));
        }
        if !event.usage.is_empty() {
            self.usage.add(event.usage);
            if let Some(usage) = self.usage.clone().finish() {
                each(Signal::Usage(usage));
            }
        }
    }

    /// Closes what is open and says why the answer ends.
    fn end(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        self.started(each);
        for block in std::mem::take(&mut self.open) {
            self.close(block, each);
        }
        self.state = State::Stopped;
        // The provider says that this is the end, if not why.
        let natural = if self.calls > 0 {
            Stop::ToolUse
        } else {
            Stop::EndTurn
        };
        each(Signal::Stop(self.stop.take().unwrap_or(natural)));
    }
}

fn say(part: usize, text: Option<Text<'_>>, each: &mut dyn FnMut(Signal<'_>)) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let piece = Piece::Text(text);
        each(Signal::Delta { part, piece });
    }
}

fn cite(part: usize, citation: &[u8], each: &mut dyn FnMut(Signal<'_>)) {
    if let Some(citation) = valid(citation) {
        let piece = Piece::Annotation(citation);
        each(Signal::Delta { part, piece });
    }
}

fn prove(part: usize, value: Text<'_>, kind: OpaqueKind, each: &mut dyn FnMut(Signal<'_>)) {
    let piece = Piece::Opaque(Opaque { value, kind });
    each(Signal::Delta { part, piece });
}

fn owned_stop(reason: Text<'_>, sequence: Option<Text<'_>>) -> Stop<'static> {
    let owned = |text: Text<'_>| Cow::Owned(text.into_owned());
    words::read_stop(owned(reason), sequence.map(owned))
}

fn broken(message: &'static str) -> Failure<'static> {
    Failure {
        status: 502,
        code: Cow::Borrowed("api_error"),
        message: Cow::Borrowed(message),
    }
}

/// What is one valid JSON value.
fn valid(json: &[u8]) -> Option<Json<'_>> {
    let text = str::from_utf8(json).ok()?;
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    Some(Json::of_valid(text))
}

fn whole_delta(data: &[u8]) -> Option<Map<String, Value>> {
    let mut event: Map<String, Value> = serde_json::from_slice(data).ok()?;
    match event.remove("delta")? {
        Value::Object(delta) => Some(delta),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

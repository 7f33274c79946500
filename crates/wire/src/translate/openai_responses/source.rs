//! Reads a stream of Responses into signals.
//!
//! What is not streamed but stands in a `done` event or in the final response is made up for, and
//! nothing is said twice. Items that only Responses knows are told whole once they are done.
//! Kept are a few words per item and part, never what was said.

use crate::dialect::Dialect;
use crate::scan::Cursor;
use crate::sse;
use crate::translate::form::Text;
use crate::translate::search;
use crate::translate::signal::{Ending, Failure, Signal};
use crate::usage::UsageMerge;

use super::error;
use super::read::{self, Content, Event, Item, Response, Said};

mod items;
mod track;

use items::Items;
use track::{Key, Kind, Where};

/// Reads the events of one answer.
///
/// Memory is bounded: an answer of very many items or parts fails.
///
/// ```
/// use weir_wire::sse::Event;
/// use weir_wire::translate::openai_responses::Source;
/// use weir_wire::translate::signal::{Ending, Signal};
/// let mut source = Source::new();
/// let mut seen = 0;
/// for data in [
///     r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"hi"}"#,
///     r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#,
/// ] {
///     let event = Event { name: b"", data: data.as_bytes(), end: 0 };
///     source.push(event, &mut |signal| seen += usize::from(matches!(signal, Signal::Delta { .. })));
/// }
/// assert_eq!((seen, source.finish(&mut |_| {})), (1, Ending::Whole));
/// ```
#[derive(Debug, Default)]
pub struct Source {
    started: bool,
    ending: Option<Ending>,
    items: Items,
}

/// What a delta or a `done` event is about.
struct About {
    kind: Kind,
    key: Key,
}

/// What is about text that comes in pieces, by the name of its event without its last word.
fn about(name: &str, number: u64) -> Option<About> {
    let (kind, key) = match name {
        "response.output_text" => (Kind::Message, Key::Text(number)),
        "response.refusal" => (Kind::Message, Key::Refusal(number)),
        "response.reasoning_summary_text" | "response.reasoning_summary" => {
            (Kind::Reasoning, Key::Summary(number))
        }
        "response.reasoning_text" | "response.reasoning" => {
            (Kind::Reasoning, Key::Reasoning(number))
        }
        "response.function_call_arguments" => (Kind::Call { freeform: false }, Key::Input),
        "response.custom_tool_call_input" => (Kind::Call { freeform: true }, Key::Input),
        _ => return None,
    };
    Some(About { kind, key })
}

impl Source {
    /// A source at the start of an answer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event. Its type is in its data; the event's name serves where it is not.
    pub fn push(&mut self, event: sse::Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let data = event.data.trim_ascii();
        // `[DONE]`, which some send, and what others send to keep the line busy.
        if self.ending.is_some() || !data.starts_with(b"{") {
            return;
        }
        let Some(read) = Event::read(data) else {
            return self.fail(error::unreadable(), each);
        };
        let name = String::from_utf8_lossy(event.name);
        let kind = match read.kind {
            Some(kind) if event.name != b"error" => kind.decode(),
            _ => name,
        };
        self.event(&kind, &read, data, each);
        if self.ending.is_none() && self.items.full() {
            self.fail(error::too_much(), each);
        }
    }

    /// Ends the answer. One that was not said to be complete is not.
    pub fn finish(&mut self, _each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        self.ending.unwrap_or(Ending::Cut)
    }

    fn event(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        data: &[u8],
        each: &mut dyn FnMut(Signal<'_>),
    ) {
        match kind {
            "response.created" | "response.queued" | "response.in_progress" => {
                self.start(&Response::read(event.response), each);
            }
            "keepalive" | "ping" => each(Signal::Ping),
            "error" => self.fail(error::of_event(data), each),
            "response.failed"
            | "response.cancelled"
            | "response.completed"
            | "response.done"
            | "response.incomplete" => self.end(kind, event, each),
            _ if !kind.starts_with("response.") => {
                if error::is_error(data) {
                    self.fail(error::of_event(data), each);
                }
            }
            _ => self.progress(kind, event, each),
        }
    }

    fn progress(&mut self, kind: &str, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let place = Where::of(event);
        match kind {
            "response.output_item.added" => {
                self.start_unknown(each);
                self.items.added(place, &Item::read(event.item), each);
            }
            "response.output_item.done" => {
                self.start_unknown(each);
                self.items.done(place, &Item::read(event.item), each);
            }
            "response.content_part.done" => {
                self.start_unknown(each);
                let content = read::content(&mut Cursor::new(event.part));
                self.content_done(event, &content, each);
            }
            "response.output_text.annotation.added" => {
                self.start_unknown(each);
                let key = Key::Text(event.number.unwrap_or(0));
                if let Some(json) = read::json(event.annotation)
                    && let Some(at) = self.items.find(place, Kind::Message)
                {
                    self.items.annotation(at, key, json, each);
                }
            }
            _ => self.piece(kind, event, each),
        }
    }

    fn piece(&mut self, kind: &str, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let Some((name, last)) = kind.rsplit_once('.') else {
            return;
        };
        let Some(About { kind, key }) = about(name, event.number.unwrap_or(0)) else {
            return;
        };
        self.start_unknown(each);
        let Some(at) = self.items.find(Where::of(event), kind) else {
            return;
        };
        match (last, event.delta, event.whole) {
            ("delta", Some(delta), _) => self.items.say(at, key, delta.decode(), each),
            ("done", _, Some(whole)) => self.items.complete(at, key, &whole.decode(), each),
            _ => {}
        }
    }

    fn content_done(
        &mut self,
        event: &Event<'_>,
        content: &Content<'_>,
        each: &mut dyn FnMut(Signal<'_>),
    ) {
        let number = event.number.unwrap_or(0);
        let kind = match content {
            Content::Text { .. } | Content::Refusal(_) => Kind::Message,
            Content::Reasoning(_) | Content::Other => return,
        };
        if let Some(at) = self.items.find(Where::of(event), kind) {
            self.items.content(at, number, content, each);
        }
    }

    fn start(&mut self, response: &Response<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        each(Signal::Start {
            id: Text::Borrowed(&response.id),
            model: Text::Borrowed(&response.model),
            usage: None,
        });
    }

    /// Begins an answer that did not say that it begins.
    fn start_unknown(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        if !self.started {
            self.start(&Response::default(), each);
        }
    }

    fn end(&mut self, kind: &str, event: &Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let response = Response::read(event.response);
        self.start(&response, each);
        let mut usage = UsageMerge::new(Dialect::OpenaiResponses);
        usage.add(response.usage);
        let mut usage = usage.finish();
        let status = match kind {
            "response.failed" => "failed",
            "response.cancelled" => "cancelled",
            "response.incomplete" => "incomplete",
            _ => response.status.as_ref(),
        };
        if matches!(status, "failed" | "cancelled") {
            if let Some(usage) = usage {
                each(Signal::Usage(usage));
            }
            return self.fail(error::of_response(&response, status), each);
        }
        self.items.finish(response.output, each);
        if self.items.full() {
            return;
        }
        search::count(&mut usage, self.items.searches());
        if let Some(usage) = usage {
            each(Signal::Usage(usage));
        }
        let said = Said {
            calls: self.items.calls(),
            refused: self.items.refused(),
        };
        self.ending = Some(Ending::Whole);
        each(Signal::Stop(read::stop(status, response.reason, said)));
    }

    fn fail(&mut self, failure: Failure<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        self.ending = Some(Ending::Failed);
        each(Signal::Failed(failure));
    }
}

#[cfg(test)]
mod tests;

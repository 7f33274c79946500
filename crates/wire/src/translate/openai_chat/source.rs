//! A stream of chunks, read into signals.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::sse::Event;
use crate::translate::form::Stop;
use crate::translate::signal::{Ending, Failure, Signal};
use crate::usage::UsageMerge;

use super::error;
use super::reader::Reader;
use super::said::{Choice, Chunk};
use super::words;

/// Reads the stream of any server that speaks Chat, more or less.
///
/// Counts of tokens come just before [`Signal::Stop`], once; the first chunk's, if it has any,
/// come with [`Signal::Start`] too.
///
/// ```
/// use weir_wire::sse::Splitter;
/// use weir_wire::translate::openai_chat::Source;
/// use weir_wire::translate::signal::{Ending, Piece, Signal};
/// let stream = concat!(
///     "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n",
///     "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
/// );
/// let mut source = Source::new();
/// let mut text = String::new();
/// let mut each = |signal: Signal<'_>| {
///     if let Signal::Delta { piece: Piece::Text(piece), .. } = signal {
///         text.push_str(&piece);
///     }
/// };
/// Splitter::new().push(stream.as_bytes(), |event| source.push(event, &mut each));
/// assert_eq!(source.finish(&mut each), Ending::Whole);
/// assert_eq!(text, "Hi");
/// ```
#[derive(Debug)]
pub struct Source {
    reader: Reader,
    usage: UsageMerge,
    /// The usage object that came last: some servers send the same with every chunk.
    last_usage: Vec<u8>,
    started: bool,
    /// Why the answer ends, once that is known.
    stop: Option<(String, Option<String>)>,
    ending: Option<Ending>,
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
            reader: Reader::default(),
            usage: UsageMerge::new(Dialect::OpenaiChat),
            last_usage: Vec::new(),
            started: false,
            stop: None,
            ending: None,
        }
    }

    /// Takes the next event and gives what it says.
    pub fn push(&mut self, event: Event<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if self.ending.is_some() {
            return;
        }
        let data = event.data.trim_ascii();
        if data == b"[DONE]" {
            if self.stop.is_some() || self.reader.began() {
                self.conclude(each);
            }
            return;
        }
        if event.name == b"ping" || event.name == b"keepalive" {
            return each(Signal::Ping);
        }
        if data.is_empty() {
            return;
        }
        let Some(chunk) = Chunk::read(data) else {
            return self.fail(error::broken(), each);
        };
        if !chunk.error.is_empty() || chunk.loose_error || event.name == b"error" {
            return self.fail(error::read_error(0, data), each);
        }
        self.chunk(&chunk, each);
    }

    /// Ends the stream and says how it ended.
    pub fn finish(&mut self, each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        if let Some(ending) = self.ending {
            return ending;
        }
        if self.stop.is_some() {
            return self.conclude(each);
        }
        self.ending = Some(Ending::Cut);
        self.tell_usage(each);
        Ending::Cut
    }

    fn chunk(&mut self, chunk: &Chunk<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if !chunk.usage.is_empty() && chunk.usage != self.last_usage {
            self.last_usage.clear();
            self.last_usage.extend_from_slice(chunk.usage);
            self.usage.add(chunk.usage);
        }
        // Azure begins with a chunk of empty members that tells of its filters.
        let named = chunk.id.is_some_and(|id| !id.raw().is_empty());
        if !self.started && (named || chunk.has_choices) {
            self.start(chunk, each);
        }
        if let Some(choice) = &chunk.choice {
            self.choice(choice, each);
        }
        let ends = !chunk.has_choices && !chunk.usage.is_empty();
        if ends && self.stop.is_some() && self.ending.is_none() {
            self.conclude(each);
        }
    }

    fn start(&mut self, chunk: &Chunk<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        self.started = true;
        let text =
            |text: Option<crate::scan::Text<'_>>| text.map(|text| text.decode().into_owned());
        each(Signal::Start {
            id: Cow::Owned(text(chunk.id).unwrap_or_default()),
            model: Cow::Owned(text(chunk.model).unwrap_or_default()),
            usage: self.usage.clone().finish(),
        });
    }

    fn choice(&mut self, choice: &Choice<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let finish = choice.finish_reason.map(|reason| reason.decode());
        if !choice.error.is_empty() {
            return self.fail(error::read_error(0, choice.error), each);
        }
        // A message beside or behind the deltas says all of them again.
        let began = self.reader.began();
        let said = choice.delta.as_ref();
        let said = said.or(choice.message.as_ref().filter(|_| !began));
        if let Some(said) = said {
            self.reader.said(said, each);
        }
        if self.reader.overflow() {
            return self.fail(error::too_much(), each);
        }
        match finish.as_deref() {
            None | Some("") => {}
            Some(reason) if words::fails(reason) => self.fail(error::unnamed(), each),
            Some(reason) => {
                let matched = choice.matched.map(|text| text.decode().into_owned());
                self.stop = Some((reason.to_owned(), matched));
            }
        }
    }

    /// Ends an answer that is whole.
    fn conclude(&mut self, each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        self.ending = Some(Ending::Whole);
        self.reader.finish(each);
        self.tell_usage(each);
        let (reason, matched) = self.stop.take().unwrap_or_default();
        let stop = match self.reader.nameless() {
            true => Stop::MalformedCall,
            false => words::read_stop(&reason, matched, self.reader.had()),
        };
        each(Signal::Stop(stop));
        Ending::Whole
    }

    fn tell_usage(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        if let Some(usage) = self.usage.clone().finish() {
            each(Signal::Usage(usage));
        }
    }

    fn fail(&mut self, failure: Failure<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        self.ending = Some(Ending::Failed);
        each(Signal::Failed(failure));
    }
}

#[cfg(test)]
mod tests;

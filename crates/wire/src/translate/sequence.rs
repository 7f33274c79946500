//! Puts parts that are open at the same time one after the other.
//!
//! Some providers stream several calls at once, piece by piece in turns; some dialects know only
//! one open part. The lowest part that is not finished goes on as it comes, what belongs to later
//! ones waits. Nothing here waits for time, and a stream that is sequential already goes through
//! as it is, without a copy.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::form::{Opaque, Text};
use super::signal::{Ending, Failure, Opening, Piece, Signal};

pub(super) mod complete;

use complete::Complete;

/// Most bytes that wait, by default.
pub const MAX_HELD: usize = 32 * 1024 * 1024;

/// What a part or a piece that waits is counted with besides its text, so that very many empty
/// ones do not fit the bound.
const OVERHEAD: usize = 128;

/// One part at a time, in the order of their numbers.
///
/// A call whose input is a whole JSON object is taken as finished once a later part begins, as
/// some providers close no call before the end. Text and thinking are finished when they are
/// closed. When more waits than the bound allows, the stream fails: nothing is left out silently.
///
/// ```
/// use weir_wire::translate::sequence::Sequencer;
/// use weir_wire::translate::signal::{Opening, Piece, Signal};
/// let text = |part, text: &'static str| Signal::Delta { part, piece: Piece::Text(text.into()) };
/// let open = |part| Signal::Open { part, kind: Opening::Text };
/// let mut seen = Vec::new();
/// let mut sequencer = Sequencer::new();
/// for signal in [open(0), open(1), text(1, "b"), text(0, "a"), Signal::Close { part: 0 }] {
///     sequencer.push(signal, &mut |signal| seen.push(format!("{signal:?}")));
/// }
/// let closed = seen.iter().position(|signal| signal.starts_with("Close")).unwrap();
/// let second = seen.iter().position(|signal| signal.contains("part: 1")).unwrap();
/// assert!(closed < second);
/// ```
#[derive(Debug)]
pub struct Sequencer {
    /// The part that goes on as it comes.
    live: Option<Live>,
    /// Later ones, in order.
    held: VecDeque<Held>,
    /// Bytes in `held`, with what they are counted with.
    held_bytes: usize,
    max_held: usize,
    failed: bool,
    late: u64,
}

#[derive(Debug)]
struct Live {
    part: usize,
    /// For a call with JSON: how far its input is.
    input: Option<Complete>,
}

#[derive(Debug)]
struct Held {
    part: usize,
    kind: Opening<'static>,
    pieces: Vec<Piece<'static>>,
    closed: bool,
}

impl Default for Sequencer {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequencer {
    /// A sequencer at the start of an answer.
    #[must_use]
    pub fn new() -> Self {
        Self::with_max_held(MAX_HELD)
    }

    /// A sequencer that lets `max_held` bytes wait at most.
    #[must_use]
    pub fn with_max_held(max_held: usize) -> Self {
        Self {
            live: None,
            held: VecDeque::new(),
            held_bytes: 0,
            max_held,
            failed: false,
            late: 0,
        }
    }

    /// How many pieces came for parts that were not open, or not any more; they were left out.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Takes the next signal and gives what can be said now.
    pub fn push(&mut self, signal: Signal<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if self.failed {
            return;
        }
        match signal {
            Signal::Open { part, kind } => self.open(part, kind, each),
            Signal::Delta { part, piece } => self.delta(part, piece, each),
            Signal::Close { part } => self.close(part, each),
            Signal::Stop(stop) => {
                self.flush(each);
                each(Signal::Stop(stop));
            }
            Signal::Failed(failure) => {
                self.fail();
                each(Signal::Failed(failure));
            }
            other @ (Signal::Start { .. }
            | Signal::Usage(_)
            | Signal::Ping
            | Signal::Foreign { .. }) => each(other),
        }
    }

    /// Ends the answer. What waits is given if the answer is whole; of one that is not, nothing
    /// more is said, so that nobody takes a part of it for complete. Gives how it ended.
    pub fn finish(&mut self, ending: Ending, each: &mut dyn FnMut(Signal<'_>)) -> Ending {
        if self.failed {
            return Ending::Failed;
        }
        match ending {
            Ending::Whole => self.flush(each),
            Ending::Cut | Ending::Failed => self.fail(),
        }
        ending
    }

    fn open(&mut self, part: usize, kind: Opening<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if self.live.is_none() {
            self.live = Some(Live::new(part, &kind));
            return each(Signal::Open { part, kind });
        }
        let kind = owned_opening(kind);
        if !self.hold(opening_size(&kind), each) {
            return;
        }
        self.held.push_back(Held {
            part,
            kind,
            pieces: Vec::new(),
            closed: false,
        });
        self.advance(each);
    }

    fn delta(&mut self, part: usize, piece: Piece<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if let Some(live) = self.live.as_mut().filter(|live| live.part == part) {
            live.saw(&piece);
            each(Signal::Delta { part, piece });
            return self.advance(each);
        }
        let waits = |held: &Held| held.part == part && !held.closed;
        if !self.held.iter().any(waits) {
            self.late += 1;
            return;
        }
        if !self.hold(piece_size(&piece), each) {
            return;
        }
        if let Some(held) = self.held.iter_mut().find(|held| waits(held)) {
            held.add(piece);
        }
    }

    fn close(&mut self, part: usize, each: &mut dyn FnMut(Signal<'_>)) {
        if self.live.as_ref().is_some_and(|live| live.part == part) {
            self.live = None;
            each(Signal::Close { part });
            self.promote(each);
            return self.advance(each);
        }
        // One that was taken as finished is closed already.
        if let Some(held) = self.held.iter_mut().find(|held| held.part == part) {
            held.closed = true;
        }
    }

    /// Counts `size` bytes that are to wait; fails the stream when they are too many.
    fn hold(&mut self, size: usize, each: &mut dyn FnMut(Signal<'_>)) -> bool {
        self.held_bytes = self.held_bytes.saturating_add(size);
        if self.held_bytes <= self.max_held {
            return true;
        }
        self.fail();
        each(Signal::Failed(Failure {
            status: 502,
            code: Cow::Borrowed("api_error"),
            message: Cow::Borrowed("the upstream interleaved more parts of its answer than fit"),
        }));
        false
    }

    /// Closes the live call if it is finished and others wait, and gives what becomes live.
    fn advance(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        while !self.held.is_empty() && self.live.as_ref().is_some_and(Live::finished) {
            self.end_live(each);
            self.promote(each);
        }
    }

    /// Gives what waits, up to the first part that is not closed, which becomes live.
    fn promote(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        while self.live.is_none()
            && let Some(held) = self.held.pop_front()
        {
            let closed = held.closed;
            self.say(held, each);
            if closed {
                self.end_live(each);
            }
        }
    }

    fn end_live(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        if let Some(live) = self.live.take() {
            each(Signal::Close { part: live.part });
        }
    }

    /// Opens a part that waited and gives its pieces.
    fn say(&mut self, held: Held, each: &mut dyn FnMut(Signal<'_>)) {
        let part = held.part;
        let mut live = Live::new(part, &held.kind);
        self.held_bytes = self.held_bytes.saturating_sub(opening_size(&held.kind));
        each(Signal::Open {
            part,
            kind: held.kind,
        });
        for piece in held.pieces {
            self.held_bytes = self.held_bytes.saturating_sub(piece_size(&piece));
            live.saw(&piece);
            each(Signal::Delta { part, piece });
        }
        self.live = Some(live);
        if self.held.is_empty() {
            // Pieces that were put together were counted one by one.
            self.held_bytes = 0;
        }
    }

    /// Gives all that waits and closes all that is open.
    fn flush(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        self.end_live(each);
        while let Some(held) = self.held.pop_front() {
            self.say(held, each);
            self.end_live(each);
        }
    }

    fn fail(&mut self) {
        self.failed = true;
        self.live = None;
        self.held = VecDeque::new();
    }
}

impl Live {
    fn new(part: usize, kind: &Opening<'_>) -> Self {
        let json = matches!(
            kind,
            Opening::Call {
                freeform: false,
                ..
            }
        );
        Self {
            part,
            input: json.then(Complete::default),
        }
    }

    fn saw(&mut self, piece: &Piece<'_>) {
        if let (Some(input), Piece::Input(text)) = (&mut self.input, piece) {
            input.saw(text);
        }
    }

    fn finished(&self) -> bool {
        self.input.as_ref().is_some_and(Complete::is_complete)
    }
}

impl Held {
    /// Adds a piece; text is put behind text.
    fn add(&mut self, piece: Piece<'_>) {
        match (self.pieces.last_mut(), piece) {
            (Some(Piece::Text(so_far)), Piece::Text(more))
            | (Some(Piece::Input(so_far)), Piece::Input(more)) => {
                so_far.to_mut().push_str(&more);
            }
            (_, piece) => self.pieces.push(owned_piece(piece)),
        }
    }
}

fn owned(text: Text<'_>) -> Text<'static> {
    Cow::Owned(text.into_owned())
}

fn owned_opening(kind: Opening<'_>) -> Opening<'static> {
    match kind {
        Opening::Text => Opening::Text,
        Opening::Refusal => Opening::Refusal,
        Opening::Thinking { id } => Opening::Thinking { id: id.map(owned) },
        Opening::Call {
            id,
            name,
            freeform,
            item,
        } => Opening::Call {
            id: owned(id),
            name: owned(name),
            freeform,
            item: item.map(owned),
        },
        Opening::Foreign { kind, json } => Opening::Foreign {
            kind: owned(kind),
            json: json.into_owned(),
        },
    }
}

fn owned_piece(piece: Piece<'_>) -> Piece<'static> {
    match piece {
        Piece::Text(text) => Piece::Text(owned(text)),
        Piece::Input(text) => Piece::Input(owned(text)),
        Piece::Annotation(json) => Piece::Annotation(json.into_owned()),
        Piece::Opaque(opaque) => Piece::Opaque(Opaque {
            value: owned(opaque.value),
            kind: opaque.kind,
        }),
    }
}

fn opening_size(kind: &Opening<'_>) -> usize {
    let length = |text: &Option<Text<'_>>| text.as_ref().map_or(0, |text| text.len());
    OVERHEAD
        + match kind {
            Opening::Text | Opening::Refusal => 0,
            Opening::Thinking { id } => length(id),
            Opening::Call { id, name, item, .. } => id.len() + name.len() + length(item),
            Opening::Foreign { kind, json } => kind.len() + json.as_str().len(),
        }
}

fn piece_size(piece: &Piece<'_>) -> usize {
    match piece {
        Piece::Text(text) | Piece::Input(text) => text.len(),
        Piece::Annotation(json) => OVERHEAD + json.as_str().len(),
        Piece::Opaque(opaque) => OVERHEAD + opaque.value.len(),
    }
}

#[cfg(test)]
mod tests;

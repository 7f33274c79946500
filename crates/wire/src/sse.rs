//! Server-sent events: a stream split into its events for those who watch it go by, events that
//! are owned and written, and adapters over streams of them.
//!
//! The splitter never changes or delays the stream itself and knows nothing of what events mean.
//! Events of one piece are handed out as slices of it; only what spans pieces is copied. Nothing
//! here reconnects: `id` and `retry` are handed on, not acted upon.

use memchr::{memchr, memchr2};

mod event;
mod streams;

pub use event::SseEvent;
pub use streams::{Count, EventStream, Events, Filter, Forward, Map, PieceStream, SseError};

/// Largest event that is handed out by default, in bytes.
pub const DEFAULT_MAX_EVENT: usize = 32 * 1024 * 1024;

/// Whether a `Content-Type` is that of a stream of events.
#[must_use]
pub fn is_stream(content_type: impl AsRef<[u8]>) -> bool {
    const KIND: &[u8] = b"text/event-stream";
    let content_type = content_type.as_ref().trim_ascii_start();
    let kind = content_type.get(..KIND.len());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(KIND))
}

/// One event as it stood in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event:` field; empty when there is none.
    pub name: &'a [u8],
    /// The `data:` fields, joined by line feeds.
    pub data: &'a [u8],
    /// How many bytes of the stream had come when the event was complete, its blank line's first
    /// line ending included.
    pub end: u64,
}

/// What else an event says, for clients that connect again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras<'a> {
    /// The event's own `id:` field.
    pub id: Option<&'a [u8]>,
    /// The event's own `retry:` field, in milliseconds.
    pub retry: Option<u64>,
    /// How many events before it were skipped for their size.
    pub skipped: u64,
}

/// Finds events in a stream that comes in pieces; where it is cut makes no difference.
///
/// LF, CRLF and CR end lines. Comments are passed over, a byte order mark too.
/// An event without `data` is none. Events larger than the limit, all their lines counted, are
/// skipped and counted.
///
/// ```
/// let mut seen = Vec::new();
/// let mut splitter = weir_wire::sse::Splitter::new();
/// for piece in ["event: ping\nda", "ta: {}\n", "\n"] {
///     splitter.push(piece.as_bytes(), |event| seen.push((event.name.to_vec(), event.end)));
/// }
/// assert_eq!(seen, [(b"ping".to_vec(), 22)]);
/// ```
#[derive(Debug)]
pub struct Splitter {
    /// The line that the last piece broke off in.
    line: Vec<u8>,
    /// Whether it broke off in one; the line itself is not kept when its event is too large.
    in_line: bool,
    /// The present event's name and data, as far as earlier pieces had them.
    name: Vec<u8>,
    data: Vec<u8>,
    data_lines: usize,
    id: Option<Vec<u8>>,
    retry: Option<u64>,
    /// Bytes in the present event's lines, kept or not.
    size: usize,
    max_event: usize,
    skipped: u64,
    position: u64,
    after_cr: bool,
    first_line: bool,
}

/// What the present event has in the present piece.
#[derive(Default)]
struct Here<'a> {
    name: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// A splitter at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_max_event(DEFAULT_MAX_EVENT)
    }

    /// A splitter that skips events of more than `max_event` bytes, or 16 if that is more.
    #[must_use]
    pub fn with_max_event(max_event: usize) -> Self {
        Self {
            line: Vec::new(),
            in_line: false,
            name: Vec::new(),
            data: Vec::new(),
            data_lines: 0,
            id: None,
            retry: None,
            size: 0,
            // A byte order mark alone must not fill an event.
            max_event: max_event.max(16),
            skipped: 0,
            position: 0,
            after_cr: false,
            first_line: true,
        }
    }

    /// How many events were skipped for their size.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Takes the next bytes and hands out each event that they complete.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(Event<'_>)) {
        self.push_with(piece, |event, _| each(event));
    }

    /// The same with what else each event says.
    pub fn push_with(&mut self, piece: &[u8], mut each: impl FnMut(Event<'_>, Extras<'_>)) {
        let start = self.position;
        self.position += piece.len() as u64;
        let mut here = Here::default();
        let mut at = usize::from(self.after_cr && piece.first() == Some(&b'\n'));
        self.after_cr &= piece.is_empty();
        while let Some(found) = memchr2(b'\n', b'\r', piece.get(at..).unwrap_or_default()) {
            let end = at + found;
            let part = piece.get(at..end).unwrap_or_default();
            self.size = self.size.saturating_add(part.len());
            let position = start + end as u64 + 1;
            self.end_line(part, &mut here, position, &mut each);
            let cr = piece.get(end) == Some(&b'\r');
            self.after_cr = cr && end + 1 == piece.len();
            at = end + 1 + usize::from(cr && piece.get(end + 1) == Some(&b'\n'));
        }
        let rest = piece.get(at..).unwrap_or_default();
        self.size = self.size.saturating_add(rest.len());
        self.in_line |= !rest.is_empty();
        self.keep(&here);
        if !self.oversized() {
            self.line.extend_from_slice(rest);
        }
    }

    /// Ends the stream: what it broke off in is handed out as if a blank line had followed.
    pub fn finish(&mut self, mut each: impl FnMut(Event<'_>)) {
        self.finish_with(|event, _| each(event));
    }

    /// The same with what else the event says.
    pub fn finish_with(&mut self, mut each: impl FnMut(Event<'_>, Extras<'_>)) {
        let mut here = Here::default();
        let position = self.position;
        if self.in_line {
            self.end_line(b"", &mut here, position, &mut each);
        }
        self.dispatch(&here, position, &mut each);
    }

    fn oversized(&self) -> bool {
        self.size > self.max_event
    }

    /// Takes the last part of a line; earlier pieces may have brought its beginning.
    fn end_line<'a>(
        &mut self,
        part: &'a [u8],
        here: &mut Here<'a>,
        position: u64,
        each: &mut impl FnMut(Event<'_>, Extras<'_>),
    ) {
        if !std::mem::take(&mut self.in_line) {
            return self.whole_line(part, here, position, each);
        }
        if self.oversized() {
            self.first_line = false;
            self.line.clear();
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(part);
        // It is the first line to end in this piece, so `here` is still empty.
        let mut joined = Here::default();
        self.whole_line(&line, &mut joined, position, each);
        self.keep(&joined);
        line.clear();
        self.line = line;
    }

    fn whole_line<'a>(
        &mut self,
        line: &'a [u8],
        here: &mut Here<'a>,
        position: u64,
        each: &mut impl FnMut(Event<'_>, Extras<'_>),
    ) {
        let line = match std::mem::take(&mut self.first_line) {
            true => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            self.dispatch(here, position, each);
            *here = Here::default();
        } else if !self.oversized() {
            self.field(line, here);
        }
    }

    fn field<'a>(&mut self, line: &'a [u8], here: &mut Here<'a>) {
        let colon = memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => here.name = Some(value),
            b"data" => {
                if self.data_lines == 0 {
                    here.data = Some(value);
                } else {
                    self.data
                        .extend_from_slice(here.data.take().unwrap_or_default());
                    self.data.push(b'\n');
                    self.data.extend_from_slice(value);
                }
                self.data_lines += 1;
            }
            // The standard has an id with a NUL in it passed over.
            b"id" if memchr(0, value).is_none() => here.id = Some(value),
            b"retry" => self.retry = number(value).or(self.retry),
            _ => {}
        }
    }

    /// Ends the present event.
    fn dispatch(
        &mut self,
        here: &Here<'_>,
        end: u64,
        each: &mut impl FnMut(Event<'_>, Extras<'_>),
    ) {
        if self.oversized() {
            self.skipped += 1;
        } else if self.data_lines > 0 {
            let name = here.name.unwrap_or(&self.name);
            let data = here.data.unwrap_or(&self.data);
            let id = here.id.or(self.id.as_deref());
            let extras = Extras {
                id,
                retry: self.retry,
                skipped: self.skipped,
            };
            each(Event { name, data, end }, extras);
        }
        self.id = None;
        self.retry = None;
        self.name.clear();
        self.data.clear();
        self.data_lines = 0;
        self.size = 0;
    }

    /// Copies what the present event has in a piece that is about to go.
    fn keep(&mut self, here: &Here<'_>) {
        if self.oversized() {
            self.name.clear();
            self.data.clear();
            self.id = None;
            self.line.clear();
            return;
        }
        if let Some(id) = here.id {
            let kept = self.id.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(id);
        }
        if let Some(name) = here.name {
            self.name.clear();
            self.name.extend_from_slice(name);
        }
        if let Some(data) = here.data {
            self.data.extend_from_slice(data);
        }
    }
}

/// A number in digits alone.
fn number(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests;

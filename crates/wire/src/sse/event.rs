//! Events that own their text, and how they are written.

use std::fmt;

use super::{Event, Extras, Splitter};

/// A server-sent event.
///
/// ```
/// use weir_wire::sse::SseEvent;
/// let event = SseEvent::new("ping", "one\ntwo");
/// assert_eq!(event.to_string(), "event: ping\ndata: one\ndata: two\n\n");
/// assert_eq!(SseEvent::parse(event.to_string().as_bytes()), [event]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SseEvent {
    /// The `event:` field; empty when there is none, which means `message`.
    pub event: String,
    /// The `data:` fields, joined by line feeds.
    pub data: String,
    /// The `id:` field of this very event.
    pub id: Option<String>,
    /// How long a client is to wait before it connects again, in milliseconds.
    pub retry: Option<u64>,
}

impl SseEvent {
    /// An event of this type (empty for none) with this data.
    #[must_use]
    pub fn new(event: impl Into<String>, data: impl Into<String>) -> Self {
        Self {
            event: event.into(),
            data: data.into(),
            id: None,
            retry: None,
        }
    }

    /// The events in a whole stream; one that is not ended by a blank line counts. What is not
    /// UTF-8 is replaced. Events larger than [`super::DEFAULT_MAX_EVENT`] are left out.
    #[must_use]
    pub fn parse(stream: &[u8]) -> Vec<Self> {
        let mut events = Vec::new();
        let mut splitter = Splitter::new();
        let mut each = |event: Event<'_>, extras: Extras<'_>| events.push(Self::of(event, extras));
        splitter.push_with(stream, &mut each);
        splitter.finish_with(&mut each);
        events
    }

    /// An event that was split off a stream. What is not UTF-8 is replaced.
    #[must_use]
    pub fn of(event: Event<'_>, extras: Extras<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            event: text(event.name),
            data: text(event.data),
            id: extras.id.map(text),
            retry: extras.retry,
        }
    }

    /// Appends the event to a stream. See the `Display` implementation.
    pub fn write(&self, out: &mut Vec<u8>) {
        use std::io::Write as _;
        write!(out, "{self}").expect("a vector takes every write");
    }
}

/// The event as it stands in a stream, its blank line included.
///
/// There is a `data:` line even for empty data, as an event without one is none. Line ends, which
/// a type or an id cannot hold, are left out of those, as is an id with a NUL in it; CR and CRLF
/// in data come back as LF.
impl fmt::Display for SseEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.event.is_empty() {
            field(f, "event", &self.event)?;
        }
        if let Some(id) = self.id.as_deref().filter(|id| !id.contains('\0')) {
            field(f, "id", id)?;
        }
        if let Some(retry) = self.retry {
            writeln!(f, "retry: {retry}")?;
        }
        let mut rest = self.data.as_str();
        while let Some(end) = rest.find(['\r', '\n']) {
            let (line, after) = rest.split_at(end);
            writeln!(f, "data: {line}")?;
            let after = after
                .strip_prefix("\r\n")
                .or(after.strip_prefix(['\r', '\n']));
            rest = after.unwrap_or_default();
        }
        writeln!(f, "data: {rest}")?;
        f.write_str("\n")
    }
}

fn field(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    write!(f, "{name}: ")?;
    for part in value.split(['\r', '\n']) {
        f.write_str(part)?;
    }
    f.write_str("\n")
}

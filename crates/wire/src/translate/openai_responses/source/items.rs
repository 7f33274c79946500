//! The items of a stream: which parts they open, and what of them is still to be said.

use std::borrow::Cow;

use crate::scan::Cursor;
use crate::translate::form::{Opaque, OpaqueKind, Text};
use crate::translate::json::Json;
use crate::translate::openai_responses::read::{self, Content, Item};
use crate::translate::search;
use crate::translate::signal::{Opening, Piece, Signal};

use super::track::{Key, Kind, Section, Tracked, Where};

type Each<'e> = &'e mut dyn FnMut(Signal<'_>);

/// Most items and texts of items in one answer.
const MAX_TRACKED: usize = 4096;

/// The item of a search of the web.
const SEARCH: &str = "web_search_call";

/// Longest id of an item that is kept, in bytes.
const MAX_ID: usize = 4096;

/// All items so far, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Items {
    items: Vec<Tracked>,
    tracked: usize,
    next_part: usize,
    calls: usize,
    searches: u64,
    refused: bool,
}

impl Items {
    /// Whether there are more items than are followed.
    pub(super) fn full(&self) -> bool {
        self.tracked > MAX_TRACKED
    }

    /// Calls of tools.
    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    /// Searches of the web that the provider made.
    pub(super) fn searches(&self) -> u64 {
        self.searches
    }

    /// Whether there was a refusal.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }

    /// The item that an event of items of `kind` belongs to; one that did not say that it begins
    /// begins here. None when it is over, or something else.
    pub(super) fn find(&mut self, place: Where, kind: Kind) -> Option<usize> {
        match self.position(place) {
            Some(at) => {
                let item = self.items.get(at)?;
                let same = item.kind == kind
                    || matches!((item.kind, kind), (Kind::Call { .. }, Kind::Call { .. }));
                (same && !item.done).then_some(at)
            }
            None => self.begin(place, kind),
        }
    }

    /// The last item at `place`. Where the index is that of an item and the id is not, the index
    /// counts: some providers change ids from event to event.
    fn position(&self, place: Where) -> Option<usize> {
        let items = &self.items;
        let at_index = |item: &Tracked| match (item.place.index, place.index) {
            (Some(a), Some(b)) => Some(a == b),
            _ => None,
        };
        let named = |item: &Tracked| place.id.is_some() && item.place.id == place.id;
        let exact = |item: &Tracked| named(item) && at_index(item) != Some(false);
        let near = |item: &Tracked| at_index(item).unwrap_or(place.id.is_none() && !item.done);
        let exactly = items.iter().rposition(exact);
        exactly.or_else(|| items.iter().rposition(near))
    }

    fn begin(&mut self, place: Where, kind: Kind) -> Option<usize> {
        self.tracked += 1;
        if self.full() {
            return None;
        }
        self.items.push(Tracked {
            place,
            kind,
            id: None,
            done: false,
            part: None,
            sections: Vec::new(),
        });
        Some(self.items.len() - 1)
    }

    /// An item begins.
    pub(super) fn added(&mut self, place: Where, item: &Item<'_>, each: Each<'_>) {
        let place = with_id(place, item);
        let kind = Kind::of(&item.kind);
        let known = self.position(place).filter(|&at| {
            let known = self.items.get(at);
            known.is_some_and(|known| {
                let id_differs = known.place.id.is_some() && known.place.id != place.id;
                known.kind == kind && !(id_differs || known.done && place.id.is_none())
            })
        });
        let Some(at) = known.or_else(|| self.begin(place, kind)) else {
            return;
        };
        if kind == Kind::Reasoning
            && item.id.len() <= MAX_ID
            && let Some(known) = self.items.get_mut(at)
        {
            known.id = Some(item.id.to_string());
        }
        let named = !item.name.is_empty() && !item.call_id.is_empty();
        if matches!(kind, Kind::Call { .. }) && named {
            self.open_call(at, item, each);
        }
    }

    /// An item is done.
    pub(super) fn done(&mut self, place: Where, item: &Item<'_>, each: Each<'_>) {
        let place = with_id(place, item);
        let kind = Kind::of(&item.kind);
        let at = match self
            .position(place)
            .and_then(|at| self.items.get(at).map(|i| (at, i)))
        {
            Some((at, known)) if known.kind == kind && !known.done => Some(at),
            // Said twice.
            Some((_, known)) if known.kind == kind && known.place.id == place.id => return,
            _ => self.begin(place, kind),
        };
        if let Some(at) = at {
            self.whole(at, item, each);
        }
    }

    /// Says what was not said of an item, and closes it.
    fn whole(&mut self, at: usize, item: &Item<'_>, each: Each<'_>) {
        match Kind::of(&item.kind) {
            Kind::Message => {
                for (number, content) in (0..).zip(&item.contents) {
                    self.content(at, number, content, each);
                }
            }
            Kind::Reasoning => self.thinking(at, item, each),
            Kind::Call { .. } => {
                self.open_call(at, item, each);
                let input = item.input.as_deref().unwrap_or_default();
                self.complete(at, Key::Input, input, each);
            }
            Kind::Foreign(_) => {
                if let Some(json) = read::json(item.raw) {
                    let searched = item.kind == SEARCH && search::is_made(json.as_str());
                    self.searches += u64::from(searched);
                    let kind = Cow::Borrowed(item.kind.as_ref());
                    let part = self.open(Opening::Foreign { kind, json }, each);
                    each(Signal::Close { part });
                }
            }
        }
        self.close(at, each);
    }

    fn thinking(&mut self, at: usize, item: &Item<'_>, each: Each<'_>) {
        let (is_summary, texts) = item.thoughts();
        for (number, text) in (0..).zip(texts) {
            let key = match is_summary {
                true => Key::Summary(number),
                false => Key::Reasoning(number),
            };
            if !text.is_empty() {
                self.open_thinking(at, Some(&item.id), each);
            }
            self.complete(at, key, text, each);
        }
        if let Some(value) = &item.encrypted {
            let part = self.open_thinking(at, Some(&item.id), each);
            let opaque = Opaque {
                value: Cow::Borrowed(value.as_ref()),
                kind: OpaqueKind::Encrypted,
            };
            each(Signal::Delta {
                part,
                piece: Piece::Opaque(opaque),
            });
        }
    }

    /// A part of a message is done.
    pub(super) fn content(
        &mut self,
        at: usize,
        number: u64,
        content: &Content<'_>,
        each: Each<'_>,
    ) {
        let key = match content {
            Content::Text { text, annotations } => {
                let key = Key::Text(number);
                self.complete(at, key, text, each);
                let noted = self.section(at, key).map_or(0, |known| known.annotations);
                for json in annotations.iter().skip(noted) {
                    self.annotation(at, key, json.clone(), each);
                }
                key
            }
            Content::Refusal(text) => {
                self.complete(at, Key::Refusal(number), text, each);
                Key::Refusal(number)
            }
            Content::Reasoning(_) | Content::Other => return,
        };
        if let Some(known) = self.section(at, key)
            && !std::mem::replace(&mut known.closed, true)
            && let Some(part) = known.part
        {
            each(Signal::Close { part });
        }
    }

    /// The text `key` of an item.
    fn section(&mut self, at: usize, key: Key) -> Option<&mut Section> {
        let full = self.full();
        let sections = &mut self.items.get_mut(at)?.sections;
        // Nearly always the last.
        let found = sections.iter().rposition(|known| known.key == key);
        let index = match found {
            Some(index) => index,
            None if full => return None,
            None => {
                sections.push(Section::new(key));
                self.tracked += 1;
                sections.len() - 1
            }
        };
        sections.get_mut(index)
    }

    /// Says what of a whole text was not said yet.
    pub(super) fn complete(&mut self, at: usize, key: Key, whole: &str, each: Each<'_>) {
        let missing = match self.section(at, key) {
            Some(known) if !known.closed => known.missing(whole),
            _ => return,
        };
        self.say(at, key, Cow::Borrowed(missing), each);
    }

    /// Says more of a text.
    pub(super) fn say(&mut self, at: usize, key: Key, text: Text<'_>, each: Each<'_>) {
        if text.is_empty() {
            return;
        }
        let Some(part) = self.part(at, key, each) else {
            return;
        };
        let Some(known) = self.section(at, key) else {
            return;
        };
        known.said(&text);
        let piece = match key {
            Key::Input => Piece::Input(text),
            Key::Text(_) | Key::Refusal(_) | Key::Summary(_) | Key::Reasoning(_) => {
                Piece::Text(text)
            }
        };
        each(Signal::Delta { part, piece });
    }

    /// A source of what was said.
    pub(super) fn annotation(&mut self, at: usize, key: Key, json: Json<'_>, each: Each<'_>) {
        let Some(part) = self.part(at, key, each) else {
            return;
        };
        if let Some(known) = self.section(at, key) {
            known.annotations += 1;
            let piece = Piece::Annotation(json);
            each(Signal::Delta { part, piece });
        }
    }

    /// The part that a text is, opened if need be; none when it cannot be said (any more).
    fn part(&mut self, at: usize, key: Key, each: Each<'_>) -> Option<usize> {
        match key {
            Key::Text(_) | Key::Refusal(_) => {
                let known = self.section(at, key)?;
                if known.closed || known.part.is_some() {
                    return known.part.filter(|_| !known.closed);
                }
                let kind = match key {
                    Key::Refusal(_) => Opening::Refusal,
                    _ => Opening::Text,
                };
                self.refused |= kind == Opening::Refusal;
                let part = self.open(kind, each);
                self.section(at, key)?.part = Some(part);
                Some(part)
            }
            Key::Summary(_) | Key::Reasoning(_) => self.thought(at, key, each),
            // A call is opened by its name.
            Key::Input => self.items.get(at)?.part,
        }
    }

    /// The part of thinking. A provider may say it at length and in short: what comes first is
    /// taken. Sections of it are kept apart by an empty line.
    fn thought(&mut self, at: usize, key: Key, each: Each<'_>) -> Option<usize> {
        let of_summary = matches!(key, Key::Summary(_));
        let sections = &self.items.get(at)?.sections;
        let mut said = sections.iter().filter(|known| !known.is_empty());
        if said.any(|known| matches!(known.key, Key::Summary(_)) != of_summary) {
            return None;
        }
        let begins = !sections
            .iter()
            .any(|known| known.key == key && !known.is_empty());
        let later = sections.iter().any(|known| !known.is_empty());
        let part = self.open_thinking(at, None, each);
        if begins && later {
            let piece = Piece::Text(Cow::Borrowed("\n\n"));
            each(Signal::Delta { part, piece });
        }
        Some(part)
    }

    fn open_thinking(&mut self, at: usize, id: Option<&str>, each: Each<'_>) -> usize {
        let known = self.items.get_mut(at);
        let opened = known.as_ref().and_then(|known| known.part);
        if let Some(part) = opened {
            return part;
        }
        let first = known.and_then(|known| known.id.take());
        let id = id.map(Cow::Borrowed).or(first.map(Cow::Owned));
        let id = id.filter(|id| !id.is_empty());
        let part = self.open(Opening::Thinking { id }, each);
        if let Some(known) = self.items.get_mut(at) {
            known.part = Some(part);
        }
        part
    }

    fn open_call(&mut self, at: usize, item: &Item<'_>, each: Each<'_>) {
        let Some(known) = self.items.get(at) else {
            return;
        };
        if known.part.is_some() {
            return;
        }
        self.calls += 1;
        let kind = Opening::Call {
            id: Cow::Borrowed(item.call().as_ref()),
            name: Cow::Borrowed(item.name.as_ref()),
            freeform: Kind::of(&item.kind) == Kind::Call { freeform: true },
            item: (!item.id.is_empty()).then(|| Cow::Borrowed(item.id.as_ref())),
        };
        let part = self.open(kind, each);
        if let Some(known) = self.items.get_mut(at) {
            known.part = Some(part);
        }
    }

    fn open(&mut self, kind: Opening<'_>, each: Each<'_>) -> usize {
        let part = self.next_part;
        self.next_part += 1;
        each(Signal::Open { part, kind });
        part
    }

    fn close(&mut self, at: usize, each: Each<'_>) {
        let Some(item) = self.items.get_mut(at) else {
            return;
        };
        if std::mem::replace(&mut item.done, true) {
            return;
        }
        let open = |known: &Section| if known.closed { None } else { known.part };
        let parts = item.sections.iter().filter_map(open).chain(item.part);
        for part in parts {
            each(Signal::Close { part });
        }
        item.sections = Vec::new();
    }

    /// The answer is complete: says what of `output` was not streamed, and closes what is open.
    pub(super) fn finish(&mut self, output: &[u8], each: Each<'_>) {
        // The items of one kind come in the same order in both; indices and ids may differ.
        let mut used = vec![false; self.items.len()];
        Cursor::new(output).array(|cursor| {
            let item = Item::read(cursor.value());
            let kind = Kind::of(&item.kind);
            let place = Where {
                index: None,
                id: None,
            };
            let mut streamed = self.items.iter().zip(used.iter_mut()).enumerate();
            let same = streamed.find(|(_, (known, used))| known.kind == kind && !**used);
            let at = match same {
                Some((at, (known, used))) => {
                    *used = true;
                    (!known.done).then_some(at)
                }
                None => self.begin(place, kind),
            };
            if let Some(at) = at {
                self.whole(at, &item, each);
            }
        });
        for at in 0..self.items.len() {
            self.close(at, each);
        }
    }
}

fn with_id(place: Where, item: &Item<'_>) -> Where {
    Where {
        id: Where::id(item.id.as_bytes()).or(place.id),
        ..place
    }
}

//! Calls of tools put together from fragments, as servers cut them: by index, by id, by neither,
//! whole ones at once, names and arguments in any order.

use std::borrow::Cow;

use crate::scan::Cursor;
use crate::translate::form::{Opaque, OpaqueKind};
use crate::translate::sequence::complete::Complete;
use crate::translate::signal::{Opening, Piece, Signal};

use super::said;

/// Calls of one answer.
const MAX_CALLS: usize = 1024;
/// Bytes of arguments that wait for a name.
const MAX_WAITING: usize = 1024 * 1024;
/// Bytes of a name or an id.
const MAX_NAME: usize = 4096;
/// The index of the one call of `function_call`.
const LEGACY: &[u8] = b"function_call";

/// The calls of an answer.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    /// Whether there were more, or larger ones, than are kept.
    pub overflow: bool,
}

/// What a part is opened with.
pub(super) struct Out<'e> {
    /// The number of the next part.
    pub next: &'e mut usize,
    pub each: &'e mut dyn FnMut(Signal<'_>),
}

#[derive(Debug, Default)]
struct Call {
    part: Option<usize>,
    index: Vec<u8>,
    id: String,
    name: String,
    freeform: bool,
    /// Arguments that came before the name.
    waiting: String,
    complete: Complete,
    /// Whether any arguments but white space came.
    any: bool,
    /// An empty object came, which may be meant for one or only as a beginning.
    empty_object: bool,
    signature: Option<String>,
}

/// One entry of `tool_calls`.
#[derive(Debug, Default)]
struct Fragment<'a> {
    index: &'a [u8],
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    input: &'a [u8],
    freeform: bool,
    extra: &'a [u8],
}

impl Calls {
    /// Whether any call was opened.
    pub(super) fn any(&self) -> bool {
        self.calls.iter().any(|call| call.part.is_some())
    }

    /// Whether arguments came for a call whose name never did.
    pub(super) fn nameless(&self) -> bool {
        let nameless = |call: &Call| call.part.is_none() && !call.waiting.is_empty();
        self.calls.iter().any(nameless)
    }

    /// Takes `tool_calls`: an array of fragments, or one.
    pub(super) fn read(&mut self, list: &[u8], out: &mut Out<'_>) {
        let before = self.calls.len();
        let mut cursor = Cursor::new(list);
        if list.starts_with(b"{") {
            if let Some(fragment) = Fragment::read(&mut cursor) {
                self.take(&fragment, before, out);
            }
            return;
        }
        cursor.array(|cursor| {
            if let Some(fragment) = Fragment::read(cursor) {
                self.take(&fragment, before, out);
            }
        });
    }

    /// Takes `function_call`, which tools were called by before there were several.
    pub(super) fn read_legacy(&mut self, call: &[u8], out: &mut Out<'_>) {
        let mut fragment = Fragment::default();
        fragment.function(&mut Cursor::new(call));
        if fragment.name.is_empty() && said::text(fragment.input).is_empty() {
            return;
        }
        fragment.index = LEGACY;
        self.take(&fragment, self.calls.len(), out);
    }

    /// Gives a signature to the call of this id, if it is there.
    pub(super) fn sign(&mut self, id: &str, signature: &str, out: &mut Out<'_>) -> bool {
        let found = self.calls.iter_mut().rfind(|call| call.id == id);
        found.is_some_and(|call| call.sign(signature, out))
    }

    /// Gives a signature to the last call, if there is one.
    pub(super) fn sign_last(&mut self, signature: &str, out: &mut Out<'_>) -> bool {
        let last = self.calls.last_mut();
        last.is_some_and(|call| call.sign(signature, out))
    }

    /// Opens what has a name: another part begins.
    pub(super) fn open_named(&mut self, out: &mut Out<'_>) {
        for at in 0..self.calls.len() {
            self.open(at, out);
        }
    }

    /// Closes all.
    pub(super) fn finish(&mut self, out: &mut Out<'_>) {
        self.open_named(out);
        for call in &mut self.calls {
            call.settle(out);
            if let Some(part) = call.part {
                (out.each)(Signal::Close { part });
            }
        }
    }

    /// `before` is how many calls there were before the present chunk.
    fn take(&mut self, fragment: &Fragment<'_>, before: usize, out: &mut Out<'_>) {
        let at = match self.find(fragment, before) {
            Some(at) => at,
            None if fragment.says_nothing() => return,
            None if self.calls.len() >= MAX_CALLS => {
                self.overflow = true;
                return;
            }
            None => {
                self.open_named(out);
                self.calls.push(Call {
                    index: fragment.index.to_vec(),
                    ..Call::default()
                });
                self.calls.len() - 1
            }
        };
        let Some(call) = self.calls.get_mut(at) else {
            return;
        };
        call.named(fragment);
        if !fragment.extra.is_empty() {
            call.signature = said::thought_signature(fragment.extra).map(Cow::into_owned);
        }
        let input = match fragment.input {
            [] => Cow::Borrowed(""),
            [b'"', ..] => said::text(fragment.input),
            // Some servers send an object instead of its text.
            raw if said::json(raw).is_some() => String::from_utf8_lossy(raw),
            _ => Cow::Borrowed(""),
        };
        if input.is_empty() {
            return;
        }
        self.open(at, out);
        if let Some(call) = self.calls.get_mut(at) {
            self.overflow |= !call.input(&input, out);
        }
    }

    /// The call that a fragment goes on with.
    fn find(&self, fragment: &Fragment<'_>, before: usize) -> Option<usize> {
        let goes_on = |at: &usize| {
            let call = self.calls.get(*at);
            call.is_some_and(|call| !call.is_other(fragment))
        };
        if !fragment.index.is_empty() {
            let same = |call: &Call| call.index == fragment.index;
            let at = self.calls.iter().rposition(same);
            return at.or_else(|| self.misnumbered(fragment)).filter(goes_on);
        }
        if !fragment.id.is_empty()
            && let Some(at) = self.calls.iter().rposition(|call| call.id == fragment.id)
        {
            return Some(at).filter(goes_on);
        }
        let last = self.calls.len().checked_sub(1)?;
        // Two entries with names in one chunk are two calls.
        let begins = !fragment.name.is_empty() && last >= before;
        Some(last).filter(|at| !begins && goes_on(at))
    }

    /// The call that a fragment goes on with whose index is new, but nothing else of it: some
    /// servers count fragments, or begin to count after the first.
    fn misnumbered(&self, fragment: &Fragment<'_>) -> Option<usize> {
        if !fragment.name.is_empty() {
            return None;
        }
        if !fragment.id.is_empty() {
            return self.calls.iter().rposition(|call| call.id == fragment.id);
        }
        let last = self.calls.len().checked_sub(1)?;
        let uncounted = self.calls.get(last)?.index.is_empty();
        Some(last).filter(|_| uncounted)
    }

    /// Opens a call that has a name and is not open.
    fn open(&mut self, at: usize, out: &mut Out<'_>) {
        let Some((call, earlier)) = self.calls.get_mut(..=at).and_then(<[Call]>::split_last_mut)
        else {
            return;
        };
        if call.part.is_some() || call.name.is_empty() {
            return;
        }
        // Two calls must not share an id; who writes the answer makes another.
        let twice = earlier.iter().any(|other| other.id == call.id);
        for other in earlier {
            other.settle(out);
        }
        call.open(twice, out);
    }
}

impl Call {
    /// Whether a fragment that looks like more of this call begins another.
    fn is_other(&self, fragment: &Fragment<'_>) -> bool {
        if fragment.name.is_empty() {
            return false;
        }
        if !fragment.id.is_empty() && !self.id.is_empty() {
            return fragment.id != self.id;
        }
        if fragment.index.is_empty() && !self.name.is_empty() && fragment.name != self.name {
            return true;
        }
        let begins_anew = !fragment.input.is_empty() && fragment.input != br#""""#;
        let is_named_anew = !self.name.is_empty() && fragment.name != self.name;
        self.whole() && (begins_anew || is_named_anew)
    }

    fn whole(&self) -> bool {
        self.empty_object || self.complete.is_complete()
    }

    fn named(&mut self, fragment: &Fragment<'_>) {
        if self.id.is_empty() && fragment.id.len() <= MAX_NAME {
            self.id.push_str(&fragment.id);
        }
        self.freeform |= fragment.freeform;
        let name = fragment.name.as_ref();
        if self.part.is_some() || name.is_empty() || self.name.len() + name.len() > MAX_NAME {
            return;
        }
        if name.starts_with(&self.name) {
            // The first of it, the same again, or all that there is by now.
            self.name.clear();
        }
        self.name.push_str(name);
    }

    /// `twice` says that another call has its id.
    fn open(&mut self, twice: bool, out: &mut Out<'_>) {
        let part = *out.next;
        *out.next += 1;
        self.part = Some(part);
        (out.each)(Signal::Open {
            part,
            kind: Opening::Call {
                id: Cow::Borrowed(if twice { "" } else { &self.id }),
                name: Cow::Borrowed(&self.name),
                freeform: self.freeform,
                item: None,
            },
        });
        if let Some(signature) = self.signature.take() {
            self.sign(&signature, out);
        }
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.input(&waiting, out);
        }
    }

    fn sign(&mut self, signature: &str, out: &mut Out<'_>) -> bool {
        let Some(part) = self.part else {
            self.signature = Some(signature.to_owned());
            return true;
        };
        (out.each)(Signal::Delta {
            part,
            piece: Piece::Opaque(Opaque {
                value: Cow::Borrowed(signature),
                kind: OpaqueKind::ThoughtSignature,
            }),
        });
        true
    }

    /// Takes more of the arguments; says whether there is room for them.
    fn input(&mut self, input: &str, out: &mut Out<'_>) -> bool {
        let Some(part) = self.part else {
            self.waiting.push_str(input);
            return self.waiting.len() <= MAX_WAITING;
        };
        if self.freeform {
            self.any = true;
            give(part, input, out);
            return true;
        }
        if input.trim_ascii().is_empty() && (!self.any || self.empty_object) {
            return true;
        }
        if !self.any && input.trim_ascii() == "{}" {
            self.any = true;
            self.empty_object = true;
            return true;
        }
        // What comes behind a whole object is the same again, or the end of nothing.
        if self.complete.is_complete() {
            return true;
        }
        // The empty object was only a beginning.
        self.empty_object = false;
        self.any = true;
        self.complete.saw(input);
        give(part, input, out);
        true
    }

    /// Says what waits to be said.
    fn settle(&mut self, out: &mut Out<'_>) {
        if let Some(part) = self.part {
            if std::mem::take(&mut self.empty_object) {
                self.complete.saw("{}");
                give(part, "{}", out);
            }
            if let Some(signature) = self.signature.take() {
                self.sign(&signature, out);
            }
        }
    }
}

fn give(part: usize, input: &str, out: &mut Out<'_>) {
    (out.each)(Signal::Delta {
        part,
        piece: Piece::Input(Cow::Borrowed(input)),
    });
}

impl<'a> Fragment<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut fragment = Self::default();
        let (mut custom, mut function) = (&[][..], &[][..]);
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"index" => fragment.index = said::value(cursor),
            b"id" => {
                if let Some(id) = cursor.string() {
                    fragment.id = id.decode();
                }
            }
            b"type" => fragment.freeform = cursor.string().is_some_and(|kind| kind.is("custom")),
            b"function" => function = said::value(cursor),
            b"custom" => custom = said::value(cursor),
            b"extra_content" => fragment.extra = said::value(cursor),
            _ => {}
        });
        if function.is_empty() && !custom.is_empty() {
            fragment.freeform = true;
        }
        let inside = if fragment.freeform { custom } else { function };
        if !inside.is_empty() {
            fragment.function(&mut Cursor::new(inside));
        }
        is_object.then_some(fragment)
    }

    fn function(&mut self, cursor: &mut Cursor<'a>) {
        cursor.object(|key, cursor| match key.raw() {
            b"name" => {
                if let Some(name) = cursor.string() {
                    self.name = name.decode();
                }
            }
            b"arguments" | b"input" => self.input = said::value(cursor),
            _ => {}
        });
    }

    fn says_nothing(&self) -> bool {
        let input = said::text(self.input);
        self.id.is_empty()
            && self.name.is_empty()
            && matches!(self.input, [] | [b'"', ..])
            && input.is_empty()
    }
}

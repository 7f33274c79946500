//! What is said, chunk by chunk or at once, as parts: thinking, text, refusals, calls. Why it ends,
//! and with how many tokens, is others' business.

use std::borrow::Cow;

use crate::scan::Cursor;
use crate::translate::form::{Opaque, OpaqueKind};
use crate::translate::signal::{Opening, Piece, Signal};

use super::calls::{Calls, Out};
use super::details;
use super::inline::{Inline, Is};
use super::said::{self, Said};
use super::words::Had;

/// Thoughts of one list for which the id of their item is looked for.
const MAX_LOOKS: usize = 32;

/// Reads what is said.
#[derive(Debug, Default)]
pub(super) struct Reader {
    parts: Parts,
    inline: Inline,
    calls: Calls,
    /// The member that thinking is taken from: servers say it in several at once.
    source: Option<Member>,
    /// Which thought of `reasoning_details` is being told.
    thought: Vec<u8>,
}

/// Parts but calls, of which one is open at a time.
#[derive(Debug, Default)]
struct Parts {
    next: usize,
    open: Option<(usize, Kind)>,
    refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Refusal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Details,
    Content,
    Plain,
}

type Each<'e> = &'e mut dyn FnMut(Signal<'_>);

impl Reader {
    /// Whether a part has begun.
    pub(super) fn began(&self) -> bool {
        self.parts.next > 0
    }

    /// Whether more came than is kept.
    pub(super) fn overflow(&self) -> bool {
        self.calls.overflow
    }

    /// What the answer has in it.
    pub(super) fn had(&self) -> Had {
        Had {
            calls: self.calls.any(),
            refusal: self.parts.refused,
        }
    }

    /// Whether a call came whose name never did.
    pub(super) fn nameless(&self) -> bool {
        self.calls.nameless()
    }

    /// Takes more of the answer.
    pub(super) fn said(&mut self, said: &Said<'_>, each: Each<'_>) {
        self.reasoning(said, each);
        if !said.content.is_empty() {
            self.content(said.content, each);
        }
        let refusal = said::text(said.refusal);
        if !refusal.is_empty() {
            self.say(Kind::Refusal, &refusal, each);
        }
        if !said.annotations.is_empty() {
            self.annotations(said.annotations, each);
        }
        if !said.tool_calls.is_empty() || !said.function_call.is_empty() {
            self.take_calls(said, each);
        }
        if !said.reasoning_details.is_empty() {
            self.signatures(said.reasoning_details, each);
        }
        if let Some(signature) = said::thought_signature(said.extra_content) {
            self.opaque(signature, OpaqueKind::ThoughtSignature, each);
        }
    }

    /// Closes all parts.
    pub(super) fn finish(&mut self, each: Each<'_>) {
        self.flush(each);
        self.parts.close(each);
        let mut out = Out {
            next: &mut self.parts.next,
            each,
        };
        self.calls.finish(&mut out);
    }

    /// Takes what is shown of thinking, and what is not, except what belongs to calls.
    fn reasoning(&mut self, said: &Said<'_>, each: Each<'_>) {
        let mut told = false;
        details::read(said.reasoning_details, |detail| {
            told |= !detail.text.is_empty();
        });
        let content = said::text(said.reasoning_content);
        let plain = said::text(said.reasoning);
        if self.source.is_none() {
            self.source = match (told, content.is_empty(), plain.is_empty()) {
                (true, _, _) => Some(Member::Details),
                (false, false, _) => Some(Member::Content),
                (false, true, false) => Some(Member::Plain),
                (false, true, true) => None,
            };
            if self.source.is_some() {
                self.inline.settle();
            }
        }
        match self.source {
            Some(Member::Content) => self.say(Kind::Thinking, &content, each),
            Some(Member::Plain) => self.say(Kind::Thinking, &plain, each),
            Some(Member::Details) | None => {}
        }
        let mut entries = 0;
        details::read(said.reasoning_details, |detail| {
            entries += 1;
            if self.source == Some(Member::Details) && !detail.text.is_empty() {
                if self.thought != detail.index {
                    self.parts.close_thinking(each);
                    self.thought.clear();
                    self.thought.extend_from_slice(detail.index);
                }
                if !self.parts.is_open(Kind::Thinking) {
                    // Looked for only where that costs little: a list may be very long.
                    let near = entries <= MAX_LOOKS;
                    let id = near.then(|| details::item_after(said.reasoning_details, entries));
                    let id = id.flatten();
                    self.begin(Opening::Thinking { id }, Kind::Thinking, each);
                }
                self.say(Kind::Thinking, &detail.text, each);
            }
            match detail.opaque {
                Some(opaque) if opaque.kind != OpaqueKind::ThoughtSignature => {
                    self.thinking_with(opaque, detail.id, each);
                }
                _ => {}
            }
        });
    }

    /// Gives the thought that is open its proof, or makes one of nothing else.
    fn thinking_with(&mut self, opaque: Opaque<'_>, id: Option<Cow<'_, str>>, each: Each<'_>) {
        // What is redacted shows nothing: it is no proof of the thought before it.
        if opaque.kind == OpaqueKind::Redacted {
            self.parts.close_thinking(each);
        }
        if !self.parts.is_open(Kind::Thinking) {
            self.begin(Opening::Thinking { id }, Kind::Thinking, each);
        }
        if let Some((part, _)) = self.parts.open {
            let piece = Piece::Opaque(opaque);
            each(Signal::Delta { part, piece });
        }
        self.parts.close(each);
    }

    /// Gemini's signatures: of the call that they name, else of nothing shown.
    fn signatures(&mut self, list: &[u8], each: Each<'_>) {
        details::read(list, |detail| {
            let Some(opaque) = detail.opaque else { return };
            if opaque.kind != OpaqueKind::ThoughtSignature {
                return;
            }
            let mut out = Out {
                next: &mut self.parts.next,
                each: &mut *each,
            };
            let of_call = detail
                .id
                .is_some_and(|id| self.calls.sign(&id, &opaque.value, &mut out));
            if !of_call {
                self.thinking_with(opaque, None, each);
            }
        });
    }

    /// A signature beside the message: of its last call, else of nothing shown.
    fn opaque(&mut self, value: Cow<'_, str>, kind: OpaqueKind, each: Each<'_>) {
        let mut out = Out {
            next: &mut self.parts.next,
            each: &mut *each,
        };
        if !self.calls.sign_last(&value, &mut out) {
            self.thinking_with(Opaque { value, kind }, None, each);
        }
    }

    /// A string, or a list of typed parts.
    fn content(&mut self, content: &[u8], each: Each<'_>) {
        if content.starts_with(b"\"") {
            return self.text(&said::text(content), each);
        }
        if content.starts_with(b"{") {
            return self.typed(content, each);
        }
        Cursor::new(content).array(|cursor| {
            let part = said::value(cursor);
            match part.starts_with(b"\"") {
                true => self.text(&said::text(part), each),
                false => self.typed(part, each),
            }
        });
    }

    /// A part with a type.
    fn typed(&mut self, part: &[u8], each: Each<'_>) {
        let (mut text, mut thinking, mut refusal) = (&[][..], &[][..], &[][..]);
        Cursor::new(part).object(|key, cursor| match key.raw() {
            b"text" => text = said::value(cursor),
            b"thinking" => thinking = said::value(cursor),
            b"refusal" => refusal = said::value(cursor),
            _ => {}
        });
        if thinking.starts_with(b"[") {
            Cursor::new(thinking).array(|cursor| {
                cursor.object(|key, cursor| {
                    if key.is("text") {
                        let text = said::value(cursor);
                        self.say(Kind::Thinking, &said::text(text), each);
                    }
                });
            });
        }
        self.say(Kind::Thinking, &said::text(thinking), each);
        self.text(&said::text(text), each);
        self.say(Kind::Refusal, &said::text(refusal), each);
    }

    fn text(&mut self, text: &str, each: Each<'_>) {
        if text.is_empty() {
            return;
        }
        let mut inline = std::mem::take(&mut self.inline);
        inline.push(text, &mut |is, text| self.told(is, text, each));
        self.inline = inline;
    }

    fn flush(&mut self, each: Each<'_>) {
        let mut inline = std::mem::take(&mut self.inline);
        inline.flush(&mut |is, text| self.told(is, text, each));
        self.inline = inline;
    }

    fn told(&mut self, is: Is, text: &str, each: Each<'_>) {
        match is {
            Is::Text => self.say(Kind::Text, text, each),
            Is::Thinking => self.say(Kind::Thinking, text, each),
        }
    }

    fn say(&mut self, kind: Kind, text: &str, each: Each<'_>) {
        if text.is_empty() {
            return;
        }
        if !self.parts.is_open(kind) {
            let opening = match kind {
                Kind::Text => Opening::Text,
                Kind::Thinking => Opening::Thinking { id: None },
                Kind::Refusal => Opening::Refusal,
            };
            self.begin(opening, kind, each);
        }
        if let Some((part, _)) = self.parts.open {
            let piece = Piece::Text(Cow::Borrowed(text));
            each(Signal::Delta { part, piece });
        }
    }

    /// Opens a part; calls that wait only for arguments come before it.
    fn begin(&mut self, opening: Opening<'_>, kind: Kind, each: Each<'_>) {
        self.parts.close(each);
        let mut out = Out {
            next: &mut self.parts.next,
            each: &mut *each,
        };
        self.calls.open_named(&mut out);
        let part = self.parts.next;
        self.parts.next += 1;
        self.parts.open = Some((part, kind));
        self.parts.refused |= kind == Kind::Refusal;
        each(Signal::Open {
            part,
            kind: opening,
        });
    }

    fn annotations(&mut self, list: &[u8], each: Each<'_>) {
        let Some((part, Kind::Text)) = self.parts.open else {
            return;
        };
        if !list.starts_with(b"[") {
            return;
        }
        Cursor::new(list).array(|cursor| {
            if let Some(json) = said::json(said::value(cursor)) {
                let piece = Piece::Annotation(json);
                each(Signal::Delta { part, piece });
            }
        });
    }

    fn take_calls(&mut self, said: &Said<'_>, each: Each<'_>) {
        self.flush(each);
        let mut open = self.parts.open.map(|(part, _)| part);
        // The part that is open ends when a call begins, and not before one does.
        let mut each = |signal: Signal<'_>| {
            if matches!(signal, Signal::Open { .. })
                && let Some(part) = open.take()
            {
                each(Signal::Close { part });
            }
            each(signal);
        };
        let mut out = Out {
            next: &mut self.parts.next,
            each: &mut each,
        };
        if !said.tool_calls.is_empty() {
            self.calls.read(said.tool_calls, &mut out);
        }
        if !said.function_call.is_empty() {
            self.calls.read_legacy(said.function_call, &mut out);
        }
        if open.is_none() {
            self.parts.open = None;
        }
    }
}

impl Parts {
    fn is_open(&self, kind: Kind) -> bool {
        self.open.is_some_and(|(_, open)| open == kind)
    }

    fn close(&mut self, each: Each<'_>) {
        if let Some((part, _)) = self.open.take() {
            each(Signal::Close { part });
        }
    }

    fn close_thinking(&mut self, each: Each<'_>) {
        if self.is_open(Kind::Thinking) {
            self.close(each);
        }
    }
}

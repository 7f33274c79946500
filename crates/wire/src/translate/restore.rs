//! Says calls in the client's words again: tools by the names that the client gave them, and
//! inputs of tools that take free text as that text.

use std::borrow::Cow;
use std::collections::HashSet;

use super::form::{Body, Call, Input, Part, Request, Text, ToolKind};
use super::freeform;
use super::names::Names;
use super::signal::{Opening, Piece, Signal};

/// Most bytes of a free text that wait for their end; what is longer goes on as it came.
const MAX_TEXT: usize = 32 * 1024 * 1024;

/// The client's words for its tools.
#[derive(Clone, Debug, Default)]
pub struct Words {
    names: Names,
    /// Tools that take free text.
    freeform: HashSet<String>,
}

impl Words {
    /// Those of `request`, whose names are sent as `names` has it.
    #[must_use]
    pub fn new(request: &Request<'_>, names: Names) -> Self {
        let freeform = request.tools.iter().filter_map(|tool| match &tool.kind {
            ToolKind::Freeform { name, .. } => Some(name.to_string()),
            _ => None,
        });
        Self {
            names,
            freeform: freeform.collect(),
        }
    }

    /// Puts the calls of a whole answer into these words. Ids that are missing are made from `seed`,
    /// which differs between answers.
    pub fn restore(&self, parts: &mut [Part<'_>], seed: u64) {
        let mut made = 0;
        for part in parts {
            if let Body::Call(call) = &mut part.body {
                if call.id.is_empty() {
                    call.id = made_id(seed, &mut made);
                }
                self.restore_call(call);
            }
        }
    }

    fn restore_call(&self, call: &mut Call<'_>) {
        call.name = self.names.original(std::mem::take(&mut call.name));
        if !self.freeform.contains(&*call.name) {
            return;
        }
        if let Input::Json(json) = &call.input {
            let text = freeform::unwrap(json.as_str()).into_owned();
            call.input = Input::Text(Cow::Owned(text));
        }
    }
}

/// An id for a call of a provider that gives none.
fn made_id(seed: u64, made: &mut u32) -> Text<'static> {
    *made += 1;
    Cow::Owned(format!("call_{seed:016x}{made:02x}"))
}

/// The same for a stream, whose parts come one after the other.
#[derive(Debug, Default)]
pub struct Restore {
    words: Words,
    seed: u64,
    /// Ids made so far.
    made: u32,
    /// The JSON of a free text, until it is whole.
    wrapped: Option<Wrapped>,
}

#[derive(Debug)]
struct Wrapped {
    part: usize,
    json: String,
}

impl Restore {
    /// At the start of an answer.
    #[must_use]
    pub fn new(words: Words, seed: u64) -> Self {
        Self {
            words,
            seed,
            made: 0,
            wrapped: None,
        }
    }

    /// Takes a signal and gives it in the client's words.
    pub fn push(&mut self, signal: Signal<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        match signal {
            Signal::Open {
                part,
                kind:
                    Opening::Call {
                        id,
                        name,
                        freeform,
                        item,
                    },
            } => {
                let id = match id.is_empty() {
                    true => made_id(self.seed, &mut self.made),
                    false => id,
                };
                let name = self.words.names.original(name);
                let text = self.words.freeform.contains(&*name);
                if text && !freeform {
                    let json = String::new();
                    self.wrapped = Some(Wrapped { part, json });
                }
                let freeform = freeform || text;
                let kind = Opening::Call {
                    id,
                    name,
                    freeform,
                    item,
                };
                each(Signal::Open { part, kind });
            }
            Signal::Delta {
                part,
                piece: Piece::Input(text),
            } if self.holds(part) => {
                self.hold(part, &text, each);
            }
            Signal::Close { part } if self.holds(part) => {
                self.release(each);
                each(Signal::Close { part });
            }
            other => each(other),
        }
    }

    fn holds(&self, part: usize) -> bool {
        self.wrapped.as_ref().is_some_and(|open| open.part == part)
    }

    fn hold(&mut self, part: usize, text: &str, each: &mut dyn FnMut(Signal<'_>)) {
        let Some(open) = &mut self.wrapped else {
            return;
        };
        open.json.push_str(text);
        if open.json.len() > MAX_TEXT {
            let json = std::mem::take(&mut open.json);
            self.wrapped = None;
            let piece = Piece::Input(Cow::Owned(json));
            each(Signal::Delta { part, piece });
        }
    }

    fn release(&mut self, each: &mut dyn FnMut(Signal<'_>)) {
        if let Some(Wrapped { part, json }) = self.wrapped.take() {
            let piece = Piece::Input(freeform::unwrap(&json));
            each(Signal::Delta { part, piece });
        }
    }
}

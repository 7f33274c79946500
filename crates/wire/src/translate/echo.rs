//! Thinking that a client does not hand back, remembered for the next request: some providers
//! refuse a conversation in which a call stands without the thinking that led to it.
//!
//! What is remembered belongs to a call at one place of one conversation: its key is made of all
//! that was said before and of the call's id, so that no other conversation gets it. Where and for
//! how long it is kept is the [`Memory`]'s business.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::form::{Body, Opaque, Part, Request, Role, Turn};
use super::signal::{Opening, Piece, Signal};

/// Most bytes of one answer's thinking that are remembered; of more than that nothing is.
const MAX_ANSWER: usize = 256 * 1024;

/// A call at one place of one conversation.
pub type Key = u128;

/// A thought of the model's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thought {
    /// What was shown of it.
    pub text: String,
    /// What proves or holds it.
    pub opaque: Option<Opaque<'static>>,
    /// The id of its item (Responses).
    pub id: Option<String>,
}

/// What belongs to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo {
    /// What the model thought before it; nothing for the later ones of several calls.
    pub thoughts: Vec<Thought>,
    /// What travels with the call itself.
    pub opaque: Option<Opaque<'static>>,
}

impl Echo {
    /// Bytes in it, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let length = |opaque: &Option<Opaque<'_>>| opaque.as_ref().map_or(0, |o| o.value.len());
        let thoughts = self.thoughts.iter();
        let thoughts = thoughts.map(|thought| thought.text.len() + length(&thought.opaque));
        thoughts.sum::<usize>() + length(&self.opaque)
    }
}

/// Keeps what belongs to calls. Nothing may be waited for in it.
pub trait Memory: Debug + Send + Sync {
    /// Keeps `echo` for a while.
    fn remember(&self, key: Key, echo: Echo);

    /// What was kept, if it is still there.
    fn recall(&self, key: Key) -> Option<Arc<Echo>>;
}

fn key(said_before: u128, call: &str) -> Key {
    let mut hash = Xxh3::new();
    hash.update(&said_before.to_le_bytes());
    hash.update(call.as_bytes());
    hash.digest128()
}

/// A digest of a conversation up to some place.
#[derive(Clone, Copy, Debug, Default)]
struct Said(u128);

impl Said {
    fn turn(&mut self, turn: &Turn<'_>) {
        let mut hash = Xxh3::new();
        hash.update(&self.0.to_le_bytes());
        hash.update(&[turn.role as u8]);
        hash_parts(&mut hash, &turn.parts);
        self.0 = hash.digest128();
    }
}

/// What clients send again as they got or sent it: texts, calls, results. Clients put blanks around
/// texts as they like.
fn hash_parts(hash: &mut Xxh3, parts: &[Part<'_>]) {
    for part in parts {
        let piece = match &part.body {
            Body::Text { text, .. } => xxh3_128(text.trim().as_bytes()),
            Body::Call(call) => xxh3_128(call.id.as_bytes()),
            Body::Result { call, parts, .. } => {
                hash.update(call.as_bytes());
                hash_parts(hash, parts);
                continue;
            }
            _ => continue,
        };
        hash.update(&piece.to_le_bytes());
    }
}

/// Whether a turn is the model's.
fn speaks(turn: &Turn<'_>) -> bool {
    turn.role == Role::Assistant
}

/// Puts back what `memory` has of the calls of a conversation, where the client left it out.
pub fn recall(request: &mut Request<'_>, memory: &dyn Memory) {
    let mut said = Said::default();
    let mut rest = request.turns.as_mut_slice();
    while let Some(first) = rest.iter().position(speaks) {
        let (before, step) = rest.split_at_mut(first);
        before.iter().for_each(|turn| said.turn(turn));
        let end = step.iter().position(|turn| !speaks(turn));
        let (step, later) = step.split_at_mut(end.unwrap_or(step.len()));
        let at = said.0;
        step.iter().for_each(|turn| said.turn(turn));
        recall_step(step, at, memory);
        rest = later;
    }
}

fn recall_step(step: &mut [Turn<'_>], at: u128, memory: &dyn Memory) {
    let parts = step.iter().flat_map(|turn| &turn.parts);
    let mut thinks = parts
        .clone()
        .any(|part| matches!(part.body, Body::Thinking { .. }));
    for turn in step {
        let mut thoughts = Vec::new();
        for part in &mut turn.parts {
            let Body::Call(call) = &mut part.body else {
                continue;
            };
            if call.id.is_empty() || (thinks && call.opaque.is_some()) {
                continue;
            }
            let Some(echo) = memory.recall(key(at, &call.id)) else {
                continue;
            };
            if call.opaque.is_none() {
                call.opaque.clone_from(&echo.opaque);
            }
            if !thinks && !echo.thoughts.is_empty() {
                thoughts.extend(echo.thoughts.iter().map(part_of));
                thinks = true;
            }
        }
        if !thoughts.is_empty() {
            turn.parts.splice(0..0, thoughts);
        }
    }
}

fn part_of<'a>(thought: &Thought) -> Part<'a> {
    Body::Thinking {
        text: Cow::Owned(thought.text.clone()),
        opaque: thought.opaque.clone(),
        id: thought.id.clone().map(Cow::Owned),
    }
    .into()
}

/// Where the answer to `request` will stand.
#[must_use]
pub fn place(request: &Request<'_>) -> u128 {
    let turns = &request.turns;
    let said = turns.iter().rposition(|turn| !speaks(turn));
    let mut place = Said::default();
    let turns = turns.get(..said.map_or(0, |at| at + 1)).unwrap_or_default();
    turns.iter().for_each(|turn| place.turn(turn));
    place.0
}

/// Listens to an answer for what is to be remembered.
#[derive(Debug)]
pub struct Listener {
    memory: Arc<dyn Memory>,
    place: u128,
    thoughts: Vec<Thought>,
    /// The thought or the call that is open.
    open: Open,
    size: usize,
}

#[derive(Debug)]
enum Open {
    Nothing,
    Thought(usize),
    Call {
        part: usize,
        key: Key,
        opaque: Option<Opaque<'static>>,
    },
}

impl Listener {
    /// For the answer that stands at `place`.
    #[must_use]
    pub fn new(memory: Arc<dyn Memory>, place: u128) -> Self {
        Self {
            memory,
            place,
            thoughts: Vec::new(),
            open: Open::Nothing,
            size: 0,
        }
    }

    /// Takes in what was said, part after part.
    pub fn hear(&mut self, signal: &Signal<'_>) {
        match signal {
            Signal::Open { part, kind } => self.opened(*part, kind),
            Signal::Delta { part, piece } => self.more(*part, piece),
            Signal::Close { part } => self.closed(*part),
            _ => {}
        }
    }

    /// The same for an answer that is there as a whole.
    pub fn hear_whole(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            match &part.body {
                Body::Thinking { text, opaque, id } => {
                    let thought = Thought {
                        text: text.to_string(),
                        opaque: opaque.as_ref().map(owned),
                        id: id.as_deref().map(str::to_owned),
                    };
                    self.thoughts.push(thought);
                }
                Body::Call(call) if !call.id.is_empty() => {
                    let opaque = call.opaque.as_ref().map(owned);
                    self.remember(key(self.place, &call.id), opaque);
                }
                _ => {}
            }
        }
    }

    fn opened(&mut self, part: usize, kind: &Opening<'_>) {
        self.open = match kind {
            Opening::Thinking { id } => {
                self.thoughts.push(Thought {
                    id: id.as_deref().map(str::to_owned),
                    ..Thought::default()
                });
                Open::Thought(part)
            }
            Opening::Call { id, .. } if !id.is_empty() => Open::Call {
                part,
                key: key(self.place, id),
                opaque: None,
            },
            _ => Open::Nothing,
        };
    }

    fn more(&mut self, of: usize, piece: &Piece<'_>) {
        match (&mut self.open, piece) {
            (Open::Thought(part), Piece::Text(text)) if *part == of => {
                self.size += text.len();
                if let Some(thought) = self.thoughts.last_mut().filter(|_| self.size <= MAX_ANSWER)
                {
                    thought.text.push_str(text);
                }
            }
            (Open::Thought(part), Piece::Opaque(opaque)) if *part == of => {
                self.size += opaque.value.len();
                if let Some(thought) = self.thoughts.last_mut().filter(|_| self.size <= MAX_ANSWER)
                {
                    thought.opaque = Some(owned(opaque));
                }
            }
            (Open::Call { part, opaque, .. }, Piece::Opaque(value)) if *part == of => {
                self.size += value.value.len();
                *opaque = Some(owned(value));
            }
            _ => {}
        }
    }

    fn closed(&mut self, of: usize) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Call { part, key, opaque } if part == of => self.remember(key, opaque),
            other => self.open = other,
        }
    }

    fn remember(&mut self, key: Key, opaque: Option<Opaque<'static>>) {
        let thoughts = std::mem::take(&mut self.thoughts);
        let echo = Echo { thoughts, opaque };
        let size = self.size.max(echo.size());
        if size <= MAX_ANSWER && echo != Echo::default() {
            self.memory.remember(key, echo);
        }
    }
}

fn owned(opaque: &Opaque<'_>) -> Opaque<'static> {
    Opaque {
        value: Cow::Owned(opaque.value.clone().into_owned()),
        kind: opaque.kind,
    }
}

#[cfg(test)]
mod tests;

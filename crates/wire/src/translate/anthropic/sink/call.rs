//! Calls of tools: input piece by piece, always an object in the end.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

use super::super::object::{Halt, Prefix};
use super::super::{input, words};
use super::{block, frame};
use crate::marks::messages as mark;
use crate::translate::form::Opaque;
use crate::translate::names::{Rule, sent};

/// Bytes of input held back because they are no object, after which no piece is added.
const MAX_HELD: usize = 8 * 1024 * 1024;

/// The ids of an answer's calls; each is given once.
#[derive(Debug)]
pub(in crate::translate::anthropic) struct Ids {
    seed: u64,
    /// How many were given.
    count: u64,
    /// Hashes of them. Should two be equal, an id is changed without need, which harms nobody.
    given: HashSet<u64>,
}

impl Ids {
    pub(in crate::translate::anthropic) fn new(seed: u64) -> Self {
        Self {
            seed,
            count: 0,
            given: HashSet::new(),
        }
    }

    /// `id`, or one made of it when it is empty, was given before, or is none that Anthropic would
    /// take in a later request (`functions.Bash:0`).
    pub(in crate::translate::anthropic) fn unique(&mut self, id: &str) -> String {
        let number = self.count;
        self.count += 1;
        let mut own = match id {
            "" => format!("toolu_{:016x}{number:04x}", self.seed),
            id => sent(id, Rule::ANTHROPIC).into_owned(),
        };
        while !self.given.insert(xxh3_64(own.as_bytes())) {
            own = sent(&format!("{own}_{number}"), Rule::ANTHROPIC).into_owned();
        }
        own
    }
}

/// A call that is open.
#[derive(Debug)]
pub(super) struct Call {
    id: String,
    name: String,
    block: Option<u64>,
    opaque: Option<Opaque<'static>>,
    input: Input,
}

/// How its input comes.
#[derive(Debug)]
enum Input {
    /// So far there is none.
    None,
    /// It is an object so far.
    Object(Prefix),
    /// It was a whole object.
    Whole,
    /// It went on as no object can; this is the rest.
    Broken(Prefix, String),
    /// It does not begin as an object, or is free text.
    Held(String),
}

impl Call {
    pub(super) fn new(id: String, name: &str, freeform: bool) -> Self {
        Self {
            id,
            name: words::tool_name(name).to_owned(),
            block: None,
            opaque: None,
            input: match freeform {
                true => Input::Held(String::new()),
                false => Input::None,
            },
        }
    }

    /// Keeps what travels with it.
    pub(super) fn prove(&mut self, opaque: &Opaque<'_>) {
        self.opaque = Some(block::owned(opaque));
    }

    /// Takes a piece of its input.
    pub(super) fn input(&mut self, piece: &str, next: &mut u64, out: &mut Vec<u8>) {
        if let Input::None = self.input {
            match piece.trim_start().as_bytes().first() {
                None => return,
                Some(b'{') => self.input = Input::Object(Prefix::default()),
                Some(_) => self.input = Input::Held(String::new()),
            }
        }
        match &mut self.input {
            Input::None | Input::Whole => {}
            Input::Object(_) => self.object(piece, next, out),
            Input::Broken(_, held) | Input::Held(held) => hold(held, piece),
        }
    }

    fn object(&mut self, mut piece: &str, next: &mut u64, out: &mut Vec<u8>) {
        while !piece.is_empty() {
            let Input::Object(prefix) = &mut self.input else {
                return;
            };
            let (taken, halt) = prefix.take(piece);
            let (good, rest) = piece.split_at_checked(taken).unwrap_or((piece, ""));
            piece = "";
            match halt {
                Halt::End => {}
                Halt::Whole => self.input = Input::Whole,
                Halt::Control(_) => piece = rest.get(1..).unwrap_or_default(),
                Halt::Broken => {
                    let mut held = String::new();
                    hold(&mut held, rest);
                    self.input = Input::Broken(std::mem::take(prefix), held);
                }
            }
            if !good.is_empty() {
                self.say(good, next, out);
            }
            if let Halt::Control(byte) = halt {
                self.say(&format!("\\u{byte:04x}"), next, out);
            }
        }
    }

    fn say(&mut self, piece: &str, next: &mut u64, out: &mut Vec<u8>) {
        let block = self.start(next, out);
        frame::delta(out, block, frame::INPUT, piece);
    }

    /// Starts the block if it has not begun; before it, what travels with the call.
    fn start(&mut self, next: &mut u64, out: &mut Vec<u8>) -> u64 {
        if let Some(block) = self.block {
            return block;
        }
        self.carry(next, out);
        let started = frame::start(next, out, |block| {
            block.key("type").string("tool_use");
            block.key("id").string(&self.id);
            block.key("name").string(&self.name);
            block.key("input").object().end_object();
        });
        self.block = Some(started);
        started
    }

    /// Writes what travels with the call as thinking that only holds it.
    fn carry(&mut self, next: &mut u64, out: &mut Vec<u8>) {
        if let Some(opaque) = self.opaque.take() {
            block::carry(&mark::of_call(&self.id, &opaque), next, out);
        }
    }

    /// Ends the call; gives it back when its input is not whole.
    pub(super) fn close(mut self, next: &mut u64, out: &mut Vec<u8>) -> Option<Self> {
        match &self.input {
            Input::None => self.say("{}", next, out),
            Input::Whole => {}
            Input::Held(text) => {
                let object = input::object_in(text).into_owned();
                self.say(&object, next, out);
            }
            Input::Object(_) | Input::Broken(..) => return Some(self),
        }
        self.stop(next, out);
        None
    }

    /// Ends a call whose input is not whole; `cut_short` leaves it so.
    pub(super) fn settle(mut self, cut_short: bool, next: &mut u64, out: &mut Vec<u8>) {
        let ending = match &self.input {
            Input::Object(_) if cut_short => None,
            Input::Object(prefix) => Some(prefix.ending(input::RAW, "")),
            Input::Broken(prefix, rest) => Some(prefix.ending(input::RAW, rest)),
            Input::None | Input::Whole | Input::Held(_) => None,
        };
        if let Some(ending) = ending {
            self.say(&ending, next, out);
        }
        self.stop(next, out);
    }

    fn stop(mut self, next: &mut u64, out: &mut Vec<u8>) {
        let block = self.start(next, out);
        frame::stop(out, block);
        self.carry(next, out);
    }
}

/// Keeps `piece` unless much is held already.
fn hold(held: &mut String, piece: &str) {
    if held.len() < MAX_HELD {
        held.push_str(piece);
    }
}

//! Calls and results in pairs: a view of a conversation in which every call is answered at once.
//!
//! Nothing of the conversation is copied or lost. How a missing result, or one that nobody asked
//! for, is said is the writer's business.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use super::form::{Body, Call, Extra, Part, Role, Turn};

/// What one side says before the other does.
#[derive(Clone, Debug)]
pub struct Step<'r, 'a> {
    /// Who speaks. Turns of the assistant that follow each other are one step; the others are not
    /// put together.
    pub role: Role,
    /// What is said. Results stand before everything else, in the order of their calls.
    pub pieces: Vec<Piece<'r, 'a>>,
    /// The rest of the message; none where several were put together or one was made.
    pub extra: Option<&'r Extra<'a>>,
}

/// A piece of a step.
#[derive(Clone, Debug)]
pub enum Piece<'r, 'a> {
    /// Neither a call nor a result, except for calls that somebody else than the assistant makes.
    Part(&'r Part<'a>),
    /// A call, which the next step answers.
    Call {
        /// The call.
        call: &'r Call<'a>,
        /// Its id: never empty, and no other call of the step has it.
        id: Cow<'r, str>,
        /// The part that it is.
        part: &'r Part<'a>,
    },
    /// The answer to a call of the step before.
    Result {
        /// The call.
        call: &'r Call<'a>,
        /// Its id, as above.
        id: Cow<'r, str>,
        /// The part with the result, a [`Body::Result`]; none when the client gave none.
        part: Option<&'r Part<'a>>,
    },
    /// A result that answers no call of the step before.
    Stray(&'r Part<'a>),
}

/// The steps of a conversation. Steps in which nothing is said are left out.
#[must_use]
pub fn steps<'r, 'a>(turns: &'r [Turn<'a>]) -> Vec<Step<'r, 'a>> {
    let mut steps = Steps::default();
    let mut rest = turns;
    while !rest.is_empty() {
        let speaks = |turn: &Turn<'_>| turn.role == Role::Assistant;
        let said = rest.iter().position(|turn| !speaks(turn));
        let (said, later) = rest.split_at(said.unwrap_or(rest.len()));
        let answered = later.iter().position(speaks).unwrap_or(later.len());
        let (answers, later) = later.split_at(answered);
        steps.exchange(said, answers);
        rest = later;
    }
    steps.steps
}

#[derive(Default)]
struct Steps<'r, 'a> {
    steps: Vec<Step<'r, 'a>>,
    /// Calls so far that had no id.
    nameless: usize,
}

impl<'r, 'a> Steps<'r, 'a> {
    /// What the assistant says and what comes before it speaks again.
    fn exchange(&mut self, said: &'r [Turn<'a>], answers: &'r [Turn<'a>]) {
        let extra = match said {
            [turn] => Some(&turn.extra),
            _ => None,
        };
        let mut ids = HashSet::new();
        let parts = said.iter().flat_map(|turn| &turn.parts);
        let pieces: Vec<_> = parts.map(|part| self.spoken(part, &mut ids)).collect();
        let mut waiting = Waiting::new(answers);
        let mut results = Vec::new();
        for piece in &pieces {
            if let Piece::Call { call, id, .. } = piece {
                results.push(Piece::Result {
                    call,
                    id: id.clone(),
                    part: waiting.take(call),
                });
            }
        }
        self.push(Role::Assistant, pieces, extra);
        self.answers(answers, results, &waiting);
    }

    fn spoken(&mut self, part: &'r Part<'a>, ids: &mut HashSet<Cow<'r, str>>) -> Piece<'r, 'a> {
        let call = match &part.body {
            Body::Call(call) => call,
            Body::Result { .. } => return Piece::Stray(part),
            _ => return Piece::Part(part),
        };
        let mut id: Cow<'r, str> = Cow::Borrowed(&call.id);
        if id.is_empty() || !ids.insert(id.clone()) {
            let first = if id.is_empty() { "call" } else { &call.id };
            id = Cow::Owned(format!("{first}_weir_{}", self.nameless));
            self.nameless += 1;
        }
        Piece::Call { call, id, part }
    }

    fn answers(
        &mut self,
        turns: &'r [Turn<'a>],
        results: Vec<Piece<'r, 'a>>,
        waiting: &Waiting<'r, 'a>,
    ) {
        let mut results = Some(results);
        if turns.first().is_none_or(|turn| turn.role != Role::User) {
            self.push(Role::User, results.take().unwrap_or_default(), None);
        }
        for turn in turns {
            let mut pieces = results.take().unwrap_or_default();
            for part in &turn.parts {
                match &part.body {
                    Body::Result { .. } if waiting.taken.contains(&std::ptr::from_ref(part)) => {}
                    Body::Result { .. } => pieces.push(Piece::Stray(part)),
                    _ => pieces.push(Piece::Part(part)),
                }
            }
            self.push(turn.role, pieces, Some(&turn.extra));
        }
    }

    fn push(&mut self, role: Role, pieces: Vec<Piece<'r, 'a>>, extra: Option<&'r Extra<'a>>) {
        if !pieces.is_empty() {
            self.steps.push(Step {
                role,
                pieces,
                extra,
            });
        }
    }
}

/// Results that no call has taken yet.
struct Waiting<'r, 'a> {
    by_id: HashMap<&'r str, VecDeque<&'r Part<'a>>>,
    /// Those without an id, by the tool's name; empty where that is missing too.
    by_name: HashMap<&'r str, VecDeque<&'r Part<'a>>>,
    taken: HashSet<*const Part<'a>>,
}

impl<'r, 'a> Waiting<'r, 'a> {
    fn new(turns: &'r [Turn<'a>]) -> Self {
        let mut waiting = Self {
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            taken: HashSet::new(),
        };
        for part in turns.iter().flat_map(|turn| &turn.parts) {
            let Body::Result { call, name, .. } = &part.body else {
                continue;
            };
            let list = match call.is_empty() {
                true => waiting.by_name.entry(name.as_deref().unwrap_or_default()),
                false => waiting.by_id.entry(call),
            };
            list.or_default().push_back(part);
        }
        waiting
    }

    fn take(&mut self, call: &Call<'_>) -> Option<&'r Part<'a>> {
        let part = take_first(&mut self.by_id, &call.id)
            .or_else(|| take_first(&mut self.by_name, &call.name))
            // Who names no tool either means the next call.
            .or_else(|| take_first(&mut self.by_name, ""))?;
        self.taken.insert(std::ptr::from_ref(part));
        Some(part)
    }
}

fn take_first<'r, 'a>(
    lists: &mut HashMap<&'r str, VecDeque<&'r Part<'a>>>,
    key: &str,
) -> Option<&'r Part<'a>> {
    lists.get_mut(key)?.pop_front()
}

#[cfg(test)]
mod tests;

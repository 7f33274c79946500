//! How the requests of a session follow from each other, told by the fingerprints of their
//! messages: each is put beside the earlier one with which it shares the longest beginning.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Signs, TurnKind};

/// Longest time after which the same messages are a try again, in microseconds.
const SOON_US: i64 = 600_000_000;

/// How a request relates to the earlier ones of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// It begins a conversation.
    New,
    /// It goes on where an earlier one ended.
    Extends,
    /// It goes on from within an earlier one.
    Fork,
    /// It goes on from a summary of earlier ones.
    Compaction,
    /// It is an earlier one again.
    Retry,
}

impl Relation {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Extends => "extends",
            Self::Fork => "fork",
            Self::Compaction => "compaction",
            Self::Retry => "retry",
        }
    }
}

/// A turn as far as its place needs it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// What it is, before it is known to be a try again.
    pub kind: TurnKind,
    pub signs: Signs,
    /// The agent; empty for the main one.
    pub agent: Box<str>,
    pub started_us: i64,
    pub has_failed: bool,
    /// A digest of the body.
    pub digest: Option<Vec<u8>>,
    /// One for each message.
    pub prints: Vec<u64>,
}

/// The place of a turn among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Related {
    /// What it is.
    pub kind: TurnKind,
    /// How it follows.
    pub relation: Relation,
    /// The turn that it extends or parts from, by place.
    pub extends: Option<usize>,
    /// The turn that it repeats, by place.
    pub retry_of: Option<usize>,
    /// The first message that the other did not have, from 0.
    pub new_from: usize,
}

/// Takes a key that is a hash already for its own.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What was seen of a session so far.
#[derive(Default)]
struct Seen {
    /// Beginnings of conversations, to the newest turn that has them.
    beginnings: HashMap<u64, usize, BuildHasherDefault<Same>>,
    /// Bodies, to the newest turn with them.
    bodies: HashMap<Vec<u8>, usize>,
    /// The newest turn of each agent's conversation.
    newest: HashMap<Box<str>, usize>,
}

/// Puts each turn, in order of time, beside the earlier one that it follows.
pub(crate) fn relate(turns: &[Told]) -> Vec<Related> {
    let mut seen = Seen::default();
    let mut placed = Vec::with_capacity(turns.len());
    for (at, turn) in turns.iter().enumerate() {
        let (beginnings, lane) = beginnings(turn);
        let related = place(&seen, turns, turn, &beginnings);
        placed.push(related);
        if let Some(digest) = &turn.digest {
            seen.bodies.insert(digest.clone(), at);
        }
        for beginning in beginnings {
            seen.beginnings.insert(beginning, at);
        }
        if matches!(turn.kind, TurnKind::Main | TurnKind::Subagent) {
            seen.newest.insert(lane, at);
        }
    }
    placed
}

/// A hash of every beginning of a turn's conversation, shortest first. Conversations of different
/// agents, and side calls, have none in common.
fn beginnings(turn: &Told) -> (Vec<u64>, Box<str>) {
    let mut hash = xxh3_64_with_seed(turn.agent.as_bytes(), turn.kind as u64);
    let next = |print: &u64| {
        hash = xxh3_64_with_seed(&print.to_le_bytes(), hash);
        hash
    };
    (turn.prints.iter().map(next).collect(), turn.agent.clone())
}

fn place(seen: &Seen, turns: &[Told], turn: &Told, beginnings: &[u64]) -> Related {
    let mut related = Related {
        kind: turn.kind,
        relation: Relation::New,
        extends: None,
        retry_of: None,
        new_from: 0,
    };
    if turn.kind == TurnKind::Count || turn.kind == TurnKind::Probe {
        return related;
    }
    let shared = beginnings.partition_point(|hash| seen.beginnings.contains_key(hash));
    let nearest = shared
        .checked_sub(1)
        .and_then(|last| beginnings.get(last))
        .and_then(|hash| seen.beginnings.get(hash))
        .copied();
    if let Some(of) = repeated(
        seen,
        turns,
        turn,
        nearest.filter(|_| shared == beginnings.len()),
    ) {
        related.kind = TurnKind::Retry;
        related.relation = Relation::Retry;
        related.retry_of = Some(of);
        related.new_from = turn.prints.len();
        return related;
    }
    let earlier = seen.newest.get(&turn.agent).and_then(|at| turns.get(*at));
    related.extends = nearest;
    related.new_from = shared;
    let length = nearest
        .and_then(|at| turns.get(at))
        .map(|other| other.prints.len());
    related.relation = match (length, earlier) {
        _ if turn.signs.is_continued && earlier.is_some_and(|e| parted(e, turn, shared)) => {
            Relation::Compaction
        }
        (Some(length), _) if length == shared => Relation::Extends,
        (Some(_), _) => Relation::Fork,
        (None, _) => Relation::New,
    };
    related
}

/// Whether a conversation that begins with a summary is not simply the next turn of one that does.
fn parted(earlier: &Told, turn: &Told, shared: usize) -> bool {
    !earlier.signs.is_continued || (shared < earlier.prints.len() && shared < turn.prints.len())
}

/// The turn that this one repeats: the same body, or the same messages soon after a failure.
fn repeated(seen: &Seen, turns: &[Told], turn: &Told, same: Option<usize>) -> Option<usize> {
    let is_soon = |at: &usize| {
        turns.get(*at).is_some_and(|other| {
            other.agent == turn.agent && turn.started_us - other.started_us <= SOON_US
        })
    };
    let by_body = turn
        .digest
        .as_ref()
        .and_then(|digest| seen.bodies.get(digest));
    by_body.copied().filter(is_soon).or_else(|| {
        same.filter(is_soon).filter(|at| {
            turns
                .get(*at)
                .is_some_and(|other| other.has_failed && other.prints.len() == turn.prints.len())
        })
    })
}

#[cfg(test)]
mod tests;

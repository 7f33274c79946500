//! How the requests of a session follow from each other, told by the fingerprints of their
//! messages: each is put beside the earlier one with which it shares the longest beginning.

use std::collections::HashMap;

use super::forest::{Forest, Node};
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
    /// Where its conversation ends, in the forest of all of them.
    pub tip: Node,
    /// The turn that the request itself says it goes on from, by place.
    pub follows: Option<usize>,
}

/// Where the conversations of an agent are, apart from those of others and from side calls.
pub(crate) fn lane(forest: &mut Forest, kind: TurnKind, agent: &str) -> Node {
    let mut name = vec![kind as u8];
    name.extend_from_slice(agent.as_bytes());
    forest.lane(&name)
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

/// What was seen of a session so far.
#[derive(Default)]
struct Seen<'a> {
    /// Bodies, to the newest turn with them.
    bodies: HashMap<&'a [u8], usize>,
    /// The newest turn of each agent's conversation.
    newest: HashMap<&'a str, usize>,
}

/// Puts each turn, in order of time, beside the earlier one that it follows. Their conversations are
/// in the forest.
pub(crate) fn relate(turns: &[Told], forest: &mut Forest) -> Vec<Related> {
    let mut seen = Seen::default();
    let mut placed = Vec::with_capacity(turns.len());
    for (at, turn) in turns.iter().enumerate() {
        placed.push(place(&seen, turns, turn, forest));
        if let Some(digest) = &turn.digest {
            seen.bodies.insert(digest, at);
        }
        if !matches!(turn.kind, TurnKind::Count | TurnKind::Probe) {
            forest.visit(turn.tip, at);
        }
        if matches!(turn.kind, TurnKind::Main | TurnKind::Subagent) {
            seen.newest.insert(&turn.agent, at);
        }
    }
    placed
}

fn place(seen: &Seen<'_>, turns: &[Told], turn: &Told, forest: &Forest) -> Related {
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
    let depth = |turn: &Told| forest.depth(turn.tip);
    let (shared, nearest) = match forest.shared(turn.tip) {
        Some((node, newest)) => (forest.depth(node), Some(newest)),
        None => (0, None),
    };
    let same = nearest.filter(|at| {
        let other = turns.get(*at);
        shared == depth(turn) && other.is_some_and(|other| depth(other) == shared)
    });
    // What comes before the request in its conversation is no message of its own.
    let unsent = turn.follows.and_then(|at| turns.get(at)).map_or(0, depth);
    if let Some(of) = repeated(seen, turns, turn, same) {
        related.kind = TurnKind::Retry;
        related.relation = Relation::Retry;
        related.retry_of = Some(of);
        related.new_from = depth(turn).saturating_sub(unsent);
        return related;
    }
    if turn.follows.is_some() {
        related.relation = Relation::Extends;
        related.extends = turn.follows;
        return related;
    }
    let earlier = seen.newest.get(&*turn.agent).and_then(|at| turns.get(*at));
    related.extends = nearest;
    related.new_from = shared;
    let length = nearest.and_then(|at| turns.get(at)).map(depth);
    let parts = |earlier: &Told| parted(earlier.signs, (depth(earlier), depth(turn)), shared);
    related.relation = match length {
        _ if turn.signs.is_continued && earlier.is_some_and(parts) => Relation::Compaction,
        Some(length) if length == shared => Relation::Extends,
        Some(_) => Relation::Fork,
        None => Relation::New,
    };
    related
}

/// Whether a conversation that begins with a summary is not simply the next turn of one that does.
fn parted(earlier: Signs, (before, now): (usize, usize), shared: usize) -> bool {
    !earlier.is_continued || (shared < before && shared < now)
}

/// The turn that this one repeats: the same body, or the same messages soon after a failure.
fn repeated(seen: &Seen<'_>, turns: &[Told], turn: &Told, same: Option<usize>) -> Option<usize> {
    let is_soon = |at: &usize| {
        turns.get(*at).is_some_and(|other| {
            (other.kind, &other.agent) == (turn.kind, &turn.agent)
                && other.follows == turn.follows
                && turn.started_us - other.started_us <= SOON_US
        })
    };
    let digest = turn.digest.as_deref();
    let by_body = digest.and_then(|digest| seen.bodies.get(digest));
    let has_failed = |at: &usize| turns.get(*at).is_some_and(|other| other.has_failed);
    by_body
        .copied()
        .filter(is_soon)
        .or_else(|| same.filter(is_soon).filter(has_failed))
}

#[cfg(test)]
mod tests;

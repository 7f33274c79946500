//! Recent request bodies in memory, to find what a new one repeats. Agents resend their whole
//! history every turn, so the best match is nearly always the same conversation's last body; it is
//! then brought up to date in place, which costs the new bytes and not the whole body.
//!
//! Does not store anything and does not know what a body means.

use std::collections::{HashMap, HashSet, VecDeque};

use bytes::{Bytes, BytesMut};
use weir_core::exchange::RawBody;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::digest::{ChunkDigests, Digest};
use super::overlap::{copy_range, pieces_prefix, pieces_suffix};
use super::pack::{ALIGNED, MIN_PIECE};

/// Shorter bodies are stored as they are: a difference would not be smaller.
pub(crate) const MIN_BODY: usize = 256;
/// Longest chain of differences. Reading a body back opens this many rows at worst.
const MAX_DEPTH: u32 = 96;
/// Candidates compared for one body.
const MAX_CANDIDATES: usize = 8;
/// Smaller bodies' memory is not worth keeping.
const WORTH_SPARING: usize = 16 * 1024;
/// A body is found by a hash of its front, at each of these lengths: the longest that matches
/// tells conversations with the same opening apart without comparing them.
const RUNGS: [usize; 6] = [256, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18];
/// Samples of the front between two rungs, and the bytes of each.
const SAMPLES: usize = 16;
const SAMPLE: usize = 64;
/// Bytes of the old body that may be missing in the new one for it to count as its successor. A
/// moved cache marker or a changed status line is a few hundred.
const LOST_AT_MOST: usize = 1024;

/// What a body shares with one that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    /// The row that holds the other body.
    pub row: i64,
    /// Bytes shared at the front.
    pub prefix: usize,
    /// Bytes shared at the end.
    pub suffix: usize,
    /// Rows to open to read this body, beyond its own.
    pub depth: u32,
}

/// A new body, compared and hashed.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    /// The content address.
    pub digest: Digest,
    /// What it takes from another; none when it is stored whole.
    pub base: Option<Base>,
    /// The bytes that are new: all of them without a base.
    pub fresh: Bytes,
}

/// A body that the next one may repeat.
#[derive(Debug)]
struct Entry<F> {
    body: Bytes,
    row: i64,
    depth: u32,
    chunks: ChunkDigests,
    facts: F,
    used: u64,
    session: u64,
}

/// Recent bodies, bounded in bytes. `F` is what the caller keeps with each.
#[derive(Debug)]
pub(crate) struct Ring<F> {
    entries: HashMap<u64, Entry<F>>,
    buckets: HashMap<u64, Vec<u64>>,
    order: VecDeque<(u64, u64)>,
    next: u64,
    tick: u64,
    bytes: usize,
    limit: usize,
    /// The memory of a body that went, for the next one: fresh memory costs more to touch than
    /// the copy itself.
    spare: Option<BytesMut>,
}

/// The best match for a new body.
#[derive(Clone, Copy, Debug)]
struct Match {
    entry: u64,
    prefix: usize,
    suffix: usize,
}

impl<F> Ring<F> {
    /// A ring that holds up to `limit` bytes of bodies.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: HashMap::new(),
            buckets: HashMap::new(),
            order: VecDeque::new(),
            next: 0,
            tick: 0,
            bytes: 0,
            limit,
            spare: None,
        }
    }

    /// Forgets all bodies, because the rows they stand for are gone.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.buckets.clear();
        self.order.clear();
        self.bytes = 0;
    }

    /// Forgets the bodies of these rows, because they can be taken from no longer.
    pub(crate) fn forget(&mut self, rows: &[i64]) {
        let gone: HashSet<i64> = rows.iter().copied().collect();
        let bytes = &mut self.bytes;
        self.entries.retain(|_, entry| {
            let stays = !gone.contains(&entry.row);
            if !stays {
                *bytes -= entry.body.len();
            }
            stays
        });
    }

    /// Compares a body with the recent ones and remembers it as `row`'s. `session` brings bodies
    /// of the same conversation together; 0 when unknown. `facts` computes what is kept with it,
    /// from the body, the earlier body's and the length of their common front.
    pub(crate) fn place(
        &mut self,
        raw: &RawBody,
        row: i64,
        session: u64,
        facts: impl FnOnce(&[u8], Option<(&F, usize)>) -> F,
    ) -> (Placed, F)
    where
        F: Clone,
    {
        let rungs = rungs(&raw.pieces, raw.len);
        let found = self.find(raw, session, &rungs);
        let Some(found) = found.filter(|m| worthwhile(m, raw.len)) else {
            return self.keep_whole(raw, row, session, (&rungs, facts));
        };
        let old = self.entries.get(&found.entry).expect("a match is an entry");
        let uncovered = old.body.len().saturating_sub(found.prefix + found.suffix);
        if uncovered <= LOST_AT_MOST + old.body.len() / 64 {
            self.succeed(raw, row, found, (&rungs, facts))
        } else {
            self.branch(raw, row, (session, found), (&rungs, facts))
        }
    }

    /// Stores a body that resembles none.
    fn keep_whole(
        &mut self,
        raw: &RawBody,
        row: i64,
        session: u64,
        (rungs, facts): (&[u64], impl FnOnce(&[u8], Option<(&F, usize)>) -> F),
    ) -> (Placed, F)
    where
        F: Clone,
    {
        let body = own(raw, self.spare.take_if(|spare| fits(spare, raw.len)));
        let mut chunks = ChunkDigests::default();
        let digest = chunks.update(&body, 0);
        let facts = facts(&body, None);
        let placed = Placed {
            digest,
            base: None,
            fresh: body.clone(),
        };
        let entry = Entry {
            body,
            row,
            depth: 0,
            chunks,
            facts: facts.clone(),
            used: 0,
            session,
        };
        self.insert(entry, rungs);
        (placed, facts)
    }

    /// Brings the earlier body of the same conversation up to date.
    fn succeed(
        &mut self,
        raw: &RawBody,
        row: i64,
        found: Match,
        (rungs, facts): (&[u64], impl FnOnce(&[u8], Option<(&F, usize)>) -> F),
    ) -> (Placed, F)
    where
        F: Clone,
    {
        let entry = self
            .entries
            .get_mut(&found.entry)
            .expect("a match is an entry");
        let old_len = entry.body.len();
        entry.body = splice(std::mem::take(&mut entry.body), found.prefix, raw);
        let digest = entry.chunks.update(&entry.body, found.prefix);
        entry.facts = facts(&entry.body, Some((&entry.facts, found.prefix)));
        let placed = placed(digest, &entry.body, (entry.row, entry.depth), found);
        entry.row = row;
        entry.depth = placed.base.map_or(0, |b| b.depth);
        let facts = entry.facts.clone();
        self.bytes = self.bytes + raw.len - old_len;
        // A front longer than the common one hashes differently now; the old hash stays and finds
        // nothing that compares well, until its bucket is full.
        let first = RUNGS.iter().take_while(|&&len| len <= found.prefix).count();
        for &key in rungs.iter().skip(first) {
            self.enlist(key, found.entry);
        }
        self.touch(found.entry);
        self.evict();
        (placed, facts)
    }

    /// Remembers a body beside the earlier one that it shares much with.
    fn branch(
        &mut self,
        raw: &RawBody,
        row: i64,
        (session, found): (u64, Match),
        (rungs, facts): (&[u64], impl FnOnce(&[u8], Option<(&F, usize)>) -> F),
    ) -> (Placed, F)
    where
        F: Clone,
    {
        let old = self.entries.get(&found.entry).expect("a match is an entry");
        let body = own(raw, self.spare.take_if(|spare| fits(spare, raw.len)));
        let mut chunks = old.chunks.clone();
        let digest = chunks.update(&body, found.prefix);
        let facts = facts(&body, Some((&old.facts, found.prefix)));
        let placed = placed(digest, &body, (old.row, old.depth), found);
        let depth = placed.base.map_or(0, |b| b.depth);
        let entry = Entry {
            body,
            row,
            depth,
            chunks,
            facts: facts.clone(),
            used: 0,
            session,
        };
        self.insert(entry, rungs);
        (placed, facts)
    }

    /// The entry with the longest common front among those of the same conversation, or else
    /// those that share the longest hashed front.
    fn find(&self, raw: &RawBody, session: u64, rungs: &[u64]) -> Option<Match> {
        let keys = (session != 0).then_some(session);
        for key in keys.into_iter().chain(rungs.iter().rev().copied()) {
            let Some(bucket) = self.buckets.get(&key) else {
                continue;
            };
            let mut best: Option<Match> = None;
            for &id in bucket.iter().rev() {
                let Some(entry) = self.entries.get(&id) else {
                    continue;
                };
                let prefix = pieces_prefix(&raw.pieces, &entry.body);
                if best.is_none_or(|b| prefix > b.prefix) {
                    best = Some(Match {
                        entry: id,
                        prefix,
                        suffix: 0,
                    });
                }
                if prefix == raw.len {
                    break;
                }
            }
            if let Some(best) = best.filter(|b| b.prefix >= RUNGS[0]) {
                return Some(self.with_suffix(best, raw));
            }
        }
        None
    }

    fn with_suffix(&self, found: Match, raw: &RawBody) -> Match {
        let old = &self
            .entries
            .get(&found.entry)
            .expect("a match is an entry")
            .body;
        let limit = raw.len.min(old.len()) - found.prefix;
        Match {
            suffix: pieces_suffix(&raw.pieces, old, limit),
            ..found
        }
    }

    fn insert(&mut self, entry: Entry<F>, rungs: &[u64]) {
        if entry.body.len() > self.limit {
            return;
        }
        let id = self.next;
        self.next += 1;
        self.bytes += entry.body.len();
        if entry.session != 0 {
            self.enlist(entry.session, id);
        }
        self.entries.insert(id, entry);
        for &key in rungs {
            self.enlist(key, id);
        }
        self.touch(id);
        self.evict();
    }

    fn enlist(&mut self, key: u64, id: u64) {
        let bucket = self.buckets.entry(key).or_default();
        if bucket.last() == Some(&id) {
            return;
        }
        bucket.retain(|&other| other != id);
        if bucket.len() >= MAX_CANDIDATES {
            bucket.remove(0);
        }
        bucket.push(id);
    }

    fn touch(&mut self, id: u64) {
        self.tick += 1;
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.used = self.tick;
            self.order.push_back((id, self.tick));
        }
    }

    /// Drops the least recently used bodies past the bound, and tidies the books.
    fn evict(&mut self) {
        while self.bytes > self.limit {
            let Some((id, used)) = self.order.pop_front() else {
                break;
            };
            if self.entries.get(&id).is_some_and(|e| e.used == used) {
                let gone = self.entries.remove(&id).expect("just seen");
                self.bytes -= gone.body.len();
                if gone.body.len() >= WORTH_SPARING && self.spare.is_none() {
                    self.spare = gone.body.try_into_mut().ok();
                }
            }
        }
        if self.order.len() > 64 + 4 * self.entries.len() {
            let entries = &self.entries;
            self.order
                .retain(|(id, used)| entries.get(id).is_some_and(|e| e.used == *used));
        }
        if self.buckets.len() > 256 + 16 * self.entries.len() {
            let entries = &self.entries;
            self.buckets.retain(|_, ids| {
                ids.retain(|id| entries.contains_key(id));
                !ids.is_empty()
            });
        }
    }
}

/// Whether the difference is worth a second row to read.
fn worthwhile(found: &Match, len: usize) -> bool {
    found.prefix + found.suffix >= (len / 4).max(RUNGS[0])
}

/// The difference, unless the chain is as long as it may be.
fn placed(digest: Digest, body: &Bytes, (row, depth): (i64, u32), found: Match) -> Placed {
    if depth >= MAX_DEPTH {
        return Placed {
            digest,
            base: None,
            fresh: Bytes::copy_from_slice(body),
        };
    }
    let Match { prefix, suffix, .. } = found;
    let fresh = body.get(prefix..body.len() - suffix).unwrap_or_default();
    Placed {
        digest,
        base: Some(Base {
            row,
            prefix,
            suffix,
            depth: depth + 1,
        }),
        fresh: Bytes::copy_from_slice(fresh),
    }
}

/// Whether a body of `len` bytes fills most of this memory.
fn fits(spare: &BytesMut, len: usize) -> bool {
    (spare.capacity() / 2..=spare.capacity()).contains(&len)
}

/// The body in memory of its own: a piece as it came may pin a read buffer many times its size.
fn own(raw: &RawBody, spare: Option<BytesMut>) -> Bytes {
    if let [one] = raw.pieces.as_slice()
        && one.len() > 32 * 1024
    {
        return one.clone();
    }
    let mut whole = spare.unwrap_or_else(|| aligned(raw.len));
    whole.clear();
    raw.pieces
        .iter()
        .for_each(|piece| whole.extend_from_slice(piece));
    whole.freeze()
}

/// Memory for a body, with some room, so that the next one of about this length fits; where a long
/// one can be written from to the disk directly.
fn aligned(len: usize) -> BytesMut {
    if len < MIN_PIECE {
        return BytesMut::with_capacity(len);
    }
    let mut memory = BytesMut::with_capacity(len + len / 16 + 2 * ALIGNED);
    let before = memory.as_ptr().addr().wrapping_neg() % ALIGNED;
    memory.resize(before, 0);
    drop(memory.split_to(before));
    memory
}

/// `old`'s first `prefix` bytes and the rest of `raw`, in `old`'s memory if nobody else reads it.
fn splice(old: Bytes, prefix: usize, raw: &RawBody) -> Bytes {
    let mut body = match old.try_into_mut() {
        Ok(mut own) => {
            own.truncate(prefix);
            own
        }
        Err(shared) => {
            let mut own = BytesMut::with_capacity(raw.len + raw.len / 16);
            own.extend_from_slice(shared.get(..prefix).unwrap_or_default());
            own
        }
    };
    copy_range(&raw.pieces, prefix, raw.len, |part| {
        body.extend_from_slice(part);
    });
    body.freeze()
}

/// The hashes of a body's front, one for each rung that it reaches: over samples of all up to
/// there, since a match is compared byte by byte anyway.
fn rungs(pieces: &[Bytes], len: usize) -> Vec<u64> {
    let count = RUNGS.iter().take_while(|&&rung| rung <= len).count();
    let mut keys = Vec::with_capacity(count);
    let mut hasher = Xxh3::new();
    let mut from = 0;
    for &rung in RUNGS.iter().take(count) {
        let step = ((rung - from) / SAMPLES).max(SAMPLE);
        for at in (from..rung).step_by(step) {
            copy_range(pieces, at, (at + SAMPLE).min(rung), |part| {
                hasher.update(part);
            });
        }
        keys.push(hasher.digest());
        from = rung;
    }
    keys
}

/// The key of a session in the ring: never 0.
pub(crate) fn session_key(parts: &[&[u8]]) -> u64 {
    let mut hasher = Xxh3::with_seed(1);
    for part in parts {
        hasher.update(&xxh3_64(part).to_le_bytes());
    }
    hasher.digest() | 1
}

#[cfg(test)]
mod tests;

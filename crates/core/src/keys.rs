//! A provider's keys: which one a request is sent with, what that costs the key, and what the
//! answers teach about it.
//!
//! Plain data and no locks; whoever shares a pool keeps it behind a short one. Secrets leave it
//! only inside the [`Key`] that was chosen.

mod class;
mod hearsay;
mod id;
mod learn;
mod meter;
mod pick;
mod slot;
mod steer;
mod until;
mod view;
mod weather;

use std::fmt;
use std::sync::Arc;

pub use class::Class;
pub use hearsay::{DOUBT_MS, Rest};
pub use id::KeyId;
pub use learn::{
    Answer, DEFAULT_COOLDOWN_MS, FIRST_BENCH_MS, Learnt, MAX_BENCH_MS, MAX_COOLDOWN_MS,
    MAX_WINDOW_WAIT_MS, MIN_COOLDOWN_MS,
};
pub use steer::{MAX_KEYS, SteerError};
pub use view::{CountView, ErrorView, HintView, KeyStatus, KeyView, WindowView};
pub use weather::{BATCH_RESERVE, Forecast, SUBAGENT_RESERVE, reserve};
pub use weir_wire::ratelimit::quota::{Status, Window};

use crate::clock::Now;
use crate::settings::{Key, KeyStrategy};
use slot::Slot;

/// What a client is told to wait when nobody knows how long it takes, in milliseconds.
pub const UNKNOWN_WAIT_MS: u64 = 60_000;

/// The keys of one provider, in the order of the configuration and then of their coming.
#[derive(Clone, Debug)]
pub struct KeyPool {
    slots: Vec<Slot>,
    strategy: KeyStrategy,
    /// Where `round_robin` goes on.
    cursor: usize,
    /// Taken out at run time although the configuration has them.
    removed: Vec<KeyId>,
    /// The keys that a choice is between; kept so that choosing allocates nothing.
    candidates: Vec<usize>,
}

/// Tokens of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Input, cached input included.
    pub input: u64,
    /// Output.
    pub output: u64,
}

/// What a request needs a key for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// How urgent it is.
    pub class: Class,
    /// Input tokens, estimated.
    pub input_tokens: u64,
    /// Output tokens, estimated.
    pub output_tokens: u64,
    /// The key that has its prompt cached, by [`KeyId`]; it is taken if it is available.
    pub prefer: Option<u64>,
    /// Places of the keys that it has been tried with.
    pub tried: &'a [usize],
}

/// The key for a request.
#[derive(Debug)]
pub struct Chosen {
    /// Its place in the pool, for [`Ask::tried`].
    pub index: usize,
    /// Its id.
    pub id: KeyId,
    /// The id as it is shown.
    pub label: Arc<str>,
    /// The key itself.
    pub key: Arc<Key>,
    /// Whether it is the one that was wished for.
    pub preferred: bool,
    /// Keys that such a request could have had, this one and those tried included.
    pub available: usize,
    /// Whether there is another that was not tried.
    pub others: bool,
    /// Keys in the pool.
    pub total: usize,
    /// What is left of this one, this request taken off, in percent.
    pub capacity: u8,
    /// What was taken from it; to be settled or undone.
    pub charge: Charge,
}

/// What a request took from a key.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a charge that is neither settled nor undone stays in flight for ever"]
pub struct Charge {
    id: KeyId,
    index: usize,
    taken: Tokens,
}

/// Why a key is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There are none.
    NoKeys,
    /// Each is switched off.
    Disabled,
    /// Its credential was refused.
    Benched,
    /// It is at a limit a minute, or pauses after a 429.
    RateLimited,
    /// Its subscription is spent.
    Spent,
    /// What little is left of it is for more urgent requests.
    Held,
    /// It was tried.
    Tried,
}

/// No key is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Milliseconds until the first one is; [`UNKNOWN_WAIT_MS`] if none will be by itself.
    pub wait_ms: u64,
    /// Why that one is not yet.
    pub why: Why,
}

impl Exhausted {
    /// The value of `retry-after`: whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn retry_after_secs(&self) -> u64 {
        self.wait_ms.div_ceil(1_000).max(1)
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            Why::NoKeys => "there are no keys",
            Why::Disabled => "every key is disabled",
            Why::Benched => "the provider refuses the keys",
            Why::RateLimited => "every key is at its rate limit",
            Why::Spent => "every key's quota is spent",
            Why::Held => "what is left of the quota is kept for more urgent requests",
            Why::Tried => "every key was tried",
        };
        write!(f, "{why}; next in {} ms", self.wait_ms)
    }
}

impl std::error::Error for Exhausted {}

impl KeyPool {
    /// A pool of `keys`, of which nothing is known yet.
    #[must_use]
    pub fn new(keys: &[Key], strategy: KeyStrategy) -> Self {
        let slots = keys.iter().map(|key| Slot::new(Arc::new(key.clone())));
        Self {
            slots: slots.collect(),
            strategy,
            cursor: 0,
            removed: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// The pool under a new configuration. Keys of the same secret keep what was learnt, their
    /// pauses and buckets; those added and removed at run time stay added and removed. A switch
    /// stays unless the configuration has moved it. Nothing is in flight in the new pool:
    /// requests under way are settled with this one.
    #[must_use]
    pub fn rebuilt(&self, keys: &[Key], strategy: KeyStrategy) -> Self {
        let mut pool = Self::new(&[], strategy);
        let gone = |id: &KeyId| self.removed.contains(id);
        for key in keys {
            let id = KeyId::of(key.secret.expose());
            if gone(&id) {
                pool.removed.push(id);
                continue;
            }
            let known = self.slots.iter().find(|slot| slot.has_secret_of(key));
            let key = Arc::new(key.clone());
            pool.slots.push(match known {
                Some(slot) => slot.reconfigured(key),
                None => Slot::new(key),
            });
        }
        for slot in self.slots.iter().filter(|slot| slot.added) {
            if !pool.slots.iter().any(|one| one.has_secret_of(&slot.key)) {
                let mut slot = slot.reconfigured(Arc::clone(&slot.key));
                slot.added = true;
                pool.slots.push(slot);
            }
        }
        pool.cursor = self.cursor;
        pool
    }

    /// Keys in the pool, whatever their state.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The key of this id.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&Arc<Key>> {
        self.slot(id).map(|slot| &slot.key)
    }

    /// Replaces what was taken for a request by what it used, if that is known, else leaves the
    /// estimate. The request is no longer in flight.
    #[expect(clippy::needless_pass_by_value, reason = "a charge ends here, once")]
    pub fn settle(&mut self, charge: Charge, used: Option<Tokens>, now: Now) {
        let taken = charge.taken;
        if let Some(slot) = self.charged(&charge) {
            slot.in_flight = slot.in_flight.saturating_sub(1);
            if let Some(used) = used {
                slot.settle(taken, used, now);
            }
        }
    }

    /// Gives back all that was taken for a request that never reached the provider.
    #[expect(clippy::needless_pass_by_value, reason = "a charge ends here, once")]
    pub fn undo(&mut self, charge: Charge, now: Now) {
        let taken = charge.taken;
        if let Some(slot) = self.charged(&charge) {
            slot.in_flight = slot.in_flight.saturating_sub(1);
            slot.undo(taken, now);
        }
    }

    /// What is left of a key, in percent; 0 for one that is not in the pool.
    #[must_use]
    pub fn capacity(&self, id: KeyId, now: Now) -> u8 {
        self.slot(id).map_or(0, |slot| percent(slot.score(now)))
    }

    /// Keys that a small urgent request could have at this moment.
    #[must_use]
    pub fn available(&self, now: Now) -> usize {
        let ask = Ask::default();
        let free = |slot: &&Slot| slot.wait(&ask, now).is_over();
        self.slots.iter().filter(free).count()
    }

    /// The slot of an id; the first of those that share a secret.
    fn slot(&self, id: KeyId) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// The slot that was charged, wherever it is now.
    fn charged(&mut self, charge: &Charge) -> Option<&mut Slot> {
        let same = |slot: &Slot| slot.id == charge.id;
        let index = if self.slots.get(charge.index).is_some_and(same) {
            Some(charge.index)
        } else {
            self.slots.iter().position(same)
        };
        self.slots.get_mut(index?)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and clamped to what fits"
)]
fn percent(share: f64) -> u8 {
    (share * 100.0).round().clamp(0.0, 100.0) as u8
}

#[cfg(test)]
mod tests;

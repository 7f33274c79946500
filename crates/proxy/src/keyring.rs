//! A key in use: what was charged to it, and what its answer says of it.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use weir_core::clock::Now;
use weir_core::keys::{Answer, Ask, Charge, Exhausted, KeyId, KeyPool, Learnt, Tokens};
use weir_core::settings::Key;

use crate::attempt::KeyState;

/// Keys that are used together: a provider's, or a project's for one provider.
pub type Pool = Arc<Mutex<KeyPool>>;

/// A key that a request uses. Dropped without being settled it is charged what was estimated.
#[derive(Debug)]
pub struct KeyUse {
    /// The pool it is of.
    pub pool: Pool,
    /// Its place in the pool, for what was tried.
    pub index: usize,
    /// Its id.
    pub id: KeyId,
    /// What is sent.
    pub key: Arc<Key>,
    /// Whether another was available too.
    pub others: bool,
    /// What clients are told of it, as it was when it was picked.
    pub picked: KeyState,
    charge: Option<Charge>,
}

impl KeyUse {
    /// Picks a key of `pool`.
    ///
    /// # Errors
    /// When none is available; says until when.
    pub fn take(pool: &Pool, ask: &Ask<'_>, now: Now, chance: u64) -> Result<Self, Exhausted> {
        let chosen = pool.lock().select(ask, now, chance)?;
        Ok(Self {
            pool: Arc::clone(pool),
            index: chosen.index,
            id: chosen.id,
            key: chosen.key,
            others: chosen.others,
            picked: KeyState {
                label: chosen.label,
                total: chosen.total,
                available: chosen.available,
                capacity: chosen.capacity,
            },
            charge: Some(chosen.charge),
        })
    }

    /// Learns from an answer; `body` is that of an error, decoded, if it was read.
    pub fn learn(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Now) -> Learnt {
        let answer = Answer {
            status: status.as_u16(),
            headers,
            body,
        };
        self.pool.lock().learn_answer(self.id, &answer, now)
    }

    /// Whether every key of the pool is at its limit or refused.
    #[must_use]
    pub fn was_the_last(&self, now: Now) -> bool {
        self.pool.lock().available(now) == 0
    }

    /// Whether somebody needs to know what it used.
    #[must_use]
    pub fn counts_tokens(&self) -> bool {
        let is_limit = |limit: Option<u64>| limit.is_some_and(|limit| limit > 0);
        is_limit(self.key.itpm_limit) || is_limit(self.key.otpm_limit)
    }

    /// The request never reached the provider: it costs the key nothing.
    pub fn undo(mut self) {
        if let Some(charge) = self.charge.take() {
            let now = crate::clock::now();
            self.pool.lock().undo(charge, now);
        }
    }

    /// Replaces the estimate by what was used, if that is known.
    pub fn settle(mut self, used: Option<Tokens>, now: Now) {
        if let Some(charge) = self.charge.take() {
            self.pool.lock().settle(charge, used, now);
        }
    }
}

impl Drop for KeyUse {
    fn drop(&mut self) {
        if let Some(charge) = self.charge.take() {
            let now = crate::clock::now();
            self.pool.lock().settle(charge, None, now);
        }
    }
}

//! A key in use: what was charged to it, and what its answer says of it.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use weir_core::clock::Now;
use weir_core::keys::{Answer, Ask, Charge, Exhausted, KeyId, Tokens};
use weir_core::settings::Key;

use crate::attempt::KeyState;
use crate::fleet::Member;

/// A key that a request uses. Dropped without being settled it is charged what was estimated.
#[derive(Debug)]
pub struct KeyUse {
    member: Arc<Member>,
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
    /// Picks a key of `member`'s.
    ///
    /// # Errors
    /// When none is available; says until when.
    pub fn take(
        member: &Arc<Member>,
        ask: &Ask<'_>,
        now: Now,
        chance: u64,
    ) -> Result<Self, Exhausted> {
        let chosen = member.keys.lock().select(ask, now, chance)?;
        Ok(Self {
            member: Arc::clone(member),
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
    pub fn learn(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], now: Now) {
        let answer = Answer {
            status: status.as_u16(),
            headers,
            body,
        };
        self.member.keys.lock().learn_answer(self.id, &answer, now);
    }

    /// Whether every key of the pool is at its limit or refused.
    #[must_use]
    pub fn was_the_last(&self, now: Now) -> bool {
        self.member.keys.lock().available(now) == 0
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
            self.member.keys.lock().undo(charge, now);
        }
    }

    /// Replaces the estimate by what was used, if that is known.
    pub fn settle(mut self, used: Option<Tokens>, now: Now) {
        if let Some(charge) = self.charge.take() {
            self.member.keys.lock().settle(charge, used, now);
        }
    }
}

impl Drop for KeyUse {
    fn drop(&mut self) {
        if let Some(charge) = self.charge.take() {
            let now = crate::clock::now();
            self.member.keys.lock().settle(charge, None, now);
        }
    }
}

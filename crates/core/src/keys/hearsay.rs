//! What other nodes say of a key. It is a hint: the key is passed over until the time that was told,
//! but where there is no other, one request a minute finds out whether it is so.

use std::sync::Arc;

use super::learn::{DEFAULT_COOLDOWN_MS, MAX_WINDOW_WAIT_MS};
use super::pick::at_last;
use super::slot::{Slot, Wait};
use super::until::Until;
use super::{KeyId, KeyPool, Learnt, Why};
use crate::clock::Now;

/// How long nobody else is believed of a key that was good although it was said to rest.
pub const DOUBT_MS: u64 = 600_000;

/// Why a key rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// A 429 said so.
    Limited,
    /// Its subscription is spent.
    Spent,
    /// Its credential was refused.
    Refused,
}

impl Rest {
    /// The word that nodes use for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Spent => "spent",
            Self::Refused => "refused",
        }
    }

    /// The reason of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Limited, Self::Spent, Self::Refused];
        all.into_iter().find(|rest| rest.as_str() == name)
    }

    fn why(self) -> Why {
        match self {
            Self::Limited => Why::RateLimited,
            Self::Spent => Why::Spent,
            Self::Refused => Why::Benched,
        }
    }
}

impl Learnt {
    /// Why the key rests now, and for how many milliseconds; none if the answer was no reason.
    #[must_use]
    pub fn rest(&self) -> Option<(Rest, u64)> {
        let all = [
            (Rest::Limited, self.cooled_ms),
            (Rest::Spent, self.spent_ms),
            (Rest::Refused, self.benched_ms),
        ];
        let longest = all.into_iter().max_by_key(|(_, ms)| *ms);
        longest.filter(|(_, ms)| *ms > 0)
    }
}

/// What was heard of a key.
#[derive(Clone, Debug)]
pub(super) struct Hearsay {
    pub(super) until: Until,
    pub(super) rest: Rest,
    /// Who said so.
    pub(super) node: Arc<str>,
    /// Until when it is not even tried for want of another.
    believed_until: Until,
    /// Whether it was tried all the same.
    tried: bool,
}

impl Hearsay {
    /// How long it stands in the way while there is another key.
    pub(super) fn wait(&self, wait: Wait, now: Now) -> Wait {
        wait.and(self.until.left_ms(now), self.rest.why())
    }

    /// The same where there is none.
    pub(super) fn wait_at_last(&self, wait: Wait, now: Now) -> Wait {
        let left = self.until.left_ms(now);
        wait.and(left.min(self.believed_until.left_ms(now)), self.rest.why())
    }

    /// It is about to be tried; nobody else does for a while.
    pub(super) fn is_tried(&mut self, now: Now) {
        self.tried = true;
        self.believed_until = Until::after(DEFAULT_COOLDOWN_MS, now);
    }
}

impl KeyPool {
    /// Another node says that the key `id` rests for `left_ms` milliseconds from now; 0 takes what
    /// was said back. Gives whether that says something new of a key that is here.
    pub fn hear(
        &mut self,
        id: KeyId,
        (rest, left_ms): (Rest, u64),
        node: &Arc<str>,
        now: Now,
    ) -> bool {
        let mut heard = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.id == id) {
            heard |= slot.hear((rest, left_ms), node, now);
        }
        heard
    }

    /// Forgets what other nodes have said, as when it was said of another place.
    pub fn forget_hearsay(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.hearsay = None);
    }

    /// The key to be tried for want of any other, though it is said to rest.
    pub(super) fn doubted(&mut self, ask: &super::Ask<'_>, now: Now) -> Option<usize> {
        let index = at_last(&self.slots, ask, now)?;
        let hearsay = self.slots.get_mut(index)?.hearsay.as_mut()?;
        hearsay.is_tried(now);
        Some(index)
    }
}

impl Slot {
    fn hear(&mut self, (rest, left_ms): (Rest, u64), node: &Arc<str>, now: Now) -> bool {
        if left_ms == 0 {
            return self.hearsay.take().is_some();
        }
        if self.doubts_until.is_ahead(now) {
            return false;
        }
        let until = Until::after(left_ms.min(MAX_WINDOW_WAIT_MS), now);
        let known = self.hearsay.take();
        let known = known.filter(|known| known.until.is_ahead(now));
        // What goes on does not begin anew: whoever says it over and over is not believed for longer.
        let (believed_until, tried) = match &known {
            Some(known) => (known.believed_until, known.tried),
            None => (Until::after(DEFAULT_COOLDOWN_MS, now), false),
        };
        let longest = known.filter(|known| known.until.left_ms(now) >= until.left_ms(now));
        let is_news = longest.is_none();
        self.hearsay = longest.or_else(|| {
            Some(Hearsay {
                until,
                rest,
                node: Arc::clone(node),
                believed_until,
                tried,
            })
        });
        is_news
    }

    /// It was good: what was said of it is wrong if it is since.
    pub(super) fn refute(&mut self, now: Now) {
        if self.hearsay.as_ref().is_some_and(|hearsay| hearsay.tried) {
            self.hearsay = None;
            self.doubts_until = Until::after(DOUBT_MS, now);
        }
    }
}

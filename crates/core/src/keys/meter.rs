//! What a key's provider last said about one window. A reading holds until the window's reset and
//! is forgotten then; only the limit itself lasts. No reading can hold longer than its window
//! could, whatever it claims.

use weir_wire::ratelimit::quota::{Stated, Status, Window};

use super::class::Class;
use super::until::Until;
use super::weather::{self, Forecast, History, Present};
use crate::clock::Now;

const DAY_MS: u64 = 86_400_000;
/// Longest that a count a minute or a day is believed.
const MAX_COUNT_MS: u64 = DAY_MS;
/// Longest window that is believed.
const MAX_LENGTH_MS: u64 = 32 * DAY_MS;

/// The last reading of a window.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    window: Window,
    length_ms: u64,
    /// The whole of it, where counts are stated.
    pub(super) limit: Option<u64>,
    remaining: Option<u64>,
    used: Option<f64>,
    status: Option<Status>,
    /// The reset.
    expires: Until,
    history: History,
}

impl Meter {
    pub(super) fn new(window: Window) -> Self {
        Self {
            window,
            length_ms: weather::usual_length_ms(window),
            limit: None,
            remaining: None,
            used: None,
            status: None,
            expires: Until::default(),
            history: History::default(),
        }
    }

    /// Takes a new reading; what it does not say stays as it is while it holds.
    pub(super) fn learn(&mut self, stated: &Stated, now: Now) {
        self.limit = stated.limit.or(self.limit);
        if stated.remaining.is_none() && stated.used.is_none() && stated.status.is_none() {
            return;
        }
        if !self.live(now) {
            self.forget();
        }
        if let Some(length_ms) = stated.length_ms {
            self.length_ms = length_ms.min(MAX_LENGTH_MS);
        }
        self.move_reset(stated.resets_at, now);
        self.remaining = stated.remaining.or(self.remaining);
        self.status = stated.status.or(self.status);
        let counted = || {
            let (remaining, limit) = (stated.remaining?, self.limit?);
            Some((1.0 - remaining as f64 / limit as f64).max(0.0))
        };
        self.used = stated.used.or_else(counted).or(self.used);
        if let Some(present) = self.present(now) {
            self.history.note(&present);
        }
    }

    /// Follows the reset; one that jumps belongs to another window, of which nothing is known yet.
    fn move_reset(&mut self, resets_at: Option<i64>, now: Now) {
        let longest = if self.window.refills() {
            MAX_COUNT_MS
        } else {
            self.length_ms + self.length_ms / 10
        };
        let left_ms = match resets_at {
            Some(at) => (now.at_unix_ms(at) - now.ms).min(longest),
            None if self.live(now) => return,
            None => self.length_ms,
        };
        let jump = left_ms.abs_diff(self.left_ms(now));
        if !self.window.refills() && jump > self.length_ms / 20 {
            self.history.clear();
        }
        self.expires = Until::after(left_ms, now);
    }

    /// Forgets the reading, as its reset does.
    pub(super) fn forget(&mut self) {
        self.remaining = None;
        self.used = None;
        self.status = None;
        self.expires = Until::default();
        if !self.window.refills() {
            self.history.clear();
        }
    }

    fn live(&self, now: Now) -> bool {
        self.expires.is_ahead(now)
    }

    /// Until the reset; 0 when no reading holds.
    pub(super) fn left_ms(&self, now: Now) -> u64 {
        self.expires.left_ms(now)
    }

    /// The reset in milliseconds since the Unix epoch, while a reading holds.
    pub(super) fn resets_at(&self, now: Now) -> Option<i64> {
        self.expires.date(now)
    }

    /// What is left, while a reading holds.
    pub(super) fn remaining(&self, now: Now) -> Option<u64> {
        self.remaining.filter(|_| self.live(now))
    }

    /// The part that is spent, while a reading holds.
    pub(super) fn used(&self, now: Now) -> Option<f64> {
        self.used.filter(|_| self.live(now))
    }

    /// The verdict, while a reading holds.
    pub(super) fn status(&self, now: Now) -> Option<Status> {
        self.status.filter(|_| self.live(now))
    }

    /// Until a count that stands at zero is whole again; 0 when it does not.
    pub(super) fn blocked_ms(&self, now: Now) -> u64 {
        if self.remaining(now) == Some(0) {
            self.left_ms(now)
        } else {
            0
        }
    }

    /// Counts what has been sent since the reading. Requests are exact. Tokens are an estimate,
    /// and providers do not count cached ones, so it does not take the last of them.
    pub(super) fn take(&mut self, amount: u64) {
        let least = u64::from(self.window != Window::Requests);
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_sub(amount).max(least.min(*remaining));
        }
    }

    /// Gives back what was not sent after all.
    pub(super) fn give_back(&mut self, amount: u64) {
        let limit = self.limit.unwrap_or(u64::MAX);
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_add(amount).min(limit.max(*remaining));
        }
    }

    /// What is to be expected, while a reading holds.
    pub(super) fn forecast(&self, now: Now) -> Option<Forecast> {
        let present = self.present(now)?;
        Some(self.history.forecast(&present, now.unix_ms))
    }

    /// Until `class` may use the window again; 0 when it may.
    pub(super) fn held_ms(&self, class: Class, now: Now) -> u64 {
        let reserve = weather::reserve(class);
        if reserve <= 0.0 || self.used(now).is_none_or(|used| 1.0 - used >= reserve) {
            return 0;
        }
        match self.forecast(now) {
            Some(forecast) if forecast.spent_at.is_some() => self.left_ms(now),
            Some(_) | None => 0,
        }
    }

    fn present(&self, now: Now) -> Option<Present> {
        Some(Present {
            window: self.window,
            length_ms: self.length_ms,
            left_ms: self.left_ms(now),
            used: self.used(now)?,
            now_ms: now.ms,
        })
    }
}

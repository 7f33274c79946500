//! What answers teach about a key: limits, what is left of them, pauses, refused credentials.

use http::{HeaderMap, HeaderName};
use weir_wire::ratelimit::quota::{Claim, Quotas, Status, Window};

use super::slot::{LastError, Slot};
use super::until::Until;
use super::{KeyId, KeyPool};
use crate::clock::Now;
use crate::retry_after;

/// Pause after a 429 that does not say how long.
pub const DEFAULT_COOLDOWN_MS: u64 = 60_000;
/// Shortest pause after a 429; `retry-after: 0` is one.
pub const MIN_COOLDOWN_MS: u64 = 100;
/// Longest pause that a `retry-after` is believed: a day, as quotas a day need.
pub const MAX_COOLDOWN_MS: u64 = 24 * 3_600_000;
/// Longest pause until the reset of a subscription's window: eight days, as a week needs.
pub const MAX_WINDOW_WAIT_MS: u64 = 8 * 24 * 3_600_000;
/// Pause after the first 401, 402 or 403; each further one doubles it.
pub const FIRST_BENCH_MS: u64 = 30_000;
/// Longest such pause.
pub const MAX_BENCH_MS: u64 = 3_600_000;
/// Longest organization id that is kept, in bytes.
const MAX_ORGANIZATION: usize = 128;
const ORGANIZATION: [HeaderName; 2] = [
    HeaderName::from_static("anthropic-organization-id"),
    HeaderName::from_static("openai-organization"),
];

/// An answer as far as it says something of the key it was asked with.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its status, or the one that an error in a stream stands for.
    pub status: u16,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The body of an error, decoded, if it was read; empty if not.
    pub body: &'a [u8],
}

/// What was concluded from an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// The answer put the key to rest for so many milliseconds from now; 0 if it did not.
    pub cooled_ms: u64,
    /// The answer refused the credential, and the key is left alone for so many milliseconds.
    pub benched_ms: u64,
    /// The subscription is spent for so many milliseconds from now; 0 if it is not.
    pub spent_ms: u64,
}

impl KeyPool {
    /// Learns from the head of an answer to a request with the key `id`. A key that has left the
    /// pool teaches nothing.
    pub fn learn(&mut self, id: KeyId, status: u16, headers: &HeaderMap, now: Now) -> Learnt {
        let body = &[];
        let answer = Answer {
            status,
            headers,
            body,
        };
        self.learn_answer(id, &answer, now)
    }

    /// The same when the body of an error has been read as well, where Google says how long to
    /// wait. One of the two is called for an answer, once: a pause is never shortened afterwards.
    pub fn learn_answer(&mut self, id: KeyId, answer: &Answer<'_>, now: Now) -> Learnt {
        let quotas = Quotas::from_headers(answer.headers, now.unix_ms);
        let mut learnt = Learnt::default();
        for slot in self.slots.iter_mut().filter(|slot| slot.id == id) {
            learnt = slot.learn(answer, &quotas, now);
        }
        learnt
    }
}

impl Slot {
    fn learn(&mut self, answer: &Answer<'_>, quotas: &Quotas, now: Now) -> Learnt {
        self.learn_organization(answer.headers);
        if !quotas.is_empty() {
            for window in Window::ALL {
                self.meter_mut(window).learn(quotas.of(window), now);
            }
            self.limit_requests(now.ms);
            self.learn_verdict(quotas, now);
        }
        let mut learnt = Learnt {
            spent_ms: self.rejected_until.left_ms(now),
            ..Learnt::default()
        };
        match answer.status {
            200..=299 => {
                self.consecutive_errors = 0;
                self.refusals = 0;
                self.benched_until = Until::default();
                self.refute(now);
            }
            401..=403 => learnt.benched_ms = self.bench(now),
            429 => learnt.cooled_ms = self.cool(answer, quotas, now),
            _ => {}
        }
        if matches!(answer.status, 401..=403 | 429 | 500..) {
            self.note_error(answer.status, now);
        }
        learnt
    }

    fn note_error(&mut self, status: u16, now: Now) {
        self.consecutive_errors = self.consecutive_errors.saturating_add(1);
        self.totals.errors = self.totals.errors.saturating_add(1);
        self.last_error = Some(LastError {
            status,
            unix_ms: now.unix_ms,
        });
    }

    fn learn_organization(&mut self, headers: &HeaderMap) {
        let organization = ORGANIZATION
            .iter()
            .find_map(|name| headers.get(name)?.to_str().ok())
            .filter(|id| !id.is_empty() && id.len() <= MAX_ORGANIZATION);
        if let Some(id) = organization.filter(|id| self.organization.as_deref() != Some(*id)) {
            self.organization = Some(id.into());
        }
    }

    /// Takes over the verdict on a subscription. A rejection on account of some models leaves the
    /// key to the others: only the pause after its 429 counts.
    fn learn_verdict(&mut self, quotas: &Quotas, now: Now) {
        let windows = [Window::FiveHour, Window::SevenDay];
        let rejected = Some(Status::Rejected);
        let of_windows = || {
            let mut all = windows.iter().filter_map(|one| quotas.of(*one).status);
            all.clone()
                .find(|status| Some(*status) == rejected)
                .or_else(|| all.next())
        };
        let Some(verdict) = quotas.status.or_else(of_windows) else {
            return;
        };
        let paid = matches!(
            quotas.overage,
            Some(Status::Allowed | Status::AllowedWarning)
        );
        let until = Until::after(spent_ms(quotas, now), now);
        let none = Until::default();
        (self.rejected_until, self.overage_until) = match (verdict, paid) {
            (Status::Rejected, true) => (none, until),
            (Status::Rejected, false) if quotas.claim != Some(Claim::Models) => (until, none),
            _ => (none, none),
        };
    }

    /// Puts the key to rest after a 429.
    fn cool(&mut self, answer: &Answer<'_>, quotas: &Quotas, now: Now) -> u64 {
        let asked = retry_after::from_headers(answer.headers, now.unix_ms)
            .map(|ms| ms.min(MAX_COOLDOWN_MS))
            .or_else(|| retry_after::from_body(answer.body, now.unix_ms))
            .or_else(|| resets_ms(quotas, now))
            .map(|ms| ms.clamp(MIN_COOLDOWN_MS, MAX_WINDOW_WAIT_MS));
        let resting = self.cooling_until.left_ms(now);
        let mut wait = match asked {
            Some(ms) => ms,
            // One that says nothing knows no better than the one before it.
            None if resting > 0 => resting,
            None => DEFAULT_COOLDOWN_MS,
        };
        if quotas.claim == Some(Claim::Models) {
            wait = wait.min(DEFAULT_COOLDOWN_MS);
        }
        let wait = wait.max(resting);
        self.cooling_until = Until::after(wait, now);
        wait
    }

    /// Leaves the key alone after a 401 or 403. Refusals that come while it is left alone belong to
    /// requests that were under way and do not count again.
    fn bench(&mut self, now: Now) -> u64 {
        if !self.benched_until.is_ahead(now) {
            let doublings = self.refusals.min(16);
            let wait = (FIRST_BENCH_MS << doublings).min(MAX_BENCH_MS);
            self.refusals = self.refusals.saturating_add(1);
            self.benched_until = Until::after(wait, now);
        }
        self.benched_until.left_ms(now)
    }
}

/// How long a subscription stays spent.
fn spent_ms(quotas: &Quotas, now: Now) -> u64 {
    let window = match quotas.claim {
        Some(Claim::SevenDay) => Window::SevenDay,
        _ => Window::FiveHour,
    };
    let rejected = [Window::FiveHour, Window::SevenDay]
        .into_iter()
        .find(|one| quotas.of(*one).status == Some(Status::Rejected));
    let at = quotas
        .resets_at
        .or(quotas.of(rejected.unwrap_or(window)).resets_at);
    at.map_or(DEFAULT_COOLDOWN_MS, |at| ahead_ms(at, now))
        .min(MAX_WINDOW_WAIT_MS)
}

/// How long the limits say that it takes, if they say so: until those that stand at zero are whole
/// again, else those that are counted, else those of a subscription that are spent.
fn resets_ms(quotas: &Quotas, now: Now) -> Option<u64> {
    let latest = |wanted: &dyn Fn(Window) -> bool| {
        let windows = Window::ALL.into_iter().filter(|window| wanted(*window));
        let waits = windows.filter_map(|window| quotas.of(window).resets_at);
        waits.map(|at| ahead_ms(at, now)).max().filter(|ms| *ms > 0)
    };
    let at_zero = |window: Window| window.refills() && quotas.of(window).remaining == Some(0);
    let is_full = |window: Window| {
        !window.refills() && quotas.of(window).used.is_some_and(|used| used >= 1.0)
    };
    let rejected = quotas.status == Some(Status::Rejected);
    latest(&at_zero)
        .or_else(|| rejected.then(|| spent_ms(quotas, now)))
        .or_else(|| latest(&is_full))
        .or_else(|| latest(&Window::refills))
        .filter(|ms| *ms > 0)
}

fn ahead_ms(unix_ms: i64, now: Now) -> u64 {
    now.at_unix_ms(unix_ms) - now.ms
}

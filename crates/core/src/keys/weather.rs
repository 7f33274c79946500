//! The weather of a quota: how fast a window is being spent, when it will be gone at that rate,
//! and who has to wait when it will not last.

use std::collections::VecDeque;

use weir_wire::ratelimit::quota::Window;

use super::class::Class;

/// Readings that are kept of a window.
const SAMPLES: usize = 32;
/// The part of a window that batches leave alone when it will not last.
pub const BATCH_RESERVE: f64 = 0.20;
/// The part of a window that subagents leave alone when it will not last.
pub const SUBAGENT_RESERVE: f64 = 0.10;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is to be expected of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Which window.
    pub window: Window,
    /// The part of it that is spent, from 0 to 1.
    pub used: f64,
    /// When it is whole again, in milliseconds since the Unix epoch.
    pub resets_at: i64,
    /// The part of it that goes in an hour at the present rate; none while too little is known.
    pub hourly: Option<f64>,
    /// When it is spent at the present rate, in milliseconds since the Unix epoch; none if it
    /// lasts until its reset.
    pub spent_at: Option<i64>,
    /// Whether it will not last and so little is left that the least urgent have to wait.
    pub short: bool,
}

/// The part of a window that `class` leaves to those before it when the window will not last.
#[must_use]
pub fn reserve(class: Class) -> f64 {
    match class {
        Class::Foreground => 0.0,
        Class::Subagent => SUBAGENT_RESERVE,
        Class::Batch => BATCH_RESERVE,
    }
}

/// How long a window is if nobody says.
pub(super) fn usual_length_ms(window: Window) -> u64 {
    match window {
        Window::Requests | Window::Tokens | Window::Input | Window::Output => MINUTE,
        Window::FiveHour | Window::CodexPrimary => 5 * HOUR,
        Window::SevenDay | Window::CodexSecondary => 7 * DAY,
    }
}

/// How far back the present reaches: two minutes of a minute's bucket, a fifth of a window, and a
/// whole day of those that are longer than a few, so that nights are part of it.
fn lookback_ms(window: Window, length_ms: u64) -> u64 {
    if window.refills() {
        2 * MINUTE
    } else if length_ms > 3 * DAY {
        DAY
    } else {
        (length_ms / 5).max(MINUTE)
    }
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at_ms: u64,
    used: f64,
}

/// Readings of one window, the oldest first, with some time between them.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    samples: VecDeque<Sample>,
}

/// What a rate is worked out from besides the readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Present {
    pub(super) window: Window,
    pub(super) length_ms: u64,
    /// Until the reset.
    pub(super) left_ms: u64,
    pub(super) used: f64,
    pub(super) now_ms: u64,
}

impl History {
    /// Keeps a reading unless one was kept only just.
    pub(super) fn note(&mut self, present: &Present) {
        let spacing = lookback_ms(present.window, present.length_ms) / (SAMPLES as u64 - 1);
        let due = |last: &Sample| present.now_ms.saturating_sub(last.at_ms) >= spacing;
        if self.samples.back().is_none_or(due) {
            if self.samples.len() == SAMPLES {
                self.samples.pop_front();
            }
            self.samples.push_back(Sample {
                at_ms: present.now_ms,
                used: present.used,
            });
        }
    }

    pub(super) fn clear(&mut self) {
        self.samples.clear();
    }

    /// The part of the window that goes in a millisecond at present; none while too little is
    /// known.
    ///
    /// It is the median of the slopes between all readings that lie far apart. The slope from the
    /// first to the last alone would be led astray by one wrong reading, and slopes between
    /// neighbours by the rounding of the figures and by use that comes in bursts.
    pub(super) fn rate(&self, present: &Present) -> Option<f64> {
        let back = lookback_ms(present.window, present.length_ms);
        let points = self.points(present, back);
        let span = points.last()?.at_ms - points.first()?.at_ms;
        if span < back / 12 {
            return since_start(present);
        }
        let mut slopes: Vec<f64> = Vec::with_capacity(points.len() * points.len() / 2);
        for (index, from) in points.iter().enumerate() {
            let far = points[index..]
                .iter()
                .filter(|to| (to.at_ms - from.at_ms) * 4 >= span * 3);
            slopes.extend(far.map(|to| (to.used - from.used) / ms(to.at_ms - from.at_ms)));
        }
        let middle = slopes.len() / 2;
        let (_, median, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
        Some(median.max(0.0))
    }

    /// The readings of the lookback, what was known at its beginning, and the present: that
    /// nothing was used for a while is part of the rate.
    fn points(&self, present: &Present, back: u64) -> Vec<Sample> {
        let from = present.now_ms.saturating_sub(back);
        let before = self.samples.iter().rev().find(|one| one.at_ms < from);
        let recent = self.samples.iter().filter(|one| one.at_ms >= from);
        let mut points: Vec<Sample> = before
            .map(|one| Sample {
                at_ms: from,
                used: one.used,
            })
            .into_iter()
            .chain(recent.copied())
            .filter(|one| one.at_ms < present.now_ms)
            .collect();
        points.push(Sample {
            at_ms: present.now_ms,
            used: present.used,
        });
        points
    }

    /// What is to be expected; `now` is milliseconds since the Unix epoch.
    pub(super) fn forecast(&self, present: &Present, unix_ms: i64) -> Forecast {
        let rate = self.rate(present);
        let resets_at = unix_ms.saturating_add_unsigned(present.left_ms);
        let left = 1.0 - present.used;
        let spent_in = match rate {
            _ if left <= 0.0 => Some(0.0),
            Some(rate) if rate > 0.0 => Some(left / rate),
            Some(_) | None => None,
        };
        let spent_at = spent_in
            .filter(|wait| *wait < ms(present.left_ms))
            .map(|wait| unix_ms.saturating_add_unsigned(whole_ms(wait)));
        Forecast {
            window: present.window,
            used: present.used,
            resets_at,
            hourly: rate.map(|rate| rate * ms(HOUR)),
            spent_at,
            short: spent_at.is_some() && left < BATCH_RESERVE,
        }
    }
}

/// The rate since a window began, for one of which little has been seen yet, as after a start.
/// None of a bucket that refills, or of a window that has only just begun.
fn since_start(present: &Present) -> Option<f64> {
    let elapsed = present.length_ms.checked_sub(present.left_ms)?;
    (!present.window.refills() && elapsed >= present.length_ms / 10)
        .then(|| present.used / ms(elapsed.max(1)))
}

fn ms(ms: u64) -> f64 {
    ms as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest integer there is, and this one is between 0 and the time left"
)]
fn whole_ms(ms: f64) -> u64 {
    ms as u64
}

//! How long a provider takes to its first byte: a figure for routing and percentiles for people.

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Now;

/// After this many milliseconds without a measurement half of an old one's weight is gone.
const HALF_LIFE_MS: f64 = 30_000.0;
/// A new measurement's share when they come fast.
const SHARE: f64 = 0.2;
/// How long measurements count in the percentiles: between one and two of these.
const WINDOW_MS: u64 = 300_000;
/// Buckets: eight to each doubling, from a microsecond to over an hour.
const BUCKETS: usize = 256;

/// The times of one provider; about 2 KiB.
#[derive(Clone, Debug)]
pub struct Latency {
    average_us: f64,
    last_ms: Option<u64>,
    current: Box<[u32; BUCKETS]>,
    previous: Box<[u32; BUCKETS]>,
    window: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            average_us: 0.0,
            last_ms: None,
            current: Box::new([0; BUCKETS]),
            previous: Box::new([0; BUCKETS]),
            window: 0,
        }
    }
}

/// What people are shown, in milliseconds; none where nothing was measured lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = Latency)]
pub struct View {
    /// The average, in which the newest counts most.
    #[schema(required)]
    pub ewma: Option<f64>,
    /// Half were faster.
    #[schema(required)]
    pub p50: Option<f64>,
    /// 95 of 100 were faster.
    #[schema(required)]
    pub p95: Option<f64>,
    /// 99 of 100 were faster.
    #[schema(required)]
    pub p99: Option<f64>,
}

impl Latency {
    /// Takes a time, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "times far below 2^53 µs")]
    pub fn record(&mut self, us: u64, now: Now) {
        self.rotate(now);
        let us_f = us as f64;
        self.average_us = match self.last_ms {
            None => us_f,
            Some(last) => {
                let age = now.ms.saturating_sub(last) as f64;
                let kept = (1.0 - SHARE) * 0.5_f64.powf(age / HALF_LIFE_MS);
                self.average_us * kept + us_f * (1.0 - kept)
            }
        };
        self.last_ms = Some(now.ms);
        if let Some(count) = self.current.get_mut(bucket(us)) {
            *count = count.saturating_add(1);
        }
    }

    /// The average in microseconds, and how long ago the last was measured, in milliseconds.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an average of times is a time"
    )]
    pub fn average(&self, now: Now) -> Option<(u64, u64)> {
        let age = now.ms.saturating_sub(self.last_ms?);
        Some((self.average_us.round() as u64, age))
    }

    /// What people are shown.
    #[must_use]
    pub fn view(&mut self, now: Now) -> View {
        self.rotate(now);
        let lately = |last: &u64| now.ms.saturating_sub(*last) < 2 * WINDOW_MS;
        let last = self.last_ms.filter(lately);
        View {
            ewma: last.map(|_| self.average_us / 1000.0),
            p50: self.percentile(0.50),
            p95: self.percentile(0.95),
            p99: self.percentile(0.99),
        }
    }

    fn rotate(&mut self, now: Now) {
        let window = now.ms / WINDOW_MS;
        // Threads read the clock before they take turns here: a reading may be a little behind.
        if window <= self.window {
            return;
        }
        if window == self.window + 1 {
            std::mem::swap(&mut self.current, &mut self.previous);
        } else {
            self.previous.fill(0);
        }
        self.current.fill(0);
        self.window = window;
    }

    fn percentile(&self, share: f64) -> Option<f64> {
        let counts = || {
            let pairs = self.current.iter().zip(self.previous.iter());
            pairs.map(|(one, other)| u64::from(*one) + u64::from(*other))
        };
        let total: u64 = counts().sum();
        if total == 0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank between one and the number of measurements"
        )]
        let rank = (share * total as f64).ceil() as u64;
        let mut seen = 0;
        let index = counts().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(upper_us(index) / 1000.0)
    }
}

/// Eight buckets to each doubling: the top bit and the three below it.
fn bucket(us: u64) -> usize {
    let us = us.max(8);
    let top = us.ilog2();
    let below = (us >> (top - 3)) & 7;
    let index = u64::from(top - 3) * 8 + below;
    usize::try_from(index).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The upper end of a bucket, in microseconds.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn upper_us(index: usize) -> f64 {
    let (doubling, below) = (index / 8, index % 8);
    (below + 9) as f64 * 2_f64.powf(doubling as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now { ms, unix_ms: 0 }
    }

    #[test]
    fn percentiles_are_within_an_eighth() {
        let mut latency = Latency::default();
        for us in 1..=1000 {
            latency.record(us * 1000, at(1000));
        }
        let view = latency.view(at(1000));
        for (found, expected) in [(view.p50, 500.0), (view.p95, 950.0), (view.p99, 990.0)] {
            let found = found.unwrap();
            assert!((expected..=expected * 1.13).contains(&found), "{found}");
        }
    }

    #[test]
    fn old_measurements_are_forgotten() {
        let mut latency = Latency::default();
        latency.record(900_000, at(0));
        assert!(latency.view(at(WINDOW_MS + 1)).p50.is_some());
        assert!(latency.view(at(3 * WINDOW_MS)).p50.is_none());
        latency.record(10_000, at(3 * WINDOW_MS));
        let (average, age) = latency.average(at(3 * WINDOW_MS + 5)).unwrap();
        assert!(average < 20_000, "{average}");
        assert_eq!(age, 5);
    }

    #[test]
    fn a_reading_that_is_a_little_behind_costs_nothing() {
        let mut latency = Latency::default();
        latency.record(10_000, at(WINDOW_MS));
        latency.record(10_000, at(WINDOW_MS - 1));
        let view = latency.view(at(2 * WINDOW_MS - 1));
        assert!(view.p99.is_some() && view.ewma.is_some());
        let much_later = latency.view(at(9 * WINDOW_MS));
        assert_eq!(much_later, View::default());
    }

    #[test]
    fn any_time_has_a_bucket() {
        for us in [0, 1, 7, 8, 9, 1 << 40, u64::MAX] {
            let index = bucket(us);
            assert!(index < BUCKETS);
        }
        assert!(upper_us(bucket(1_000_000)) >= 1_000_000.0);
    }
}

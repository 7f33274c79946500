//! How times are spread, in few bytes: counts in buckets that are never wider than a thirty-second
//! of their value, so that a percentile is off by less than 2 %.

use serde::Serialize;
use utoipa::ToSchema;

use crate::varint;

/// Buckets for each doubling.
const STEPS: u64 = 32;
/// Times count as no longer than this: two years, in milliseconds.
const LONGEST: u64 = 1 << 36;

/// The bucket of the longest time.
const LAST: u16 = 1024;

/// Times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// The bucket of the first count.
    first: u16,
    /// How many fell into it and those behind it; neither end is 0.
    counts: Vec<u64>,
    /// The longest.
    most: u64,
}

/// How long it took for how many in a hundred, in milliseconds. Off by less than 2 %, except `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Percentiles {
    /// Half of them took no longer.
    pub p50: u64,
    /// Nine in ten took no longer.
    pub p90: u64,
    /// 95 in a hundred took no longer.
    pub p95: u64,
    /// 99 in a hundred took no longer.
    pub p99: u64,
    /// None took longer.
    pub max: u64,
}

impl Histogram {
    /// Counts one time, in milliseconds.
    pub(crate) fn add(&mut self, ms: u64) {
        let ms = ms.min(LONGEST);
        self.put(bucket(ms), 1);
        self.most = self.most.max(ms);
    }

    /// Counts all times of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        if let Some(more) = other.counts.len().checked_sub(1) {
            let at = self.cover(other.first, usize::from(other.first) + more);
            let sums = self.counts.iter_mut().skip(at);
            for (sum, more) in sums.zip(&other.counts) {
                *sum = sum.saturating_add(*more);
            }
        }
        self.most = self.most.max(other.most);
    }

    /// Makes room for the buckets from one to another; gives the place of the first.
    fn cover(&mut self, low: u16, high: usize) -> usize {
        if self.counts.is_empty() {
            self.first = low;
        } else if low < self.first {
            let more = usize::from(self.first - low);
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = low;
        }
        let length = high + 1 - usize::from(self.first);
        if self.counts.len() < length {
            self.counts.resize(length, 0);
        }
        usize::from(low - self.first)
    }

    fn put(&mut self, bucket: u16, count: u64) {
        if count == 0 {
            return;
        }
        let at = self.cover(bucket, bucket.into());
        if let Some(known) = self.counts.get_mut(at) {
            *known = known.saturating_add(count);
        }
    }

    /// The buckets that hold something, ascending, with how many.
    fn filled(&self) -> impl Iterator<Item = (u16, u64)> {
        (self.first..)
            .zip(self.counts.iter().copied())
            .filter(|(_, count)| *count > 0)
    }

    /// None when nothing was counted.
    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        let total: u64 = self.counts.iter().sum();
        let at = |percent: u64| {
            // The rank of the first that is not among the shorter ones.
            let rank = (total * percent).div_ceil(100).max(1);
            let mut seen = 0;
            let found = self.filled().find(|(_, count)| {
                seen += count;
                seen >= rank
            });
            found.map_or(self.most, |(bucket, _)| middle(bucket).min(self.most))
        };
        (total > 0).then(|| Percentiles {
            p50: at(50),
            p90: at(90),
            p95: at(95),
            p99: at(99),
            max: self.most,
        })
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        varint::put(out, self.filled().count() as u64);
        let mut last = 0;
        for (bucket, count) in self.filled() {
            varint::put(out, u64::from(bucket - last));
            varint::put(out, count);
            last = bucket;
        }
        varint::put(out, self.most);
    }

    /// Adds what [`Self::encode`] wrote; none where it cannot be read.
    pub(crate) fn merge_encoded(&mut self, bytes: &mut &[u8]) -> Option<()> {
        let mut bucket = 0u16;
        for _ in 0..varint::take(bytes)? {
            let more = u16::try_from(varint::take(bytes)?).ok()?;
            bucket = bucket.checked_add(more).filter(|&bucket| bucket <= LAST)?;
            self.put(bucket, varint::take(bytes)?);
        }
        self.most = self.most.max(varint::take(bytes)?);
        Some(())
    }
}

/// The bucket of a time.
fn bucket(ms: u64) -> u16 {
    let doublings = (ms / STEPS).checked_ilog2().map_or(0, |log| log + 1);
    let step = if doublings == 0 {
        ms
    } else {
        (ms >> (doublings - 1)) - STEPS
    };
    u16::try_from(u64::from(doublings) * STEPS + step).unwrap_or(u16::MAX)
}

/// The time in the middle of a bucket.
fn middle(bucket: u16) -> u64 {
    let (doublings, step) = (u64::from(bucket) / STEPS, u64::from(bucket) % STEPS);
    match doublings {
        0 => step,
        _ => ((STEPS + step) << (doublings - 1)) + (1 << (doublings - 1)) / 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        times.iter().for_each(|&ms| histogram.add(ms));
        histogram
    }

    #[test]
    fn percentiles_of_known_times() {
        assert_eq!(of(&[]).percentiles(), None);
        let one = of(&[7]).percentiles().unwrap();
        assert_eq!((one.p50, one.p99, one.max), (7, 7, 7));
        let hundred: Vec<u64> = (1..=100).map(|n| n * 100).collect();
        let all = of(&hundred).percentiles().unwrap();
        for (found, exact) in [
            (all.p50, 5000),
            (all.p90, 9000),
            (all.p95, 9500),
            (all.p99, 9900),
        ] {
            assert!(found.abs_diff(exact) * 50 <= exact, "{found} for {exact}");
        }
        assert_eq!(all.max, 10_000);
    }

    #[test]
    fn the_longest_time_has_the_last_bucket() {
        assert_eq!(bucket(LONGEST), LAST);
    }

    proptest! {
        #[test]
        fn a_bucket_is_never_far_from_its_times(ms in 0..LONGEST) {
            prop_assert!(middle(bucket(ms)).abs_diff(ms) * 50 <= ms, "{}", middle(bucket(ms)));
        }

        #[test]
        fn histograms_come_back_and_add_up(a: Vec<u32>, b: Vec<u32>) {
            let times = |list: &[u32]| list.iter().map(|&n| u64::from(n)).collect::<Vec<_>>();
            let mut bytes = Vec::new();
            of(&times(&a)).encode(&mut bytes);
            let mut merged = of(&times(&b));
            merged.merge_encoded(&mut &bytes[..]).unwrap();
            let both = [a, b].concat();
            prop_assert_eq!(merged, of(&times(&both)));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let read = Histogram::default().merge_encoded(&mut &bytes[..]);
            prop_assert!(read.is_none() || !bytes.is_empty());
        }
    }
}

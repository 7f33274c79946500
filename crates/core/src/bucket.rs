//! A limit a minute: a bucket that refills all the time. Whole numbers only, so that nothing is
//! lost to rounding however often it is asked.

/// Level units in one request or token: what a limit of one a minute adds in a minute.
const UNIT: i64 = 60_000;
/// Largest limit; beyond it nothing is limited in practice, and arithmetic stays exact.
pub(crate) const MAX_LIMIT: u64 = 1_000_000_000_000;
/// How far below zero a bucket goes when more was used than estimated, in wholes of it; one minute
/// each until it is level again.
const MAX_DEBT: i64 = 10;

/// What may still be used of a limit a minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    /// A minute; 0 is unlimited.
    limit: u64,
    /// What is in it at `at_ms`, in units; below zero after a debt.
    level: i64,
    at_ms: u64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or(0).min(MAX_LIMIT);
        Self {
            limit,
            level: whole(limit),
            at_ms: 0,
        }
    }

    /// The limit a minute; none is unlimited.
    pub(crate) fn limit(&self) -> Option<u64> {
        (self.limit > 0).then_some(self.limit)
    }

    /// Changes the limit where it stands: what is used up stays used up.
    pub(crate) fn set_limit(&mut self, limit: Option<u64>, now_ms: u64) {
        let limit = limit.unwrap_or(0).min(MAX_LIMIT);
        if limit == self.limit {
            return;
        }
        let (old, new) = (whole(self.limit), whole(limit));
        self.level = self.level_at(now_ms) + new - old;
        self.level = self.level.clamp(-new.saturating_mul(MAX_DEBT), new);
        self.limit = limit;
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Fills it up.
    pub(crate) fn refill(&mut self) {
        self.level = whole(self.limit);
    }

    /// Milliseconds until `amount` fits; 0 if it does. What is larger than the bucket fits when
    /// it is full, and nothing fits into an empty one.
    pub(crate) fn wait_ms(&self, amount: u64, now_ms: u64) -> u64 {
        if self.limit == 0 {
            return 0;
        }
        let needed = whole(amount.clamp(1, self.limit));
        let missing = needed.saturating_sub(self.level_at(now_ms)).max(0);
        missing.unsigned_abs().div_ceil(self.limit)
    }

    /// Takes `amount`, no more than the whole of it, and says how much was taken.
    pub(crate) fn take(&mut self, amount: u64, now_ms: u64) -> u64 {
        let taken = if self.limit == 0 {
            amount
        } else {
            amount.min(self.limit)
        };
        self.correct(0, taken, now_ms);
        taken
    }

    /// Replaces `taken` by what was really used.
    pub(crate) fn correct(&mut self, taken: u64, used: u64, now_ms: u64) {
        let full = whole(self.limit);
        let level = self
            .level_at(now_ms)
            .saturating_add(whole(taken))
            .saturating_sub(whole(used));
        self.level = level.clamp(-full.saturating_mul(MAX_DEBT), full);
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Whole requests or tokens in it; none if it is unlimited.
    pub(crate) fn remaining(&self, now_ms: u64) -> Option<u64> {
        let level = self.level_at(now_ms).max(0) / UNIT;
        (self.limit > 0).then_some(level.unsigned_abs())
    }

    /// When it is full, in milliseconds from `now_ms`.
    pub(crate) fn full_in_ms(&self, now_ms: u64) -> u64 {
        self.wait_ms(self.limit, now_ms)
    }

    fn level_at(&self, now_ms: u64) -> i64 {
        let elapsed = i64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(i64::MAX);
        let rate = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let added = rate.saturating_mul(elapsed);
        self.level.saturating_add(added).min(whole(self.limit))
    }
}

/// So many in units.
fn whole(count: u64) -> i64 {
    i64::try_from(count.min(MAX_LIMIT)).map_or(i64::MAX, |count| count * UNIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_bucket_gives_its_limit_at_once_and_then_refills() {
        let mut bucket = Bucket::new(Some(2));
        for _ in 0..2 {
            assert_eq!(bucket.wait_ms(1, 0), 0);
            bucket.take(1, 0);
        }
        assert_eq!(bucket.wait_ms(1, 0), 30_000);
        assert_eq!(bucket.wait_ms(1, 29_999), 1);
        assert_eq!(bucket.wait_ms(1, 30_000), 0);
    }

    #[test]
    fn an_unlimited_bucket_never_waits() {
        let mut bucket = Bucket::new(None);
        bucket.take(u64::MAX, 5);
        assert_eq!(bucket.wait_ms(u64::MAX, 5), 0);
        assert_eq!((bucket.remaining(5), bucket.limit()), (None, None));
    }

    #[test]
    fn what_is_larger_than_the_bucket_fits_when_it_is_full() {
        let mut bucket = Bucket::new(Some(100));
        assert_eq!(bucket.wait_ms(5_000, 0), 0);
        assert_eq!(bucket.take(5_000, 0), 100);
        assert_eq!(bucket.wait_ms(5_000, 0), 60_000);
        assert_eq!(bucket.wait_ms(0, 0), 600, "nothing fits into an empty one");
    }

    #[test]
    fn a_debt_is_paid_off_and_has_a_bound() {
        let mut bucket = Bucket::new(Some(60));
        let taken = bucket.take(10, 0);
        bucket.correct(taken, 120, 0);
        assert_eq!(bucket.remaining(0), Some(0));
        assert_eq!(bucket.wait_ms(1, 0), 61_000);
        bucket.correct(0, u64::MAX, 0);
        assert_eq!(bucket.wait_ms(1, 0), 601_000);
    }

    #[test]
    fn what_was_not_used_comes_back() {
        let mut bucket = Bucket::new(Some(100));
        let taken = bucket.take(90, 0);
        bucket.correct(taken, 5, 0);
        assert_eq!(bucket.remaining(0), Some(95));
    }

    #[test]
    fn a_new_limit_keeps_what_is_used_up() {
        let mut bucket = Bucket::new(Some(10));
        bucket.take(8, 0);
        bucket.set_limit(Some(20), 0);
        assert_eq!(bucket.remaining(0), Some(12));
        bucket.set_limit(Some(4), 0);
        assert_eq!(bucket.remaining(0), Some(0));
        assert_eq!(bucket.wait_ms(1, 0), 75_000, "four of eight are owed");
        bucket.set_limit(None, 0);
        bucket.set_limit(Some(3), 0);
        assert_eq!(bucket.remaining(0), Some(3));
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_lets_more_through_than_burst_and_refill(
            limit in 1_u64..200,
            gaps in proptest::collection::vec(0_u64..5_000, 1..200),
        ) {
            let mut bucket = Bucket::new(Some(limit));
            let mut now = 0;
            let mut passed: Vec<u64> = Vec::new();
            for gap in gaps {
                now += gap;
                if bucket.wait_ms(1, now) == 0 {
                    bucket.take(1, now);
                    passed.push(now);
                }
            }
            for (index, from) in passed.iter().enumerate() {
                for (count, to) in passed[index..].iter().enumerate() {
                    let most = limit + (to - from) * limit / 60_000;
                    prop_assert!((count as u64) < most, "{count} in {} ms", to - from);
                }
            }
        }

        #[test]
        fn the_wait_is_exact(
            limit in 1_u64..MAX_LIMIT,
            taken in any::<u64>(),
            used in any::<u64>(),
            amount in any::<u64>(),
            now in 0_u64..u64::MAX / 2,
        ) {
            let mut bucket = Bucket::new(Some(limit));
            let taken = bucket.take(taken, now);
            bucket.correct(taken, used, now);
            let wait = bucket.wait_ms(amount, now);
            prop_assert_eq!(bucket.wait_ms(amount, now + wait), 0);
            if wait > 0 {
                prop_assert!(bucket.wait_ms(amount, now + wait - 1) > 0);
            }
        }
    }
}

//! How much processor time compression may take: a small share of one core, so that it is free
//! while little happens and does not compete with the traffic while much does.

use std::time::Duration;

/// One part in this many of elapsed time may be spent.
const SHARE: u32 = 1000;
/// The most that can be saved up.
const MOST: Duration = Duration::from_millis(2);

/// Time that may be spent now, less what was spent ahead: a long piece is begun while anything is
/// left, and paid for by those that follow.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: Duration,
    owed: Duration,
    at: Duration,
}

impl Allowance {
    /// Starts with all that can be saved up.
    pub(crate) fn new() -> Self {
        Self {
            left: MOST,
            owed: Duration::ZERO,
            at: Duration::ZERO,
        }
    }

    /// Lets time pass: `now` is since any fixed moment.
    pub(crate) fn advance(&mut self, now: Duration) {
        let earned = now.saturating_sub(self.at) / SHARE;
        let paid = earned.min(self.owed);
        self.owed -= paid;
        self.left = (self.left + earned - paid).min(MOST);
        self.at = self.at.max(now);
    }

    /// Takes the time that compressing `len` bytes is expected to need, unless none is left.
    pub(crate) fn take(&mut self, len: usize) -> bool {
        if self.left.is_zero() {
            return false;
        }
        // Measured on a busy machine: 5 microseconds, and 3 for each KiB.
        let need = Duration::from_nanos(5_000 + (len as u64) * 3);
        self.owed += need.saturating_sub(self.left);
        self.left = self.left.saturating_sub(need);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_minutes_spend_their_share_and_no_more() {
        let mut allowance = Allowance::new();
        let mut compressed = 0u64;
        for ms in 0..300_000u64 {
            allowance.advance(Duration::from_millis(ms));
            for _ in 0..4 {
                compressed += u64::from(allowance.take(64 * 1024));
            }
        }
        let spent = Duration::from_nanos(compressed * (5_000 + 65_536 * 3));
        let share = Duration::from_secs(300) / SHARE;
        assert!(spent <= share + MOST * 2, "{spent:?}");
        assert!(spent >= share * 9 / 10, "{spent:?}");
    }

    #[test]
    fn a_quiet_gateway_compresses_everything() {
        let mut allowance = Allowance::new();
        for turn in 0..1000 {
            allowance.advance(Duration::from_secs(turn * 2));
            assert!(allowance.take(256 << 10));
        }
    }
}

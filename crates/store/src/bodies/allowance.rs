//! How much processor time compression may take: a small share of one core, so that it is free
//! while little happens and does not compete with the traffic while much does.

use std::time::Duration;

/// One part in this many of elapsed time may be spent.
const SHARE: u32 = 50;
/// The most that can be saved up.
const MOST: Duration = Duration::from_millis(40);

/// Time that may be spent now.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: Duration,
    at: Duration,
}

impl Allowance {
    /// Starts with all that can be saved up.
    pub(crate) fn new() -> Self {
        Self {
            left: MOST,
            at: Duration::ZERO,
        }
    }

    /// Lets time pass: `now` is since any fixed moment.
    pub(crate) fn advance(&mut self, now: Duration) {
        self.left = (self.left + now.saturating_sub(self.at) / SHARE).min(MOST);
        self.at = self.at.max(now);
    }

    /// Takes the time that compressing `len` bytes is expected to need, if there is as much.
    pub(crate) fn take(&mut self, len: usize) -> bool {
        // Measured: 2.5 microseconds, and 2 for each KiB.
        let need = Duration::from_nanos(2_500 + (len as u64) * 2);
        let Some(left) = self.left.checked_sub(need) else {
            return false;
        };
        self.left = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_hour_spends_its_share_and_no_more() {
        let mut allowance = Allowance::new();
        let mut compressed = 0u64;
        for ms in 0..3_600_000u64 {
            allowance.advance(Duration::from_millis(ms));
            for _ in 0..4 {
                compressed += u64::from(allowance.take(64 * 1024));
            }
        }
        let spent = Duration::from_nanos(compressed * (2_500 + 65_536 * 2));
        assert!(
            spent <= Duration::from_secs(3600) / SHARE + MOST,
            "{spent:?}"
        );
        assert!(
            spent >= Duration::from_secs(3600) / SHARE * 9 / 10,
            "{spent:?}"
        );
    }

    #[test]
    fn a_quiet_gateway_compresses_everything() {
        let mut allowance = Allowance::new();
        for second in 0..1000 {
            allowance.advance(Duration::from_secs(second));
            assert!(allowance.take(4 << 20));
        }
    }
}

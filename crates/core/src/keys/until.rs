//! The end of a pause or of a window.

use crate::clock::Now;

/// A moment on both clocks; it has come as soon as one of them says so. The clock that never jumps
/// may stand still while a machine sleeps, and the other may be set: whichever does, the worst is
/// an end that comes early.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Until {
    ms: u64,
    unix_ms: i64,
}

impl Until {
    /// So many milliseconds from now.
    pub(super) fn after(ms: u64, now: Now) -> Self {
        let Now { ms, unix_ms } = now.plus_ms(ms);
        Self { ms, unix_ms }
    }

    /// Milliseconds until then; 0 once it has come.
    pub(super) fn left_ms(self, now: Now) -> u64 {
        let on_the_wall = u64::try_from(self.unix_ms.saturating_sub(now.unix_ms)).unwrap_or(0);
        self.ms.saturating_sub(now.ms).min(on_the_wall)
    }

    /// Whether it is still to come.
    pub(super) fn is_ahead(self, now: Now) -> bool {
        self.left_ms(now) > 0
    }

    /// The same on the wall, in milliseconds since the Unix epoch; none once it has come.
    pub(super) fn date(self, now: Now) -> Option<i64> {
        let left = self.left_ms(now);
        (left > 0).then(|| now.unix_ms.saturating_add_unsigned(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_when_either_clock_says_so() {
        let now = Now {
            ms: 5_000,
            unix_ms: 1_000_000,
        };
        let until = Until::after(3_000, now);
        assert_eq!(until.left_ms(now), 3_000);
        assert_eq!(until.date(now), Some(1_003_000));
        let slept = Now {
            unix_ms: 9_000_000,
            ..now
        };
        assert!(!until.is_ahead(slept), "a night in a closed laptop");
        let set_back = Now {
            unix_ms: 0,
            ..now.plus_ms(3_000)
        };
        assert!(!until.is_ahead(set_back), "a clock that was wrong");
        assert!(!Until::default().is_ahead(now));
    }
}

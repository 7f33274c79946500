//! A reading of the clocks, taken by whoever has some. The rules take it as an argument.

/// Now, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that never jumps, from any start that lasts as long as the process.
    pub ms: u64,
    /// Milliseconds since the Unix epoch, for what others state as a date.
    pub unix_ms: i64,
}

impl Now {
    /// The same later.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self {
            ms: self.ms.saturating_add(ms),
            unix_ms: self.unix_ms.saturating_add_unsigned(ms),
        }
    }

    /// The moment on the first clock of a date; one in the past is now.
    #[must_use]
    pub fn at_unix_ms(self, unix_ms: i64) -> u64 {
        let ahead = unix_ms.saturating_sub(self.unix_ms).max(0);
        self.ms.saturating_add(ahead.unsigned_abs())
    }
}

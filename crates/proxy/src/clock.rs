//! Reads the clocks for the rules, which have none.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use weir_core::clock::Now;

/// This moment.
#[must_use]
pub fn now() -> Now {
    static START: OnceLock<Instant> = OnceLock::new();
    let since_start = START.get_or_init(Instant::now).elapsed();
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        // A start before now, so that nothing that is measured from it is at zero.
        ms: u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX) + 1,
        unix_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX),
    }
}

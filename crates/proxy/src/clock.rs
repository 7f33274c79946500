//! Reads the clocks for the rules, which have none.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use weir_core::clock::Now;

/// How long the wall clock is taken to go as the monotonic one does, in milliseconds. A request
/// asks for the time often, and a date that is off by less than this does no harm.
const LOOK_AGAIN_MS: u64 = 1000;

/// This moment.
#[must_use]
pub fn now() -> Now {
    static START: OnceLock<Instant> = OnceLock::new();
    static AHEAD_MS: AtomicI64 = AtomicI64::new(0);
    static LOOK_AT_MS: AtomicU64 = AtomicU64::new(0);
    let since_start = START.get_or_init(Instant::now).elapsed();
    // A start before now, so that nothing that is measured from it is at zero.
    let ms = u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX) + 1;
    let signed = i64::try_from(ms).unwrap_or(i64::MAX);
    if ms < LOOK_AT_MS.load(Ordering::Acquire) {
        let unix_ms = signed.saturating_add(AHEAD_MS.load(Ordering::Relaxed));
        return Now { ms, unix_ms };
    }
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let unix_ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    AHEAD_MS.store(unix_ms.saturating_sub(signed), Ordering::Relaxed);
    LOOK_AT_MS.store(ms.saturating_add(LOOK_AGAIN_MS), Ordering::Release);
    Now { ms, unix_ms }
}

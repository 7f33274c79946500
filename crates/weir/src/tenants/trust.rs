//! How long what is known of tenants is believed while their database cannot be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use weir_core::clock::Now;
use weir_proxy::tenants::Tenants;

/// When what is known was last seen to be so.
#[derive(Debug)]
pub(super) struct Trust {
    tenants: Arc<Tenants>,
    clock: fn() -> Now,
    /// In milliseconds of [`Now::ms`].
    seen_ms: AtomicU64,
    is_over: AtomicBool,
}

impl Trust {
    /// Of what `tenants` go by.
    pub(super) fn new(tenants: Arc<Tenants>, clock: fn() -> Now) -> Self {
        Self {
            tenants,
            clock,
            seen_ms: AtomicU64::new(clock().ms),
            is_over: AtomicBool::new(false),
        }
    }

    /// It was so at `at`, and is believed for `grace` from then on.
    pub(super) fn seen(&self, at: Now, grace: Duration) {
        self.seen_ms.store(at.ms, Ordering::Relaxed);
        self.hold(grace);
    }

    /// It cannot be seen, and is believed for `grace` from when it was.
    pub(super) fn hold(&self, grace: Duration) {
        let seen_ms = self.seen_ms.load(Ordering::Relaxed);
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let until_ms = seen_ms.saturating_add(grace_ms);
        self.tenants.good_until(until_ms);
        let is_over = (self.clock)().ms > until_ms;
        let was_over = self.is_over.swap(is_over, Ordering::Relaxed);
        if is_over && !was_over {
            tracing::error!(
                grace = ?grace,
                "requests with tokens of projects are refused: their database could not be read for \
                 longer than `projects.grace`"
            );
        } else if was_over && !is_over {
            tracing::info!("requests with tokens of projects are let in again");
        }
    }

    /// How long ago it was seen to be so, in milliseconds.
    fn age_ms(&self) -> u64 {
        let seen_ms = self.seen_ms.load(Ordering::Relaxed);
        (self.clock)().ms.saturating_sub(seen_ms)
    }
}

/// The figures of it.
#[derive(Debug)]
pub(super) struct TrustFigures(pub Arc<Trust>);

impl Collector for TrustFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help =
            "Time since projects and tokens were last seen to be as they are known, in seconds";
        let age = ConstGauge::new(self.0.age_ms() as f64 / 1000.0);
        let name = "projects_age_seconds";
        age.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        let help = "Requests refused because projects and tokens could not be read for too long";
        let count = ConstCounter::new(self.0.tenants.unvouched());
        let name = "projects_unvouched";
        count.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use weir_core::control::MemoryLedger;

    use super::*;

    thread_local! {
        static MS: Cell<u64> = const { Cell::new(1000) };
    }

    fn clock() -> Now {
        Now {
            ms: MS.get(),
            unix_ms: 0,
        }
    }

    #[test]
    fn it_is_believed_for_the_grace_from_when_it_was_seen() {
        let tenants = Arc::new(Tenants::new(Arc::new(MemoryLedger::new(clock))));
        let trust = Trust::new(tenants, clock);
        let grace = Duration::from_secs(2);
        let is_over = |ms| {
            MS.set(ms);
            trust.hold(grace);
            trust.is_over.load(Ordering::Relaxed)
        };
        assert!(!is_over(3000));
        assert_eq!(trust.age_ms(), 2000);
        assert!(is_over(3001));
        // A longer one counts at once, as does what is seen.
        trust.hold(Duration::from_secs(60));
        assert!(!trust.is_over.load(Ordering::Relaxed));
        assert!(is_over(3001));
        trust.seen(clock(), grace);
        assert!(!is_over(5001) && is_over(5002));
    }
}

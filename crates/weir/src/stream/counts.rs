//! The figures of what is shared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// What was shared so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    connected: AtomicBool,
    /// Told to the others.
    pub sent: AtomicU64,
    /// Taken over from others.
    pub received: AtomicU64,
    /// Learnt, but not told.
    pub dropped: AtomicU64,
    /// Read, but not believed.
    pub rejected: AtomicU64,
}

impl Counts {
    /// Whether this gateway knows what the others know.
    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }
}

/// Counts so many more.
pub(super) fn add(counter: &AtomicU64, count: usize) {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    counter.fetch_add(count, Ordering::Relaxed);
}

/// The figures as metrics.
#[derive(Debug)]
pub(super) struct SharedFigures(pub Arc<Counts>);

impl Collector for SharedFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = &self.0;
        let counters = [
            (
                "shared_signatures_sent",
                "Signatures told to other gateways",
                &counts.sent,
            ),
            (
                "shared_signatures_received",
                "Signatures taken over from other gateways",
                &counts.received,
            ),
            (
                "shared_signatures_dropped",
                "Signatures that other gateways were not told",
                &counts.dropped,
            ),
            (
                "shared_signatures_rejected",
                "What was read of the shared store and is no signature",
                &counts.rejected,
            ),
        ];
        for (name, help, count) in counters {
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let help = "Whether signatures are shared at this moment";
        let gauge = ConstGauge::new(i64::from(counts.is_connected()));
        let name = "shared_signatures_connected";
        gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
    }
}

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
pub(crate) struct Counts {
    connected: AtomicBool,
    /// Told to the others.
    pub sent: AtomicU64,
    /// Taken over from others.
    pub received: AtomicU64,
    /// To be told, but not told.
    pub dropped: AtomicU64,
    /// Read, but not believed.
    pub rejected: AtomicU64,
}

impl Counts {
    /// Whether this gateway knows what the others know.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    pub(crate) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }
}

/// Counts so many more.
pub(crate) fn add(counter: &AtomicU64, count: usize) {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    counter.fetch_add(count, Ordering::Relaxed);
}

/// The figures as metrics.
#[derive(Debug)]
pub(crate) struct Figures {
    /// The figures.
    pub counts: Arc<Counts>,
    /// How their names begin, such as `shared_signatures`.
    pub prefix: &'static str,
    /// What is shared, such as `Signatures`.
    pub what: &'static str,
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Self {
            counts,
            prefix,
            what,
        } = self;
        let counters = [
            ("sent", "told to other nodes", &counts.sent),
            ("received", "taken over from other nodes", &counts.received),
            ("dropped", "that other nodes were not told", &counts.dropped),
            (
                "rejected",
                "that were read of the shared store and are none",
                &counts.rejected,
            ),
        ];
        for (name, help, count) in counters {
            let (name, help) = (format!("{prefix}_{name}"), format!("{what} {help}"));
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(encoder.encode_descriptor(&name, &help, None, MetricType::Counter)?)?;
        }
        let help = format!("{what}: whether they are shared at this moment");
        let gauge = ConstGauge::new(i64::from(counts.is_connected()));
        let name = format!("{prefix}_connected");
        gauge.encode(encoder.encode_descriptor(&name, &help, None, MetricType::Gauge)?)
    }
}

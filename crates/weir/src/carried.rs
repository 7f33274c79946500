//! Captures that are shared with other nodes by a database server: what carries them, and its figures.

use std::sync::Arc;

use arc_swap::ArcSwap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use weir_core::settings::Settings;
use weir_proxy::clock::now;
use weir_store::Recorder;
use weir_store::captures::{Carrier, CarrierStatus};

/// What carries the captures of `store`, which has this name of the node, if they are shared; its
/// figures are shown.
pub(crate) fn carrier(
    settings: &Arc<ArcSwap<Settings>>,
    store: &Recorder,
    name: &str,
    registry: &mut Registry,
) -> Option<Arc<Carrier>> {
    let server = settings.load().storage.server.clone()?;
    let settings = Arc::clone(settings);
    let max_age = Box::new(move || settings.load().capture.retention.max_age);
    let carrier = Carrier::new(store, server, name, max_age);
    registry.register_collector(Box::new(Figures(Arc::clone(&carrier))));
    Some(carrier)
}

/// The figures of what carries captures.
#[derive(Debug)]
struct Figures(Arc<Carrier>);

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let status = self.0.status();
        for (name, help, count) in counters(&status) {
            let name = format!("captures_shared_{name}");
            let descriptor = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(descriptor)?;
        }
        for (name, help, value) in gauges(&status) {
            let name = format!("captures_shared_{name}");
            let descriptor = encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(descriptor)?;
        }
        Ok(())
    }
}

fn counters(status: &CarrierStatus) -> [(&'static str, &'static str, u64); 4] {
    [
        (
            "shipped",
            "Exchanges shipped to other nodes",
            status.shipped,
        ),
        (
            "adopted",
            "Exchanges of other nodes taken over",
            status.adopted,
        ),
        (
            "skipped",
            "Exchanges not shipped or taken over because they are damaged",
            status.skipped,
        ),
        (
            "failures",
            "Times that the server of shared captures did not answer, or refused",
            status.failures,
        ),
    ]
}

fn gauges(status: &CarrierStatus) -> [(&'static str, &'static str, f64); 5] {
    let age = status.oldest_us.map_or(0, |us| now().unix_ms - us / 1000);
    [
        (
            "up",
            "Whether captures are carried to and from other nodes",
            f64::from(u8::from(status.failure.is_none())),
        ),
        (
            "waiting",
            "Exchanges that wait to be shipped",
            status.waiting as f64,
        ),
        (
            "waiting_seconds",
            "Age of the oldest exchange that waits to be shipped, in seconds",
            age.max(0) as f64 / 1000.0,
        ),
        (
            "behind",
            "Entries of other nodes that are still to be read",
            status.behind as f64,
        ),
        (
            "held",
            "Nodes of a newer weir whose captures this one cannot read",
            status.held as f64,
        ),
    ]
}

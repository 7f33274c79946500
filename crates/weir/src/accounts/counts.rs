//! The figures of limits: what they refused, and whether several nodes keep them together.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use weir_core::control::{Limit, Refusal};

use super::{Accounts, Phase};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByLimit {
    limit: &'static str,
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    refused: Family<ByLimit, prometheus_client::metrics::counter::Counter>,
    /// Set aside and not settled.
    pub outstanding: AtomicU64,
    /// Decided without the others, who should have been asked.
    pub alone: AtomicU64,
    /// Waited for the others to be there again.
    pub waited: AtomicU64,
    /// Settled, but the store was not told.
    pub dropped: AtomicU64,
    /// Made last in the place of nodes that died.
    pub adopted: AtomicU64,
}

impl Counts {
    pub(super) fn refused(&self, refusal: &Refusal) {
        if let Some(limit) = refusal.limit {
            self.refused.get_or_create(&by(limit)).inc();
        }
    }
}

fn by(limit: Limit) -> ByLimit {
    ByLimit {
        limit: limit.as_str(),
    }
}

/// Adds the figures to those of `/metrics`.
pub(super) fn show(accounts: &Arc<Accounts>, registry: &mut Registry) {
    let refused = &accounts.counts.refused;
    for limit in Limit::ALL {
        drop(refused.get_or_create(&by(limit)));
    }
    registry.register(
        "limit_refusals",
        "Requests that a limit of a project or token has refused",
        refused.clone(),
    );
    registry.register_collector(Box::new(LedgerFigures(Arc::clone(accounts))));
}

#[derive(Debug)]
struct LedgerFigures(Arc<Accounts>);

impl Collector for LedgerFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (accounts, counts) = (&self.0, &self.0.counts);
        let counters = [
            (
                "ledger_alone",
                "Requests whose limits were decided without the other nodes, which could not be asked",
                &counts.alone,
            ),
            (
                "ledger_waited",
                "Requests that waited for the other nodes to be there again",
                &counts.waited,
            ),
            (
                "ledger_dropped",
                "Settlements that the shared store was not told",
                &counts.dropped,
            ),
            (
                "ledger_adopted",
                "Reservations of nodes that died, charged and stored by this one",
                &counts.adopted,
            ),
        ];
        for (name, help, count) in counters {
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let is_shared = accounts.phase() == Phase::Shared;
        let outstanding = counts.outstanding.load(Ordering::Relaxed);
        let gauges = [
            (
                "ledger_shared",
                "Whether limits are kept together with other nodes at this moment",
                u64::from(is_shared),
            ),
            (
                "ledger_reservations",
                "Requests under way for which something is set aside",
                outstanding,
            ),
            (
                "ledger_waiting",
                "What the shared store is yet to be told",
                accounts.outbox.len() as u64,
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

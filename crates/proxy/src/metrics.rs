//! What the data plane counts. Labels come from closed sets: nothing that a client sends becomes
//! one.

use std::sync::atomic::AtomicU64;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use weir_core::exchange::{End, ResponseRecord};

use crate::record::Labels;

pub mod fleet;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    dialect: &'static str,
    operation: &'static str,
    provider: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EndLabels {
    end: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MissLabels {
    provider: String,
    status: u16,
}

/// Seconds: from a cached answer to the ten minutes that clients wait.
pub(crate) const SECONDS: [f64; 14] = [
    0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0,
];

/// The data plane's figures.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    ends: Family<EndLabels, Counter>,
    duration: Histogram,
    first_byte: Histogram,
    request_bytes: Counter<u64, AtomicU64>,
    response_bytes: Counter<u64, AtomicU64>,
    connects: Family<ProviderLabels, Counter>,
    connect_failures: Family<ProviderLabels, Counter>,
    misses: Family<MissLabels, Counter>,
    exhausted: Family<ProviderLabels, Counter>,
    quota_probes: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            ends: Family::default(),
            duration: Histogram::new(SECONDS),
            first_byte: Histogram::new(SECONDS),
            request_bytes: Counter::default(),
            response_bytes: Counter::default(),
            connects: Family::default(),
            connect_failures: Family::default(),
            misses: Family::default(),
            exhausted: Family::default(),
            quota_probes: Counter::default(),
        }
    }
}

impl Metrics {
    /// Puts every figure into `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "Exchanges by status; status 0 is a client that left before there was one",
            self.requests.clone(),
        );
        registry.register(
            "exchange_ends",
            "Exchanges by how they ended",
            self.ends.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "From the request to the end of the answer",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register_with_unit(
            "upstream_headers",
            "From the request to the upstream's response headers",
            Unit::Seconds,
            self.first_byte.clone(),
        );
        registry.register_with_unit(
            "request_body",
            "Bodies received from clients",
            Unit::Bytes,
            self.request_bytes.clone(),
        );
        registry.register_with_unit(
            "response_body",
            "Bodies relayed to clients",
            Unit::Bytes,
            self.response_bytes.clone(),
        );
        registry.register(
            "upstream_connects",
            "Connections opened to a provider",
            self.connects.clone(),
        );
        registry.register(
            "upstream_connect_failures",
            "Connections to a provider that could not be opened",
            self.connect_failures.clone(),
        );
        self.register_routing(registry);
    }

    fn register_routing(&self, registry: &mut Registry) {
        registry.register(
            "attempts_failed",
            "Tries at a provider that were no answer, by status; status 0 is a failed transport",
            self.misses.clone(),
        );
        registry.register(
            "keys_exhausted",
            "Times that no key of a provider was available",
            self.exhausted.clone(),
        );
        registry.register(
            "quota_probes",
            "Questions for a quota that were answered here",
            self.quota_probes.clone(),
        );
    }

    /// A try at a provider was no answer.
    pub(crate) fn missed(&self, provider: &str, status: Option<StatusCode>) {
        let labels = MissLabels {
            provider: provider.to_owned(),
            status: status.map_or(0, |status| status.as_u16()),
        };
        self.misses.get_or_create(&labels).inc();
    }

    /// No key of a provider was available.
    pub(crate) fn exhausted(&self, provider: &str) {
        let labels = ProviderLabels {
            provider: provider.to_owned(),
        };
        self.exhausted.get_or_create(&labels).inc();
    }

    /// A question for a quota was answered here.
    pub(crate) fn quota_probed(&self) {
        self.quota_probes.inc();
    }

    pub(crate) fn request_bytes(&self, bytes: usize) {
        self.request_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn response_bytes(&self, bytes: usize) {
        self.response_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn connected(&self, provider: &str, opened: bool) {
        let family = if opened {
            &self.connects
        } else {
            &self.connect_failures
        };
        family
            .get_or_create(&ProviderLabels {
                provider: provider.to_owned(),
            })
            .inc();
    }

    pub(crate) fn ended(&self, labels: &Labels, record: &ResponseRecord) {
        self.requests
            .get_or_create(&RequestLabels {
                dialect: labels.dialect.as_str(),
                operation: labels.operation.as_str(),
                provider: labels.provider.to_string(),
                status: record.status.as_ref().map_or(0, StatusCode::as_u16),
            })
            .inc();
        let end = match record.end {
            End::Complete => "complete",
            End::ClientGone => "client_gone",
            End::UpstreamBroke(_) => "upstream_broke",
            End::Gateway(_) => "gateway",
        };
        self.ends.get_or_create(&EndLabels { end }).inc();
        self.duration.observe(seconds(record.duration_us));
        if let Some(elapsed) = record.headers_at_us {
            self.first_byte.observe(seconds(elapsed));
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a histogram's bucket needs no 53rd bit"
)]
pub(crate) fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

//! How many requests a minute are let in: the limits as the settings have them, and their figures.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use weir_core::rate::{Limit, Rates};
use weir_core::settings::Server;
use weir_proxy::clock::now;

/// The limits of `settings`, with their figures among those of `/metrics`.
pub(crate) fn of(settings: &Server, registry: &mut Registry) -> Arc<Rates> {
    let rates = Arc::new(Rates::default());
    set(&rates, settings);
    registry.register_collector(Box::new(Figures(Arc::clone(&rates))));
    rates
}

/// Takes the limits of other settings into use.
pub(crate) fn set(rates: &Rates, settings: &Server) {
    let per_address = settings.max_per_minute_per_address;
    rates.set_limits(settings.max_per_minute, per_address, now());
}

#[derive(Debug)]
struct Figures(Arc<Rates>);

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rates = &self.0;
        let known = ConstGauge::new(i64::try_from(rates.known()).unwrap_or(i64::MAX));
        let about = "Addresses whose requests are counted";
        let metric =
            encoder.encode_descriptor("rate_addresses", about, None, known.metric_type())?;
        known.encode(metric)?;
        let counts = [
            (
                "rate_refusals",
                "Requests refused by `server.max_per_minute`",
                rates.refused(Limit::All),
            ),
            (
                "rate_refusals_by_address",
                "Requests refused by `server.max_per_minute_per_address`",
                rates.refused(Limit::Address),
            ),
            (
                "rate_addresses_forgotten",
                "Addresses forgotten for want of room while something of their limit was used",
                rates.forgotten(),
            ),
        ];
        for (name, about, count) in counts {
            let count = ConstCounter::new(count);
            let metric = encoder.encode_descriptor(name, about, None, count.metric_type())?;
            count.encode(metric)?;
        }
        Ok(())
    }
}

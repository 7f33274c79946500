//! Figures of providers and keys, read at the moment they are asked for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::clock::now;
use crate::snapshot::Snapshot;

type Figure = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfProvider {
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Address {
    provider: String,
    domain: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKey {
    provider: String,
    key: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfWindow {
    provider: String,
    key: String,
    window: &'static str,
}

/// The figures of the snapshot in force.
pub struct FleetFigures(pub Arc<ArcSwap<Snapshot>>);

impl fmt::Debug for FleetFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FleetFigures")
    }
}

/// One scrape's figures.
#[derive(Debug, Default)]
struct Figures {
    info: Family<Address, Figure>,
    up: Family<OfProvider, Figure>,
    in_flight: Family<OfProvider, Figure>,
    capacity: Family<OfKey, Figure>,
    used: Family<OfWindow, Figure>,
    resets: Family<OfWindow, Figure>,
    spent: Family<OfWindow, Figure>,
}

impl Collector for FleetFigures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let snapshot = self.0.load();
        first_bytes(&mut encoder, &snapshot)?;
        let figures = Figures::of(&snapshot);
        family(
            &mut encoder,
            ("provider_info", "Where a provider is; always 1"),
            &figures.info,
        )?;
        family(
            &mut encoder,
            (
                "provider_up",
                "Whether requests may go to a provider: 1, or 0 while its breaker is open or it is switched off",
            ),
            &figures.up,
        )?;
        family(
            &mut encoder,
            ("provider_in_flight", "Requests under way at a provider"),
            &figures.in_flight,
        )?;
        family(
            &mut encoder,
            ("key_capacity_ratio", "What is left of a key, from 0 to 1"),
            &figures.capacity,
        )?;
        family(
            &mut encoder,
            (
                "quota_used_ratio",
                "How much of a key's window is used, from 0 to 1",
            ),
            &figures.used,
        )?;
        family(
            &mut encoder,
            (
                "quota_resets_timestamp_seconds",
                "When a key's window is whole again",
            ),
            &figures.resets,
        )?;
        family(
            &mut encoder,
            (
                "quota_spent_timestamp_seconds",
                "When a key's window is spent at the present rate; only if that is before its reset",
            ),
            &figures.spent,
        )
    }
}

/// Each provider's own histogram: requests need not look for theirs.
fn first_bytes(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(
        "provider_first_byte",
        "From the request to the first byte of a provider's answer",
        Some(&Unit::Seconds),
        Histogram::TYPE,
    )?;
    for member in &snapshot.fleet.members {
        let labels = OfProvider {
            provider: member.name().to_string(),
        };
        member.first_bytes.encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn family<L>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    figures: &Family<L, Figure>,
) -> Result<(), fmt::Error>
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet,
{
    let metric = encoder.encode_descriptor(name, help, None, Figure::TYPE)?;
    figures.encode(metric)
}

impl Figures {
    #[expect(
        clippy::cast_precision_loss,
        reason = "moments and counts far below 2^53"
    )]
    fn of(snapshot: &Snapshot) -> Self {
        let figures = Self::default();
        let now = now();
        for member in &snapshot.fleet.members {
            let provider = member.name().to_string();
            let up = !member.is_disabled() && !member.breaker_state(now).is_open();
            let labels = OfProvider {
                provider: provider.clone(),
            };
            figures
                .up
                .get_or_create(&labels)
                .set(f64::from(u8::from(up)));
            let address = Address {
                provider: provider.clone(),
                domain: member.provider.base_url.host().unwrap_or_default().into(),
            };
            figures.info.get_or_create(&address).set(1.0);
            let in_flight = f64::from(member.in_flight());
            figures.in_flight.get_or_create(&labels).set(in_flight);
            let keys = member.keys.lock().views(now);
            for key in keys {
                let labels = OfKey {
                    provider: provider.clone(),
                    key: key.id.to_string(),
                };
                let capacity = f64::from(key.capacity) / 100.0;
                figures.capacity.get_or_create(&labels).set(capacity);
                for window in &key.windows {
                    let labels = OfWindow {
                        provider: provider.clone(),
                        key: labels.key.clone(),
                        window: window.window,
                    };
                    if let Some(used) = window.used {
                        figures.used.get_or_create(&labels).set(used);
                    }
                    if let Some(at) = window.resets_at {
                        figures
                            .resets
                            .get_or_create(&labels)
                            .set(at as f64 / 1000.0);
                    }
                    if let Some(at) = window.spent_at {
                        figures.spent.get_or_create(&labels).set(at as f64 / 1000.0);
                    }
                }
            }
        }
        figures
    }
}

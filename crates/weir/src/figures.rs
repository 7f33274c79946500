//! The log line of each exchange, and the figures of what providers said: both made where the
//! recorder has read it already, not on the way of a request.

use arc_swap::ArcSwap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tracing::Level;
use weir_core::health::Lifecycle;
use weir_core::prices::{self, Prices};
use weir_core::steer::Tokens;
use weir_proxy::metrics::fleet::FleetFigures;
use weir_proxy::record::Held;
use weir_proxy::{Metrics, Snapshot};
use weir_store::{Recorder, State, Summary};

/// Models that get a label of their own. A client can name any model, so there is a bound; what is
/// past it is counted as `other`.
const MAX_MODELS: usize = 200;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TokenLabels {
    provider: String,
    model: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabels {
    provider: String,
    model: String,
}

/// The kinds of tokens that are counted apart.
const KINDS: [&str; 4] = ["input", "output", "cache_read", "cache_write"];

/// The figures of one model at one provider, found once: to look them up by their labels takes as long
/// as all else that is counted.
#[derive(Debug)]
struct OfModel {
    labels: ModelLabels,
    tokens: [Counter; KINDS.len()],
    cost: Option<Counter<f64, AtomicU64>>,
    unpriced: Option<Counter>,
}

/// What is known of one provider.
#[derive(Debug, Default)]
struct OfProvider {
    used: Tokens,
    models: BTreeMap<Box<str>, OfModel>,
}

/// What is counted of ended exchanges.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    tokens: Family<TokenLabels, Counter>,
    cost: Family<ModelLabels, Counter<f64, AtomicU64>>,
    unpriced: Family<ModelLabels, Counter>,
    known: parking_lot::Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By the name of the provider, of which there are as many as the configuration has.
    providers: BTreeMap<Box<str>, OfProvider>,
    /// Those that have a label of their own.
    models: BTreeSet<Box<str>>,
}

impl Figures {
    /// Counts an ended exchange and logs its line.
    pub(crate) fn ended(&self, summary: &Summary, prices: &Prices) {
        self.count(summary, prices);
        log(summary);
    }

    fn count(&self, summary: &Summary, prices: &Prices) {
        let tokens = &summary.tokens;
        let counts = [
            tokens.input,
            tokens.output,
            tokens.cache_read,
            tokens.cache_write,
        ];
        if counts.iter().all(Option::is_none) {
            return;
        }
        let mut known = self.known.lock();
        let Known { providers, models } = &mut *known;
        let Some(provider) = made(providers, &summary.provider, OfProvider::default) else {
            return;
        };
        let prompt = [tokens.input, tokens.cache_read, tokens.cache_write];
        provider.used.input += prompt.into_iter().flatten().sum::<u64>();
        provider.used.output += tokens.output.unwrap_or(0);
        let model = summary.model.as_deref().unwrap_or("unknown");
        let model = label(models, model);
        let new = || self.of_model(&summary.provider, model);
        let Some(found) = made(&mut provider.models, model, new) else {
            return;
        };
        for (counter, count) in found.tokens.iter().zip(counts) {
            counter.inc_by(count.unwrap_or(0));
        }
        match weir_store::model::cost(summary, prices) {
            Some(cost) => {
                let new = || self.cost.get_or_create_owned(&found.labels);
                let counter = found.cost.get_or_insert_with(new);
                counter.inc_by(prices::dollars(cost.total()));
            }
            None => {
                let new = || self.unpriced.get_or_create_owned(&found.labels);
                found.unpriced.get_or_insert_with(new).inc();
            }
        }
    }

    fn of_model(&self, provider: &str, model: &str) -> OfModel {
        let tokens = KINDS.map(|kind| {
            self.tokens.get_or_create_owned(&TokenLabels {
                provider: provider.to_owned(),
                model: model.to_owned(),
                kind,
            })
        });
        OfModel {
            labels: ModelLabels {
                provider: provider.to_owned(),
                model: model.to_owned(),
            },
            tokens,
            cost: None,
            unpriced: None,
        }
    }

    /// What the exchanges with a provider took since the start, cached input included.
    pub(crate) fn used(&self, provider: &str) -> Tokens {
        let known = self.known.lock();
        let of = known.providers.get(provider);
        of.map(|of| of.used).unwrap_or_default()
    }
}

/// What stands under `name`, made if it is not there yet.
fn made<'a, T>(
    all: &'a mut BTreeMap<Box<str>, T>,
    name: &str,
    new: impl FnOnce() -> T,
) -> Option<&'a mut T> {
    if !all.contains_key(name) {
        all.insert(name.into(), new());
    }
    all.get_mut(name)
}

/// What a model is counted as.
fn label<'a>(models: &mut BTreeSet<Box<str>>, model: &'a str) -> &'a str {
    if models.contains(model) {
        return model;
    }
    if models.len() >= MAX_MODELS {
        return "other";
    }
    models.insert(model.into());
    model
}

/// Characters of a request's id that tell it from its neighbours on a screen.
const SHORT_ID: usize = 8;

/// One line an exchange. The path stands without its query, which may hold a credential.
fn log(summary: &Summary) {
    let id = summary.id.to_string();
    let request_id = summary.client_request_id.as_deref().unwrap_or(&id);
    let short = request_id.char_indices().nth(SHORT_ID);
    let req_id = short.and_then(|(end, _)| request_id.get(..end));
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "weir::exchange",
                method = &*summary.method,
                path = &*summary.path,
                req_id = req_id.unwrap_or(request_id),
                request_id,
                // What the history knows it by.
                exchange = summary.client_request_id.is_some().then_some(&*id),
                status = summary.status.unwrap_or(0),
                duration = milliseconds(summary.duration_us.unwrap_or(0)),
                provider = &*summary.provider,
                model = summary.model.as_deref(),
                input = summary.tokens.input,
                cached = summary.tokens.cache_read,
                output = summary.tokens.output,
                stop = summary.stop_reason.as_deref(),
                error = summary.stream_error.as_deref(),
                "{} {}", summary.method, summary.path
            )
        };
    }
    match severity(summary) {
        Level::ERROR => line!(error),
        Level::WARN => line!(warn),
        _ => line!(info),
    }
}

fn severity(summary: &Summary) -> Level {
    /// What Codex asks for at each start, and the answer it wants.
    const UPGRADE_REQUIRED: u16 = 426;
    let ended_well = matches!(summary.state, State::Complete | State::ClientGone);
    match summary.status.unwrap_or(0) {
        500.. => Level::ERROR,
        UPGRADE_REQUIRED => Level::INFO,
        400.. => Level::WARN,
        _ if ended_well => Level::INFO,
        _ => Level::WARN,
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}

/// Figures that others keep, read when they are asked for.
#[derive(Debug)]
struct Present {
    store: Recorder,
    lifecycle: Arc<Lifecycle>,
    held: Arc<Held>,
}

impl Collector for Present {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let store = self.store.status();
        let gauges = [
            (
                "in_flight",
                "Requests being answered",
                self.lifecycle.in_flight(),
            ),
            (
                "capture_queued_bytes",
                "Bytes that wait for the recorder",
                store.queued_bytes,
            ),
            (
                "capture_held_bytes",
                "Bytes of responses under way held for the recorder",
                self.held.bytes(),
            ),
            (
                "store_up",
                "Whether captures can be written",
                usize::from(store.ok),
            ),
        ];
        for (name, help, value) in gauges {
            let value = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let help = "Exchanges not kept, or not kept whole";
        let mut dropped =
            encoder.encode_descriptor("capture_dropped", help, None, MetricType::Counter)?;
        for (reason, count) in store.dropped.by_reason() {
            let labels = [("reason", reason)];
            ConstCounter::new(count).encode(dropped.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// Everything that `/metrics` shows.
pub(crate) fn registry(
    metrics: &Metrics,
    figures: &Figures,
    snapshot: &Arc<ArcSwap<Snapshot>>,
    (store, lifecycle, held): (&Recorder, &Arc<Lifecycle>, &Arc<Held>),
) -> Registry {
    let mut registry = Registry::with_prefix("weir");
    metrics.register(&mut registry);
    registry.register(
        "tokens",
        "Tokens as providers counted them; input is what no cache had",
        figures.tokens.clone(),
    );
    registry.register(
        "cost_usd",
        "US dollars by the prices in force as the exchange ended; without those that have none",
        figures.cost.clone(),
    );
    registry.register(
        "unpriced_exchanges",
        "Exchanges that took tokens and whose cost is not known",
        figures.unpriced.clone(),
    );
    registry.register(
        "build",
        "Which weir this is",
        Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
    );
    let started = Gauge::<i64>::default();
    started.set(jiff::Timestamp::now().as_second());
    registry.register(
        "start_time_seconds",
        "When this process started, in seconds since the Unix epoch",
        started,
    );
    registry.register_collector(Box::new(FleetFigures(Arc::clone(snapshot))));
    registry.register_collector(Box::new(Present {
        store: store.clone(),
        lifecycle: Arc::clone(lifecycle),
        held: Arc::clone(held),
    }));
    registry
}

/// The figures in OpenMetrics text.
pub(crate) fn text(registry: &Registry) -> String {
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, registry).is_err() {
        tracing::error!("the figures cannot be written");
    }
    text
}

//! Histograms of exchanges, by the semantic conventions for generative AI.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use weir_core::event::Event;

use super::span::{SCHEMA, error_type, identity, nanos, response_model, seconds};
use crate::otlp::{
    Attributes, DataPoint, Histogram, Metric, Metrics, ResourceMetrics, ScopeMetrics, Temporality,
    resource, scope,
};
use crate::sinks::said::Said;

/// The bounds that the conventions name for spans of time, in seconds.
const SECONDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/// And for tokens.
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Measurements of one metric, by what tells them apart.
struct Measured {
    name: &'static str,
    description: &'static str,
    unit: &'static str,
    bounds: &'static [f64],
    series: BTreeMap<Key, Series>,
}

/// Attributes in a form that has an order.
type Key = Vec<(String, String)>;

/// What was measured with the same attributes.
struct Series {
    attributes: Attributes,
    values: Vec<f64>,
}

/// What a request with the metrics of `events` says, which happened in the time `since` to `until`.
pub(super) fn metrics(events: &[Arc<Event>], (since, until): (Timestamp, Timestamp)) -> Metrics {
    let mut nodes: BTreeMap<Option<&str>, [Measured; 3]> = BTreeMap::new();
    for event in events {
        let all = nodes.entry(event.node.as_deref()).or_insert_with(blank);
        let said = Said::of(event);
        measure(event, response_model(&said), all);
    }
    let by_node = nodes.into_iter().map(|(node, all)| ResourceMetrics {
        resource: Some(resource(node)),
        scope_metrics: vec![ScopeMetrics {
            scope: Some(scope()),
            metrics: all
                .into_iter()
                .filter(|measured| !measured.series.is_empty())
                .map(|measured| metric(measured, (since, until)))
                .collect(),
            schema_url: SCHEMA.to_owned(),
        }],
    });
    Metrics {
        resource_metrics: by_node.collect(),
    }
}

fn blank() -> [Measured; 3] {
    let of = |name, description, unit, bounds| Measured {
        name,
        description,
        unit,
        bounds,
        series: BTreeMap::new(),
    };
    [
        of(
            "gen_ai.client.operation.duration",
            "GenAI operation duration.",
            "s",
            SECONDS,
        ),
        of(
            "gen_ai.client.token.usage",
            "Number of input and output tokens used.",
            "{token}",
            TOKENS,
        ),
        of(
            "gen_ai.client.operation.time_to_first_chunk",
            "Time to receive the first chunk of a streamed response.",
            "s",
            SECONDS,
        ),
    ]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of tokens are far below 2^53"
)]
fn measure(event: &Event, answered_by: Option<&str>, all: &mut [Measured; 3]) {
    let [duration, tokens, first] = all;
    let mut common = identity(event);
    common.put_some("gen_ai.response.model", answered_by);
    let mut outcome = common.clone();
    outcome.put_some("error.type", error_type(event));
    duration.add(outcome, seconds(event.duration_us));
    if let Some(usage) = event.token_usage {
        for (kind, count) in [("input", usage.prompt()), ("output", usage.output)] {
            let mut of = common.clone();
            of.put("gen_ai.token.type", kind);
            tokens.add(of, count as f64);
        }
    }
    if let Some(us) = event.content_us.filter(|_| event.streamed) {
        first.add(common, seconds(us));
    }
}

impl Measured {
    fn add(&mut self, attributes: Attributes, value: f64) {
        let key = attributes.clone().into_list();
        let key = key
            .iter()
            .map(|pair| (pair.key.clone(), format!("{:?}", pair.value)));
        let series = self.series.entry(key.collect()).or_insert_with(|| Series {
            attributes,
            values: Vec::new(),
        });
        series.values.push(value);
    }
}

fn metric(measured: Measured, within: (Timestamp, Timestamp)) -> Metric {
    let bounds = measured.bounds;
    let points = measured.series.into_values();
    let points = points.map(|series| point(series, bounds, within));
    Metric {
        name: measured.name.to_owned(),
        description: measured.description.to_owned(),
        unit: measured.unit.to_owned(),
        histogram: Some(Histogram {
            data_points: points.collect(),
            aggregation_temporality: Temporality::Delta.into(),
        }),
    }
}

fn point(series: Series, bounds: &[f64], (since, until): (Timestamp, Timestamp)) -> DataPoint {
    let values = series.values;
    let mut bucket_counts = vec![0; bounds.len() + 1];
    for value in &values {
        // A bound belongs to the bucket below it.
        let at = bounds.partition_point(|bound| bound < value);
        if let Some(count) = bucket_counts.get_mut(at) {
            *count += 1;
        }
    }
    DataPoint {
        attributes: series.attributes.into_list(),
        start_time_unix_nano: nanos(since),
        time_unix_nano: nanos(until),
        count: bucket_counts.iter().sum(),
        sum: Some(values.iter().sum()),
        bucket_counts,
        explicit_bounds: bounds.to_vec(),
        min: values.iter().copied().reduce(f64::min),
        max: values.iter().copied().reduce(f64::max),
    }
}

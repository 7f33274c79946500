//! The figures of events at `/metrics`.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use weir_core::event::{EventsView, SinkView};
use weir_events::status::Status;

/// Shows how the delivery of events is doing.
#[derive(Debug)]
pub(super) struct EventFigures(pub(super) Arc<Status>);

/// A counter's name, what it counts, and where that is.
type Counted<T> = (&'static str, &'static str, fn(&T) -> u64);

const OF_ALL: [Counted<EventsView>; 3] = [
    ("events_made", "Events made of exchanges", |view| view.made),
    (
        "events_unmade",
        "Exchanges of which no event was made, because too many waited",
        |view| view.unmade,
    ),
    (
        "events_bodies_dropped",
        "Bodies left out of events, because too many bytes were held",
        |view| view.bodies_dropped,
    ),
];

const OF_SINKS: [Counted<SinkView>; 6] = [
    ("events_delivered", "Events that a sink has", |sink| {
        sink.delivered
    }),
    (
        "events_skipped",
        "Events that are nothing for a sink",
        |sink| sink.skipped,
    ),
    (
        "events_refused",
        "Events that a sink will never take",
        |sink| sink.refused,
    ),
    (
        "events_retried",
        "Times that an event was offered to a sink again",
        |sink| sink.retried,
    ),
    (
        "events_dropped",
        "Events that were lost before a sink had them",
        |sink| sink.dropped,
    ),
    ("events_dead", "Events that became dead letters", |sink| {
        sink.dead
    }),
];

const GAUGES: [Counted<SinkView>; 3] = [
    ("events_waiting", "Events that wait for a sink", |sink| {
        sink.waiting
    }),
    (
        "events_pending",
        "Events that a reader of the stream holds for a sink",
        |sink| sink.pending,
    ),
    (
        "events_dead_kept",
        "Dead letters of a sink that are kept",
        |sink| sink.dead_kept,
    ),
];

impl Collector for EventFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let view = self.0.view();
        for (name, help, get) in OF_ALL {
            let counter = ConstCounter::new(get(&view));
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        for (name, help, get) in OF_SINKS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for sink in &view.sinks {
                let labels = [("sink", sink.name.as_str())];
                ConstCounter::new(get(sink)).encode(family.encode_family(&labels)?)?;
            }
        }
        for (name, help, get) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for sink in &view.sinks {
                let labels = [("sink", sink.name.as_str())];
                ConstGauge::new(get(sink)).encode(family.encode_family(&labels)?)?;
            }
        }
        ages(&view, &mut encoder)?;
        stream(&view, &mut encoder)
    }
}

/// How long the oldest event waits.
fn ages(view: &EventsView, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let now = Timestamp::now();
    let age = |at: Timestamp| now.duration_since(at).as_secs_f64().max(0.0);
    let help = "How long the oldest event waits for a sink";
    let name = "events_oldest_waiting_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for sink in &view.sinks {
        let labels = [("sink", sink.name.as_str())];
        let seconds = sink.oldest_waiting.map_or(0.0, age);
        ConstGauge::new(seconds).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn stream(view: &EventsView, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Some(stream) = &view.stream else {
        return Ok(());
    };
    let gauges = [
        (
            "events_stream_connected",
            "Whether the stream of events can be used",
            u64::from(stream.connected),
        ),
        (
            "events_stream_length",
            "Events in the stream",
            stream.length.unwrap_or(0),
        ),
        (
            "events_stream_waiting",
            "Events that wait to be published",
            stream.waiting,
        ),
    ];
    for (name, help, value) in gauges {
        let gauge = ConstGauge::new(value);
        let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
        gauge.encode(metric)?;
    }
    let counters = [
        (
            "events_stream_published",
            "Events that the stream has taken",
            stream.published,
        ),
        (
            "events_stream_dropped",
            "Events dropped, because too many waited to be published",
            stream.dropped,
        ),
    ];
    for (name, help, value) in counters {
        let counter = ConstCounter::new(value);
        let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
        counter.encode(metric)?;
    }
    Ok(())
}

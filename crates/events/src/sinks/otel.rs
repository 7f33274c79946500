//! Tells an OpenTelemetry collector of exchanges: a span for each and histograms of all, over
//! OTLP/HTTP.

pub(super) mod span;

mod half;
mod metrics;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use parking_lot::Mutex;
use prost::Message;
use serde::Serialize;
use uuid::Uuid;
use weir_core::event::Event;
use weir_core::settings::services::{self, OtlpEncoding};

use self::half::Half;
use super::said::Said;
use crate::batch::{Batch, Next, aside};
use crate::http::{Client, Endpoint, Reply, hidden_of};
use crate::otlp::{ResourceSpans, Response, ScopeSpans, Span, Traces, resource, scope};
use crate::sink::{Delivery, Outcome, Sink};

/// An OpenTelemetry collector.
#[derive(Debug)]
pub struct Otel {
    client: Client,
    encoding: OtlpEncoding,
    traces: Option<Endpoint>,
    metrics: Option<Endpoint>,
    content: bool,
    /// Whose spans were taken and whose metrics were not: those are not sent twice.
    half: Mutex<Half>,
    /// Until when metrics have been taken.
    told_until: Mutex<Timestamp>,
}

impl Otel {
    /// A collector as `settings` say.
    ///
    /// # Errors
    /// When a setting cannot be used, or TLS cannot be set up.
    pub fn new(settings: &services::Otel) -> io::Result<Self> {
        let mut hidden = hidden_of(&settings.url);
        hidden.extend(settings.headers.iter().map(|(_, value)| value.clone()));
        let base = settings.url.expose().trim_end_matches('/');
        let endpoint = |wanted: bool, path: &str| match wanted {
            false => Ok(None),
            true => {
                let mut endpoint = Endpoint::new(&format!("{base}{path}"))?;
                for (name, value) in &settings.headers {
                    endpoint = endpoint.with(name.clone(), value.expose())?;
                }
                Ok::<_, io::Error>(Some(endpoint))
            }
        };
        Ok(Self {
            client: Client::new(settings.timeout, hidden)?,
            encoding: settings.encoding,
            traces: endpoint(settings.traces, "/v1/traces")?,
            metrics: endpoint(settings.metrics, "/v1/metrics")?,
            content: settings.content,
            half: Mutex::default(),
            told_until: Mutex::new(Timestamp::now()),
        })
    }

    async fn deliver_batch(&self, events: &[Arc<Event>]) -> Vec<Outcome> {
        let mut outcomes: Vec<_> = events.iter().map(|event| first(event)).collect();
        if let Some(to) = &self.traces {
            outcomes = self.tell_traces(to, events).await;
        }
        if let Some(to) = &self.metrics {
            self.tell_metrics(to, events, &mut outcomes).await;
        }
        outcomes
    }

    async fn tell_traces(&self, to: &Endpoint, events: &[Arc<Event>]) -> Vec<Outcome> {
        let taken: HashSet<Uuid> = {
            let half = self.half.lock();
            let ids = events.iter().map(|event| event.request_id);
            ids.filter(|id| half.contains(id)).collect()
        };
        let (before, content) = (taken.clone(), self.content);
        let mut batch = Batch::of(events, move |event| {
            let wanted = span::is_inference(event) && !before.contains(&event.request_id);
            wanted.then(|| {
                let span = whole_span(event, content);
                let size = span.encoded_len();
                ((event.node.clone(), span), size)
            })
        })
        .await;
        while let Some(request) = batch.next() {
            let range = request.range.clone();
            let body = traces(request.items);
            let reply = self.post(to, &body).await;
            let outcomes = partly(&self.client, &reply, self.encoding, range.len());
            batch.settle(range, &outcomes, reply.next);
        }
        let mut outcomes = batch.into_outcomes();
        for (outcome, event) in outcomes.iter_mut().zip(events) {
            if taken.contains(&event.request_id) {
                *outcome = Outcome::Delivered;
            }
        }
        outcomes
    }

    /// Sends the metrics of what will not be offered again for its span's sake.
    async fn tell_metrics(&self, to: &Endpoint, events: &[Arc<Event>], outcomes: &mut [Outcome]) {
        let counts =
            |outcome: &Outcome| matches!(outcome, Outcome::Delivered | Outcome::Refused { .. });
        let counted: Vec<_> = events
            .iter()
            .zip(&*outcomes)
            .filter(|(_, outcome)| counts(outcome))
            .map(|(event, _)| Arc::clone(event))
            .collect();
        if counted.is_empty() {
            return;
        }
        let now = Timestamp::now();
        let since = *self.told_until.lock();
        let body = aside(move || metrics::metrics(&counted, (since, now))).await;
        let reply = self.post(to, &body).await;
        let outcome = whole(&self.client, &reply, self.encoding);
        self.remember(events.iter().zip(&*outcomes), &outcome);
        if outcome == Outcome::Delivered {
            *self.told_until.lock() = now;
            return;
        }
        for known in outcomes.iter_mut().filter(|known| counts(known)) {
            // A span that was refused is refused, whatever becomes of its metrics.
            if *known == Outcome::Delivered {
                *known = outcome.clone();
            }
        }
    }

    /// Keeps in mind whose spans were taken, if the metrics are still to be, and nobody else.
    fn remember<'a>(
        &self,
        spans: impl Iterator<Item = (&'a Arc<Event>, &'a Outcome)>,
        metrics: &Outcome,
    ) {
        let again = self.traces.is_some() && matches!(metrics, Outcome::Later { .. });
        let mut half = self.half.lock();
        for (event, span) in spans {
            match span {
                Outcome::Delivered if again => half.insert(event.request_id),
                _ => half.remove(&event.request_id),
            }
        }
    }

    async fn post<T: Message + Serialize>(&self, to: &Endpoint, message: &T) -> Reply {
        let mut headers = HeaderMap::new();
        let body = match self.encoding {
            OtlpEncoding::Protobuf => {
                let kind = HeaderValue::from_static("application/x-protobuf");
                headers.insert(CONTENT_TYPE, kind);
                Bytes::from(message.encode_to_vec())
            }
            OtlpEncoding::Json => match serde_json::to_vec(message) {
                Ok(body) => body.into(),
                Err(error) => return unwritable(&error),
            },
        };
        self.client.post(to, headers, body).await
    }
}

impl Sink for Otel {
    fn kind(&self) -> &'static str {
        "otel"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(self.deliver_batch(batch))
    }
}

/// The span of an event; with `content`, with what was said.
fn whole_span(event: &Event, content: bool) -> Span {
    let said = Said::of(event);
    let (mut span, mut attributes) = span::span(event, &said);
    if content {
        span::content(&said, &mut attributes);
    }
    span.attributes = attributes.into_list();
    span
}

/// What an event's outcome is where no spans are sent.
fn first(event: &Event) -> Outcome {
    match span::is_inference(event) {
        true => Outcome::Delivered,
        false => Outcome::Skipped,
    }
}

/// A request with spans of several nodes.
pub(super) fn traces(spans: &[(Option<Box<str>>, Span)]) -> Traces {
    let mut nodes: BTreeMap<Option<&str>, Vec<Span>> = BTreeMap::new();
    for (node, span) in spans {
        nodes.entry(node.as_deref()).or_default().push(span.clone());
    }
    let by_node = nodes.into_iter().map(|(node, spans)| ResourceSpans {
        resource: Some(resource(node)),
        scope_spans: vec![ScopeSpans {
            scope: Some(scope()),
            spans,
            schema_url: span::SCHEMA.to_owned(),
        }],
    });
    Traces {
        resource_spans: by_node.collect(),
    }
}

/// The outcomes of `count` spans. A collector says how many it rejected, not which; the request must
/// not be sent again, so the last are taken for them.
pub(super) fn partly(
    client: &Client,
    reply: &Reply,
    encoding: OtlpEncoding,
    count: usize,
) -> Vec<Outcome> {
    let mut outcomes = vec![reply.outcome.clone(); count];
    let Some((rejected, why)) = rejected(client, reply, encoding) else {
        return outcomes;
    };
    let rejected = usize::try_from(rejected).unwrap_or(count).min(count);
    let why = match rejected == count {
        true => format!("rejected: {why}"),
        false => format!("{rejected} of {count} rejected, it does not say which: {why}"),
    };
    for outcome in outcomes.iter_mut().rev().take(rejected) {
        *outcome = Outcome::Refused { why: why.clone() };
    }
    outcomes
}

/// The outcome of metrics: refused if any point was.
fn whole(client: &Client, reply: &Reply, encoding: OtlpEncoding) -> Outcome {
    match (rejected(client, reply, encoding), &reply.outcome) {
        (Some((points, why)), _) => Outcome::Refused {
            why: format!("{points} points of metrics rejected: {why}"),
        },
        (None, Outcome::Refused { why }) => Outcome::Refused {
            why: format!("metrics: {why}"),
        },
        (None, outcome) => outcome.clone(),
    }
}

/// How many were rejected of a request that was taken, and why.
fn rejected(client: &Client, reply: &Reply, encoding: OtlpEncoding) -> Option<(i64, String)> {
    if reply.outcome != Outcome::Delivered {
        return None;
    }
    let answer = match encoding {
        OtlpEncoding::Protobuf => Response::decode(&*reply.body).unwrap_or_default(),
        OtlpEncoding::Json => Response::from_json(&reply.body),
    };
    let partial = answer
        .partial_success
        .filter(|partial| partial.rejected > 0)?;
    Some((partial.rejected, client.clean(&partial.error_message)))
}

fn unwritable(error: &serde_json::Error) -> Reply {
    Reply {
        outcome: Outcome::Refused {
            why: format!("it cannot be written: {error}"),
        },
        next: Next::Halve,
        body: Bytes::new(),
    }
}

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, HistogramDataPoint};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use serde_json::{Value, json};
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services::{self, OtlpEncoding};
use weir_events::sink::{Outcome, Sink as _};
use weir_events::sinks::Otel;

use crate::sample::{START, WithBodies as _, id, left, overloaded, turn, turns};
use crate::stand_in::{Received, StandIn, answer};

fn settings(there: &StandIn) -> services::Otel {
    services::Otel {
        url: Secret::new(there.url.clone()),
        headers: vec![(
            http::HeaderName::from_static("x-honeycomb-team"),
            Secret::new("hunter2"),
        )],
        encoding: OtlpEncoding::Protobuf,
        traces: true,
        metrics: false,
        content: false,
        timeout: Duration::from_secs(30),
    }
}

/// A collector that takes everything as collectors do: with an empty message.
async fn collector() -> StandIn {
    StandIn::start(|_, _| answer(200, "")).await
}

fn any(value: Option<&AnyValue>) -> Value {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(flag)) => json!(flag),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) => json!(number),
        Some(Any::ArrayValue(list)) => list.values.iter().map(|value| any(Some(value))).collect(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn attributes(pairs: &[KeyValue]) -> Value {
    let map: BTreeMap<_, _> = pairs
        .iter()
        .map(|pair| (pair.key.as_str(), any(pair.value.as_ref())))
        .collect();
    assert_eq!(map.len(), pairs.len(), "no key twice");
    json!(map)
}

fn spans(request: &Received) -> Vec<Span> {
    assert_eq!(request.path, "/v1/traces");
    assert_eq!(request.header("content-type"), "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(request.body.clone()).unwrap();
    let [resource] = &*request.resource_spans else {
        panic!("{request:?}")
    };
    let [scope] = &*resource.scope_spans else {
        panic!("{request:?}")
    };
    assert_eq!(scope.scope.as_ref().unwrap().name, "weir");
    assert_eq!(scope.schema_url, "https://opentelemetry.io/schemas/1.41.0");
    scope.spans.clone()
}

async fn span_of(event: Event, change: impl FnOnce(&mut services::Otel)) -> Span {
    let there = collector().await;
    let mut settings = settings(&there);
    change(&mut settings);
    let sink = Otel::new(&settings).unwrap();
    assert_eq!(sink.deliver(&[Arc::new(event)]).await, [Outcome::Delivered]);
    let received = there.received();
    let [span] = &*spans(received.first().unwrap()) else {
        panic!("{received:?}")
    };
    span.clone()
}

#[tokio::test]
async fn a_span_has_every_attribute_that_the_conventions_name() {
    let span = span_of(turn(1), |_| ()).await;
    assert_eq!(span.name, "chat claude-sonnet-4-5");
    assert_eq!(span.kind, SpanKind::Client as i32);
    assert_eq!(span.trace_id, id(1).as_bytes());
    assert_eq!(span.span_id, id(1).as_bytes()[8..]);
    assert!(span.parent_span_id.is_empty());
    let start = u64::try_from(START).unwrap() * 1_000_000_000 + 250_000_000;
    assert_eq!(span.start_time_unix_nano, start);
    assert_eq!(span.end_time_unix_nano, start + 2_500_000_000);
    assert!(span.status.is_none(), "what went well says nothing");
    let expected = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stream": true,
        "gen_ai.response.model": "claude-sonnet-4-5-20250929",
        "gen_ai.response.id": "msg_01",
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.response.time_to_first_chunk": 0.4,
        "gen_ai.usage.input_tokens": 3410,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 3000,
        "gen_ai.usage.cache_creation.input_tokens": 400,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "gen_ai.conversation.id": "session-1",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.path": "/v1/messages",
        "weir.request.id": id(1),
        "weir.provider": "anthropic",
        "weir.client.model": "claude-sonnet-4-5",
        "weir.client": "claude_code",
        "weir.class": "main",
        "weir.project.id": id(1000),
        "weir.token.id": id(2000),
        "weir.outcome": "complete",
        "weir.attempts": 1,
        "weir.cached": false,
        "weir.cost_usd": 0.0123,
    });
    assert_eq!(attributes(&span.attributes), expected);
}

#[tokio::test]
async fn requests_say_who_tells_and_carry_the_headers_of_the_settings() {
    let there = collector().await;
    let sink = Otel::new(&settings(&there)).unwrap();
    let event = Event {
        node: Some("weir-a".into()),
        ..turn(1)
    };
    sink.deliver(&[Arc::new(event)]).await;
    let received = there.received();
    let request = received.first().unwrap();
    assert_eq!(request.header("x-honeycomb-team"), "hunter2");
    let body = ExportTraceServiceRequest::decode(request.body.clone()).unwrap();
    let resource = body
        .resource_spans
        .first()
        .unwrap()
        .resource
        .as_ref()
        .unwrap();
    let expected = json!({
        "service.name": "weir",
        "service.version": env!("CARGO_PKG_VERSION"),
        "service.instance.id": "weir-a",
    });
    assert_eq!(attributes(&resource.attributes), expected);
}

#[tokio::test]
async fn what_was_said_is_told_only_where_that_is_wanted() {
    let request = json!({"model": "m", "max_tokens": 9, "system": "Be brief.", "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "Weather?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "tool_use", "id": "c1", "name": "weather", "input": {"in": "Bonn"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "rain"}]}]});
    let event = turn(1).with_request(&request);
    let without = attributes(&span_of(event.clone(), |_| ()).await.attributes);
    assert!(!without.to_string().contains("rain"), "{without}");

    let with = span_of(event, |settings| settings.content = true).await;
    let with = attributes(&with.attributes);
    let told =
        |name: &str| -> Value { serde_json::from_str(with[name].as_str().unwrap()).unwrap() };
    assert_eq!(
        told("gen_ai.system_instructions"),
        json!([{"type": "text", "content": "Be brief."}])
    );
    assert_eq!(
        told("gen_ai.input.messages"),
        json!([
            {"role": "user", "parts": [
                {"type": "text", "content": "Weather?"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="}]},
            {"role": "assistant", "parts": [
                {"type": "reasoning", "content": "Hm."},
                {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"in": "Bonn"}}]},
            {"role": "tool", "parts": [
                {"type": "tool_call_response", "id": "c1", "response": "rain"}]},
        ])
    );
    assert_eq!(
        told("gen_ai.output.messages"),
        json!([{"role": "assistant", "finish_reason": "stop",
            "parts": [{"type": "text", "content": "2962 m."}]}])
    );
}

#[tokio::test]
async fn a_clients_trace_is_gone_on_with() {
    let mut event = turn(1);
    event.request_headers = vec![
        (
            "Traceparent".into(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        ),
        ("tracestate".into(), "a=b".into()),
    ];
    let span = span_of(event, |_| ()).await;
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128;
    assert_eq!(span.trace_id, trace.to_be_bytes());
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(span.span_id, id(1).as_bytes()[8..]);
    assert_eq!(span.trace_state, "a=b");
}

#[tokio::test]
async fn failures_have_a_type_and_a_status() {
    for (event, kind, message) in [
        (overloaded(), "529", "overloaded_error"),
        (left(), "client_gone", ""),
    ] {
        let span = span_of(event, |_| ()).await;
        assert_eq!(attributes(&span.attributes)["error.type"], kind);
        let status = span.status.unwrap();
        assert_eq!(status.code, StatusCode::Error as i32);
        assert_eq!(status.message, message);
    }
}

#[tokio::test]
async fn operations_and_providers_have_the_conventions_names() {
    for (dialect, path, provider, operation, name) in [
        (
            "openai_responses",
            "/v1/responses",
            "openai",
            "chat",
            "openai",
        ),
        (
            "openai_chat",
            "/v1/chat/completions",
            "my-azure",
            "chat",
            "azure.ai.openai",
        ),
        (
            "openai_chat",
            "/v1/completions",
            "local",
            "text_completion",
            "openai",
        ),
        (
            "anthropic_messages",
            "/v1/messages",
            "bedrock-eu",
            "chat",
            "aws.bedrock",
        ),
        (
            "gemini",
            "/v1beta/models/g:generateContent",
            "g",
            "generate_content",
            "gcp.gemini",
        ),
    ] {
        let event = Event {
            dialect: dialect.into(),
            path: path.into(),
            provider: Some(provider.into()),
            ..turn(1)
        };
        let span = attributes(&span_of(event, |_| ()).await.attributes);
        assert_eq!(span["gen_ai.operation.name"], operation);
        assert_eq!(span["gen_ai.provider.name"], name);
    }
    let embeddings = Event {
        operation: "embeddings".into(),
        dialect: "openai_chat".into(),
        ..turn(1)
    };
    let span = span_of(embeddings, |_| ()).await;
    assert_eq!(span.name, "embeddings claude-sonnet-4-5");
}

#[tokio::test]
async fn json_says_the_same_as_protobuf() {
    let there = collector().await;
    for encoding in [OtlpEncoding::Protobuf, OtlpEncoding::Json] {
        let settings = services::Otel {
            encoding,
            metrics: true,
            ..settings(&there)
        };
        Otel::new(&settings).unwrap().deliver(&turns(1..3)).await;
    }
    let received = there.received();
    let [binary, binary_metrics, text, text_metrics] = &*received else {
        panic!("{received:?}")
    };
    assert_eq!(text.header("content-type"), "application/json");
    let from_binary = ExportTraceServiceRequest::decode(binary.body.clone()).unwrap();
    let from_text: ExportTraceServiceRequest = serde_json::from_slice(&text.body).unwrap();
    assert_eq!(from_binary, from_text);
    let from_binary =
        points(&ExportMetricsServiceRequest::decode(binary_metrics.body.clone()).unwrap());
    let from_text = points(&serde_json::from_slice(&text_metrics.body).unwrap());
    let told = |points: &[(String, HistogramDataPoint)]| -> Vec<_> {
        points
            .iter()
            .map(|(name, point)| (name.clone(), point.bucket_counts.clone(), point.sum))
            .collect()
    };
    assert_eq!(told(&from_binary), told(&from_text));
    assert_eq!(
        text_metrics.json()["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["histogram"]["dataPoints"]
            [0]["count"],
        "2",
        "64-bit numbers are texts"
    );
}

fn points(request: &ExportMetricsServiceRequest) -> Vec<(String, HistogramDataPoint)> {
    let metrics = request
        .resource_metrics
        .iter()
        .flat_map(|of| &of.scope_metrics);
    let metrics = metrics.flat_map(|scope| &scope.metrics);
    metrics
        .flat_map(|metric| {
            let Some(Data::Histogram(histogram)) = &metric.data else {
                panic!("{metric:?}")
            };
            let delta = AggregationTemporality::Delta as i32;
            assert_eq!(histogram.aggregation_temporality, delta);
            histogram
                .data_points
                .iter()
                .map(|point| (metric.name.clone(), point.clone()))
        })
        .collect()
}

/// A point: its metric, what tells it apart, how many were measured, their sum, and the bound above
/// the first that is not empty.
type Row = (String, String, u64, Option<f64>, Option<f64>);

fn row((name, point): (String, HistogramDataPoint)) -> Row {
    assert!(point.start_time_unix_nano <= point.time_unix_nano);
    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
    let of = attributes(&point.attributes);
    let kinds = [&of["gen_ai.token.type"], &of["error.type"]];
    let kind = kinds.iter().find_map(|kind| kind.as_str());
    let counts = &point.bucket_counts;
    let bucket = counts.iter().position(|count| *count > 0).unwrap();
    (
        name,
        kind.unwrap_or_default().to_owned(),
        point.count,
        point.sum,
        point.explicit_bounds.get(bucket).copied(),
    )
}

/// The metrics of three turns that went well and one that did not.
async fn measured() -> ExportMetricsServiceRequest {
    let there = collector().await;
    let settings = services::Otel {
        traces: false,
        metrics: true,
        ..settings(&there)
    };
    let mut batch = turns(1..4);
    batch.push(Arc::new(Event {
        status: Some(500),
        token_usage: None,
        content_us: None,
        ..turn(4)
    }));
    let outcomes = Otel::new(&settings).unwrap().deliver(&batch).await;
    assert_eq!(outcomes, vec![Outcome::Delivered; 4]);
    let received = there.received();
    let [request] = &*received else {
        panic!("{received:?}")
    };
    assert_eq!(request.path, "/v1/metrics");
    ExportMetricsServiceRequest::decode(request.body.clone()).unwrap()
}

#[tokio::test]
async fn metrics_are_histograms_with_the_conventions_bounds() {
    let request = measured().await;
    let rows: Vec<_> = points(&request).into_iter().map(row).collect();
    let expected = [
        ("operation.duration", "", 3, 7.5, 2.56),
        ("operation.duration", "500", 1, 2.5, 2.56),
        ("token.usage", "input", 3, 10230.0, 4096.0),
        ("token.usage", "output", 3, 60.0, 64.0),
        (
            "operation.time_to_first_chunk",
            "",
            3,
            0.4 + 0.4 + 0.4,
            0.64,
        ),
    ];
    let expected = expected.map(|(name, kind, count, sum, below)| {
        let name = format!("gen_ai.client.{name}");
        (name, kind.to_owned(), count, Some(sum), Some(below))
    });
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn metrics_have_the_conventions_units_and_attributes() {
    let request = measured().await;
    let scope = &request.resource_metrics[0].scope_metrics[0];
    let metrics = scope.metrics.iter();
    let units: Vec<_> = metrics.map(|metric| metric.unit.as_str()).collect();
    assert_eq!(units, ["s", "{token}", "s"]);
    let (_, point) = points(&request).pop().unwrap();
    assert_eq!(
        attributes(&point.attributes),
        json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.response.model": "claude-sonnet-4-5-20250929",
        })
    );
}

#[tokio::test]
async fn spans_that_a_collector_rejects_are_refused() {
    let there = StandIn::start(|_, _| {
        let partial = ExportTracePartialSuccess {
            rejected_spans: 2,
            error_message: "too old, hunter2".into(),
        };
        let response = ExportTraceServiceResponse {
            partial_success: Some(partial),
        };
        answer(200, response.encode_to_vec())
    })
    .await;
    let outcomes = Otel::new(&settings(&there))
        .unwrap()
        .deliver(&turns(1..4))
        .await;
    let why = "2 of 3 rejected, it does not say which: too old, ***".to_owned();
    let refused = Outcome::Refused { why };
    assert_eq!(outcomes, [Outcome::Delivered, refused.clone(), refused]);
    assert_eq!(there.received().len(), 1, "OTLP forbids to send it again");

    let there = StandIn::start(|_, _| {
        answer(
            200,
            r#"{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no"}}"#,
        )
    })
    .await;
    let settings = services::Otel {
        encoding: OtlpEncoding::Json,
        ..settings(&there)
    };
    let outcomes = Otel::new(&settings).unwrap().deliver(&turns(1..2)).await;
    let why = "rejected: no".to_owned();
    assert_eq!(outcomes, [Outcome::Refused { why }]);
}

#[tokio::test]
async fn a_repeat_sends_only_what_was_not_taken() {
    let there = StandIn::start(|number, request| match (number, &*request.path) {
        (1, "/v1/metrics") => answer(503, ""),
        _ => answer(200, ""),
    })
    .await;
    let settings = services::Otel {
        metrics: true,
        ..settings(&there)
    };
    let sink = Otel::new(&settings).unwrap();
    let batch = turns(1..3);
    let outcomes = sink.deliver(&batch).await;
    let later = |outcome: &Outcome| matches!(outcome, Outcome::Later { .. });
    assert!(outcomes.iter().all(later), "{outcomes:?}");
    assert_eq!(sink.deliver(&batch).await, vec![Outcome::Delivered; 2]);
    let paths: Vec<_> = there
        .received()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(paths, ["/v1/traces", "/v1/metrics", "/v1/metrics"]);
}

#[tokio::test]
async fn a_refused_span_is_not_taken_for_one_that_the_collector_has() {
    let there = StandIn::start(|_, request| match &*request.path {
        "/v1/metrics" => answer(503, ""),
        _ => answer(400, ""),
    })
    .await;
    let settings = services::Otel {
        metrics: true,
        ..settings(&there)
    };
    let sink = Otel::new(&settings).unwrap();
    for _ in 0..2 {
        let outcomes = sink.deliver(&turns(1..2)).await;
        assert!(
            matches!(&*outcomes, [Outcome::Refused { .. }]),
            "{outcomes:?}"
        );
    }
    let paths = there.received().into_iter().map(|request| request.path);
    let spans = paths.filter(|path| path == "/v1/traces");
    assert_eq!(spans.count(), 2);
}

#[tokio::test]
async fn a_collector_that_is_down_gets_everything_later() {
    let there = StandIn::start(|_, _| answer(503, "")).await;
    let settings = services::Otel {
        metrics: true,
        ..settings(&there)
    };
    let sink = Otel::new(&settings).unwrap();
    let outcomes = sink.deliver(&turns(1..3)).await;
    let later = |outcome: &Outcome| matches!(outcome, Outcome::Later { .. });
    assert!(outcomes.iter().all(later), "{outcomes:?}");
    assert_eq!(there.received().len(), 1, "no metrics before the spans");
}

#[tokio::test]
async fn other_exchanges_are_skipped() {
    let there = collector().await;
    let settings = services::Otel {
        metrics: true,
        ..settings(&there)
    };
    let models = Event {
        method: "GET".into(),
        operation: "models".into(),
        ..turn(1)
    };
    let outcomes = Otel::new(&settings)
        .unwrap()
        .deliver(&[Arc::new(models)])
        .await;
    assert_eq!(outcomes, [Outcome::Skipped]);
    assert!(there.received().is_empty());
}

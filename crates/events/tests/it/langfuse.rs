use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::{Value, json};
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services;
use weir_events::sink::{Outcome, Sink as _};
use weir_events::sinks::Langfuse;

use crate::otel::attributes;
use crate::sample::{WithBodies as _, id, left, overloaded, turn, turns};
use crate::stand_in::{Received, StandIn, answer};

fn to(there: &StandIn) -> Langfuse {
    let settings = services::Langfuse {
        url: Secret::new(format!("{}/", there.url)),
        public_key: Secret::new("pk-lf-1"),
        secret_key: Secret::new("sk-lf-hunter2"),
        timeout: Duration::from_secs(30),
    };
    Langfuse::new(&settings).unwrap()
}

fn spans(request: &Received) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(request.body.clone()).unwrap();
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|of| of.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// Langfuse's own attributes of an event.
async fn told(event: Event) -> Value {
    let there = StandIn::willing().await;
    let outcomes = to(&there).deliver(&[Arc::new(event)]).await;
    assert_eq!(outcomes, [Outcome::Delivered]);
    let received = there.received();
    let span = spans(received.first().unwrap()).remove(0);
    let Value::Object(mut all) = attributes(&span.attributes) else {
        panic!("{span:?}")
    };
    let shared = ["session.id", "user.id"];
    all.retain(|name, _| name.starts_with("langfuse.") || shared.contains(&name.as_str()));
    all.into()
}

fn parsed(attribute: &Value) -> Value {
    serde_json::from_str(attribute.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_turn_is_a_generation_with_what_it_took_and_cost() {
    let there = StandIn::willing().await;
    let outcomes = to(&there).deliver(&turns(1..3)).await;
    assert_eq!(outcomes, vec![Outcome::Delivered; 2]);
    let received = there.received();
    let [request] = &*received else {
        panic!("{received:?}")
    };
    assert_eq!(request.path, "/api/public/otel/v1/traces");
    assert_eq!(request.header("content-type"), "application/x-protobuf");
    // `pk-lf-1:sk-lf-hunter2`
    assert_eq!(
        request.header("authorization"),
        "Basic cGstbGYtMTpzay1sZi1odW50ZXIy"
    );
    assert_eq!(request.header("x-langfuse-ingestion-version"), "4");
    let spans = spans(request);
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[1].trace_id, id(2).as_bytes());

    let mut told = told(turn(1)).await;
    for (name, value) in told.as_object_mut().unwrap() {
        let json = [
            "input",
            "output",
            "model.parameters",
            "usage_details",
            "cost_details",
            "completion_start_time",
        ];
        if json.contains(&name.trim_start_matches("langfuse.observation.")) {
            *value = parsed(value);
        }
    }
    let expected = json!({
        "session.id": "session-1",
        "user.id": id(2000),
        "langfuse.trace.name": "claude_code",
        "langfuse.trace.tags": ["claude_code", "main"],
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How high is the Zugspitze?"},
        ],
        "langfuse.observation.output": {"role": "assistant", "content": "2962 m."},
        "langfuse.observation.model.name": "claude-sonnet-4-5",
        "langfuse.observation.model.parameters": {"max_tokens": 1024, "temperature": 0.5},
        "langfuse.observation.usage_details": {
            "input": 10, "output": 15, "input_cached_tokens": 3000, "input_cache_creation": 400,
            "output_reasoning_tokens": 5, "total": 3430,
        },
        "langfuse.observation.cost_details": {"total": 0.0123},
        "langfuse.observation.completion_start_time": "2026-01-01T00:00:00.65Z",
        "langfuse.observation.metadata.request_id": id(1),
        "langfuse.observation.metadata.project_id": id(1000),
        "langfuse.observation.metadata.token_id": id(2000),
        "langfuse.observation.metadata.provider": "anthropic",
        "langfuse.observation.metadata.client_model": "claude-sonnet-4-5",
        "langfuse.observation.metadata.stop_reason": "end_turn",
        "langfuse.observation.metadata.outcome": "complete",
        "langfuse.observation.metadata.status": "200",
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn tools_are_shown_beside_the_messages() {
    let request = json!({"model": "m", "max_tokens": 9,
        "tools": [{"name": "weather", "description": "Tells it.", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "Weather?"}]});
    let told = told(turn(1).with_request(&request)).await;
    assert_eq!(
        parsed(&told["langfuse.observation.input"]),
        json!({
            "messages": [{"role": "user", "content": "Weather?"}],
            "tools": [{"type": "function", "function": {"name": "weather",
                "description": "Tells it.", "parameters": {"type": "object"}}}],
        })
    );
}

#[tokio::test]
async fn failures_have_a_level_and_a_message() {
    for (event, level, message) in [
        (overloaded(), "ERROR", "overloaded_error"),
        (left(), "WARNING", "client_gone"),
    ] {
        let told = told(event).await;
        assert_eq!(told["langfuse.observation.level"], level);
        assert_eq!(told["langfuse.observation.status_message"], message);
    }
}

#[tokio::test]
async fn a_repeat_has_the_same_ids_and_a_refusal_tells_no_key() {
    let there = StandIn::start(|number, request| match number {
        0 => answer(500, format!("{:?}", request.headers)),
        _ => answer(200, ""),
    })
    .await;
    let sink = to(&there);
    let outcomes = sink.deliver(&turns(1..2)).await;
    assert!(matches!(&*outcomes, [Outcome::Later { .. }]));
    let said = format!("{outcomes:?}{sink:?}");
    assert!(
        !said.contains("hunter2") && !said.contains("cGstbGYtMTpz"),
        "{said}"
    );
    assert_eq!(sink.deliver(&turns(1..2)).await, [Outcome::Delivered]);
    let received = there.received();
    let ids = |request: &Received| {
        let span = spans(request).remove(0);
        (span.trace_id, span.span_id)
    };
    assert_eq!(ids(&received[0]), ids(&received[1]));
}

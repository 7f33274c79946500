//! Events to hand over.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_core::event::{BodyFacts, BodyForm, Counted, Event, TokenUsage, VERSION};

/// The beginning of 2026.
pub(crate) const START: i64 = 1_767_225_600;

/// A turn of Claude's that came to its end, the `n`th of its session.
pub(crate) fn turn(n: u128) -> Event {
    Event {
        version: VERSION,
        request_id: id(n),
        timestamp: Timestamp::from_millisecond(START * 1000 + 250).unwrap(),
        duration_us: 2_500_000,
        headers_us: Some(300_000),
        content_us: Some(400_000),
        method: "POST".into(),
        path: "/v1/messages".into(),
        status: Some(200),
        outcome: "complete".into(),
        dialect: "anthropic_messages".into(),
        operation: "generate".into(),
        streamed: true,
        provider: Some("anthropic".into()),
        model: Some("claude-sonnet-4-5".into()),
        stop_reason: Some("end_turn".into()),
        response_id: Some("msg_01".into()),
        attempts: 1,
        project_id: Some(id(1000)),
        token_id: Some(id(2000)),
        session_id: Some("session-1".into()),
        client: Some("claude_code".into()),
        class: Some("main".into()),
        token_usage: Some(TokenUsage {
            input: 10,
            output: 20,
            cache_read: 3000,
            cache_write: 400,
            reasoning: 5,
            total: 3430,
            source: Counted::Provider,
        }),
        cost_usd: Some(0.0123),
        response_headers: vec![("content-type".into(), "text/event-stream".into())],
        ..Event::default()
    }
    .with_request(&json!({
        "model": "claude-sonnet-4-5", "max_tokens": 1024, "temperature": 0.5, "stream": true,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "How high is the Zugspitze?"}],
    }))
    .with_response(&json!({
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "2962 m."}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 20,
            "cache_read_input_tokens": 3000, "cache_creation_input_tokens": 400},
    }))
}

/// The same in an `Arc`, as sinks get them.
pub(crate) fn turns(numbers: impl IntoIterator<Item = u128>) -> Vec<Arc<Event>> {
    numbers.into_iter().map(|n| Arc::new(turn(n))).collect()
}

/// An id that looks like one.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x019b_76f0_0000_7000_8000_0000_0000_0000 + n)
}

/// Bodies of events.
pub(crate) trait WithBodies {
    fn with_request(self, body: &Value) -> Self;
    fn with_response(self, body: &Value) -> Self;
}

impl WithBodies for Event {
    fn with_request(mut self, body: &Value) -> Self {
        (self.request_body, self.request_body_facts) = told(body);
        self
    }

    fn with_response(mut self, body: &Value) -> Self {
        (self.response_body, self.response_body_facts) = told(body);
        self
    }
}

fn told(body: &Value) -> (Option<Box<RawValue>>, BodyFacts) {
    let text = body.to_string();
    let facts = BodyFacts {
        bytes: u64::try_from(text.len()).unwrap(),
        form: match body {
            Value::String(_) => BodyForm::Text,
            _ => BodyForm::Json,
        },
        truncated: false,
    };
    (Some(RawValue::from_string(text).unwrap()), facts)
}

/// The same when the provider had no room.
pub(crate) fn overloaded() -> Event {
    Event {
        status: Some(529),
        error: Some("overloaded_error".into()),
        ..turn(1)
    }
}

/// The same when its client left.
pub(crate) fn left() -> Event {
    Event {
        outcome: "client_gone".into(),
        ..turn(1)
    }
}

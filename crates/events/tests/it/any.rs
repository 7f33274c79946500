//! Whatever an event is, every sink has an outcome for it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_core::event::{BodyFacts, BodyForm, Counted, Event, TokenUsage};
use weir_core::secret::Secret;
use weir_core::settings::services::{
    Helicone, Langfuse, Lunary, Otel, OtlpEncoding, S3, S3Credential, Webhook,
};
use weir_core::settings::{self, SinkKind};
use weir_events::sink::{Outcome, Sink};
use weir_events::sinks;

use crate::stand_in::StandIn;

/// One of every kind, all at `url`.
pub(crate) fn all(url: &str) -> Vec<Box<dyn Sink>> {
    let kinds = kinds(&Secret::new(url), &Secret::new("hunter2-hunter2"));
    let sink = |to: &SinkKind| settings::Sink {
        name: to.as_str().into(),
        group: "".into(),
        batch_size: 100,
        flush_interval: PATIENT,
        retries: 0,
        to: to.clone(),
    };
    let built = |to| sinks::build(&sink(to)).unwrap();
    kinds.iter().map(built).collect()
}

const PATIENT: Duration = Duration::from_secs(30);

fn kinds(url: &Secret, key: &Secret) -> [SinkKind; 7] {
    let (url, key, timeout) = (url.clone(), key.clone(), PATIENT);
    [
        SinkKind::Webhook(Webhook {
            url: url.clone(),
            secret: None,
            headers: Vec::new(),
            batch: true,
            gzip: false,
            timeout,
        }),
        SinkKind::Helicone(Helicone {
            url: url.clone(),
            api_key: key.clone(),
            timeout,
        }),
        SinkKind::Lunary(Lunary {
            url: url.clone(),
            api_key: key.clone(),
            timeout,
        }),
        SinkKind::Langfuse(Langfuse {
            url: url.clone(),
            public_key: key.clone(),
            secret_key: key.clone(),
            timeout,
        }),
        SinkKind::Otel(otel(&url, OtlpEncoding::Protobuf)),
        SinkKind::Otel(otel(&url, OtlpEncoding::Json)),
        SinkKind::S3(S3 {
            bucket: "b".into(),
            prefix: String::new(),
            region: None,
            endpoint: Some(url),
            credential: Some(S3Credential {
                access_key_id: key.clone(),
                secret_access_key: key,
                session_token: None,
            }),
            timeout,
        }),
    ]
}

fn otel(url: &Secret, encoding: OtlpEncoding) -> Otel {
    Otel {
        url: url.clone(),
        headers: Vec::new(),
        encoding,
        traces: true,
        metrics: true,
        content: true,
        timeout: PATIENT,
    }
}

fn word() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        Just(String::new()),
        "\\PC{0,12}",
        "[\\x00-\\x1f\u{fffd}\"\\\\]{1,4}",
        Just("x".repeat(300)),
    ]
    .prop_map(String::into_boxed_str)
}

const NAMES: [&str; 24] = [
    "messages",
    "role",
    "content",
    "type",
    "text",
    "system",
    "model",
    "input",
    "output",
    "tools",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "choices",
    "message",
    "contents",
    "parts",
    "candidates",
    "functionCall",
    "args",
    "usage",
    "instructions",
    "id",
];
const WORDS: [&str; 16] = [
    "user",
    "assistant",
    "system",
    "tool",
    "text",
    "tool_use",
    "tool_result",
    "message",
    "function",
    "function_call",
    "function_call_output",
    "input_text",
    "output_text",
    "image",
    "model",
    "{}",
];

/// Pieces that conversations are made of, in the right places and in wrong ones.
fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(&WORDS[..]).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((select(&NAMES[..]), inner), 0..6).prop_map(|members| {
                let members = members.into_iter();
                Value::Object(
                    members
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

type Told = (Option<Box<RawValue>>, BodyFacts);

fn told() -> impl Strategy<Value = Told> {
    let forms = [
        BodyForm::Absent,
        BodyForm::Json,
        BodyForm::Text,
        BodyForm::Binary,
    ];
    let value = prop_oneof![
        body(),
        "\\PC{0,30}".prop_map(|cut| json!(format!("{{\"messages\":[{cut}"))),
    ];
    (
        prop::option::of(value),
        select(forms.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(value, form, truncated)| {
            let text = value.map(|value| value.to_string());
            let bytes = text.as_ref().map_or(0, |text| text.len() as u64);
            let facts = BodyFacts {
                bytes,
                form,
                truncated,
            };
            (text.map(|text| RawValue::from_string(text).unwrap()), facts)
        })
}

prop_compose! {
    fn event()(
        id in any::<u128>(),
        seconds in -377_705_023_201_i64..253_402_207_200,
        times in any::<(u64, Option<u64>, Option<u64>)>(),
        operation in select(&["generate", "embeddings", "models", "other"][..]),
        dialect in select(&["anthropic_messages", "openai_chat", "openai_responses", "gemini", "new"][..]),
        method in select(&["POST", "GET"][..]),
        outcome in select(&["complete", "client_gone", "upstream_broke", "gateway_error", "lost"][..]),
        words in prop::collection::vec(prop::option::of(word()), 12),
        status in prop::option::of(100..1000u16),
        flags in any::<[bool; 3]>(),
        counts in any::<[u64; 6]>(),
        cost in prop::option::of(any::<f64>().prop_filter("JSON has no others", |cost| cost.is_finite())),
        headers in prop::collection::vec((word(), word()), 0..3),
        traceparent in prop::option::of("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|\\PC{0,60}"),
        request in told(),
        response in told(),
    ) -> Event {
        let mut words = words.into_iter();
        let mut word = || words.next().flatten();
        let mut request_headers = headers.clone();
        request_headers.extend(traceparent.map(|value| ("traceparent".into(), value.into_boxed_str())));
        Event {
            version: 1,
            request_id: Uuid::from_u128(id),
            timestamp: Timestamp::from_second(seconds).unwrap(),
            duration_us: times.0,
            headers_us: times.1,
            content_us: times.2,
            method: method.into(),
            path: word().unwrap_or_default(),
            node: word(),
            status,
            outcome: outcome.into(),
            error: word(),
            dialect: dialect.into(),
            operation: operation.into(),
            streamed: flags[0],
            cached: flags[1],
            provider: word(),
            model: word(),
            routed_model: word(),
            stop_reason: word(),
            response_id: word(),
            session_id: word(),
            agent_id: word(),
            client: word(),
            user_agent: word(),
            token_usage: flags[2].then_some(TokenUsage {
                input: counts[0], output: counts[1], cache_read: counts[2],
                cache_write: counts[3], reasoning: counts[4], total: counts[5],
                source: Counted::Estimate,
            }),
            cost_usd: cost,
            request_headers,
            response_headers: headers,
            request_body: request.0,
            request_body_facts: request.1,
            response_body: response.0,
            response_body_facts: response.1,
            ..Event::default()
        }
    }
}

#[test]
fn no_event_is_too_much_for_a_sink() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let there = runtime.block_on(StandIn::willing());
    let all = all(&there.url);
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(batch in prop::collection::vec(event().prop_map(Arc::new), 0..4))| {
        for sink in &all {
            let outcomes = runtime.block_on(sink.deliver(&batch));
            prop_assert_eq!(outcomes.len(), batch.len());
            for outcome in &outcomes {
                let known = matches!(outcome, Outcome::Delivered | Outcome::Skipped);
                // A store wants more than `{}` for an answer; that is no matter of the event.
                prop_assert!(known || sink.kind() == "s3", "{}: {outcome:?}", sink.kind());
            }
        }
    });
}

//! Events made of exchanges, whole ones and hostile ones.

use std::io::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_wire::dialect::{Dialect, Operation};

use super::*;
use crate::exchange::{RawBody, Tokens};
use crate::prices::Prices;
use crate::redact::Redactor;
use crate::settings::Told;

const TOLD: Told = Told {
    bodies: true,
    request_headers: true,
    cache_hits: false,
    max_request_body_bytes: 64 << 10,
    max_response_body_bytes: 256 << 10,
    node: None,
};

fn leg(content_type: &'static str, body: &[u8]) -> Leg {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    let mut pieces = RawBody::default();
    // In pieces, as bodies come.
    for piece in body.chunks(1000) {
        pieces.push(Bytes::copy_from_slice(piece));
    }
    Leg {
        headers,
        body: Some(pieces),
        bytes: body.len() as u64,
        truncated: false,
    }
}

fn materials(dialect: Dialect, request: &str, response: Leg) -> Materials {
    let head = Event {
        version: VERSION,
        request_id: Uuid::from_u128(7),
        method: "POST".into(),
        operation: "generate".into(),
        provider: Some("openai".into()),
        model: Some("gpt-4o".into()),
        status: Some(200),
        ..Event::default()
    };
    Materials {
        head,
        dialect,
        operation: Operation::Generate,
        tokens: Tokens::default(),
        request: leg("application/json", request.as_bytes()),
        response,
    }
}

fn made_with(materials: Materials, told: &Told) -> Event {
    let redactor = Redactor::new([7; 32]);
    let prices = Prices::default();
    let rules = Rules {
        told,
        redactor: &redactor,
        prices: &prices,
    };
    make(materials, rules)
}

fn made(materials: Materials) -> Event {
    made_with(materials, &TOLD)
}

fn body(body: Option<&RawValue>) -> Value {
    serde_json::from_str(body.expect("a body").get()).expect("it is JSON")
}

const ASKED: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Say hello to the world."}],"stream":true}"#;

fn chat_stream() -> String {
    let chunk = |delta: Value, finish: Option<&str>| {
        let chunk = json!({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o",
            "choices":[{"index":0,"delta":delta,"finish_reason":finish}]});
        format!("data: {chunk}\n\n")
    };
    [
        chunk(json!({"role":"assistant","content":"Hello"}), None),
        chunk(json!({"content":", world!"}), None),
        chunk(json!({}), Some("stop")),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat()
}

#[test]
fn a_stream_of_chat_is_one_completion_whose_tokens_are_counted() {
    let response = leg("Text/Event-Stream; charset=utf-8", chat_stream().as_bytes());
    let event = made(materials(Dialect::OpenaiChat, ASKED, response));
    let answer = body(event.response_body.as_deref());
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello, world!");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(event.response_id.as_deref(), Some("chatcmpl-1"));
    let usage = event.token_usage.expect("counted by weir");
    // `o200k_base`: 4 tokens of "Hello, world!", 6 of the question and OpenAI's 7 around it.
    assert_eq!((usage.output, usage.source), (4, Counted::Estimate));
    assert_eq!((usage.input, usage.total), (13, 17));
    assert!(event.cost_usd.is_some_and(|cost| cost > 0.0));
}

#[test]
fn a_stream_of_messages_is_one_message_however_it_is_encoded() {
    let stream = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",",
        "\"role\":\"assistant\",\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,",
        "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,",
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},",
        "\"usage\":{\"output_tokens\":5}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(stream.as_bytes()).unwrap();
    let mut zipped = leg("text/event-stream", &gzip.finish().unwrap());
    let encoding = HeaderValue::from_static("gzip");
    zipped.headers.insert("content-encoding", encoding);
    for response in [leg("text/event-stream", stream.as_bytes()), zipped] {
        let mut materials = materials(Dialect::AnthropicMessages, "{}", response);
        materials.tokens.input = Some(9);
        materials.tokens.cache_write_5m = Some(3);
        materials.tokens.output = Some(5);
        let event = made(materials);
        let answer = body(event.response_body.as_deref());
        assert_eq!(answer["content"][0]["text"], "Hi");
        assert_eq!(answer["stop_reason"], "end_turn");
        let usage = event.token_usage.expect("counted by the provider");
        assert_eq!(
            (usage.prompt(), usage.cache_write, usage.total),
            (12, 3, 17)
        );
        assert_eq!(usage.source, Counted::Provider);
    }
}

#[test]
fn a_stream_that_broke_off_is_told_as_it_came() {
    let stream = chat_stream();
    let broken = stream.get(..stream.len() - 200).unwrap();
    let response = leg("text/event-stream", broken.as_bytes());
    let event = made(materials(Dialect::OpenaiChat, ASKED, response));
    assert_eq!(event.response_body_facts.form, BodyForm::Text);
    let text = body(event.response_body.as_deref());
    assert!(text.as_str().unwrap().starts_with("data: {"));
}

#[test]
fn an_array_that_gemini_streams_is_one_answer() {
    let piece = |text: &str, finish: &str| {
        json!({"candidates":[{"content":{"role":"model","parts":[{"text":text}]},"finishReason":finish}],
            "responseId":"r1"})
    };
    let mut first = piece("One ", "");
    first["candidates"][0]
        .as_object_mut()
        .unwrap()
        .remove("finishReason");
    let array = json!([first, piece("two", "STOP")]).to_string();
    let mut materials = materials(
        Dialect::Gemini,
        "{}",
        leg("application/json", array.as_bytes()),
    );
    materials.operation = Operation::GenerateStream;
    let event = made(materials);
    let answer = body(event.response_body.as_deref());
    assert!(answer.is_object(), "{answer}");
    assert_eq!(event.response_id.as_deref(), Some("r1"));
}

#[test]
fn bodies_are_cut_after_the_stream_was_put_together() {
    let long = "word ".repeat(300_000);
    let stream = chat_stream().replace(", world!", &long);
    let asked = ASKED.replace("hello", &long);
    let response = leg("text/event-stream", stream.as_bytes());
    let event = made(materials(Dialect::OpenaiChat, &asked, response));
    for (body, facts, most) in [
        (&event.request_body, event.request_body_facts, 65_536),
        (&event.response_body, event.response_body_facts, 262_144),
    ] {
        let text: String = serde_json::from_str(body.as_deref().unwrap().get()).unwrap();
        assert!(
            text.len() <= most && text.len() > most - 10,
            "{}",
            text.len()
        );
        assert!(facts.truncated && facts.bytes > 1_000_000);
    }
    let told: String = serde_json::from_str(event.response_body.unwrap().get()).unwrap();
    assert!(
        told.starts_with("{\"id\":\"chatcmpl-1\""),
        "{}",
        told.get(..99).unwrap()
    );
    assert!(event.token_usage.unwrap().output > 290_000);
}

#[test]
fn no_credential_is_told() {
    let secret = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz";
    let mut response = leg(
        "application/json",
        br#"{"error":{"message":"bad key SECRET"}}"#,
    );
    let text = format!("{{\"error\":{{\"message\":\"bad key {secret}\"}}}}");
    response.body = Some(RawBody::default());
    if let Some(body) = &mut response.body {
        body.push(text.into());
    }
    for (name, value) in [("set-cookie", "session=SECRET"), ("x-api-key", secret)] {
        response
            .headers
            .append(name, HeaderValue::from_static(value));
    }
    let asked = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"key {secret}\"}}]}}");
    let mut materials = materials(Dialect::OpenaiChat, &asked, response);
    let bearer = HeaderValue::from_str(&format!("Bearer {secret}")).unwrap();
    for name in ["authorization", "x-custom", "cookie"] {
        materials.request.headers.append(name, bearer.clone());
    }
    materials.head.error = Some(format!("the key {secret} is wrong").into());
    materials.head.user_agent = Some(format!("agent {secret}").into());
    let event = made(materials);
    let line = serde_json::to_string(&event).unwrap();
    assert!(!line.contains("0123456789abc"), "{line}");
    assert!(
        !line.contains("session=") && !line.contains("set-cookie"),
        "{line}"
    );
    assert!(line.contains("hmac-sha256:"), "{line}");
}

#[test]
fn what_is_not_wanted_is_not_told() {
    let told = Told {
        bodies: false,
        request_headers: false,
        ..TOLD
    };
    let response = leg("text/event-stream", chat_stream().as_bytes());
    let event = made_with(materials(Dialect::OpenaiChat, ASKED, response), &told);
    assert!(event.request_body.is_none() && event.response_body.is_none());
    assert!(event.request_headers.is_empty());
    assert_eq!(event.request_body_facts.bytes, ASKED.len() as u64);
    assert_eq!(event.token_usage.unwrap().output, 4);
}

#[test]
fn nothing_was_paid_for_an_answer_from_the_cache_and_nothing_for_a_refusal() {
    for (cached, status) in [(true, 200), (false, 429)] {
        let response = leg("text/event-stream", chat_stream().as_bytes());
        let mut materials = materials(Dialect::OpenaiChat, ASKED, response);
        materials.head.cached = cached;
        materials.head.status = Some(status);
        let event = made(materials);
        assert_eq!((event.token_usage, event.cost_usd), (None, None));
    }
}

#[test]
fn an_event_reads_back_as_it_was_written() {
    let response = leg("text/event-stream", chat_stream().as_bytes());
    let event = made(materials(Dialect::OpenaiChat, ASKED, response));
    let line = serde_json::to_string(&event).unwrap();
    let again: Event = serde_json::from_str(&line).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), line);
    assert!(!line.contains('\n'));
}

proptest! {
    #[test]
    fn whatever_crosses_the_wire_makes_one_line_that_reads_back(
        request: Vec<u8>,
        response: Vec<u8>,
        kind in prop::sample::select(vec!["text/event-stream", "application/json", "text/plain"]),
        dialect in prop::sample::select(vec![
            Dialect::AnthropicMessages, Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Gemini,
        ]),
        events in prop::collection::vec(".*", 0..4),
    ) {
        let events: String = events.iter().map(|data| format!("data: {{\"type\":{data}\n\n")).collect();
        for came in [response, events.into_bytes()] {
            let mut materials = materials(dialect, "", leg(kind, &came));
            materials.request = leg("application/json", &request);
            materials.operation = Operation::GenerateStream;
            let line = serde_json::to_string(&made(materials)).unwrap();
            prop_assert!(!line.contains('\n'));
            let _event: Event = serde_json::from_str(&line).unwrap();
        }
    }
}

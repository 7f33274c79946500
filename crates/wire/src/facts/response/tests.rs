//! What is found in the bodies and streams of each dialect, cut anywhere.
#![expect(clippy::string_slice, reason = "the test streams are ASCII")]

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ErrorFact, ResponseFacts, ResponseObserver};
use crate::dialect::{Dialect, Operation};
use crate::usage::Usage;

const SSE: Option<&str> = Some("text/event-stream; charset=utf-8");
const JSON: Option<&str> = Some("application/json");

fn facts(dialect: Dialect, content_type: Option<&str>, body: &str) -> ResponseFacts {
    ResponseFacts::of_body(dialect, Operation::Generate, content_type, body.as_bytes())
}

fn stream(events: &[Value]) -> String {
    let mut text = String::new();
    for event in events {
        if let Some(name) = event["type"].as_str() {
            text.push_str(&format!("event: {name}\n"));
        }
        text.push_str(&format!("data: {event}\n\n"));
    }
    text
}

fn messages_stream() -> String {
    stream(&[
        json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [],
            "stop_reason": null, "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ])
}

fn chat_stream() -> String {
    let chunk = |delta: Value, reason: Value| {
        json!({"id": "c-1", "model": "gpt-x",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    stream(&[
        chunk(json!({"role": "assistant", "content": ""}), Value::Null),
        chunk(json!({"content": "hi"}), Value::Null),
        chunk(json!({}), json!("stop")),
        json!({"id": "c-1", "model": "gpt-x", "choices": [],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5}}),
    ]) + "data: [DONE]\n\n"
}

fn responses_stream() -> String {
    let response = |status: &str, usage: Value| json!({"id": "resp_1", "model": "gpt-x", "status": status, "error": null, "usage": usage});
    stream(&[
        json!({"type": "response.created", "response": response("in_progress", Value::Null)}),
        json!({"type": "response.output_text.delta", "delta": "hi"}),
        json!({"type": "response.completed",
            "response": response("completed", json!({"input_tokens": 9, "output_tokens": 5}))}),
    ])
}

fn gemini_chunks() -> [Value; 2] {
    [
        json!({"candidates": [{"content": {"parts": [{"text": "hi"}]}}], "responseId": "g-1",
            "modelVersion": "gemini-x", "usageMetadata": {"promptTokenCount": 9}}),
        json!({"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5}}),
    ]
}

fn check(found: &ResponseFacts, names: [&str; 3], first: (u32, usize), events: u32) {
    assert_eq!(found.id.as_deref(), Some(names[0]));
    assert_eq!(found.model.as_deref(), Some(names[1]));
    assert_eq!(found.stop_reason.as_deref(), Some(names[2]));
    let usage = found.usage.as_ref().unwrap();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(9), Some(5))
    );
    assert_eq!(found.first_content_event, Some(first.0));
    assert_eq!(found.first_content_end, Some(first.1 as u64));
    assert_eq!(
        (found.event_count, found.terminal, found.unread_events),
        (events, true, 0)
    );
    assert_eq!(found.error, None);
}

/// Where the event that contains `part` ends.
fn end_of(stream: &str, part: &str) -> usize {
    let at = stream.find(part).unwrap();
    at + stream[at..].find("\n\n").unwrap() + 2
}

#[test]
fn streams_of_each_dialect_are_read() {
    let text = messages_stream();
    let found = facts(Dialect::AnthropicMessages, SSE, &text);
    check(
        &found,
        ["msg_1", "claude-x", "end_turn"],
        (3, end_of(&text, "text_delta")),
        7,
    );
    let text = chat_stream();
    let found = facts(Dialect::OpenaiChat, None, &text);
    check(
        &found,
        ["c-1", "gpt-x", "stop"],
        (1, end_of(&text, "\"hi\"")),
        5,
    );
    let text = responses_stream();
    let found = facts(Dialect::OpenaiResponses, SSE, &text);
    check(
        &found,
        ["resp_1", "gpt-x", "completed"],
        (1, end_of(&text, "\"hi\"")),
        3,
    );
    let text = stream(&gemini_chunks());
    let found = facts(Dialect::Gemini, SSE, &text);
    check(
        &found,
        ["g-1", "gemini-x", "STOP"],
        (0, end_of(&text, "\"hi\"")),
        2,
    );
    assert!(found.is_sse);
}

#[test]
fn geminis_streamed_array_is_read_like_its_events() {
    let [first, second] = gemini_chunks();
    let text = format!("[{first}\n,\r\n{second}]\n");
    let found = facts(Dialect::Gemini, JSON, &text);
    check(
        &found,
        ["g-1", "gemini-x", "STOP"],
        (0, first.to_string().len() + 1),
        2,
    );
    assert!(!found.is_sse);
    assert!(!facts(Dialect::Gemini, JSON, &text[..text.len() - 2]).terminal);
}

#[test]
fn plain_bodies_are_read() {
    let usage = json!({"input_tokens": 1, "output_tokens": 2});
    let message = json!({"id": "msg_1", "type": "message", "model": "m", "usage": usage,
        "content": [{"type": "text", "text": "x", "id": "no"}], "stop_reason": "max_tokens"});
    let found = facts(Dialect::AnthropicMessages, JSON, &message.to_string());
    assert_eq!(
        (found.id.as_deref(), found.stop_reason.as_deref()),
        (Some("msg_1"), Some("max_tokens"))
    );
    assert!(found.terminal && !found.is_sse && found.first_content_event.is_none());
    let response = json!({"id": "r", "object": "response", "status": "incomplete", "error": null,
        "incomplete_details": {"reason": "max_output_tokens"}, "usage": usage});
    let found = facts(Dialect::OpenaiResponses, JSON, &response.to_string());
    assert_eq!(found.stop_reason.as_deref(), Some("max_output_tokens"));
    let chat = json!({"choices": [{"index": 1, "finish_reason": "length"}, {"index": 0, "finish_reason": "stop"}]});
    assert_eq!(
        facts(Dialect::OpenaiChat, JSON, &chat.to_string())
            .stop_reason
            .as_deref(),
        Some("stop")
    );
    let cut = message.to_string();
    let found = facts(Dialect::AnthropicMessages, JSON, &cut[..cut.len() - 1]);
    assert_eq!((found.model.as_deref(), found.terminal), (Some("m"), false));
}

/// The error in a body, as `type: message`; the same in a stream's event.
fn error(dialect: Dialect, body: Value) -> Option<String> {
    let text = body.to_string();
    let plain = facts(dialect, JSON, &text).error;
    assert_eq!(facts(dialect, SSE, &stream(&[body])).error, plain, "{text}");
    plain.map(|ErrorFact { kind, message }| format!("{kind}: {message}"))
}

#[test]
fn errors_are_found_in_bodies_and_in_streams() {
    let say = |text: &str| Some(text.to_owned());
    assert_eq!(
        error(
            Dialect::AnthropicMessages,
            json!({"type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"})
        ),
        say("overloaded_error: Overloaded")
    );
    assert_eq!(
        error(
            Dialect::OpenaiChat,
            json!({"error": {"message": "no", "type": null, "code": 429}})
        ),
        say("429: no")
    );
    assert_eq!(
        error(Dialect::OpenaiChat, json!({"error": "no"})),
        say(": no")
    );
    assert_eq!(
        error(
            Dialect::OpenaiChat,
            json!({"object": "error", "message": "no", "type": "t"})
        ),
        say("t: no")
    );
    assert_eq!(
        error(
            Dialect::OpenaiResponses,
            json!({"type": "response.failed", "response": {
            "status": "failed", "error": {"code": "server_error", "message": "no"}}})
        ),
        say("server_error: no")
    );
    assert_eq!(
        error(
            Dialect::OpenaiResponses,
            json!({"type": "error", "code": "c", "message": "no"})
        ),
        say("c: no")
    );
    assert_eq!(
        error(
            Dialect::Gemini,
            json!({"error": {"code": 503, "message": "no", "status": "UNAVAILABLE"}})
        ),
        say("UNAVAILABLE: no")
    );
    assert_eq!(
        error(
            Dialect::OpenaiChat,
            json!({"code": 400, "message": "no", "type": "Bad Request"})
        ),
        say("Bad Request: no")
    );
    assert_eq!(
        error(Dialect::OpenaiResponses, json!({"detail": "no"})),
        say(": no")
    );
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let body = json!({"error": {"message": "é".repeat(9000)}}).to_string();
    let error = facts(Dialect::OpenaiChat, JSON, &body).error.unwrap();
    assert_eq!(error.message, "é".repeat(1024));
}

#[test]
fn a_stream_that_breaks_off_is_not_terminal() {
    let text = messages_stream();
    let cut = &text[..text.find("event: message_stop").unwrap()];
    let found = facts(Dialect::AnthropicMessages, SSE, cut);
    assert_eq!(
        (found.terminal, found.stop_reason.as_deref()),
        (false, Some("end_turn"))
    );
    let inside = &cut[..cut.len() - 20];
    let found = facts(Dialect::AnthropicMessages, SSE, inside);
    assert_eq!((found.terminal, found.unread_events), (false, 1));
}

#[test]
fn the_bodys_start_tells_its_form_better_than_its_type() {
    let text = messages_stream();
    for content_type in [None, Some("text/plain"), JSON, Some("TEXT/EVENT-STREAM")] {
        assert!(facts(Dialect::AnthropicMessages, content_type, &text).is_sse);
        assert!(!facts(Dialect::AnthropicMessages, content_type, r#" {"id":"x"}"#).is_sse);
    }
    assert!(facts(Dialect::OpenaiChat, None, ": PROCESSING\n\ndata: {}\n\n").is_sse);
    for content_type in [None, Some("text/csv"), Some("audio/mpeg")] {
        let found = facts(Dialect::OpenaiChat, content_type, "id,name\n1,x\n");
        assert_eq!(found, ResponseFacts::default());
    }
}

#[test]
fn a_list_of_models_names_no_model() {
    let body = br#"{"id":"claude-x","model":"claude-x"}"#;
    let found = ResponseFacts::of_body(Dialect::AnthropicMessages, Operation::Models, JSON, body);
    assert_eq!((found.id, found.model, found.terminal), (None, None, true));
}

proptest! {
    #[test]
    fn cuts_make_no_difference(cuts in prop::collection::vec(0usize..1200, 0..8), typed: bool) {
        let [first, second] = gemini_chunks();
        for (dialect, text) in [
            (Dialect::AnthropicMessages, messages_stream()),
            (Dialect::OpenaiChat, chat_stream()),
            (Dialect::OpenaiResponses, responses_stream()),
            (Dialect::Gemini, format!("[{first},{second}]")),
        ] {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| (*cut).min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let content_type = if !typed { None } else if dialect == Dialect::Gemini { JSON } else { SSE };
            let mut observer = ResponseObserver::new(dialect, Operation::Generate, content_type);
            for pair in cuts.windows(2) {
                observer.push(&Bytes::copy_from_slice(&text.as_bytes()[pair[0]..pair[1]]));
            }
            prop_assert_eq!(observer.finish(), facts(dialect, content_type, &text));
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), sse: bool) {
        for dialect in [Dialect::AnthropicMessages, Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Gemini] {
            let mut body = if sse { b"data: ".to_vec() } else { Vec::new() };
            body.extend_from_slice(&bytes);
            let found = ResponseFacts::of_body(dialect, Operation::Generate, None, &body);
            prop_assert!(found.event_count as usize <= body.len());
        }
    }
}

#[test]
fn openais_service_tier_stands_beside_the_usage_and_the_last_word_counts() {
    let chat = br#"{"id":"c","service_tier":"flex","choices":[],"usage":{"prompt_tokens":1}}"#;
    let responses = "data: {\"type\":\"response.created\",\"response\":{\"service_tier\":\"auto\"}}\n\n\
        data: {\"type\":\"response.completed\",\"response\":{\"service_tier\":\"priority\",\"usage\":{\"input_tokens\":1}}}\n\n";
    for (dialect, body, tier) in [
        (Dialect::OpenaiChat, &chat[..], "flex"),
        (Dialect::OpenaiResponses, responses.as_bytes(), "priority"),
    ] {
        let facts =
            ResponseFacts::of_body(dialect, Operation::Generate, Some("application/json"), body);
        assert_eq!(facts.usage.unwrap().service_tier.as_deref(), Some(tier));
    }
}

/// What who looks for counts alone finds in a body of these pieces.
fn counted(dialect: Dialect, content_type: Option<&str>, pieces: &[&str]) -> Option<Usage> {
    let observer = ResponseObserver::new(dialect, Operation::Generate, content_type);
    let mut observer = observer.counting();
    for piece in pieces {
        observer.push(&Bytes::copy_from_slice(piece.as_bytes()));
    }
    observer.finish().usage
}

/// The same of who reads everything.
fn counts(dialect: Dialect, content_type: Option<&str>, body: &str) -> Option<Usage> {
    let mut usage = facts(dialect, content_type, body).usage?;
    usage.extra.retain(|name, _| name == "speed");
    Some(usage)
}

#[test]
fn who_looks_for_counts_alone_finds_those_of_streams() {
    let [first, second] = gemini_chunks();
    for (dialect, content_type, text) in [
        (Dialect::AnthropicMessages, SSE, messages_stream()),
        (Dialect::OpenaiChat, SSE, chat_stream()),
        (Dialect::OpenaiResponses, SSE, responses_stream()),
        (Dialect::Gemini, JSON, format!("[{first},{second}]")),
        (
            Dialect::Gemini,
            SSE,
            format!("data: {first}\n\ndata: {second}\n\n"),
        ),
    ] {
        let found = counts(dialect, content_type, &text);
        assert!(found.is_some(), "{dialect:?}");
        assert_eq!(counted(dialect, content_type, &[&text]), found, "{text}");
    }
}

/// Whoever looks for counts alone finds in a body, cut or not, what all find, and of it this output.
fn finds(dialect: Dialect, body: &str, output: Option<u64>) {
    let (start, end) = body.split_at(body.len() / 2);
    let found = counts(dialect, JSON, body);
    let said = found.as_ref().and_then(|usage| usage.output_tokens);
    assert_eq!(said, output, "{body}");
    assert_eq!(counted(dialect, JSON, &[body]), found, "{body}");
    assert_eq!(counted(dialect, JSON, &[start, end]), found, "{body}");
}

#[test]
fn who_looks_for_counts_alone_finds_them_wherever_they_stand() {
    let long = "x".repeat(10_000);
    let usage = r#"{"input_tokens":5,"output_tokens":7,"speed":"fast","a":[1]}"#;
    let other = r#"{"usage":{"output_tokens":9}}"#;
    let quoted = r#""\"usage\":{\"output_tokens\":9}""#;
    for (body, output) in [
        (
            format!(r#"{{"content":["{long}"],"usage":{usage}}}"#),
            Some(7),
        ),
        (
            format!(r#"{{"usage" : {usage} ,"content":["{long}"]}}"#),
            Some(7),
        ),
        (
            format!(r#"{{"usage":{usage},"content":[{other}]}}"#),
            Some(7),
        ),
        (
            format!(r#"{{"content":[{other}],"usage":{usage},"a":1}}"#),
            Some(7),
        ),
        (
            format!(r#"{{"content":[{quoted}],"usage":{usage}}}"#),
            Some(7),
        ),
        (
            format!(r#"{{"usage":{usage},"content":[{quoted}]}}"#),
            Some(7),
        ),
        (format!(r#"{{"content":[{other}]}}"#), None),
        (format!(r#"{{"message":{{"usage":{usage}}}}}"#), Some(7)),
        (format!(r#"{{"usage":null,"content":["{long}"]}}"#), None),
        (r#"{"error":{"type":"x"}}"#.to_owned(), None),
    ] {
        finds(Dialect::AnthropicMessages, &body, output);
    }
}

#[test]
fn who_looks_for_counts_alone_finds_the_tier_beside_them() {
    for body in [
        r#"{"service_tier":"flex","choices":[],"usage":{"completion_tokens":3}}"#,
        r#"{"usage":{"completion_tokens":3},"service_tier":"flex"}"#,
    ] {
        finds(Dialect::OpenaiChat, body, Some(3));
    }
    let gemini = r#"{"candidates":[],"usageMetadata":{"candidatesTokenCount":4}}"#;
    finds(Dialect::Gemini, gemini, Some(4));
}

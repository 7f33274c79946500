use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::translate::form::Stop;
use crate::usage::OutputDetails;

const OPTIONS: AnswerOptions<'_> = AnswerOptions {
    model: "m\"",
    now_unix: 1_700_000_000,
    seed: 10,
    estimated_input: 5,
    include_usage: true,
};

fn start() -> Signal<'static> {
    Signal::Start {
        id: "x".into(),
        model: "y".into(),
        usage: None,
    }
}

fn open(part: usize, kind: Opening<'static>) -> Signal<'static> {
    Signal::Open { part, kind }
}

fn call(part: usize, id: &'static str, freeform: bool) -> Signal<'static> {
    open(
        part,
        Opening::Call {
            id: id.into(),
            name: "f".into(),
            freeform,
            item: None,
        },
    )
}

fn text(part: usize, text: &'static str) -> Signal<'static> {
    let piece = Piece::Text(text.into());
    Signal::Delta { part, piece }
}

fn input(part: usize, text: &'static str) -> Signal<'static> {
    let piece = Piece::Input(text.into());
    Signal::Delta { part, piece }
}

fn opaque(part: usize, kind: OpaqueKind) -> Signal<'static> {
    let piece = Piece::Opaque(Opaque {
        value: "v".into(),
        kind,
    });
    Signal::Delta { part, piece }
}

fn close(part: usize) -> Signal<'static> {
    Signal::Close { part }
}

fn written(signals: &[Signal<'_>], ending: Ending, options: &AnswerOptions<'_>) -> String {
    let mut sink = Sink::new(options);
    let mut out = Vec::new();
    for signal in signals {
        sink.write(signal, &mut out);
    }
    sink.finish(ending, &mut out);
    String::from_utf8(out).unwrap()
}

/// The data of all events; `[DONE]` is a string.
fn events(stream: &str) -> Vec<Value> {
    let data = stream
        .split_terminator("\n\n")
        .filter(|event| !event.starts_with(':'));
    data.map(|event| match event.strip_prefix("data: ").unwrap() {
        "[DONE]" => json!("[DONE]"),
        data => serde_json::from_str(data).unwrap(),
    })
    .collect()
}

/// The deltas of an answer that ends well, and its finish reason.
fn deltas(signals: &[Signal<'_>], stop: Stop<'static>) -> (Vec<Value>, String) {
    let mut all = vec![start()];
    all.extend_from_slice(signals);
    all.push(Signal::Stop(stop));
    let mut events = events(&written(&all, Ending::Whole, &OPTIONS));
    assert_eq!(events.pop().unwrap(), "[DONE]");
    assert_eq!(events.pop().unwrap()["choices"], json!([]));
    let last = events.pop().unwrap();
    assert_eq!(last["choices"][0]["delta"], json!({}));
    let first = events.remove(0);
    let role = json!({"role": "assistant", "content": ""});
    assert_eq!(first["choices"][0]["delta"], role);
    let reason = last["choices"][0]["finish_reason"]
        .as_str()
        .unwrap()
        .to_owned();
    let deltas = events
        .iter()
        .map(|event| event["choices"][0]["delta"].clone());
    (deltas.collect(), reason)
}

#[test]
fn a_text_with_its_tokens() {
    let usage = Usage {
        input_tokens: Some(1),
        output_tokens: Some(2),
        cache_read_input_tokens: Some(3),
        cache_creation_input_tokens: Some(4),
        output_tokens_details: Some(OutputDetails {
            thinking_tokens: Some(1),
        }),
        ..Usage::default()
    };
    let signals = [
        start(),
        Signal::Ping,
        open(0, Opening::Text),
        text(0, "a\"\n\u{1}ä"),
        close(0),
        Signal::Stop(Stop::EndTurn),
        Signal::Usage(usage),
    ];
    let stream = written(&signals, Ending::Whole, &OPTIONS);
    assert!(stream.contains("\n\n: ping\n\n"));
    let events = events(&stream);
    assert_eq!(
        events[1],
        json!({"id": "chatcmpl-000000000000000a", "object": "chat.completion.chunk",
            "created": 1_700_000_000, "model": "m\"", "choices": [{"index": 0,
            "delta": {"content": "a\"\n\u{1}ä"}, "logprobs": null, "finish_reason": null}]})
    );
    assert_eq!(events[2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        events[3]["usage"],
        json!({"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1}})
    );
    assert_eq!(events[4], "[DONE]");
    let without = AnswerOptions {
        include_usage: false,
        ..OPTIONS
    };
    assert!(!written(&signals, Ending::Whole, &without).contains("usage"));
}

#[test]
fn calls_are_numbered_and_named_once() {
    let signals = [
        call(0, "a", false),
        input(0, "{\"x\":"),
        input(0, "1}"),
        opaque(0, OpaqueKind::ThoughtSignature),
        close(0),
        call(1, "", false),
        close(1),
        call(2, "a", true),
        input(2, "free"),
        close(2),
    ];
    let (deltas, reason) = deltas(&signals, Stop::EndTurn);
    let expected = [
        json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}),
        json!({"index": 0, "function": {"arguments": "{\"x\":"}}),
        json!({"index": 0, "function": {"arguments": "1}"}}),
        json!({"index": 0, "function": {"arguments": ""}, "extra_content": {"google": {"thought_signature": "v"}}}),
        json!({"index": 1, "id": "call_000000000000000a_1", "type": "function", "function": {"name": "f", "arguments": ""}}),
        json!({"index": 1, "function": {"arguments": "{}"}}),
        json!({"index": 2, "id": "call_000000000000000a_2", "type": "custom", "custom": {"name": "f", "input": ""}}),
        json!({"index": 2, "custom": {"input": "free"}}),
    ];
    let expected = expected.map(|call| json!({"tool_calls": [call]}));
    assert_eq!(deltas, expected);
    assert_eq!(reason, "tool_calls");
}

#[test]
fn thinking_is_followed_by_what_proves_it() {
    let thought = |part| {
        open(
            part,
            Opening::Thinking {
                id: Some("rs".into()),
            },
        )
    };
    let signals = [
        thought(0),
        text(0, "a"),
        text(0, "b"),
        opaque(0, OpaqueKind::Signature),
        thought(1),
        text(1, "c"),
        opaque(1, OpaqueKind::Encrypted),
        thought(2),
        opaque(2, OpaqueKind::Redacted),
    ];
    let (deltas, _) = deltas(&signals, Stop::EndTurn);
    assert_eq!(
        deltas,
        [
            json!({"reasoning_content": "a"}),
            json!({"reasoning_content": "b"}),
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "ab", "signature": "v",
                "format": "anthropic-claude-v1", "index": 0}]}),
            json!({"reasoning_content": "c"}),
            json!({"reasoning_details": [
                {"type": "reasoning.summary", "summary": "c", "format": "openai-responses-v1", "index": 1},
                {"type": "reasoning.encrypted", "data": "v", "id": "rs", "format": "openai-responses-v1", "index": 1}]}),
            json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "v", "id": "rs",
                "format": "anthropic-claude-v1", "index": 2}]}),
        ]
    );
}

#[test]
fn refusals_citations_and_ends() {
    let (said, reason) = deltas(&[open(0, Opening::Refusal), text(0, "no")], Stop::Refusal);
    assert_eq!(said, [json!({"refusal": "no"})]);
    assert_eq!(reason, "stop");
    assert_eq!(deltas(&[], Stop::Refusal).1, "content_filter");
    assert_eq!(deltas(&[call(0, "a", false)], Stop::MaxTokens).1, "length");
    assert_eq!(deltas(&[], Stop::ToolUse).1, "stop");
    let cite = |json: &'static str| Signal::Delta {
        part: 0,
        piece: Piece::Annotation(Json::of_valid(json)),
    };
    let signals = [
        open(0, Opening::Text),
        text(0, "äb"),
        cite(r#"{"type":"web_search_result_location","url":"u","title":"t","cited_text":"c"}"#),
        cite(r#"{"type":"url_citation","start_index":1,"end_index":2,"url":"u","title":"t"}"#),
        cite(r#"{"type":"char_location"}"#),
    ];
    let cited = |start, end| {
        json!({"annotations": [{"type": "url_citation", "url_citation":
            {"start_index": start, "end_index": end, "url": "u", "title": "t"}}]})
    };
    let (said, _) = deltas(&signals, Stop::EndTurn);
    assert_eq!(said, [json!({"content": "äb"}), cited(0, 2), cited(1, 2)]);
}

#[test]
fn what_is_not_whole_ends_in_an_error() {
    let half = [start(), open(0, Opening::Text), text(0, "a")];
    for ending in [Ending::Cut, Ending::Failed, Ending::Whole] {
        let stream = written(&half, ending, &OPTIONS);
        let events = events(&stream);
        assert!(events.last().unwrap()["error"]["message"].is_string());
        assert!(!stream.contains("[DONE]"));
        assert!(!stream.contains("finish_reason\":\""));
    }
    let failed = [
        start(),
        Signal::Failed(Failure {
            status: 529,
            code: Cow::Borrowed("overloaded_error"),
            message: Cow::Borrowed("Overloaded"),
        }),
        text(0, "late"),
        Signal::Stop(Stop::EndTurn),
    ];
    let events = events(&written(&failed, Ending::Failed, &OPTIONS));
    assert_eq!(events.len(), 2);
    let error = json!({"message": "Overloaded", "type": "server_error", "param": null, "code": "overloaded"});
    assert_eq!(events[1], json!({"error": error}));
}

fn odd_signal() -> impl Strategy<Value = Signal<'static>> {
    proptest::sample::select(vec![
        start(),
        open(0, Opening::Text),
        open(1, Opening::Refusal),
        open(2, Opening::Thinking { id: None }),
        call(3, "", false),
        call(4, "call_000000000000000a_1", true),
        open(
            5,
            Opening::Foreign {
                kind: "k".into(),
                json: Json::of_valid("{}"),
            },
        ),
        text(0, "a\\"),
        text(2, "t"),
        text(3, "?"),
        input(3, "{"),
        input(4, "\""),
        opaque(2, OpaqueKind::Signature),
        opaque(3, OpaqueKind::Signature),
        close(0),
        close(3),
        Signal::Ping,
        Signal::Usage(Usage::default()),
        Signal::Stop(Stop::EndTurn),
    ])
}

proptest! {
    #[test]
    fn whatever_comes_the_stream_is_valid(
        signals in proptest::collection::vec(odd_signal(), 0..20),
        ending in proptest::sample::select(vec![Ending::Whole, Ending::Cut]),
    ) {
        let stream = written(&signals, ending, &OPTIONS);
        prop_assert!(stream.ends_with("\n\n"));
        let events = events(&stream);
        let mut finished = false;
        let mut calls = std::collections::BTreeMap::new();
        for (at, event) in events.iter().enumerate() {
            let last = at + 1 == events.len();
            prop_assert_eq!(last, *event == "[DONE]" || event.get("error").is_some());
            let Some(choice) = event["choices"].get(0) else { continue };
            prop_assert!(!finished);
            prop_assert_eq!(choice["delta"].get("role").is_some(), at == 0);
            finished = choice["finish_reason"].is_string();
            for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                let index = call["index"].as_u64().unwrap();
                match call["id"].as_str() {
                    Some(id) => {
                        prop_assert_eq!(index, calls.len() as u64);
                        prop_assert!(calls.values().all(|other| other != id));
                        calls.insert(index, id.to_owned());
                    }
                    None => prop_assert!(calls.contains_key(&index)),
                }
            }
        }
        prop_assert_eq!(finished && ending == Ending::Whole, events.last().unwrap() == "[DONE]");
    }
}

fn any_part() -> impl Strategy<Value = (u8, String)> {
    (0..6_u8, "[a-z<>/ \"\\\\\n\u{1F600}]{1,12}")
}

/// The signals of an answer of these parts.
fn answer(parts: &[(u8, String)]) -> Vec<Signal<'static>> {
    let mut signals = vec![start()];
    for (part, (kind, text)) in parts.iter().enumerate() {
        let text: Cow<'static, str> = Cow::Owned(format!(".{text}"));
        let id: Cow<'static, str> = Cow::Owned(format!("id_{part}"));
        let object = json!({"x": text}).to_string();
        let (kind, pieces) = match kind {
            0 => (Opening::Text, vec![Piece::Text(text)]),
            1 => (Opening::Refusal, vec![Piece::Text(text)]),
            2 => {
                let opaque = Opaque {
                    value: "v".into(),
                    kind: OpaqueKind::Signature,
                };
                let kind = Opening::Thinking { id: None };
                (kind, vec![Piece::Text(text), Piece::Opaque(opaque)])
            }
            3 => (Opening::Thinking { id: None }, vec![Piece::Text(text)]),
            freeform => {
                let freeform = *freeform == 4;
                let name = "f".into();
                let input = if freeform { text } else { Cow::Owned(object) };
                let item = None;
                let kind = Opening::Call {
                    id,
                    name,
                    freeform,
                    item,
                };
                (kind, vec![Piece::Input(input)])
            }
        };
        signals.push(Signal::Open { part, kind });
        signals.extend(
            pieces
                .into_iter()
                .map(|piece| Signal::Delta { part, piece }),
        );
        signals.push(close(part));
    }
    signals.push(Signal::Stop(Stop::EndTurn));
    signals
}

/// What is said, each kind of it together.
fn gist(signals: &[Signal<'_>]) -> Vec<String> {
    let mut gist = vec![String::new(); 5];
    let mut kinds = Vec::new();
    for signal in signals {
        let (at, text) = match signal {
            Signal::Open { kind, .. } => {
                kinds.push(match kind {
                    Opening::Text => 0,
                    Opening::Refusal => 1,
                    Opening::Thinking { .. } => 2,
                    _ => 3,
                });
                match kind {
                    Opening::Call {
                        id, name, freeform, ..
                    } => (3, format!(" {id} {name} {freeform} ")),
                    _ => continue,
                }
            }
            Signal::Delta {
                part,
                piece: Piece::Text(text) | Piece::Input(text),
            } => (kinds[*part], text.to_string()),
            Signal::Delta {
                piece: Piece::Opaque(opaque),
                ..
            } => (4, format!("{opaque:?}")),
            _ => continue,
        };
        gist[at].push_str(&text);
    }
    gist
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(parts in proptest::collection::vec(any_part(), 1..6)) {
        let signals = answer(&parts);
        let stream = written(&signals, Ending::Whole, &OPTIONS);
        let mut source = super::super::Source::new();
        let mut back = Vec::new();
        let mut each = |signal: Signal<'_>| {
            // They outlive what they were read from only as what they say.
            back.push(match signal {
                Signal::Delta { part, piece } => Signal::Delta { part, piece: owned(piece) },
                Signal::Open { part, kind } => Signal::Open { part, kind: owned_kind(kind) },
                _ => Signal::Ping,
            });
        };
        crate::sse::Splitter::new().push(stream.as_bytes(), |event| source.push(event, &mut each));
        prop_assert_eq!(source.finish(&mut each), Ending::Whole);
        prop_assert_eq!(gist(&back), gist(&signals));
    }
}

fn owned(piece: Piece<'_>) -> Piece<'static> {
    match piece {
        Piece::Text(text) => Piece::Text(Cow::Owned(text.into_owned())),
        Piece::Input(text) => Piece::Input(Cow::Owned(text.into_owned())),
        Piece::Opaque(opaque) => Piece::Opaque(Opaque {
            value: Cow::Owned(opaque.value.into_owned()),
            kind: opaque.kind,
        }),
        Piece::Annotation(json) => Piece::Annotation(json.into_owned()),
    }
}

fn owned_kind(kind: Opening<'_>) -> Opening<'static> {
    match kind {
        Opening::Text => Opening::Text,
        Opening::Refusal => Opening::Refusal,
        Opening::Thinking { .. } => Opening::Thinking { id: None },
        Opening::Call {
            id, name, freeform, ..
        } => Opening::Call {
            id: Cow::Owned(id.into_owned()),
            name: Cow::Owned(name.into_owned()),
            freeform,
            item: None,
        },
        Opening::Foreign { .. } => panic!("not in this dialect"),
    }
}

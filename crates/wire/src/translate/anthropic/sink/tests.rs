//! What is written for signals as they should be and as they should not.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::marks::messages as mark;
use crate::sse::Splitter;
use crate::translate::form::{Opaque, OpaqueKind};

const OPTIONS: AnswerOptions<'_> = AnswerOptions {
    model: "asked",
    now_unix: 0,
    seed: 1,
    estimated_input: 7,
    include_usage: false,
};

fn written(signals: &[Signal<'_>], ending: Ending) -> Vec<Value> {
    let (mut sink, mut out) = (Sink::new(&OPTIONS), Vec::new());
    for signal in signals {
        sink.write(signal, &mut out);
    }
    sink.finish(ending, &mut out);
    sink.write(&Signal::Ping, &mut out);
    let mut events = Vec::new();
    Splitter::new().push(&out, |event| {
        let json: Value = serde_json::from_slice(event.data).unwrap();
        assert_eq!(json["type"], std::str::from_utf8(event.name).unwrap());
        events.push(json);
    });
    events
}

/// What a stream says, a word for each event.
fn brief(events: &[Value]) -> Vec<String> {
    let words = |event: &Value| {
        let (block, delta) = (&event["content_block"], &event["delta"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                let named = text(&block["name"]) + &text(&block["data"]);
                format!("{} {}{named}", event["index"], text(&block["type"]))
            }
            "content_block_delta" => ["text", "thinking", "partial_json", "signature"]
                .map(|member| text(&delta[member]))
                .concat(),
            "content_block_stop" => ".".to_owned(),
            "message_delta" => text(&delta["stop_reason"]),
            "error" => text(&event["error"]["type"]),
            other => other.to_owned(),
        }
    };
    events.iter().map(words).collect()
}

fn check(signals: &[Signal<'_>], ending: Ending, expected: &[&str]) {
    let events = written(signals, ending);
    valid(&events);
    assert_eq!(brief(&events), expected);
}

/// Looks at all the rules of a stream that clients rely on.
fn valid(events: &[Value]) {
    let (mut started, mut stopped, mut over) = (false, false, false);
    let (mut open, mut next, mut input) = (None, 0, String::new());
    let (mut calls, mut signed, mut kind) = (0, false, String::new());
    let mut half = 0;
    for event in events {
        assert!(!over, "nothing follows the end: {event}");
        match event["type"].as_str().unwrap() {
            "ping" => {}
            "error" => over = true,
            "message_start" => {
                assert!(!std::mem::replace(&mut started, true));
                assert!(event["message"]["usage"]["input_tokens"].as_u64() > Some(0));
            }
            "content_block_start" => {
                assert!(started && open.is_none() && !stopped);
                assert_eq!(event["index"], next);
                kind = event["content_block"]["type"].as_str().unwrap().to_owned();
                calls += u32::from(kind == "tool_use");
                open = Some(next);
                next += 1;
                (input, signed) = (String::new(), false);
            }
            "content_block_delta" => {
                assert_eq!(event["index"].as_u64(), open);
                let delta = &event["delta"];
                input += delta["partial_json"].as_str().unwrap_or_default();
                signed |= delta["type"] == "signature_delta";
            }
            "content_block_stop" => {
                assert_eq!(event["index"].as_u64(), open.take());
                assert!(kind != "thinking" || signed);
                let object = serde_json::from_str::<Value>(&input);
                let whole = object.is_ok_and(|input| input.is_object());
                half += u32::from(kind == "tool_use" && !whole);
            }
            "message_delta" => {
                assert!(open.is_none() && !std::mem::replace(&mut stopped, true));
                let reason = event["delta"]["stop_reason"].as_str().unwrap();
                assert!(reason != "end_turn" || calls == 0);
                assert!(reason != "tool_use" || calls > 0);
                let short = ["max_tokens", "refusal", "model_context_window_exceeded"];
                assert!(
                    half == 0 || short.contains(&reason),
                    "{half} inputs are no objects"
                );
                assert!(event["usage"]["output_tokens"].is_u64());
            }
            "message_stop" => {
                assert!(stopped);
                over = true;
            }
            other => panic!("{other}"),
        }
    }
    assert!(over);
}

fn start() -> Signal<'static> {
    Signal::Start {
        id: "resp_1".into(),
        model: "gpt".into(),
        usage: None,
    }
}

fn open(part: usize, kind: Opening<'static>) -> Signal<'static> {
    Signal::Open { part, kind }
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
    let value = "v".into();
    let piece = Piece::Opaque(Opaque { value, kind });
    Signal::Delta { part, piece }
}

fn call(id: &'static str, freeform: bool) -> Opening<'static> {
    Opening::Call {
        id: id.into(),
        name: ":run".into(),
        freeform,
        item: None,
    }
}

fn close(part: usize) -> Signal<'static> {
    Signal::Close { part }
}

#[test]
fn an_answer_is_written_part_by_part() {
    let signals = [
        start(),
        open(0, Opening::Thinking { id: None }),
        text(0, "hm"),
        opaque(0, OpaqueKind::Encrypted),
        close(0),
        open(1, Opening::Text),
        text(1, "a"),
        text(1, ""),
        text(1, "\"b\n"),
        close(1),
        open(2, call("call_1", false)),
        input(2, "{\"x\""),
        input(2, ":1} {"),
        close(2),
        Signal::Stop(Stop::EndTurn),
    ];
    let opaque = Opaque {
        value: Cow::Borrowed("v"),
        kind: OpaqueKind::Encrypted,
    };
    let signature = mark::of_thinking(Some(&opaque), None);
    check(
        &signals,
        Ending::Whole,
        &[
            "message_start",
            "ping",
            "0 thinking",
            "hm",
            &signature,
            ".",
            "1 text",
            "a",
            "\"b\n",
            ".",
            "2 tool_use:run",
            "{\"x\"",
            ":1}",
            ".",
            "tool_use",
            "message_stop",
        ],
    );
}

#[test]
fn counts_are_those_that_came_last() {
    let usage = Usage {
        input_tokens: Some(3),
        cache_read_input_tokens: Some(4),
        output_tokens: Some(5),
        ..Usage::default()
    };
    let signals = [start(), Signal::Stop(Stop::EndTurn), Signal::Usage(usage)];
    let events = written(&signals, Ending::Whole);
    valid(&events);
    let message = &events[0]["message"];
    assert_eq!(
        (&message["id"], &message["model"]),
        (&"msg_resp_1".into(), &"asked".into())
    );
    assert_eq!(message["usage"]["input_tokens"], 7);
    let end = &events[events.len() - 2];
    assert_eq!(end["usage"]["input_tokens"], 3);
    assert_eq!(end["usage"]["cache_read_input_tokens"], 4);
    assert_eq!(end["usage"]["output_tokens"], 5);
}

#[test]
fn an_answer_of_nothing_has_no_blocks() {
    let stream = ["message_start", "ping", "end_turn", "message_stop"];
    check(&[], Ending::Whole, &stream);
    let foreign = Opening::Foreign {
        kind: "web_search_call".into(),
        json: crate::translate::json::Json::of_valid("{}"),
    };
    let signals = [open(0, foreign), close(0), open(1, Opening::Text), close(1)];
    check(&signals, Ending::Whole, &stream);
}

#[test]
fn an_input_is_an_object_in_the_end() {
    for (pieces, said) in [
        (&[] as &[&'static str], "{}"),
        (&["", " "], "{}"),
        (&["null"], "{}"),
        (&["[1", "]"], r#"{"raw":"[1]"}"#),
        (&[r#""{\"a\""#, r#":2}""#], r#"{"a":2}"#),
        (&["{\"a\":\"x\ny\"}"], r#"{"a":"x\u000ay"}"#),
        (&["{\"a\":[1"], r#"{"a":[1],"raw":""}"#),
        (&["{\"a\":'x'", "}"], r#"{"a":null,"raw":"'x'}"}"#),
        (&["{}", "{\"a\":1}"], "{}"),
    ] {
        let mut signals = vec![open(0, call("c", false))];
        signals.extend(pieces.iter().map(|piece| input(0, piece)));
        signals.push(close(0));
        let events = written(&signals, Ending::Whole);
        valid(&events);
        let json: String = events
            .iter()
            .filter_map(|event| event["delta"]["partial_json"].as_str())
            .collect();
        assert_eq!(json, said, "{pieces:?}");
    }
}

#[test]
fn an_input_that_the_limit_cut_stays_cut() {
    check(
        &[
            open(0, call("c", false)),
            input(0, "{\"a\":"),
            close(0),
            Signal::Stop(Stop::MaxTokens),
        ],
        Ending::Whole,
        &[
            "message_start",
            "ping",
            "0 tool_use:run",
            "{\"a\":",
            ".",
            "max_tokens",
            "message_stop",
        ],
    );
}

#[test]
fn free_text_is_put_into_an_object_when_it_is_complete() {
    for (pieces, said) in [
        (["a\"", "b"], r#"{"raw":"a\"b"}"#),
        (["{ let", " x }"], r#"{"raw":"{ let x }"}"#),
        (["{\"a\"", ":1}"], r#"{"a":1}"#),
    ] {
        let [first, second] = pieces.map(|piece| input(0, piece));
        let signals = [open(0, call("c", true)), first, second, close(0)];
        let expected = [
            "message_start",
            "ping",
            "0 tool_use:run",
            said,
            ".",
            "tool_use",
        ];
        let expected = [expected.as_slice(), &["message_stop"]].concat();
        check(&signals, Ending::Whole, &expected);
    }
}

#[test]
fn ids_of_calls_are_there_and_differ() {
    let parts = ["", "", "c", "c"].into_iter().enumerate();
    let signals: Vec<_> = parts
        .flat_map(|(part, id)| [open(part, call(id, false)), close(part)])
        .collect();
    let events = written(&signals, Ending::Whole);
    let ids: Vec<_> = events
        .iter()
        .filter_map(|event| event["content_block"]["id"].as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "toolu_00000000000000010000",
            "toolu_00000000000000010001",
            "c",
            "c_3"
        ]
    );
}

#[test]
fn ids_that_anthropic_would_refuse_later_are_changed() {
    let long = "x".repeat(200);
    let mut ids = super::call::Ids::new(1);
    let given: Vec<_> = [
        "functions.Bash:0",
        "functions.Bash:0",
        &long,
        &long,
        "call-1_A",
    ]
    .map(|id| ids.unique(id))
    .into();
    let distinct: std::collections::HashSet<_> = given.iter().collect();
    assert_eq!(distinct.len(), given.len());
    assert!(given[0].starts_with("functions_Bash_0_"));
    assert_eq!(given[4], "call-1_A");
    for id in &given {
        assert_eq!(
            *id,
            crate::translate::names::sent(id, crate::translate::names::Rule::ANTHROPIC)
        );
    }
}

#[test]
fn what_travels_with_a_call_goes_before_it_in_thinking() {
    let value = Opaque {
        value: "v".into(),
        kind: OpaqueKind::ThoughtSignature,
    };
    let signature = mark::of_call("c", &value);
    let (first, last) = (
        ["0 thinking", &signature, "."],
        ["1 tool_use:run", "{}", "."],
    );
    let mut expected = vec!["message_start", "ping"];
    expected.extend(first);
    expected.extend(last);
    expected.extend(["tool_use", "message_stop"]);
    check(
        &[
            open(0, call("c", false)),
            opaque(0, OpaqueKind::ThoughtSignature),
            input(0, "{}"),
            close(0),
        ],
        Ending::Whole,
        &expected,
    );
}

#[test]
fn thinking_that_shows_nothing_keeps_what_it_holds() {
    let thinking = |part, kind| {
        let id = None;
        [
            open(part, Opening::Thinking { id }),
            opaque(part, kind),
            close(part),
        ]
    };
    let signals = [
        thinking(0, OpaqueKind::Redacted),
        thinking(1, OpaqueKind::Signature),
    ];
    let mut signals = signals.concat();
    signals.extend([open(2, Opening::Thinking { id: None }), close(2)]);
    check(
        &signals,
        Ending::Whole,
        &[
            "message_start",
            "ping",
            "0 redacted_thinkingv",
            ".",
            "1 thinking",
            "v",
            ".",
            "end_turn",
            "message_stop",
        ],
    );
}

#[test]
fn a_refusal_is_text_that_ends_so() {
    check(
        &[
            open(0, Opening::Refusal),
            text(0, "no"),
            close(0),
            Signal::Stop(Stop::EndTurn),
        ],
        Ending::Whole,
        &[
            "message_start",
            "ping",
            "0 text",
            "no",
            ".",
            "refusal",
            "message_stop",
        ],
    );
}

#[test]
fn an_answer_that_broke_off_ends_in_an_error() {
    let signals = [
        start(),
        open(0, Opening::Text),
        text(0, "a"),
        Signal::Stop(Stop::EndTurn),
    ];
    check(&[], Ending::Cut, &["overloaded_error"]);
    check(
        &signals[..1],
        Ending::Cut,
        &["message_start", "ping", "overloaded_error"],
    );
    check(
        &signals,
        Ending::Cut,
        &["message_start", "ping", "0 text", "a", ".", "api_error"],
    );
    let failed = Signal::Failed(Failure {
        status: 429,
        code: "rate_limit_exceeded".into(),
        message: "slow".into(),
    });
    check(
        &[start(), failed, text(0, "b")],
        Ending::Failed,
        &["message_start", "ping", "rate_limit_error"],
    );
}

fn any_signal() -> impl Strategy<Value = Signal<'static>> {
    let kind = prop_oneof![
        Just(Opening::Text),
        Just(Opening::Refusal),
        Just(Opening::Thinking { id: None }),
        Just(Opening::Thinking {
            id: Some("rs".into())
        }),
        Just(call("", false)),
        Just(call("c", false)),
        Just(call("c", true)),
    ];
    let piece = proptest::sample::select(vec!["", " ", "{", "}", "\"a\"", ":", "1", "\n", "ü"]);
    let part = 0..3_usize;
    let kinds = proptest::sample::select(vec![
        OpaqueKind::Signature,
        OpaqueKind::Redacted,
        OpaqueKind::Encrypted,
        OpaqueKind::ThoughtSignature,
    ]);
    let stops = proptest::sample::select(vec![
        Stop::EndTurn,
        Stop::ToolUse,
        Stop::MaxTokens,
        Stop::Sequence(None),
        Stop::Other("new".into()),
    ]);
    prop_oneof![
        1 => Just(start()),
        4 => (part.clone(), kind).prop_map(|(part, kind)| open(part, kind)),
        4 => (part.clone(), piece.clone()).prop_map(|(part, piece)| text(part, piece)),
        8 => (part.clone(), piece).prop_map(|(part, piece)| input(part, piece)),
        2 => (part.clone(), kinds).prop_map(|(part, kind)| opaque(part, kind)),
        3 => part.prop_map(close),
        1 => Just(Signal::Usage(Usage::default())),
        1 => stops.prop_map(Signal::Stop),
        1 => Just(Signal::Ping),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_the_stream_is_valid(
        signals in proptest::collection::vec(any_signal(), 0..40),
        ending in proptest::sample::select(vec![Ending::Whole, Ending::Cut, Ending::Failed]),
    ) {
        valid(&written(&signals, ending));
    }
}

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::dialect::Dialect;
use crate::sse::Splitter;
use crate::translate::codec;
use crate::translate::form::{Extra, Opaque, OpaqueKind, Request, Sampling, Tool, ToolKind};
use crate::translate::json::Json;
use crate::translate::openai_responses::Source;
use crate::translate::options::Hints;

const OPTIONS: AnswerOptions<'static> = AnswerOptions {
    model: "m",
    now_unix: 1_700_000_000,
    seed: 7,
    estimated_input: 11,
    include_usage: false,
};

fn events(out: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    Splitter::new().push(out, |event| {
        let value: Value = serde_json::from_slice(event.data).unwrap();
        assert_eq!(value["type"].as_str().unwrap().as_bytes(), event.name);
        events.push(value);
    });
    events
}

fn write(signals: &[Signal<'_>], ending: Ending) -> Vec<Value> {
    let mut sink = Sink::new(&OPTIONS);
    let mut out = Vec::new();
    for signal in signals {
        sink.write(signal, &mut out);
    }
    sink.finish(ending, &mut out);
    let events = events(&out);
    for (number, event) in (0..).zip(&events) {
        assert_eq!(event["sequence_number"], number);
    }
    events
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().filter_map(|event| event["type"].as_str());
    kinds
        .map(|kind| kind.strip_prefix("response.").unwrap_or(kind))
        .collect()
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
    let value = "sig".into();
    let piece = Piece::Opaque(Opaque { value, kind });
    Signal::Delta { part, piece }
}

fn close(part: usize) -> Signal<'static> {
    Signal::Close { part }
}

fn call(id: &'static str, name: &'static str, freeform: bool) -> Opening<'static> {
    Opening::Call {
        id: id.into(),
        name: name.into(),
        freeform,
        item: None,
    }
}

/// Thinking, text and two calls.
fn long_answer() -> Vec<Value> {
    write(
        &[
            open(0, Opening::Thinking { id: None }),
            text(0, "hm"),
            opaque(0, OpaqueKind::Signature),
            close(0),
            open(1, Opening::Text),
            text(1, "hi"),
            close(1),
            open(2, call("toolu_1", "ls", false)),
            input(2, "{\"a\""),
            input(2, ":1}"),
            close(2),
            open(3, call("", "apply_patch", true)),
            input(3, "*** Begin"),
            close(3),
            Signal::Stop(Stop::ToolUse),
        ],
        Ending::Whole,
    )
}

#[test]
fn every_item_is_announced_written_and_ended() {
    let told = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(kinds(&long_answer()), told);
}

#[test]
fn every_item_is_told_whole_and_again_at_the_end() {
    let events = long_answer();
    let last = events.last().unwrap();
    let output = last["response"]["output"].as_array().unwrap();
    let is_done = |event: &&Value| event["type"] == "response.output_item.done";
    let done: Vec<&Value> = events
        .iter()
        .filter(is_done)
        .map(|event| &event["item"])
        .collect();
    assert_eq!(output.iter().collect::<Vec<_>>(), done);
    assert_eq!(output[0]["encrypted_content"], "weir:signature:sig");
    assert_eq!(output[0]["summary"][0]["text"], "hm");
    assert_eq!(output[1]["content"][0]["text"], "hi");
    assert_eq!(output[2]["call_id"], "toolu_1");
    assert_eq!(output[2]["arguments"], "{\"a\":1}");
    assert_eq!(output[3]["type"], "custom_tool_call");
    assert_eq!(output[3]["input"], "*** Begin");
    assert!(output[3]["call_id"].as_str().unwrap().starts_with("call_"));
    assert_eq!(last["response"]["usage"]["input_tokens"], 11);
}

#[test]
fn a_tool_of_a_namespace_is_called_by_both_names() {
    let tool = |extra: &[(&'static str, &'static str)]| Tool {
        kind: ToolKind::Function {
            name: "mcp__fs__read".into(),
            description: None,
            schema: None,
            strict: None,
        },
        cache: None,
        extra: Extra {
            members: extra
                .iter()
                .map(|(name, value)| ((*name).into(), Json::of_valid(*value)))
                .collect(),
        },
    };
    let tools = vec![tool(&[
        ("namespace", "\"mcp__fs__\""),
        ("name", "\"read\""),
    ])];
    let declared = Declared::of(&request(tools));
    let mut sink = Sink::with_declared(&OPTIONS, declared);
    let mut out = Vec::new();
    sink.write(&open(0, call("c", "mcp__fs__read", false)), &mut out);
    sink.write(&close(0), &mut out);
    let events = events(&out);
    let item = &events.last().unwrap()["item"];
    assert_eq!(
        (item["namespace"].as_str(), item["name"].as_str()),
        (Some("mcp__fs__"), Some("read"))
    );
}

#[test]
fn a_search_for_tools_that_the_client_runs_is_called_as_one() {
    let body = br#"{"model":"m","input":"x","tools":[{"type":"tool_search","execution":"client",
        "description":"d","parameters":{"type":"object"}},{"type":"tool_search"}]}"#;
    let dialect = Dialect::OpenaiResponses;
    let request = codec::read_request(dialect, body, &Hints::default()).unwrap();
    let [search, hosted] = request.tools.as_slice() else {
        panic!("{:?}", request.tools);
    };
    assert!(matches!(&search.kind, ToolKind::Function { name, .. } if name == "tool_search"));
    assert!(matches!(hosted.kind, ToolKind::Server { .. }));
    for (given, expected) in [
        (r#"{"query":"q"}"#, r#"{"query":"q"}"#),
        ("[", "{}"),
        ("", "{}"),
    ] {
        let mut sink = Sink::with_declared(&OPTIONS, Declared::of(&request));
        let mut out = Vec::new();
        sink.write(&open(0, call("c", "tool_search", false)), &mut out);
        sink.write(&input(0, given), &mut out);
        sink.write(&close(0), &mut out);
        let events = events(&out);
        let started = ["created", "in_progress"];
        let items = ["output_item.added", "output_item.done"];
        assert_eq!(kinds(&events), [started, items].concat());
        let item = &events.last().unwrap()["item"];
        assert_eq!(item["type"], "tool_search_call");
        assert_eq!(
            (&item["call_id"], &item["execution"]),
            (&"c".into(), &"client".into())
        );
        assert_eq!(
            item["arguments"],
            serde_json::from_str::<Value>(expected).unwrap()
        );
    }
}

fn request(tools: Vec<Tool<'static>>) -> Request<'static> {
    Request {
        dialect: Dialect::OpenaiResponses,
        model: "m".into(),
        system: Vec::new(),
        turns: Vec::new(),
        tools,
        tool_choice: None,
        parallel_tools: None,
        max_tokens: None,
        sampling: Sampling::default(),
        stop: Vec::new(),
        stream: true,
        thinking: None,
        format: None,
        user: None,
        cache_key: None,
        service_tier: None,
        extra: Extra::default(),
    }
}

#[test]
fn texts_that_follow_each_other_are_one_message() {
    let events = write(
        &[
            open(0, Opening::Text),
            text(0, "a"),
            close(0),
            open(1, Opening::Text),
            text(1, "b"),
            Signal::Delta {
                part: 1,
                piece: Piece::Annotation(Json::of_valid(r#"{"type":"url_citation","url":"u"}"#)),
            },
            close(1),
            Signal::Stop(Stop::MaxTokens),
        ],
        Ending::Whole,
    );
    let response = &events.last().unwrap()["response"];
    assert_eq!(response["status"], "incomplete");
    assert_eq!(
        response["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    let item = &response["output"][0];
    assert_eq!(item["status"], "incomplete");
    assert_eq!(item["content"][1]["text"], "b");
    assert_eq!(item["content"][1]["annotations"][0]["end_index"], 1);
    assert_eq!(response["output"].as_array().unwrap().len(), 1);
}

#[test]
fn a_call_without_input_has_an_empty_object() {
    let events = write(
        &[
            open(0, call("c", "now", false)),
            close(0),
            Signal::Stop(Stop::ToolUse),
        ],
        Ending::Whole,
    );
    assert_eq!(
        events.last().unwrap()["response"]["output"][0]["arguments"],
        "{}"
    );
}

#[test]
fn what_travels_with_a_call_comes_before_it() {
    let kind = OpaqueKind::ThoughtSignature;
    for late in [false, true] {
        let mut signals = vec![open(0, call("c1", "ls", false))];
        signals.extend(match late {
            false => [opaque(0, kind), input(0, "{}")],
            true => [input(0, "{}"), opaque(0, kind)],
        });
        signals.extend([close(0), Signal::Stop(Stop::ToolUse)]);
        let events = write(&signals, Ending::Whole);
        let output = &events.last().unwrap()["response"]["output"];
        let (reasoning, called) = (&output[usize::from(late)], &output[usize::from(!late)]);
        assert_eq!(
            reasoning["encrypted_content"],
            "weir:call:c1:weir:thought:sig"
        );
        assert_eq!(called["arguments"], "{}");
    }
}

#[test]
fn what_says_nothing_is_not_told() {
    let events = write(
        &[
            open(0, Opening::Thinking { id: None }),
            close(0),
            open(1, Opening::Text),
            text(1, ""),
            close(1),
            open(2, Opening::Refusal),
            close(2),
            Signal::Stop(Stop::Refusal),
        ],
        Ending::Whole,
    );
    assert_eq!(kinds(&events), ["created", "in_progress", "incomplete"]);
    let reason = &events[2]["response"]["incomplete_details"]["reason"];
    assert_eq!(reason, "content_filter");
}

#[test]
fn no_success_is_made_of_an_answer_that_is_not_whole() {
    let begun = [open(0, Opening::Text), text(0, "hi")];
    for ending in [Ending::Cut, Ending::Failed, Ending::Whole] {
        let events = write(&begun, ending);
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.failed");
        assert_eq!(last["response"]["error"]["code"], "server_error");
        assert_eq!(last["response"]["status"], "failed");
    }
    let failed = Signal::Failed(Failure {
        status: 429,
        code: "rate_limit_error".into(),
        message: "try again in 1.3s".into(),
    });
    let events = write(&[failed, text(0, "late")], Ending::Failed);
    assert_eq!(kinds(&events), ["created", "in_progress", "failed"]);
    let error = &events[2]["response"]["error"];
    assert_eq!(error["code"], "rate_limit_exceeded");
    assert_eq!(error["message"], "try again in 1.3s");
}

#[test]
fn counts_of_the_beginning_hold_until_others_come() {
    let first = Usage {
        input_tokens: Some(5),
        cache_read_input_tokens: Some(3),
        output_tokens: Some(1),
        ..Usage::default()
    };
    let last = Usage {
        output_tokens: Some(20),
        ..Usage::default()
    };
    let events = write(
        &[
            Signal::Start {
                id: "x".into(),
                model: "y".into(),
                usage: Some(first),
            },
            Signal::Stop(Stop::EndTurn),
            Signal::Usage(last),
        ],
        Ending::Whole,
    );
    let usage = &events.last().unwrap()["response"]["usage"];
    assert_eq!(usage["input_tokens"], 8);
    assert_eq!(usage["input_tokens_details"]["cached_tokens"], 3);
    assert_eq!(usage["total_tokens"], 28);
}

#[test]
fn an_id_that_is_too_long_is_not_repeated_in_every_event() {
    let kind = Opening::Thinking {
        id: Some("x".repeat(10_000).into()),
    };
    let events = write(&[open(0, kind), text(0, "hm"), close(0)], Ending::Whole);
    assert!(events[2]["item"]["id"].as_str().unwrap().starts_with("rs_"));
}

#[test]
fn pings_are_comments() {
    let mut out = Vec::new();
    Sink::new(&OPTIONS).write(&Signal::Ping, &mut out);
    assert_eq!(out, b": ping\n\n");
}

#[test]
fn an_answer_that_does_not_fit_fails() {
    let mut sink = Sink::new(&OPTIONS);
    let long = "x".repeat(1 << 20);
    let mut out = Vec::new();
    sink.write(&open(0, Opening::Text), &mut out);
    for _ in 0..40 {
        out.clear();
        let piece = Piece::Text(long.as_str().into());
        sink.write(&Signal::Delta { part: 0, piece }, &mut out);
        if sink.state == State::Over {
            break;
        }
    }
    assert_eq!(sink.state, State::Over);
    assert_eq!(events(&out).last().unwrap()["type"], "response.failed");
}

fn any_signal() -> impl Strategy<Value = Signal<'static>> {
    let kind = prop_oneof![
        Just(Opening::Text),
        Just(Opening::Refusal),
        Just(Opening::Thinking { id: None }),
        Just(call("", "f", false)),
        Just(call("c", "g", true)),
        Just(Opening::Foreign {
            kind: "web_search_call".into(),
            json: Json::of_valid(r#"{"type":"web_search_call","id":"ws"}"#),
        }),
    ];
    prop_oneof![
        (0..4usize, kind).prop_map(|(part, kind)| open(part, kind)),
        (0..4usize).prop_map(|part| text(part, "t\"")),
        (0..4usize).prop_map(|part| input(part, "{}")),
        (0..4usize).prop_map(|part| opaque(part, OpaqueKind::Signature)),
        (0..4usize).prop_map(close),
        Just(Signal::Stop(Stop::EndTurn)),
        Just(Signal::Ping),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_the_stream_is_whole_and_can_be_read(
        signals in prop::collection::vec(any_signal(), 0..20),
    ) {
        let events = write(&signals, Ending::Whole);
        let last = events.last().unwrap();
        let added = events.iter().filter(|e| e["type"] == "response.output_item.added");
        let done = events.iter().filter(|e| e["type"] == "response.output_item.done").count();
        let stopped = signals.iter().any(|signal| matches!(signal, Signal::Stop(_)));
        prop_assert_eq!(last["type"] == "response.completed", stopped);
        if stopped {
            prop_assert_eq!(added.count(), done);
            prop_assert_eq!(last["response"]["output"].as_array().unwrap().len(), done);
        }
        let mut source = Source::new();
        for event in &events {
            let data = event.to_string();
            let event = crate::sse::Event { name: b"", data: data.as_bytes(), end: 0 };
            source.push(event, &mut |_| {});
        }
        let ending = source.finish(&mut |_| {});
        prop_assert_eq!(ending == Ending::Whole, stopped);
    }
}

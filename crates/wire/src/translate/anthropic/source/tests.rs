//! What streams mean, whole, broken and cut anywhere.

use proptest::prelude::*;

use super::*;
use crate::sse::Splitter;
use crate::usage::Usage;

/// What a stream in these pieces says, a line for each signal, and how it ends.
fn told<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut splitter, mut source) = (Splitter::new(), Source::new());
    let mut seen = Vec::new();
    let each = &mut |signal: Signal<'_>| seen.push(line(&signal));
    for piece in pieces {
        splitter.push(piece, |event| source.push(event, each));
    }
    splitter.finish(|event| source.push(event, each));
    let ending = source.finish(each);
    seen.push(format!("{ending:?}"));
    seen
}

fn line(signal: &Signal<'_>) -> String {
    let tokens = |usage: &Usage| format!("{:?}/{:?}", usage.input_tokens, usage.output_tokens);
    match signal {
        Signal::Start { id, model, usage } => {
            format!(
                "start {id} {model} {}",
                usage.as_ref().map_or("-".into(), tokens)
            )
        }
        Signal::Open { part, kind } => match kind {
            Opening::Call { id, name, .. } => format!("{part} call {id} {name}"),
            Opening::Foreign { kind, json } => format!("{part} {kind} {}", json.as_str()),
            Opening::Thinking { .. } => format!("{part} thinking"),
            other => format!("{part} {other:?}"),
        },
        Signal::Delta { part, piece } => match piece {
            Piece::Text(text) => format!("{part} + {text}"),
            Piece::Input(text) => format!("{part} < {text}"),
            Piece::Opaque(opaque) => format!("{part} ! {:?} {}", opaque.kind, opaque.value),
            Piece::Annotation(json) => format!("{part} @ {}", json.as_str()),
        },
        Signal::Close { part } => format!("{part} ."),
        Signal::Usage(usage) => format!("usage {}", tokens(usage)),
        Signal::Stop(stop) => format!("{stop:?}"),
        Signal::Ping => "ping".to_owned(),
        Signal::Failed(failure) => format!("failed {} {}", failure.status, failure.message),
        Signal::Foreign { name, .. } => format!("event {name}"),
    }
}

fn stream(events: &[&str]) -> String {
    events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect()
}

fn check(events: &[&str], expected: &[&str]) {
    assert_eq!(told([stream(events).as_bytes()]), expected);
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}"#;
const END: &str = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

const WHOLE: [&str; 17] = [
    START,
    r#"{"type":"ping"}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm\n"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Eq="}}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"ä"}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"n":1.0}}}"#,
    r#"{"type":"content_block_stop","index":1}"#,
    r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"run","input":{}}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
    r#"{"type":"content_block_stop","index":2}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}}"#,
    STOP,
    r#"{"type":"content_block_start","index":3,"content_block":{"type":"text","text":"late"}}"#,
];

#[test]
fn a_whole_stream_is_read_as_it_is() {
    check(
        &WHOLE,
        &[
            "start msg_1 claude Some(5)/Some(1)",
            "ping",
            "0 thinking",
            "0 + hm\n",
            "0 ! Signature Eq=",
            "0 .",
            "1 Text",
            "1 + ä",
            r#"1 @ {"n":1.0}"#,
            "1 .",
            "2 call toolu_1 run",
            r#"2 < {"a":1}"#,
            "2 .",
            "usage Some(5)/Some(9)",
            "ToolUse",
            "Whole",
        ],
    );
}

#[test]
fn blocks_that_only_anthropic_knows_come_when_they_are_complete() {
    check(
        &[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":":\"x\"}"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s","content":[]}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"compaction","content":null}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"compaction_delta","content":"short"}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            r#"{"type":"content_block_start","index":3,"content_block":{"type":"redacted_thinking","data":"zz"}}"#,
            r#"{"type":"content_block_stop","index":3}"#,
            r#"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"t","name":"now","input":{}}}"#,
            r#"{"type":"content_block_stop","index":4}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn"}}"#,
        ],
        &[
            "start msg_1 claude Some(5)/Some(1)",
            r#"0 server_tool_use {"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"x"}}"#,
            "0 .",
            r#"1 web_search_tool_result {"type":"web_search_tool_result","tool_use_id":"s","content":[]}"#,
            "1 .",
            r#"2 compaction {"type":"compaction","content":"short"}"#,
            "2 .",
            "3 thinking",
            "3 ! Redacted zz",
            "3 .",
            "4 call t now",
            "4 < {}",
            "4 .",
            "Pause",
            "Whole",
        ],
    );
}

#[test]
fn calls_that_come_whole_in_the_first_event_are_calls() {
    check(
        &[
            r#"{"type":"message_start","message":{"id":"m","model":"c","content":[{"type":"tool_use","id":"t","name":"n","input":{"a": 1e2},"caller":{}}],"stop_reason":"tool_use"}}"#,
            STOP,
        ],
        &[
            "start m c -",
            "0 call t n",
            r#"0 < {"a": 1e2}"#,
            "0 .",
            "ToolUse",
            "Whole",
        ],
    );
}

#[test]
fn a_stream_without_a_reason_for_its_end_is_cut() {
    let start = "start msg_1 claude Some(5)/Some(1)";
    let text =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#;
    check(&[START, text], &[start, "0 Text", "0 + a", "Cut"]);
    check(&[], &["Cut"]);
    // What is open is closed once a reason came.
    let usage = "usage Some(5)/Some(9)";
    check(
        &[START, text, END],
        &[start, "0 Text", "0 + a", usage, "0 .", "EndTurn", "Whole"],
    );
}

#[test]
fn after_an_error_nothing_follows() {
    let start = "start msg_1 claude Some(5)/Some(1)";
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    check(
        &[START, error, END, STOP],
        &[start, "failed 529 Overloaded", "Failed"],
    );
    check(
        &[r#"{"error":{"message":"x"}}"#],
        &["failed 502 x", "Failed"],
    );
    let no_json = "failed 502 the provider sent an event that is no JSON";
    check(&[START, "<html>", STOP], &[start, no_json, "Failed"]);
    assert_eq!(
        told([b"event: error\ndata: gone\n\n".as_slice()]),
        ["failed 502 gone", "Failed"]
    );
}

#[test]
fn thinking_never_leaks_into_text() {
    check(
        &[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"secret"}}"#,
            r#"{"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":"nowhere"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"completion","completion":" old"}"#,
            r#"{"type":"brand_new","x":1}"#,
            "[DONE]",
            END,
        ],
        &[
            "start msg_1 claude Some(5)/Some(1)",
            "0 Text",
            "0 .",
            "event brand_new",
            "usage Some(5)/Some(9)",
            "EndTurn",
            "Whole",
        ],
    );
}

#[test]
fn a_piece_of_text_is_not_copied() {
    let mut source = Source::new();
    let mut borrowed = 0;
    for data in WHOLE {
        let event = sse::Event {
            name: b"",
            data: data.as_bytes(),
            end: 0,
        };
        source.push(event, &mut |signal| {
            if let Signal::Delta {
                piece: Piece::Text(Cow::Borrowed(_)),
                ..
            } = signal
            {
                borrowed += 1;
            }
        });
    }
    assert_eq!(borrowed, 1);
}

#[test]
fn a_block_that_never_ends_is_not_kept_for_ever() {
    let mut source = Source::new();
    let mut failed = 0;
    let mut push = |data: &str| {
        let event = sse::Event {
            name: b"",
            data: data.as_bytes(),
            end: 0,
        };
        source.push(event, &mut |signal| {
            failed += u32::from(matches!(signal, Signal::Failed(_)));
        });
    };
    push(r#"{"type":"content_block_start","index":0,"content_block":{"type":"mcp_tool_use"}}"#);
    let piece = "x".repeat(MAX_KEPT / 8);
    let piece = format!(
        r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"input_json_delta","partial_json":"{piece}"}}}}"#
    );
    for _ in 0..9 {
        push(&piece);
    }
    assert_eq!(failed, 1);
}

proptest! {
    #[test]
    fn where_the_stream_is_cut_makes_no_difference(at in 0..2000_usize, size in 1..50_usize) {
        let stream = stream(&WHOLE);
        let (first, rest) = stream.as_bytes().split_at(at.min(stream.len()));
        let pieces = std::iter::once(first).chain(rest.chunks(size));
        prop_assert_eq!(told(pieces), told([stream.as_bytes()]));
    }

    #[test]
    fn any_order_of_events_is_borne(
        order in proptest::collection::vec(0..WHOLE.len(), 0..40),
        broken in any::<(usize, usize)>(),
    ) {
        let events: Vec<_> = order.iter().map(|at| WHOLE[*at]).collect();
        let mut stream = stream(&events).into_bytes();
        if !stream.is_empty() {
            let at = broken.0 % stream.len();
            stream[at] = u8::try_from(broken.1 % 128).unwrap();
        }
        let seen = told([stream.as_slice()]);
        let stops = seen.iter().filter(|line| line.ends_with("ToolUse")).count();
        prop_assert!(stops <= 1);
    }
}

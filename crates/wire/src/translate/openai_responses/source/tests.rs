use proptest::prelude::*;

use super::*;
use crate::translate::form::Stop;
use crate::translate::signal::{Opening, Piece};

/// What comes of events, one JSON a line.
fn read(events: &[&str]) -> (Vec<String>, Ending) {
    let mut source = Source::new();
    let mut seen = Vec::new();
    for data in events {
        let event = sse::Event {
            name: b"",
            data: data.as_bytes(),
            end: 0,
        };
        source.push(event, &mut |signal| seen.push(say(&signal)));
    }
    let ending = source.finish(&mut |_| {});
    (seen, ending)
}

fn say(signal: &Signal<'_>) -> String {
    match signal {
        Signal::Start { id, model, .. } => format!("start {id} {model}"),
        Signal::Open { part, kind } => match kind {
            Opening::Text => format!("open {part} text"),
            Opening::Refusal => format!("open {part} refusal"),
            Opening::Thinking { id } => {
                format!("open {part} thinking {}", id.as_deref().unwrap_or("-"))
            }
            Opening::Call {
                id, name, freeform, ..
            } => format!("open {part} call {id} {name} {freeform}"),
            Opening::Foreign { kind, .. } => format!("open {part} foreign {kind}"),
        },
        Signal::Delta { part, piece } => match piece {
            Piece::Text(text) => format!("{part} text {text}"),
            Piece::Input(text) => format!("{part} input {text}"),
            Piece::Opaque(opaque) => format!("{part} opaque {}", opaque.value),
            Piece::Annotation(json) => format!("{part} note {}", json.as_str()),
        },
        Signal::Close { part } => format!("close {part}"),
        Signal::Usage(usage) => format!("usage {:?}", usage.output_tokens),
        Signal::Stop(stop) => format!("stop {stop:?}"),
        Signal::Ping => "ping".to_owned(),
        Signal::Failed(failure) => format!("failed {} {}", failure.status, failure.code),
        Signal::Foreign { name, .. } => format!("foreign {name}"),
    }
}

const CREATED: &str =
    r#"{"type":"response.created","response":{"id":"r","model":"m","status":"in_progress"}}"#;
const COMPLETED: &str = r#"{"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":9,"output_tokens":3}}}"#;

#[test]
fn text_thinking_and_a_call_are_told_as_they_come() {
    let (seen, ending) = read(&[
        CREATED,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}"#,
        r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"b"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"gAA"}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"msg_1","content":[]}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"hel"}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"lo"}"#,
        r#"{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"hello"}"#,
        r#"{"type":"response.content_part.done","output_index":1,"content_index":0,"part":{"type":"output_text","text":"hello","annotations":[]}}"#,
        r#"{"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"ls","arguments":""}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{}"}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"ls","arguments":"{}"}}"#,
        COMPLETED,
    ]);
    let told = [
        "start r m",
        "open 0 thinking rs_1",
        "0 text a",
        "0 text \n\n",
        "0 text b",
        "0 opaque gAA",
        "close 0",
        "open 1 text",
        "1 text hel",
        "1 text lo",
        "close 1",
        "open 2 call call_1 ls false",
        "2 input {}",
        "close 2",
        "usage Some(3)",
        "stop ToolUse",
    ];
    assert_eq!(seen, told);
    assert_eq!(ending, Ending::Whole);
}

#[test]
fn what_was_not_streamed_is_taken_from_the_final_response() {
    let (seen, _) = read(&[
        CREATED,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"x"}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"hel"}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[
            {"type":"message","id":"y","content":[{"type":"output_text","text":"hello","annotations":[{"type":"url_citation"}]}]},
            {"type":"web_search_call","id":"ws"},
            {"type":"custom_tool_call","id":"ctc","call_id":"c","name":"apply_patch","input":"*** Begin"}]}}"#,
    ]);
    let told = [
        "start r m",
        "open 0 text",
        "0 text hel",
        "0 text lo",
        r#"0 note {"type":"url_citation"}"#,
        "close 0",
        "open 1 foreign web_search_call",
        "close 1",
        "open 2 call c apply_patch true",
        "2 input *** Begin",
        "close 2",
        "stop ToolUse",
    ];
    assert_eq!(seen, told);
}

#[test]
fn nothing_is_said_twice() {
    let done = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","content":[{"type":"output_text","text":"hi"}]}}"#;
    let (seen, _) = read(&[CREATED, CREATED, done, done, COMPLETED, COMPLETED]);
    let told = [
        "start r m",
        "open 0 text",
        "0 text hi",
        "close 0",
        "usage Some(3)",
        "stop EndTurn",
    ];
    assert_eq!(seen, told);
}

#[test]
fn a_text_that_ends_otherwise_than_it_was_streamed_is_not_put_together() {
    let (seen, _) = read(&[
        r#"{"type":"response.output_text.delta","delta":"abc"}"#,
        r#"{"type":"response.output_text.done","text":"xyz and more"}"#,
    ]);
    assert_eq!(seen, ["start  ", "open 0 text", "0 text abc"]);
}

#[test]
fn calls_that_share_an_index_stay_apart() {
    let (seen, _) = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"a","call_id":"1","name":"f"}}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"b","call_id":"2","name":"g"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"a","delta":"1"}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"b","delta":"2"}"#,
    ]);
    assert_eq!(
        seen[1..],
        [
            "open 0 call 1 f false",
            "open 1 call 2 g false",
            "0 input 1",
            "1 input 2"
        ]
    );
}

#[test]
fn an_id_that_changes_on_the_way_is_still_the_same_item() {
    let (seen, _) = read(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"a","call_id":"1","name":"f"}}"#,
        r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"b","delta":"{}"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"c","call_id":"1","name":"f","arguments":"{}"}}"#,
        r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","id":"d","call_id":"1","name":"f","arguments":"{}"}]}}"#,
    ]);
    assert_eq!(
        seen[1..],
        [
            "open 0 call 1 f false",
            "0 input {}",
            "close 0",
            "stop ToolUse"
        ]
    );
}

#[test]
fn ends_say_why() {
    for (event, told) in [
        (
            r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#,
            "stop MaxTokens",
        ),
        (
            r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}}"#,
            "stop Refusal",
        ),
        (
            r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"try again in 1.3s"}}}"#,
            "failed 429 rate_limit_exceeded",
        ),
        (
            r#"{"type":"response.cancelled","response":{"status":"cancelled","error":null}}"#,
            "failed 500 cancelled",
        ),
        (
            r#"{"type":"error","code":"server_is_overloaded","message":"x","sequence_number":3}"#,
            "failed 503 server_is_overloaded",
        ),
        (
            r#"{"type":"error","status":429,"error":{"type":"usage_limit_reached","message":"x"}}"#,
            "failed 429 usage_limit_reached",
        ),
        (r#"{"error":{"message":"x"}}"#, "failed 500 server_error"),
        (
            r#"{"type":"chunk","error":{"message":"x","code":404}}"#,
            "failed 404 not_found",
        ),
        (r#"{"type":"response.com"#, "failed 502 server_error"),
    ] {
        let (seen, ending) = read(&[CREATED, event, CREATED, COMPLETED]);
        assert_eq!(seen[1..], [told]);
        let failed = told.starts_with("failed");
        assert_eq!(ending == Ending::Failed, failed);
    }
}

#[test]
fn an_event_that_is_called_an_error_is_one() {
    let mut source = Source::new();
    let event = sse::Event {
        name: b"error",
        data: br#"{"type":"rate_limit_exceeded","message":"slow"}"#,
        end: 0,
    };
    let mut seen = Vec::new();
    source.push(event, &mut |signal| seen.push(say(&signal)));
    assert_eq!(seen, ["failed 429 rate_limit_exceeded"]);
}

#[test]
fn what_keeps_the_line_busy_says_nothing() {
    let (seen, ending) = read(&["", ": x", "ping", r#"{"type":"keepalive"}"#, r#"{"a":1}"#]);
    assert_eq!((seen, ending), (vec!["ping".to_owned()], Ending::Cut));
}

#[test]
fn an_answer_that_does_not_end_is_cut() {
    let done = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"m","content":[{"type":"output_text","text":"hi"}]}}"#;
    assert_eq!(read(&[CREATED, done, "[DONE]"]).1, Ending::Cut);
    assert_eq!(read(&[]).1, Ending::Cut);
}

#[test]
fn a_refusal_ends_in_one() {
    let (seen, _) = read(&[
        CREATED,
        r#"{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"no"}"#,
        r#"{"type":"response.refusal.done","output_index":0,"content_index":0,"refusal":"no"}"#,
        COMPLETED,
    ]);
    let stop = format!("stop {:?}", Stop::Refusal);
    assert_eq!(seen[1..3], ["open 0 refusal", "0 text no"]);
    assert_eq!(seen.last(), Some(&stop));
}

#[test]
fn very_many_items_fail() {
    let mut source = Source::new();
    let mut failed = 0;
    for index in 0..20_000 {
        let data = format!(
            r#"{{"type":"response.output_item.added","output_index":{index},"item":{{"type":"message"}}}}"#
        );
        let event = sse::Event {
            name: b"",
            data: data.as_bytes(),
            end: 0,
        };
        source.push(event, &mut |signal| {
            failed += usize::from(matches!(signal, Signal::Failed(_)));
        });
    }
    assert_eq!((failed, source.finish(&mut |_| {})), (1, Ending::Failed));
}

/// Events of every type, mostly not in order and not whole.
fn odd_event() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec![
        "response.created",
        "response.output_item.added",
        "response.output_item.done",
        "response.content_part.done",
        "response.output_text.delta",
        "response.output_text.done",
        "response.output_text.annotation.added",
        "response.refusal.delta",
        "response.reasoning_text.delta",
        "response.reasoning_summary_text.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.delta",
        "response.completed",
    ]);
    let item = prop::sample::select(vec![
        r#"{"type":"message","id":"a","content":[{"type":"output_text","text":"abc","annotations":[{}]},{"type":"refusal","refusal":"no"}]}"#,
        r#"{"type":"reasoning","id":"b","summary":[{"text":"s"}],"content":[{"type":"reasoning_text","text":"r"}],"encrypted_content":"e"}"#,
        r#"{"type":"function_call","id":"c","call_id":"1","name":"f","arguments":"{\"a\":1}"}"#,
        r#"{"type":"custom_tool_call","id":"d","name":"g","input":"text"}"#,
        r#"{"type":"web_search_call","id":"e"}"#,
        "7",
    ]);
    let text = prop::sample::select(vec!["a", "abc", "\\n", "{", ""]);
    (kind, item, text, 0..3u8, 0..3u8).prop_map(|(kind, item, text, index, number)| {
        format!(
            r#"{{"type":"{kind}","output_index":{index},"content_index":{number},"delta":"{text}","text":"{text}","item":{item},"part":{{"type":"output_text","text":"{text}"}},"annotation":{{}},"response":{{"output":[{item},{item}]}}}}"#
        )
    })
}

proptest! {
    #[test]
    fn whatever_comes_parts_open_once_and_close_once(
        events in prop::collection::vec(odd_event(), 0..24),
    ) {
        let mut source = Source::new();
        let mut open = Vec::new();
        let mut next = 0;
        let mut over = false;
        for data in &events {
            let event = sse::Event { name: b"", data: data.as_bytes(), end: 0 };
            source.push(event, &mut |signal| {
                assert!(!over);
                match signal {
                    Signal::Open { part, .. } => {
                        assert_eq!(part, next);
                        next += 1;
                        open.push(part);
                    }
                    Signal::Delta { part, .. } => assert!(open.contains(&part)),
                    Signal::Close { part } => {
                        assert!(open.contains(&part));
                        open.retain(|known| *known != part);
                    }
                    Signal::Stop(_) => {
                        assert_eq!(open, [0; 0]);
                        over = true;
                    }
                    _ => {}
                }
            });
        }
    }

    #[test]
    fn no_bytes_are_too_odd(data in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut source = Source::new();
        source.push(sse::Event { name: b"error", data: &data, end: 0 }, &mut |_| {});
    }
}

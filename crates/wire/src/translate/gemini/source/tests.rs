use proptest::prelude::*;

use super::*;
use crate::sse::Splitter;

fn signals(chunks: &[&str]) -> (Vec<String>, Ending) {
    let mut seen = Vec::new();
    let mut source = Source::new();
    for chunk in chunks {
        let event = sse::Event {
            name: b"",
            data: chunk.as_bytes(),
            end: 0,
        };
        source.push(event, &mut |signal| seen.push(short(&signal)));
    }
    let ending = source.finish(&mut |signal| seen.push(short(&signal)));
    (seen, ending)
}

fn short(signal: &Signal<'_>) -> String {
    match signal {
        Signal::Start { id, model, .. } => format!("start {id} {model}"),
        Signal::Open { part, kind } => match kind {
            Opening::Call { id, name, .. } => format!("open {part} call {id} {name}"),
            Opening::Foreign { kind, .. } => format!("open {part} foreign {kind}"),
            other => format!("open {part} {other:?}"),
        },
        Signal::Delta { part, piece } => match piece {
            Piece::Text(text) | Piece::Input(text) => format!("{part} {text}"),
            Piece::Opaque(opaque) => format!("{part} opaque {}", opaque.value),
            Piece::Annotation(json) => format!("{part} {}", json.as_str()),
        },
        Signal::Close { part } => format!("close {part}"),
        Signal::Usage(usage) => format!("usage {:?} {:?}", usage.input_tokens, usage.output_tokens),
        Signal::Stop(stop) => format!("stop {stop:?}"),
        Signal::Failed(failure) => format!("failed {} {}", failure.status, failure.code),
        other => format!("{other:?}"),
    }
}

#[test]
fn thoughts_text_and_calls_are_parts_of_their_own() {
    let (seen, ending) = signals(&[
        r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}],"modelVersion":"m","responseId":"r"}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"Hel"},{"text":"lo"}]},"index":0},{"index":1,"content":{"parts":[{"text":"other"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a": 1}},"thoughtSignature":"s"}]},"finishReason":"STOP"}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":""}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}"#,
    ]);
    assert_eq!(ending, Ending::Whole);
    assert_eq!(
        seen,
        [
            "start r m",
            "open 0 Thinking { id: None }",
            "0 hm",
            "close 0",
            "open 1 Text",
            "1 Hel",
            "1 lo",
            "close 1",
            "open 2 call  f",
            "2 opaque s",
            "2 {\"a\": 1}",
            "close 2",
            "usage Some(3) Some(2)",
            "stop ToolUse",
        ]
    );
}

#[test]
fn arguments_in_pieces_become_one_input() {
    let call = |inner: &str| {
        format!(
            r#"{{"response":{{"candidates":[{{"content":{{"parts":[{{"functionCall":{inner}}}]}}}}]}}}}"#
        )
    };
    let chunks = [
        call(r#"{"name":"w","willContinue":true}"#),
        call(
            r#"{"partialArgs":[{"jsonPath":"$.l","stringValue":"Bos","willContinue":true}],"willContinue":true}"#,
        ),
        call(r#"{"partialArgs":[{"jsonPath":"$.l","stringValue":"ton"}],"willContinue":true}"#),
        call("{}"),
        r#"{"candidates":[{"finishReason":"STOP"}]}"#.to_owned(),
    ];
    let chunks = chunks.each_ref().map(String::as_str);
    let (seen, ending) = signals(&chunks);
    assert_eq!(ending, Ending::Whole);
    assert!(seen.contains(&r#"0 {"l":"Boston"}"#.to_owned()), "{seen:?}");
    // Without the end of the call nothing is made of its beginning.
    let (_, ending) = signals(&[chunks[0], chunks[1], chunks[4]]);
    assert_eq!(ending, Ending::Cut);
}

#[test]
fn a_stream_without_a_reason_is_cut() {
    let (seen, ending) = signals(&[r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#]);
    assert_eq!(ending, Ending::Cut);
    assert_eq!(seen.last().unwrap(), "0 a");
    assert_eq!(signals(&[]).1, Ending::Cut);
}

#[test]
fn an_error_ends_the_stream() {
    let error = r#"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#;
    let (seen, ending) = signals(&[error, r#"{"candidates":[]}"#]);
    assert_eq!(
        (seen.as_slice(), ending),
        (
            ["failed 503 UNAVAILABLE".to_owned()].as_slice(),
            Ending::Failed
        )
    );
    let (seen, ending) = signals(&["{\"candidates\":[", "[DONE]"]);
    assert_eq!(ending, Ending::Failed);
    assert_eq!(seen, ["failed 502 INTERNAL"]);
}

#[test]
fn a_refused_prompt_is_a_refusal() {
    let (seen, ending) = signals(&[r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#, "[DONE]"]);
    assert_eq!(ending, Ending::Whole);
    assert_eq!(seen, ["start  ", "stop Refusal"]);
}

fn of_bytes(stream: &[u8], cut: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let mut source = Source::new();
    let mut splitter = Splitter::new();
    let (first, second) = stream.split_at(cut.min(stream.len()));
    for piece in [first, second] {
        splitter.push(piece, |event| {
            source.push(event, &mut |signal| seen.push(short(&signal)));
        });
    }
    splitter.finish(|event| source.push(event, &mut |signal| seen.push(short(&signal))));
    source.finish(&mut |signal| seen.push(short(&signal)));
    seen
}

proptest! {
    #[test]
    fn where_a_stream_is_cut_makes_no_difference(cut in 0_usize..260) {
        let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"größe \\n\"}]}}]}\r\n\r\n\
            data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},\
            \"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3}}\r\n\r\n".as_bytes();
        prop_assert_eq!(of_bytes(stream, cut), of_bytes(stream, 0));
    }

    #[test]
    fn no_event_panics(events in prop::collection::vec("[{}\\[\\]\":,a-z0-9]{0,40}", 0..4)) {
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        signals(&events);
    }
}

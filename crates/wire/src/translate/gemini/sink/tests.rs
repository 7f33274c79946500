use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::translate::form::OpaqueKind;

#[test]
fn an_id_that_is_too_long_is_not_repeated_in_every_chunk() {
    let long = "x".repeat(100_000);
    let start = Signal::Start {
        id: long.as_str().into(),
        model: long.as_str().into(),
        usage: None,
    };
    let mut sink = Sink::new(&AnswerOptions::default());
    let mut out = Vec::new();
    sink.write(&start, &mut out);
    sink.write(&Signal::Stop(Stop::EndTurn), &mut out);
    sink.finish(Ending::Whole, &mut out);
    assert!(out.len() < 1000 && String::from_utf8_lossy(&out).contains("responseId\":\"0000"));
}

fn stream(signals: &[Signal<'_>], ending: Ending) -> String {
    let options = AnswerOptions {
        model: "gemini-2.5-pro",
        seed: 7,
        ..AnswerOptions::default()
    };
    let mut sink = Sink::new(&options);
    let mut out = Vec::new();
    for signal in signals {
        sink.write(signal, &mut out);
    }
    sink.finish(ending, &mut out);
    String::from_utf8(out).unwrap()
}

fn chunks(stream: &str) -> Vec<Value> {
    let chunks = stream.split_terminator("\n\n");
    let data = chunks.map(|chunk| chunk.strip_prefix("data: ").unwrap());
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn text(part: usize, text: &'static str) -> [Signal<'static>; 3] {
    let piece = Piece::Text(text.into());
    let kind = Opening::Text;
    [
        Signal::Open { part, kind },
        Signal::Delta { part, piece },
        Signal::Close { part },
    ]
}

fn call(part: usize, input: &'static str) -> Vec<Signal<'static>> {
    let kind = Opening::Call {
        id: "c1".into(),
        name: "f".into(),
        freeform: false,
        item: None,
    };
    let opaque = Opaque {
        value: "sig".into(),
        kind: OpaqueKind::ThoughtSignature,
    };
    let mut signals = vec![Signal::Open { part, kind }];
    let pieces = input
        .split_inclusive(':')
        .map(|piece| Piece::Input(piece.into()));
    signals.extend(pieces.map(|piece| Signal::Delta { part, piece }));
    let piece = Piece::Opaque(opaque);
    signals.extend([Signal::Delta { part, piece }, Signal::Close { part }]);
    signals
}

#[test]
fn a_call_is_said_whole_and_the_last_chunk_has_reason_and_tokens() {
    let usage = Usage {
        input_tokens: Some(4),
        output_tokens: Some(6),
        ..Usage::default()
    };
    let start = Signal::Start {
        id: "r".into(),
        model: "other".into(),
        usage: None,
    };
    let mut signals = vec![start];
    signals.extend(text(0, "a\u{2028}b\n"));
    signals.extend(call(1, "{\"a\":\n1}"));
    signals.extend([Signal::Stop(Stop::ToolUse), Signal::Usage(usage)]);
    let stream = stream(&signals, Ending::Whole);
    assert!(!stream.contains('\u{2028}'));
    let chunks = chunks(&stream);
    let parts = |at: usize| &chunks[at]["candidates"][0]["content"]["parts"];
    assert_eq!(parts(0), &json!([{"text": "a\u{2028}b\n"}]));
    assert_eq!(
        parts(1),
        &json!([{"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "sig"}])
    );
    assert_eq!(chunks[2]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(chunks[2]["usageMetadata"]["totalTokenCount"], 10);
    for chunk in &chunks {
        assert_eq!(chunk["modelVersion"], "gemini-2.5-pro");
        assert_eq!(chunk["responseId"], "r");
    }
}

#[test]
fn thoughts_carry_what_others_issued() {
    let kind = Opening::Thinking { id: None };
    let opaque = Opaque {
        value: "EqQB".into(),
        kind: OpaqueKind::Signature,
    };
    let signals = [
        Signal::Open { part: 0, kind },
        Signal::Delta {
            part: 0,
            piece: Piece::Text("hm".into()),
        },
        Signal::Delta {
            part: 0,
            piece: Piece::Opaque(opaque.clone()),
        },
        Signal::Close { part: 0 },
        Signal::Open {
            part: 1,
            kind: Opening::Call {
                id: "".into(),
                name: "f".into(),
                freeform: false,
                item: None,
            },
        },
        Signal::Close { part: 1 },
        Signal::Stop(Stop::EndTurn),
    ];
    let chunks = chunks(&stream(&signals, Ending::Whole));
    let part = &chunks[1]["candidates"][0]["content"]["parts"][0];
    assert_eq!(
        (&part["thought"], &part["text"]),
        (&json!(true), &json!(""))
    );
    let signature = part["thoughtSignature"].as_str().unwrap();
    assert_eq!(mark::from_client(signature.into()).opaque, opaque);
    // Clients that forget thoughts keep what comes with a call.
    let call = &chunks[2]["candidates"][0]["content"]["parts"][0];
    let carried = mark::recalled(call["thoughtSignature"].as_str().unwrap());
    let [thought] = carried.as_slice() else {
        panic!("one thought: {carried:?}")
    };
    assert_eq!(
        (thought.opaque.as_ref(), &*thought.text),
        (Some(&opaque), "hm")
    );
}

#[test]
fn what_is_cut_ends_in_an_error_and_not_in_a_call() {
    let mut signals = text(0, "a").to_vec();
    let mut call = call(1, "{\"a\":1}");
    call.pop();
    signals.extend(call);
    let chunks = chunks(&stream(&signals, Ending::Cut));
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[1]["error"]["code"], 502);
    let failure = Failure {
        status: 529,
        code: "overloaded_error".into(),
        message: "two\u{2029}lines".into(),
    };
    let stream = stream(&[Signal::Failed(failure)], Ending::Failed);
    assert_eq!(
        stream,
        "data: {\"error\":{\"code\":503,\"message\":\"two\\u2029lines\",\"status\":\"UNAVAILABLE\"}}\n\n"
    );
}

proptest! {
    #[test]
    fn every_text_is_one_line_of_json(said in any::<String>(), input in any::<String>()) {
        let kind = Opening::Text;
        let piece = Piece::Text(said.as_str().into());
        let tool = Opening::Call { id: "".into(), name: input.as_str().into(), freeform: false, item: None };
        let signals = [
            Signal::Open { part: 0, kind },
            Signal::Delta { part: 0, piece },
            Signal::Open { part: 1, kind: tool },
            Signal::Delta { part: 1, piece: Piece::Input(input.as_str().into()) },
            Signal::Stop(Stop::ToolUse),
        ];
        let stream = stream(&signals, Ending::Whole);
        let apart = stream.contains(['\r', '\u{2028}', '\u{2029}']);
        prop_assert!(!apart);
        let chunks = chunks(&stream);
        let call = chunks.len() - 2;
        if !said.is_empty() {
            prop_assert_eq!(&chunks[0]["candidates"][0]["content"]["parts"][0]["text"], &json!(said));
        }
        let args = &chunks[call]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"];
        prop_assert!(args.is_object());
    }
}

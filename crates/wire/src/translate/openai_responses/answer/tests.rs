use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::translate::form::Stop;
use crate::translate::options::AnswerOptions;

const OPTIONS: AnswerOptions<'static> = AnswerOptions {
    model: "m",
    now_unix: 1_700_000_000,
    seed: 7,
    estimated_input: 0,
    include_usage: false,
};

const WHOLE: &str = r#"{"id":"resp_1","object":"response","model":"gpt","status":"completed","output":[
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"gAA"},
    {"type":"reasoning","id":"rs_2","summary":[]},
    {"type":"web_search_call","id":"ws_1","status":"completed"},
    {"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":2}]}]},
    {"type":"function_call","id":"fc_1","call_id":"call_1","name":"ls","arguments":"{\"n\":1.50}"},
    {"type":"function_call","id":"fc_2","call_id":"call_2","name":"ls","arguments":""},
    {"type":"custom_tool_call","id":"ctc_1","call_id":"call_3","name":"apply_patch","input":"*** Begin"}],
  "usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}}"#;

#[test]
fn a_response_is_read() {
    let answer = read_answer(WHOLE.as_bytes()).unwrap();
    assert_eq!(
        (answer.id.as_ref(), answer.model.as_ref()),
        ("resp_1", "gpt")
    );
    assert_eq!(answer.stop, Stop::ToolUse);
    assert_eq!(answer.parts.len(), 6);
    let Body::Thinking { text, opaque, .. } = &answer.parts[0].body else {
        panic!("{:?}", answer.parts[0]);
    };
    assert_eq!(text, "a\n\nb");
    assert_eq!(opaque.as_ref().unwrap().value, "gAA");
    let Body::Call(call) = &answer.parts[4].body else {
        panic!("{:?}", answer.parts[4]);
    };
    assert_eq!(call.input, Input::Json(Json::of_valid("{}")));
}

#[test]
fn what_is_written_reads_the_same() {
    let answer = read_answer(WHOLE.as_bytes()).unwrap();
    let written = write_answer(&answer, &OPTIONS);
    let again = read_answer(&written).unwrap();
    assert_eq!(again.stop, answer.stop);
    assert_eq!(
        again.usage.unwrap().input_tokens,
        answer.usage.unwrap().input_tokens
    );
    let value: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(value["output"][3]["arguments"], r#"{"n":1.50}"#);
    let kinds: Vec<&str> = value["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "reasoning",
            "web_search_call",
            "message",
            "function_call",
            "function_call",
            "custom_tool_call",
        ]
    );
}

#[test]
fn what_is_no_answer_is_refused() {
    for body in [
        "",
        "<html>",
        "[]",
        r#"{"error":{"message":"no"}}"#,
        r#"{"status":"failed","error":{"message":"no"},"output":[]}"#,
        r#"{"status":"in_progress","output":[]}"#,
    ] {
        assert!(read_answer(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn arguments_that_are_no_object_stay_text() {
    let body =
        r#"{"output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":"}]}"#;
    let answer = read_answer(body.as_bytes()).unwrap();
    let Body::Call(call) = &answer.parts[0].body else {
        panic!("{:?}", answer.parts[0]);
    };
    assert_eq!(call.input, Input::Text("{\"a\":".into()));
}

proptest! {
    #[test]
    fn texts_come_back(texts in prop::collection::vec("\\PC{1,12}", 1..5)) {
        let parts = texts.iter().map(|text| Part::from(Body::Text {
            text: text.as_str().into(),
            annotations: Vec::new(),
        }));
        let answer = Answer {
            dialect: Dialect::AnthropicMessages,
            id: "".into(),
            model: "".into(),
            parts: parts.collect(),
            stop: Stop::EndTurn,
            usage: None,
            extra: Extra::default(),
        };
        let written = write_answer(&answer, &OPTIONS);
        let again = read_answer(&written).unwrap();
        prop_assert_eq!(again.parts, answer.parts);
    }
}

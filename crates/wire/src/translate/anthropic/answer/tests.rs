//! Whole answers there and back, and those of others.

use serde_json::{Value, json};

use super::*;

const OPTIONS: AnswerOptions<'_> = AnswerOptions {
    model: "",
    now_unix: 0,
    seed: 1,
    estimated_input: 7,
    include_usage: false,
};

#[test]
fn anthropics_own_answer_comes_back_whole() {
    let message = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"hm","signature":"Eq="},{"type":"redacted_thinking","data":"zz"},{"type":"text","text":"a\n","citations":[{"n":1.0}]},{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1e2}},{"type":"tool_use","id":"t","name":"run","input":{"a": 1.50},"caller":{"type":"direct"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":2,"output_tokens":9},"container":{"id":"c"}}"#;
    let answer = read_answer(message.as_bytes()).unwrap();
    assert_eq!(answer.parts.len(), 5);
    let written = write_answer(&answer, &OPTIONS);
    assert_eq!(String::from_utf8(written).unwrap(), message);
}

fn foreign(parts: Vec<Part<'static>>, stop: Stop<'static>) -> Value {
    let answer = Answer {
        dialect: Dialect::OpenaiChat,
        id: "chatcmpl-1".into(),
        model: "gpt".into(),
        parts,
        stop,
        usage: None,
        extra: Extra {
            members: vec![("system_fingerprint".into(), Json::of_valid("1"))],
        },
    };
    serde_json::from_slice(&write_answer(&answer, &OPTIONS)).unwrap()
}

fn call(id: &'static str, input: &'static str) -> Part<'static> {
    Part::from(Body::Call(Call {
        id: id.into(),
        name: "run".into(),
        input: Input::Text(input.into()),
        item: None,
        opaque: None,
    }))
}

#[test]
fn the_answer_of_another_is_said_in_anthropics_words() {
    let text = |text: &'static str| Body::Text {
        text: text.into(),
        annotations: vec![Json::of_valid("{}")],
    };
    let thinking = Body::Thinking {
        text: "hm".into(),
        opaque: None,
        id: None,
    };
    let parts = vec![
        thinking.into(),
        text("").into(),
        text("four").into(),
        call("c", ""),
        call("c", "plain"),
    ];
    let message = foreign(parts, Stop::EndTurn);
    assert_eq!(message["id"], "msg_chatcmpl-1");
    assert_eq!(message["system_fingerprint"], Value::Null);
    let content = message["content"].as_array().unwrap();
    assert!(
        content[0]["signature"]
            .as_str()
            .unwrap()
            .starts_with("weir1.")
    );
    assert_eq!(content[1], json!({"type": "text", "text": "four"}));
    let run = |id, input| json!({"type": "tool_use", "id": id, "name": "run", "input": input});
    assert_eq!(content[2], run("c", json!({})));
    assert_eq!(content[3], run("c_1", json!({"raw": "plain"})));
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(message["usage"]["input_tokens"], 7);
    assert!(message["usage"]["output_tokens"].as_u64() > Some(0));
}

#[test]
fn a_refusal_is_text_and_a_reason() {
    let refusal = Body::Refusal { text: "no".into() };
    let message = foreign(vec![refusal.into()], Stop::EndTurn);
    assert_eq!(message["content"], json!([{"type": "text", "text": "no"}]));
    assert_eq!(message["stop_reason"], "refusal");
}

#[test]
fn an_answer_of_nothing_has_no_blocks() {
    let message = foreign(Vec::new(), Stop::Sequence(None));
    assert_eq!(message["content"], json!([]));
    assert_eq!(message["stop_reason"], "end_turn");
}

#[test]
fn what_is_no_message_is_refused() {
    for body in [
        "",
        "<html>",
        "[]",
        "{\"content\":[}",
        r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#,
        r#"{"input_tokens":3}"#,
    ] {
        assert!(read_answer(body.as_bytes()).is_err(), "{body}");
    }
    let odd = br#"{"content":[1,{"type":"tool_use"},{"text":5}]}"#;
    let answer = read_answer(odd).unwrap();
    assert_eq!((answer.parts.len(), answer.stop), (2, Stop::ToolUse));
}

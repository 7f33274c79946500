use super::*;
use crate::translate::form::{
    Amount, Body, Effort, Input, OpaqueKind, Part, Place, Role, ToolChoice, ToolKind,
};

fn read(body: &str) -> Request<'_> {
    read_request(body.as_bytes(), &Hints::default()).unwrap()
}

fn texts<'r>(parts: &'r [Part<'_>]) -> Vec<&'r str> {
    let text = |part: &'r Part<'_>| match &part.body {
        Body::Text { text, .. } => Some(&**text),
        _ => None,
    };
    parts.iter().filter_map(text).collect()
}

#[test]
fn roles_become_instructions_and_turns() {
    let request = read(
        r#"{"model":"m","messages":[{"role":"developer","content":"a"},
        {"role":"system","content":[{"type":"text","text":"b"}]},{"role":"user","content":"c"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
        "function":{"name":"f","arguments":"{\"x\": 1.50}"}},{"id":"2","type":"custom",
        "custom":{"name":"p","input":"free"}}]},{"role":"tool","tool_call_id":"1","content":"r"},
        {"role":"tool","tool_call_id":"2","content":[{"type":"text","text":"s"}]},
        {"role":"system","content":"later"}]}"#,
    );
    assert_eq!(texts(&request.system), ["a", "b"]);
    let roles: Vec<Role> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(
        roles,
        [Role::User, Role::Assistant, Role::User, Role::System]
    );
    let Body::Call(call) = &request.turns[1].parts[0].body else {
        panic!("no call: {:?}", request.turns[1]);
    };
    assert_eq!(call.input, Input::Json(Json::of_valid("{\"x\": 1.50}")));
    let Body::Call(call) = &request.turns[1].parts[1].body else {
        panic!("no call: {:?}", request.turns[1]);
    };
    assert_eq!(call.input, Input::Text("free".into()));
    assert_eq!(request.turns[2].parts.len(), 2);
}

#[test]
fn parts_of_content_keep_what_they_hold() {
    let request = read(
        r#"{"messages":[{"role":"user","content":[
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
        {"type":"image_url","image_url":"https://a/b.png"},
        {"type":"input_audio","input_audio":{"data":"QQ==","format":"mp3"}},
        {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,Qg=="}},
        {"type":"file","file":{"file_id":"file-1"}},{"type":"refusal","refusal":"no"},
        {"type":"video_url","video_url":{"url":"x"}},"bare"]}]}"#,
    );
    let parts = &request.turns[0].parts;
    let Body::Image(image) = &parts[0].body else {
        panic!("no image: {parts:?}");
    };
    assert_eq!(image.kind.as_deref(), Some("image/png"));
    assert_eq!(image.place, Place::Base64("AAAA".into()));
    assert_eq!(image.detail.as_deref(), Some("low"));
    assert!(
        matches!(&parts[1].body, Body::Image(image) if image.place == Place::Url("https://a/b.png".into()))
    );
    assert!(
        matches!(&parts[2].body, Body::Audio(audio) if audio.kind.as_deref() == Some("audio/mpeg"))
    );
    assert!(
        matches!(&parts[3].body, Body::Document { title: Some(title), .. } if title == "a.pdf")
    );
    assert!(
        matches!(&parts[4].body, Body::Document { media, .. } if media.place == Place::File("file-1".into()))
    );
    assert!(matches!(&parts[5].body, Body::Refusal { text } if text == "no"));
    assert!(matches!(&parts[6].body, Body::Foreign { kind, .. } if kind == "video_url"));
    assert_eq!(texts(parts), ["bare"]);
}

#[test]
fn old_functions_are_tools() {
    let request = read(
        r#"{"functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"},
        "messages":[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":""}},
        {"role":"function","name":"f","content":"r"}]}"#,
    );
    assert!(matches!(&request.tools[0].kind, ToolKind::Function { name, .. } if name == "f"));
    assert_eq!(request.tool_choice, Some(ToolChoice::Tool("f".into())));
    assert!(matches!(&request.turns[1].parts[0].body,
        Body::Result { call, name: Some(name), .. } if call.is_empty() && name == "f"));
}

#[test]
fn every_way_to_ask_for_reasoning_is_understood() {
    for (members, amount) in [
        (r#""reasoning_effort":"low""#, Amount::Effort(Effort::Low)),
        (r#""reasoning_effort":"none""#, Amount::Off),
        (r#""reasoning":{"max_tokens":1024}"#, Amount::Tokens(1024)),
        (
            r#""reasoning":{"effort":"xhigh"}"#,
            Amount::Effort(Effort::ExtraHigh),
        ),
        (r#""thinking":{"type":"disabled"}"#, Amount::Off),
        (
            r#""thinking":{"type":"enabled"},"reasoning_effort":"high""#,
            Amount::Effort(Effort::High),
        ),
        (
            r#""enable_thinking":true,"thinking_budget":9"#,
            Amount::Tokens(9),
        ),
    ] {
        let body = format!(r#"{{"messages":[],{members}}}"#);
        let thinking = read(&body).thinking.map(|thinking| thinking.amount);
        assert_eq!(thinking, Some(amount), "{members}");
    }
}

#[test]
fn reasoning_that_comes_back_is_put_together_and_signatures_go_to_their_calls() {
    let request = read(
        r#"{"messages":[{"role":"assistant","content":"x","reasoning":"ab","reasoning_details":[
        {"type":"reasoning.text","text":"a","index":0,"format":"anthropic-claude-v1"},
        {"type":"reasoning.text","text":"b","signature":"S","index":0,"format":"anthropic-claude-v1"},
        {"type":"reasoning.encrypted","data":"G","id":"c1","format":"google-gemini-v1"}],
        "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}]}"#,
    );
    let parts = &request.turns[0].parts;
    assert_eq!(parts.len(), 3, "{parts:?}");
    assert!(
        matches!(&parts[0].body, Body::Thinking { text, opaque: Some(opaque), .. }
        if text == "ab" && opaque.value == "S" && opaque.kind == OpaqueKind::Signature)
    );
    assert!(matches!(&parts[2].body, Body::Call(call)
        if call.opaque.as_ref().is_some_and(|opaque| opaque.value == "G")));
}

#[test]
fn choices_limit_and_name_tools() {
    let tools = r#""tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]"#;
    let all = [
        (r#""required""#, ToolChoice::Any, 2),
        (r#""any""#, ToolChoice::Any, 2),
        (
            r#"{"type":"function","function":{"name":"b"}}"#,
            ToolChoice::Tool("b".into()),
            2,
        ),
        (
            r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"b"}}]}}"#,
            ToolChoice::Any,
            1,
        ),
    ];
    for (choice, meaning, count) in all {
        let body = format!(r#"{{"messages":[],{tools},"tool_choice":{choice}}}"#);
        let request = read(&body);
        assert_eq!(request.tool_choice, Some(meaning), "{choice}");
        assert_eq!(request.tools.len(), count, "{choice}");
    }
}

#[test]
fn what_cannot_be_translated_is_refused_by_name() {
    for (body, field) in [
        ("", ""),
        ("[]", ""),
        ("{", ""),
        (r#"{"model":"m"}"#, "messages"),
        (r#"{"messages":{}}"#, "messages"),
        (r#"{"messages":[{"role":"critic"}]}"#, "messages.0.role"),
        (r#"{"messages":[],"n":2}"#, "n"),
    ] {
        let fault = read_request(body.as_bytes(), &Hints::default()).unwrap_err();
        assert_eq!(fault.field, field, "{body}");
    }
}

#[test]
fn whether_usage_is_wanted_is_seen() {
    let wants = |body: &str| {
        let request = read_request(body.as_bytes(), &Hints::default());
        request.is_ok_and(|request| wants_usage(&request))
    };
    assert!(wants(
        r#"{"messages":[],"stream":true,"stream_options":{"include_usage":true}}"#
    ));
    assert!(!wants(
        r#"{"messages":[],"stream":true,"stream_options":null}"#
    ));
    assert!(!wants("{"));
}

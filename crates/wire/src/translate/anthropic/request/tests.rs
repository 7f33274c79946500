use proptest::prelude::*;

use super::*;
use crate::marks::messages as mark;
use crate::translate::anthropic::write_request;
use crate::translate::fault::Notes;
use crate::translate::form::{
    Amount, Body, Effort, Format, Input, Opaque, OpaqueKind, Place, Thinking, ToolChoice, ToolKind,
};
use crate::translate::json::Json;
use crate::translate::options::Options;
use crate::translate::profile::Profile;

fn read(body: &str) -> Request<'_> {
    read_request(body.as_bytes(), &Hints::default()).unwrap()
}

/// What `body` becomes when it is read and written again.
fn again(body: &str) -> serde_json::Value {
    let request = read(body);
    let options = Options {
        model: &request.model,
        stream: request.stream,
        profile: &Profile::default(),
    };
    let written = write_request(&request, &options, &mut Notes::default()).unwrap();
    serde_json::from_slice(&written).unwrap()
}

fn user(content: &str) -> String {
    format!(r#"{{"model":"claude-sonnet-4-5","messages":[{{"role":"user","content":{content}}}]}}"#)
}

/// The first message's parts.
fn parts(body: &str) -> Vec<Part<'_>> {
    read(body).turns.remove(0).parts
}

/// Something of everything.
const RICH: &str = r#"{
  "model": "claude-opus-4-6", "max_tokens": 9000, "stream": true,
  "system": [{"type":"text","text":"You are \"it\".","cache_control":{"type":"ephemeral","ttl":"1h"}}],
  "messages": [
    {"role":"user","content":[
      {"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},
       "title":"T","context":"C","citations":{"enabled":true}},
      {"type":"image","source":{"type":"file","file_id":"file_1"}},
      {"type":"container_upload","file_id":"file_2"},
      {"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]},
    {"role":"system","content":[{"type":"text","text":"now"}],"output_config":{"effort":"low"}},
    {"role":"assistant","content":[
      {"type":"thinking","thinking":"","signature":"c2ln"},
      {"type":"redacted_thinking","data":"cmVk"},
      {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}},
      {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]},
      {"type":"text","text":"see","citations":[{"type":"char_location","start_char_index":0}]},
      {"type":"tool_use","id":"toolu_1","name":"f","input":{"n":1.50},"caller":{"type":"direct"}}]},
    {"role":"user","content":[
      {"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[
        {"type":"text","text":"a"},{"type":"text","text":"b"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0="}},
        {"type":"tool_reference","tool_name":"g"},
        {"type":"search_result","source":"s","title":"t","content":[]}]}]}],
  "tools": [
    {"name":"f","description":"does","input_schema":{"type":"object"},"strict":true,
     "eager_input_streaming":true,"defer_loading":false,"cache_control":{"type":"ephemeral"}},
    {"type":"web_search_20250305","name":"web_search","max_uses":3}],
  "tool_choice": {"type":"tool","name":"f","disable_parallel_tool_use":true},
  "thinking": {"type":"adaptive","display":"updates"},
  "output_config": {"effort":"xhigh","format":{"type":"json_schema","schema":{"type":"object"}},
    "task_budget":{"type":"tokens","total":1}},
  "temperature": 0.70, "top_p": 1, "top_k": 5, "stop_sequences": ["\n\nEnd"],
  "metadata": {"user_id":"{\"a\":1}","more":true}, "service_tier": "standard_only",
  "cache_control": {"type":"ephemeral"}, "container": "c", "mcp_servers": [],
  "context_management": {"edits":[]}
}"#;

#[test]
fn everything_is_said_again() {
    let want: serde_json::Value = serde_json::from_str(RICH).unwrap();
    assert_eq!(again(RICH), want);
}

#[test]
fn what_the_form_has_a_place_for_is_there() {
    let request = read(RICH);
    assert_eq!(request.tool_choice, Some(ToolChoice::Tool("f".into())));
    assert_eq!(request.parallel_tools, Some(false));
    let thinking = Thinking {
        amount: Amount::Effort(Effort::ExtraHigh),
        shown: Some(true),
    };
    assert_eq!(request.thinking, Some(thinking));
    assert!(matches!(request.format, Some(Format::Schema { .. })));
    assert_eq!(request.user.as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(request.sampling.temperature, Some(Json::of_valid("0.70")));
    assert!(
        matches!(&request.tools[1].kind, ToolKind::Server { kind, .. } if kind == "web_search_20250305")
    );
    assert_eq!(request.turns[1].role, Role::System);
    let Body::Call(call) = &request.turns[2].parts[5].body else {
        panic!("a call");
    };
    assert_eq!(call.input, Input::Json(Json::of_valid(r#"{"n":1.50}"#)));
    let Body::Result {
        parts, is_error, ..
    } = &request.turns[3].parts[0].body
    else {
        panic!("a result");
    };
    assert!(is_error);
    assert!(matches!(&parts[3].body, Body::Foreign { kind, .. } if kind == "tool_reference"));
}

#[test]
fn thinking_and_effort_are_read_together() {
    let amount = |settings: &str| {
        let body = format!(r#"{{"model":"m","messages":[],{settings}}}"#);
        read(&body).thinking.map(|thinking| thinking.amount)
    };
    let effort = r#""output_config":{"effort":"low"}"#;
    assert_eq!(amount(r#""stream":false"#), None);
    assert_eq!(amount(effort), Some(Amount::Effort(Effort::Low)));
    let off = r#""thinking":{"type":"disabled"}"#;
    assert_eq!(amount(off), Some(Amount::Off));
    let budget = r#""thinking":{"type":"enabled","budget_tokens":2000}"#;
    assert_eq!(
        amount(&format!("{budget},{effort}")),
        Some(Amount::Tokens(2000))
    );
    let adaptive = r#""thinking":{"type":"adaptive"}"#;
    assert_eq!(amount(adaptive), Some(Amount::Adaptive));
    let both = format!("{adaptive},{effort}");
    assert_eq!(amount(&both), Some(Amount::Effort(Effort::Low)));
}

#[test]
fn effort_beside_thinking_stays_where_it_is() {
    for settings in [
        r#""output_config":{"effort":"low"}"#,
        r#""output_config":{"effort":"low"},"thinking":{"type":"enabled","budget_tokens":2000}"#,
        r#""output_config":{"effort":"novel"},"thinking":{"type":"adaptive"}"#,
    ] {
        let body = format!(
            r#"{{"model":"claude-opus-4-6","max_tokens":1,"stream":false,
            "messages":[{{"role":"user","content":[{{"type":"text","text":"x"}}]}}],{settings}}}"#
        );
        let want: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(again(&body), want);
    }
}

#[test]
fn null_is_nothing() {
    let body = user(r#"[{"type":"text","text":"x","cache_control":null,"citations":null}]"#);
    assert_eq!(parts(&body), [blocks::text("x".into())]);
    let body = r#"{"model":"m","messages":[],"system":null,"tools":null,"thinking":null}"#;
    let request = read(body);
    assert_eq!((request.system.len(), request.thinking), (0, None));
}

#[test]
fn a_source_that_only_anthropic_knows_stays_whole() {
    let body = user(r#"[{"type":"document","source":{"type":"content","content":[]}}]"#);
    assert!(matches!(&parts(&body)[0].body, Body::Foreign { kind, .. } if kind == "document"));
    let body = user(r#"[{"type":"document","source":{"type":"content","content":"x"}}]"#);
    let Body::Document { media, .. } = &parts(&body)[0].body else {
        panic!("a document");
    };
    assert_eq!(media.place, Place::Text("x".into()));
}

#[test]
fn what_others_issued_comes_out_of_its_mark() {
    let opaque = |kind, value: &'static str| Opaque {
        value: value.into(),
        kind,
    };
    let encrypted = opaque(OpaqueKind::Encrypted, "enc");
    let thought = opaque(OpaqueKind::ThoughtSignature, "ts");
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"assistant","content":[
        {{"type":"thinking","thinking":"t","signature":"{}"}},
        {{"type":"thinking","thinking":"","signature":"{}"}},
        {{"type":"thinking","thinking":"bare","signature":""}},
        {{"type":"tool_use","id":"call_1","name":"f","input":{{}}}}]}}]}}"#,
        mark::of_thinking(Some(&encrypted), Some("rs_1")),
        mark::of_call("call_1", &thought),
    );
    let parts = parts(&body);
    assert_eq!(parts.len(), 3);
    let Body::Thinking { opaque, id, .. } = &parts[0].body else {
        panic!("thinking");
    };
    assert_eq!((opaque, id.as_deref()), (&Some(encrypted), Some("rs_1")));
    assert!(matches!(
        &parts[1].body,
        Body::Thinking { opaque: None, .. }
    ));
    let Body::Call(call) = &parts[2].body else {
        panic!("a call");
    };
    assert_eq!(call.opaque, Some(thought));
}

#[test]
fn what_cannot_be_understood_is_named() {
    for (body, field) in [
        ("", ""),
        ("[]", ""),
        ("{\"model\":1,\"messages\":[]}", "model"),
        (r#"{"model":"m"}"#, "messages"),
        (r#"{"model":"m","messages":{}}"#, "messages"),
        (r#"{"model":"m","messages":[1]}"#, "messages.0"),
        (
            r#"{"model":"m","messages":[{"role":"tool"}]}"#,
            "messages.0.role",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"},{}]}]}"#,
            "messages.0.content.1.type",
        ),
        (
            r#"{"model":"m","messages":[],"max_tokens":"9"}"#,
            "max_tokens",
        ),
        (
            r#"{"model":"m","messages":[],"tools":[{}]}"#,
            "tools.0.name",
        ),
    ] {
        let fault = read_request(body.as_bytes(), &Hints::default()).unwrap_err();
        assert_eq!(fault.field, field, "{body}");
    }
    let deep = format!(r#"{{"messages":{}{}}}"#, "[".repeat(4000), "]".repeat(4000));
    assert!(read_request(deep.as_bytes(), &Hints::default()).is_err());
}

#[test]
fn the_path_may_name_the_model() {
    let hints = Hints {
        path_model: Some("claude-opus-4-6"),
        stream: true,
    };
    let request = read_request(br#"{"messages":[]}"#, &hints).unwrap();
    assert_eq!(
        (request.model.as_ref(), request.stream),
        ("claude-opus-4-6", true)
    );
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(at in 0..RICH.len(), with in any::<String>(), gap in 0..40_usize) {
        let end = (at + gap).min(RICH.len());
        let body = [&RICH.as_bytes()[..at], with.as_bytes(), &RICH.as_bytes()[end..]].concat();
        if let Ok(request) = read_request(&body, &Hints::default()) {
            let options = Options { model: "claude-opus-4-6", stream: true, profile: &Profile::default() };
            if let Ok(written) = write_request(&request, &options, &mut Notes::default()) {
                let json: Result<serde_json::Value, _> = serde_json::from_slice(&written);
                prop_assert!(json.is_ok());
            }
        }
    }

    #[test]
    fn a_text_keeps_its_meaning(text in "\\PC{0,30}[\x00-\x20\"\\\\a]{0,9}z") {
        let json = serde_json::Value::from(text.as_str());
        let body = user(&json.to_string());
        let back = again(&body);
        let said = &back["messages"][0]["content"][0]["text"];
        prop_assert_eq!(said, text.as_str());
    }
}

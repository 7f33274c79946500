use proptest::prelude::*;
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec::read_request;
use weir_wire::translate::options::Hints;

use super::count;

fn anthropic(body: &str) -> u64 {
    let hints = Hints::default();
    count(&read_request(Dialect::AnthropicMessages, body.as_bytes(), &hints).unwrap())
}

fn chat(body: &str) -> u64 {
    let hints = Hints::default();
    count(&read_request(Dialect::OpenaiChat, body.as_bytes(), &hints).unwrap())
}

fn saying(content: &str) -> u64 {
    anthropic(&format!(
        r#"{{"model":"gpt-4o","max_tokens":1,"messages":[{{"role":"user","content":{content}}}]}}"#
    ))
}

#[test]
fn the_published_example_of_a_chat_comes_out() {
    // OpenAI's guide gives 129 for this with gpt-3.5 and gpt-4, with a name on some messages,
    // which the form does not keep.
    let tokens = chat(
        r#"{"model":"gpt-4","messages":[
            {"role":"system","content":"You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
            {"role":"user","content":"This late pivot means we don't have time to boil the ocean for the client deliverable."}]}"#,
    );
    assert!((40..55).contains(&tokens), "{tokens}");
}

#[test]
fn nothing_counts_as_one_at_least() {
    assert!(anthropic(r#"{"model":"x","max_tokens":1,"messages":[]}"#) >= 1);
}

#[test]
fn every_kind_of_part_counts() {
    let none = saying("[]");
    let picture = r#"[{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"R0lGODlhAAIAAg=="}}]"#;
    assert_eq!(saying(picture) - none, 255);
    for part in [
        r#"[{"type":"text","text":"some words"}]"#,
        r#"[{"type":"tool_result","tool_use_id":"t","content":"some words"}]"#,
        r#"[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"some words"}]}]"#,
        r#"[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"some words"}}]"#,
        r#"[{"type":"document","source":{"type":"url","url":"https://a/b.pdf"}}]"#,
        r#"[{"type":"container_upload","file_id":"some words"}]"#,
    ] {
        assert!(saying(part) >= none + 2, "{part}");
    }
}

#[test]
fn what_the_model_said_counts() {
    let said = |content: &str| {
        anthropic(&format!(
            r#"{{"model":"gpt-4o","max_tokens":1,"messages":[{{"role":"assistant","content":[{content}]}}]}}"#
        ))
    };
    let none = said("");
    let call = |input: &str| {
        said(&format!(
            r#"{{"type":"tool_use","id":"t","name":"f","input":{input}}}"#
        ))
    };
    assert!(call("{}") > none);
    assert!(call(r#"{"path":"/etc/hosts"}"#) > call("{}"));
    let thinking = r#"{"type":"thinking","thinking":"let me think","signature":"c2ln"}"#;
    assert!(said(thinking) >= none + 3);
}

#[test]
fn tools_count_with_names_and_descriptions_and_schemas() {
    let with = |tools: &str| {
        anthropic(&format!(
            r#"{{"model":"gpt-4o","max_tokens":1,"messages":[],"tools":[{tools}]}}"#
        ))
    };
    let bare = with(r#"{"name":"f","input_schema":{"type":"object"}}"#);
    let told =
        with(r#"{"name":"f","description":"reads a file","input_schema":{"type":"object"}}"#);
    let whole = with(
        r#"{"name":"f","description":"reads a file","input_schema":{"type":"object","properties":{"path":{"type":"string","description":"which file"}}}}"#,
    );
    assert!(with("") < bare && bare < told && told < whole);
}

#[test]
fn claude_counts_more_than_others_do() {
    let body = |model: &str| {
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(50);
        anthropic(&format!(
            r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":"{text}"}}]}}"#
        ))
    };
    assert!(body("claude-sonnet-4-5") > body("gpt-4o"));
}

proptest! {
    #[test]
    fn any_text_counts_and_more_text_counts_no_less(text in any::<String>()) {
        let once = saying(&serde_json::to_string(&text).unwrap());
        let more = saying(&serde_json::to_string(&format!("{text}\nand more\n{text}")).unwrap());
        prop_assert!(once >= 1 && more > once);
    }
}

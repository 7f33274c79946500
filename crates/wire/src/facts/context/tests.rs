use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(body: &Value) -> Context {
    Context::read(body.to_string().as_bytes())
}

fn labels(context: &Context, kind: PartKind) -> Vec<&str> {
    let of_kind = context.parts.iter().filter(|part| part.kind == kind);
    of_kind.map(|part| part.label.as_str()).collect()
}

fn claude(messages: &Value) -> Value {
    let mark = json!({"type": "ephemeral"});
    json!({"model": "claude-opus-4-8", "messages": messages,
        "system": [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329.0a8;"},
            {"type": "text", "text": "You are a coding agent.", "cache_control": mark}],
        "tools": [{"name": "Bash", "input_schema": {}}, {"name": "Read", "input_schema": {}}],
        "max_tokens": 128_000, "stream": true})
}

#[test]
fn an_anthropic_request_is_taken_apart() {
    let context = read(&claude(&json!([
        {"role": "user", "content": "look at the   file"},
        {"role": "system", "content": "environment"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"},
            {"type": "text", "text": "I read it."},
            {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": "/w/a.rs"}},
            {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "ls"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t2", "content": "a b"},
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "x"},
                {"type": "image", "source": {"type": "base64", "data": "AAAA"}}],
                "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}])));
    assert_eq!(labels(&context, PartKind::User), ["look at the file"]);
    assert_eq!(
        labels(&context, PartKind::System),
        ["environment", "system prompt"]
    );
    assert_eq!(labels(&context, PartKind::Thinking), ["thinking"]);
    assert_eq!(labels(&context, PartKind::Assistant), ["I read it."]);
    assert_eq!(
        labels(&context, PartKind::ToolCall),
        ["Read /w/a.rs", "Bash"]
    );
    assert_eq!(labels(&context, PartKind::ToolResult), ["Bash"]);
    assert_eq!(labels(&context, PartKind::File), ["/w/a.rs"]);
    let file = context
        .parts
        .iter()
        .find(|p| p.kind == PartKind::File)
        .unwrap();
    assert_eq!((file.message, file.children.len()), (Some(3), 1));
    assert_eq!(file.children[0].kind, PartKind::Image);
    let tools = context
        .parts
        .iter()
        .find(|p| p.kind == PartKind::Tools)
        .unwrap();
    let names: Vec<_> = tools.children.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(names, ["Bash", "Read"]);
    assert_eq!(
        (context.outline.breakpoints, context.outline.one_hour),
        (2, true)
    );
    assert_eq!(context.outline.model.as_deref(), Some("claude-opus-4-8"));
    assert!(!context.malformed);
}

#[test]
fn the_other_dialects_are_taken_apart_too() {
    let chat = read(
        &json!({"messages": [{"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {}}]},
        {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": "{\"path\":\"b.rs\"}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "text of b"}],
        "tools": [{"type": "function", "function": {"name": "read_file"}}]}),
    );
    assert_eq!(labels(&chat, PartKind::System), ["be brief"]);
    assert_eq!(labels(&chat, PartKind::Image), ["image"]);
    assert_eq!(labels(&chat, PartKind::Thinking), ["reasoning"]);
    assert_eq!(labels(&chat, PartKind::ToolCall), ["read_file b.rs"]);
    assert_eq!(labels(&chat, PartKind::File), ["b.rs"]);
    assert_eq!(chat.outline.tools[0].0, "read_file");

    let responses = read(&json!({"instructions": "be brief", "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]},
        {"role": "user", "content": "hi"},
        {"type": "reasoning", "encrypted_content": "zzzz"},
        {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "done"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin"}]}));
    assert_eq!(
        labels(&responses, PartKind::System),
        ["system prompt", "rules"]
    );
    assert_eq!(labels(&responses, PartKind::User), ["hi"]);
    assert_eq!(labels(&responses, PartKind::Thinking), ["reasoning"]);
    assert_eq!(
        labels(&responses, PartKind::ToolCall),
        ["shell", "apply_patch"]
    );
    assert_eq!(labels(&responses, PartKind::ToolResult), ["shell"]);

    let gemini = read(
        &json!({"systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [{"role": "user", "parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png"}}]},
            {"role": "model", "parts": [{"text": "hm", "thought": true},
                {"functionCall": {"name": "glob", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "glob", "response": {}}}]}],
        "tools": [{"functionDeclarations": [{"name": "glob"}, {"name": "ls"}]}, {"googleSearch": {}}]}),
    );
    assert_eq!(labels(&gemini, PartKind::User), ["hi"]);
    assert_eq!(labels(&gemini, PartKind::Image), ["image/png"]);
    assert_eq!(labels(&gemini, PartKind::Thinking), ["hm"]);
    assert_eq!(labels(&gemini, PartKind::ToolCall), ["glob"]);
    assert_eq!(labels(&gemini, PartKind::ToolResult), ["glob"]);
    let names: Vec<_> = gemini
        .outline
        .tools
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["glob", "ls", "googleSearch"]);
    assert_eq!(gemini.outline.system.len(), 1);
}

#[test]
fn small_parts_of_many_are_folded() {
    let messages: Vec<Value> = (0..1000)
        .map(|n| json!({"role": "user", "content": "x".repeat(n)}))
        .collect();
    let context = read(&json!({"messages": messages}));
    assert!(context.parts.len() <= MOST_PARTS + 10);
    let sum: usize = context.parts.iter().map(|part| part.bytes).sum();
    assert_eq!(sum, context.bytes);
    assert!(
        context
            .parts
            .iter()
            .any(|part| part.label.ends_with("smaller parts"))
    );
}

fn turn<'a>(outline: &'a Outline, at_s: i64, (input, read, write): (u64, u64, u64)) -> Turn<'a> {
    Turn {
        outline,
        provider: "anthropic",
        model: "claude-opus-4-8",
        started_us: at_s * 1_000_000,
        input,
        cache_read: read,
        cache_write: write,
        one_hour: false,
        marks_needed: true,
    }
}

fn reason(before: &Turn<'_>, now: &Turn<'_>) -> Option<&'static str> {
    explain(Some(before), now).map(|miss| miss.reason.as_str())
}

#[test]
fn every_reason_for_a_missed_cache_is_told() {
    let hi = json!({"role": "user", "content": "hi"});
    let said = json!({"role": "assistant", "content": "hello"});
    let one = read(&claude(&json!([hi]))).outline;
    let two = read(&claude(
        &json!([{"role": "user", "content": [{"type": "text", "text": "hi",
        "cache_control": {"type": "ephemeral"}}]}, said]),
    ))
    .outline;
    let before = turn(&one, 0, (10, 0, 20_000));
    assert_eq!(reason(&before, &turn(&two, 60, (10, 20_000, 100))), None);
    let missed = (10, 0, 20_100);
    assert_eq!(reason(&before, &turn(&two, 60, missed)), Some("other"));
    let expired = explain(Some(&before), &turn(&two, 301, missed)).unwrap();
    assert_eq!(expired.reason, Reason::Expired);
    assert!(expired.detail.contains("5 min 1 s") && expired.detail.contains("0 of the 20000"));
    let hour = Turn {
        one_hour: true,
        ..before
    };
    assert_eq!(reason(&hour, &turn(&two, 301, missed)), Some("other"));
    assert_eq!(reason(&hour, &turn(&two, 3601, missed)), Some("expired"));
    let elsewhere = Turn {
        provider: "bedrock",
        ..turn(&two, 9, missed)
    };
    assert_eq!(reason(&before, &elsewhere), Some("provider_changed"));
    let smaller = Turn {
        model: "claude-haiku-4-5",
        ..elsewhere
    };
    assert_eq!(reason(&before, &smaller), Some("model_changed"));
    let first = explain(None, &before).unwrap();
    assert_eq!(first.reason, Reason::FirstTurn);
    let bare = read(&json!({"messages": [hi, said]})).outline;
    assert_eq!(
        reason(&before, &turn(&bare, 9, missed)),
        Some("no_breakpoint")
    );
    let unmarked = turn(&bare, 9, (20_000, 0, 0));
    assert_eq!(
        reason(&unmarked, &turn(&bare, 19, (20_000, 0, 0))),
        Some("no_breakpoint")
    );
}

#[test]
fn the_first_section_that_differs_is_named() {
    let hi = json!({"role": "user", "content": "hi"});
    let said = json!({"role": "assistant", "content": "hello"});
    let base = claude(&json!([hi, said, hi]));
    let was = read(&base).outline;
    let missed = |change: &dyn Fn(&mut Value)| {
        let mut body = base.clone();
        change(&mut body);
        let now = read(&body).outline;
        let before = turn(&was, 0, (0, 0, 9_000));
        let miss = explain(Some(&before), &turn(&now, 9, (9_000, 0, 0))).unwrap();
        let section = miss.section.unwrap().as_str();
        (
            miss.reason.as_str(),
            section,
            miss.index.unwrap(),
            miss.detail,
        )
    };
    let (reason, section, index, detail) =
        missed(&|body| body["tools"][1]["input_schema"] = json!({"type": "object"}));
    assert_eq!((reason, section, index), ("tools_changed", "tools", 1));
    assert!(
        detail.starts_with("The definition of the tool Read changed"),
        "{detail}"
    );
    let (.., detail) = missed(&|body| {
        body["tools"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "Grep"}));
    });
    assert!(
        detail.contains("1 more tools are offered, Grep at place 2"),
        "{detail}"
    );
    let (reason, section, index, _) =
        missed(&|body| body["system"][0]["text"] = json!("cc_version=2.1.330"));
    assert_eq!((reason, section, index), ("system_changed", "system", 0));
    let (reason, section, index, _) = missed(&|body| body["messages"][1]["content"] = json!("ho"));
    assert_eq!((reason, section, index), ("history_changed", "messages", 1));
    let (_, _, index, detail) = missed(&|body| body["messages"] = json!([hi]));
    assert_eq!(index, 1);
    assert!(detail.contains("1 messages after 3"), "{detail}");
}

proptest! {
    #[test]
    fn parts_add_up_to_any_body(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let context = Context::read(&bytes);
        prop_assert_eq!(context.parts.iter().map(|part| part.bytes).sum::<usize>(), bytes.len());
        prop_assert_eq!(context.by_kind.values().sum::<usize>(), bytes.len());
    }

    #[test]
    fn parts_add_up_for_bodies_cut_anywhere(cut in 0usize..700) {
        let body = claude(&json!([{"role": "user", "content": [{"type": "text", "text": "hi"},
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image"}]}]},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
            {"role": "tool", "content": "y", "tool_calls": [{"id": "z"}]}])).to_string();
        let bytes = &body.as_bytes()[..cut.min(body.len())];
        let context = Context::read(bytes);
        prop_assert_eq!(context.by_kind.values().sum::<usize>(), bytes.len());
    }
}

//! Codex's tools on models that know JSON only: `apply_patch`, whose input is free text, tools in
//! namespaces, and names that are longer than others take. What the model is told, what it calls,
//! and what it is told of that in the next request.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::form::{
    Answer, Body, Call, Extra, Input, Part, Request, Role, Stop, ToolKind,
};
use weir_wire::translate::freeform;
use weir_wire::translate::inbound::{self, Progress, Stream};
use weir_wire::translate::json::Json;
use weir_wire::translate::options::{Hints, Options};
use weir_wire::translate::outbound::{self, Outbound, Way};
use weir_wire::translate::profile::Profile;
use weir_wire::usage::Usage;

use crate::answers::{self, OPTIONS};
use crate::sides::{model, profile};

const GRAMMAR: &str = "start: \"*** Begin Patch\" LF hunk+ \"*** End Patch\" LF?";

/// A name that nobody takes.
fn long() -> String {
    format!("mcp__server.with/odd{}", "_and_long".repeat(14))
}

/// What Codex asks, with what went on so far.
fn request(history: &[Value]) -> Value {
    let first = json!({"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "Fix it."}]});
    let input: Vec<Value> = std::iter::once(first)
        .chain(history.iter().cloned())
        .collect();
    let parameters = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    let function = |name: &str| {
        json!({"type": "function", "name": name, "strict": false,
        "description": "Reads.", "parameters": parameters})
    };
    json!({
        "model": "gpt-5.2-codex", "store": false, "stream": true, "input": input,
        "tools": [
            {"type": "custom", "name": "apply_patch", "description": "Edits files.",
                "format": {"type": "grammar", "syntax": "lark", "definition": GRAMMAR}},
            {"type": "namespace", "name": "files", "description": "Of files.",
                "tools": [function("read"), {"type": "custom", "name": "write"}]},
            function(&long()),
        ],
    })
}

fn providers() -> Vec<(Dialect, Profile)> {
    vec![
        (Dialect::AnthropicMessages, Profile::generic()),
        (Dialect::OpenaiChat, Profile::generic()),
        (Dialect::OpenaiChat, profile("api.openai.com", "gpt-5.2")),
        (Dialect::Gemini, Profile::generic()),
    ]
}

fn hints() -> Hints<'static> {
    Hints {
        path_model: Some("gemini-3-flash-preview"),
        stream: true,
    }
}

fn send(provider: Dialect, profile: &Profile, body: &Value) -> Outbound {
    let way = Way {
        client: Dialect::OpenaiResponses,
        provider,
    };
    let options = Options {
        model: model(provider),
        stream: true,
        profile,
    };
    outbound::request(way, body.to_string().as_bytes(), &hints(), &options).unwrap()
}

/// The names of the tools that the provider is told of.
fn names(request: &Request<'_>) -> Vec<String> {
    let tools = request.tools.iter().map(|tool| match &tool.kind {
        ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => name.to_string(),
        other @ ToolKind::Server { .. } => format!("{other:?}"),
    });
    tools.collect()
}

/// The provider's answer: all four tools are called by the names that it knows.
fn answer(provider: Dialect, names: &[String], custom: bool, patch: &str) -> Answer<'static> {
    let inputs = [patch, r#"{"path":"a"}"#, patch, r#"{"path":"b"}"#];
    let calls = names.iter().zip(inputs).enumerate();
    let calls = calls.map(|(index, (name, input))| {
        let free = index % 2 == 0;
        let input = match (free, custom) {
            (true, true) => Input::Text(input.to_owned().into()),
            (true, false) => Input::Json(Json::of_valid(freeform::wrap(input))),
            (false, _) => Input::Json(Json::of_valid(input.to_owned())),
        };
        let named = provider != Dialect::Gemini;
        let id = if named {
            format!("c{index}")
        } else {
            String::new()
        };
        Part::from(Body::Call(Call {
            id: id.into(),
            name: name.clone().into(),
            input,
            item: None,
            opaque: None,
        }))
    });
    Answer {
        dialect: provider,
        id: "a".into(),
        model: "m".into(),
        parts: calls.collect(),
        stop: Stop::ToolUse,
        usage: Some(Usage::default()),
        extra: Extra::default(),
    }
}

/// What of an item tells the call.
fn told(item: &Value) -> Value {
    let mut item = item.clone();
    let members = item.as_object_mut().unwrap();
    for made in ["id", "call_id", "status"] {
        members.remove(made);
    }
    item
}

fn expected(patch: &str) -> Vec<Value> {
    vec![
        json!({"type": "custom_tool_call", "name": "apply_patch", "input": patch}),
        json!({"type": "function_call", "namespace": "files", "name": "read", "arguments": "{\"path\":\"a\"}"}),
        json!({"type": "custom_tool_call", "namespace": "files", "name": "write", "input": patch}),
        json!({"type": "function_call", "name": long(), "arguments": "{\"path\":\"b\"}"}),
    ]
}

/// The calls in what the provider is told of the turn that was.
fn called(provider: Dialect, sent: &Outbound) -> Vec<(String, String)> {
    let read = codec::read_request(provider, &sent.body, &hints()).unwrap();
    let turns = read
        .turns
        .iter()
        .filter(|turn| turn.role == Role::Assistant);
    let calls = turns
        .flat_map(|turn| &turn.parts)
        .filter_map(|part| match &part.body {
            Body::Call(call) => Some(match &call.input {
                Input::Text(text) => (call.name.to_string(), format!("text {text}")),
                Input::Json(json) => (
                    call.name.to_string(),
                    json.as_str().replace("\": \"", "\":\""),
                ),
            }),
            _ => None,
        });
    calls.collect()
}

fn round(
    provider: Dialect,
    profile: &Profile,
    patch: &str,
    size: usize,
) -> Result<(), TestCaseError> {
    let custom = profile.custom_tools && provider == Dialect::OpenaiChat;
    let sent = send(provider, profile, &request(&[]));
    let read = codec::read_request(provider, &sent.body, &hints()).unwrap();
    let names = names(&read);
    let answer = answer(provider, &names, custom, patch);
    let whole = inbound::answer(&answers::whole(&answer), &sent.back, &OPTIONS).unwrap();
    let mut stream = Stream::new(&sent.back, &OPTIONS);
    let mut streamed = Vec::new();
    stream.push(&answers::stream(&answer, size), &mut streamed);
    stream.finish(&mut streamed);
    prop_assert_eq!(stream.progress(), &Progress::Whole);
    let streamed = answers::gather(Dialect::OpenaiResponses, &streamed);
    for told_client in [&whole, &streamed] {
        let told_client: Value = serde_json::from_slice(told_client).unwrap();
        let items = told_client["output"].as_array().unwrap();
        prop_assert_eq!(items.iter().map(told).collect::<Vec<_>>(), expected(patch));
        let mut history = items.clone();
        for item in items {
            let kind = match item["type"].as_str() {
                Some("custom_tool_call") => "custom_tool_call_output",
                _ => "function_call_output",
            };
            history.push(json!({"type": kind, "call_id": item["call_id"], "output": "ok"}));
        }
        let next = send(provider, profile, &request(&history));
        let meant = answer.parts.iter().map(|part| match &part.body {
            Body::Call(call) => match &call.input {
                Input::Text(text) => (call.name.to_string(), format!("text {text}")),
                Input::Json(json) => (call.name.to_string(), json.as_str().to_owned()),
            },
            other => (format!("{other:?}"), String::new()),
        });
        prop_assert_eq!(called(provider, &next), meant.collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn calls_of_free_text_in_namespaces_and_of_long_names_come_back_in_codexs_words() {
    for (provider, profile) in providers() {
        let mut runner = TestRunner::new(Config {
            cases: 64,
            failure_persistence: None,
            ..Config::default()
        });
        let given = ("[ -~äß💧\n\t\"\\\\{}]{0,40}", 1usize..9);
        let result = runner.run(&given, |(patch, size)| {
            round(provider, &profile, &patch, size)
        });
        if let Err(TestError::Fail(why, given)) = result {
            assert!(why.message().is_empty(), "{provider:?} {given:?}: {why}");
        }
    }
}

#[test]
fn models_are_told_what_they_can_take() {
    for (provider, profile) in providers() {
        let sent = send(provider, &profile, &request(&[]));
        let read = codec::read_request(provider, &sent.body, &hints()).unwrap();
        let most = if provider == Dialect::AnthropicMessages {
            128
        } else {
            64
        };
        let names = names(&read);
        assert_eq!(names[..3], ["apply_patch", "files__read", "files__write"]);
        assert!(names[3].starts_with("mcp__server"), "{names:?}");
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        assert!(
            names[3].len() <= most && names[3].chars().all(legal),
            "{names:?}"
        );
        let patch = match &read.tools[0].kind {
            ToolKind::Function {
                description,
                schema,
                ..
            } => {
                assert!(schema.as_ref().unwrap().as_str().contains("\"input\""));
                description.as_deref().unwrap().to_owned()
            }
            ToolKind::Freeform {
                description,
                format,
                ..
            } => format!("{description:?} {}", format.as_ref().unwrap().as_str()),
            ToolKind::Server { .. } => String::new(),
        };
        assert!(patch.contains("Edits files."), "{patch}");
        assert!(patch.replace("\\\"", "\"").contains(GRAMMAR), "{patch}");
    }
}

#[test]
fn a_demand_for_a_tool_names_it_as_the_provider_knows_it() {
    let long = long();
    for (provider, profile) in providers() {
        for (choice, at) in [
            (json!({"type": "custom", "name": "apply_patch"}), 0),
            (
                json!({"type": "function", "namespace": "files", "name": "read"}),
                1,
            ),
            (json!({"type": "function", "name": long}), 3),
        ] {
            let mut body = request(&[]);
            body["tool_choice"] = choice;
            let sent = send(provider, &profile, &body);
            let read = codec::read_request(provider, &sent.body, &hints()).unwrap();
            let wanted = names(&read)[at].clone();
            let choice = format!("{:?}", read.tool_choice);
            assert_eq!(choice, format!("Some(Tool({wanted:?}))"), "{provider:?}");
        }
    }
}

#[test]
fn arguments_that_break_off_are_a_functions_all_the_same() {
    let sent = send(Dialect::OpenaiChat, &Profile::generic(), &request(&[]));
    let call = json!({"id": "a", "type": "function",
        "function": {"name": "files__read", "arguments": "{\"pa"}});
    let answer = json!({"id": "c", "choices": [{"index": 0, "finish_reason": "length",
        "message": {"role": "assistant", "content": null, "tool_calls": [call]}}]});
    let told = inbound::answer(answer.to_string().as_bytes(), &sent.back, &OPTIONS).unwrap();
    let body: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(
        self::told(&body["output"][0]),
        json!({"type": "function_call", "namespace": "files", "name": "read", "arguments": "{\"pa"})
    );
}

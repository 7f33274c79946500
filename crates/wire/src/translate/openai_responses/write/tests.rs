//! Requests as providers get them.

use serde_json::{Value, json};

use super::*;
use crate::translate::form::{
    Amount, Body, Call, Effort, Extra, Format, Input, Media, Opaque, OpaqueKind, Part, Place, Role,
    Sampling, Thinking, Tool, ToolChoice, ToolKind, Turn,
};
use crate::translate::json::Json;
use crate::translate::profile::Profile;

mod meaning;

fn request(dialect: Dialect, turns: Vec<Turn<'static>>) -> Request<'static> {
    Request {
        dialect,
        model: "theirs".into(),
        system: Vec::new(),
        turns,
        tools: Vec::new(),
        tool_choice: None,
        parallel_tools: None,
        max_tokens: None,
        sampling: Sampling::default(),
        stop: Vec::new(),
        stream: false,
        thinking: None,
        format: None,
        user: None,
        cache_key: None,
        service_tier: None,
        extra: Extra::default(),
    }
}

fn claude(turns: Vec<Turn<'static>>) -> Request<'static> {
    request(Dialect::AnthropicMessages, turns)
}

fn turn(role: Role, bodies: Vec<Body<'static>>) -> Turn<'static> {
    Turn {
        role,
        parts: bodies.into_iter().map(Part::from).collect(),
        extra: Extra::default(),
    }
}

fn text(text: &'static str) -> Body<'static> {
    Body::Text {
        text: text.into(),
        annotations: Vec::new(),
    }
}

fn call(id: &'static str, name: &'static str) -> Body<'static> {
    Body::Call(Call {
        id: id.into(),
        name: name.into(),
        input: Input::Json(Json::of_valid("{\"n\":1E5}")),
        item: Some("toolu_item".into()),
        opaque: None,
    })
}

fn result(call: &'static str, parts: Vec<Body<'static>>, is_error: bool) -> Body<'static> {
    Body::Result {
        call: call.into(),
        name: None,
        parts: parts.into_iter().map(Part::from).collect(),
        is_error,
    }
}

fn thinking(kind: OpaqueKind) -> Body<'static> {
    Body::Thinking {
        text: "hm".into(),
        opaque: Some(Opaque {
            value: "secret".into(),
            kind,
        }),
        id: Some("rs_1".into()),
    }
}

fn tool(kind: ToolKind<'static>) -> Tool<'static> {
    Tool {
        kind,
        cache: None,
        extra: Extra::default(),
    }
}

fn function(name: &'static str) -> Tool<'static> {
    tool(ToolKind::Function {
        name: name.into(),
        description: None,
        schema: None,
        strict: None,
    })
}

fn server(kind: &'static str, json: &'static str) -> Tool<'static> {
    tool(ToolKind::Server {
        kind: kind.into(),
        name: Some("web_search".into()),
        json: Json::of_valid(json),
    })
}

fn written(request: &Request<'_>, model: &str) -> (Value, Vec<String>) {
    let profile = Profile::openai(model);
    let options = Options {
        model,
        stream: request.stream,
        profile: &profile,
    };
    let mut notes = Notes::default();
    let body = write_request(request, &options, &mut notes).unwrap();
    let fields = notes.notes.iter().map(|note| note.field.to_string());
    (serde_json::from_slice(&body).unwrap(), fields.collect())
}

#[test]
fn a_conversation_becomes_items_in_order() {
    let mut request = claude(vec![
        turn(Role::User, vec![text("hi")]),
        turn(Role::System, vec![text("now")]),
        turn(
            Role::Assistant,
            vec![text("ok"), call("toolu_1", "files/read")],
        ),
        turn(
            Role::User,
            vec![text("more"), result("toolu_1", vec![text("42")], true)],
        ),
    ]);
    request.system = [text("x-anthropic-billing-header: cc"), text("a"), text("b")]
        .map(Part::from)
        .into();
    let (body, notes) = written(&request, "gpt-5");
    let items = json!([
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "now"}]},
        {"type": "message", "role": "assistant", "content": "ok"},
        {"type": "function_call", "call_id": "toolu_1", "name": "files_read_2b733164e1",
            "arguments": "{\"n\":1E5}"},
        {"type": "function_call_output", "call_id": "toolu_1", "output": "Error: 42"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "more"}]},
    ]);
    let expected = json!({"model": "gpt-5", "instructions": "a\n\nb", "input": items,
        "store": false, "include": ["reasoning.encrypted_content"]});
    assert_eq!(body, expected);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn only_what_openai_encrypted_goes_back_and_only_before_what_came_of_it() {
    let request = claude(vec![
        turn(
            Role::Assistant,
            vec![thinking(OpaqueKind::Signature), text("a")],
        ),
        turn(Role::User, vec![text("b")]),
        turn(
            Role::Assistant,
            vec![thinking(OpaqueKind::Encrypted), text("c")],
        ),
        turn(Role::User, vec![text("d")]),
        turn(Role::Assistant, vec![thinking(OpaqueKind::Encrypted)]),
    ]);
    let (body, notes) = written(&request, "gpt-5");
    let items = body["input"].as_array().unwrap();
    let kinds: Vec<_> = items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["message", "message", "reasoning", "message", "message"]
    );
    let reasoning = json!({"type": "reasoning", "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "secret"});
    assert_eq!(items[2], reasoning);
    assert_eq!(notes.len(), 2);
}

#[test]
fn results_carry_pictures_and_calls_without_results_get_one() {
    let image = Body::Image(Media {
        kind: Some("image/png".into()),
        place: Place::Base64("AAAA".into()),
        detail: None,
    });
    let request = claude(vec![
        turn(Role::Assistant, vec![call("a", "f"), call("b", "f")]),
        turn(Role::User, vec![result("a", vec![text("x"), image], false)]),
        turn(Role::User, vec![result("lost", vec![text("y")], false)]),
    ]);
    let (body, notes) = written(&request, "gpt-5");
    let parts = json!([{"type": "input_text", "text": "x"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}]);
    assert_eq!(body["input"][2]["output"], parts);
    assert_eq!(body["input"][3]["call_id"], "b");
    let stray = &body["input"][4]["content"];
    assert_eq!(stray[0]["text"], "[result of the tool call lost]");
    assert_eq!(stray[1]["text"], "y");
    assert_eq!(notes.len(), 2);
}

#[test]
fn long_ids_are_shortened_alike_in_calls_and_results() {
    let long: &'static str =
        "toolu_0123456789_0123456789_0123456789_0123456789_0123456789_0123456789_ü";
    let request = claude(vec![
        turn(Role::Assistant, vec![call(long, "f")]),
        turn(Role::User, vec![result(long, Vec::new(), false)]),
    ]);
    let (body, _) = written(&request, "gpt-5");
    let id = body["input"][0]["call_id"].as_str().unwrap();
    assert!(id.len() <= 64 && id != long);
    assert_eq!(body["input"][1]["call_id"], id);
    assert_eq!(body["input"][1]["output"], "(no output)");
}

#[test]
fn free_text_is_wrapped_where_the_model_knows_only_json() {
    let mut request = request(
        Dialect::OpenaiChat,
        vec![
            turn(
                Role::Assistant,
                vec![Body::Call(Call {
                    id: "a".into(),
                    name: "apply_patch".into(),
                    input: Input::Text("*** Begin".into()),
                    item: None,
                    opaque: None,
                })],
            ),
            turn(Role::User, vec![result("a", vec![text("done")], false)]),
        ],
    );
    request.tools.push(tool(ToolKind::Freeform {
        name: "apply_patch".into(),
        description: None,
        format: Some(Json::of_valid(
            r#"{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}"#,
        )),
    }));
    let (body, _) = written(&request, "gpt-5");
    assert_eq!(body["input"][0]["type"], "custom_tool_call");
    assert_eq!(body["input"][0]["input"], "*** Begin");
    assert_eq!(body["input"][1]["type"], "custom_tool_call_output");
    let format = json!({"type": "grammar", "syntax": "lark", "definition": "x"});
    assert_eq!(body["tools"][0]["format"], format);
    let (body, _) = written(&request, "gpt-4.1");
    assert_eq!(body["input"][0]["type"], "function_call");
    assert_eq!(body["input"][0]["arguments"], r#"{"input":"*** Begin"}"#);
    assert_eq!(body["input"][1]["type"], "function_call_output");
    assert_eq!(body["tools"][0]["strict"], false);
}

#[test]
fn tools_say_that_they_are_not_strict_and_searches_find_each_other() {
    let mut request = claude(vec![turn(Role::User, vec![text("x")])]);
    request.tools = vec![
        function("f"),
        server(
            "web_search_20250305",
            r#"{"type":"web_search_20250305","name":"web_search","allowed_domains":["a.b"]}"#,
        ),
        server("code_execution_20250825", "{}"),
    ];
    request.tool_choice = Some(ToolChoice::Tool("web_search".into()));
    request.parallel_tools = Some(false);
    let (body, notes) = written(&request, "gpt-5");
    let tools = json!([
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}},
            "strict": false},
        {"type": "web_search", "filters": {"allowed_domains": ["a.b"]}},
    ]);
    assert_eq!(body["tools"], tools);
    assert_eq!(body["tool_choice"], json!({"type": "web_search"}));
    assert_eq!(body["parallel_tool_calls"], false);
    assert_eq!(notes, ["tools"]);
    request.tools = (0..129).map(|_| function("f")).collect();
    let profile = Profile::openai("gpt-5");
    let options = Options {
        model: "gpt-5",
        stream: false,
        profile: &profile,
    };
    let fault = write_request(&request, &options, &mut Notes::default()).unwrap_err();
    assert!(fault.message.contains("129"), "{fault}");
}

#[test]
fn what_chat_wants_of_a_search_is_a_tool() {
    let mut request = request(Dialect::OpenaiChat, vec![turn(Role::User, vec![text("x")])]);
    let options = r#"{"search_context_size":"low",
        "user_location":{"type":"approximate","approximate":{"country":"DE"}}}"#;
    let member = ("web_search_options".into(), Json::of_valid(options));
    request.extra.members.push(member);
    let (body, notes) = written(&request, "gpt-5");
    let tools = json!([{"type": "web_search", "search_context_size": "low",
        "user_location": {"type": "approximate", "country": "DE"}}]);
    assert_eq!(body["tools"], tools);
    assert!(notes.is_empty());
}

#[test]
fn thinking_is_asked_for_in_the_models_words() {
    let mut request = claude(vec![turn(Role::User, vec![text("x")])]);
    for (amount, five, newer) in [
        (Amount::Off, Some("minimal"), Some("none")),
        (Amount::Adaptive, None, None),
        (Amount::Tokens(4095), Some("low"), Some("low")),
        (Amount::Tokens(31_999), Some("high"), Some("high")),
        (
            Amount::Effort(Effort::Minimal),
            Some("minimal"),
            Some("low"),
        ),
        (Amount::Effort(Effort::Max), Some("high"), Some("xhigh")),
    ] {
        request.thinking = Some(Thinking {
            amount,
            shown: None,
        });
        for (model, word) in [("gpt-5", five), ("gpt-5.2", newer), ("gpt-4o", None)] {
            let (body, _) = written(&request, model);
            assert_eq!(
                body["reasoning"]["effort"].as_str(),
                word,
                "{model} {amount:?}"
            );
            let summary = amount != Amount::Off && model != "gpt-4o";
            let summary = summary.then_some("auto");
            assert_eq!(
                body["reasoning"]["summary"].as_str(),
                summary,
                "{model} {amount:?}"
            );
            assert_eq!(body.get("include").is_some(), model != "gpt-4o");
        }
    }
}

#[test]
fn what_the_api_does_not_take_is_left_out_with_a_word() {
    let mut request = claude(vec![turn(Role::User, vec![text("x")])]);
    request.max_tokens = Some(1);
    request.stop = vec!["END".into()];
    request.sampling.temperature = Some(Json::of_valid("0.70"));
    request.sampling.top_k = Some(Json::of_valid("5"));
    request.service_tier = Some("standard_only".into());
    request.user = Some(r#"{"device_id":"d","session_id":"s-1"}"#.into());
    request
        .extra
        .members
        .push(("context_management".into(), Json::of_valid("{}")));
    request.format = Some(Format::Schema {
        name: None,
        description: None,
        schema: Json::of_valid(r#"{"type":"object","properties":{"a":{}}}"#),
        strict: Some(true),
    });
    let (body, notes) = written(&request, "gpt-5");
    assert_eq!(body["max_output_tokens"], 16);
    assert_eq!(body.get("stop"), None);
    assert_eq!(body.get("temperature"), None);
    assert_eq!(body["service_tier"], "default");
    assert_eq!(body["safety_identifier"].as_str().unwrap().len(), 64);
    assert_eq!(body["prompt_cache_key"], "s-1");
    assert_eq!(body["text"]["format"]["name"], "response");
    assert_eq!(body["text"]["format"]["strict"], false);
    let closed =
        r#"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}"#;
    request.format = Some(Format::Schema {
        name: None,
        description: None,
        schema: Json::of_valid(closed),
        strict: None,
    });
    let (body, _) = written(&request, "gpt-5");
    assert_eq!(body["text"]["format"]["strict"], true);
    let fields = [
        "format",
        "max_tokens",
        "stop",
        "temperature",
        "top_k",
        "context_management",
    ];
    assert_eq!(notes, fields);
    let (body, _) = written(&request, "gpt-4o");
    assert_eq!(body["temperature"].to_string(), "0.7");
}

#[test]
fn blocks_of_others_are_told_in_words() {
    let request = claude(vec![turn(
        Role::Assistant,
        vec![Body::Foreign {
            kind: "web_search_tool_result".into(),
            json: Json::of_valid(r#"{"content":[{"url":"https://a","encrypted_content":"x"}]}"#),
        }],
    )]);
    let (body, notes) = written(&request, "gpt-5");
    let words = "[web_search_tool_result: {\"content\":[{\"url\":\"https://a\"}]}]";
    assert_eq!(body["input"][0]["content"], words);
    assert_eq!(notes, ["messages"]);
}

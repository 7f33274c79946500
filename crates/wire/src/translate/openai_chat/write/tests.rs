use serde_json::{Value, json};

use super::*;
use crate::translate::openai_chat::read_request;
use crate::translate::options::Hints;
use crate::translate::profile::{
    CallIds, ReasoningEcho, ReasoningRequest, SchemaRule, SystemRole, ToolChoiceSupport,
};

/// What `body`, a Chat request, becomes for a provider as if it were of another dialect.
fn written(body: &Value, profile: &Profile) -> (Value, Notes) {
    let body = body.to_string();
    let mut request = read_request(body.as_bytes(), &Hints::default()).unwrap();
    request.dialect = Dialect::AnthropicMessages;
    finish(&request, profile)
}

fn finish(request: &Request<'_>, profile: &Profile) -> (Value, Notes) {
    let options = Options {
        model: "target",
        stream: request.stream,
        profile,
    };
    let mut notes = Notes::default();
    let out = write_request(request, &options, &mut notes).unwrap();
    (serde_json::from_slice(&out).unwrap(), notes)
}

#[test]
fn results_come_directly_after_their_calls_in_their_order_and_pictures_after_them() {
    let body = json!({"messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{ \"x\": 1.0 }"}},
            {"id": "b", "type": "function", "function": {"name": "f", "arguments": ""}},
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "no json"}}]},
        {"role": "user", "content": "first"},
        {"role": "tool", "tool_call_id": "b", "content": [
            {"type": "text", "text": "seen"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
        {"role": "tool", "tool_call_id": "a", "content": ""},
        {"role": "tool", "tool_call_id": "z", "content": "stray"}]});
    let (out, _) = written(&body, &Profile::generic());
    let messages = out["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        ["user", "assistant", "tool", "tool", "tool", "user", "user"]
    );
    let calls = messages[1]["tool_calls"].as_array().unwrap();
    assert_eq!(calls[0]["function"]["arguments"], "{\"x\":1.0}");
    assert_eq!(calls[1]["function"]["arguments"], "{}");
    assert_eq!(calls[2]["function"]["arguments"], "{\"input\":\"no json\"}");
    assert_eq!(messages[2]["content"], "(no output)");
    assert_eq!(messages[3]["content"], "seen");
    assert_eq!(messages[4]["content"], "(the tool gave no result)");
    assert_eq!(messages[5]["content"][1]["type"], "image_url");
    assert_eq!(messages[5]["content"][2]["text"], "first");
    assert!(messages[6]["content"].as_str().unwrap().contains("stray"));
}

#[test]
fn models_that_think_get_effort_and_no_sampling() {
    let body = json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "temperature": 1, "top_p": 1, "max_tokens": 5, "stop": ["x"], "stream": true,
        "thinking": {"type": "enabled", "budget_tokens": 5000}});
    let (out, notes) = written(&body, &Profile::openai("gpt-5.2"));
    assert_eq!(out["messages"][0]["role"], "developer");
    assert_eq!(out["reasoning_effort"], "medium");
    assert_eq!(out["max_completion_tokens"], 5);
    assert_eq!(out["stream_options"]["include_usage"], true);
    for missing in ["temperature", "top_p", "max_tokens", "stop", "thinking"] {
        assert_eq!(out.get(missing), None, "{missing}");
    }
    assert_eq!(notes.count, 3);
}

#[test]
fn thinking_goes_back_only_where_it_is_wanted() {
    let body = json!({"messages": [{"role": "user", "content": "u"},
        {"role": "assistant", "reasoning_content": "hm", "content": "a"},
        {"role": "user", "content": "u"}]});
    for (echo, member) in [
        (ReasoningEcho::None, None),
        (ReasoningEcho::Content, Some("reasoning_content")),
        (ReasoningEcho::Plain, Some("reasoning")),
    ] {
        let profile = Profile {
            echo,
            ..Profile::generic()
        };
        let (out, _) = written(&body, &profile);
        for name in ["reasoning_content", "reasoning"] {
            let found = out["messages"][1].get(name).and_then(Value::as_str);
            assert_eq!(found, (member == Some(name)).then_some("hm"), "{echo:?}");
        }
    }
}

#[test]
fn signatures_go_to_their_issuer_only() {
    let body = json!({"messages": [{"role": "assistant", "content": "a", "reasoning_details": [
        {"type": "reasoning.text", "text": "t", "signature": "S", "format": "anthropic-claude-v1"}]},
        {"role": "user", "content": "u"}]})
    .to_string();
    let request = read_request(body.as_bytes(), &Hints::default()).unwrap();
    let profile = Profile {
        echo: ReasoningEcho::Details,
        ..Profile::generic()
    };
    for (model, signature) in [("anthropic/claude-x", Some("S")), ("openai/gpt-5", None)] {
        let options = Options {
            model,
            stream: false,
            profile: &profile,
        };
        let out = write_request(&request, &options, &mut Notes::default()).unwrap();
        let out: Value = serde_json::from_slice(&out).unwrap();
        let detail = &out["messages"][0]["reasoning_details"][0];
        assert_eq!(detail["text"], "t");
        assert_eq!(detail.get("signature").and_then(Value::as_str), signature);
    }
}

#[test]
fn summary_and_encrypted_reasoning_stand_apart() {
    let body = br#"{"model":"m","input":[{"type":"reasoning","id":"rs","encrypted_content":"E",
        "summary":[{"type":"summary_text","text":"s"}]},
        {"type":"message","role":"assistant","content":"a"}],
        "text":{"verbosity":"low"}}"#;
    let request =
        crate::translate::openai_responses::read_request(body, &Hints::default()).unwrap();
    let profile = Profile {
        echo: ReasoningEcho::Details,
        ..Profile::openai("gpt-5.2")
    };
    let (out, notes) = finish(&request, &profile);
    assert_eq!(
        out["messages"][0]["reasoning_details"],
        json!([
            {"type": "reasoning.summary", "summary": "s", "id": "rs", "format": "openai-responses-v1"},
            {"type": "reasoning.encrypted", "data": "E", "id": "rs", "format": "openai-responses-v1"},
        ])
    );
    assert_eq!((&out["verbosity"], notes.count), (&json!("low"), 0));
}

#[test]
fn schemas_are_mended_and_otherwise_kept() {
    let tool = |schema: Value| {
        json!({"messages": [{"role": "user", "content": "u"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}]})
    };
    let mended = |schema: Value, rule: SchemaRule| {
        let profile = Profile {
            schemas: rule,
            ..Profile::generic()
        };
        written(&tool(schema), &profile).0["tools"][0]["function"]["parameters"].clone()
    };
    let whole = json!({"type": "object", "properties": {"a": {"type": "number", "minimum": 1.5}}});
    assert_eq!(mended(whole.clone(), SchemaRule::Openai), whole);
    let broken = json!({"properties": {"a": {"type": "array"}}, "required": ["a", "a"]});
    assert_eq!(
        mended(broken, SchemaRule::Openai),
        json!({"type": "object", "required": ["a"],
        "properties": {"a": {"type": "array", "items": {}}}})
    );
    let nested = json!({"type": "object", "properties": {"a": {"type": "object"}}});
    assert_eq!(
        mended(nested, SchemaRule::Properties)["properties"]["a"]["properties"],
        json!({})
    );
    let draft = json!({"$schema": "x", "type": "object", "properties": {}});
    assert_eq!(mended(draft.clone(), SchemaRule::Openai), draft);
    assert_eq!(mended(draft, SchemaRule::Properties).get("$schema"), None);
    let rich = json!({"type": "object", "additionalProperties": false, "$defs": {"n": {"const": 3}},
        "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"type": ["string", "null"], "format": "uri"},
        "c": {"oneOf": [{"type": "null"}, {"type": "integer", "exclusiveMinimum": 2}]}}});
    assert_eq!(
        mended(rich, SchemaRule::Gemini),
        json!({"type": "object", "properties": {
        "a": {"enum": ["3"], "type": "string"}, "b": {"type": "string", "nullable": true},
        "c": {"nullable": true, "type": "integer", "minimum": 2}}})
    );
    let circle = json!({"type": "object", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}},
        "properties": {"a": {"$ref": "#/$defs/n"}}});
    assert!(
        !mended(circle, SchemaRule::Gemini)
            .to_string()
            .contains("$ref")
    );
}

#[test]
fn choices_are_lowered_to_what_a_provider_takes() {
    let body = |choice: Value| {
        json!({"messages": [{"role": "user", "content": "u"}], "tool_choice": choice,
        "parallel_tool_calls": false, "tools": [{"type": "function", "function": {"name": "f"}}]})
    };
    let all = Profile::generic();
    let auto = Profile {
        tool_choice: ToolChoiceSupport::AutoOnly,
        parallel_tools: false,
        ..Profile::generic()
    };
    let (out, _) = written(&body("required".into()), &all);
    assert_eq!(
        (&out["tool_choice"], &out["parallel_tool_calls"]),
        (&json!("required"), &json!(false))
    );
    let (out, notes) = written(&body("required".into()), &auto);
    assert_eq!(
        (&out["tool_choice"], out.get("parallel_tool_calls")),
        (&json!("auto"), None)
    );
    assert_eq!(notes.count, 2);
    let named = json!({"type": "function", "function": {"name": "f"}});
    assert_eq!(written(&body(named.clone()), &all).0["tool_choice"], named);
    let lost = json!({"type": "function", "function": {"name": "g"}});
    assert_eq!(written(&body(lost), &all).0["tool_choice"], "auto");
}

#[test]
fn too_many_tools_are_counted() {
    let tools: Vec<Value> = (0..129)
        .map(|n| json!({"type": "function", "function": {"name": format!("f{n}")}}))
        .collect();
    let body = json!({"messages": [], "tools": tools}).to_string();
    let request = read_request(body.as_bytes(), &Hints::default()).unwrap();
    let profile = Profile::openai("gpt-4o");
    let options = Options {
        model: "gpt-4o",
        stream: false,
        profile: &profile,
    };
    let fault = write_request(&request, &options, &mut Notes::default()).unwrap_err();
    assert!(fault.message.contains("129 tools"), "{fault}");
}

#[test]
fn names_and_ids_are_made_short_everywhere_alike() {
    let (name, id) = ("n".repeat(80), "i".repeat(60));
    let body = json!({"messages": [{"role": "assistant", "tool_calls": [{"id": id, "type": "function",
        "function": {"name": name, "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": id, "content": "r"}],
        "tools": [{"type": "function", "function": {"name": name}}],
        "tool_choice": {"type": "function", "function": {"name": name}}});
    let (out, _) = written(&body, &Profile::generic());
    let call = &out["messages"][0]["tool_calls"][0];
    let sent = call["function"]["name"].as_str().unwrap();
    assert_eq!(sent.len(), 64);
    assert_eq!(out["tools"][0]["function"]["name"], sent);
    assert_eq!(out["tool_choice"]["function"]["name"], sent);
    assert_eq!(call["id"].as_str().unwrap().len(), 40);
    assert_eq!(out["messages"][1]["tool_call_id"], call["id"]);
    let nine = Profile {
        call_ids: CallIds::Nine,
        ..Profile::generic()
    };
    let (out, _) = written(&body, &nine);
    assert_eq!(
        out["messages"][1]["tool_call_id"].as_str().unwrap().len(),
        9
    );
}

#[test]
fn the_clients_attribution_is_no_instruction() {
    let body = json!({"messages": [{"role": "system", "content": "x-anthropic-billing-header: cc_version=1"},
        {"role": "system", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "u"}]});
    let (out, _) = written(&body, &Profile::generic());
    assert_eq!(
        out["messages"][0],
        json!({"role": "system", "content": "a\n\nb"})
    );
    let user = Profile {
        system_role: SystemRole::User,
        alternate: true,
        ..Profile::generic()
    };
    let (out, _) = written(&body, &user);
    assert_eq!(
        out["messages"],
        json!([{"role": "user", "content": "a\nb\nu"}])
    );
}

#[test]
fn an_answer_that_was_begun_is_kept_or_asked_for() {
    let body = json!({"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "{"}]});
    let (out, _) = written(&body, &Profile::generic());
    assert_eq!(
        out["messages"][1],
        json!({"role": "assistant", "content": "{"})
    );
    let prefix = Profile {
        prefix: true,
        ..Profile::generic()
    };
    assert_eq!(written(&body, &prefix).0["messages"][1]["prefix"], true);
    let not = Profile {
        prefill: false,
        ..Profile::generic()
    };
    assert_eq!(written(&body, &not).0["messages"][1]["role"], "user");
}

#[test]
fn an_answers_form_is_asked_for_or_told() {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}});
    let body = json!({"messages": [{"role": "user", "content": "u"}], "response_format": format});
    assert_eq!(
        written(&body, &Profile::generic()).0["response_format"],
        format
    );
    let object = Profile {
        json_schema: false,
        ..Profile::generic()
    };
    let (out, _) = written(&body, &object);
    assert_eq!(out["response_format"], json!({"type": "json_object"}));
    assert!(
        out["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains("{\"type\":\"object\"}")
    );
}

#[test]
fn what_only_the_dialect_knows_comes_back() {
    let body = json!({"model": "target", "messages": [
        {"role": "user", "name": "Ann", "content": [{"type": "video_url", "video_url": {"url": "x"}}]}],
        "logit_bias": {"1": 2}, "store": true, "tools": [{"type": "openrouter:web_search", "max": 3}],
        "verbosity": "low", "reasoning_effort": "high"});
    let text = body.to_string();
    let request = read_request(text.as_bytes(), &Hints::default()).unwrap();
    let profile = Profile {
        reasoning: ReasoningRequest::Effort(Default::default()),
        ..Profile::generic()
    };
    assert_eq!(finish(&request, &profile).0, body);
}

#[test]
fn the_stops_that_are_not_sent_are_told() {
    let stops = ["a", "b", "c", "d", "e", "f"];
    let body = json!({"messages": [{"role": "user", "content": "u"}], "stop": stops}).to_string();
    let request = read_request(body.as_bytes(), &Hints::default()).unwrap();
    let profile = Profile::generic();
    assert_eq!(
        finish(&request, &profile).0["stop"],
        json!(["a", "b", "c", "d"])
    );
    assert_eq!(unsent_stops(&request, &profile), ["e", "f"]);
}

#[test]
fn a_customer_of_another_dialect_is_named_by_a_hash() {
    let user = "user_Ann_session_5f0c";
    let body = json!({"messages": [{"role": "user", "content": "u"}], "user": user});
    let (out, _) = written(&body, &Profile::openai("gpt-4o"));
    let name = out["safety_identifier"].as_str().unwrap();
    assert!(name.len() == 64 && !name.contains("Ann"));
    assert_eq!(out["prompt_cache_key"], "5f0c");
    let (out, notes) = written(&body, &Profile::generic());
    assert_eq!((out.get("user"), notes.count), (None, 1));
}

#[test]
fn templates_with_narrow_orders_get_what_they_take() {
    let profile = Profile {
        system_first: true,
        word_after_tools: true,
        ..Profile::generic()
    };
    let body = json!({"messages": [
        {"role": "system", "content": "first"},
        {"role": "user", "content": "go"},
        {"role": "system", "content": "mind this"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "seen"},
        {"role": "user", "content": "and now"}]});
    let (out, _) = written(&body, &profile);
    let messages = out["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        [
            "system",
            "user",
            "user",
            "assistant",
            "tool",
            "assistant",
            "user"
        ]
    );
    let reminder = messages[2]["content"].as_str().unwrap();
    assert!(reminder.starts_with("<system-reminder>") && reminder.contains("mind this"));
    assert_eq!(messages[6]["content"], "and now");
}

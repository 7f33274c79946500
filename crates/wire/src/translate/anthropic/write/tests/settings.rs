//! Length, thinking, sampling, tools and the cache.

use super::*;

fn thinks(amount: Amount) -> Request<'static> {
    let shown = None;
    Request {
        thinking: Some(Thinking { amount, shown }),
        ..hello()
    }
}

fn number(text: &'static str) -> Option<Json<'static>> {
    Some(Json::of_valid(text))
}

#[test]
fn an_answer_always_has_a_bound() {
    let bound = |request: &Request<'_>, model| written(request, model).0["max_tokens"].take();
    assert_eq!(bound(&hello(), "other"), 8192);
    assert_eq!(bound(&hello(), "claude-3-haiku-20240307"), 4096);
    assert_eq!(bound(&hello(), OPUS), 32_000);
    let mut asked = hello();
    asked.max_tokens = Some(50);
    assert_eq!(bound(&asked, OPUS), 50);
    asked.max_tokens = Some(100_000);
    let profile = Profile {
        max_output: Some(64_000),
        ..Profile::default()
    };
    assert_eq!(written_as(&asked, OPUS, &profile).0["max_tokens"], 64_000);
    assert_eq!(written_as(&hello(), OPUS, &profile).0["max_tokens"], 64_000);
}

#[test]
fn effort_becomes_a_budget_on_older_models_and_the_other_way_round() {
    let high = thinks(Amount::Effort(Effort::High));
    let (body, _) = written(&high, SONNET);
    assert_eq!(
        body["thinking"],
        json!({"type":"enabled","budget_tokens":16_384})
    );
    let (body, _) = written(&high, OPUS);
    assert_eq!(body["thinking"], json!({"type":"adaptive"}));
    assert_eq!(body["output_config"], json!({"effort":"high"}));
    let tokens = thinks(Amount::Tokens(5000));
    assert_eq!(
        written(&tokens, OPUS).0["output_config"],
        json!({"effort":"medium"})
    );
    assert_eq!(
        written(&tokens, SONNET).0["thinking"]["budget_tokens"],
        5000
    );
    let (body, notes) = written(&tokens, "claude-3-5-haiku-latest");
    assert_eq!((body.get("thinking"), notes), (None, 1));
    let off = thinks(Amount::Off);
    assert_eq!(
        written(&off, OPUS).0["thinking"],
        json!({"type":"disabled"})
    );
}

#[test]
fn a_budget_leaves_room_for_the_answer() {
    let with = |max_tokens, amount| {
        let mut request = thinks(amount);
        request.max_tokens = max_tokens;
        let (body, _) = written(&request, SONNET);
        (
            body["thinking"]["budget_tokens"].as_u64(),
            body["max_tokens"].as_u64().unwrap(),
        )
    };
    assert_eq!(with(Some(4000), Amount::Tokens(9000)), (Some(3000), 4000));
    assert_eq!(with(Some(1100), Amount::Tokens(100)), (Some(1024), 1100));
    assert_eq!(with(Some(1024), Amount::Effort(Effort::Low)), (None, 1024));
    assert_eq!(
        with(None, Amount::Effort(Effort::Max)),
        (Some(32_768), 40_960)
    );
}

#[test]
fn a_model_whose_calls_lost_their_thoughts_is_not_given_a_budget() {
    let mut request = thinks(Amount::Effort(Effort::Low));
    let spoken = |first: Option<Body<'static>>| {
        let bodies = first.into_iter().chain([call("a", "f", object("{}"))]);
        turn(Role::Assistant, bodies)
    };
    request.turns.push(spoken(None));
    request
        .turns
        .push(turn(Role::User, [result("a", Vec::new())]));
    assert_eq!(written(&request, SONNET).0.get("thinking"), None);
    assert_eq!(written(&request, OPUS).0["thinking"]["type"], "adaptive");
    request.turns[1] = spoken(Some(thinking("t", Some(OpaqueKind::Signature))));
    assert_eq!(written(&request, SONNET).0["thinking"]["type"], "enabled");
}

#[test]
fn sampling_keeps_within_what_the_model_takes() {
    let mut request = hello();
    request.sampling.temperature = number("1.7");
    request.sampling.top_p = number("0.9");
    request.sampling.seed = number("7");
    let (body, notes) = written(&request, SONNET);
    assert_eq!(
        (&body["temperature"], body.get("top_p"), notes),
        (&1.into(), None, 3)
    );
    let (body, _) = written(&request, "other");
    assert_eq!(
        (&body["temperature"], &body["top_p"]),
        (&1.into(), &0.9.into())
    );
    assert_eq!(written(&request, OPUS).0.get("temperature"), None);
    request.thinking = thinks(Amount::Tokens(2000)).thinking;
    request.sampling.temperature = number("0.5");
    assert_eq!(written(&request, SONNET).0.get("temperature"), None);
}

#[test]
fn no_tool_is_demanded_of_a_model_that_thinks_or_that_it_does_not_know() {
    let mut request = hello();
    request.tools.push(function("f"));
    request.parallel_tools = Some(false);
    let choice = |request: &Request<'_>| written(request, SONNET).0["tool_choice"].take();
    let serial = |kind: &str| json!({"type":kind,"disable_parallel_tool_use":true});
    assert_eq!(choice(&request), serial("auto"));
    request.tool_choice = Some(ToolChoice::Any);
    assert_eq!(choice(&request), serial("any"));
    request.tool_choice = Some(ToolChoice::Tool("other".into()));
    assert_eq!(choice(&request), serial("auto"));
    request.tool_choice = Some(ToolChoice::Tool("f".into()));
    let named = json!({"type":"tool","name":"f","disable_parallel_tool_use":true});
    assert_eq!(choice(&request), named);
    request.thinking = thinks(Amount::Tokens(2000)).thinking;
    assert_eq!(choice(&request), serial("auto"));
    request.tool_choice = Some(ToolChoice::None);
    assert_eq!(choice(&request), json!({"type":"none"}));
    request.tools.clear();
    assert_eq!(choice(&request), Value::Null);
}

#[test]
fn a_schema_is_kept_to_or_asked_for() {
    let mut request = hello();
    request.format = Some(Format::Schema {
        name: Some("n".into()),
        description: None,
        schema: Json::of_valid(r#"{"type":"object","properties":{}}"#),
        strict: Some(true),
    });
    let (body, _) = written(&request, SONNET);
    let schema = json!({"type":"object","properties":{},"additionalProperties":false});
    let want = json!({"format":{"type":"json_schema","schema":schema}});
    assert_eq!(body["output_config"], want);
    let (body, _) = written(&request, "claude-sonnet-4-0");
    assert_eq!(body.get("output_config"), None);
    let asked = body["system"][0]["text"].as_str().unwrap();
    assert!(asked.ends_with(r#"{"type":"object","properties":{}}"#));
}

#[test]
fn tools_are_named_once_and_only_bindable_ones_are_strict() {
    let strict = |name: &'static str, schema: &'static str| {
        tool(ToolKind::Function {
            name: name.into(),
            description: None,
            schema: Some(Json::of_valid(schema)),
            strict: Some(true),
        })
    };
    let mut request = hello();
    request.tools = vec![
        strict("f", r#"{"type":"object","additionalProperties":false}"#),
        strict("g", r#"{"type":"object"}"#),
        function("f"),
        tool(ToolKind::Server {
            kind: "file_search".into(),
            name: None,
            json: Json::of_valid(r#"{"type":"file_search"}"#),
        }),
    ];
    let (body, notes) = written(&request, SONNET);
    let tools = body["tools"].as_array().unwrap();
    assert_eq!((tools.len(), notes), (2, 2));
    assert_eq!(
        (&tools[0]["strict"], tools[1].get("strict")),
        (&true.into(), None)
    );
}

#[test]
fn a_prompt_without_marks_gets_some_and_one_with_too_many_loses_the_first() {
    let mut request = hello();
    request.system.push(text("be brief").into());
    request.tools = vec![function("f"), function("g")];
    let count = |body: &Value| body.to_string().matches("cache_control").count();
    let (body, _) = written_as(&request, OPUS, &Profile::default());
    assert_eq!(count(&body), 3);
    for marked in [
        &body["tools"][1],
        &body["system"][0],
        &body["messages"][0]["content"][0],
    ] {
        assert_eq!(marked["cache_control"], json!({"type":"ephemeral"}));
    }
    assert_eq!(count(&written(&request, OPUS).0), 0);
    let mark = Json::of_valid(r#"{"type":"ephemeral","ttl":"1h"}"#);
    for _ in 0..6 {
        let mut part = Part::from(text("x"));
        part.cache = Some(mark.clone());
        request.turns[0].parts.push(part);
    }
    let (body, _) = written_as(&request, OPUS, &Profile::default());
    assert_eq!(count(&body), 4);
    assert_eq!(
        body["messages"][0]["content"][6]["cache_control"]["ttl"],
        "1h"
    );
}

#[test]
fn who_is_served_is_told_by_user_or_cache_key() {
    let mut request = hello();
    request.cache_key = Some("session".into());
    request.service_tier = Some("default".into());
    let (body, _) = written(&request, OPUS);
    assert_eq!(body["metadata"], json!({"user_id":"session"}));
    assert_eq!(body["service_tier"], "standard_only");
    request.user = Some("u".repeat(300).into());
    assert_eq!(written(&request, OPUS).0.get("metadata"), None);
}

#[test]
fn a_search_of_the_web_becomes_anthropics_own() {
    let server = |kind: &'static str, json: &'static str| Tool {
        kind: ToolKind::Server {
            kind: kind.into(),
            name: None,
            json: Json::of_valid(json),
        },
        cache: None,
        extra: Extra::default(),
    };
    let sent = |tools: Vec<Tool<'static>>| {
        let (body, notes) = written(&Request { tools, ..hello() }, SONNET);
        (body.get("tools").cloned().unwrap_or_default(), notes)
    };
    let full = r#"{"type":"web_search","filters":{"allowed_domains":["a.b"]},"search_context_size":"low","user_location":{"type":"approximate","country":"DE","city":null}}"#;
    let want = json!([{"type":"web_search_20250305","name":"web_search","allowed_domains":["a.b"],
        "user_location":{"type":"approximate","country":"DE"}}]);
    assert_eq!(sent(vec![server("web_search", full)]), (want, 0));
    let google = server("googleSearch", r#"{"googleSearch":{}}"#);
    let want = json!([{"type":"web_search_20250305","name":"web_search"}]);
    assert_eq!(sent(vec![google.clone()]), (want.clone(), 0));
    assert_eq!(sent(vec![google.clone(), google]), (want, 1));
    for (kind, json) in [
        (
            "web_search",
            r#"{"type":"web_search","external_web_access":false}"#,
        ),
        ("file_search", r#"{"type":"file_search"}"#),
    ] {
        assert_eq!(sent(vec![server(kind, json)]), (Value::Null, 1), "{kind}");
    }
}

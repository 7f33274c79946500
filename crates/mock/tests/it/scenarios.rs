//! Who chooses the scenario, and how agents' conversations go on.

use serde_json::{Value, json};
use weir_mock::{MockConfig, Script};

use crate::client::{Api, ask, mock, post, raw, tell};

async fn said(mock: &weir_mock::Mock, prompt: &str, header: Option<&str>) -> String {
    let headers: Vec<(&str, &str)> = header
        .map(|name| ("X-Mock-Scenario", name))
        .into_iter()
        .collect();
    let body = Api::Anthropic.body(prompt, false).to_string();
    let reply = raw(mock, &post("/v1/messages", &headers, &body)).await;
    reply.json()["content"][0]["text"]
        .as_str()
        .unwrap_or("no text")
        .to_owned()
}

#[tokio::test]
async fn queue_beats_header_beats_marker_beats_default() {
    let config = MockConfig {
        scenario: "text,text=default".to_owned(),
        ..Default::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    let marker = "please [mock:text text=marker] do";
    assert_eq!(said(&mock, "hi", None).await, "default");
    assert_eq!(said(&mock, marker, None).await, "marker");
    assert_eq!(
        said(&mock, marker, Some("text,text=header")).await,
        "header"
    );
    mock.push(Script::scenario("text,text=queue"));
    assert_eq!(said(&mock, marker, Some("text,text=header")).await, "queue");
    assert_eq!(
        said(&mock, marker, Some("text,text=header")).await,
        "header"
    );
}

#[tokio::test]
async fn a_default_failure_leaves_the_rest_of_the_api_alone() {
    let config = MockConfig {
        scenario: "529".to_owned(),
        ..Default::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    let models = raw(
        &mock,
        b"GET /v1/models HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(models.status(), 200);
    let body = Api::Anthropic.body("hi", true);
    assert_eq!(tell(&mock, "/v1/messages", &body).await.status(), 529);
}

/// A conversation with the mock as Claude Code holds it, until no more tools are called.
async fn converse(mock: &weir_mock::Mock, prompt: &str, tools: &Value) -> (Vec<Value>, String) {
    let reminder = "<system-reminder>[mock:529] is not for you</system-reminder>";
    let mut messages = vec![
        json!({"role": "user", "content": [
            {"type": "text", "text": reminder}, {"type": "text", "text": prompt}]}),
        json!({"role": "system", "content": "Environment. [mock:529]"}),
    ];
    let mut calls = Vec::new();
    loop {
        let body = json!({"model": "m", "max_tokens": 99, "messages": messages, "tools": tools});
        let reply = tell(mock, "/v1/messages", &body).await.json();
        let content = reply["content"].as_array().unwrap().clone();
        messages.push(json!({"role": "assistant", "content": content}));
        let used: Vec<&Value> = content
            .iter()
            .filter(|block| block["type"] == "tool_use")
            .collect();
        if used.is_empty() {
            return (calls, content[0]["text"].as_str().unwrap().to_owned());
        }
        let mut results = Vec::new();
        for block in used {
            calls.push(json!([block["name"], block["input"]]));
            results.push(json!({"type": "tool_result", "tool_use_id": block["id"],
                "content": [{"type": "text", "text": "result [mock:529]"}]}));
        }
        results.push(json!({"type": "text", "text": reminder}));
        messages.push(json!({"role": "user", "content": results}));
    }
}

fn tools() -> Value {
    let text = json!({"type": "string"});
    json!([
        {"name": "Bash", "input_schema": {"type": "object", "required": ["command"],
            "properties": {"command": text, "description": text}}},
        {"name": "Agent", "input_schema": {"type": "object", "required": ["description", "prompt"],
            "properties": {"description": text, "prompt": text, "subagent_type": text,
                "run_in_background": {"type": "boolean"}}}},
        {"type": "web_search_20250305", "name": "web_search"},
    ])
}

#[tokio::test]
async fn an_agent_is_led_through_a_tool_round_trip() {
    let mock = mock().await;
    let prompt = r#"run it [mock:agent tool=Bash command="echo hi"] now"#;
    let (calls, last) = converse(&mock, prompt, &tools()).await;
    assert_eq!(calls, [json!(["Bash", {"command": "echo hi"}])]);
    assert_eq!(last, "Done. The tool returned: result [mock:529]");
    let (calls, last) = converse(&mock, "[mock:agent steps=3 text=fin]", &tools()).await;
    assert_eq!((calls.len(), last.as_str()), (3, "fin"));
    let (calls, _) = converse(&mock, "[mock:parallel n=2]", &tools()).await;
    assert_eq!(calls.len(), 2);
    let (calls, _) = converse(&mock, "[mock:agent tool=Absent]", &tools()).await;
    assert!(calls.is_empty(), "a tool that is not offered is not called");
}

#[tokio::test]
async fn a_subagent_is_started_and_answers_text() {
    let mock = mock().await;
    let (calls, _) = converse(&mock, "[mock:subagent prompt=\"Do it.\"]", &tools()).await;
    let input = json!({"description": "A small task", "prompt": "Do it.",
        "run_in_background": false});
    assert_eq!(calls, [json!(["Agent", input])]);
    let headers = [("x-claude-code-agent-id", "a1")];
    let body = Api::Anthropic.body("Do it.", false).to_string();
    let reply = raw(&mock, &post("/v1/messages", &headers, &body))
        .await
        .json();
    assert_eq!(
        reply["content"][0]["text"],
        "The subagent has done its task."
    );
}

#[tokio::test]
async fn requests_beside_the_conversation_do_not_obey_its_marker() {
    let mock = mock().await;
    let mut title = Api::Anthropic.body("[mock:529]", false);
    title["output_config"] = json!({"format": {"type": "json_schema", "schema": {
        "type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}}});
    let reply = tell(&mock, "/v1/messages", &title).await;
    assert_eq!(reply.json()["content"][0]["text"], r#"{"title":"mock"}"#);
    let mut probe = Api::Anthropic.body("[mock:529]", false);
    probe["max_tokens"] = json!(1);
    assert_eq!(tell(&mock, "/v1/messages", &probe).await.status(), 200);
    let routing = json!({"contents": [{"role": "user", "parts": [{"text": "[mock:529]"}]}],
        "generationConfig": {"responseJsonSchema": {"type": "object", "required": ["choice"],
            "properties": {"choice": {"type": "string", "enum": ["flash", "pro"]}}}}});
    let reply = tell(&mock, "/v1beta/models/x:generateContent", &routing)
        .await
        .json();
    assert_eq!(
        reply["candidates"][0]["content"]["parts"][0]["text"],
        r#"{"choice":"flash"}"#
    );
}

#[tokio::test]
async fn the_newest_prompt_counts() {
    let mock = mock().await;
    let body = |last: &str| {
        json!({"model": "m", "messages": [
            {"role": "user", "content": "[mock:529]"},
            {"role": "assistant", "content": "no"},
            {"role": "user", "content": last},
        ]})
    };
    assert_eq!(
        tell(&mock, "/v1/chat/completions", &body("again"))
            .await
            .status(),
        200
    );
    assert_eq!(
        tell(&mock, "/v1/chat/completions", &body("[mock:500]"))
            .await
            .status(),
        500
    );
}

#[tokio::test]
async fn codex_gets_calls_that_its_own_tools_understand() {
    let mock = mock().await;
    let text = json!({"type": "string"});
    let shell = json!({"type": "function", "name": "shell", "parameters": {"type": "object",
        "required": ["command"], "properties": {"command": {"type": "array", "items": text}}}});
    let exec = json!({"type": "function", "name": "exec_command", "parameters": {
        "type": "object", "required": ["cmd"], "properties": {"cmd": text}}});
    let local = json!({"type": "local_shell"});
    for (tool, kind, at, expected) in [
        (
            shell,
            "function_call",
            "/arguments",
            json!(r#"{"command":["bash","-lc","ls"]}"#),
        ),
        (
            exec,
            "function_call",
            "/arguments",
            json!(r#"{"cmd":"ls"}"#),
        ),
        (
            local,
            "local_shell_call",
            "/action/command",
            json!(["bash", "-lc", "ls"]),
        ),
    ] {
        let mut input = vec![
            json!({"type": "message", "role": "developer", "content": "be good"}),
            json!({"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "[mock:agent command=ls]"}]}),
            json!({"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "<environment_context>x</environment_context>"}]}),
        ];
        let body = json!({"model": "m", "input": input, "tools": [tool]});
        let reply = tell(&mock, "/v1/responses", &body).await.json();
        let call = reply["output"][0].clone();
        assert_eq!(
            (call["type"].as_str(), call.pointer(at)),
            (Some(kind), Some(&expected))
        );
        input.push(call.clone());
        input.push(
            json!({"type": format!("{kind}_output"), "call_id": call["call_id"],
            "output": "files"}),
        );
        let body = json!({"model": "m", "input": input, "tools": [tool]});
        let reply = tell(&mock, "/v1/responses", &body).await.json();
        let text = "Done. The tool returned: files";
        assert_eq!(reply["output"][0]["content"][0]["text"], text);
    }
}

#[tokio::test]
async fn a_tool_that_takes_free_text_is_called_with_it() {
    let mock = mock().await;
    let patch = json!({"model": "m", "tools": [{"type": "custom", "name": "apply_patch"}],
        "input": "[mock:tools tool=apply_patch input=\"*** Begin\"]"});
    let reply = tell(&mock, "/v1/responses", &patch).await.json();
    assert_eq!(
        (&reply["output"][0]["type"], &reply["output"][0]["input"]),
        (&json!("custom_tool_call"), &json!("*** Begin"))
    );
    let mut patch = Api::Chat.body("[mock:tools tool=apply_patch input=\"*** Begin\"]", false);
    patch["tools"] = json!([{"type": "custom", "custom": {"name": "apply_patch"}}]);
    let reply = tell(&mock, "/v1/chat/completions", &patch).await.json();
    let call = &reply["choices"][0]["message"]["tool_calls"][0];
    let expected = json!({"name": "apply_patch", "input": "*** Begin"});
    assert_eq!(
        (&call["type"], &call["custom"]),
        (&json!("custom"), &expected)
    );
}

#[tokio::test]
async fn words_count_behind_a_remark_in_the_same_text() {
    let mock = mock().await;
    let remark = "<system-reminder>\n[mock:529]\n</system-reminder>";
    for (prompt, expected) in [
        (format!("{remark}\n\n[mock:text text=mine]"), Some("mine")),
        (
            format!("{remark}{remark}[mock:text text=mine]"),
            Some("mine"),
        ),
        (format!("{remark}\n"), None),
        ("<system-reminder>[mock:529]".to_owned(), None),
    ] {
        let said = said(&mock, &prompt, None).await;
        assert_eq!(
            said,
            expected.unwrap_or("Hello from the mock. All is well.")
        );
    }
}

#[tokio::test]
async fn omitted_thinking_is_only_a_signature() {
    let mock = mock().await;
    let mut body = Api::Anthropic.body("[mock:thinking]", true);
    body["thinking"] = json!({"type": "adaptive", "display": "omitted"});
    let text = tell(&mock, "/v1/messages", &body).await.text();
    assert!(
        text.contains("signature_delta") && !text.contains("thinking_delta"),
        "{text}"
    );
}

#[tokio::test]
async fn any_header_and_a_delay_can_be_asked_for() {
    let mock = mock().await;
    let reply = ask(
        &mock,
        Api::Chat,
        "slow,delay=1,gap=1,header.X-Extra=1",
        true,
    )
    .await;
    assert_eq!(reply.header("x-extra"), Some("1"));
    assert!(reply.is_whole);
}

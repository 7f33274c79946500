//! Sessions as a client brings them about: who started whom, and finding them by what was said.

use http::Method;
use serde_json::{Value, json};
use weir_mock::Raw;

use crate::program::{Program, eventually, start};

const SESSION: &str = "503f36a0-0000-4000-8000-8c1c79653868";
const PROMPT: &str = "Fetch the weather for New York.";

/// What Claude Code 2.1.113 sends: the session's header, and none that names an agent.
async fn ask(weir: &Program, messages: &Value) {
    let user = json!({"device_id": "d", "account_uuid": "", "session_id": SESSION}).to_string();
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "stream": true,
        "messages": messages, "metadata": {"user_id": user}, "tools": [{"name": "Agent"}],
        "system": [{"type": "text",
            "text": "x-anthropic-billing-header: cc_version=2.1.113.b14; cc_entrypoint=sdk-ts;"}]});
    let headers = [
        ("x-claude-code-session-id", SESSION),
        ("user-agent", "claude-cli/2.1.113 (external, sdk-ts)"),
    ];
    assert_eq!(weir.message(&headers, &body).await.status, 200);
}

/// A stream that calls for an agent, the prompt in two pieces.
fn starting() -> Raw {
    let input = json!({"description": "weather", "subagent_type": "weather-fetcher",
        "prompt": PROMPT})
    .to_string();
    let (front, back) = input.split_at(input.len() / 2);
    let delta = |part: &str| {
        json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": part}})
    };
    let events = [
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
            "role": "assistant", "model": "claude-sonnet-4-5", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use",
            "id": "toolu_1", "name": "Agent", "input": {}}}),
        delta(front),
        delta(back),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": 20}}),
        json!({"type": "message_stop"}),
    ];
    let text: String = events
        .iter()
        .map(|data| {
            format!(
                "event: {}\ndata: {data}\n\n",
                data["type"].as_str().unwrap()
            )
        })
        .collect();
    Raw::new(200)
        .header("content-type", "text/event-stream")
        .body(text)
}

#[tokio::test]
async fn a_subagent_without_headers_hangs_below_the_turn_that_started_it() {
    let weir = start(&[]).await;
    weir.mock.push(starting());
    let first = json!({"role": "user", "content": "what is the weather like?"});
    ask(&weir, &json!([first])).await;
    let reminder = "<system-reminder>\nToday is Friday.\n</system-reminder>";
    ask(
        &weir,
        &json!([{"role": "user", "content": [{"type": "text", "text": reminder},
            {"type": "text", "text": PROMPT}]}]),
    )
    .await;
    let path = format!("/api/sessions/{SESSION}");
    let session = eventually(async || {
        let session = weir.get(&path).await.json();
        let ended = session["agents"]
            .as_array()
            .is_some_and(|all| all.len() == 2);
        ended.then_some(session)
    })
    .await;
    let agent = &session["agents"][1];
    assert_eq!(agent["id"], "toolu_1");
    assert_eq!(agent["parent"], Value::Null);
    assert_eq!(agent["type"], "weather-fetcher");
    assert_eq!(agent["startedBy"], session["turns"][0]["requestId"]);
    assert_eq!(session["turns"][1]["kind"], "subagent");
    assert_eq!(session["turns"][1]["agentId"], "toolu_1");

    // The words of the agent's prompt lead to the session, and say so as lists of exchanges do.
    let found = eventually(async || {
        let q = "/api/sessions?q=%22weather%20for%20New%20York%22";
        let list = weir.send(Method::GET, q, &[], "").await.json();
        (list["total"] == 1).then_some(list)
    })
    .await;
    assert_eq!(found["sessions"][0]["id"], SESSION);
    assert_eq!(found["complete"], true);
    let none = weir.get("/api/sessions?q=elsewhere").await.json();
    assert_eq!(
        (&none["total"], &none["complete"]),
        (&json!(0), &json!(true))
    );
}

//! Clients of Messages, an upstream of Chat.

use http::header::{AUTHORIZATION, USER_AGENT};
use serde_json::{Value, json};
use weir::embed::{HeaderMap, HeaderName, HeaderValue, Secret, Setup, start};
use weir_mock::{Gate, Mock, Raw};

use crate::client::{BODY, STREAM, Wire, ask, key, mock, request, say, translator};

/// What the upstream was sent last.
fn seen(mock: &Mock) -> Value {
    let received = mock.received();
    serde_json::from_slice(&received.last().unwrap().body).unwrap()
}

fn chunk(delta: &Value, finish: &Value) -> String {
    let chunk = json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {chunk}\n\n")
}

#[tokio::test]
async fn a_message_is_asked_for_in_chat_and_answered_in_messages() {
    let mock = mock().await;
    let translator = translator(&mock);
    let answer = say(&translator, BODY).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert_eq!(
        (&answer["type"], &answer["model"]),
        (&json!("message"), &json!("m1"))
    );
    assert_eq!(answer["stop_reason"], "end_turn");
    let received = &mock.received()[0];
    assert_eq!(
        (&*received.method, &*received.target),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(
        received.header("authorization"),
        Some("Bearer upstreams-token")
    );
    let own = translator.token().unwrap().expose();
    assert!(
        received
            .headers
            .iter()
            .all(|(_, value)| !value.contains(own))
    );
    assert_eq!(
        seen(&mock)["messages"],
        json!([{"role": "user", "content": "hi"}])
    );
}

#[tokio::test]
async fn the_base_address_is_taken_as_it_is() {
    let mock = mock().await;
    for (base, expected) in [
        ("/v1/", "/v1/chat/completions"),
        ("/api/paas/v4", "/api/paas/v4/chat/completions"),
        ("/openai", "/openai/chat/completions"),
        ("", "/chat/completions"),
    ] {
        mock.push(
            Raw::new(200)
                .header("content-type", "application/json")
                .body("{}"),
        );
        let upstream = format!("{}{base}", mock.url());
        let translator = start(&upstream, Secret::new("t"), HeaderMap::new(), None, "").unwrap();
        say(&translator, BODY).await;
        assert_eq!(mock.received().last().unwrap().target, expected);
    }
}

#[tokio::test]
async fn each_piece_of_a_stream_is_translated_when_it_comes() {
    let mock = mock().await;
    let translator = translator(&mock);
    let gate = Gate::new();
    mock.push(
        Raw::new(200)
            .header("content-type", "text/event-stream")
            .piece(chunk(
                &json!({"role": "assistant", "content": "one"}),
                &Value::Null,
            ))
            .pause(&gate)
            .piece(chunk(&json!({"content": "two"}), &Value::Null))
            .pause(&gate)
            .piece(chunk(&json!({}), &json!("stop")))
            .piece("data: [DONE]\n\n"),
    );
    let message = request("POST /v1/messages", &[&key(&translator)], STREAM);
    let mut wire = Wire::send(translator.addr(), &message).await;
    wire.until(r#""text":"one""#).await;
    gate.open();
    wire.until(r#""text":"two""#).await;
    gate.open();
    let (answer, whole) = wire.end().await;
    assert!(whole);
    let answer = answer.text();
    let events: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(
        events
            .iter()
            .filter(|event| **event != "ping")
            .copied()
            .collect::<Vec<_>>(),
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ],
        "{answer}"
    );
    assert_eq!(seen(&mock)["stream"], true);
}

#[tokio::test]
async fn headers_are_set_last_of_all() {
    let mock = mock().await;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Custom abc"));
    headers.insert(USER_AGENT, HeaderValue::from_static("mine"));
    let organisation = HeaderName::from_static("openai-organization");
    headers.append(&organisation, HeaderValue::from_static("one"));
    headers.append(&organisation, HeaderValue::from_static("two"));
    let token = Secret::new("upstreams-token");
    let translator = start(&mock.url(), token, headers, None, "mock").unwrap();
    ask(
        &translator,
        "POST /v1/messages",
        &[&key(&translator), "User-Agent: client"],
        BODY,
    )
    .await;
    let received = &mock.received()[0];
    let all = |name: &str| -> Vec<&str> {
        let found = received
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(all("authorization"), ["Custom abc"]);
    assert_eq!(all("user-agent"), ["mine"]);
    assert_eq!(all("openai-organization"), ["one", "two"]);
}

#[tokio::test]
async fn an_error_of_the_upstreams_keeps_its_status_and_is_said_in_messages() {
    let mock = mock().await;
    let translator = translator(&mock);
    let error = json!({"error": {"message": "slow down", "type": "rate_limit_error"}});
    // More than would open a breaker: there is nobody else to ask, so none is in the way.
    for _ in 0..8 {
        mock.push(
            Raw::new(429)
                .header("content-type", "application/json")
                .header("retry-after", "7")
                .body(error.to_string()),
        );
        let answer = say(&translator, BODY).await;
        assert_eq!(answer.status, 429);
        assert!(answer.head.contains("retry-after: 7"), "{}", answer.head);
        let answer = answer.json();
        assert_eq!(answer["type"], "error");
        assert_eq!(answer["error"]["type"], "rate_limit_error");
        assert_eq!(answer["error"]["message"], "slow down");
    }
}

#[tokio::test]
async fn models_have_other_names_upstream_and_their_own_in_the_answer() {
    let mock = mock().await;
    let upstream = format!("{}/v1", mock.url());
    let translator = Setup::translating(&upstream, Secret::new("t"))
        .model("m*", "theirs")
        .start()
        .unwrap();
    let answer = say(&translator, BODY).await.json();
    assert_eq!(seen(&mock)["model"], "theirs");
    assert_eq!(answer["model"], "m1");
}

#[tokio::test]
async fn the_question_for_the_quota_is_answered_without_the_upstream() {
    let mock = mock().await;
    let translator = translator(&mock);
    let quota = r#"{"model":"m1","max_tokens":1,"messages":[{"role":"user","content":"quota"}]}"#;
    let answer = say(&translator, quota).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["usage"]["output_tokens"], 1);
    assert!(mock.received().is_empty());
}

#[tokio::test]
async fn tokens_are_counted_without_the_upstream() {
    let mock = mock().await;
    let translator = translator(&mock);
    let line = "POST /v1/messages/count_tokens";
    let answer = ask(&translator, line, &[&key(&translator)], BODY).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json()["input_tokens"].as_u64().unwrap() > 0);
    assert!(mock.received().is_empty());
}

#[tokio::test]
async fn other_paths_are_not_found_and_other_methods_not_allowed() {
    let mock = mock().await;
    let translator = translator(&mock);
    let key = key(&translator);
    let answer = ask(&translator, "GET /dashboard", &[&key], "").await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (404, &json!("error"))
    );
    let answer = ask(&translator, "GET /v1/messages", &[&key], "").await;
    assert_eq!(answer.status, 405);
    assert!(mock.received().is_empty());
}

//! Captured requests sent again, and requests explained.

use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use weir_mock::{Gate, Raw};

use crate::program::{Got, Program, Two, eventually, small, start, within};

async fn post(weir: &Program, path: &str, body: &Value) -> Got {
    let headers = [("content-type", "application/json")];
    weir.send(Method::POST, path, &headers, body.to_string())
        .await
}

fn id(seen: &Value) -> String {
    seen["requestId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_captured_request_is_sent_again_to_another_provider_and_model() {
    let two = Two::start("").await;
    let headers = [("x-api-key", "sk-ant-own-secret"), ("x-kept", "1")];
    two.say(&headers).await;
    let first = id(&two.weir.newest().await);
    let path = format!("/api/requests/{first}/replay");
    let changes = json!({"provider": "u2", "model": "other", "headers": {"x-new": "2"}});
    let again = post(&two.weir, &path, &changes).await;
    assert_eq!(again.name(), "u2");
    let second = again.headers["x-weir-request-id"].to_str().unwrap();
    assert_ne!(second, first);
    let received = two.second.received().pop().unwrap();
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["model"], "other");
    assert_eq!(body["messages"], small()["messages"]);
    assert_eq!(received.header("x-kept"), Some("1"));
    assert_eq!(received.header("x-new"), Some("2"));
    assert!(
        received
            .headers
            .iter()
            .all(|(_, value)| !value.contains("sk-ant-own") && !value.contains("hmac"))
    );
    let seen = eventually(async || {
        let seen = two
            .weir
            .get(&format!("/api/requests/{second}"))
            .await
            .json();
        seen["response"].is_object().then_some(seen)
    })
    .await;
    assert_eq!(seen["headers"]["x-claude-code-request-class"][0], "replay");
    assert_eq!(seen["provider"], "u2");
    assert_eq!(seen["routedModel"], "other");
}

#[tokio::test]
async fn a_whole_other_body_can_be_sent_and_a_missing_one_is_said_to_be() {
    let two = Two::start("").await;
    two.say(&[]).await;
    let path = format!("/api/requests/{}/replay", id(&two.weir.newest().await));
    let mut body = small();
    body["max_tokens"] = json!(77);
    assert_eq!(
        post(&two.weir, &path, &json!({"body": body})).await.name(),
        "u1"
    );
    let received = two.weir.mock.received().pop().unwrap();
    assert_eq!(received.body, body.to_string());
    let unknown = post(&two.weir, "/api/requests/nope/replay", &json!({})).await;
    assert_eq!(unknown.status, 404);
    let unknown = post(&two.weir, &path, &json!({"provider": "nobody"})).await;
    assert_eq!(unknown.status, 404);
    for wrong in [
        json!({"bogus": 1}),
        json!({"headers": {"host": "x"}}),
        json!({"headers": {"a b": "x"}}),
    ] {
        let refused = post(&two.weir, &path, &wrong).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
        assert!(refused.json()["field"].is_string());
    }
}

#[tokio::test]
async fn a_provider_without_a_key_of_its_own_cannot_be_asked_again() {
    let weir = start(&[]).await;
    weir.message(&[("x-api-key", "sk-ant-own")], &small()).await;
    let path = format!("/api/requests/{}/replay", id(&weir.newest().await));
    let refused = post(&weir, &path, &json!({})).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("no key of its own"),
        "{}",
        refused.text()
    );
    assert_eq!(weir.mock.received().len(), 1);
}

#[tokio::test]
async fn a_replayed_stream_comes_as_it_comes() {
    let two = Two::start("").await;
    two.say(&[]).await;
    let path = format!("/api/requests/{}/replay", id(&two.weir.newest().await));
    let gate = Gate::new();
    let stream = Raw::new(200)
        .header("content-type", "text/event-stream")
        .piece("event: ping\ndata: {\"type\":\"ping\"}\n\n")
        .pause(&gate)
        .piece("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    two.weir.mock.push(stream);
    let headers = [("content-type", "application/json")];
    let mut answer = within(two.weir.open(Method::POST, &path, &headers, "{}")).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let first = within(answer.frame()).await.unwrap().unwrap();
    assert!(first.data_ref().unwrap().starts_with(b"event: ping"));
    gate.open();
    let rest = within(answer.collect()).await.unwrap().to_bytes();
    assert!(rest.starts_with(b"event: message_stop"));
}

#[tokio::test]
async fn a_request_is_explained_without_being_sent_or_counted() {
    let two = Two::start("routing: {strategy: round_robin, debug: true}\n").await;
    let asked = json!({"body": small(), "headers": {"x-api-key": "k"}});
    for _ in 0..3 {
        let told = post(&two.weir, "/api/routing/explain", &asked).await.json();
        assert_eq!(told["dialect"], "anthropic_messages");
        assert_eq!(told["operation"], "generate");
        assert_eq!(told["model"], "claude-sonnet-4-5");
        assert_eq!(told["strategy"], "round_robin");
        assert_eq!(
            told["candidates"][0]["provider"], "u1",
            "the turn does not go on"
        );
        assert_eq!(told["candidates"][0]["eligible"], true);
        assert_eq!(told["candidates"][1]["provider"], "u2");
        assert_eq!(told["candidates"][1]["keys"], 1);
    }
    assert_eq!(two.reached(), [0, 0]);
    assert_eq!(two.who().await, "u1");
    let told = post(&two.weir, "/api/routing/explain", &asked).await.json();
    assert_eq!(
        told["candidates"][0]["provider"], "u2",
        "as the next request goes"
    );
    assert_eq!(two.who().await, "u2");
    post(&two.weir, "/api/providers/u1/disable", &json!({})).await;
    let told = post(&two.weir, "/api/routing/explain", &asked).await.json();
    assert_eq!(told["candidates"][1]["eligible"], false);
    assert_eq!(told["candidates"][1]["why"], "it is switched off");
    let wrong = json!({"path": "/nowhere", "body": {}});
    let refused = post(&two.weir, "/api/routing/explain", &wrong).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json()["field"].as_str()),
        (400, Some("path"))
    );
    assert_eq!(two.weir.get("/api/requests").await.json()["total"], 2);
}

#[tokio::test]
async fn routing_tells_of_strategies_mapped_models_and_subagents() {
    let rest = "subagents: {enable: true, mappings: {a: 'u2:m', b: 'nobody,m'}}\n";
    let two = Two::start(rest).await;
    let told = two.weir.get("/api/routing").await.json();
    assert_eq!(told["strategy"], "failover");
    assert_eq!(told["subagents"]["enabled"], true);
    let agents = &told["subagents"]["agents"];
    assert_eq!(agents[0]["name"], "a");
    assert_eq!(agents[0]["provider"], "u2");
    assert_eq!(agents[0]["loaded"], false);
    assert!(agents[1]["warning"].as_str().unwrap().contains("`nobody`"));
    assert!(told["modelMap"].is_array());
}

#[tokio::test]
async fn what_a_provider_says_to_browsers_is_not_said_in_weirs_name() {
    let two = Two::start("").await;
    two.say(&[]).await;
    let path = format!("/api/requests/{}/replay", id(&two.weir.newest().await));
    let page = Raw::new(200)
        .header("content-type", "text/html")
        .header("set-cookie", "weir_session=; Path=/")
        .header("location", "https://evil.example/")
        .header("access-control-allow-origin", "*")
        .header("www-authenticate", "Basic realm=\"weir\"")
        .header("x-told", "1")
        .piece("<script>alert(1)</script>");
    two.weir.mock.push(page);
    let again = post(&two.weir, &path, &json!({})).await;
    assert_eq!(again.headers["x-told"], "1");
    for name in [
        "set-cookie",
        "location",
        "access-control-allow-origin",
        "www-authenticate",
    ] {
        assert!(!again.headers.contains_key(name), "{name}");
    }
    let policy = again.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(again.headers["x-content-type-options"], "nosniff");
    assert_eq!(again.headers["cache-control"], "no-store");
}

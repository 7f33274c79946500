use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use weir_core::event::{BodyForm, Event};
use weir_core::secret::Secret;
use weir_core::settings::services;
use weir_events::sink::{Outcome, Sink as _};
use weir_events::sinks::Helicone;

use crate::sample::{self, WithBodies as _, id, turn, turns};
use crate::stand_in::{Received, StandIn, answer};

fn to(there: &StandIn) -> Helicone {
    let settings = services::Helicone {
        url: Secret::new(format!("{}/custom/v1/log", there.url)),
        api_key: Secret::new("sk-helicone-hunter2"),
        timeout: Duration::from_secs(30),
    };
    Helicone::new(&settings).unwrap()
}

async fn logged(event: Event) -> Value {
    let there = StandIn::willing().await;
    let outcomes = to(&there).deliver(&[Arc::new(event)]).await;
    assert_eq!(outcomes, [Outcome::Delivered]);
    there.received().first().unwrap().json()
}

fn request_id(request: &Received) -> Value {
    request.json()["providerRequest"]["meta"]["request_id"].clone()
}

#[tokio::test]
async fn a_turn_is_logged_with_its_own_times_headers_and_usage() {
    let there = StandIn::willing().await;
    let event = turn(1);
    let outcomes = to(&there).deliver(&[Arc::new(event.clone())]).await;
    assert_eq!(outcomes, [Outcome::Delivered]);
    let received = there.received();
    let request = received.first().unwrap();
    assert_eq!(request.path, "/custom/v1/log");
    assert_eq!(
        request.header("authorization"),
        "Bearer sk-helicone-hunter2"
    );

    let asked: Value = serde_json::from_str(event.request_body.unwrap().get()).unwrap();
    let mut answered: Value = serde_json::from_str(event.response_body.unwrap().get()).unwrap();
    // What the provider counted stays beside what Helicone knows.
    let usage = answered["usage"].as_object_mut().unwrap();
    usage.insert("prompt_tokens".into(), 3410.into());
    usage.insert("completion_tokens".into(), 20.into());
    usage.insert("total_tokens".into(), 3430.into());
    let expected = json!({
        "providerRequest": {
            "url": "/v1/messages",
            "json": asked,
            "meta": {
                "request_id": id(1),
                "provider": "anthropic",
                "Helicone-Provider": "anthropic",
                "Helicone-Request-Id": id(1),
                "Helicone-Session-Id": "session-1",
                "Helicone-Session-Path": "/main",
                "Helicone-Session-Name": "claude_code",
                "Helicone-Property-Project": id(1000),
                "Helicone-Property-Token": id(2000),
                "Helicone-Property-Client": "claude_code",
                "Helicone-Property-Class": "main",
                "Helicone-Property-Upstream": "anthropic",
                "Helicone-Property-Outcome": "complete",
            },
        },
        "providerResponse": {
            "status": 200,
            "headers": {"content-type": "text/event-stream"},
            "json": answered,
        },
        "timing": {
            "startTime": {"seconds": sample::START, "milliseconds": 250},
            "endTime": {"seconds": sample::START + 2, "milliseconds": 750},
            "timeToFirstToken": 400,
        },
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn every_dialect_is_logged_as_its_vendors() {
    for (dialect, vendor) in [
        ("anthropic_messages", "anthropic"),
        ("openai_chat", "openai"),
        ("openai_responses", "openai"),
        ("gemini", "google"),
    ] {
        let event = Event {
            dialect: dialect.into(),
            ..turn(1)
        };
        let event = event.with_response(&json!({"candidates": []}));
        let log = logged(event).await;
        let meta = &log["providerRequest"]["meta"];
        assert_eq!(meta["Helicone-Provider"], vendor);
        let usage = &log["providerResponse"]["json"]["usage"];
        assert_eq!(
            usage,
            &json!({"prompt_tokens": 3410, "completion_tokens": 20, "total_tokens": 3430})
        );
    }
}

#[tokio::test]
async fn answers_that_are_no_json_are_logged_as_far_as_they_can_be() {
    let text = logged(turn(1).with_response(&json!("upstream connect error"))).await;
    let response = &text["providerResponse"];
    assert_eq!(response["textBody"], "upstream connect error");
    assert_eq!(response["json"]["note"], "response was not JSON; omitted");

    let mut binary = turn(1);
    binary.response_body = None;
    binary.response_body_facts.form = BodyForm::Binary;
    binary.request_body = None;
    binary.request_body_facts.form = BodyForm::Absent;
    let log = logged(binary).await;
    assert_eq!(
        log["providerRequest"]["json"],
        json!({"model": "claude-sonnet-4-5"})
    );
    assert_eq!(
        log["providerResponse"]["json"]["usage"]["total_tokens"],
        3430
    );
    assert!(log["providerResponse"].get("textBody").is_none());
}

#[tokio::test]
async fn what_was_never_answered_and_what_is_no_turn_is_skipped() {
    let there = StandIn::willing().await;
    let unanswered = Event {
        status: None,
        response_body: None,
        token_usage: None,
        ..turn(1)
    };
    let models = Event {
        method: "GET".into(),
        operation: "models".into(),
        ..turn(2)
    };
    let batch = [Arc::new(unanswered), Arc::new(models)];
    let outcomes = to(&there).deliver(&batch).await;
    assert_eq!(outcomes, [Outcome::Skipped, Outcome::Skipped]);
    assert!(there.received().is_empty());
}

#[tokio::test]
async fn a_bad_one_is_never_tried_again_and_a_failed_one_is_by_itself() {
    let there = StandIn::start(|_, request| {
        let log = request_id(request);
        match log == json!(id(2)) {
            true => answer(400, "bad request"),
            false if log == json!(id(3)) => answer(500, "oops"),
            false => answer(200, ""),
        }
    })
    .await;
    let sink = to(&there);
    let outcomes = sink.deliver(&turns(1..6)).await;
    let expected = [
        Outcome::Delivered,
        Outcome::Refused {
            why: "400 Bad Request: bad request".into(),
        },
        Outcome::Later {
            why: "500 Internal Server Error: oops".into(),
            after: None,
        },
        Outcome::Delivered,
        Outcome::Delivered,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(there.received().len(), 5, "each once");

    sink.deliver(&turns(3..4)).await;
    assert_eq!(there.received().len(), 6, "only what was not taken");
}

#[tokio::test]
async fn no_reason_holds_the_key() {
    let there = StandIn::start(|_, request| {
        let said = request.header("authorization").to_owned();
        answer(401, format!("no account has {said}"))
    })
    .await;
    let sink = to(&there);
    let outcomes = sink.deliver(&turns(1..3)).await;
    assert!(!format!("{outcomes:?}{sink:?}").contains("hunter2"));
    assert!(format!("{outcomes:?}").contains("401 Unauthorized"));
}

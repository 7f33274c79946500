//! Streams in Amazon's framing: what goes wrong in them, and what is changed in them.

use serde_json::Value;
use weir_core::exchange::End;
use weir_mock::Script;

use crate::net::{Answer, text};
use crate::rig::{Rig, rig, zai};

const STREAM: &[u8] =
    br#"{"model":"m1","stream":true,"max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
const MODEL: &str = "us.anthropic.claude-v1:0";

/// Bedrock as `u1`, with `more` below it, and what else there is. One failure opens a breaker.
async fn before(routing: &str, more: &str, others: &str) -> Rig {
    let count = if others.is_empty() { 1 } else { 2 };
    let yaml = format!(
        "routing:\n  debug: true\n{routing}\
         health: {{circuit_breaker: {{failure_threshold: 1}}, health_check: {{enabled: false}}}}\n\
         providers:\n  - name: u1\n    type: bedrock\n    base_url: \"{{u1}}\"\n    priority: 2\n    \
         max_retries: 0\n    aws_region: us-east-1\n    aws_access_key_id: AKIDEXAMPLE\n    \
         aws_secret_access_key: secret\n    model_mapping: {{m1: \"{MODEL}\"}}\n{more}{others}"
    );
    rig(count, &yaml).await
}

async fn alone() -> Rig {
    before("", "", "").await
}

async fn with_another() -> Rig {
    before("", "", &zai("u2", "")).await
}

async fn stream(rig: &Rig, scenario: &str) -> Answer {
    rig.mocks[0].push(Script::scenario(scenario));
    rig.send(&[], STREAM).await
}

fn breaker(rig: &Rig) -> &'static str {
    let snapshot = rig.net.gateway.snapshot.load();
    let member = snapshot.fleet.member("u1").unwrap();
    member.breaker_state(weir_proxy::clock::now()).as_str()
}

fn events(answer: &Answer) -> Vec<(String, Value)> {
    let body = text(&answer.body);
    let pairs = body.split_terminator("\n\n").map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let data = data.strip_prefix("data: ").unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_owned();
        (name, serde_json::from_str(data).unwrap())
    });
    pairs.collect()
}

#[tokio::test]
async fn an_exception_in_the_first_frame_is_found_before_the_client_sees_it() {
    for (kind, status) in [
        ("throttlingException", 429),
        ("serviceUnavailableException", 529),
        ("modelStreamErrorException", 500),
        ("internalServerException", 500),
        ("modelTimeoutException", 504),
    ] {
        for split in ["", ",split=byte"] {
            let rig = with_another().await;
            let answer = stream(&rig, &format!("error_200,type={kind}{split}")).await;
            assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"), "{kind}");
            assert!(answer.whole);
            let record = rig.net.records.ended(1).await;
            assert_eq!(record.route.tries[0].status, Some(status), "{kind}");
            assert_eq!(breaker(&rig), "open", "{kind}");
        }
    }
}

#[tokio::test]
async fn a_request_that_bedrock_finds_wrong_goes_no_further() {
    let rig = with_another().await;
    let answer = stream(&rig, "error_200,type=validationException,message=no").await;
    assert_eq!(answer.status, 400);
    let error = answer.json()["error"].take();
    assert_eq!(error["type"], "invalid_request_error");
    assert_eq!(error["message"], "validationException: no");
    assert_eq!(rig.received(), [1, 0]);
    assert_eq!(breaker(&rig), "closed");
}

#[tokio::test]
async fn what_was_read_to_find_an_exception_reaches_the_client_once() {
    let expected = events(&stream(&alone().await, "text,text=hello there").await);
    assert_eq!(expected.first().unwrap().0, "message_start");
    assert_eq!(expected.last().unwrap().0, "message_stop");
    for split in ["", ",split=byte", ",split=random:7:90"] {
        let rig = with_another().await;
        let answer = stream(&rig, &format!("text,text=hello there{split}")).await;
        assert_eq!(answer.header("x-cc-relay-provider"), Some("u1"));
        let names = |all: &[(String, Value)]| -> Vec<String> {
            all.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&events(&answer)), names(&expected), "{split}");
        let record = rig.net.records.ended(1).await;
        assert_eq!(record.end, End::Complete);
        assert_eq!(breaker(&rig), "closed");
    }
}

#[tokio::test]
async fn an_exception_in_the_middle_is_the_clients_last_event_and_a_failure() {
    for rig in [alone().await, with_another().await] {
        let answer = stream(
            &rig,
            "stream_error,type=modelStreamErrorException,message=no",
        )
        .await;
        assert_eq!((answer.status, answer.whole), (200, true));
        let events = events(&answer);
        assert_eq!(events.first().unwrap().0, "message_start");
        let (name, data) = events.last().unwrap();
        assert_eq!(name, "error");
        assert_eq!(data["error"]["type"], "api_error");
        let told = "modelStreamErrorException: no";
        assert_eq!(data["error"]["message"], told);
        let record = rig.net.records.ended(1).await;
        assert_eq!(record.end, End::UpstreamBroke(told.into()));
        assert_eq!(breaker(&rig), "open");
    }
}

#[tokio::test]
async fn an_exception_that_nobody_else_can_help_with_is_told_in_the_stream() {
    let rig = alone().await;
    let answer = stream(&rig, "error_200,type=throttlingException").await;
    assert_eq!((answer.status, answer.whole), (200, true));
    let events = events(&answer);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1["error"]["type"], "rate_limit_error");
    assert_eq!(breaker(&rig), "open");
    let rig = alone().await;
    stream(&rig, "error_200,type=validationException").await;
    assert_eq!(rig.net.records.ended(1).await.end, End::Complete);
    assert_eq!(breaker(&rig), "closed", "the request was at fault");
}

#[tokio::test]
async fn a_corrupt_frame_is_a_break() {
    for rig in [alone().await, with_another().await] {
        let answer = stream(&rig, "corrupt").await;
        assert_eq!((answer.status, answer.whole), (200, false));
        assert_eq!(events(&answer).first().unwrap().0, "message_start");
        let record = rig.net.records.ended(1).await;
        assert!(matches!(record.end, End::UpstreamBroke(_)));
        assert_eq!(breaker(&rig), "open");
    }
    let rig = with_another().await;
    let answer = stream(&rig, "corrupt,after=0").await;
    assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"));
    assert_eq!(breaker(&rig), "open");
}

#[tokio::test]
async fn names_are_put_back_and_signatures_get_their_family_in_frames_too() {
    let thinking = "  thinking:\n    prefix: true\n";
    let rig = before(thinking, "    reverse_model_mapping: true\n", "").await;
    let answer = stream(&rig, "thinking").await;
    assert!(answer.whole);
    let events = events(&answer);
    assert_eq!(events[0].1["message"]["model"], "m1");
    let signature = |(_, data): &(String, Value)| {
        let signature = data["delta"]["signature"].as_str()?;
        Some(signature.to_owned())
    };
    let signatures: Vec<String> = events.iter().filter_map(signature).collect();
    assert!(!signatures.is_empty(), "{events:?}");
    assert!(signatures.iter().all(|one| one.starts_with("claude#")));
}

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use jiff::Timestamp;
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services::{self, S3Credential};
use weir_events::sink::{Outcome, Sink as _};
use weir_events::sinks::S3;

use crate::sample::{START, id, turn, turns};
use crate::stand_in::{Received, StandIn, answer};

fn settings(url: &str) -> services::S3 {
    services::S3 {
        bucket: "events".into(),
        prefix: "weir/prod".into(),
        region: Some("eu-central-1".into()),
        endpoint: Some(Secret::new(url)),
        credential: Some(S3Credential {
            access_key_id: Secret::new("AKIAHUNTER2HUNTER2HU"),
            secret_access_key: Secret::new("hunter2/secret+key"),
            session_token: None,
        }),
        timeout: Duration::from_secs(30),
    }
}

/// A store that takes everything.
async fn bucket() -> StandIn {
    StandIn::start(|_, _| {
        let answer = Response::builder().status(200).header("etag", "\"1\"");
        answer.body("".into()).unwrap()
    })
    .await
}

fn events(request: &Received) -> Vec<Event> {
    let text = String::from_utf8(request.unpacked()).unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_batch_is_an_object_of_packed_lines_under_its_hour() {
    let there = bucket().await;
    let sink = S3::new(&settings(&there.url)).unwrap();
    let mut batch = turns(2..4);
    let late = Timestamp::from_second(START + 13 * 3600 + 59).unwrap();
    batch.insert(
        0,
        Arc::new(Event {
            timestamp: late,
            ..turn(1)
        }),
    );
    assert_eq!(sink.deliver(&batch).await, vec![Outcome::Delivered; 3]);

    let received = there.received();
    let [request] = &*received else {
        panic!("{received:?}")
    };
    assert_eq!(request.method, "PUT");
    let name = format!(
        "/events/weir/prod/dt=2026-01-01/hour=13/{}-3.jsonl.gz",
        id(1)
    );
    assert_eq!(request.path.replace("%3D", "="), name);
    assert_eq!(request.header("content-type"), "application/gzip");
    let ids: Vec<_> = events(request)
        .iter()
        .map(|event| event.request_id)
        .collect();
    assert_eq!(ids, [id(1), id(2), id(3)]);

    let signature = request.header("authorization");
    let signed = "AWS4-HMAC-SHA256 Credential=AKIAHUNTER2HUNTER2HU/";
    assert!(signature.starts_with(signed), "{signature}");
    assert!(
        signature.contains("/eu-central-1/s3/aws4_request"),
        "{signature}"
    );
    assert!(!request.header("x-amz-date").is_empty());
    let digest = sha256(&request.body);
    assert_eq!(
        request.header("x-amz-content-sha256"),
        digest,
        "what is signed is what came"
    );
}

fn sha256(body: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn a_repeat_takes_the_place_of_the_first() {
    let there = bucket().await;
    let sink = S3::new(&settings(&there.url)).unwrap();
    sink.deliver(&turns(1..3)).await;
    sink.deliver(&turns(1..3)).await;
    let received = there.received();
    assert_eq!(received[0].path, received[1].path);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_store_that_is_busy_is_tried_later_and_only_then() {
    let there = StandIn::start(|_, _| {
        let answer = Response::builder().status(503).header("retry-after", "3");
        let body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
        answer.body(body.into()).unwrap()
    })
    .await;
    let sink = S3::new(&settings(&there.url)).unwrap();
    let outcomes = sink.deliver(&turns(1..3)).await;
    let later = Outcome::Later {
        why: "503 Service Unavailable: SlowDown: Please reduce your request rate.".into(),
        after: Some(Duration::from_secs(3)),
    };
    assert_eq!(outcomes, vec![later; 2]);
    assert_eq!(
        there.received().len(),
        1,
        "the dispatcher tries again, not the library"
    );
}

#[tokio::test]
async fn a_refusal_says_why_and_no_credential() {
    let there = StandIn::start(|_, request| {
        let body = format!(
            "<Error><Code>SignatureDoesNotMatch</Code><Message>It does not match: hunter2/secret+key</Message>\
             <StringToSign>{}</StringToSign></Error>",
            request.header("authorization")
        );
        answer(403, body)
    })
    .await;
    let sink = S3::new(&settings(&there.url)).unwrap();
    let outcomes = sink.deliver(&turns(1..2)).await;
    let why = "403 Forbidden: SignatureDoesNotMatch: It does not match: ***".into();
    assert_eq!(outcomes, [Outcome::Refused { why }]);
    let printed = format!("{sink:?}{:?}", settings(&there.url));
    assert!(
        !printed.to_ascii_lowercase().contains("hunter2"),
        "{printed}"
    );
}

#[tokio::test]
async fn nobody_there_is_later() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sink = S3::new(&settings(&url)).unwrap();
    let outcomes = sink.deliver(&turns(1..2)).await;
    assert!(
        matches!(&*outcomes, [Outcome::Later { why, .. }] if why.contains("refused")),
        "{outcomes:?}"
    );
}

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Response;
use sha2::Sha256;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services;
use weir_events::sink::{Outcome, Sink as _};
use weir_events::sinks::Webhook;

use crate::sample::turns;
use crate::stand_in::{Received, StandIn, answer};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn to(url: &str) -> services::Webhook {
    services::Webhook {
        url: Secret::new(format!("{url}/hook?token=hunter2")),
        secret: Some(Secret::new(SECRET)),
        headers: vec![(
            http::HeaderName::from_static("x-team"),
            Secret::new("platform"),
        )],
        batch: true,
        gzip: false,
        timeout: Duration::from_secs(30),
    }
}

/// Checks a signature as a receiver does, from what came over the wire alone.
fn is_signed(request: &Received) -> bool {
    let key = STANDARD
        .decode(SECRET.trim_start_matches("whsec_"))
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let id = request.header("webhook-id");
    let timestamp = request.header("webhook-timestamp");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&request.body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    request.header("webhook-signature") == format!("v1,{signature}")
}

#[tokio::test]
async fn a_batch_is_one_signed_array() {
    let there = StandIn::willing().await;
    let sink = Webhook::new(&to(&there.url)).unwrap();
    let batch = turns(1..4);
    let outcomes = sink.deliver(&batch).await;
    assert_eq!(outcomes, vec![Outcome::Delivered; 3]);

    let received = there.received();
    let [request] = &*received else {
        panic!("{received:?}")
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/hook?token=hunter2");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("x-team"), "platform");
    assert!(is_signed(request));
    let events: Vec<Event> = serde_json::from_slice(&request.body).unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.request_id).collect();
    let sent: Vec<_> = batch.iter().map(|event| event.request_id).collect();
    assert_eq!(ids, sent);
    let whole: Vec<_> = batch.iter().map(|event| &**event).collect();
    assert_eq!(serde_json::to_value(whole).unwrap(), request.json());

    sink.deliver(&batch).await;
    let received = there.received();
    assert_eq!(
        received.first().unwrap().header("webhook-id"),
        received.last().unwrap().header("webhook-id"),
        "a repeat can be told"
    );
}

#[tokio::test]
async fn events_can_come_one_by_one_and_packed() {
    let there = StandIn::willing().await;
    let settings = services::Webhook {
        batch: false,
        gzip: true,
        ..to(&there.url)
    };
    let sink = Webhook::new(&settings).unwrap();
    let outcomes = sink.deliver(&turns(1..7)).await;
    assert_eq!(outcomes, vec![Outcome::Delivered; 6]);
    let mut received = there.received();
    assert!(received.iter().all(is_signed), "the bytes that were sent");
    received.sort_by_key(|request| request.header("webhook-id").to_owned());
    for (request, event) in received.iter().zip(turns(1..7)) {
        assert_eq!(request.header("content-encoding"), "gzip");
        let id = event.request_id.simple();
        assert_eq!(request.header("webhook-id"), format!("evt_{id}"));
        let told: Event = serde_json::from_slice(&request.unpacked()).unwrap();
        assert_eq!(told.request_id, event.request_id);
    }
}

#[tokio::test]
async fn one_event_that_is_refused_keeps_none_of_the_others() {
    let there = StandIn::start(|_, request| {
        let text = String::from_utf8_lossy(&request.body);
        match text.contains(&crate::sample::id(2).to_string()) {
            true => answer(400, "I do not like number two"),
            false => answer(204, ""),
        }
    })
    .await;
    let sink = Webhook::new(&to(&there.url)).unwrap();
    let outcomes = sink.deliver(&turns(1..5)).await;
    let why = "400 Bad Request: I do not like number two".to_owned();
    let expected = [
        Outcome::Delivered,
        Outcome::Refused { why },
        Outcome::Delivered,
        Outcome::Delivered,
    ];
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_service_that_is_down_is_asked_once_and_waited_for() {
    for batch in [true, false] {
        let there = StandIn::start(|_, _| {
            let answer = Response::builder().status(503).header("retry-after", "9");
            answer.body("restarting".into()).unwrap()
        })
        .await;
        let settings = services::Webhook {
            batch,
            ..to(&there.url)
        };
        let sink = Webhook::new(&settings).unwrap();
        let outcomes = sink.deliver(&turns(0..40)).await;
        let later = Outcome::Later {
            why: "503 Service Unavailable: restarting".to_owned(),
            after: Some(Duration::from_secs(9)),
        };
        assert_eq!(outcomes, vec![later; 40]);
        let asked = there.received().len();
        assert!(asked <= 4, "{asked} requests");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let there = StandIn::start(|_, _| {
        let answer = Response::builder().status(307);
        let answer = answer.header("location", "/elsewhere");
        answer.body("".into()).unwrap()
    })
    .await;
    let sink = Webhook::new(&to(&there.url)).unwrap();
    let outcomes = sink.deliver(&turns(0..1)).await;
    assert!(matches!(&*outcomes, [Outcome::Refused { why }] if why.contains("redirect")));
    assert_eq!(there.received().len(), 1);
}

#[tokio::test]
async fn a_service_that_says_nothing_is_given_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await
    });
    let settings = services::Webhook {
        timeout: Duration::from_millis(50),
        ..to(&url)
    };
    let sink = Webhook::new(&settings).unwrap();
    let outcomes = sink.deliver(&turns(0..2)).await;
    let why = "no answer within 50ms".to_owned();
    assert_eq!(outcomes, vec![Outcome::Later { why, after: None }; 2]);
    silent.abort();
}

#[tokio::test]
async fn nobody_there_is_later_and_says_no_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sink = Webhook::new(&to(&url)).unwrap();
    let outcomes = sink.deliver(&turns(0..1)).await;
    let [Outcome::Later { why, .. }] = &*outcomes else {
        panic!("{outcomes:?}")
    };
    assert!(why.contains("refused"), "{why}");
    assert!(!why.contains("hunter2") && !format!("{sink:?}").contains("hunter2"));
}

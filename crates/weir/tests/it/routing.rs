//! Providers that fail, are slow, fall ill and get well again, as clients of a gateway see it.

use std::time::{Duration, Instant};

use http::{Method, Request, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use weir_mock::{Mock, MockConfig};

use crate::program::{
    Got, MESSAGES, Program, Setup, Two, entry, eventually, named, small, start, start_in, within,
};

/// What a breaker opens after, for long; nobody looks after providers.
fn breaker(threshold: u32) -> String {
    format!(
        "health: {{circuit_breaker: {{failure_threshold: {threshold}, open_duration_ms: 60000}}, \
         health_check: {{enabled: false}}}}\n"
    )
}

async fn breaker_of(weir: &Program, provider: &str) -> Value {
    let seen = weir.get(&format!("/api/providers/{provider}")).await;
    seen.json()["breaker"]["state"].take()
}

/// Starts one in front of a mock, with this configuration file.
fn start_on(mock: Mock, text: &str, env: &[(&str, &str)]) -> Program {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weir.yaml"), text).unwrap();
    let setup = Setup {
        env,
        ..Setup::default()
    };
    start_in(folder, mock, setup)
}

#[tokio::test]
async fn http_2_is_spoken_to_who_begins_with_it_and_http_1_to_others() {
    let weir = start(&[]).await;
    let authority = weir.url.strip_prefix("http://").unwrap();
    let stream = TokioIo::new(TcpStream::connect(authority).await.unwrap());
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut sender, connection) = within(shaken).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("{}/health", weir.url));
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let response = within(sender.send_request(request)).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(response.status(), 200);
    let body = within(response.into_body().collect()).await.unwrap();
    let health: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    assert_eq!(health["status"], "healthy");

    let plain = within(weir.open(Method::GET, "/health", &[], "")).await;
    assert_eq!(plain.version(), Version::HTTP_11);
    assert_eq!(plain.status(), 200);
}

/// One whose two providers take three seconds to answer.
async fn slow(rest: &str) -> Program {
    let config = MockConfig {
        scenario: "slow,delay=3000".to_owned(),
        ..MockConfig::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    let chat = "- {name: chat, type: openai_compatible";
    let chat = format!("{chat}, base_url: '{}', keys: [k-chat]}}\n", mock.url());
    let text = format!("providers:\n{}{chat}{rest}", entry("u1", &mock.url(), ""));
    start_on(mock, &text, &[])
}

async fn timed(answer: impl Future<Output = Got>) -> (Got, Duration) {
    let began = Instant::now();
    (answer.await, began.elapsed())
}

fn chat(weir: &Program) -> impl Future<Output = Got> {
    let headers = [("content-type", "application/json")];
    let body = small().to_string();
    async move {
        let path = "/v1/chat/completions";
        weir.send(Method::POST, path, &headers, body).await
    }
}

#[tokio::test]
async fn a_provider_that_is_slower_than_allowed_is_given_up_and_otherwise_waited_for() {
    let hasty = slow("server: {timeout_ms: 1000}\n").await;
    let patient = slow("").await;
    let message = small();
    let (given_up, other, waited) = tokio::join!(
        timed(hasty.message(&[], &message)),
        timed(chat(&hasty)),
        timed(patient.message(&[], &message)),
    );
    for (got, took) in [&given_up, &other] {
        assert_eq!(got.status, 504, "{}", got.text());
        assert_eq!(got.headers["content-type"], "application/json");
        assert!((1000..1500).contains(&took.as_millis()), "{took:?}");
    }
    let anthropic = given_up.0.json();
    assert_eq!(anthropic["type"], "error");
    assert_eq!(anthropic["error"]["type"], "timeout_error");
    let openai = other.0.json();
    assert!(openai["error"]["message"].is_string() && openai.get("type").is_none());

    assert_eq!(waited.0.status, 200, "{}", waited.0.text());
    assert!(waited.1 >= Duration::from_secs(3), "{:?}", waited.1);
}

#[tokio::test]
async fn an_answer_that_is_a_failure_is_made_good_by_the_next_provider() {
    for failure in ["500", "429", "502", "503", "504"] {
        let two = Two::start("").await;
        two.weir.mock.for_path(MESSAGES, failure);
        assert_eq!(two.who().await, "u2", "{failure}");
        assert_eq!(two.reached(), [1, 1], "{failure}");
        let tries = two.weir.newest().await["route"]["tries"].take();
        let status = |index: usize| tries[index]["status"].to_string();
        assert_eq!([status(0), status(1)], [failure, "200"], "{tries}");
    }
}

#[tokio::test]
async fn a_provider_whose_breaker_has_opened_is_not_asked() {
    let two = Two::start(&breaker(2)).await;
    two.weir.mock.for_path(MESSAGES, "500");
    for asked in 1..=2 {
        assert_eq!(two.who().await, "u2");
        assert_eq!(two.reached(), [asked, asked]);
    }
    assert_eq!(breaker_of(&two.weir, "u1").await, "open");
    assert_eq!(two.who().await, "u2");
    assert_eq!(two.reached(), [2, 3], "the third is spared the failure");
    let log = two.weir.log();
    assert!(log.contains("circuit breaker state change"), "{log}");
}

#[tokio::test]
async fn when_the_only_provider_is_ill_the_client_is_told_so() {
    let mock = named("u1", false).await;
    let text = format!("providers:\n{}{}", entry("u1", &mock.url(), ""), breaker(2));
    let weir = start_on(mock, &text, &[]);
    weir.mock.for_path(MESSAGES, "500");
    for _ in 0..2 {
        assert_eq!(weir.message(&[], &small()).await.status, 500);
    }
    let refused = weir.message(&[], &small()).await;
    assert_eq!(refused.status, 503);
    let message = "failed to select provider: router: all providers unhealthy";
    let error = refused.json();
    assert_eq!(error["type"], "error");
    assert_eq!(error["error"]["message"], message);
    assert_eq!(weir.mock.received().len(), 2, "it is left alone");
}

/// One provider falls ill, stays so while its probes fail, and is asked again soon after it is
/// well, long before its breaker would have let it.
async fn gets_well(two: &Two) {
    let mock = &two.weir.mock;
    mock.for_path(MESSAGES, "500");
    mock.for_path("/", "503");
    assert_eq!(two.who().await, "u2");
    let probes = |all: &[weir_mock::Received]| {
        let probes = all.iter().filter(|one| one.path() == "/");
        probes.count()
    };
    within(mock.wait_until(|all| probes(all) >= 2)).await;
    assert_eq!(breaker_of(&two.weir, "u1").await, "open");
    assert_eq!(two.who().await, "u2");

    mock.forget_path(MESSAGES);
    mock.forget_path("/");
    let well = Instant::now();
    eventually(async || (two.who().await == "u1").then_some(())).await;
    assert!(
        well.elapsed() < Duration::from_secs(3),
        "{:?}",
        well.elapsed()
    );
    let probe = mock.received().into_iter().find(|one| one.path() == "/");
    assert_eq!(probe.unwrap().header("x-api-key"), None);
}

const PROBED: &str = "health: {circuit_breaker: {failure_threshold: 1, open_duration_ms: 60000}, \
                      health_check: {interval_ms: 500}}\n";

#[tokio::test]
async fn a_probe_brings_a_provider_back_early() {
    gets_well(&Two::start(PROBED).await).await;
}

#[tokio::test]
async fn a_probe_over_tls_brings_a_provider_back_early() {
    let (first, second) = (named("u1", true).await, named("u2", false).await);
    let trusted = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(trusted.path(), first.certificate().unwrap()).unwrap();
    let entries = [
        entry("u1", &first.https_url(), ""),
        entry("u2", &second.url(), ""),
    ];
    let text = format!("providers:\n{}{PROBED}", entries.concat());
    let env = [("SSL_CERT_FILE", trusted.path().to_str().unwrap())];
    let weir = start_on(first, &text, &env);
    gets_well(&Two { weir, second }).await;
}

#[tokio::test]
async fn every_provider_has_its_figures() {
    let two = Two::start(&breaker(1)).await;
    let metrics = async || two.weir.get("/metrics").await.text();
    let (u1, u2) = ("provider=\"u1\"", "provider=\"u2\"");
    assert_eq!(two.who().await, "u1");
    two.weir.newest().await;
    let text = metrics().await;
    for name in ["u1", "u2"] {
        let up = format!("weir_provider_up{{provider=\"{name}\"}} 1.0");
        assert!(text.contains(&up), "{up} in {text}");
    }

    two.weir.mock.for_path(MESSAGES, "500");
    for _ in 0..2 {
        assert_eq!(two.who().await, "u2");
    }
    let text = eventually(async || {
        let text = metrics().await;
        text.contains("status=\"200\"} 2").then_some(text)
    })
    .await;
    let message = "dialect=\"anthropic_messages\",operation=\"generate\"";
    for line in [
        format!("weir_requests_total{{{message},{u1},status=\"200\"}} 1"),
        format!("weir_requests_total{{{message},{u2},status=\"200\"}} 2"),
        format!("weir_attempts_failed_total{{{u1},status=\"500\"}} 1"),
        format!("weir_provider_first_byte_seconds_count{{{u2}}} 2"),
        format!("weir_provider_first_byte_seconds_bucket{{le=\"+Inf\",{u2}}} 2"),
        format!("weir_provider_up{{{u1}}} 0.0"),
        format!("weir_provider_up{{{u2}}} 1.0"),
        "# TYPE weir_requests counter".to_owned(),
        "# TYPE weir_provider_first_byte_seconds histogram".to_owned(),
        "# TYPE weir_provider_up gauge".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} in {text}");
    }
    let list = two.weir.get("/api/providers").await.json();
    let states: Vec<_> = [0, 1]
        .map(|index| list["providers"][index]["status"].clone())
        .into();
    assert_eq!(states, [json!("unhealthy"), json!("healthy")]);
}

//! Services that are told of exchanges, by the whole product: mocks stand in for them.

use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use weir_mock::{Mock, MockConfig, Raw, Received};

use crate::program::{Program, eventually, small, start, weir};
use crate::shared::redis::Redis;

const KEY: &str = "very-secret-0123456789";

/// A service that answers its requests with these statuses, in order.
async fn service(statuses: &[u16]) -> Mock {
    let service = weir_mock::serve(MockConfig::default()).await.unwrap();
    for status in statuses {
        service.push(Raw::new(*status).body("{}"));
    }
    service
}

/// A gateway that tells `service` as a sink of this kind, with these members.
async fn telling(service: &Mock, kind: &str, members: &[(&str, &str)]) -> Program {
    let at = |member: &str| format!("events.sinks.{kind}.{member}");
    let mut settings = vec![
        (at("url"), format!("{}/events", service.url())),
        (at("flush_interval"), "10ms".to_owned()),
    ];
    let members = members.iter();
    settings.extend(members.map(|(member, value)| (at(member), (*value).to_owned())));
    let settings: Vec<_> = settings
        .iter()
        .map(|(path, value)| (path.as_str(), value.as_str()))
        .collect();
    start(&settings).await
}

async fn received(service: &Mock, count: usize) -> Vec<Received> {
    eventually(async || {
        let received = service.received();
        (received.len() >= count).then_some(received)
    })
    .await
}

fn body(request: &Received) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// How the only sink does, once `done` is true of it.
async fn sink(weir: &Program, done: impl Fn(&Value) -> bool) -> Value {
    eventually(async || {
        let view = weir.get("/api/events").await.json();
        let sink = view["sinks"][0].clone();
        done(&sink).then_some(sink)
    })
    .await
}

#[tokio::test]
async fn a_webhook_hears_of_an_exchange_and_can_check_who_tells() {
    let service = service(&[200]).await;
    let secret = format!("whsec_{}", "c2VjcmV0".repeat(4));
    let members = [("secret", secret.as_str()), ("headers", "x-team=platform")];
    let weir = telling(&service, "webhook", &members).await;
    let got = weir.message(&[("x-api-key", KEY)], &small()).await;
    let request = received(&service, 1).await.remove(0);
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/events")
    );
    assert_eq!(request.header("x-team"), Some("platform"));
    let signature = request.header("webhook-signature").unwrap();
    assert!(signature.starts_with("v1,"), "{signature}");
    let events = body(&request);
    let event = &events[0];
    assert_eq!(
        event["request_id"],
        *got.headers["x-request-id"].to_str().unwrap()
    );
    assert_eq!(event["request_body"], small());
    assert_eq!(event["response_body"]["role"], "assistant");
    assert!(!events.to_string().contains(KEY), "{events}");
    let sink = sink(&weir, |sink| sink["delivered"] == 1).await;
    assert_eq!(
        (&sink["name"], &sink["kind"]),
        (&json!("webhook"), &json!("webhook"))
    );
    let log = weir.log();
    assert!(!log.contains(&secret) && !log.contains(KEY), "{log}");
}

#[tokio::test]
async fn lunary_has_a_run_at_the_third_try() {
    let service = service(&[500, 500, 200]).await;
    let weir = telling(&service, "lunary", &[("api_key", KEY)]).await;
    let got = weir.message(&[], &small()).await;
    let requests = received(&service, 3).await;
    let bearer = format!("Bearer {KEY}");
    for request in &requests {
        assert_eq!(request.header("authorization"), Some(bearer.as_str()));
        assert_eq!(body(request), body(&requests[0]), "the same however often");
    }
    // Waits of about one and two seconds; a busy machine makes them longer.
    let waits = [0, 1].map(|at| requests[at + 1].at - requests[at].at);
    assert!(waits[0] >= Duration::from_millis(500), "{waits:?}");
    assert!(waits[1] >= Duration::from_millis(1000), "{waits:?}");
    let run = body(&requests[0]);
    let id = got.headers["x-request-id"].to_str().unwrap();
    assert_eq!(run["events"][0]["event"], "start");
    assert_eq!(run["events"][0]["runId"], id);
    assert_eq!(run["events"][1]["event"], "end");
    assert!(
        run["events"][1]["tokensUsage"]["completion"].is_number(),
        "{run}"
    );
    sink(&weir, |sink| sink["delivered"] == 1).await;
    assert!(!weir.log().contains(KEY));
}

#[tokio::test]
async fn helicone_is_not_told_again_what_it_refuses() {
    let service = service(&[400, 200]).await;
    let weir = telling(&service, "helicone", &[("api_key", KEY)]).await;
    weir.message(&[], &small()).await;
    let refused = sink(&weir, |sink| sink["refused"] == 1).await;
    let reason = &refused["dead_letters"][0]["reason"];
    assert!(
        reason.as_str().unwrap().starts_with("400 Bad Request"),
        "{refused}"
    );
    weir.message(&[], &small()).await;
    sink(&weir, |sink| sink["delivered"] == 1).await;
    let requests = received(&service, 2).await;
    assert_eq!(requests.len(), 2);
    let log = body(&requests[1]);
    assert_eq!(
        log["providerRequest"]["meta"]["Helicone-Provider"],
        "anthropic"
    );
    assert_eq!(log["providerRequest"]["json"], small());
    let usage = &log["providerResponse"]["json"]["usage"];
    assert!(
        usage["prompt_tokens"].is_number() && usage["total_tokens"].is_number(),
        "{log}"
    );
    let [start, end] = ["startTime", "endTime"].map(|name| &log["timing"][name]["seconds"]);
    assert!(start.as_i64() <= end.as_i64() && start.is_i64(), "{log}");
}

#[tokio::test]
async fn a_collector_has_a_span_and_metrics() {
    let service = service(&[200, 200]).await;
    let members = [("encoding", "json"), ("content", "true")];
    let weir = telling(&service, "otel", &members).await;
    weir.message(&[], &small()).await;
    let requests = received(&service, 2).await;
    let targets: Vec<_> = requests
        .iter()
        .map(|request| request.target.as_str())
        .collect();
    assert_eq!(targets, ["/events/v1/traces", "/events/v1/metrics"]);
    let span = &body(&requests[0])["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    let name = format!("chat {}", small()["model"].as_str().unwrap());
    assert_eq!(span["name"], name);
    sink(&weir, |sink| sink["delivered"] == 1).await;
}

fn dispatch(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weir();
    command
        .arg("dispatch")
        .args(args)
        .current_dir(folder.path());
    command.output().unwrap()
}

#[test]
fn a_dispatcher_for_a_service_without_what_it_needs_says_so() {
    for (args, expected) in [
        (
            vec!["--service", "helicone"],
            "events.sinks.helicone.api_key: missing",
        ),
        (
            vec!["--service", "webhook"],
            "events.sinks.webhook.url: missing",
        ),
        (vec!["--service", "kafka"], "`lunary`"),
        (
            vec!["--service", "lunary", "--api-key", KEY],
            "`events.bus` is `memory`",
        ),
    ] {
        let output = dispatch(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(said.contains(expected), "{args:?}: {said}");
        assert!(!said.contains(KEY), "{said}");
    }
}

#[tokio::test]
async fn a_dispatcher_by_the_options_of_the_reference_tells_lunary() {
    let redis = Redis::start();
    let service = service(&[200]).await;
    let url = redis.url();
    let bus = [("events.bus", "redis"), ("events.redis_url", url.as_str())];
    let mut settings = bus.to_vec();
    settings.push(("events.dispatch", "false"));
    let gateway = start(&settings).await;
    let got = gateway.message(&[], &small()).await;

    let folder = tempfile::tempdir().unwrap();
    let mut command = weir();
    let endpoint = format!("{}/v1/runs/ingest", service.url());
    command.args(["dispatch", "--service", "lunary", "--endpoint", &endpoint]);
    command.args(["--api-key", KEY, "--batch-size", "1"]);
    for (path, value) in bus {
        command.args(["--set", &format!("{path}={value}")]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.current_dir(folder.path()).spawn();
    let _ended = Ended(child.unwrap());
    let request = received(&service, 1).await.remove(0);
    assert_eq!(request.target, "/v1/runs/ingest");
    let id = got.headers["x-request-id"].to_str().unwrap();
    assert_eq!(body(&request)["events"][0]["runId"], id);
}

/// A process that ends with its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

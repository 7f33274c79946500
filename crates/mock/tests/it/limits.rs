//! Rate limits and waits: in every family and form, by credential, with figures of one's choice.

use std::time::{Duration, SystemTime};

use serde_json::json;
use weir_mock::Mock;

use crate::client::{Api, Reply, ask, mock, post, raw};

fn limits(reply: &Reply, prefix: &str) -> Vec<(String, String)> {
    let fields = reply.head.lines().filter_map(|line| line.split_once(": "));
    fields
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.to_owned())))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    expected.iter().map(owned).collect()
}

async fn retry_after(mock: &Mock, form: &str) -> Option<String> {
    let reply = ask(mock, Api::Anthropic, &format!("429,{form}"), true).await;
    reply.header("retry-after").map(str::to_owned)
}

#[tokio::test]
async fn retry_after_comes_in_every_form() {
    let mock = mock().await;
    assert_eq!(
        retry_after(&mock, "limits=none").await.as_deref(),
        Some("1")
    );
    for plain in ["3", "0.5", "soon"] {
        let sent = retry_after(&mock, &format!("retry_after={plain}")).await;
        assert_eq!(sent.as_deref(), Some(plain));
    }
    assert_eq!(retry_after(&mock, "retry_after=none").await, None);
    let date = retry_after(&mock, "retry_after=date:+4").await.unwrap();
    let wait = httpdate::parse_http_date(&date)
        .unwrap()
        .duration_since(SystemTime::now())
        .unwrap();
    assert!(wait <= Duration::from_secs(4) && wait > Duration::from_secs(1));
    let past = retry_after(&mock, "retry_after=date:-10").await.unwrap();
    assert!(httpdate::parse_http_date(&past).unwrap() < SystemTime::now());
    let rfc3339 = retry_after(&mock, "retry_after=rfc3339:1893456000").await;
    assert_eq!(rfc3339.as_deref(), Some("2030-01-01T00:00:00Z"));
    let reply = ask(&mock, Api::Chat, "429,retry_after_ms=1500", true).await;
    assert_eq!(
        (reply.header("retry-after-ms"), reply.header("retry-after")),
        (Some("1500"), None)
    );
    let gemini = ask(&mock, Api::Gemini, "429,retry_after=7", true).await;
    let gemini = gemini.json();
    assert_eq!(gemini["error"]["details"][1]["retryDelay"], "7s");
}

#[tokio::test]
async fn single_windows_replace_whole_families() {
    let mock = mock().await;
    let scenario = "text,requests=50/0/1893456000,output_tokens=8000/7999/17";
    let reply = ask(&mock, Api::Anthropic, scenario, true).await;
    assert_eq!(
        limits(&reply, "anthropic-ratelimit-"),
        pairs(&[
            ("requests-limit", "50"),
            ("requests-remaining", "0"),
            ("requests-reset", "2030-01-01T00:00:00Z"),
            ("output-tokens-limit", "8000"),
            ("output-tokens-remaining", "7999"),
            ("output-tokens-reset", "1970-01-01T00:00:17Z"),
        ])
    );
    let with_all = "text,limits=full,requests=50/0";
    let reply = ask(&mock, Api::Anthropic, with_all, true).await;
    let left: Vec<_> = limits(&reply, "anthropic-ratelimit-requests-remaining");
    assert_eq!(left, pairs(&[("", "0")]));
    assert_eq!(
        reply.header("anthropic-ratelimit-tokens-limit"),
        Some("480000")
    );
    let reply = ask(
        &mock,
        Api::Chat,
        "text,requests=60/59/+61,tokens=1000/3",
        true,
    )
    .await;
    let spelled = reply.header("x-ratelimit-reset-requests").unwrap();
    assert!(["1m1s", "1m0s", "59s"].contains(&spelled), "{spelled}");
    assert_eq!(reply.header("x-ratelimit-remaining-tokens"), Some("3"));
}

#[tokio::test]
async fn a_subscriptions_window_is_refused_by_name() {
    let mock = mock().await;
    for (limits_of, status, claim) in [
        ("limits=rejected,reset=17", "rejected", "five_hour"),
        ("limits=rejected_7d", "rejected", "seven_day"),
        ("5h=rejected/1.0/+60", "rejected", "five_hour"),
        (
            "5h=allowed/0.2,7d=rejected/1.01/1893456000",
            "rejected",
            "seven_day",
        ),
        ("7d=allowed_warning/0.9", "allowed_warning", "seven_day"),
        ("5h=allowed/0.3", "allowed", "five_hour"),
    ] {
        let reply = ask(&mock, Api::Anthropic, &format!("429,{limits_of}"), true).await;
        let field = |name: &str| reply.header(&format!("anthropic-ratelimit-unified-{name}"));
        assert_eq!(field("status"), Some(status), "{limits_of}");
        assert_eq!(field("representative-claim"), Some(claim), "{limits_of}");
        let window = if claim == "five_hour" { "5h" } else { "7d" };
        assert_eq!(field("reset"), field(&format!("{window}-reset")));
    }
    let scenario = "text,7d=rejected/1.01/1893456000";
    let reply = ask(&mock, Api::Anthropic, scenario, true).await;
    let field = |name: &str| reply.header(&format!("anthropic-ratelimit-unified-{name}"));
    assert_eq!(field("7d-utilization"), Some("1.01"));
    assert_eq!(field("7d-reset"), Some("1893456000"));
    assert_eq!(field("5h-status"), Some("allowed"));
}

#[tokio::test]
async fn a_chatgpt_subscription_says_how_much_is_used() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Responses, "text,limits=codex", true).await;
    let fields = limits(&reply, "x-codex-");
    assert_eq!(fields.len(), 8);
    assert_eq!(reply.header("x-codex-primary-used-percent"), Some("12.5"));
    assert_eq!(
        reply.header("x-codex-secondary-window-minutes"),
        Some("10080")
    );
    let scenario =
        "429,limits=none,codex_primary=100/300/+90,type=usage_limit_reached,retry_after=90";
    let reply = ask(&mock, Api::Responses, scenario, true).await;
    let wait = reply.header("x-codex-primary-reset-after-seconds").unwrap();
    assert!(["90", "89", "88"].contains(&wait), "{wait}");
    assert_eq!(reply.header("x-codex-secondary-used-percent"), None);
    let error = &reply.json()["error"];
    assert_eq!(
        (&error["type"], &error["resets_in_seconds"]),
        (&json!("usage_limit_reached"), &json!(90))
    );
}

async fn with_key(mock: &Mock, name: &str, value: &str, scenario: Option<&str>) -> Reply {
    let mut headers = vec![(name, value)];
    headers.extend(scenario.map(|scenario| ("x-mock-scenario", scenario)));
    let body = Api::Anthropic.body("hi", false).to_string();
    raw(mock, &post("/v1/messages", &headers, &body)).await
}

#[tokio::test]
async fn each_credential_has_limits_and_usage_of_its_own() {
    let mock = mock().await;
    mock.for_credential("key-a", "limits=none,requests=50/0/+30,input=100,output=9");
    mock.for_credential("key-b", "text,limits=none");
    mock.for_credential("key-c", "429,retry_after=3");
    let a = with_key(&mock, "x-api-key", "key-a", None).await;
    assert_eq!(a.status(), 200);
    assert_eq!(a.header("anthropic-ratelimit-requests-limit"), Some("50"));
    assert_eq!(
        a.header("anthropic-ratelimit-requests-remaining"),
        Some("0")
    );
    let usage = &a.json()["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"]),
        (&json!(100), &json!(9))
    );
    let b = with_key(&mock, "authorization", "Bearer key-b", None).await;
    assert!(limits(&b, "anthropic-ratelimit-").is_empty());
    let c = with_key(&mock, "api-key", "key-c", None).await;
    assert_eq!((c.status(), c.header("retry-after")), (429, Some("3")));
    let d = with_key(&mock, "x-api-key", "key-d", None).await;
    assert_eq!(d.header("anthropic-ratelimit-requests-limit"), Some("4000"));
    // The request's own choice goes first; what it leaves open is the credential's.
    let chosen = with_key(&mock, "x-api-key", "key-a", Some("529,requests=7/6")).await;
    assert_eq!(chosen.status(), 529);
    assert_eq!(
        chosen.header("anthropic-ratelimit-requests-remaining"),
        Some("6")
    );
    let served = with_key(&mock, "x-api-key", "key-c", Some("text")).await;
    assert_eq!(served.status(), 200);
    // Settings alone go with the scenario of the next rank.
    let settings = with_key(&mock, "x-api-key", "key-c", Some("retry_after=9")).await;
    assert_eq!(
        (settings.status(), settings.header("retry-after")),
        (429, Some("9"))
    );
}

#[tokio::test]
async fn a_credential_is_found_wherever_it_travels() {
    let mock = mock().await;
    let signed = "AWS4-HMAC-SHA256 Credential=AKIDX/20150830/us-east-1/bedrock/aws4_request, \
        SignedHeaders=host, Signature=00";
    for (header, value, expected) in [
        ("x-api-key", "k1", Some("k1")),
        ("X-Goog-Api-Key", "k2", Some("k2")),
        ("Authorization", "Bearer k3", Some("k3")),
        ("authorization", signed, Some("AKIDX")),
        ("api-key", "k4", Some("k4")),
        ("x-nothing", "k5", None),
    ] {
        with_key(&mock, header, value, None).await;
        let received = mock.received().pop().unwrap();
        assert_eq!(received.credential(), expected, "{header}");
    }
    let target = "/v1beta/models/x:generateContent?alt=json&key=k6";
    raw(&mock, &post(target, &[], "{}")).await;
    assert_eq!(mock.received().pop().unwrap().credential(), Some("k6"));
}

#[tokio::test]
async fn a_header_of_ones_own_replaces_the_mocks() {
    let mock = mock().await;
    let scenario = "text,header.request-id=req_1,header.anthropic-ratelimit-requests-remaining=0";
    let reply = ask(&mock, Api::Anthropic, scenario, true).await;
    assert_eq!(limits(&reply, "request-id"), pairs(&[("", "req_1")]));
    let left = limits(&reply, "anthropic-ratelimit-requests-remaining");
    assert_eq!(left, pairs(&[("", "0")]));
}

//! What a gateway takes at most, as the environment and the file say it.

use http::Method;
use weir_mock::{Gate, Raw};

use crate::program::{MESSAGES, Setup, Two, eventually, small, start_with};

#[tokio::test]
async fn an_address_gets_as_many_requests_a_minute_as_the_environment_says() {
    let weir = start_with(Setup {
        settings: &[],
        env: &[("IP_RATE_LIMIT", "3")],
    })
    .await;
    for _ in 0..3 {
        assert_eq!(weir.message(&[], &small()).await.status, 200);
    }
    let refused = weir.message(&[], &small()).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    assert_eq!(weir.mock.received().len(), 3);
    let figures = weir.get("/metrics").await;
    assert_eq!(figures.status, 200, "the API is none of it");
    let text = figures.text();
    for line in [
        "weir_rate_refusals_by_address_total 1",
        "weir_rate_addresses 1",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test]
async fn bodies_and_requests_at_once_have_the_bounds_of_the_environment() {
    let weir = start_with(Setup {
        settings: &[],
        env: &[
            ("MAX_REQUEST_SIZE", "1024"),
            ("MAX_CONCURRENT_REQUESTS", "1"),
        ],
    })
    .await;
    let mut large = small();
    large["metadata"] = "x".repeat(1024).into();
    assert_eq!(weir.message(&[], &large).await.status, 413);
    let gate = Gate::new();
    weir.mock
        .push(Raw::new(200).piece("a").pause(&gate).piece("b"));
    let first = weir
        .open(Method::POST, MESSAGES, &[], small().to_string())
        .await;
    assert_eq!(first.status(), 200);
    assert_eq!(weir.message(&[], &small()).await.status, 503);
    gate.open_for_good();
    drop(first);
    eventually(async || (weir.message(&[], &small()).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn limits_a_minute_follow_the_file() {
    let two = Two::start("server: {max_per_minute: 1}\n").await;
    assert_eq!(two.say(&[]).await.status, 200);
    assert_eq!(two.say(&[]).await.status, 429);
    two.save(&two.text(["", ""], ""));
    eventually(async || (two.say(&[]).await.status == 200).then_some(())).await;
    let again = "server: {max_per_minute_per_address: 2}\n";
    two.save(&two.text(["", ""], again));
    eventually(async || (two.say(&[]).await.status == 429).then_some(())).await;
}

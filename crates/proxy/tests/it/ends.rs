//! When the provider does not answer: the client is told in its own dialect, and the exchange is
//! recorded all the same.

use weir_core::exchange::End;
use weir_mock::{Cut, Gate, MockConfig, Raw};

use crate::net::{BODY, Wire, ask, net, net_before, post, within};

#[tokio::test]
async fn an_upstream_that_is_not_there_gives_502_in_the_callers_dialect() {
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let url = mock.url();
    mock.shutdown().await;
    let net = net(&[
        ("providers.anthropic.base_url", &url),
        ("providers.openai.base_url", &url),
        ("providers.gemini.base_url", &url),
        ("providers.anthropic.max_retries", "1"),
        ("providers.openai.max_retries", "0"),
        ("providers.gemini.max_retries", "0"),
    ])
    .await;
    let answer = ask(
        net.addr,
        &post("/v1/messages", &["X-Request-ID: r-1"], BODY),
    )
    .await;
    assert_eq!(answer.status, 502);
    let error = answer.json();
    assert_eq!(error["type"], "error");
    assert_eq!(error["error"]["type"], "api_error");
    assert_eq!(error["error"]["message"], "upstream connection failed");
    assert_eq!(error["request_id"], "r-1");
    let record = net.records.ended(1).await;
    assert_eq!(record.status.unwrap(), 502);
    assert_eq!(record.attempts, 2, "one retry, as configured");
    assert!(matches!(record.end, End::Gateway(_)));
    let answer = ask(net.addr, &post("/v1/chat/completions", &[], BODY)).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (502, &"server_error".into())
    );
    let answer = ask(
        net.addr,
        &post("/v1beta/models/g:generateContent", &[], BODY),
    )
    .await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["status"]),
        (502, &"UNAVAILABLE".into())
    );
}

#[tokio::test]
async fn no_headers_in_time_gives_504() {
    let net = net(&[("providers.anthropic.response_header_timeout", "150ms")]).await;
    let gate = Gate::new();
    net.mock
        .push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.json()["error"]["type"], "timeout_error");
    within(
        net.mock
            .wait_until(|all| all[0].client_closed_early.is_some()),
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_never_begins_is_not_asked_for_twice() {
    let net = net(&[]).await;
    for cut in [Cut::Fin, Cut::Rst] {
        net.mock.push(Raw::refuse(cut));
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.status, 502);
        assert_eq!(net.mock.received().len(), 1, "it may have been acted on");
        net.mock.reset();
    }
}

#[tokio::test]
async fn statuses_are_the_clients_to_retry() {
    let net = net(&[]).await;
    for status in [408, 429, 500, 502, 503, 529] {
        net.mock.push(Raw::new(status).body("{}"));
        assert_eq!(
            ask(net.addr, &post("/v1/messages", &[], BODY)).await.status,
            status
        );
    }
    assert_eq!(net.mock.received().len(), 6);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_replaced_unseen() {
    let net = net(&[]).await;
    for _ in 0..3 {
        net.mock
            .push(Raw::new(200).header("connection", "close").body("{}"));
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(net.mock.connections(), 3);
}

#[tokio::test]
async fn connections_to_the_provider_are_kept() {
    let net = net(&[]).await;
    let mut wire = Wire::connect(net.addr).await;
    for _ in 0..20 {
        wire.send(&post("/v1/messages", &[], BODY)).await;
        assert_eq!(wire.answer().await.status, 200);
    }
    assert!(
        net.mock.connections() <= 2,
        "{} connections",
        net.mock.connections()
    );
}

#[tokio::test]
async fn every_request_is_one_record_whatever_happens() {
    let net = net(&[
        ("server.max_body_bytes", "1000"),
        ("providers.anthropic.max_retries", "0"),
    ])
    .await;
    net.mock.push(Raw::new(200).body("{}"));
    net.mock.push(Raw::refuse(Cut::Fin));
    net.mock.push(Raw::new(200).piece("x").cut(Cut::Fin));
    for body in [
        BODY.to_vec(),
        BODY.to_vec(),
        BODY.to_vec(),
        vec![b' '; 2000],
    ] {
        ask(net.addr, &post("/v1/messages", &[], &body)).await;
    }
    net.records.ended(4).await;
    let started: Vec<_> = net
        .records
        .started
        .lock()
        .iter()
        .map(|record| record.id)
        .collect();
    assert_eq!(started.len(), 4);
    let mut unique = started.clone();
    unique.dedup();
    assert_eq!(unique.len(), 4);
}

#[tokio::test]
async fn a_slow_mock_of_the_tests_own_serves_too() {
    let mock = weir_mock::serve(MockConfig {
        scenario: "text".into(),
        ..Default::default()
    });
    let net = net_before(mock.await.unwrap(), &[]).await;
    let answer = ask(
        net.addr,
        &post("/v1/messages", &["anthropic-version: 2023-06-01"], BODY),
    )
    .await;
    assert_eq!(answer.json()["type"], "message");
}

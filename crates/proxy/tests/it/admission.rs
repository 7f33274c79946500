//! Who comes in, and how many, and how large.

use weir_core::rate::Limit;
use weir_mock::{Gate, Raw};
use weir_proxy::clock::now;

use crate::net::{BODY, Net, Wire, ask, bare, net, post, within};

const AUTH: [(&str, &str); 3] = [
    ("auth.enabled", "true"),
    ("auth.token", "gateway-token"),
    ("auth.allow_localhost_bypass", "false"),
];

fn assert_not_leaked(net: &Net) {
    for received in net.mock.received() {
        let head = String::from_utf8_lossy(&received.raw_head).into_owned();
        assert!(!head.contains("gateway-token"), "{head}");
    }
}

#[tokio::test]
async fn a_token_opens_the_gateway_and_goes_no_further() {
    let net = net(&AUTH).await;
    for (headers, status) in [
        (vec![], 401),
        (vec!["Authorization: Bearer gateway-token"], 200),
        (
            vec![
                "authorization: bearer gateway-token",
                "x-api-key: sk-ant-own",
            ],
            200,
        ),
        (
            vec![
                "X-API-Key: gateway-token",
                "Authorization: Bearer sk-ant-oat-own",
            ],
            200,
        ),
        (vec!["x-api-key: wrong"], 401),
        (vec!["Authorization: Bearer gateway-token-and-more"], 401),
        (vec!["Authorization: gateway-token"], 401),
    ] {
        net.mock.push(Raw::new(200).body("{}"));
        let answer = ask(net.addr, &post("/v1/messages", &headers, BODY)).await;
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 401 {
            let error = answer.json();
            assert_eq!(error["error"]["type"], "authentication_error");
            assert!(error["request_id"].is_string());
            assert_eq!(answer.header("x-should-retry"), Some("false"));
            net.mock.reset();
        } else {
            let received = net.mock.received().pop().unwrap();
            let own = headers.iter().find(|header| header.contains("own"));
            let passed = received
                .header("authorization")
                .or(received.header("x-api-key"));
            assert_eq!(
                passed.is_some(),
                own.is_some(),
                "the client's own credential travels on"
            );
        }
    }
    assert_not_leaked(&net);
}

#[tokio::test]
async fn a_key_header_of_another_name_replaces_the_usual_one() {
    let net = net(&[AUTH[0], AUTH[1], AUTH[2], ("auth.api_key_header", "x-foo")]).await;
    net.mock.push(Raw::new(200).body("{}"));
    let answer = ask(
        net.addr,
        &post("/v1/messages", &["x-api-key: gateway-token"], BODY),
    )
    .await;
    assert_eq!(answer.status, 401);
    let headers = ["X-Foo: gateway-token", "x-api-key: sk-ant-own"];
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &headers, BODY))
            .await
            .status,
        200
    );
    assert_eq!(
        net.mock.wait_for(1).await[0].header("x-api-key"),
        Some("sk-ant-own")
    );
    assert_not_leaked(&net);
}

#[tokio::test]
async fn geminis_ways_of_sending_a_key_open_the_gateway_too() {
    let net = net(&AUTH).await;
    let path = "/v1beta/models/g:generateContent";
    for request in [
        post(path, &["x-goog-api-key: gateway-token"], BODY),
        post(&format!("{path}?a=1&key=gateway-token&b=2"), &[], BODY),
    ] {
        assert_eq!(ask(net.addr, &request).await.status, 200);
    }
    let received = net.mock.wait_for(2).await;
    assert_eq!(received[1].target, format!("{path}?a=1&b=2"));
    assert_not_leaked(&net);
}

#[tokio::test]
async fn loopback_needs_no_token_unless_a_proxy_may_stand_in_front() {
    let on = [AUTH[0], AUTH[1]];
    let bypassing = net(&on).await;
    let forwarded = ["X-Forwarded-For: 203.0.113.9"];
    assert_eq!(
        ask(bypassing.addr, &post("/v1/messages", &[], BODY))
            .await
            .status,
        200
    );
    assert_eq!(
        ask(bypassing.addr, &post("/v1/messages", &forwarded, BODY))
            .await
            .status,
        401
    );
    let trusting = net(&[on[0], on[1], ("server.trust_proxy", "true")]).await;
    assert_eq!(
        ask(trusting.addr, &post("/v1/messages", &[], BODY))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_configured_key_is_sent_in_the_providers_own_header() {
    let net = net(&[
        ("providers.anthropic.api_key", "sk-ant-configured"),
        ("providers.openai.api_key", "sk-configured"),
        ("providers.gemini.api_key", "g-configured"),
    ])
    .await;
    let gemini = "/v1beta/models/g:generateContent?key=own&alt=sse";
    for (request, name, value) in [
        (
            post("/v1/messages", &[], BODY),
            "x-api-key",
            "sk-ant-configured",
        ),
        (
            post("/v1/messages", &["x-api-key: own"], BODY),
            "x-api-key",
            "own",
        ),
        (
            post("/v1/chat/completions", &[], BODY),
            "authorization",
            "Bearer sk-configured",
        ),
        (
            post("/v1/chat/completions", &["Authorization: Bearer own"], BODY),
            "authorization",
            "Bearer sk-configured",
        ),
        (post(gemini, &[], BODY), "x-goog-api-key", "g-configured"),
    ] {
        ask(net.addr, &request).await;
        let received = net.mock.received().pop().unwrap();
        assert_eq!(received.header(name), Some(value), "{}", received.target);
    }
    let last = net.mock.received().pop().unwrap();
    assert_eq!(
        last.query(),
        Some("alt=sse"),
        "the client's key does not go along with ours"
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_413() {
    let net = net(&[("server.max_body_bytes", "1000")]).await;
    let exact = vec![b' '; 1000];
    net.mock.push(Raw::new(200).body("{}"));
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &[], &exact))
            .await
            .status,
        200
    );
    let answer = ask(net.addr, &post("/v1/messages", &[], &[b' '; 1001])).await;
    assert_eq!(answer.status, 413);
    let message = answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("1000 bytes") && message.contains("server.max_body_bytes"),
        "{message}"
    );
    assert_eq!(answer.json()["error"]["type"], "request_too_large");
    let chunked = [
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec(),
        format!("{:x}\r\n{}\r\n0\r\n\r\n", 2000, " ".repeat(2000)).into_bytes(),
    ]
    .concat();
    let answer = ask(net.addr, &chunked).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        answer.json()["error"]["code"],
        "request_too_large",
        "in the caller's dialect"
    );
    let waiting = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(
        ask(net.addr, waiting).await.status,
        413,
        "before the body is asked for"
    );
    assert_eq!(net.mock.received().len(), 1);
}

#[tokio::test]
async fn requests_over_the_concurrency_limit_get_503_and_the_limit_can_be_changed() {
    let net = net(&[("server.max_concurrent", "1")]).await;
    let gate = Gate::new();
    net.mock
        .push(Raw::new(200).piece("{").pause(&gate).piece("}"));
    let mut first = Wire::connect(net.addr).await;
    first.send(&post("/v1/messages", &[], BODY)).await;
    within(gate.reached(1)).await;
    let refused = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["error"]["type"], "server_busy");
    assert_eq!(refused.header("retry-after"), Some("1"));
    net.gateway.concurrency.set_limit(2);
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &[], BODY)).await.status,
        200
    );
    gate.open();
    assert!(first.answer().await.whole);
}

#[tokio::test]
async fn a_request_over_the_limit_is_refused_while_another_runs_and_let_in_once_it_has_ended() {
    let net = net(&[("server.max_concurrent", "1")]).await;
    let gate = Gate::new();
    net.mock
        .push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let mut first = Wire::connect(net.addr).await;
    first.send(&post("/v1/messages", &[], BODY)).await;
    within(gate.reached(1)).await;
    // Answered while nothing has opened the gate: it did not wait for the first to end.
    let refused = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["error"]["type"], "server_busy");
    assert_eq!(net.gateway.concurrency.running(), 1, "the first still runs");
    assert_eq!(net.mock.received().len(), 1);
    gate.open();
    assert_eq!(first.answer().await.status, 200);
    within(async {
        while net.gateway.concurrency.running() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..2 {
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.status, 200, "the limit is what it was");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_with_431() {
    let net = net(&[
        ("server.max_header_bytes", "8KiB"),
        ("server.max_headers", "20"),
    ])
    .await;
    let large = format!("X-Large: {}", "x".repeat(20_000));
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &[&large], BODY))
            .await
            .status,
        431
    );
    let many: Vec<_> = (0..200).map(|number| format!("X-{number}: 1")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(
        ask(net.addr, &post("/v1/messages", &many, BODY))
            .await
            .status,
        431
    );
}

#[tokio::test]
async fn a_client_too_slow_with_its_head_is_cut_off_and_a_resting_one_is_not() {
    let net = net(&[
        ("server.timeouts.header", "200ms"),
        ("server.timeouts.idle", "60s"),
    ])
    .await;
    let mut slow = Wire::connect(net.addr).await;
    slow.send(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n")
        .await;
    assert!(slow.closes().await);
    let mut resting = Wire::connect(net.addr).await;
    resting.send(&post("/v1/messages", &[], BODY)).await;
    assert_eq!(resting.answer().await.status, 200);
    // Answered without leaving the connection's task, which must count as an answer too.
    resting.send(&bare("GET", "/control", &[])).await;
    assert_eq!(resting.answer().await.status, 418);
    // Longer than the header's deadline: the other client's passing shows that time went by.
    let mut other = Wire::connect(net.addr).await;
    other.send(b"GET").await;
    assert!(other.closes().await);
    resting.send(&post("/v1/messages", &[], BODY)).await;
    assert_eq!(resting.answer().await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused_with_408() {
    let net = net(&[("server.timeouts.read", "150ms")]).await;
    let request = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc";
    let answer = ask(net.addr, request).await;
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["error"]["type"], "timeout_error");
}

#[tokio::test]
async fn probes_are_answered_without_a_credential() {
    let net = net(&AUTH).await;
    for path in ["/", "/api/hello"] {
        let answer = ask(net.addr, &bare("HEAD", path, &["Connection: close"])).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    assert!(net.mock.received().is_empty());
}

#[tokio::test]
async fn a_probe_of_the_api_gets_the_providers_answer_if_that_is_a_good_one() {
    let net = net(&[]).await;
    let hello = bare("HEAD", "/api/hello", &["Connection: close"]);
    net.mock
        .push(Raw::new(200).header("content-type", "application/json"));
    let answer = ask(net.addr, &hello).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    net.mock.push(Raw::new(404));
    assert_eq!(ask(net.addr, &hello).await.status, 200);
    net.mock.push(Raw::new(200).pause_before_head(&Gate::new()));
    assert_eq!(
        ask(net.addr, &hello).await.status,
        200,
        "a provider that is slow is not waited for"
    );
}

#[tokio::test]
async fn websocket_and_wrong_methods_are_told_so_at_once() {
    let net = net(&[]).await;
    let upgrade = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "OpenAI-Beta: responses_websockets=2026-02-06",
    ];
    let answer = ask(net.addr, &bare("GET", "/v1/responses", &upgrade)).await;
    assert_eq!(answer.status, 426);
    let answer = ask(net.addr, &bare("GET", "/v1/messages", &[])).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("POST"));
    assert_eq!(answer.json()["type"], "error");
    assert!(net.mock.received().is_empty());
}

#[tokio::test]
async fn configured_models_are_listed_for_both_kinds_of_client() {
    let net = net(&[(
        "providers.anthropic.models",
        "claude-opus-4-5,claude-haiku-4-5",
    )])
    .await;
    let version = ["anthropic-version: 2023-06-01", "x-api-key: k"];
    let list = ask(net.addr, &bare("GET", "/v1/models?limit=1000", &version)).await;
    assert_eq!(list.status, 200);
    let ids: Vec<_> = list.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    assert_eq!(ids, ["claude-opus-4-5", "claude-haiku-4-5"]);
    assert_eq!(list.json()["data"][0]["display_name"], "claude-opus-4-5");
    assert!(net.mock.received().is_empty());
    ask(
        net.addr,
        &bare("GET", "/v1/models/claude-opus-4-5", &version),
    )
    .await;
    assert_eq!(
        net.mock.wait_for(1).await.len(),
        1,
        "a single model is the provider's to describe"
    );
}

#[tokio::test]
async fn a_refusal_is_seen_by_a_client_that_is_still_sending() {
    let net = net(&AUTH).await;
    let answer = ask(net.addr, &post("/v1/messages", &[], &vec![b' '; 5 << 20])).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn a_web_page_cannot_spend_a_configured_key() {
    let net = net(&[("providers.openai.api_key", "sk-configured")]).await;
    let host = net.addr.to_string();
    let request = |host: &str, origin: &str| {
        format!(
            "POST /v1/responses HTTP/1.1\r\nHost: {host}\r\n{origin}Content-Length: 2\r\n\r\n{{}}"
        )
    };
    for (host, origin, status) in [
        (host.as_str(), "", 200),
        ("weir.example", "", 200),
        (&host, &format!("Origin: http://{host}\r\n"), 200),
        (&host, "Origin: https://evil.example\r\n", 403),
        ("evil.example", "Origin: http://evil.example\r\n", 403),
        (&host, "Origin: null\r\n", 403),
    ] {
        net.mock.push(Raw::new(200).body("{}"));
        let answer = ask(net.addr, request(host, origin).as_bytes()).await;
        assert_eq!(answer.status, status, "{host} {origin}");
        net.mock.reset();
    }
}

#[tokio::test]
async fn the_gateways_credential_is_recorded_under_no_name() {
    let net = net(&AUTH).await;
    let headers = [
        "Authorization: Bearer gateway-token",
        "X-Odd: gateway-token",
    ];
    ask(
        net.addr,
        &post("/v1/messages?odd=gateway-token&a=1", &headers, BODY),
    )
    .await;
    ask(
        net.addr,
        &post(
            "/v1/messages?odd=gateway-token",
            &["X-Odd: gateway-token"],
            BODY,
        ),
    )
    .await;
    net.records.ended(2).await;
    for record in net.records.started.lock().iter() {
        assert_eq!(record.headers["x-odd"], "***");
        assert!(!record.query.as_deref().unwrap().contains("gateway-token"));
    }
    assert_not_leaked(&net);
}

#[tokio::test]
async fn a_control_answer_may_last_longer_than_an_idle_connection() {
    let net = net(&[
        ("server.timeouts.idle", "100ms"),
        ("server.timeouts.header", "100ms"),
    ])
    .await;
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&bare("GET", "/slow", &[])).await;
    wire.until(b"first").await;
    // A connection that comes later and rests is closed: more than its deadline has passed.
    assert!(Wire::connect(net.addr).await.closes().await);
    assert!(Wire::connect(net.addr).await.closes().await);
    net.open_control.notify_one();
    wire.until(b"second").await;
}

#[tokio::test]
async fn an_address_that_is_too_fast_is_refused_before_its_body_is_read_and_told_when_to_come_again()
 {
    let net = net(&[("server.max_per_minute_per_address", "3")]).await;
    for _ in 0..3 {
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.status, 200);
    }
    // Whose body is asked for is told to go on; nobody is.
    let waiting = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n";
    let refused = ask(net.addr, waiting).await;
    assert_eq!(refused.status, 429);
    let said = refused.json();
    assert_eq!(said["error"]["type"], "rate_limit_error");
    assert_eq!(
        said["error"]["details"]["error_code"],
        "rate_limit_exceeded"
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let chat = ask(net.addr, &post("/v1/chat/completions", &[], BODY)).await;
    assert_eq!(chat.status, 429);
    assert_eq!(chat.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(net.mock.received().len(), 3);
    assert_eq!(net.gateway.rates.refused(Limit::Address), 2);
}

#[tokio::test]
async fn a_forwarded_address_counts_only_if_a_trusted_proxy_says_it() {
    let from = |client: &str| {
        let forwarded = format!("X-Forwarded-For: {client}");
        post("/v1/messages", &[&*forwarded], BODY)
    };
    let limit = ("server.max_per_minute_per_address", "1");
    let open = net(&[limit]).await;
    assert_eq!(ask(open.addr, &from("192.0.2.1")).await.status, 200);
    let forged = ask(open.addr, &from("192.0.2.2")).await;
    assert_eq!(forged.status, 429, "anybody can say that");
    let behind = net(&[
        limit,
        ("server.trust_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
    ])
    .await;
    for (client, status) in [
        ("192.0.2.1", 200),
        ("192.0.2.2", 200),
        ("192.0.2.1", 429),
        ("2001:db8::1", 200),
        ("2001:db8::2", 429),
    ] {
        let answer = ask(behind.addr, &from(client)).await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test]
async fn all_clients_together_have_a_limit_that_can_be_changed_and_guesses_count() {
    let limit = ("server.max_per_minute", "2");
    let net = net(&[&AUTH[..], &[limit]].concat()).await;
    let guess = post("/v1/messages", &["x-api-key: guess"], BODY);
    let known = post("/v1/messages", &["x-api-key: gateway-token"], BODY);
    assert_eq!(ask(net.addr, &guess).await.status, 401);
    assert_eq!(ask(net.addr, &known).await.status, 200);
    assert_eq!(ask(net.addr, &guess).await.status, 429);
    net.gateway.rates.set_limits(0, 0, now());
    assert_eq!(ask(net.addr, &known).await.status, 200);
    assert_eq!(net.gateway.rates.refused(Limit::All), 1);
}

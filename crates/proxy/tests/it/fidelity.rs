//! What goes in comes out: bytes, headers, order, spelling.

use weir_mock::Raw;

use crate::net::{BODY, ask, bare, net, post, text};

const PLAIN: &str = "Content-Type: application/json";

#[tokio::test]
async fn method_path_query_and_body_arrive_as_they_were_sent() {
    let net = net(&[]).await;
    let odd = br#"{ "model" : "m", "x_future": {"n":12345678901234567890, "f": 1.0e+5}, "u":"\u00e9", "system":"hi","tools":[{"input_schema":{"type":["object","null"]}}] }  "#;
    net.mock.push(Raw::new(200).body("{\"ok\": true }"));
    let path = "/v1/messages?beta=true&x=%41%20b&&y";
    let answer = ask(net.addr, &post(path, &[PLAIN], odd)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, b"{\"ok\": true }");
    let received = net.mock.wait_for(1).await.remove(0);
    assert_eq!(received.method, "POST");
    assert_eq!(received.target, path);
    assert_eq!(received.body, odd[..]);
}

#[tokio::test]
async fn request_headers_keep_their_order_and_spelling() {
    let net = net(&[]).await;
    let sent = [
        "Accept: application/json",
        PLAIN,
        "User-Agent: claude-cli/2.1.329 (external, sdk-cli)",
        "X-Stainless-OS: Linux",
        "anthropic-beta: claude-code-20250219,interleaved-thinking-2025-05-14,unknown-2099-01-01",
        "anthropic-version: 2026-10-21",
        "x-Api-KEY: sk-ant-dummy",
        "x-app: cli",
        "X-Request-ID: abc-1",
        "Accept-Encoding: gzip, deflate, br, zstd",
    ];
    ask(net.addr, &post("/v1/messages", &sent, BODY)).await;
    let received = net.mock.wait_for(1).await.remove(0);
    let lines: Vec<_> = received
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let mut expected = vec![format!("Host: {}", net.mock.addr)];
    expected.extend(sent.iter().map(ToString::to_string));
    expected.push(format!("Content-Length: {}", BODY.len()));
    assert_eq!(lines, expected, "no header added, none lost, none moved");
}

#[tokio::test]
async fn headers_of_one_hop_stay_behind() {
    let net = net(&[]).await;
    let sent = [
        PLAIN,
        "anthropic-version: 2023-06-01",
        "Connection: keep-alive, X-Secret-Hop",
        "X-Secret-Hop: 1",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic eDp5",
        "TE: trailers",
        "X-Forwarded-For: 10.0.0.1",
        "X-Kept: yes",
    ];
    ask(net.addr, &post("/v1/messages", &sent, BODY)).await;
    let received = net.mock.wait_for(1).await.remove(0);
    let names: Vec<_> = received
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    let expected = [
        "host",
        "content-type",
        "anthropic-version",
        "x-kept",
        "content-length",
    ];
    assert_eq!(
        names, expected,
        "what the client says of itself passes; what is for one hop does not"
    );
}

#[tokio::test]
async fn nothing_tells_the_provider_where_a_client_sits() {
    let net = net(&[]).await;
    let sent = [
        PLAIN,
        "X-Forwarded-For: 203.0.113.1",
        "X-Real-IP: 203.0.113.2",
        "CF-Connecting-IP: 203.0.113.3",
        "CF-IPCountry: NZ",
        "X-Client-IP: 203.0.113.4",
        "X-Original-Forwarded-For: 203.0.113.5",
        "True-Client-IP: 203.0.113.6",
        "Forwarded: for=203.0.113.7",
        "X-Kept: yes",
    ];
    ask(net.addr, &post("/v1/messages", &sent, BODY)).await;
    let received = net.mock.wait_for(1).await.remove(0);
    assert_eq!(received.header("x-kept"), Some("yes"));
    for (name, value) in &received.headers {
        // The provider's own address is in `Host`.
        let own = name.eq_ignore_ascii_case("host");
        let told = value.contains("203.0.113.") || value == "NZ" || value.contains("127.0.0.1");
        assert!(own || !told, "{name}: {value}");
    }
}

#[tokio::test]
async fn response_headers_come_back_whole_and_in_order() {
    let net = net(&[]).await;
    let lines = [
        ("Date", "Fri, 20 Nov 2026 10:00:00 GMT"),
        ("content-type", "application/json"),
        ("Request-Id", "req_011"),
        ("retry-after", "7"),
        ("x-should-retry", "true"),
        ("anthropic-organization-id", "org"),
        ("anthropic-ratelimit-unified-5h-utilization", "0.0"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("X-Unknown", "kept"),
        ("x-request-id", "their-own"),
    ];
    let mut raw = Raw::new(429)
        .header("connection", "keep-alive, x-hop")
        .header("x-hop", "1");
    for (name, value) in lines {
        raw = raw.header(name, value);
    }
    net.mock.push(raw.body("{}"));
    let answer = ask(net.addr, &post("/v1/messages", &[PLAIN], BODY)).await;
    assert_eq!(answer.status, 429);
    let mut expected: Vec<_> = lines
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    expected.push(("content-length".into(), "2".into()));
    assert_eq!(answer.headers, expected);
}

#[tokio::test]
async fn a_response_without_a_request_id_gets_ours() {
    let net = net(&[]).await;
    let mut made = Vec::new();
    for (sent, expected) in [
        (&[PLAIN, "X-Request-ID: mine-1"][..], Some("mine-1")),
        (&[PLAIN, "X-Request-ID: bad id!"], None),
        (&[PLAIN], None),
        (&[PLAIN], None),
    ] {
        net.mock.push(Raw::new(200).body("{}"));
        let answer = ask(net.addr, &post("/v1/messages", sent, BODY)).await;
        let id = answer.header("x-request-id").unwrap();
        if let Some(expected) = expected {
            assert_eq!(id, expected);
        } else {
            let uuid = uuid::Uuid::parse_str(id).expect("a UUID where the client has no valid id");
            assert_eq!(uuid.hyphenated().to_string(), id);
            made.push(uuid);
        }
    }
    made.dedup();
    assert_eq!(made.len(), 3, "each request has its own");
    for received in net.mock.received() {
        let id = received.header("x-request-id");
        assert!(
            id.is_none_or(|id| !made.iter().any(|made| made.to_string() == id)),
            "an id of ours is between us and the client"
        );
    }
}

#[tokio::test]
async fn error_bodies_of_the_provider_are_relayed_with_their_own_type() {
    let net = net(&[]).await;
    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"x"}}"#;
    net.mock.push(
        Raw::new(429)
            .header("content-type", "application/json")
            .body(body),
    );
    let request = br#"{"model":"m","stream":true,"messages":[]}"#;
    let answer = ask(net.addr, &post("/v1/messages", &[PLAIN], request)).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(text(&answer.body), body);
}

#[tokio::test]
async fn compressed_bodies_pass_compressed_both_ways() {
    let net = net(&[]).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for coding in ["gzip", "br", "zstd"] {
        net.mock.push(
            Raw::new(200)
                .header("content-encoding", coding)
                .body(bytes.clone()),
        );
        let coded = format!("Content-Encoding: {coding}");
        let answer = ask(net.addr, &post("/v1/responses", &[PLAIN, &coded], &bytes)).await;
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.body, bytes);
        let received = net.mock.received().pop().unwrap();
        assert_eq!(received.header("content-encoding"), Some(coding));
        assert_eq!(received.body, bytes);
    }
}

#[tokio::test]
async fn each_path_goes_to_the_provider_of_its_dialect() {
    let anthropic = net(&[]).await;
    let (openai, gemini) = (net(&[]).await, net(&[]).await);
    let net = net(&[
        ("providers.anthropic.base_url", &anthropic.mock.url()),
        ("providers.openai.base_url", &openai.mock.url()),
        ("providers.gemini.base_url", &gemini.mock.url()),
    ])
    .await;
    let version = "anthropic-version: 2023-06-01";
    let bearer = "Authorization: Bearer sk-x";
    let google = "x-goog-api-key: g";
    for (request, home) in [
        (
            post("/v1/messages/count_tokens?beta=true", &[version], BODY),
            &anthropic,
        ),
        (bare("GET", "/v1/models/foo", &[]), &anthropic),
        (bare("GET", "/v1/files/f1", &[version]), &anthropic),
        (bare("DELETE", "/v1/files/f1", &[bearer]), &openai),
        (post("/v1/chat/completions", &[bearer], BODY), &openai),
        (post("/v1/responses", &[bearer], BODY), &openai),
        (post("/v1/embeddings", &[bearer], BODY), &openai),
        (post("/v1/something/new", &[version], BODY), &anthropic),
        (bare("GET", "/v1beta/x?y=1", &[google]), &gemini),
        (
            post(
                "/v1beta/models/g-1:streamGenerateContent?alt=sse",
                &[google],
                BODY,
            ),
            &gemini,
        ),
        (
            post("/v1/models/g-1:generateContent", &[google], BODY),
            &gemini,
        ),
        (
            post("/v1alpha/models/g-1:countTokens?key=k", &[], BODY),
            &gemini,
        ),
    ] {
        ask(net.addr, &request).await;
        let line = text(&request).lines().next().unwrap().to_owned();
        let received = home
            .mock
            .received()
            .pop()
            .unwrap_or_else(|| panic!("{line} went elsewhere"));
        assert_eq!(
            format!("{} {} HTTP/1.1", received.method, received.target),
            line
        );
        home.mock.reset();
    }
    let control = ask(net.addr, &bare("GET", "/v2/x", &[])).await;
    assert_eq!(control.status, 418, "other paths are the control plane's");
}

#[tokio::test]
async fn a_base_path_goes_before_the_clients_path() {
    let upstream = net(&[]).await;
    let base = format!("{}/gateway/claude/", upstream.mock.url());
    let net = net(&[("providers.anthropic.base_url", &base)]).await;
    ask(net.addr, &post("/v1/messages?beta=true", &[PLAIN], BODY)).await;
    assert_eq!(
        upstream.mock.wait_for(1).await[0].target,
        "/gateway/claude/v1/messages?beta=true"
    );
}

#[tokio::test]
async fn a_chunked_request_body_arrives_whole() {
    let net = net(&[]).await;
    net.mock.push(Raw::new(200).body("{}"));
    let request = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"mod\r\n3\r\nel\"\r\n6\r\n:\"m\"} \r\n0\r\n\r\n";
    assert_eq!(ask(net.addr, request).await.status, 200);
    let received = net.mock.wait_for(1).await.remove(0);
    assert_eq!(text(&received.body), "{\"model\":\"m\"} ");
    assert_eq!(received.header("transfer-encoding"), None);
}

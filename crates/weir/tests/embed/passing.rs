//! Passthrough: what comes goes on as it is.

use weir::embed::{ClientsOwn, Secret, start_passthrough};
use weir_mock::Raw;

use crate::client::{ask, key, mock, say};

const ODD: &str =
    "{ \"model\":\"m\",\"n\": 12345678901234567890.10, \"x\":\"\\u00e9\\/\", \"x\":2 }\n";

#[tokio::test]
async fn path_query_headers_and_body_arrive_as_they_were_sent() {
    let mock = mock().await;
    let passing = start_passthrough(&mock.url(), ClientsOwn, None, "m").unwrap();
    let headers = [
        &*key(&passing),
        "Authorization: Bearer sk-ant-oat01-own",
        "anthropic-beta: a,b",
        "X-Odd-Spelling: Yes",
    ];
    for line in [
        "POST /v1/messages?beta=true&x=%2F",
        "POST /v1/messages/count_tokens",
        "POST /v1/chat/completions",
        "DELETE /v1/files/f_1",
        "POST /no/known/path?a=b",
        "POST /api/event_logging/batch",
    ] {
        mock.push(
            Raw::new(200)
                .header("content-type", "application/json")
                .body("{}"),
        );
        let answer = ask(&passing, line, &headers, ODD).await;
        assert_eq!(answer.status, 200, "{line}");
        let received = mock.received();
        let received = received.last().unwrap();
        assert_eq!(format!("{} {}", received.method, received.target), line);
        assert_eq!(received.body, ODD.as_bytes());
        assert_eq!(
            received.header("authorization"),
            Some("Bearer sk-ant-oat01-own")
        );
        assert_eq!(received.header("x-api-key"), None);
        assert_eq!(received.header("anthropic-beta"), Some("a,b"));
        assert!(
            received
                .headers
                .iter()
                .any(|(name, _)| name == "X-Odd-Spelling")
        );
        assert_eq!(received.header("content-type"), None, "nothing is added");
    }
}

#[tokio::test]
async fn an_answers_bytes_are_not_touched() {
    let mock = mock().await;
    let passing = start_passthrough(&mock.url(), Secret::new("t"), None, "m").unwrap();
    let stream = "\u{feff}: comment\r\n\r\nid: 7\nevent: message_start\ndata: {\"a\":1}\n\n\n\n\
                  event:x\rdata:y\r\r: ping\n\nevent: error\ndata: {\"type\":\"error\"}\n\ndata: [DONE]";
    for kind in ["text/event-stream; charset=utf-8", "application/json"] {
        for size in [1, 7, 4096] {
            let raw = Raw::new(200).header("content-type", kind);
            mock.push(
                raw.header("request-id", "req_1")
                    .piece(stream)
                    .split_every(size),
            );
            let answer = say(&passing, ODD).await;
            assert_eq!(answer.text(), stream);
            assert!(answer.head.contains(&format!("content-type: {kind}")));
            assert!(answer.head.contains("request-id: req_1"));
        }
    }
}

#[tokio::test]
async fn errors_come_back_as_they_are() {
    let mock = mock().await;
    let passing = start_passthrough(&mock.url(), Secret::new("t"), None, "m").unwrap();
    for status in [400, 401, 429, 500, 529] {
        let raw = Raw::new(status).header("retry-after", "9");
        mock.push(raw.header("x-should-retry", "true").body("{ \"odd\" : 1 }"));
        let answer = say(&passing, ODD).await;
        assert_eq!(
            (answer.status, &*answer.text()),
            (status, "{ \"odd\" : 1 }")
        );
        assert!(
            answer.head.contains("retry-after: 9") && answer.head.contains("x-should-retry: true")
        );
    }
}

#[tokio::test]
async fn a_token_takes_the_place_of_whatever_the_client_has() {
    let mock = mock().await;
    let bearer = start_passthrough(&mock.url(), Secret::new("ours"), None, "m").unwrap();
    let anthropic =
        start_passthrough(&mock.url(), Secret::new("sk-ant-api03-ours"), None, "m").unwrap();
    for (passing, authorization, api_key) in [
        (&bearer, Some("Bearer ours"), None),
        (&anthropic, None, Some("sk-ant-api03-ours")),
    ] {
        let own = format!(
            "Authorization: Bearer {}",
            passing.token().unwrap().expose()
        );
        let cookie = "Cookie: session=1";
        for clients in [
            &["x-api-key: clients", cookie][..],
            &["x-goog-api-key: clients"],
            &[],
        ] {
            let headers: Vec<&str> = clients.iter().copied().chain([&*own]).collect();
            ask(passing, "POST /v1/messages", &headers, ODD).await;
            let received = mock.received();
            let received = received.last().unwrap();
            assert_eq!(received.header("authorization"), authorization);
            assert_eq!(received.header("x-api-key"), api_key);
            let clients = |(_, value): &(String, String)| {
                value.contains("clients") || value.contains("session")
            };
            assert!(
                !received.headers.iter().any(clients),
                "{:?}",
                received.headers
            );
        }
    }
    let headers = [&*key(&bearer)];
    let line = "POST /v1beta/models/g:generateContent?alt=json&key=clients";
    ask(&bearer, line, &headers, "{}").await;
    let received = mock.received();
    let received = received.last().unwrap();
    assert_eq!(received.target, "/v1beta/models/g:generateContent?alt=json");
    assert_eq!(received.header("authorization"), Some("Bearer ours"));
}

#[tokio::test]
async fn a_head_without_a_body_is_one() {
    let mock = mock().await;
    let passing = start_passthrough(&mock.url(), Secret::new("t"), None, "m").unwrap();
    mock.push(Raw::new(200));
    let answer = ask(&passing, "HEAD /v1/models", &[&key(&passing)], "").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(mock.received()[0].method, "HEAD");
    assert_eq!(
        ask(&passing, "HEAD /", &[], "").await.status,
        200,
        "a probe needs no token"
    );
}

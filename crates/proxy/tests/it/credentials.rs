//! Which credentials of cc-relay's configuration open the gateway, and what a client is told that
//! has none of them.

use crate::net::{ask, post};
use crate::rig::{Rig, rig};

/// A gateway with these lines below `server`, in front of a provider that has no key of its own.
async fn behind(server: &str) -> Rig {
    let yaml = format!(
        "  {server}\nproviders:\n  - {{name: u1, type: anthropic, base_url: \"{{u1}}\", max_retries: 0}}\n"
    );
    rig(1, &yaml).await
}

/// Sends one message with each case's headers: 401 with this text, or 200 if there is none.
async fn are_told(server: &str, cases: &[(&[&str], Option<&str>)]) {
    let rig = behind(server).await;
    for (headers, refusal) in cases {
        let answer = rig.say(headers).await;
        let Some(message) = refusal else {
            assert_eq!(answer.status, 200, "{server}: {headers:?}");
            continue;
        };
        assert_eq!(answer.status, 401, "{server}: {headers:?}");
        let error = answer.json();
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"]["type"], "authentication_error");
        assert_eq!(error["error"]["message"], *message, "{server}: {headers:?}");
    }
    let let_in = cases.iter().filter(|(_, refusal)| refusal.is_none());
    assert_eq!(rig.received(), [let_in.count()], "{server}");
}

#[tokio::test]
async fn a_key_opens_and_the_text_tells_a_missing_from_a_wrong_one() {
    for server in ["auth: {api_key: pk}", "api_key: pk"] {
        are_told(
            server,
            &[
                (&[], Some("missing x-api-key header")),
                (&["x-api-key: wrong"], Some("invalid x-api-key")),
                (&["x-api-key: pk-and-more"], Some("invalid x-api-key")),
                (
                    &["Authorization: Bearer pk"],
                    Some("missing x-api-key header"),
                ),
                (&["x-api-key: pk"], None),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_bearer_opens_and_the_text_tells_what_was_wrong_with_another() {
    are_told(
        "auth: {allow_bearer: true, bearer_secret: s3cret}",
        &[
            (&[], Some("missing authorization header")),
            (
                &["Authorization: Bearer wrong"],
                Some("invalid bearer token"),
            ),
            (
                &["Authorization: Basic x"],
                Some("invalid authorization scheme"),
            ),
            (
                &["Authorization: BearerXs3cret"],
                Some("invalid authorization scheme"),
            ),
            (&["x-api-key: s3cret"], Some("missing authorization header")),
            (&["Authorization: Bearer s3cret"], None),
            (&["authorization: bearer s3cret"], None),
        ],
    )
    .await;
}

#[tokio::test]
async fn any_bearer_opens_where_only_a_subscription_is_demanded() {
    for server in [
        "auth: {allow_subscription: true}",
        "auth: {allow_bearer: true}",
    ] {
        are_told(
            server,
            &[
                (&[], Some("missing authorization header")),
                (
                    &["x-api-key: sk-ant-own"],
                    Some("missing authorization header"),
                ),
                (
                    &["Authorization: Basic x"],
                    Some("invalid authorization scheme"),
                ),
                (&["Authorization: Bearer t"], None),
                (&["Authorization: Bearer another"], None),
            ],
        )
        .await;
    }
    let rig = behind("auth: {allow_subscription: true}").await;
    rig.say(&["Authorization: Bearer sk-ant-oat-own"]).await;
    let seen = rig.mocks[0].wait_for(1).await.remove(0);
    assert_eq!(
        seen.header("authorization"),
        Some("Bearer sk-ant-oat-own"),
        "it is the client's own and travels on"
    );
}

#[tokio::test]
async fn with_a_bearer_and_a_key_one_is_enough_and_the_text_is_that_of_the_key() {
    let (good, bad) = ("Authorization: Bearer s3cret", "Authorization: Bearer bad");
    are_told(
        "auth: {api_key: pk, allow_bearer: true, bearer_secret: s3cret}",
        &[
            (&[bad, "x-api-key: pk"], None),
            (&[good, "x-api-key: bad"], None),
            (&[good], None),
            (&["x-api-key: pk"], None),
            (&[bad, "x-api-key: bad"], Some("invalid x-api-key")),
            (&["x-api-key: bad", bad], Some("invalid x-api-key")),
            (&[bad], Some("missing x-api-key header")),
            (&["x-api-key: bad"], Some("invalid x-api-key")),
            (&[], Some("missing x-api-key header")),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_of_no_interest_without_a_credential() {
    let rig = behind("auth: {api_key: pk}\n  max_body_bytes: 1000").await;
    let large = [b' '; 1001];
    let chunked = |key: &str| {
        let head = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
        let body = " ".repeat(2000);
        format!("{head}{key}\r\n7d0\r\n{body}\r\n0\r\n\r\n").into_bytes()
    };
    let expecting = |key: &str| {
        let head = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n";
        format!("{head}Expect: 100-continue\r\n{key}\r\n").into_bytes()
    };
    for key in ["x-api-key: wrong", ""] {
        let line = if key.is_empty() {
            String::new()
        } else {
            format!("{key}\r\n")
        };
        let lines: &[&str] = if key.is_empty() { &[] } else { &[key] };
        for request in [
            post("/v1/messages", lines, &large),
            chunked(&line),
            expecting(&line),
        ] {
            let answer = ask(rig.net.addr, &request).await;
            assert_eq!(answer.status, 401, "{key}");
            assert_eq!(answer.json()["error"]["type"], "authentication_error");
        }
    }
    for request in [
        post("/v1/messages", &["x-api-key: pk"], &large),
        chunked("x-api-key: pk\r\n"),
        expecting("x-api-key: pk\r\n"),
    ] {
        assert_eq!(ask(rig.net.addr, &request).await.status, 413);
    }
    assert_eq!(rig.received(), [0]);
}

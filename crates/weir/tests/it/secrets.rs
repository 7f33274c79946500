//! What no log ever holds, however much it is told to say.

use http::Method;
use serde_json::{Value, json};
use weir_mock::Raw;

use crate::program::{Program, Setup, eventually, small, start_with};
use crate::tenants::{MANAGER, manage, project, refusal, say, token};

const READER: &str = "reader-of-the-log-0123456789";
const PASSWORD: &str = "hunter-of-the-log-22";
const KEY: &str = "UPKEY-of-the-log-0123456789";
const OTHER_KEY: &str = "UPKEY-of-the-log-9876543210";
const ENCRYPTION: &str = "b2xkLWVuY3J5cHRpb24ta2V5LW9mLTMyLWJ5dGVzISE=";
const COOKIE: &str = "provider-session-of-the-log";

/// Everything that weir says of requests at level debug.
async fn talkative() -> Program {
    start_with(Setup {
        settings: &[
            ("logging.format", "json"),
            ("logging.debug_options.log_request_body", "true"),
            ("logging.debug_options.log_response_headers", "true"),
            ("logging.debug_options.log_tls_metrics", "true"),
            ("projects.read_token", READER),
            ("dashboard.password", PASSWORD),
            ("projects.encryption_key", ENCRYPTION),
        ],
        env: &[
            ("MANAGEMENT_TOKEN", MANAGER),
            ("LOG_LEVEL", "debug"),
            ("HTTP_CACHE_ENABLED", "true"),
        ],
    })
    .await
}

/// Every kind of call that a client makes with a token, those that are refused among them.
async fn as_clients_do(weir: &Program, token: &str) {
    assert_eq!(say(weir, token).await.status, 200);
    let opt_in = ("cache-control", "public, max-age=60");
    let bearer = format!("Bearer {token}");
    for headers in [
        vec![("x-api-key", token), opt_in],
        vec![("x-api-key", token), opt_in],
        vec![("authorization", bearer.as_str())],
        vec![("x-goog-api-key", token)],
        vec![("x-api-key", token), ("x-mock-scenario", "500")],
        vec![("x-api-key", token), ("x-mock-scenario", "429")],
    ] {
        weir.message(&headers, &small()).await;
    }
    let mut stream = small();
    stream["stream"] = true.into();
    weir.message(&[("x-api-key", token)], &stream).await;
    // One that has put its credential where it does not belong.
    let mut confided = small();
    confided["api_key"] = token.into();
    weir.message(&[("x-api-key", token)], &confided).await;
    let path = format!("/v1/messages?key={token}&beta=true");
    let body = small().to_string();
    weir.send(Method::POST, &path, &[("x-api-key", token)], body)
        .await;
    weir.mock
        .push(Raw::new(200).header("set-cookie", COOKIE).body("{}"));
    weir.message(&[("x-api-key", token)], &small()).await;
}

/// Every kind of call that managers make, about a project and a token; gives the token's next secret.
async fn as_managers_do(weir: &Program, project: &str, token: &str) -> String {
    let project = format!("/manage/projects/{project}");
    let token = format!("/manage/tokens/{token}");
    let rotate = format!("{token}/rotate");
    let rotated = manage(weir, Method::POST, &rotate, Value::Null).await;
    let misshapen = json!({"name": KEY, "api_key": [KEY]});
    let new_key = json!({"api_key": OTHER_KEY, "provider": "anthropic"});
    for (method, path, body) in [
        (Method::PATCH, &*project, new_key),
        (Method::PATCH, &*token, json!({"max_requests": 100})),
        (Method::POST, "/manage/cache/purge", json!({"all": true})),
        (Method::GET, "/manage/audit", Value::Null),
        (Method::POST, "/manage/projects", misshapen),
    ] {
        manage(weir, method, path, body).await;
    }
    rotated.json()["token"].as_str().unwrap().to_owned()
}

/// Good and bad ways to be let in.
async fn as_visitors_do(weir: &Program) {
    for (path, body) in [
        ("/manage/login", json!({"management_token": MANAGER})),
        (
            "/manage/login",
            json!({"management_token": READER, "remember": true}),
        ),
        ("/manage/login", json!({"management_token": PASSWORD})),
        ("/api/login", json!({"password": PASSWORD})),
        ("/api/login", json!({"password": MANAGER})),
    ] {
        weir.send(Method::POST, path, &[], body.to_string()).await;
    }
    let strangers = format!("Bearer {READER}x");
    let headers = [("authorization", strangers.as_str())];
    weir.send(Method::GET, "/manage/projects", &headers, "")
        .await;
}

#[tokio::test]
async fn no_secret_is_in_the_log_however_much_it_says() {
    let weir = talkative().await;
    let keyed = json!({"api_key": KEY, "budgets": [{"period": "day", "tokens": 1_000_000}]});
    let id = project(&weir, keyed).await;
    let (token_id, first) = token(&weir, &id, json!({})).await;
    as_clients_do(&weir, &first).await;
    let second = as_managers_do(&weir, &id, &token_id).await;
    assert_eq!(refusal(&say(&weir, &first).await).0, 401);
    as_clients_do(&weir, &second).await;
    as_visitors_do(&weir).await;
    let path = format!("/manage/projects/{id}");
    manage(&weir, Method::PATCH, &path, json!({"is_active": false})).await;
    assert_eq!(refusal(&say(&weir, &second).await).1, "project_inactive");

    // The line of the last request is written when its exchange is.
    let log = eventually(async || {
        let log = weir.log();
        log.contains(r#""status":403"#).then_some(log)
    })
    .await;
    assert!(log.contains("request details") && log.contains("response details"));
    for (what, secret) in [
        ("a token", first.as_str()),
        ("a rotated token", &second),
        ("a project's key", KEY),
        ("its next key", OTHER_KEY),
        ("a manager's token", MANAGER),
        ("a reader's token", READER),
        ("the password", PASSWORD),
        ("the encryption key", ENCRYPTION),
        ("a provider's cookie", COOKIE),
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{what} is in the log");
    }
}

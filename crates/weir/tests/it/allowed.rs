//! What the lists of a project let through, and the status and the code of what they do not.

use http::Method;
use serde_json::{Value, json};

use crate::program::{Got, MESSAGES, Program, Setup, small, start_with};
use crate::tenants::{MANAGER, project, refusal, token};

/// A client with a token whose project has rules.
struct Client {
    weir: Program,
    token: String,
}

impl Client {
    async fn under(rules: Value) -> Self {
        let weir = start_with(Setup {
            settings: &[],
            env: &[("MANAGEMENT_TOKEN", MANAGER)],
        })
        .await;
        let project = project(&weir, json!({"rules": rules})).await;
        let (_, token) = token(&weir, &project, json!({})).await;
        Self { weir, token }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Got {
        let mut all = vec![
            ("x-api-key", self.token.as_str()),
            ("anthropic-version", "2023-06-01"),
        ];
        all.extend(headers);
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.weir.send(method, path, &all, body).await
    }

    async fn say(&self, headers: &[(&str, &str)], body: &Value) -> Got {
        self.ask(Method::POST, MESSAGES, headers, body).await
    }

    fn reached(&self) -> Vec<String> {
        let all = self.weir.mock.received();
        all.iter().map(|one| one.path().to_owned()).collect()
    }
}

fn with(name: &str, value: Value) -> Value {
    let mut body = small();
    body[name] = value;
    body
}

#[tokio::test]
async fn methods_and_paths_that_are_not_listed_are_405_and_404_and_reach_nobody() {
    let rules = json!({"allowed_methods": ["GET", "POST"],
        "allowed_endpoints": ["/v1/messages", "/v1/models"]});
    let client = Client::under(rules).await;
    for (method, path, expected) in [
        (Method::DELETE, "/v1/models", (405, "method_not_allowed")),
        (Method::POST, "/v1/zzz", (404, "endpoint_not_found")),
        (Method::POST, "/v1/messagesX", (404, "endpoint_not_found")),
    ] {
        let got = client.ask(method, path, &[], &small()).await;
        let (status, code) = refusal(&got);
        assert_eq!((status, code.as_str()), expected, "{path}");
        assert_eq!(got.headers["x-request-id"].len(), 36, "{path}");
    }
    assert_eq!(client.reached(), Vec::<String>::new());
    client
        .ask(Method::GET, "/v1/messages/batches/b_1", &[], &Value::Null)
        .await;
    assert_eq!(client.reached(), ["/v1/messages/batches/b_1"]);
}

#[tokio::test]
async fn parameters_are_held_to_their_lists_whatever_the_media_type_says() {
    let rules =
        json!({"param_whitelist": {"model": ["claude-opus-5", "claude-sonnet-*"], "n": ["1"]}});
    let client = Client::under(rules).await;
    for body in [small(), with("n", json!(1)), with("n", json!(1.0))] {
        assert_eq!(client.say(&[], &body).await.status, 200, "{body}");
    }
    let refused = [
        (
            with("model", json!("gpt-3")),
            "Parameter 'model' value 'gpt-3' is not allowed. \
             Allowed patterns: [claude-opus-5 claude-sonnet-*]",
        ),
        (
            with("n", json!(1.5)),
            "Parameter 'n' value '1.5' is not allowed. Allowed patterns: [1]",
        ),
    ];
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
    ] {
        for (body, message) in &refused {
            let got = client.say(&[("content-type", kind)], body).await;
            assert_eq!(refusal(&got), (400, "param_not_allowed".into()), "{kind}");
            assert_eq!(got.json()["error"]["message"], *message, "{kind}");
        }
    }
    assert_eq!(client.reached().len(), 3);
}

#[tokio::test]
async fn an_origin_that_is_not_listed_is_403_and_none_at_all_is_let_in() {
    let client = Client::under(json!({"allowed_origins": ["https://ok"]})).await;
    for (origin, expected) in [
        (Some("https://ok"), 200),
        (None, 200),
        (Some("https://bad"), 403),
        (Some("https://ok.bad"), 403),
    ] {
        let headers: Vec<_> = origin
            .map(|origin| ("origin", origin))
            .into_iter()
            .collect();
        let got = client.say(&headers, &small()).await;
        assert_eq!(got.status, expected, "{origin:?}: {}", got.text());
        if expected == 403 {
            assert_eq!(refusal(&got).1, "origin_not_allowed");
        }
    }
    assert_eq!(client.reached().len(), 2);
}

#[tokio::test]
async fn a_header_that_is_demanded_and_not_there_is_400_by_its_name() {
    for (header, value, code) in [
        ("origin", "https://any", "origin_required"),
        ("x-team", "compilers", "header_required"),
    ] {
        let client = Client::under(json!({"required_headers": [header]})).await;
        let got = client.say(&[], &small()).await;
        assert_eq!(refusal(&got), (400, code.into()));
        let message = got.json()["error"]["message"].to_string();
        assert!(message.to_lowercase().contains(header), "{message}");
        assert_eq!(client.say(&[(header, value)], &small()).await.status, 200);
        assert_eq!(client.reached().len(), 1);
    }
}

#[tokio::test]
async fn what_is_let_through_arrives_and_comes_back_as_it_was_but_for_the_token() {
    let client = Client::under(json!({})).await;
    let body = r#"{ "model" : "m", "x_future": {"n":12345678901234567890, "f": 1.0e+5}, "u":"\u00e9", "messages":[]}  "#;
    let path = "/v1/messages?beta=true&x=%41%20b&&y";
    let answer = "{\"ok\": true }";
    client.weir.mock.push(
        weir_mock::Raw::new(203)
            .header("content-type", "application/json")
            .header("x-unknown", "kept")
            .body(answer),
    );
    let headers = [("x-api-key", client.token.as_str()), ("x-own", "kept, too")];
    let sent = client.weir.send(Method::POST, path, &headers, body);
    let got = sent.await;
    assert_eq!((got.status.as_u16(), got.text().as_str()), (203, answer));
    assert_eq!(got.headers["x-unknown"], "kept");
    let received = client.weir.mock.received().remove(0);
    assert_eq!(
        (received.target.as_str(), &received.body[..]),
        (path, body.as_bytes())
    );
    assert_eq!(received.header("x-own"), Some("kept, too"));
    for (name, value) in &received.headers {
        let ours = name.to_ascii_lowercase().starts_with("x-proxy");
        assert!(!ours && !value.contains(&client.token), "{name}: {value}");
    }
}

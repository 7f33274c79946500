//! Projects and their tokens, from the management to the provider.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};

use crate::program::{Got, Program, Setup, eventually, small, start_in, start_with};

pub(crate) const MANAGER: &str = "manager-0123456789";
const KEY: &str = "UPKEY-0123456789";

async fn start(settings: &[(&str, &str)]) -> Program {
    start_with(Setup {
        settings,
        env: &[("MANAGEMENT_TOKEN", MANAGER)],
    })
    .await
}

pub(crate) async fn manage(weir: &Program, method: Method, path: &str, body: Value) -> Got {
    let bearer = format!("Bearer {MANAGER}");
    let body = match &body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    weir.send(method, path, &[("authorization", &bearer)], body)
        .await
}

/// A project with a key for the mock, by its id.
pub(crate) async fn project(weir: &Program, more: Value) -> String {
    let mut new = json!({"name": "one", "api_key": KEY, "provider": "anthropic"});
    new.as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap_or_default());
    let made = manage(weir, Method::POST, "/manage/projects", new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

/// A token's id and secret.
pub(crate) async fn token(weir: &Program, project: &str, more: Value) -> (String, String) {
    let mut new = json!({"project_id": project, "duration_minutes": 60});
    new.as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap_or_default());
    let made = manage(weir, Method::POST, "/manage/tokens", new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

pub(crate) async fn say(weir: &Program, token: &str) -> Got {
    weir.message(&[("x-api-key", token)], &small()).await
}

/// The status and the code of a refusal.
pub(crate) fn refusal(got: &Got) -> (u16, String) {
    let code = got.json()["error"]["details"]["error_code"].clone();
    (
        got.status.as_u16(),
        code.as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_token_is_exchanged_for_its_projects_key_and_goes_no_further() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    for headers in [
        vec![("x-api-key", token.clone())],
        vec![("authorization", format!("bearer {token}"))],
        vec![
            ("authorization", format!("Bearer {token}")),
            ("x-api-key", token.clone()),
        ],
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = weir.message(&headers, &small()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let received = weir.mock.received();
    assert_eq!(received.len(), 3);
    for one in &received {
        assert_eq!(one.credential(), Some(KEY));
        let said = format!("{one:?}");
        assert!(!said.contains(&token), "{said}");
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_goes_on() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let (id, token) = token(&weir, &project, json!({})).await;
    for (sent, code) in [
        ("", "invalid_token"),
        ("sk-bad", "invalid_token"),
        ("sk-AAAAAAAAAAAAAAAAAAAAAA", "token_not_found"),
    ] {
        assert_eq!(
            refusal(&say(&weir, sent).await),
            (401, code.into()),
            "{sent}"
        );
    }
    assert_eq!(say(&weir, &token).await.status, 200);
    let path = format!("/manage/tokens/{id}");
    for _ in 0..2 {
        let revoked = manage(&weir, Method::DELETE, &path, Value::Null).await;
        assert_eq!(revoked.status, 204);
    }
    assert_eq!(
        refusal(&say(&weir, &token).await),
        (401, "token_inactive".into())
    );
    let on = json!({"is_active": true});
    assert_eq!(manage(&weir, Method::PATCH, &path, on).await.status, 200);
    assert_eq!(say(&weir, &token).await.status, 200);
    assert_eq!(weir.mock.received().len(), 2);
}

#[tokio::test]
async fn a_project_that_is_switched_off_is_refused_at_once_and_the_audit_says_so() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    let path = format!("/manage/projects/{project}");
    let off = manage(&weir, Method::PATCH, &path, json!({"is_active": false})).await;
    assert_eq!(off.status, 200, "{}", off.text());
    assert_eq!(
        refusal(&say(&weir, &token).await),
        (403, "project_inactive".into())
    );
    let event = eventually(|| async {
        let found = manage(
            &weir,
            Method::GET,
            "/manage/audit?action=proxy_request",
            Value::Null,
        );
        found.await.json()["events"].get(0).cloned()
    })
    .await;
    assert_eq!(event["outcome"], "denied");
    assert_eq!(event["reason"], "project_inactive");
    assert_eq!(event["project_id"], project);
    let verified = manage(&weir, Method::GET, "/manage/audit/verify", Value::Null).await;
    assert_eq!(verified.json()["intact"], true);
}

#[tokio::test]
async fn a_cap_lets_no_more_through_however_many_come_at_once() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let (id, token) = token(&weir, &project, json!({"max_requests": 10})).await;
    let all = (0..50).map(|_| say(&weir, &token));
    let all = futures_util::future::join_all(all).await;
    let good = all.iter().filter(|got| got.status == 200).count();
    assert_eq!((good, weir.mock.received().len()), (10, 10));
    let refused = all.iter().find(|got| got.status != 200).unwrap();
    assert_eq!(refusal(refused), (429, "rate_limit_exceeded".into()));
    assert_eq!(refused.headers["x-should-retry"], "false");
    let path = format!("/manage/tokens/{id}");
    let used = eventually(|| async {
        let token = manage(&weir, Method::GET, &path, Value::Null).await.json();
        (token["request_count"] == 10).then_some(token)
    })
    .await;
    assert!(used["last_used_at"].is_string(), "{used}");
    assert_ne!(used["token"], token);
}

#[tokio::test]
async fn lists_are_held_to_after_the_token_was_seen() {
    let weir = start(&[]).await;
    let rules = json!({"rules": {"allowed_endpoints": ["/v1/messages"], "allowed_models": ["claude-*"],
        "param_whitelist": {"max_tokens": ["5"]}}});
    let project = project(&weir, rules).await;
    let (_, token) = token(
        &weir,
        &project,
        json!({"rules": {"allowed_methods": ["POST"]}}),
    )
    .await;
    assert_eq!(say(&weir, &token).await.status, 200);
    let ask = async |method: Method, path: &str, body: Value| {
        let headers = [
            ("x-api-key", token.as_str()),
            ("content-type", "text/plain"),
        ];
        refusal(&weir.send(method, path, &headers, body.to_string()).await)
    };
    let with = |name: &str, value: Value| {
        let mut body = small();
        body[name] = value;
        body
    };
    let messages = "/v1/messages";
    assert_eq!(
        ask(Method::POST, messages, with("model", json!("gpt-5"))).await,
        (403, "model_not_allowed".into())
    );
    assert_eq!(
        ask(Method::POST, messages, with("max_tokens", json!(6))).await,
        (400, "param_not_allowed".into())
    );
    assert_eq!(
        ask(Method::POST, "/v1/messages/../files", small()).await.0,
        404
    );
    let outside = weir
        .send(Method::POST, messages, &[], small().to_string())
        .await;
    assert_eq!(
        refusal(&outside),
        (401, "invalid_token".into()),
        "lists are for who is known"
    );
    assert_eq!(weir.mock.received().len(), 1);
}

#[tokio::test]
async fn a_budget_ends_as_a_spend_limit_and_is_remembered_over_a_restart() {
    let mut weir = start(&[]).await;
    let budget = json!({"budgets": [{"period": "day", "tokens": 60}]});
    let project = project(&weir, budget).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    let mut answers = 0;
    let refused = loop {
        let got = say(&weir, &token).await;
        if got.status != 200 {
            break got;
        }
        answers += 1;
        assert!(answers < 60, "it never ends");
    };
    assert!(answers > 0);
    assert_eq!(refusal(&refused), (429, "budget_exceeded".into()));
    let error = &refused.json()["error"];
    assert_eq!(error["type"], "billing_error");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("spend limit reached · resets ")
    );
    assert!(
        refused
            .headers
            .contains_key("anthropic-ratelimit-unified-reset")
    );
    let path = format!("/manage/projects/{project}");
    let used = eventually(|| async {
        let project = manage(&weir, Method::GET, &path, Value::Null).await.json();
        project["usage"][0]["tokens"]
            .as_u64()
            .filter(|tokens| *tokens > 0)
    })
    .await;
    assert!(used <= 60, "{used}");
    weir.kill_and_restart(&[("projects.management_token", MANAGER)]);
    assert_eq!(refusal(&say(&weir, &token).await).0, 429);
}

#[tokio::test]
async fn managers_may_do_what_their_role_says() {
    let weir = start(&[
        ("projects.read_token", "reader-0123456789"),
        ("projects.operate_token", "operator-01234"),
    ])
    .await;
    let project = project(&weir, json!({})).await;
    let ask = async |token: &str, method: Method, path: &str, body: Value| {
        let bearer = format!("Bearer {token}");
        let got = weir
            .send(
                method,
                path,
                &[("authorization", &bearer)],
                body.to_string(),
            )
            .await;
        got.status.as_u16()
    };
    let token = json!({"project_id": project, "duration_minutes": 5});
    for (who, list, make_token, make_project) in [
        ("reader-0123456789", 200, 403, 403),
        ("operator-01234", 200, 201, 403),
        (MANAGER, 200, 201, 201),
        ("somebody", 401, 401, 401),
    ] {
        assert_eq!(
            ask(who, Method::GET, "/manage/projects", json!({})).await,
            list,
            "{who}"
        );
        let made = ask(who, Method::POST, "/manage/tokens", token.clone()).await;
        assert_eq!(made, make_token, "{who}");
        let new = json!({"name": who});
        let made = ask(who, Method::POST, "/manage/projects", new).await;
        assert_eq!(made, make_project, "{who}");
    }
    let bare = weir.get("/manage/projects").await;
    assert_eq!(bare.status, 401);
    assert_eq!(bare.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_manager_is_told_their_role_and_nobody_else_is() {
    let weir = start(&[
        ("projects.read_token", "reader-0123456789"),
        ("projects.operate_token", "operator-01234"),
    ])
    .await;
    for (token, name, role) in [
        ("reader-0123456789", "read_token", "read"),
        ("operator-01234", "operate_token", "operate"),
        (MANAGER, "management_api", "admin"),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let told = weir.send(Method::GET, "/manage/me", &headers, "").await;
        assert_eq!(told.status, 200, "{}", told.text());
        assert_eq!(told.json(), json!({"name": name, "role": role}));
    }
    assert_eq!(weir.get("/manage/me").await.status, 401);
}

#[tokio::test]
async fn managers_with_names_do_what_their_role_says_under_their_name() {
    let managers = r#"{"alice": {"role": "operate", "token": "alice-0123456789"},
        "bob": {"role": "read", "token": "bob-0123456789"}}"#;
    let weir = start(&[("projects.managers", managers)]).await;
    let project = project(&weir, json!({})).await;
    let new = json!({"project_id": project, "duration_minutes": 5}).to_string();
    let make = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer)];
        weir.send(Method::POST, "/manage/tokens", &headers, new.clone())
            .await
    };
    assert_eq!(make("alice-0123456789").await.status, 201);
    assert_eq!(make("bob-0123456789").await.status, 403);
    let log_in = json!({"management_token": "bob-0123456789"}).to_string();
    let entered = weir.send(Method::POST, "/manage/login", &[], log_in).await;
    assert_eq!(entered.status, 204, "{}", entered.text());
    for (query, action) in [
        ("actor=alice&outcome=success", "token.create"),
        ("actor=bob&outcome=denied", "admin.access"),
        ("actor=bob&outcome=success", "admin.login"),
    ] {
        let path = format!("/manage/audit?{query}");
        let found = manage(&weir, Method::GET, &path, Value::Null).await.json();
        assert_eq!(found["events"][0]["action"], action, "{found}");
    }
    let shown = weir.get("/api/config/effective").await.text();
    assert!(shown.contains("projects.managers"), "{shown}");
    assert!(!shown.contains("0123456789"), "{shown}");
}

#[tokio::test]
async fn keys_that_another_encryption_key_has_sealed_are_missed_and_never_replaced() {
    let key = |byte: u8| STANDARD.encode([byte; 32]);
    let (first, second) = (key(1), key(2));
    let settings = [("providers.anthropic.api_key", "gateway-own-key")];
    let env = [&first, &second].map(|key| [("MANAGEMENT_TOKEN", MANAGER), ("ENCRYPTION_KEY", key)]);
    let setup = |at: usize| Setup {
        settings: &settings,
        env: &env[at],
    };
    let mut weir = start_with(setup(0)).await;
    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    assert_eq!(say(&weir, &token).await.status, 200);
    weir.signal("TERM");
    weir.exit().await;
    let folder = std::mem::replace(&mut weir.folder, tempfile::tempdir().unwrap());
    let mock = weir_mock::serve(weir_mock::MockConfig::default()).await;
    let weir = start_in(folder, mock.unwrap(), setup(1));
    let got = say(&weir, &token).await;
    assert_eq!(refusal(&got), (503, "upstream_auth_error".into()));
    assert!(
        !got.headers.contains_key("retry-after"),
        "it would be in vain"
    );
    assert_eq!(weir.mock.received().len(), 0);
    let path = "/manage/audit?action=proxy_request";
    let event = eventually(async || {
        let found = manage(&weir, Method::GET, path, Value::Null).await.json();
        let event = found["events"][0].clone();
        event.is_object().then_some(event)
    })
    .await;
    assert_eq!(
        (&event["outcome"], &event["reason"]),
        (&json!("error"), &json!("upstream_auth_error"))
    );
    let new = json!({"api_key": KEY, "provider": "anthropic"});
    let path = format!("/manage/projects/{project}");
    assert_eq!(manage(&weir, Method::PATCH, &path, new).await.status, 200);
    assert_eq!(say(&weir, &token).await.status, 200, "a new key mends it");
}

#[tokio::test]
async fn a_reload_decides_anew_whether_projects_that_are_off_are_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.yaml");
    let save = |enforce: bool| {
        let text = format!("projects: {{enforce_active: {enforce}}}\n");
        std::fs::write(&file, text).unwrap();
    };
    save(true);
    let mock = weir_mock::serve(weir_mock::MockConfig::default()).await;
    let env = [("MANAGEMENT_TOKEN", MANAGER)];
    let setup = Setup {
        settings: &[],
        env: &env,
    };
    let weir = start_in(folder, mock.unwrap(), setup);
    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    let path = format!("/manage/projects/{project}");
    let off = manage(&weir, Method::PATCH, &path, json!({"is_active": false})).await;
    assert_eq!(off.status, 200, "{}", off.text());
    assert_eq!(say(&weir, &token).await.status, 403);
    for (enforce, status) in [(false, 200), (true, 403)] {
        save(enforce);
        eventually(async || (say(&weir, &token).await.status == status).then_some(())).await;
    }
}

#[tokio::test]
async fn secrets_are_shown_once_and_logged_never() {
    let weir = start(&[("logging.level", "debug")]).await;
    let project = project(&weir, json!({})).await;
    let (id, token) = token(&weir, &project, json!({})).await;
    assert_eq!(say(&weir, &token).await.status, 200);
    for path in [
        "/manage/projects".to_owned(),
        format!("/manage/projects/{project}"),
        "/manage/tokens".to_owned(),
        format!("/manage/tokens/{id}"),
        "/manage/audit".to_owned(),
        "/api/requests".to_owned(),
    ] {
        let shown = manage(&weir, Method::GET, &path, Value::Null).await.text();
        assert!(
            !shown.contains(&token) && !shown.contains(KEY),
            "{path}: {shown}"
        );
    }
    let log = weir.log();
    for secret in [token.as_str(), KEY, MANAGER] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn what_is_unknown_or_misshapen_in_a_body_is_named_and_changes_nothing() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let token = |more: Value| {
        let mut new = json!({"project_id": project, "duration_minutes": 60});
        new.as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        new
    };
    let tokens = "/manage/tokens";
    for (body, field) in [
        // A cap that is misspelt must not make a token without one.
        (token(json!({"max_request": 5})), "max_request"),
        (token(json!({"limits": [5, 5, 5]})), "limits"),
        (token(json!({"budgets": [["day", 1]]})), "budgets[0]"),
        (token(json!({"limits": {"rmp": 5}})), "limits.rmp"),
        (token(json!({"parent_id": "7"})), "parent_id"),
        (
            token(json!({"limits": {"tpm": 1_000_000_000_001_u64}})),
            "limits.tpm",
        ),
    ] {
        let refused = manage(&weir, Method::POST, tokens, body).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert_eq!(refused.json()["field"], field, "{}", refused.text());
    }
    let path = format!("/manage/projects/{project}");
    let body = json!({"is_activ": false});
    let refused = manage(&weir, Method::PATCH, &path, body).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["field"]),
        (400, &json!("is_activ"))
    );
    let none = manage(&weir, Method::GET, tokens, Value::Null).await;
    assert_eq!(none.json(), json!([]));
}

#[tokio::test]
async fn what_a_project_asked_for_is_found_and_added_up_by_its_id() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let (id, token) = token(&weir, &project, json!({})).await;
    assert_eq!(say(&weir, &token).await.status, 200);
    assert_eq!(say(&weir, "sk-bad").await.status, 401);
    let list = |query: String| {
        let weir = &weir;
        async move {
            weir.get(&format!("/api/requests/summary?{query}"))
                .await
                .json()
        }
    };
    let found = eventually(|| async {
        let list = list(format!("project={project}&state=complete")).await;
        list["requests"].get(0).cloned()
    })
    .await;
    assert_eq!(found["projectId"], json!(project));
    assert_eq!(found["tokenId"], json!(id));
    for (query, count) in [
        (format!("token={id}"), 1),
        (format!("project={id}"), 0),
        (String::new(), 2),
    ] {
        let found = list(query.clone()).await["requests"].clone();
        assert_eq!(found.as_array().unwrap().len(), count, "{query}: {found}");
    }
    let figures = eventually(|| async {
        let figures = weir
            .get("/api/analytics?start=1d&bucket=none&by=project")
            .await;
        let rows = figures.json()["rows"].clone();
        (rows.as_array()?.len() == 2).then_some(rows)
    })
    .await;
    let labels: Vec<&Value> = figures
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["key"])
        .collect();
    assert_eq!(labels, [&json!(""), &json!(project)]);
    let facets = weir.get("/api/requests/facets").await.json();
    assert_eq!(facets["projects"], json!([{"value": project, "count": 1}]));
    let names = weir.get("/api/projects").await.json();
    assert_eq!(names, json!([{"id": project, "name": "one"}]));
}

#[tokio::test]
async fn projects_are_never_deleted() {
    let weir = start(&[]).await;
    let path = format!("/manage/projects/{}", project(&weir, json!({})).await);
    let refused = manage(&weir, Method::DELETE, &path, Value::Null).await;
    assert_eq!(refused.status, 405);
    assert_eq!(refused.headers["allow"], "GET, PATCH");
    assert!(refused.text().contains("is not permitted"));
    let there = manage(&weir, Method::GET, &path, Value::Null).await;
    assert_eq!(there.status, 200);
}

#[tokio::test]
async fn pages_of_named_origins_may_call_and_read_refusals_too() {
    let weir = start(&[(
        "server.cors.allowed_origins",
        "https://ok, http://127.0.0.1:5173",
    )])
    .await;
    let asks = |origin: &'static str| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-foo, authorization"),
        ]
    };
    let path = "/v1/messages";
    let told = weir
        .send(Method::OPTIONS, path, &asks("https://ok"), "")
        .await;
    assert_eq!(told.status, 204);
    assert_eq!(told.headers["access-control-allow-origin"], "https://ok");
    assert_eq!(
        told.headers["access-control-allow-headers"],
        "x-foo, authorization"
    );
    assert_eq!(told.headers["access-control-max-age"], "86400");
    let told = weir
        .send(Method::OPTIONS, path, &asks("https://bad"), "")
        .await;
    assert!(!told.headers.contains_key("access-control-allow-origin"));
    assert_eq!(weir.mock.received().len(), 0);

    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    for (sent, status) in [(token.as_str(), 200), ("sk-bad", 401)] {
        let headers = [("x-api-key", sent), ("origin", "https://ok")];
        let got = weir.message(&headers, &small()).await;
        assert_eq!(got.status, status);
        assert_eq!(got.headers["access-control-allow-origin"], "https://ok");
        let exposed = got.headers["access-control-expose-headers"]
            .to_str()
            .unwrap();
        assert!(exposed.contains("X-Request-ID"), "{exposed}");
        let vary: Vec<_> = got.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|one| *one == "Origin"), "{vary:?}");
    }
    let headers = [("x-api-key", token.as_str()), ("origin", "https://bad")];
    let got = weir.message(&headers, &small()).await;
    assert!(!got.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn every_page_may_ask_where_every_client_needs_a_credential() {
    let weir = start(&[("server.cors.allowed_origins", "*")]).await;
    let asks = [
        ("origin", "https://any"),
        ("access-control-request-method", "POST"),
    ];
    let told = weir
        .send(Method::OPTIONS, "/v1/chat/completions", &asks, "")
        .await;
    assert_eq!((told.status.as_u16(), told.body.len()), (204, 0));
    assert_eq!(told.headers["access-control-allow-origin"], "*");
    assert_eq!(
        told.headers["access-control-allow-headers"],
        "Authorization, Content-Type, X-Requested-With"
    );
    assert_eq!(
        refusal(&weir.message(&[("origin", "https://any")], &small()).await).0,
        401
    );
}

#[tokio::test]
async fn a_management_token_logs_in_to_the_pages_and_its_cookie_does_not_hold_it() {
    let weir = start(&[("projects.read_token", "reader-0123456789")]).await;
    let log_in = async |token: &str, remember: bool| {
        let body = json!({"management_token": token, "remember": remember});
        weir.send(Method::POST, "/manage/login", &[], body.to_string())
            .await
    };
    assert_eq!(log_in("guess", false).await.status, 401);
    let set = async |token: &str, remember: bool| {
        let got = log_in(token, remember).await;
        assert_eq!(got.status, 204, "{}", got.text());
        got.headers["set-cookie"].to_str().unwrap().to_owned()
    };
    let brief = set(MANAGER, false).await;
    assert!(brief.contains("HttpOnly; SameSite=Strict"), "{brief}");
    assert!(!brief.contains("Max-Age"), "{brief}");
    let long = set(MANAGER, true).await;
    assert!(long.contains("Max-Age=2592000"), "{long}");
    let value = |set: &str| set.split_once(';').unwrap().0.to_owned();
    let cookie = value(&long);
    for part in cookie.split(['=', '.']) {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let decoded = engine.decode(part).unwrap_or_default();
            let holds = decoded
                .windows(MANAGER.len())
                .any(|part| part == MANAGER.as_bytes());
            assert!(!holds && !part.contains(MANAGER), "{cookie}");
        }
    }

    let ask = async |method: Method, path: &str, cookie: &str, body: Value| {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
        weir.send(method, path, &headers, body.to_string()).await
    };
    let new = json!({"name": "by a browser"});
    let made = ask(Method::POST, "/manage/projects", &cookie, new.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let bare = [("cookie", cookie.as_str())];
    let bare = weir.send(Method::POST, "/manage/projects", &bare, new.to_string());
    assert_eq!(bare.await.status, 403, "a cookie alone changes nothing");
    let path = "/manage/audit?action=project.create";
    let event = ask(Method::GET, path, &cookie, Value::Null).await.json();
    let event = &event["events"][0];
    assert_eq!(event["metadata"]["origin"], "admin-ui");
    assert_eq!(event["actor"], "management_api");

    let reader = value(&set("reader-0123456789", false).await);
    let refused = ask(Method::POST, "/manage/projects", &reader, new).await;
    assert_eq!(refused.status, 403);
    let out = ask(Method::POST, "/api/logout", &cookie, Value::Null).await;
    assert!(
        out.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let gone = ask(Method::GET, "/manage/projects", &cookie, Value::Null).await;
    assert_eq!(gone.status, 401);
}

#[tokio::test]
async fn without_projects_the_answer_says_how_to_switch_them_on() {
    let weir = start_with(Setup::default()).await;
    for path in ["/manage/projects", "/manage/tokens", "/manage/audit"] {
        let got = weir.get(path).await;
        assert_eq!(got.status, 503);
        let said = got.json()["error"].as_str().unwrap().to_owned();
        assert!(said.contains("projects.management_token"), "{said}");
    }
}

#[tokio::test]
async fn lists_tell_states_numbers_and_what_is_used_of_each_budget() {
    let weir = start(&[]).await;
    let budgets = json!({"budgets": [{"period": "day", "tokens": 100_000}, {"period": "lifetime", "usd": 5.0}]});
    let project = project(&weir, budgets.clone()).await;
    let (id, secret) = token(&weir, &project, json!({"max_requests": 1})).await;
    token(&weir, &project, budgets).await;
    assert_eq!(say(&weir, &secret).await.status, 200);
    let listed = eventually(|| async {
        let all = manage(&weir, Method::GET, "/manage/projects", Value::Null).await;
        let one = all.json()[0].clone();
        (one["usage"][0]["tokens"] != 0 && one["request_count"] == 1).then_some(one)
    })
    .await;
    assert_eq!(listed["tokens"], json!({"total": 2, "active": 1}));
    assert!(listed["usage"][0]["resets_at"].is_string(), "{listed}");
    assert_eq!(listed["usage"][1]["period"], "lifetime");
    assert!(listed["usage"][1].get("resets_at").is_none(), "{listed}");
    let path = format!("/manage/tokens?projectId={project}");
    let tokens = manage(&weir, Method::GET, &path, Value::Null).await.json();
    let states: Vec<_> = tokens.as_array().unwrap().iter().collect();
    assert_eq!(states.len(), 2);
    let used = states.iter().find(|token| token["id"] == *id).unwrap();
    assert_eq!(used["state"], "used_up");
    let fresh = states.iter().find(|token| token["id"] != *id).unwrap();
    assert_eq!(fresh["state"], "active");
    assert_eq!(fresh["usage"][1]["usd"], 0.0);
}

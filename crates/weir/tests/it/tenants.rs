//! Projects and their tokens, from the management to the provider.

mod kept;
mod managers;
mod origins;

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

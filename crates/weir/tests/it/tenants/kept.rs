//! What the management keeps, shows and refuses of projects and tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{KEY, MANAGER, manage, project, refusal, say, start, token};
use crate::program::{Setup, eventually, start_in, start_with};

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

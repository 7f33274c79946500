//! The calls under `/manage/`, as programs make them.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use weir_core::control::Digest;

use crate::program::{Got, Program, Setup, eventually, small, start_with};
use crate::tenants::{MANAGER, manage, project, refusal, say, token};

const KEY: &str = "sk-proj-of-the-first-cdef";
const OTHER: &str = "sk-proj-of-another-89ab";
const PROJECTS: &str = "/manage/projects";
const TOKENS: &str = "/manage/tokens";

async fn start() -> Program {
    start_with(Setup {
        settings: &[],
        env: &[("MANAGEMENT_TOKEN", MANAGER)],
    })
    .await
}

async fn get(weir: &Program, path: &str) -> Value {
    let got = manage(weir, Method::GET, path, Value::Null).await;
    assert_eq!(got.status, 200, "{path}: {}", got.text());
    got.json()
}

async fn patch(weir: &Program, path: &str, body: Value) -> Got {
    manage(weir, Method::PATCH, path, body).await
}

/// What a call that is refused says.
fn error(got: &Got) -> (u16, String) {
    let error = got.json()["error"].as_str().unwrap_or_default().to_owned();
    (got.status.as_u16(), error)
}

/// The credential that the provider was last asked with.
fn credential(weir: &Program) -> Option<String> {
    let last = weir.mock.received().pop()?;
    last.credential().map(str::to_owned)
}

#[tokio::test]
async fn a_project_is_made_and_listed_by_name_and_its_key_never_shown() {
    let weir = start().await;
    for name in ["beta", "alpha"] {
        let new = json!({"name": name, "api_key": KEY, "provider": "anthropic"});
        let made = manage(&weir, Method::POST, PROJECTS, new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        assert!(!made.text().contains(KEY), "{}", made.text());
        let made = made.json();
        assert!(made["id"].as_str().unwrap().parse::<Uuid>().is_ok());
        assert_eq!(made["is_active"], true);
        assert_eq!(made["api_key"], "sk-proj-...cdef");
    }
    let all = get(&weir, PROJECTS).await;
    assert_eq!(
        (&all[0]["name"], &all[1]["name"]),
        (&json!("alpha"), &json!("beta"))
    );
    let path = format!("{PROJECTS}/{}", all[0]["id"].as_str().unwrap());
    for shown in [&all[0], &get(&weir, &path).await] {
        assert_eq!(shown["api_key"], "sk-proj-...cdef");
        assert!(!shown.to_string().contains(KEY));
    }
}

#[tokio::test]
async fn a_project_that_cannot_be_is_refused_by_field() {
    let weir = start().await;
    for (new, status, said) in [
        (json!({"api_key": KEY}), 400, "name is required"),
        (json!({"name": " "}), 400, "name is required"),
        (
            json!({"name": "x", "api_key": "sk-proj-...cdef"}),
            400,
            "obfuscated",
        ),
        (
            json!({"name": "x", "api_key": "sk-p****"}),
            400,
            "obfuscated",
        ),
        (json!([]), 400, "invalid request body"),
    ] {
        let (got, message) = error(&manage(&weir, Method::POST, PROJECTS, new.clone()).await);
        assert!(got == status && message.contains(said), "{new}: {message}");
    }
    let only = json!({"name": "without a key of its own"});
    for status in [201, 409] {
        let made = manage(&weir, Method::POST, PROJECTS, only.clone()).await;
        assert_eq!(made.status, status, "{}", made.text());
    }
    let all = get(&weir, PROJECTS).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(all[0]["api_key"], Value::Null);
}

#[tokio::test]
async fn a_name_that_is_taken_is_409_and_a_state_that_is_gone_is_412() {
    let weir = start().await;
    let first = project(&weir, json!({"name": "first"})).await;
    project(&weir, json!({"name": "second"})).await;
    let path = format!("{PROJECTS}/{first}");
    let bearer = format!("Bearer {MANAGER}");
    let headers = [("authorization", bearer.as_str())];
    let shown = weir.send(Method::GET, &path, &headers, "").await;
    let tag = shown.headers["etag"].to_str().unwrap();
    let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
    for (name, status) in [("second", 409), ("third", 200), ("fourth", 412)] {
        let edit = json!({"name": name}).to_string();
        let got = weir.send(Method::PATCH, &path, &headers, edit).await;
        assert_eq!(got.status, status, "{name}: {}", got.text());
    }
}

#[tokio::test]
async fn strangers_do_not_fill_the_audit() {
    let weir = start().await;
    for _ in 0..20 {
        assert_eq!(weir.get(PROJECTS).await.status, 401);
    }
    let bearer = [("authorization", "Bearer a-guess-0123456789")];
    let mut guesses = 0;
    while weir.send(Method::GET, PROJECTS, &bearer, "").await.status == 401 {
        guesses += 1;
    }
    for _ in 0..20 {
        weir.send(Method::GET, PROJECTS, &bearer, "").await;
    }
    // Whoever comes from there has to wait by now.
    let denied = eventually(async || {
        let path = "/manage/audit?outcome=denied&action=admin.access";
        let got = manage(&weir, Method::GET, path, Value::Null).await;
        (got.status == 200).then(|| got.json())
    })
    .await;
    let told = denied["events"].as_array().unwrap().len();
    assert!(guesses > 0 && told == 1 + guesses, "{guesses}: {denied}");
}

#[tokio::test]
async fn a_new_key_is_used_at_once_and_one_that_is_not_named_stays() {
    let weir = start().await;
    let id = project(&weir, json!({"api_key": KEY})).await;
    let (_, secret) = token(&weir, &id, json!({})).await;
    let path = format!("{PROJECTS}/{id}");
    for (change, expected) in [
        (json!({"name": "renamed"}), KEY),
        (json!({"api_key": "", "provider": "anthropic"}), KEY),
        (json!({"api_key": OTHER, "provider": "anthropic"}), OTHER),
    ] {
        let changed = patch(&weir, &path, change.clone()).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert!(!changed.text().contains(expected), "{}", changed.text());
        assert_eq!(say(&weir, &secret).await.status, 200);
        assert_eq!(credential(&weir).as_deref(), Some(expected), "{change}");
    }
    let masked = patch(&weir, &path, json!({"api_key": "sk-proj-...89ab"})).await;
    assert_eq!(masked.status, 400, "{}", masked.text());
    assert_eq!(get(&weir, &path).await["name"], "renamed");
}

#[tokio::test]
async fn a_project_that_is_off_makes_no_tokens_and_may_take_those_it_has_along() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    let (_, secret) = token(&weir, &id, json!({})).await;
    let path = format!("{PROJECTS}/{id}");
    let (status, said) = error(&patch(&weir, &path, json!({"revoke_tokens": true})).await);
    assert_eq!(
        (status, said.as_str()),
        (400, "revoke_tokens requires is_active=false")
    );
    let off = patch(&weir, &path, json!({"is_active": false})).await;
    assert!(off.json()["deactivated_at"].is_string(), "{}", off.text());
    let new = json!({"project_id": id, "duration_minutes": 5});
    let refused = manage(&weir, Method::POST, TOKENS, new).await;
    let expected =
        json!({"error": "cannot create tokens for inactive projects", "code": "project_inactive"});
    assert_eq!((refused.status.as_u16(), refused.json()), (403, expected));
    assert_eq!(refusal(&say(&weir, &secret).await).0, 403);
    let on = json!({"is_active": true});
    let back = patch(&weir, &path, on.clone()).await.json();
    assert!(back.get("deactivated_at").is_none(), "{back}");
    assert_eq!(say(&weir, &secret).await.status, 200);

    let both = json!({"is_active": false, "revoke_tokens": true});
    assert_eq!(patch(&weir, &path, both).await.status, 200);
    let left = get(&weir, TOKENS).await;
    assert_eq!(left[0]["is_active"], false, "{left}");
    assert_eq!(patch(&weir, &path, on).await.status, 200);
    assert_eq!(
        refusal(&say(&weir, &secret).await),
        (401, "token_inactive".into())
    );
}

#[tokio::test]
async fn where_projects_are_not_enforced_those_that_are_off_are_served() {
    let weir = start_with(Setup {
        settings: &[],
        env: &[
            ("MANAGEMENT_TOKEN", MANAGER),
            ("LLM_PROXY_ENFORCE_PROJECT_ACTIVE", "false"),
        ],
    })
    .await;
    let id = project(&weir, json!({})).await;
    let (_, secret) = token(&weir, &id, json!({})).await;
    let off = patch(
        &weir,
        &format!("{PROJECTS}/{id}"),
        json!({"is_active": false}),
    )
    .await;
    assert_eq!(off.json()["is_active"], false, "{}", off.text());
    assert_eq!(say(&weir, &secret).await.status, 200);
}

#[tokio::test]
async fn all_tokens_of_a_project_are_revoked_by_one_call_that_counts_them() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    let mut secrets = Vec::new();
    for _ in 0..4 {
        secrets.push(token(&weir, &id, json!({})).await);
    }
    let revoked = format!("{TOKENS}/{}", secrets[0].0);
    manage(&weir, Method::DELETE, &revoked, Value::Null).await;
    let path = format!("{PROJECTS}/{id}/tokens/revoke");
    for (now, before) in [(3, 1), (0, 4)] {
        let done = manage(&weir, Method::POST, &path, Value::Null).await;
        let expected =
            json!({"revoked_count": now, "already_revoked_count": before, "total_tokens": 4});
        assert_eq!((done.status.as_u16(), done.json()), (200, expected));
    }
    for (_, secret) in &secrets {
        assert_eq!(say(&weir, secret).await.status, 401);
    }
    let nobody = format!("{PROJECTS}/{}/tokens/revoke", Uuid::nil());
    let unknown = manage(&weir, Method::POST, &nobody, Value::Null).await;
    assert_eq!(error(&unknown), (404, "project not found".into()));
}

#[tokio::test]
async fn a_token_that_cannot_be_is_refused_and_one_without_a_cap_does_not_name_one() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    for (new, expected) in [
        (
            json!({"project_id": id, "duration_minutes": 0}),
            (400, "project_id and duration_minutes are required"),
        ),
        (
            json!({"duration_minutes": 5}),
            (400, "project_id and duration_minutes are required"),
        ),
        (
            json!({"project_id": id, "duration_minutes": 525_601}),
            (400, "duration_minutes exceeds maximum allowed"),
        ),
        (
            json!({"project_id": id, "duration_minutes": 5, "max_requests": -1}),
            (400, "max_requests must be >= 0"),
        ),
        (
            json!({"project_id": Uuid::nil(), "duration_minutes": 5}),
            (404, "project not found"),
        ),
    ] {
        let (status, said) = error(&manage(&weir, Method::POST, TOKENS, new.clone()).await);
        assert_eq!((status, said.as_str()), expected, "{new}");
    }
    let new = json!({"project_id": id, "duration_minutes": 525_600, "max_requests": 0});
    let made = manage(&weir, Method::POST, TOKENS, new).await.json();
    assert!(made.get("max_requests").is_none(), "{made}");
    assert!(made["expires_at"].is_string(), "{made}");
}

#[tokio::test]
async fn a_token_is_shown_masked_and_neither_it_nor_its_digest_again() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    let (token_id, secret) = token(&weir, &id, json!({})).await;
    assert!(secret.starts_with("sk-") && secret.len() == 25, "{secret}");
    let one = get(&weir, &format!("{TOKENS}/{token_id}")).await;
    let all = get(&weir, TOKENS).await;
    assert_eq!(all[0], one);
    let hint = one["token"].as_str().unwrap();
    assert!(
        hint.starts_with(secret.split_at(7).0) && hint.contains("****"),
        "{hint}"
    );
    let digest = Digest::of(secret.as_bytes()).to_hex();
    let shown = all.to_string();
    assert!(
        !shown.contains(&secret) && !shown.contains(&digest),
        "{shown}"
    );
}

#[tokio::test]
async fn tokens_are_listed_by_project_and_by_what_they_are_good_for() {
    let weir = start().await;
    let mut projects = Vec::new();
    for name in ["one", "two"] {
        projects.push(project(&weir, json!({"name": name})).await);
    }
    let (kept, _) = token(&weir, &projects[0], json!({})).await;
    let (revoked, _) = token(&weir, &projects[0], json!({})).await;
    let (old, _) = token(&weir, &projects[0], json!({})).await;
    let (other, _) = token(&weir, &projects[1], json!({})).await;
    let path = format!("{TOKENS}/{revoked}");
    manage(&weir, Method::DELETE, &path, Value::Null).await;
    wither(&weir, &old).await;
    let listed = async |query: &str| {
        let all = get(&weir, &format!("{TOKENS}?{query}")).await;
        let ids = all.as_array().unwrap().iter();
        let ids: Vec<_> = ids
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        ids
    };
    let one = format!("projectId={}", projects[0]);
    assert_eq!(
        listed(&one).await,
        [old.as_str(), &revoked, &kept],
        "the newest first"
    );
    assert_eq!(
        listed(&format!("{one}&activeOnly=true")).await,
        [kept.as_str()]
    );
    assert_eq!(listed("activeOnly=true").await, [other.as_str(), &kept]);
    assert_eq!(listed("").await.len(), 4);
    for (id, state) in [(&kept, "active"), (&revoked, "revoked"), (&old, "expired")] {
        let token = get(&weir, &format!("{TOKENS}/{id}")).await;
        assert_eq!(token["state"], state);
    }
}

/// Lets a token's time be over, in the database, and has that read.
async fn wither(weir: &Program, id: &str) {
    let database = weir.folder.path().join("control.db");
    let database = rusqlite::Connection::open(database).unwrap();
    let past = "UPDATE tokens SET expires_us = 1 WHERE id = ?1";
    assert_eq!(database.execute(past, [id]).unwrap(), 1);
    // Any change has everything read again.
    let path = format!("{TOKENS}/{id}");
    let changed = patch(weir, &path, json!({"name": "withered"})).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
}

#[tokio::test]
async fn a_token_whose_time_is_over_is_refused_with_its_own_code() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    let (token_id, secret) = token(&weir, &id, json!({"duration_minutes": 1})).await;
    assert_eq!(say(&weir, &secret).await.status, 200);
    wither(&weir, &token_id).await;
    assert_eq!(
        refusal(&say(&weir, &secret).await),
        (401, "token_expired".into())
    );
    assert_eq!(weir.mock.received().len(), 1);
}

#[tokio::test]
async fn a_cap_is_taken_away_by_zero_and_an_empty_change_is_none() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    let (token_id, secret) = token(&weir, &id, json!({"max_requests": 1})).await;
    assert_eq!(say(&weir, &secret).await.status, 200);
    assert_eq!(say(&weir, &secret).await.status, 429);
    let path = format!("{TOKENS}/{token_id}");
    let nothing = patch(&weir, &path, json!({})).await;
    assert_eq!(error(&nothing), (400, "no fields to update".into()));
    let free = patch(&weir, &path, json!({"max_requests": 0})).await;
    assert_eq!(
        (free.status.as_u16(), &free.json()["max_requests"]),
        (200, &Value::Null)
    );
    assert_eq!(say(&weir, &secret).await.status, 200);
    for _ in 0..2 {
        let revoked = manage(&weir, Method::DELETE, &path, Value::Null).await;
        assert_eq!(revoked.status, 204);
    }
    let gone = get(&weir, &path).await;
    assert_eq!(gone["is_active"], false);
    assert!(gone["deactivated_at"].is_string(), "{gone}");
}

#[tokio::test]
async fn who_brings_no_token_is_told_so_in_other_words_than_who_brings_a_wrong_one() {
    let weir = start().await;
    for (headers, said) in [
        (&[][..], "missing or invalid Authorization header"),
        (
            &[("authorization", "Basic eDp5")],
            "missing or invalid Authorization header",
        ),
        (
            &[("authorization", "Bearer guess")],
            "invalid management token",
        ),
    ] {
        let got = weir.send(Method::GET, PROJECTS, headers, "").await;
        assert_eq!(error(&got), (401, said.into()));
        assert_eq!(got.headers["content-type"], "application/json");
        assert_eq!(got.headers["x-request-id"].len(), 36);
    }
}

#[tokio::test]
async fn the_ids_of_a_call_come_back_and_stand_in_the_audit() {
    let weir = start().await;
    let bearer = format!("Bearer {MANAGER}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-request-id", "mine-1"),
        ("x-correlation-id", "night-build"),
    ];
    let new = json!({"name": "one"}).to_string();
    let made = weir.send(Method::POST, PROJECTS, &headers, new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.headers["x-request-id"], "mine-1");
    assert_eq!(made.headers["x-correlation-id"], "night-build");
    let found = get(&weir, "/manage/audit?request_id=mine-1").await;
    assert_eq!(found["events"][0]["action"], "project.create");
    assert_eq!(found["events"][0]["correlation_id"], "night-build");
    let unasked = manage(&weir, Method::GET, PROJECTS, Value::Null).await;
    for name in ["x-request-id", "x-correlation-id"] {
        let id = unasked.headers[name].to_str().unwrap();
        assert!(id.parse::<Uuid>().is_ok(), "{name}: {id}");
    }
}

#[tokio::test]
async fn the_audit_is_read_by_page_time_and_word_and_no_page_breaks_it() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    for _ in 0..3 {
        let (token_id, _) = token(&weir, &id, json!({})).await;
        let path = format!("{TOKENS}/{token_id}");
        manage(&weir, Method::DELETE, &path, Value::Null).await;
    }
    let audit = async |query: &str| get(&weir, &format!("/manage/audit?{query}")).await;
    let first = audit("action=token.revoke&page_size=1").await;
    assert_eq!(first["events"].as_array().unwrap().len(), 1);
    let pages = json!({"page": 1, "page_size": 1, "total_count": 3, "total_pages": 3,
        "has_next": true, "has_prev": false});
    assert_eq!(first["pagination"], pages);
    let last = audit("action=token.revoke&page_size=1&page=3").await;
    assert_eq!(
        (
            &last["pagination"]["has_next"],
            &last["pagination"]["has_prev"]
        ),
        (&json!(false), &json!(true))
    );
    let revokes = audit("search=revoke&start_time=1h&page_size=100").await;
    let actions = revokes["events"].as_array().unwrap().iter();
    assert!(
        actions.clone().count() == 3 && actions.clone().all(|one| one["action"] == "token.revoke")
    );
    for nothing in ["search=nobody-says-this", "end_time=1h"] {
        let none = audit(nothing).await;
        assert_eq!(none["events"], json!([]), "{nothing}");
        assert_eq!(none["pagination"]["total_pages"], 0);
    }
    for size in ["0", "-1", "many"] {
        let path = format!("/manage/audit?page_size={size}");
        let got = manage(&weir, Method::GET, &path, Value::Null).await;
        assert_eq!(got.status, 400, "{size}");
        assert_eq!(got.json()["field"], "page_size", "{}", got.text());
    }
    let event = &first["events"][0];
    let path = format!("/manage/audit/{}", event["id"].as_str().unwrap());
    assert_eq!(get(&weir, &path).await, *event);
    let unknown = format!("/manage/audit/{}", Uuid::nil());
    let unknown = manage(&weir, Method::GET, &unknown, Value::Null).await;
    assert_eq!(error(&unknown), (404, "audit event not found".into()));
}

#[tokio::test]
async fn requests_of_a_token_without_a_cap_are_counted_too() {
    let weir = start().await;
    let id = project(&weir, json!({})).await;
    let (token_id, secret) = token(&weir, &id, json!({})).await;
    for _ in 0..20 {
        assert_eq!(say(&weir, &secret).await.status, 200);
    }
    let path = format!("{TOKENS}/{token_id}");
    let used = eventually(async || {
        let token = get(&weir, &path).await;
        (token["request_count"] == 20).then_some(token)
    })
    .await;
    assert!(used["last_used_at"].is_string(), "{used}");
    assert_eq!(used["max_requests"], Value::Null);
}

#[tokio::test]
async fn what_was_used_last_is_written_though_weir_is_told_to_end_at_once() {
    let mut weir = start().await;
    let id = project(&weir, json!({})).await;
    let (token_id, secret) = token(&weir, &id, json!({})).await;
    for _ in 0..3 {
        assert_eq!(say(&weir, &secret).await.status, 200);
    }
    let gate = weir_mock::Gate::new();
    weir.mock.push(
        weir_mock::Raw::new(200)
            .header("content-type", "application/json")
            .pause_before_head(&gate)
            .body(r#"{"type": "message", "usage": {"input_tokens": 7, "output_tokens": 3}}"#),
    );
    let body = small();
    let headers = [("x-api-key", secret.as_str())];
    let asked = weir.message(&headers, &body);
    let end = async {
        gate.reached(1).await;
        weir.signal("TERM");
        eventually(async || (weir.get("/health").await.status == 503).then_some(())).await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(asked, end);
    assert_eq!(
        (answer.status.as_u16(), answer.whole),
        (200, true),
        "{}",
        answer.text()
    );
    assert!(weir.exit().await.success(), "{}", weir.log());
    weir.kill_and_restart(&[("projects.management_token", MANAGER)]);
    let token = get(&weir, &format!("{TOKENS}/{token_id}")).await;
    assert_eq!(token["request_count"], 4, "{token}");
}

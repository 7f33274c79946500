//! What makes something makes it once, however often it is sent with one `Idempotency-Key`.

use http::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::databases::servers::DatabaseServer;
use crate::program::{Got, Program, Setup, start_with, within};
use crate::tenants::{MANAGER, manage, project, say};

const KEY: &str = "5e0c1a9b-7d4f-4f5e-8a2d-1c3b5a7f9e0d";
const OPERATOR: &str = "operator-0123456789";

async fn start(env: &[(&str, &str)]) -> Program {
    let env = [&[("MANAGEMENT_TOKEN", MANAGER)], env].concat();
    let settings = [("projects.operate_token", OPERATOR)];
    let setup = Setup {
        settings: &settings,
        env: &env,
    };
    start_with(setup).await
}

async fn send_as(weir: &Program, who: &str, key: &str, path: &str, body: &Value) -> Got {
    let bearer = format!("Bearer {who}");
    let headers = [("authorization", &*bearer), ("idempotency-key", key)];
    weir.send(Method::POST, path, &headers, body.to_string())
        .await
}

async fn send(weir: &Program, key: &str, path: &str, body: &Value) -> Got {
    send_as(weir, MANAGER, key, path, body).await
}

fn is_replay(got: &Got) -> bool {
    got.headers
        .get("idempotent-replayed")
        .is_some_and(|value| value == "true")
}

fn key_for(path: &str) -> String {
    format!("{KEY}{path}")
}

/// Sends a request twice; both answers are the same but for what says so.
async fn twice(weir: &Program, path: &str, body: &Value) -> Value {
    let key = key_for(path);
    let first = send(weir, &key, path, body).await;
    assert!(first.status.is_success(), "{}", first.text());
    assert!(!is_replay(&first));
    let second = send(weir, &key, path, body).await;
    assert!(is_replay(&second), "{}", second.text());
    assert_eq!(second.body, first.body);
    assert_eq!(second.status, first.status);
    for name in ["etag", "content-type"] {
        assert!(first.headers.contains_key(name), "{name}");
        assert_eq!(second.headers.get(name), first.headers.get(name));
    }
    first.json()
}

async fn count(weir: &Program, path: &str) -> usize {
    let all = manage(weir, Method::GET, path, Value::Null).await.json();
    all.as_array().unwrap().len()
}

#[tokio::test]
async fn projects_tokens_and_rotations_are_made_once_and_their_secret_is_answered_again() {
    let weir = start(&[]).await;
    let new = json!({"name": "one", "api_key": "UPKEY-0123456789", "provider": "anthropic"});
    let made = twice(&weir, "/manage/projects", &new).await;
    let new = json!({"project_id": made["id"], "duration_minutes": 60});
    let token = twice(&weir, "/manage/tokens", &new).await;
    let first = token["token"].as_str().unwrap();
    assert_eq!(say(&weir, first).await.status, 200);
    let child = json!({"project_id": made["id"], "parent_id": token["id"], "duration_minutes": 6});
    let key = key_for("/manage/tokens");
    let other = send(&weir, &key, "/manage/tokens", &child).await;
    assert_eq!(other.status, 422, "{}", other.text());
    assert_eq!(other.json()["field"], "Idempotency-Key");
    assert_eq!(count(&weir, "/manage/projects").await, 1);
    assert_eq!(count(&weir, "/manage/tokens").await, 1);

    let path = format!("/manage/tokens/{}/rotate", token["id"].as_str().unwrap());
    let rotated = twice(&weir, &path, &json!({})).await;
    let second = rotated["token"].as_str().unwrap();
    assert_ne!(second, first);
    assert_eq!(say(&weir, first).await.status, 401);
    assert_eq!(say(&weir, second).await.status, 200);
    let found = "/manage/audit?action=answer.replay";
    let replays = manage(&weir, Method::GET, found, Value::Null).await.json();
    assert_eq!(replays["pagination"]["total_count"], 3);
    let somebody_else = send_as(&weir, OPERATOR, &key_for(&path), &path, &json!({})).await;
    assert_eq!(somebody_else.status, 200, "{}", somebody_else.text());
    assert!(
        !is_replay(&somebody_else),
        "each manager has keys of their own"
    );
    let file = std::fs::read(weir.folder.path().join("control.db-wal")).unwrap();
    for text in [first, second, KEY] {
        let found = file.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found, "{text}");
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free_and_a_key_that_is_none_is_told() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let bad = json!({"project_id": project, "duration_minutes": 0});
    let refused = send(&weir, KEY, "/manage/tokens", &bad).await;
    assert_eq!(refused.status, 400);
    let taken = send(&weir, KEY, "/manage/projects", &json!({"name": "one"})).await;
    assert_eq!(taken.status, 409);
    assert!(!taken.headers.contains_key("retry-after"));
    let good = json!({"project_id": project, "duration_minutes": 5});
    twice(&weir, "/manage/tokens", &good).await;
    for key in ["short", "with a space in it", &"x".repeat(256)] {
        let wrong = send(&weir, key, "/manage/tokens", &good).await;
        assert_eq!(wrong.status, 400, "{key}");
        let said = wrong.json();
        assert_eq!(said["field"], "Idempotency-Key");
        let said = said["error"].as_str().unwrap();
        assert!(said.contains("16 to 255 visible ASCII"), "{said}");
    }
}

#[tokio::test]
async fn while_the_first_is_under_way_the_second_is_told_to_wait() {
    let weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    let new = json!({"project_id": project, "duration_minutes": 5});
    // Whoever writes waits for this.
    let file = weir.folder.path().join("control.db");
    let mut holder = Connection::open(file).unwrap();
    let held = holder
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    let one = send(&weir, KEY, "/manage/tokens", &new);
    let two = send(&weir, KEY, "/manage/tokens", &new);
    let (mut one, mut two) = (Box::pin(one), Box::pin(two));
    let first_back = within(async {
        tokio::select! { got = &mut one => (got, true), got = &mut two => (got, false) }
    });
    let (waits, is_one) = first_back.await;
    assert_eq!(waits.status, 409, "{}", waits.text());
    assert_eq!(waits.headers["retry-after"], "1");
    held.rollback().unwrap();
    let made = if is_one { two.await } else { one.await };
    assert_eq!(made.status, 201, "{}", made.text());
    let again = send(&weir, KEY, "/manage/tokens", &new).await;
    assert!(is_replay(&again) && again.body == made.body);
}

#[tokio::test]
async fn another_node_gives_the_same_answer_and_a_node_that_is_killed_forgets_nothing() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let env = [("DATABASE_URL", url.as_str())];
    let (one, two) = (start(&env).await, start(&env).await);
    let project = project(&one, json!({})).await;
    let new = json!({"project_id": project, "duration_minutes": 5});
    let made = send(&one, KEY, "/manage/tokens", &new).await;
    drop(one);
    let again = send(&two, KEY, "/manage/tokens", &new).await;
    assert!(is_replay(&again), "{}", again.text());
    assert_eq!(again.body, made.body);
    assert_eq!(count(&two, "/manage/tokens").await, 1);
}

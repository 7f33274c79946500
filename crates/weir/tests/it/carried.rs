//! Captures that several gateways share by a database server.

use http::Method;
use serde_json::{Value, json};

use crate::databases::servers::DatabaseServer;
use crate::program::{Program, Setup, eventually, small, start_with, weir};

async fn start(url: &str) -> Program {
    start_with(Setup {
        settings: &[],
        env: &[("CAPTURES_DATABASE_URL", url)],
    })
    .await
}

const KEY: &str = "sk-ant-api03-never-to-be-seen";

/// Sends a message and gives the id of its exchange, once that has ended.
async fn say(node: &Program) -> String {
    let session = [
        ("x-api-key", KEY),
        ("x-claude-code-session-id", "the-session"),
    ];
    let answer = node.message(&session, &small()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let newest = node.newest().await;
    newest["requestId"].as_str().unwrap().to_owned()
}

/// Waits until a gateway has so many exchanges.
async fn has(node: &Program, count: usize) -> Vec<String> {
    eventually(async || {
        let list = node.get("/api/requests/summary?limit=1000").await.json();
        let list = list["requests"].as_array().unwrap().clone();
        let mut ids: Vec<String> = list
            .iter()
            .map(|one| one["requestId"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        (ids.len() == count).then_some(ids)
    })
    .await
}

async fn bytes(node: &Program, id: &str) -> [Vec<u8>; 2] {
    let mut both = Vec::new();
    for side in ["request", "response"] {
        let got = node.get(&format!("/api/requests/{id}/raw/{side}")).await;
        assert_eq!(got.status, 200, "{}", got.text());
        both.push(got.body.to_vec());
    }
    both.try_into().unwrap()
}

async fn detail(node: &Program, id: &str) -> Value {
    node.get(&format!("/api/requests/{id}")).await.json()
}

async fn figure(node: &Program, name: &str) -> f64 {
    let text = node.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.unwrap_or_else(|| panic!("{name} is shown: {text}"));
    value.trim().parse().unwrap()
}

#[tokio::test]
async fn an_exchange_of_one_is_at_the_other_as_it_was_and_outlives_it() {
    outlives(&DatabaseServer::postgres()).await;
}

#[tokio::test]
async fn an_exchange_of_one_is_at_the_other_as_it_was_and_outlives_it_on_mysql() {
    outlives(&DatabaseServer::mysql()).await;
}

async fn outlives(server: &DatabaseServer) {
    let url = server.first();
    let (one, two) = (start(&url).await, start(&url).await);
    let id = say(&one).await;
    assert_eq!(has(&two, 1).await, std::slice::from_ref(&id));
    let (here, there) = (detail(&one, &id).await, detail(&two, &id).await);
    assert_eq!(here, there);
    assert!(here["usage"]["input_tokens"].as_u64().is_some(), "{here}");
    assert!(here["cost"].as_f64().is_some(), "{here}");
    assert_eq!(here["sessionId"], "the-session");
    let port = one.url.rsplit(':').next().unwrap();
    let node = here["node"].as_str().unwrap();
    assert!(node.ends_with(&format!(":{port}")), "{node}");
    assert_eq!(bytes(&one, &id).await, bytes(&two, &id).await);
    assert_eq!(bytes(&one, &id).await[0], small().to_string().as_bytes());
    // It is in the sessions of both, and in the figures of its own requests at the one alone.
    for node in [&one, &two] {
        let session = node.get("/api/sessions/the-session").await;
        assert_eq!(session.status, 200, "{}", session.text());
    }
    assert_eq!(
        figure(&two, "weir_captures_shared_adopted_total").await,
        1.0
    );
    assert_eq!(figure(&two, "weir_captures_shared_up").await, 1.0);
    assert_eq!(two.mock.received().len(), 0);
    let counted = two.get("/metrics").await.text();
    let tokens = counted
        .lines()
        .find(|line| line.starts_with("weir_tokens_total{") && !line.ends_with(" 0"));
    assert_eq!(
        tokens, None,
        "requests of another are not counted as this one's"
    );
    // As if its power had gone.
    drop(one);
    assert_eq!(detail(&two, &id).await, here);
    let three = start(&url).await;
    assert_eq!(has(&three, 1).await, std::slice::from_ref(&id));
    assert_eq!(detail(&three, &id).await, here);
}

#[tokio::test]
async fn no_request_fails_while_the_server_is_away_and_afterwards_all_have_everything() {
    let mut server = DatabaseServer::postgres();
    let url = server.first();
    let (one, two) = (start(&url).await, start(&url).await);
    let first = say(&one).await;
    has(&two, 1).await;
    server.stop();
    for node in [&one, &two] {
        for _ in 0..3 {
            say(node).await;
        }
    }
    assert_eq!(one.get("/health").await.status, 200);
    eventually(async || {
        let up = figure(&one, "weir_captures_shared_up").await;
        (up == 0.0).then_some(())
    })
    .await;
    eventually(async || {
        let waiting = figure(&one, "weir_captures_shared_waiting ").await;
        (waiting == 3.0).then_some(())
    })
    .await;
    // To delete it here alone would be no deletion.
    let path = format!("/api/requests/{first}");
    let refused = one.send(Method::DELETE, &path, &[], "").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(
        refused.text().contains("on all nodes or none"),
        "{}",
        refused.text()
    );
    assert_eq!(one.get(&path).await.status, 200);
    // Nor does one start only where the server is.
    let late = start(&url).await;
    assert_eq!(late.message(&[], &small()).await.status, 200);
    server.start();
    let all = has(&one, 8).await;
    assert_eq!(has(&two, 8).await, all);
    assert_eq!(has(&late, 8).await, all);
}

#[tokio::test]
async fn what_is_deleted_at_one_is_gone_at_the_other() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let (one, two) = (start(&url).await, start(&url).await);
    let ids = [say(&one).await, say(&one).await];
    has(&two, 2).await;
    let path = format!("/api/requests/{}", ids[0]);
    let done = two.send(Method::DELETE, &path, &[], "").await;
    assert_eq!(done.json()["deleted"], 1, "{}", done.text());
    assert_eq!(has(&one, 1).await, [ids[1].clone()]);
    let purge = one.run(&["purge", "--all", "--yes"]).await;
    assert!(purge.status.success(), "{purge:?}");
    has(&one, 0).await;
    has(&two, 0).await;
    let three = start(&url).await;
    let last = say(&three).await;
    assert_eq!(has(&one, 1).await, std::slice::from_ref(&last));
    assert_eq!(has(&three, 1).await, std::slice::from_ref(&last));
}

#[tokio::test]
async fn a_node_that_is_killed_and_comes_back_ships_what_it_had_not() {
    let mut server = DatabaseServer::postgres();
    let url = server.first();
    let settings = [("storage.database_url", url.as_str())];
    let mut one = crate::program::start(&settings).await;
    say(&one).await;
    server.stop();
    say(&one).await;
    one.kill_and_restart(&settings);
    server.start();
    let two = start(&url).await;
    let all = has(&two, 2).await;
    assert_eq!(has(&one, 2).await, all);
    // One that ends in order ships what it has before it does.
    say(&one).await;
    one.signal("TERM");
    assert!(one.exit().await.success());
    has(&two, 3).await;
}

#[tokio::test]
async fn the_address_is_shown_nowhere_and_the_schema_is_told() {
    let server = DatabaseServer::postgres();
    let url = server.first().replace("weir@", "weir:s3cret-pw@");
    let node = start(&url).await;
    say(&node).await;
    let effective = node.get("/api/config/effective").await.text();
    assert!(effective.contains("storage.database_url"), "{effective}");
    assert!(!effective.contains("s3cret-pw"), "{effective}");
    assert!(!node.log().contains("s3cret-pw"));
    let edit = json!({"storage.database_url": url}).to_string();
    let refused = node.send(Method::PATCH, "/api/config/stored", &[], edit);
    let refused = refused.await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    let mut command = weir();
    let folder = node.folder.path().to_owned();
    command.args(["migrate", "up"]).current_dir(&folder);
    command.env("CAPTURES_DATABASE_URL", &url);
    assert!(command.output().unwrap().status.success());
    let mut command = weir();
    command
        .args(["migrate", "status", "--json"])
        .current_dir(&folder);
    let told = command.env("CAPTURES_DATABASE_URL", &url).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["captures"]["database"], "postgres");
    assert_eq!(told["captures"]["version"], told["captures"]["newest"]);
}

//! Several gateways with the same projects, and limits that they keep together over a real Redis.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use weir_mock::{Mock, MockConfig};

use crate::databases::servers::DatabaseServer;
use crate::program::{Program, Setup, eventually, small, start_before};
use crate::shared::redis::Redis;

const MANAGER: &str = "manager-0123456789";

/// Nodes with one database of tenants, one Redis and one provider.
struct Nodes {
    all: Vec<Program>,
    provider: Mock,
    redis: Redis,
    database: DatabaseServer,
}

impl Nodes {
    async fn start(count: usize, scenario: &str) -> Self {
        let config = MockConfig {
            scenario: scenario.to_owned(),
            ..MockConfig::default()
        };
        let provider = weir_mock::serve(config).await.unwrap();
        let mut nodes = Self {
            all: Vec::new(),
            provider,
            redis: Redis::start(),
            database: DatabaseServer::postgres(),
        };
        for _ in 0..count {
            let new = node(&nodes.provider, &nodes.redis, &nodes.database).await;
            nodes.all.push(new);
        }
        nodes.are("shared 1").await;
        nodes
    }

    fn urls(&self) -> Vec<String> {
        self.all.iter().map(|node| node.url.clone()).collect()
    }

    /// Waits until so many requests of a token are written.
    async fn counts(&self, id: &str, count: usize) {
        let path = format!("/manage/tokens/{id}");
        eventually(async || {
            let token = manage(&self.all[0], Method::GET, &path, Value::Null).await;
            (token["request_count"] == count).then_some(())
        })
        .await;
    }

    /// Waits until each says this of its ledger.
    async fn are(&self, figure: &str) {
        for node in &self.all {
            let line = format!("weir_ledger_{figure}");
            eventually(async || {
                let text = node.get("/metrics").await.text();
                text.lines().any(|one| one == line).then_some(())
            })
            .await;
        }
    }
}

async fn node(provider: &Mock, redis: &Redis, database: &DatabaseServer) -> Program {
    let unused = weir_mock::serve(MockConfig::default()).await.unwrap();
    let url = redis.url();
    let setup = Setup {
        settings: &[("shared.redis_url", &url)],
        env: &[
            ("DATABASE_URL", &database.first()),
            ("MANAGEMENT_TOKEN", MANAGER),
            ("ANTHROPIC_FORWARD_URL", &provider.url()),
        ],
    };
    start_before(unused, setup)
}

async fn manage(weir: &Program, method: Method, path: &str, body: Value) -> Value {
    let bearer = format!("Bearer {MANAGER}");
    let body = match &body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let got = weir
        .send(method, path, &[("authorization", &bearer)], body)
        .await;
    assert!(got.status.is_success(), "{}", got.text());
    got.json()
}

/// The id and the secret of a token of a new project; every node knows it.
async fn token(nodes: &Nodes, more: Value) -> (String, String) {
    let first = &nodes.all[0];
    let project = json!({"name": "one", "api_key": "UPKEY-0123456789", "provider": "anthropic",
        "budgets": [{"period": "lifetime", "usd": 1000.0}]});
    let project = manage(first, Method::POST, "/manage/projects", project).await;
    let mut new = json!({"project_id": project["id"], "duration_minutes": 60,
        "rules": {"allowed_endpoints": ["/v1/messages"]}});
    new.as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap());
    let made = manage(first, Method::POST, "/manage/tokens", new).await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (id, token) = (text("id"), text("token"));
    for node in &nodes.all {
        // The refusal of a path shows that it is known, and uses nothing.
        eventually(async || {
            let got = node
                .send(
                    Method::POST,
                    "/v1/embeddings",
                    &[("x-api-key", &token)],
                    "{}",
                )
                .await;
            got.text().contains("endpoint_not_found").then_some(())
        })
        .await;
    }
    (id, token)
}

/// What a client gets: the status, and the whole answer. None if nobody is there to the end.
async fn post(url: &str, token: &str, body: &str) -> Option<(u16, String)> {
    let authority = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).await.ok()?;
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {authority}\r\nx-api-key: {token}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer))
}

/// A message whose worst case is what the provider counts: so many tokens of input and output.
fn message(input: usize, output: usize) -> String {
    let of = |text: &str| {
        json!({"model": "claude-sonnet-4-5", "max_tokens": output,
            "messages": [{"role": "user", "content": text}]})
        .to_string()
    };
    let rest = input * 3 - of("").len();
    of(&"x".repeat(rest))
}

#[tokio::test]
async fn a_cap_of_ten_lets_ten_of_fifty_through_two_nodes() {
    let nodes = Nodes::start(2, "text").await;
    let (id, token) = token(&nodes, json!({"max_requests": 10})).await;
    let (body, urls) = (small().to_string(), nodes.urls());
    let all = urls.iter().cycle().take(50);
    let all = join_all(all.map(|url| post(url, &token, &body))).await;
    let good = all.iter().flatten().filter(|(status, _)| *status == 200);
    assert_eq!((good.count(), nodes.provider.received().len()), (10, 10));
    let refused = all.iter().flatten().find(|(status, _)| *status != 200);
    let (status, text) = refused.unwrap();
    assert!(
        *status == 429 && text.contains("rate_limit_exceeded"),
        "{text}"
    );
    nodes.counts(&id, 10).await;
    let figures = nodes.all[0].get("/metrics").await.text();
    assert!(figures.contains("weir_limit_refusals_total{limit=\"requests\"}"));
}

#[tokio::test]
async fn a_token_that_one_node_revokes_is_refused_by_all() {
    let nodes = Nodes::start(3, "text").await;
    let (id, token) = token(&nodes, json!({})).await;
    let (body, urls) = (small().to_string(), nodes.urls());
    for url in &urls {
        assert_eq!(post(url, &token, &body).await.unwrap().0, 200);
    }
    let (path, bearer) = (format!("/manage/tokens/{id}"), format!("Bearer {MANAGER}"));
    let by = [("authorization", bearer.as_str())];
    let done = nodes.all[1].send(Method::DELETE, &path, &by, "").await;
    assert_eq!(done.status, 204, "{}", done.text());
    let revoked = post(&urls[1], &token, &body).await.unwrap();
    assert_eq!(revoked.0, 401, "at once where it was revoked");
    for url in &urls {
        let text = eventually(async || {
            let (status, text) = post(url, &token, &body).await.unwrap();
            (status == 401).then_some(text)
        })
        .await;
        assert!(text.contains("token_inactive"), "{text}");
    }
}

#[tokio::test]
async fn no_request_fails_while_redis_is_down_and_everything_recovers() {
    let mut nodes = Nodes::start(2, "text").await;
    let limits = json!({"max_requests": 100_000, "limits": {"rpm": 100_000, "concurrency": 100},
        "budgets": [{"period": "day", "usd": 100.0}]});
    let (id, token) = token(&nodes, limits).await;
    let (sent, end) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (body, urls) = (small().to_string(), nodes.urls());
    let client = async |index: usize| {
        while !end.load(Ordering::Relaxed) {
            let (status, text) = post(&urls[index % 2], &token, &body).await.unwrap();
            assert_eq!(status, 200, "{text}");
            sent.fetch_add(1, Ordering::Relaxed);
            // Slow enough for what the provider says that its key may be used for in a minute.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let outage = async {
        nodes.redis.stop();
        tokio::time::sleep(Duration::from_secs(10)).await;
        nodes.are("shared 0").await;
        let health = nodes.all[0].get("/health").await.json();
        assert_eq!(
            (&health["limits"], &health["status"]),
            (&json!("local"), &json!("healthy"))
        );
        assert!(nodes.redis.start_again());
        nodes.are("shared 1").await;
        end.store(true, Ordering::Relaxed);
    };
    tokio::join!(join_all((0..4).map(client)), outage);
    eventually(async || {
        let health = nodes.all[0].get("/health").await.json();
        (health["limits"] == "shared").then_some(())
    })
    .await;
    let sent = sent.load(Ordering::Relaxed);
    assert_eq!(nodes.provider.received().len(), sent);
    nodes.counts(&id, sent).await;
    nodes.are("reservations 0").await;
    nodes.are("dropped_total 0").await;
    for node in &nodes.all {
        let log = node.log();
        // More often, if the machine is so busy that Redis seems to hang.
        assert!(log.contains("limits are not shared"), "{log}");
        assert!(log.contains("limits are shared again"), "{log}");
    }
}

/// Clients that go on until the budget is used up; gives how many requests were answered.
async fn race(urls: &[String], token: &str, body: &str) -> usize {
    let client = async |index: usize| {
        let (mut answered, mut at) = (0, index);
        loop {
            match post(&urls[at % urls.len()], token, body).await {
                Some((200, _)) => answered += 1,
                Some((429, text)) if text.contains("budget_exceeded") => return answered,
                Some((status, text)) => panic!("{status}: {text}"),
                // The balancer takes the next.
                None => at += 1,
            }
        }
    };
    join_all((0..64).map(client)).await.into_iter().sum()
}

#[tokio::test]
async fn sixty_four_clients_spend_a_budget_once_though_a_node_is_killed_and_redis_hangs() {
    const INPUT: usize = 400;
    const OUTPUT: usize = 100;
    // By the catalogue's prices of the model, in dollars.
    let each = (INPUT * 3 + OUTPUT * 15) as f64 / 1e6;
    let scenario = format!("usage,input={INPUT},cache_read=0,output={OUTPUT}");
    let mut nodes = Nodes::start(3, &scenario).await;
    let budgets = json!({"budgets": [{"period": "lifetime", "usd": 1.0}]});
    let (id, token) = token(&nodes, budgets).await;
    let (body, urls) = (message(INPUT, OUTPUT), nodes.urls());
    let trouble = async {
        nodes.provider.wait_for(60).await;
        // As if its power had gone.
        drop(nodes.all.pop());
        nodes.provider.wait_for(120).await;
        nodes.redis.signal("STOP");
        tokio::time::sleep(Duration::from_secs(2)).await;
        nodes.redis.signal("CONT");
    };
    let (answered, ()) = tokio::join!(race(&urls, &token, &body), trouble);
    let counted = nodes.provider.received().len();
    assert!(answered <= counted);
    // 64 were under way at most, a third of them at the node that was killed.
    let spent = counted as f64 * each;
    assert!(spent <= 1.0 + 64.0 * each, "{spent} of 1.00");
    let lost = 22.0 * each;
    assert!(
        spent >= 1.0 - each - lost,
        "{spent} of 1.00 when all were refused"
    );
    // What the dead node had under way is charged when its lease ends.
    let token = format!("/manage/tokens/{id}");
    let token = manage(&nodes.all[0], Method::GET, &token, Value::Null).await;
    let path = format!("/manage/projects/{}", token["project_id"].as_str().unwrap());
    let written = async || {
        let project = manage(&nodes.all[0], Method::GET, &path, Value::Null).await;
        project["usage"][0]["usd"].as_f64().unwrap()
    };
    let all = eventually(async || {
        let written = written().await;
        (written >= spent * 0.999 && written > 1.0 - each).then_some(written)
    })
    .await;
    assert!(
        all <= spent * 1.001 + lost,
        "{all} is written, {spent} was spent"
    );
}

/// What a node says of all.
async fn known(weir: &Program) -> Value {
    let got = weir.get("/api/nodes").await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

/// Waits until a node knows of so many, itself among them.
async fn knows(weir: &Program, count: usize) -> Value {
    eventually(async || {
        let known = known(weir).await;
        (known["nodes"].as_array().unwrap().len() == count).then_some(known)
    })
    .await
}

#[tokio::test]
async fn nodes_know_each_other_and_forget_those_that_go() {
    let mut nodes = Nodes::start(3, "text").await;
    for node in &nodes.all {
        let known = knows(node, 3).await;
        assert_eq!(known["hint"], Value::Null);
        for (at, one) in known["nodes"].as_array().unwrap().iter().enumerate() {
            assert_eq!(one["this"], at == 0);
            assert_eq!(
                (&one["state"], &one["database"]),
                (&json!("serving"), &json!("postgres"))
            );
            assert_eq!(
                (&one["sees_database"], &one["sees_redis"]),
                (&json!(true), &json!(true))
            );
            let off = one["clock_ms"].as_i64().unwrap();
            assert!(off.abs() < 60_000, "both are clocks of this machine: {one}");
            let started = one["started_ms"].as_i64().unwrap();
            assert!(started <= one["seen_ms"].as_i64().unwrap() + 60_000);
        }
        assert_eq!(known["nodes"][0]["address"], node.url);
    }
    let first = &nodes.all[0];
    let table = first.run(&["nodes"]).await;
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.status.success(), "{table:?}");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with('*')).count(), 1);
    let printed = first.run(&["nodes", "--json"]).await;
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed["nodes"].as_array().unwrap().len(), 3);

    // One says goodbye, the other does not.
    nodes.all[2].signal("TERM");
    assert!(nodes.all[2].exit().await.success());
    knows(&nodes.all[0], 2).await;
    drop(nodes.all.drain(1..));
    knows(&nodes.all[0], 1).await;
    nodes.redis.stop();
    eventually(async || {
        let known = known(&nodes.all[0]).await;
        let hint = known["hint"].as_str().unwrap_or_default().to_owned();
        let this = &known["nodes"][0];
        (hint.contains("cannot be reached") && this["sees_redis"] == false).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_redis_a_node_knows_itself_and_says_how_to_know_others() {
    let weir = crate::program::start(&[]).await;
    let known = known(&weir).await;
    assert_eq!(known["nodes"].as_array().unwrap().len(), 1);
    let this = &known["nodes"][0];
    assert_eq!(
        (&this["this"], &this["sees_redis"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        (&this["database"], &this["sees_database"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        known["hint"]
            .as_str()
            .unwrap()
            .contains("`shared.redis_url`")
    );
    let table = weir.run(&["nodes"]).await;
    assert!(String::from_utf8_lossy(&table.stderr).contains("hint: "));
}

/// Starts a node with projects in a file of its own; gives what it said if it does not.
async fn on_sqlite(folder: &std::path::Path, redis: &Redis) -> std::process::Output {
    let mut command = crate::program::weir();
    let redis = format!("shared.redis_url={}", redis.url());
    command.args(["serve", "--port", "0", "--set", &redis]);
    command.current_dir(folder).env("HOME", folder);
    command.env("MANAGEMENT_TOKEN", MANAGER);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // One that goes on all the same is ended with the test, which waits no longer than others.
    let node = command.spawn().unwrap();
    let mut node = scopeguard::guard(node, |mut node| drop(node.kill()));
    eventually(|| std::future::ready(node.try_wait().unwrap())).await;
    let node = scopeguard::ScopeGuard::into_inner(node);
    tokio::task::spawn_blocking(move || node.wait_with_output().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn projects_in_sqlite_are_for_one_node_alone() {
    let redis = Redis::start();
    let url = redis.url();
    let provider = weir_mock::serve(MockConfig::default()).await.unwrap();
    let settings = [("shared.redis_url", url.as_str())];
    let env = [("MANAGEMENT_TOKEN", MANAGER)];
    let setup = || Setup {
        settings: &settings,
        env: &env,
    };
    let first = start_before(provider, setup());
    let folder = tempfile::tempdir().unwrap();
    let refused = on_sqlite(folder.path(), &redis).await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    for what in [
        "`projects.database_url`",
        "SQLite",
        &*first.url,
        "DATABASE_URL",
    ] {
        assert!(said.contains(what), "{said}");
    }
    assert!(
        !folder.path().join("control.db").exists(),
        "nothing was begun"
    );
    // One that has no projects is no second one.
    let provider = weir_mock::serve(MockConfig::default()).await.unwrap();
    let without = start_before(
        provider,
        Setup {
            settings: &settings,
            env: &[],
        },
    );
    knows(&without, 2).await;
    // One that was killed said nothing at its end, and is not waited for longer than it is believed.
    drop(first);
    let provider = weir_mock::serve(MockConfig::default()).await.unwrap();
    let again = start_before(provider, setup());
    assert_eq!(knows(&without, 2).await["nodes"][1]["address"], again.url);
}

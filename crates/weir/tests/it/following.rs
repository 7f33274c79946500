//! The live feed of several nodes, over a real Redis.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;
use weir_mock::{Gate, Raw};

use crate::program::{Program, Setup, eventually, small, start_with, within};
use crate::shared::redis::{PASSWORD, Redis};

async fn node(redis: &Redis) -> Program {
    let url = redis.url();
    let setup = Setup {
        settings: &[("shared.redis_url", &url)],
        env: &[],
    };
    let node = start_with(setup).await;
    is(&node, "connected", 1).await;
    node
}

/// Waits until a figure is this.
async fn is(node: &Program, name: &str, value: u64) {
    eventually(async || (figure(node, name).await == value).then_some(())).await;
}

async fn figure(node: &Program, name: &str) -> u64 {
    let text = node.get("/metrics").await.text();
    let total = if name == "connected" { "" } else { "_total" };
    let start = format!("weir_shared_live_{name}{total} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&start));
    value.expect("there is the figure").parse().unwrap()
}

/// What others call a node.
async fn name(node: &Program) -> String {
    let nodes = node.get("/api/nodes").await.json();
    let host = nodes["nodes"][0]["host"].as_str().unwrap().to_owned();
    format!("{host}:{}", node.url.rsplit(':').next().unwrap())
}

/// Somebody who follows the feed of a node.
struct Follower {
    feed: Incoming,
    seen: String,
}

impl Follower {
    async fn of(node: &Program) -> Self {
        let feed = node.open(Method::GET, "/api/live", &[], "").await;
        let mut follower = Self {
            feed: feed.into_body(),
            seen: String::new(),
        };
        follower.reads(": following").await;
        follower
    }

    async fn reads(&mut self, expected: &str) {
        while !self.seen.contains(expected) {
            let frame = within(self.feed.frame()).await.unwrap().unwrap();
            self.seen += &String::from_utf8_lossy(frame.data_ref().unwrap());
        }
    }

    /// The rows so far.
    fn rows(&self) -> Vec<Value> {
        let data = self.seen.lines();
        let data = data.filter_map(|line| line.strip_prefix("data: {"));
        let rows = data.map(|rest| serde_json::from_str(&format!("{{{rest}")).unwrap());
        rows.collect()
    }

    /// Waits until a row of this model and state is there.
    async fn row(&mut self, model: &str, state: &str) -> Value {
        loop {
            let mut rows = self.rows().into_iter();
            if let Some(row) = rows.find(|row| row["state"] == state && row["model"] == model) {
                return row;
            }
            let frame = within(self.feed.frame()).await.unwrap().unwrap();
            self.seen += &String::from_utf8_lossy(frame.data_ref().unwrap());
        }
    }
}

/// Waits until `other` tells what it takes.
async fn is_told_of(follower: &mut Follower, other: &Program) {
    let port = format!(":{}\"", other.url.rsplit(':').next().unwrap());
    within(async {
        loop {
            let got = other.message(&[], &small()).await;
            assert_eq!(got.status, 200);
            let row = follower.reads(&port);
            if tokio::time::timeout(Duration::from_millis(200), row)
                .await
                .is_ok()
            {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_follows_one_node_sees_what_the_others_take() {
    let redis = Redis::start();
    let (one, other) = (node(&redis).await, node(&redis).await);
    let mut follower = Follower::of(&other).await;
    is_told_of(&mut follower, &one).await;
    let gate = Gate::new();
    let open = Raw::new(200)
        .header("content-type", "application/json")
        .pause_before_head(&gate)
        .body("{}");
    one.mock.push(open);
    let mut body = small();
    body["model"] = "claude-told".into();
    let asked = one.message(&[], &body);
    let seen = async {
        let row = follower.row("claude-told", "open").await;
        gate.open();
        row
    };
    let (_, begun) = tokio::join!(asked, seen);
    let ended = follower.row("claude-told", "complete").await;
    assert_eq!(begun["requestId"], ended["requestId"], "they are one row");
    assert_eq!(ended["node"], name(&one).await);
    assert_eq!(ended["endpoint"], "/v1/messages");
    let newest = one.newest().await;
    assert_eq!(newest["requestId"], ended["requestId"]);
    assert!(newest["node"].is_null(), "it is that node's own");

    // One's own have no node, and nothing comes twice.
    other.message(&[], &body).await;
    let own = other.newest().await["requestId"].clone();
    follower.reads(own.as_str().unwrap()).await;
    let rows = follower.rows();
    let of = |id: &Value| rows.iter().filter(|row| row["requestId"] == *id).count();
    assert_eq!(of(&ended["requestId"]), 2);
    let mine = rows.iter().find(|row| row["requestId"] == own).unwrap();
    assert!(mine["node"].is_null());

    // Who looks for it here is told where it is.
    let id = ended["requestId"].as_str().unwrap();
    for path in [
        format!("/api/requests/{id}"),
        format!("/api/requests/{id}/raw/request"),
    ] {
        let got = other.get(&path).await;
        assert_eq!(got.status, 404);
        let said = got.json()["error"].to_string();
        let expected = format!("it is kept at the node {}", name(&one).await);
        assert!(said.contains(&expected), "{said}");
    }
    assert_eq!(one.get(&format!("/api/requests/{id}")).await.status, 200);
}

#[tokio::test]
async fn nothing_is_told_while_nobody_follows() {
    let redis = Redis::start();
    let (one, other) = (node(&redis).await, node(&redis).await);
    for node in [&one, &other] {
        assert_eq!(node.message(&[], &small()).await.status, 200);
        node.newest().await;
    }
    for node in [&one, &other] {
        assert_eq!(
            figure(node, "sent").await + figure(node, "received").await,
            0
        );
    }
    let mut follower = Follower::of(&other).await;
    is_told_of(&mut follower, &one).await;
    let all = one.get("/api/requests").await.json();
    let first = all["requests"].as_array().unwrap().last().unwrap();
    let id = first["requestId"].as_str().unwrap();
    assert!(!follower.seen.contains(id), "that was before");
}

#[tokio::test]
async fn without_redis_each_feed_shows_its_own_and_the_others_come_back_with_it() {
    let mut redis = Redis::start();
    let (one, other) = (node(&redis).await, node(&redis).await);
    let mut follower = Follower::of(&other).await;
    is_told_of(&mut follower, &one).await;
    redis.stop();
    for node in [&one, &other] {
        is(node, "connected", 0).await;
        assert_eq!(node.message(&[], &small()).await.status, 200);
    }
    let own = other.newest().await["requestId"].clone();
    follower.reads(own.as_str().unwrap()).await;
    assert!(redis.start_again());
    follower.seen.clear();
    is_told_of(&mut follower, &one).await;
    for node in [&one, &other] {
        let log = node.log();
        assert!(log.contains("live feeds are not shared"), "{log}");
        assert!(!log.contains(PASSWORD), "{log}");
    }
}

#[tokio::test]
async fn rubbish_in_the_stream_is_skipped_and_counted() {
    let redis = Redis::start();
    let node = node(&redis).await;
    let mut follower = Follower::of(&node).await;
    for fields in [
        "who knows",
        "v 2 node x name y row {}",
        "v 1 node x name y row {}",
        "v 1 node x name y row nonsense",
        "v 1 node x row {}",
    ] {
        redis.tell(&[&format!("XADD weir:live * {fields}")]).await;
    }
    is(&node, "rejected", 5).await;
    assert_eq!(node.message(&[], &small()).await.status, 200);
    let row = follower.row("claude-sonnet-4-5", "complete").await;
    assert!(row["node"].is_null());
}

#[tokio::test]
async fn a_tail_says_which_node_took_what() {
    let redis = Redis::start();
    let (one, other) = (node(&redis).await, node(&redis).await);
    let mut tail = crate::program::weir();
    tail.args(["tail", "-f", "-n", "0"])
        .env("WEIR_URL", &other.url)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut tail = tail.spawn().unwrap();
    let lines = std::io::BufReader::new(tail.stdout.take().unwrap());
    let expected = format!("  at {}", name(&one).await);
    let mut found = tokio::task::spawn_blocking(move || {
        use std::io::BufRead as _;
        lines.lines().any(|line| line.unwrap().contains(&expected))
    });
    let found = within(async {
        loop {
            one.message(&[], &small()).await;
            let pause = Duration::from_millis(200);
            if let Ok(found) = tokio::time::timeout(pause, &mut found).await {
                return found.unwrap();
            }
        }
    })
    .await;
    let _gone = tail.kill();
    let _gone = tail.wait();
    assert!(found);
}

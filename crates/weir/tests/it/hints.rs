//! Several nodes that tell each other of ill providers and resting keys, over a real Redis.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use weir_mock::{Mock, Raw};

use crate::program::{MESSAGES, Program, Setup, entry, eventually, named, small, start_in};
use crate::shared::redis::{PASSWORD, Redis};

/// What a breaker opens after; nobody looks after providers.
const BREAKER: &str = "health: {circuit_breaker: {failure_threshold: 2, open_duration_ms: 60000, \
                       half_open_probes: 1}, health_check: {enabled: false}}\n";
/// The same, but it is looked after.
const PROBED: &str = "health: {circuit_breaker: {failure_threshold: 2, open_duration_ms: 60000, \
                      half_open_probes: 1}, health_check: {interval_ms: 500}}\n";

/// Two providers and a Redis for any number of nodes.
struct Field {
    redis: Redis,
    u1: Mock,
    u2: Mock,
}

impl Field {
    async fn new() -> Self {
        let (u1, u2) = (named("u1", false).await, named("u2", false).await);
        let redis = Redis::start();
        Self { redis, u1, u2 }
    }

    /// The two, the first with two keys.
    fn providers(&self) -> String {
        let u1 = entry("u1", &self.u1.url(), "").replace("[k-u1]", "[k-first, k-second]");
        format!("providers:\n{u1}{}", entry("u2", &self.u2.url(), ""))
    }

    /// A node that shares, once it does.
    async fn node(&self, rest: &str) -> Program {
        self.with(&self.providers(), rest).await
    }

    async fn with(&self, providers: &str, rest: &str) -> Program {
        let node = self.unmet(providers, rest).await;
        is(&node, "connected", 1).await;
        node
    }

    async fn unmet(&self, providers: &str, rest: &str) -> Program {
        let folder = tempfile::tempdir().unwrap();
        let url = self.redis.url();
        let text = format!("{providers}shared: {{redis_url: '{url}'}}\n{rest}");
        std::fs::write(folder.path().join("weir.yaml"), text).unwrap();
        start_in(folder, named("unused", false).await, Setup::default())
    }

    /// The keys that messages reached the first provider with.
    fn keys(&self) -> Vec<String> {
        let all = self.u1.received();
        let messages = all.iter().filter(|one| one.path() == MESSAGES);
        let key = |one: &weir_mock::Received| one.header("x-api-key").unwrap().to_owned();
        messages.map(key).collect()
    }
}

/// Waits until a figure is this.
async fn is(node: &Program, name: &str, value: u64) {
    eventually(async || (figure(node, name).await == value).then_some(())).await;
}

async fn figure(node: &Program, name: &str) -> u64 {
    let text = node.get("/metrics").await.text();
    let total = if name == "connected" { "" } else { "_total" };
    let start = format!("weir_shared_hints_{name}{total} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&start));
    value
        .unwrap_or_else(|| panic!("{name} in {text}"))
        .parse()
        .unwrap()
}

async fn provider(node: &Program, name: &str) -> Value {
    node.get(&format!("/api/providers/{name}")).await.json()
}

async fn breaker(node: &Program) -> Value {
    provider(node, "u1").await["breaker"].take()
}

async fn who(node: &Program) -> String {
    node.message(&[], &small()).await.name()
}

/// What others call a node.
async fn name(node: &Program) -> String {
    let nodes = node.get("/api/nodes").await.json();
    let host = nodes["nodes"][0]["host"].as_str().unwrap().to_owned();
    format!("{host}:{}", node.url.rsplit(':').next().unwrap())
}

fn limited(seconds: u32) -> Raw {
    Raw::new(429)
        .header("retry-after", &seconds.to_string())
        .header("content-type", "application/json")
        .body("{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}")
}

fn broken() -> Raw {
    Raw::new(500).body("no")
}

#[tokio::test]
async fn a_key_that_rests_at_one_node_is_passed_over_by_all() {
    let field = Field::new().await;
    let (one, other) = (field.node(BREAKER).await, field.node(BREAKER).await);
    field.u1.push(limited(600));
    assert_eq!(who(&one).await, "u1");
    assert_eq!(field.keys(), ["k-first", "k-second"]);
    let learnt = Instant::now();
    is(&other, "received", 1).await;
    let took = learnt.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    for _ in 0..5 {
        assert_eq!(who(&other).await, "u1");
    }
    assert!(!field.keys()[2..].contains(&"k-first".to_owned()));

    let key = provider(&other, "u1").await["keys"][0].take();
    assert_eq!(key["hint"]["node"], name(&one).await);
    assert_eq!(
        (&key["hint"]["rest"], &key["status"]),
        (&json!("limited"), &json!("rate_limited"))
    );
    assert!(provider(&one, "u1").await["keys"][0]["hint"].is_null());

    // One that starts later reads what is in force.
    let late = field.node(BREAKER).await;
    assert_eq!(figure(&late, "received").await, 1);
    assert_eq!(who(&late).await, "u1");
    assert_eq!(field.keys().last().unwrap(), "k-second");

    // Somebody puts it right.
    let id = key["id"].as_str().unwrap();
    let path = format!("/api/providers/u1/keys/{id}/reset");
    let done = one.send(Method::POST, &path, &[], "").await;
    assert!(done.status.is_success(), "{}", done.text());
    for node in [&other, &late] {
        is(node, "received", 2).await;
        assert!(provider(node, "u1").await["keys"][0]["hint"].is_null());
    }
    for node in [&one, &other, &late] {
        assert!(!node.log().contains(PASSWORD) && !node.log().contains("k-first"));
        assert_eq!(
            figure(node, "rejected").await + figure(node, "dropped").await,
            0
        );
    }
}

#[tokio::test]
async fn a_breaker_that_opens_at_one_node_costs_another_one_try_at_most() {
    let field = Field::new().await;
    let (one, other) = (field.node(PROBED).await, field.node(BREAKER).await);
    field.u1.for_path(MESSAGES, "500");
    field.u1.for_path("/", "503");
    for _ in 0..2 {
        assert_eq!(who(&one).await, "u2");
    }
    is(&other, "received", 1).await;
    let told = breaker(&other).await;
    assert_eq!(told["told_by"], name(&one).await, "{told}");
    assert_eq!(told["state"], "half-open");
    let question = json!({"body": small(), "headers": {"x-api-key": "k"}});
    let headers = [("content-type", "application/json")];
    let path = "/api/routing/explain";
    let explained = other
        .send(Method::POST, path, &headers, question.to_string())
        .await;
    let why = explained.json()["candidates"][0]["why"].to_string();
    assert!(
        why.contains(&format!("{} says that it is ill", name(&one).await)),
        "{why}"
    );

    let before = field.keys().len();
    let all = join_all((0..8).map(|_| who(&other))).await;
    assert!(all.iter().all(|name| name == "u2"), "{all:?}");
    let tries = field.keys().len() - before;
    // Requests that are planned within the same instant may not know of each other's try.
    assert!((1..=2).contains(&tries), "{tries}");
    assert_eq!(
        breaker(&other).await["state"],
        "open",
        "it has found out itself"
    );
    let before = field.keys().len();
    assert_eq!(who(&other).await, "u2");
    assert_eq!(field.keys().len(), before);

    // It recovers, which the one that looks after it finds out, a minute before the other would.
    field.u1.forget_path(MESSAGES);
    field.u1.forget_path("/");
    eventually(async || (who(&one).await == "u1").then_some(())).await;
    eventually(async || (who(&other).await == "u1").then_some(())).await;
    assert_eq!(breaker(&other).await["state"], "closed");
}

#[tokio::test]
async fn a_mistaken_node_takes_the_provider_from_nobody() {
    let field = Field::new().await;
    let (one, other) = (field.node(BREAKER).await, field.node(BREAKER).await);
    let only = format!("providers:\n{}", {
        entry("u1", &field.u1.url(), "").replace("[k-u1]", "[k-first, k-second]")
    });
    let dependent = field.with(&only, BREAKER).await;
    // What fails is on its own way there.
    for _ in 0..2 {
        field.u1.push(broken());
        assert_eq!(who(&one).await, "u2");
    }
    assert_eq!(breaker(&one).await["state"], "open");
    is(&other, "received", 1).await;
    is(&dependent, "received", 1).await;
    // Who has nobody else to ask asks, however many at once.
    let all = join_all((0..10).map(|_| who(&dependent))).await;
    assert!(all.iter().all(|name| name == "u1"), "{all:?}");
    assert_eq!(who(&other).await, "u1", "one is enough to find out");
    assert_eq!(breaker(&other).await["state"], "closed");
    for _ in 0..5 {
        assert_eq!(who(&other).await, "u1");
    }
    for node in [&other, &dependent] {
        assert_eq!(figure(node, "sent").await, 0, "it is nothing to tell");
        assert_eq!(breaker(node).await["opened"], 0);
    }
    assert_eq!(
        breaker(&one).await["state"],
        "open",
        "it goes by what it sees"
    );
}

#[tokio::test]
async fn another_provider_of_the_same_name_is_not_meant() {
    let field = Field::new().await;
    let elsewhere = named("u1", false).await;
    let providers = field.providers().replace(&field.u1.url(), &elsewhere.url());
    let (one, other) = (
        field.node(BREAKER).await,
        field.with(&providers, BREAKER).await,
    );
    field.u1.push(limited(600));
    assert_eq!(who(&one).await, "u1");
    for _ in 0..2 {
        field.u1.push(broken());
        assert_eq!(who(&one).await, "u2");
    }
    field.u2.push(limited(600));
    one.message(&[], &small()).await;
    // The last of them is of the one that both have.
    is(&other, "received", 1).await;
    assert_eq!(figure(&one, "sent").await, 3);
    assert!(provider(&other, "u2").await["keys"][0]["hint"].is_object());
    let u1 = provider(&other, "u1").await;
    assert!(u1["keys"][0]["hint"].is_null(), "{u1}");
    assert_eq!(u1["breaker"]["state"], "closed");
    assert_eq!(who(&other).await, "u1");
    assert_eq!(elsewhere.received().len(), 1);
}

#[tokio::test]
async fn without_redis_each_goes_by_what_it_sees_and_what_it_saw_is_told_afterwards() {
    let mut field = Field::new().await;
    let (one, other) = (field.node(BREAKER).await, field.node(BREAKER).await);
    field.redis.stop();
    for node in [&one, &other] {
        is(node, "connected", 0).await;
    }
    field.u1.push(limited(600));
    for node in [&one, &other, &one, &other] {
        assert_eq!(who(node).await, "u1");
    }
    assert_eq!(field.keys()[..3], ["k-first", "k-second", "k-first"]);
    assert_eq!(figure(&other, "received").await, 0);
    assert!(field.redis.start_again());
    is(&other, "received", 1).await;
    assert_eq!(who(&other).await, "u1");
    assert_eq!(field.keys().last().unwrap(), "k-second");
    // It has lost what it knew, and is told again: this one was never there.
    let late = field.node(BREAKER).await;
    assert_eq!(figure(&late, "received").await, 1);
    for node in [&one, &other] {
        let log = node.log();
        let begun = "hints of ill providers and resting keys are not shared";
        assert_eq!(log.matches(begun).count(), 1, "{log}");
        assert!(!log.contains(PASSWORD), "{log}");
    }
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_up() {
    let field = Field::new().await;
    let (one, other) = (field.node(BREAKER).await, field.node(BREAKER).await);
    field.redis.signal("STOP");
    field.u1.push(limited(600));
    assert_eq!(who(&one).await, "u1");
    assert_eq!(who(&other).await, "u1");
    field.redis.signal("CONT");
    is(&other, "received", 1).await;
}

#[tokio::test]
async fn who_does_not_want_hints_neither_tells_nor_hears() {
    let field = Field::new().await;
    let (one, other) = (field.node(BREAKER).await, field.node(BREAKER).await);
    let deaf = field.unmet(&field.providers(), BREAKER).await;
    is(&deaf, "connected", 1).await;
    let file = deaf.folder.path().join("weir.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let off = text.replace("shared: {", "shared: {hints: false, ");
    std::fs::write(&file, off).unwrap();
    is(&deaf, "connected", 0).await;
    field.u1.push(limited(600));
    assert_eq!(who(&one).await, "u1");
    is(&other, "received", 1).await;
    assert_eq!(who(&deaf).await, "u1");
    assert_eq!(field.keys().last().unwrap(), "k-first");
    field.u1.push(limited(900));
    assert_eq!(who(&deaf).await, "u1");
    assert_eq!(
        figure(&deaf, "sent").await + figure(&deaf, "received").await,
        0
    );
    assert_eq!(figure(&other, "received").await, 1);
}

#[tokio::test]
async fn rubbish_in_the_stream_is_skipped_and_counted() {
    let field = Field::new().await;
    let node = field.node(BREAKER).await;
    let good = "v 1 node x name y provider u1 way 00000000000000ff said open left_ms 60000";
    for fields in [
        "who knows".to_owned(),
        good.replace("v 1", "v 2"),
        good.replace("said open", "said nothing"),
        good.replace("60000", "6000000000000"),
        good.replace("00000000000000ff", "elsewhere"),
        format!("{good} key k-first"),
    ] {
        let command = format!("XADD weir:hints * {fields}");
        field.redis.tell(&[&command]).await;
    }
    is(&node, "rejected", 6).await;
    field
        .redis
        .tell(&[&format!("XADD weir:hints * {good}")])
        .await;
    field.redis.tell(&["XADD weir:hints * who knows"]).await;
    is(&node, "rejected", 7).await;
    assert_eq!(
        breaker(&node).await["state"],
        "closed",
        "that is another place"
    );
    assert_eq!(who(&node).await, "u1");
}

//! Sinks that come, change and go while the gateway runs: nobody misses an event.

use std::path::PathBuf;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_mock::MockConfig;

use super::{ids, lines, written};
use crate::program::{Program, Setup, eventually, small, start_in};
use crate::shared::redis::Redis;

/// A gateway that is told of events by its file alone.
struct Gateway {
    weir: Program,
    /// What the file says of events besides sinks.
    over: String,
}

impl Gateway {
    async fn start(over: &str, sinks: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weir.yaml"), events(over, sinks)).unwrap();
        let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
        Self {
            weir: start_in(folder, mock, Setup::default()),
            over: over.to_owned(),
        }
    }

    /// Has other sinks, and says what came of it.
    async fn change(&self, sinks: &str) -> Value {
        let file = self.weir.folder.path().join("weir.yaml");
        let beside = self.weir.folder.path().join(".new");
        std::fs::write(&beside, events(&self.over, sinks)).unwrap();
        std::fs::rename(&beside, file).unwrap();
        let path = "/api/config/reload";
        self.weir.send(Method::POST, path, &[], "").await.json()
    }

    /// The same, which is taken into use at once.
    async fn changed(&self, sinks: &str) {
        let done = self.change(sinks).await;
        assert_eq!(done["needs_restart"], json!([]), "{done}");
        // The file is watched, too, so that somebody else may have been first.
        let names = self.names().await;
        let wanted: Vec<_> = sinks
            .lines()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(names, wanted);
    }

    /// Sends so many requests; the ids that clients got.
    async fn send(&self, count: usize) -> Vec<String> {
        let mut sent = Vec::new();
        for _ in 0..count {
            let got = self.weir.message(&[], &small()).await;
            assert_eq!(got.status, 200);
            sent.push(got.headers["x-request-id"].to_str().unwrap().to_owned());
        }
        sent
    }

    async fn view(&self) -> Value {
        self.weir.get("/api/events").await.json()
    }

    async fn names(&self) -> Vec<String> {
        let view = self.view().await;
        let sinks = view["sinks"].as_array().unwrap();
        let name = |sink: &Value| sink["name"].as_str().unwrap().to_owned();
        sinks.iter().map(name).collect()
    }

    /// Waits until a figure of a sink is so much.
    async fn counted(&self, sink: &str, figure: &str, count: u64) {
        eventually(async || {
            let view = self.view().await;
            let sinks = view["sinks"].as_array().unwrap();
            let found = sinks.iter().find(|found| found["name"] == sink)?;
            (found[figure] == count).then_some(())
        })
        .await;
    }

    fn file(&self, name: &str) -> PathBuf {
        self.weir.folder.path().join(name)
    }
}

/// The text of a configuration file.
fn events(over: &str, sinks: &str) -> String {
    let lines = sinks.lines().map(|line| format!("    {line}\n"));
    let lines: String = lines.collect();
    let sinks = match lines.is_empty() {
        true => "{}".to_owned(),
        false => format!("\n{lines}"),
    };
    format!("events:\n  flush_timeout: 20s\n{over}  sinks: {sinks}")
}

fn sink(name: &str, path: &str) -> String {
    format!("{name}: {{kind: file, path: '{path}', flush_interval: 10ms}}\n")
}

/// One that waits for more than there will be.
fn patient(name: &str, path: &str) -> String {
    format!("{name}: {{kind: file, path: '{path}', flush_interval: 1h}}\n")
}

fn sorted(mut sent: Vec<String>) -> Vec<String> {
    sent.sort();
    sent
}

#[tokio::test]
async fn the_first_sink_comes_and_the_last_one_goes_without_a_restart() {
    let gateway = Gateway::start("", "").await;
    assert_eq!(gateway.view().await["enabled"], false);
    gateway.changed(&sink("a", "a.jsonl")).await;
    assert_eq!(gateway.view().await["enabled"], true);
    let first = gateway.send(3).await;
    let got = written(&gateway.file("a.jsonl"), 3).await;
    assert_eq!(ids(&got), sorted(first.clone()));
    // Whole, bodies included, although there was nobody to tell when it was started.
    assert_eq!(got[0]["request_body"], small());
    gateway
        .changed(&(sink("a", "a.jsonl") + &sink("b", "b.jsonl")))
        .await;
    let second = gateway.send(2).await;
    assert_eq!(
        ids(&written(&gateway.file("b.jsonl"), 2).await),
        sorted(second.clone())
    );
    written(&gateway.file("a.jsonl"), 5).await;
    gateway.counted("a", "delivered", 5).await;
    gateway.changed("").await;
    gateway.send(2).await;
    let view = gateway.view().await;
    assert_eq!(
        (&view["enabled"], &view["made"]),
        (&json!(false), &json!(5))
    );
    assert_eq!(lines(&gateway.file("a.jsonl")).len(), 5);
}

#[tokio::test]
async fn a_sink_that_goes_delivers_what_waits_for_it() {
    let gateway = Gateway::start("", &patient("slow", "slow.jsonl")).await;
    let sent = gateway.send(3).await;
    eventually(async || (gateway.view().await["made"] == 3).then_some(())).await;
    assert!(lines(&gateway.file("slow.jsonl")).is_empty());
    gateway.changed("").await;
    let got = written(&gateway.file("slow.jsonl"), 3).await;
    assert_eq!(ids(&got), sorted(sent));
}

#[tokio::test]
async fn a_sink_that_is_mended_gets_what_it_could_not_take() {
    let gateway = Gateway::start("", &sink("log", "/dev/full")).await;
    let mut sent = gateway.send(4).await;
    eventually(async || {
        let view = gateway.view().await;
        (view["sinks"][0]["retried"].as_u64() > Some(0)).then_some(())
    })
    .await;
    gateway.counted("log", "waiting", 4).await;
    gateway.changed(&sink("log", "log.jsonl")).await;
    sent.extend(gateway.send(1).await);
    let got = written(&gateway.file("log.jsonl"), 5).await;
    // In their order, each once, and the figures are the sink's still.
    let order: Vec<_> = got.iter().map(|line| line["request_id"].clone()).collect();
    assert_eq!(order, sent);
    gateway.counted("log", "delivered", 5).await;
    gateway.counted("log", "waiting", 0).await;
    assert_ne!(gateway.view().await["sinks"][0]["retried"], 0);
}

#[tokio::test]
async fn a_sink_that_cannot_be_made_changes_nothing() {
    let gateway = Gateway::start("", &sink("a", "a.jsonl")).await;
    let wrong = sink("a", "moved.jsonl") + &sink("b", "/dev/null/b.jsonl");
    let refused = gateway.change(&wrong).await;
    let said = refused["faults"].to_string();
    assert!(said.contains("events.sinks.b.path"), "{refused}");
    let sent = gateway.send(2).await;
    assert_eq!(
        ids(&written(&gateway.file("a.jsonl"), 2).await),
        sorted(sent)
    );
    assert_eq!(gateway.names().await, ["a"]);
}

#[tokio::test]
async fn what_else_there_is_of_events_still_wants_a_restart() {
    let gateway = Gateway::start("", &sink("a", "a.jsonl")).await;
    let other = Gateway {
        over: "  queue: 7\n".to_owned(),
        ..gateway
    };
    let done = other.change(&sink("b", "b.jsonl")).await;
    assert_eq!(done["needs_restart"], json!(["events.queue"]), "{done}");
    assert_eq!(other.names().await, ["b"]);
}

/// Sends while the sink `moving` goes from file to file, and gives what was sent.
async fn while_it_moves(gateway: &Gateway, stays: &str) -> Vec<String> {
    const ROUNDS: usize = 12;
    let mut sent = Vec::new();
    for round in 0..ROUNDS {
        let path = format!("moving-{}.jsonl", round % 3);
        let sinks = sink("moving", &path) + stays;
        let (more, ()) = tokio::join!(gateway.send(15), gateway.changed(&sinks));
        sent.extend(more);
    }
    sent
}

fn moved(folder: &TempDir) -> Vec<Value> {
    let file = |number: usize| folder.path().join(format!("moving-{number}.jsonl"));
    (0..3).flat_map(|number| lines(&file(number))).collect()
}

async fn all_have_all(gateway: &Gateway, sent: Vec<String>) {
    let sent = sorted(sent);
    let stays = written(&gateway.file("stays.jsonl"), sent.len()).await;
    assert_eq!(ids(&stays), sent);
    let moving = eventually(async || {
        let lines = moved(&gateway.weir.folder);
        (lines.len() >= sent.len()).then_some(lines)
    })
    .await;
    assert_eq!(ids(&moving), sent, "each is somewhere, and once");
}

#[tokio::test]
async fn under_load_a_sink_that_changes_again_and_again_gets_every_event_once() {
    let stays = sink("stays", "stays.jsonl");
    let gateway = Gateway::start("", &(sink("moving", "moving-0.jsonl") + &stays)).await;
    let sent = while_it_moves(&gateway, &stays).await;
    all_have_all(&gateway, sent).await;
}

#[tokio::test]
async fn readers_of_a_stream_change_and_go_and_what_is_left_waits_there() {
    let redis = Redis::start();
    let over = format!(
        "  bus: redis\n  redis_url: '{}'\n  block: 200ms\n",
        redis.url()
    );
    let stays = sink("stays", "stays.jsonl");
    let gateway = Gateway::start(&over, &(sink("moving", "moving-0.jsonl") + &stays)).await;
    let mut sent = while_it_moves(&gateway, &stays).await;
    all_have_all(&gateway, sent.clone()).await;
    let pending = async |group: &str| redis.pending("llm-proxy-events", group).await;
    eventually(async || (pending("moving").await == Some(0)).then_some(())).await;

    // Whoever is down when it goes leaves what it held, and has it when it comes back mended.
    gateway
        .changed(&(sink("moving", "/dev/full") + &stays))
        .await;
    sent.extend(gateway.send(3).await);
    // However many came before it began to try.
    eventually(async || (pending("moving").await > Some(0)).then_some(())).await;
    gateway
        .changed(&(sink("moving", "moving-1.jsonl") + &stays))
        .await;
    all_have_all(&gateway, sent.clone()).await;
    gateway.changed(&stays).await;
    sent.extend(gateway.send(2).await);
    written(&gateway.file("stays.jsonl"), sent.len()).await;
    assert_eq!(moved(&gateway.weir.folder).len(), sent.len() - 2);
    gateway
        .changed(&(sink("moving", "moving-2.jsonl") + &stays))
        .await;
    all_have_all(&gateway, sent).await;
}

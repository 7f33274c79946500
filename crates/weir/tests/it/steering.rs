//! A running gateway, seen and steered from the command line.

use std::process::Output;
use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use weir_mock::MockConfig;

use crate::program::{Program, Setup, eventually, output, start_before, weir, within};

/// Two providers, `u1` first, each with a mock of its own.
struct Pair {
    program: Program,
    second: weir_mock::Mock,
    folder: tempfile::TempDir,
}

impl Pair {
    async fn start(rest: &str) -> Self {
        let first = weir_mock::serve(MockConfig::default()).await.unwrap();
        let second = weir_mock::serve(MockConfig::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weir.yaml");
        let text = format!(
            "providers:\n\
             - {{name: u1, type: zai, base_url: '{}', keys: [{{key: k-one, priority: 1}}]}}\n\
             - {{name: u2, type: zai, base_url: '{}', keys: [{{key: k-two}}]}}\n{rest}",
            first.url(),
            second.url()
        );
        std::fs::write(&file, text).unwrap();
        let env = [("WEIR_CONFIG", file.to_str().unwrap())];
        let program = start_before(
            first,
            Setup {
                env: &env,
                ..Setup::default()
            },
        );
        Self {
            program,
            second,
            folder,
        }
    }

    /// Runs a command for this gateway, with `input` on its standard input.
    async fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = weir();
        command
            .args(args)
            .env("WEIR_URL", &self.program.url)
            .env("THE_KEY", "k-env");
        output(command, input).await
    }

    /// What a command that succeeds says.
    async fn said(&self, args: &[&str]) -> String {
        let output = self.run(args, "").await;
        assert!(output.status.success(), "{args:?}: {}", errors(&output));
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    async fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.said(args).await).unwrap()
    }

    /// Sends a request and tells which credential reached which mock.
    async fn send(&self) -> (&'static str, String) {
        let mocks = [("u1", &self.program.mock), ("u2", &self.second)];
        let before = mocks.map(|(_, mock)| mock.received().len());
        let message = json!({"model": "claude-sonnet-4-5", "max_tokens": 5,
            "messages": [{"role": "user", "content": "x"}]});
        let got = self.program.message(&[], &message).await;
        assert_eq!(got.status, 200, "{}", got.text());
        let hit = mocks.iter().zip(before).find_map(|((name, mock), before)| {
            let received = mock.received();
            let request = received.get(before)?;
            Some((*name, request.header("x-api-key")?.to_owned()))
        });
        hit.expect("one of them is asked")
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_provider_that_is_disabled_gets_no_requests_until_it_is_enabled() {
    let pair = Pair::start("").await;
    assert_eq!(pair.send().await.0, "u1");
    let said = pair.said(&["provider", "disable", "u1"]).await;
    assert!(said.starts_with("u1: disabled"), "{said}");
    for _ in 0..3 {
        assert_eq!(pair.send().await.0, "u2");
    }
    let list = pair.said(&["provider", "list"]).await;
    let line = list.lines().find(|line| line.starts_with("u1 ")).unwrap();
    assert!(line.contains("disabled"), "{list}");
    pair.said(&["provider", "enable", "u1"]).await;
    assert_eq!(pair.send().await.0, "u1");
    let seen = pair.json(&["provider", "show", "u2", "--json"]).await;
    assert_eq!(seen["requests"]["succeeded"], 3);
    let unknown = pair.run(&["provider", "disable", "u9"], "").await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(errors(&unknown).contains("`u9`: no such provider"));
}

#[tokio::test]
async fn a_provider_that_is_reset_is_asked_again_at_once() {
    let health = "health: {circuit_breaker: {failure_threshold: 1, open_duration_ms: 600000}}\n";
    let pair = Pair::start(health).await;
    pair.program.mock.refuse().await.unwrap();
    assert_eq!(pair.send().await.0, "u2");
    let ill = pair.json(&["provider", "show", "u1", "--json"]).await;
    assert_eq!(ill["breaker"]["state"], "open");
    assert_eq!(ill["status"], "unhealthy");
    pair.program.mock.accept().await.unwrap();
    pair.said(&["provider", "reset", "u1"]).await;
    assert_eq!(pair.send().await.0, "u1");
}

#[tokio::test]
async fn keys_come_and_go_without_a_restart() {
    let pair = Pair::start("").await;
    let add = ["key", "add", "u1", "--name", "fast", "--priority", "2"];
    let added = pair.run(&add, "k-new\n").await;
    assert!(added.status.success(), "{}", errors(&added));
    let id = String::from_utf8(added.stdout).unwrap();
    assert_eq!(id.trim().len(), 8, "{id}");
    assert_eq!(pair.send().await, ("u1", "k-new".to_owned()));

    pair.said(&["key", "disable", "u1", id.trim()]).await;
    assert_eq!(pair.send().await, ("u1", "k-one".to_owned()));
    let list = pair.said(&["key", "list", "u1"]).await;
    assert!(list.contains("fast  disabled"), "{list}");
    pair.said(&["key", "enable", "u1", "fast"]).await;
    assert_eq!(pair.send().await, ("u1", "k-new".to_owned()));
    pair.said(&["key", "remove", "u1", "fast"]).await;
    assert_eq!(pair.send().await, ("u1", "k-one".to_owned()));

    let by_name = ["key", "add", "u2", "--from-env", "THE_KEY"];
    pair.said(&by_name).await;
    pair.said(&["provider", "disable", "u1"]).await;
    let all = pair.json(&["key", "list", "--json"]).await;
    assert_eq!(all["providers"][1]["keys"].as_array().unwrap().len(), 2);

    let twice = pair.run(&["key", "add", "u2"], "k-two").await;
    assert_eq!(twice.status.code(), Some(1));
    let nothing = pair.run(&["key", "add", "u2"], "\n").await;
    assert!(errors(&nothing).contains("empty"), "{}", errors(&nothing));
    let log = pair.program.log();
    for secret in ["k-new", "k-env", "k-two"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn the_configuration_is_read_again_when_told_and_faults_change_nothing() {
    let pair = Pair::start("routing: {strategy: failover}\n").await;
    assert_eq!(pair.said(&["strategy"]).await, "failover");
    let file = pair.folder.path().join("weir.yaml");
    let text = std::fs::read_to_string(&file).unwrap();

    std::fs::write(&file, text.replace("failover", "bogus")).unwrap();
    let refused = pair.run(&["config", "reload"], "").await;
    assert_eq!(refused.status.code(), Some(1));
    let message = errors(&refused);
    assert!(
        message.contains("nothing has changed") && message.contains("`bogus`"),
        "{message}"
    );
    assert_eq!(pair.said(&["strategy"]).await, "failover");

    std::fs::write(&file, text.replace("failover", "round_robin")).unwrap();
    pair.said(&["config", "reload"]).await;
    assert_eq!(pair.said(&["strategy"]).await, "round_robin");
    let hit: Vec<_> = [pair.send().await.0, pair.send().await.0].into();
    assert!(hit.contains(&"u1") && hit.contains(&"u2"), "{hit:?}");

    assert_eq!(pair.said(&["strategy", "failover"]).await, "failover");
    let again = pair.json(&["config", "reload", "--json"]).await;
    assert_eq!(again["changed"], json!([]));
    assert_eq!(
        pair.said(&["strategy"]).await,
        "failover",
        "what was said at run time stays while the file says what it said"
    );
}

#[tokio::test]
async fn figures_come_every_second() {
    let pair = Pair::start("").await;
    pair.send().await;
    let response = pair
        .program
        .open(Method::GET, "/api/stats/stream", &[], "")
        .await;
    let mut body = response.into_body();
    let mut uptimes = Vec::new();
    within(async {
        while uptimes.len() < 3 {
            let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
            let text = String::from_utf8(data.into()).unwrap();
            let data = text.strip_prefix("event: stats\ndata: ").unwrap();
            let stats: Value = serde_json::from_str(data.trim()).unwrap();
            assert_eq!(stats["requests"]["total"], 1);
            uptimes.push(stats["uptime_ms"].as_u64().unwrap());
        }
    })
    .await;
    let took = Duration::from_millis(uptimes[2] - uptimes[0]);
    assert!(took < Duration::from_secs(3), "{uptimes:?}");
}

#[tokio::test]
async fn a_frame_of_the_screen_can_be_had_as_text() {
    let pair = Pair::start("").await;
    pair.send().await;
    let frame = eventually(async || {
        let frame = pair.said(&["top", "--once"]).await;
        frame.contains("claude-sonnet-4-5").then_some(frame)
    })
    .await;
    for part in ["failover", "● u1", "● u2", "100%", "PROVIDER"] {
        assert!(frame.contains(part), "{part} in\n{frame}");
    }
    let screen = pair.run(&["top"], "").await;
    assert_eq!(screen.status.code(), Some(1));
    assert!(errors(&screen).contains("--once"));
}

#[tokio::test]
async fn the_dashboards_password_is_asked_for_and_taken() {
    let pair = Pair::start("dashboard: {password: hunter22}\n").await;
    let refused = pair.run(&["provider", "list"], "").await;
    assert_eq!(refused.status.code(), Some(1));
    let message = errors(&refused);
    assert!(message.contains("DASHBOARD_PASSWORD"), "{message}");
    let list = pair
        .said(&["provider", "list", "--password", "hunter22"])
        .await;
    assert!(list.contains("u1"), "{list}");
    let status = pair
        .json(&["status", "--json", "--password", "hunter22"])
        .await;
    assert_eq!(status["healthy"], true);
}

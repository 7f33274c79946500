//! Events in a stream of Redis, and those who deliver them from there.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_mock::Raw;

use super::{LOG, asked, chat, ids, lines, written};
use crate::program::{Program, Setup, eventually, small, start, start_with, weir};
use crate::shared::redis::Redis;

/// The settings of gateways and dispatchers with a stream.
fn stream(redis: &Redis) -> Vec<(String, String)> {
    [
        ("events.bus", "redis"),
        ("events.redis_url", &redis.url()),
        ("events.claim_after", "1s"),
        ("events.block", "200ms"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = settings.iter();
    pairs.map(|(key, value)| (&**key, &**value)).collect()
}

/// A `weir dispatch` of its own.
struct Dispatcher {
    child: Child,
    folder: TempDir,
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Dispatcher {
    fn start(redis: &Redis, args: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = weir();
        command.arg("dispatch").args(args);
        for (key, value) in stream(redis) {
            command.args(["--set", &format!("{key}={value}")]);
        }
        for (key, value) in settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut first).unwrap();
        let dispatcher = Self { child, folder };
        let log = dispatcher.log();
        assert!(first.starts_with("delivering"), "{first} {log}");
        dispatcher
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it with no chance to do anything about it.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it in good order.
    async fn end(&mut self) {
        self.signal("TERM");
        let status = eventually(|| {
            let status = self.child.try_wait().unwrap();
            async move { status }
        })
        .await;
        assert!(status.success());
    }
}

/// A gateway that only puts events into the stream.
async fn publishing(redis: &Redis) -> Program {
    let settings = stream(redis);
    let mut settings = borrowed(&settings);
    settings.push(("events.dispatch", "false"));
    start(&settings).await
}

/// Waits until the stream has taken so many.
async fn published(weir: &Program, count: u64) {
    eventually(async || {
        let view = weir.get("/api/events").await.json();
        (view["stream"]["published"] == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_group_shares_the_stream_and_another_gets_all_of_it() {
    let redis = Redis::start();
    let weir = publishing(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (one, two, three) = (file("1"), file("2"), file("3"));
    let started = |path: &str, group: &str| {
        let settings = [
            ("events.sinks.log.kind", "file"),
            ("events.sinks.log.path", path),
            ("events.sinks.log.group", group),
            ("events.sinks.log.flush_interval", "50ms"),
            ("events.sinks.log.batch_size", "2"),
            // Who is only slow is not taken for gone, which would deliver something twice.
            ("events.claim_after", "60s"),
        ];
        Dispatcher::start(&redis, &[], &settings)
    };
    let dispatchers = [started(&one, "a"), started(&two, "a"), started(&three, "b")];
    for _ in 0..40 {
        weir.message(&[], &small()).await;
    }
    let all = ids(&written(Path::new(&three), 40).await);
    let shared = eventually(async || {
        let mut both = lines(Path::new(&one));
        both.extend(lines(Path::new(&two)));
        (both.len() >= 40).then_some(both)
    })
    .await;
    assert_eq!(ids(&shared), all);
    assert_eq!(all.len(), 40);
    drop(dispatchers);
}

#[tokio::test]
async fn what_is_left_at_the_end_is_delivered_though_the_configuration_is_to_be_read_again() {
    let redis = Redis::start();
    let publishing = publishing(&redis).await;
    let full = [
        ("events.sinks.log.kind", "file"),
        ("events.sinks.log.path", "/dev/full"),
        ("events.sinks.log.flush_interval", "10ms"),
        ("events.flush_timeout", "3s"),
    ];
    let mut dispatcher = Dispatcher::start(&redis, &[], &full);
    publishing.message(&[], &small()).await;
    eventually(async || {
        let pending = redis.pending("llm-proxy-events", "log").await;
        (pending == Some(1)).then_some(())
    })
    .await;
    dispatcher.signal("TERM");
    let status = eventually(|| {
        let status = dispatcher.child.try_wait().unwrap();
        if status.is_none() {
            dispatcher.signal("HUP");
        }
        async move { status }
    })
    .await;
    let log = dispatcher.log();
    assert!(
        status.success() && !log.contains("signalled again"),
        "{log}"
    );
    assert!(log.contains("the sink is told no more"), "{log}");

    let mut weir = start(&full).await;
    weir.message(&[], &small()).await;
    eventually(async || {
        let view = weir.get("/api/events").await.json();
        (view["sinks"][0]["last_failure"].is_string()).then_some(())
    })
    .await;
    weir.signal("TERM");
    eventually(async || {
        if !weir.log().contains("stopped") {
            weir.signal("HUP");
            return None;
        }
        Some(())
    })
    .await;
    let status = weir.exit().await;
    let log = weir.log();
    assert!(
        status.success() && !log.contains("signalled again"),
        "{log}"
    );
}

#[tokio::test]
async fn what_a_killed_dispatcher_held_goes_to_another_of_its_group() {
    let redis = Redis::start();
    let weir = publishing(&redis).await;
    // It holds what it cannot write.
    let holding = Dispatcher::start(
        &redis,
        &[],
        &[
            ("events.sinks.log.kind", "file"),
            ("events.sinks.log.path", "/dev/full"),
            // All five are one batch, however slowly they come.
            ("events.sinks.log.batch_size", "5"),
            ("events.sinks.log.flush_interval", "1h"),
        ],
    );
    for _ in 0..5 {
        weir.message(&[], &small()).await;
    }
    published(&weir, 5).await;
    eventually(async || {
        // However many came before it began to try: it reads no more until it is rid of those.
        let pending = redis.pending("llm-proxy-events", "log").await;
        (pending > Some(0)).then_some(())
    })
    .await;
    holding.kill();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = path.display().to_string();
    let mut healthy = Dispatcher::start(
        &redis,
        &[],
        &[
            ("events.sinks.log.kind", "file"),
            ("events.sinks.log.path", &text),
            ("events.sinks.log.flush_interval", "10ms"),
        ],
    );
    let got = written(&path, 5).await;
    assert_eq!(got.len(), 5);
    healthy.end().await;
    assert_eq!(redis.pending("llm-proxy-events", "log").await, Some(0));
}

#[tokio::test]
async fn a_dispatcher_that_is_killed_again_and_again_loses_nothing() {
    let redis = Redis::start();
    let weir = publishing(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let text = path.display().to_string();
    let settings = [
        ("events.sinks.log.kind", "file"),
        ("events.sinks.log.path", text.as_str()),
        ("events.sinks.log.flush_interval", "10ms"),
        ("events.sinks.log.batch_size", "3"),
        ("events.consumer", "always-the-same"),
    ];
    let mut sent = Vec::new();
    for round in 1..=4 {
        let dispatcher = Dispatcher::start(&redis, &[], &settings);
        for _ in 0..15 {
            let got = weir.message(&[], &small()).await;
            sent.push(got.headers["x-request-id"].to_str().unwrap().to_owned());
        }
        // Somewhere within what it has to do.
        written(&path, round * 3).await;
        dispatcher.kill();
    }
    let _last = Dispatcher::start(&redis, &[], &settings);
    sent.sort();
    eventually(async || {
        let mut got = ids(&lines(&path));
        got.dedup();
        (got == sent).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_absent_redis_holds_no_request_and_gets_what_waited() {
    let mut redis = Redis::start();
    let weir = publishing(&redis).await;
    weir.message(&[], &small()).await;
    published(&weir, 1).await;
    redis.stop();
    for _ in 0..3 {
        assert_eq!(weir.message(&[], &small()).await.status, 200);
    }
    eventually(async || {
        let view = weir.get("/api/events").await.json();
        let waits = view["stream"]["waiting"] == 3 && view["stream"]["connected"] == false;
        waits.then_some(())
    })
    .await;
    assert!(redis.start_again());
    published(&weir, 4).await;
}

#[tokio::test]
async fn what_cannot_be_delivered_is_kept_and_can_be_offered_again() {
    let redis = Redis::start();
    let weir = publishing(&redis).await;
    weir.message(&[], &small()).await;
    published(&weir, 1).await;
    redis.tell(&["XADD llm-proxy-events * data nonsense"]).await;
    let full = [
        ("events.sinks.log.kind", "file"),
        ("events.sinks.log.path", "/dev/full"),
        ("events.sinks.log.flush_interval", "10ms"),
        ("events.sinks.log.retries", "0"),
    ];
    let dispatcher = Dispatcher::start(&redis, &[], &full);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log").display().to_string();
    let dead = |what: &str, path: &str, more: &[&str]| {
        let mut command = weir_dead(&redis, what, path);
        command.args(more);
        command.output().unwrap()
    };
    let letters = eventually(async || {
        let listed = dead("list", &path, &["--json"]);
        let letters: Value = serde_json::from_slice(&listed.stdout).unwrap();
        (letters.as_array().unwrap().len() == 2).then_some(letters)
    })
    .await;
    drop(dispatcher);
    let reasons = letters.to_string();
    assert!(
        reasons.contains("cannot be written") && reasons.contains("not an event"),
        "{reasons}"
    );
    assert_eq!(redis.pending("llm-proxy-events", "log").await, Some(0));
    let unknown = dead("retry", &path, &["--id", "1-1"]);
    assert!(!unknown.status.success());
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("has no dead letter `1-1`"), "{said}");
    // It takes the one, and the other can never be read.
    let retried = dead("retry", &path, &["--all"]);
    assert!(!retried.status.success());
    assert_eq!(
        String::from_utf8_lossy(&retried.stdout).trim(),
        "1 delivered, 1 left"
    );
    assert_eq!(lines(Path::new(&path)).len(), 1);
    let dropped = dead("drop", &path, &["--all"]);
    assert_eq!(String::from_utf8_lossy(&dropped.stdout).trim(), "1 dropped");
    assert_eq!(dead("list", &path, &["--json"]).stdout, b"[]\n");
}

fn weir_dead(redis: &Redis, what: &str, path: &str) -> Command {
    let mut command = weir();
    command.args(["dispatch", "dead", what, "--sink", "log"]);
    for (key, value) in stream(redis) {
        command.args(["--set", &format!("{key}={value}")]);
    }
    let path = format!("events.sinks.log.path={path}");
    command.args(["--set", "events.sinks.log.kind=file", "--set", &path]);
    command
}

#[tokio::test]
async fn a_dispatcher_by_the_names_of_the_reference_writes_runs() {
    let redis = Redis::start();
    let address = redis.url().split_once('@').unwrap().1.to_owned();
    // The reference knows no password.
    redis.tell(&["CONFIG SET requirepass \"\""]).await;
    let env = [
        ("LLM_PROXY_EVENT_BUS", "redis-streams"),
        ("REDIS_ADDR", address.as_str()),
        ("REDIS_CONSUMER_GROUP", "llm-proxy-dispatchers"),
    ];
    let weir = start_with(Setup {
        settings: &[],
        env: &env,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let mut command = crate::program::weir();
    command.args(["dispatch", "--service", "file", "--endpoint"]);
    command.arg(&path).envs(env).current_dir(folder.path());
    command.args(["--set", "events.sinks.file.flush_interval=50ms"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _dispatcher = Dispatcher {
        child: child.unwrap(),
        folder: tempfile::tempdir().unwrap(),
    };
    weir.mock.push(Raw::new(200).header("content-type", "application/json").body(
        r#"{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}"#,
    ));
    let got = chat(&weir, &asked("hi")).await;
    let run = written(&path, 1).await.remove(0);
    assert_eq!(
        (&run["type"], &run["event"]),
        (&json!("llm"), &json!("start"))
    );
    assert_eq!(run["runId"], *got.headers["x-request-id"].to_str().unwrap());
    assert_eq!(run["metadata"]["path"], "/v1/chat/completions");
    assert_eq!(run["output"]["object"], "chat.completion");
    assert_eq!(run["tokensUsage"], json!({"prompt": 9, "completion": 1}));
    eventually(async || {
        let pending = redis.pending("llm-proxy-events", "llm-proxy-dispatchers");
        (pending.await == Some(0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_dispatcher_that_cannot_work_says_which_setting_is_wrong() {
    for (args, expected) in [
        (vec!["--service", "kafka"], "events.sinks.kafka.kind"),
        (vec!["--service", "file"], "events.sinks.file.path"),
        (
            vec!["--service", "helicone"],
            "events.sinks.helicone.api_key",
        ),
        (
            vec!["--service", "file", "--endpoint", "/x"],
            "`events.bus` is `memory`",
        ),
        (vec!["--sink", "nobody"], "`events.sinks` has no `nobody`"),
        (vec!["--set", "events.bus=redis"], "events.redis_url"),
        (
            vec![
                "--set",
                "events.bus=redis",
                "--set",
                "events.redis_url=redis://127.0.0.1:1",
            ],
            "`events.sinks` names none",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = weir();
        command
            .arg("dispatch")
            .args(&args)
            .current_dir(folder.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(expected),
            "{args:?}: {said}"
        );
    }
}

#[tokio::test]
async fn each_sink_of_a_stream_gets_all_though_another_is_down() {
    let redis = Redis::start();
    let settings = stream(&redis);
    let mut settings = borrowed(&settings);
    settings.extend([
        ("events.file", LOG),
        ("events.sinks.down.kind", "file"),
        ("events.sinks.down.path", "/dev/full"),
        ("events.sinks.down.flush_interval", "10ms"),
    ]);
    let weir = start(&settings).await;
    for _ in 0..4 {
        weir.message(&[], &small()).await;
    }
    written(&weir.folder.path().join(LOG), 4).await;
    let view = eventually(async || {
        let view = weir.get("/api/events").await.json();
        (view["sinks"][0]["waiting"] == 4).then_some(view)
    })
    .await;
    let names: Vec<_> = [0, 1]
        .map(|at| view["sinks"][at]["name"].as_str().unwrap().to_owned())
        .into();
    assert_eq!(names, ["down", "event-log"]);
    assert_eq!(view["sinks"][1]["delivered"], 4);
    assert!(view["sinks"][0]["oldest_waiting"].is_string());
    assert_eq!(view["stream"]["key"], "llm-proxy-events");
}

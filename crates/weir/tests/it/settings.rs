//! Settings edited at run time, the set-up page's check, and the live feed over a gap.

use http::Method;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::program::{Got, Program, small, start, within};

const STORED: &str = "/api/config/stored";

async fn put(weir: &Program, body: &Value) -> Got {
    weir.send(Method::PUT, "/api/settings", &[], body.to_string())
        .await
}

async fn patch(weir: &Program, body: &Value) -> Got {
    weir.send(Method::PATCH, STORED, &[], body.to_string())
        .await
}

async fn setting(weir: &Program, path: &str) -> Value {
    let settings = weir.get("/api/config/effective").await.json();
    let settings = settings["settings"].as_array().unwrap().clone();
    settings
        .into_iter()
        .find(|one| one["path"] == path)
        .unwrap()
}

#[tokio::test]
async fn a_rule_for_a_framing_header_is_400_and_one_that_agents_rely_on_is_warned_of() {
    let weir = start(&[]).await;
    let rules = |name: &str| {
        let rule = json!({"header": name, "action": "block", "enabled": true});
        json!({"requestHeaderRules": [rule], "responseHeaderRules": []})
    };
    for name in ["content-length", "Host", "transfer-encoding", "a b"] {
        let refused = put(&weir, &rules(name)).await;
        assert_eq!(refused.status, 400, "{name}");
        assert_eq!(refused.json()["field"], "requestHeaderRules");
    }
    let got = put(&weir, &rules("anthropic-beta")).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let warnings = got.json()["warnings"].to_string();
    assert!(warnings.contains("anthropic-beta"), "{warnings}");
    let seen = weir.get("/api/settings").await.json();
    assert_eq!(seen["requestHeaderRules"][0]["header"], "anthropic-beta");
    assert_eq!(seen["responseHeaderRules"], json!([]));
}

#[tokio::test]
async fn an_edit_takes_effect_at_once_outlasts_the_process_and_can_be_taken_back() {
    let mut weir = start(&[]).await;
    let edit = json!({"routing.strategy": "shuffle", "routing.retries": 3, "server.port": 4000});
    let done = patch(&weir, &edit).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert_eq!(
        done["changed"],
        json!(["routing.strategy", "routing.retries"])
    );
    // The port is on the command line, which wins.
    let warnings = done["warnings"].to_string();
    assert!(warnings.contains("server.port"), "{warnings}");
    let strategy = weir.get("/api/routing/strategy").await.json();
    assert_eq!(strategy["strategy"], "shuffle");

    weir.kill_and_restart(&[]);
    let seen = setting(&weir, "routing.retries").await;
    assert_eq!(
        (&seen["value"], &seen["source"]),
        (&json!("3"), &json!("stored"))
    );
    let back = patch(
        &weir,
        &json!({"routing.strategy": null, "routing.retries": null}),
    )
    .await;
    assert_eq!(back.status, 200, "{}", back.text());
    assert_eq!(setting(&weir, "routing.retries").await["source"], "default");
    let left = weir.get(STORED).await.json();
    assert_eq!(left["settings"], json!({"server.port": "4000"}));
}

#[tokio::test]
async fn lists_and_sections_with_commas_can_be_stored() {
    let weir = start(&[]).await;
    let price = json!([{"input": 1, "output": 2}, {"input": 3, "output": 4, "from": "2026-01-31"}]);
    let edit = json!({"providers.anthropic.models": ["a,b", "c"], "pricing.models": {"m": price}});
    let done = patch(&weir, &edit).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let models = setting(&weir, "providers.anthropic.models").await;
    assert_eq!(models["value"], r#"["a,b","c"]"#);
    let prices = weir.get("/api/prices").await.json();
    let mine = prices["prices"].as_array().unwrap().iter();
    let mine: Vec<_> = mine.filter(|one| one["model"] == "m").collect();
    assert_eq!(mine.len(), 2);
    assert_eq!(
        (&mine[0]["from"], &mine[0]["input"]),
        (&json!("2026-01-31"), &json!(3.0))
    );
    assert_eq!(mine[0]["source"], "stored");
}

#[tokio::test]
async fn commands_and_runs_know_what_was_edited_at_run_time() {
    let weir = start(&[]).await;
    let edit = json!({"routing.retries": 3, "pricing.models": "claude-x=1000000/1000000"});
    assert_eq!(patch(&weir, &edit).await.status, 200);
    let run = async |args: &[&str]| {
        let mut command = crate::program::weir();
        command
            .current_dir(weir.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("XDG_STATE_HOME", weir.folder.path().join("state"))
            .args(args);
        let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
        let ended = ended.await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        (text(&ended.stdout), text(&ended.stderr))
    };
    let retries = async |more: &[&str]| {
        let (shown, _) = run(&[&["config", "check"], more].concat()).await;
        let mut lines = shown.lines();
        let line = lines.find_map(|line| line.strip_prefix("routing.retries "));
        line.unwrap().trim().to_owned()
    };
    assert_eq!(retries(&[]).await, "3  (stored)");
    assert!(retries(&["--no-stored"]).await.ends_with("(default)"));
    let flag = ["--set", "routing.retries=1"];
    assert_eq!(retries(&flag).await, "1  (command line)");
    // A run has the prices that were edited, though it keeps its history elsewhere.
    let upstream = format!("providers.anthropic.base_url={}", weir.mock.url());
    let ask = r#"curl -sf $ANTHROPIC_BASE_URL/v1/messages -H 'x-api-key: own' -o answer.json -d \
        '{"model":"claude-x","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}'"#;
    let (_, said) = run(&["run", "--set", &upstream, "--", "sh", "-c", ask]).await;
    let line = said.lines().find(|line| line.contains("claude-x")).unwrap();
    assert!(line.contains('$'), "{said}");
}

#[tokio::test]
async fn an_edit_that_is_not_valid_changes_nothing_and_names_every_fault() {
    let weir = start(&[]).await;
    let edit = json!({"routing.retries": 2, "routing.strategy": "best", "nope": 1,
        "dashboard.password": "hunter22"});
    let refused = patch(&weir, &edit).await;
    assert_eq!(refused.status, 422);
    let faults = refused.json()["faults"].as_array().unwrap().len();
    assert_eq!(faults, 3, "{}", refused.text());
    assert!(!refused.text().contains("hunter22"));
    assert_eq!(setting(&weir, "routing.retries").await["source"], "default");
    assert_eq!(weir.get(STORED).await.json()["settings"], json!({}));
    assert_eq!(patch(&weir, &json!([])).await.status, 400);
}

#[tokio::test]
async fn the_set_up_says_which_clients_have_come() {
    let weir = start(&[("dashboard.proxy_public_url", "https://weir.example/")]).await;
    let clients = async || {
        let setup = weir.get("/api/setup").await.json();
        assert_eq!(setup["baseUrl"], "https://weir.example");
        assert_eq!(setup["tokenNeeded"], false);
        setup["clients"].as_array().unwrap().clone()
    };
    let before = clients().await;
    assert_eq!(before.len(), 8);
    assert!(before.iter().all(|client| client["seen"].is_null()));
    let text = before[0]["snippets"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("ANTHROPIC_BASE_URL=https://weir.example\n"),
        "{text}"
    );
    let agent = [("user-agent", "claude-cli/2.1.0 (external, cli)")];
    weir.message(&agent, &small()).await;
    let seen = &clients().await[0]["seen"];
    assert_eq!(seen["requests"], 1, "{seen}");
}

#[tokio::test]
async fn who_comes_back_to_the_live_feed_gets_what_it_missed() {
    const ENDED: &str = r#""state":"complete""#;
    let weir = start(&[]).await;
    let follow = async |last: &str| {
        let headers = [("last-event-id", last)];
        let feed = weir.open(Method::GET, "/api/live", &headers, "").await;
        feed.into_body()
    };
    // An exchange that is over at once is told of once, when it has ended.
    let read = async |feed: &mut hyper::body::Incoming, until: &str| {
        let mut seen = String::new();
        while !seen.contains(until) || !seen.ends_with("\n\n") {
            let frame = within(feed.frame()).await.unwrap().unwrap();
            seen += &String::from_utf8_lossy(frame.data_ref().unwrap());
        }
        let ids = seen.lines().filter_map(|line| line.strip_prefix("id: "));
        (ids.map(str::to_owned).collect::<Vec<_>>(), seen)
    };
    let number = |id: &str| id.rsplit_once('-').unwrap().1.parse::<u64>().unwrap();
    let mut feed = follow("").await;
    weir.message(&[], &small()).await;
    let (first, _) = read(&mut feed, ENDED).await;
    drop(feed);
    // Nobody follows.
    weir.message(&[], &small()).await;
    let last = first.last().unwrap();
    let (again, _) = read(&mut follow(last).await, ENDED).await;
    let numbers: Vec<u64> = again.iter().map(|id| number(id)).collect();
    let expected: Vec<u64> = (number(last) + 1..).take(again.len()).collect();
    assert_eq!(numbers, expected);
    for unknown in ["x-1", "garbage", "999-999"] {
        let (_, seen) = read(&mut follow(unknown).await, "event: reset").await;
        assert!(seen.starts_with("event: reset\n"), "{seen}");
    }
}

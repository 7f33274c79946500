//! A configuration that changes while the gateway runs.

use std::fs;
use std::future::Future;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use weir_mock::{Gate, Raw};

use crate::program::{MESSAGES, Setup, Two, eventually, named, small, start_before, within};

/// Asks until it is so, which must be within a second.
async fn within_a_second<F: Future<Output = bool>>(mut ask: impl FnMut() -> F) {
    let began = Instant::now();
    eventually(|| {
        let asked = ask();
        async { asked.await.then_some(()) }
    })
    .await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

async fn strategy(two: &Two) -> Value {
    two.weir.get("/api/routing/strategy").await.json()["strategy"].take()
}

fn said(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[tokio::test]
async fn a_changed_api_key_replaces_the_old_one_without_a_restart() {
    let two = Two::start("server: {auth: {api_key: gate-old}}\n").await;
    let status = async |key: &str| two.say(&[("x-api-key", key)]).await.status.as_u16();
    assert_eq!(
        (status("gate-old").await, status("gate-new").await),
        (200, 401)
    );
    two.save(&two.text(["", ""], "server: {auth: {api_key: gate-new}}\n"));
    within_a_second(async || status("gate-new").await == 200).await;
    assert_eq!(status("gate-old").await, 401);
}

#[tokio::test]
async fn a_raised_limit_lets_two_requests_run_at_once() {
    let two = Two::start("server: {max_concurrent: 1}\n").await;
    let gate = Gate::new();
    let hold = async || {
        let body = small().to_string();
        let response = two.weir.open(Method::POST, MESSAGES, &[], body).await;
        (response.status() == 200).then(|| response.into_body())
    };
    let held = || Raw::new(200).piece("a").pause(&gate).piece("b");
    two.weir.mock.push(held());
    let first = hold().await.unwrap();
    assert_eq!(two.say(&[]).await.status, 503);

    two.weir.mock.push(held());
    two.save(&two.text(["", ""], "server: {max_concurrent: 2}\n"));
    let began = Instant::now();
    let second = eventually(hold).await;
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(two.say(&[]).await.status, 503, "two is the limit now");
    gate.open_for_good();
    for body in [first, second] {
        assert_eq!(within(body.collect()).await.unwrap().to_bytes(), "ab");
    }
}

#[tokio::test]
async fn a_strategy_saved_by_a_rename_is_in_use_within_a_second() {
    let two = Two::start("routing: {strategy: failover}\n").await;
    for _ in 0..3 {
        assert_eq!(two.who().await, "u1");
    }
    two.save(&two.text(["", ""], "routing: {strategy: round_robin}\n"));
    within_a_second(async || two.who().await == "u2").await;
    assert_eq!(strategy(&two).await, "round_robin");
    let turns = [two.who().await, two.who().await, two.who().await];
    assert!(turns == ["u1", "u2", "u1"], "{turns:?}");
}

/// Points `..data` at another version, as Kubernetes does with a mounted map.
fn publish(folder: &Path, version: &str, text: &str) {
    fs::create_dir(folder.join(version)).unwrap();
    fs::write(folder.join(version).join("weir.yaml"), text).unwrap();
    symlink(version, folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
}

#[tokio::test]
async fn a_mounted_map_that_is_swapped_by_its_link_is_seen() {
    let mounted = tempfile::tempdir().unwrap();
    let mock = named("u1", false).await;
    let with_strategy = |strategy: &str| {
        let entry = crate::program::entry("u1", &mock.url(), "");
        format!("providers:\n{entry}routing: {{strategy: {strategy}}}\n")
    };
    let (before, after) = (with_strategy("failover"), with_strategy("least_loaded"));
    publish(mounted.path(), "..v1", &before);
    let file = mounted.path().join("weir.yaml");
    symlink("..data/weir.yaml", &file).unwrap();
    let env = [("WEIR_CONFIG", file.to_str().unwrap())];
    let setup = Setup {
        env: &env,
        ..Setup::default()
    };
    let weir = start_before(mock, setup);
    let strategy = async || weir.get("/api/routing/strategy").await.json()["strategy"].take();
    assert_eq!(strategy().await, "failover");
    publish(mounted.path(), "..v2", &after);
    within_a_second(async || strategy().await == "least_loaded").await;
    publish(mounted.path(), "..v3", &before);
    within_a_second(async || strategy().await == "failover").await;
}

#[tokio::test]
async fn an_unknown_strategy_changes_nothing_and_is_told_with_what_to_write() {
    let two = Two::start("routing: {strategy: failover}\n").await;
    two.save(&two.text(["", ", enabled: false"], "routing: {strategy: bogus}\n"));
    eventually(async || {
        two.weir
            .log()
            .contains("failed to reload config")
            .then_some(())
    })
    .await;
    let log = two.weir.log();
    assert!(
        log.contains("routing.strategy") && log.contains("bogus"),
        "{log}"
    );

    assert_eq!(strategy(&two).await, "failover");
    for _ in 0..3 {
        assert_eq!(two.who().await, "u1");
    }
    two.weir.mock.for_path(MESSAGES, "503");
    assert_eq!(two.who().await, "u2", "it was not switched off either");

    let refused = two.weir.run(&["config", "reload"]).await;
    assert_eq!(refused.status.code(), Some(1));
    let message = said(&refused.stderr);
    for part in [
        "weir.yaml:4",
        "routing.strategy",
        "`bogus`",
        "round_robin",
        "nothing has changed",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let answer = two
        .weir
        .send(Method::POST, "/api/config/reload", &[], "")
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fault = answer.json()["faults"][0].take();
    assert!(
        fault.as_str().unwrap().contains("routing.strategy"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_reload_that_fails_at_its_end_has_changed_nothing() {
    let health = |threshold: u8| {
        format!(
            "health: {{circuit_breaker: {{failure_threshold: {threshold}}}, \
             health_check: {{enabled: false}}}}\n"
        )
    };
    let with = |strategy: &str, threshold: u8, more: &str| {
        let health = health(threshold);
        format!("{health}routing: {{strategy: {strategy}}}\n{more}")
    };
    let two = Two::start(&with("failover", 2, "")).await;
    let chosen = json!({"strategy": "round_robin"}).to_string();
    let path = "/api/routing/strategy";
    let chose = two.weir.send(Method::PUT, path, &[], chosen).await;
    assert!(chose.status.is_success(), "{}", chose.text());

    let nowhere = two.weir.folder.path().join("no/such/folder/weir.log");
    let logging = format!("logging: {{output: '{}'}}\n", nowhere.display());
    two.save(&two.text(["", ""], &with("shuffle", 1, &logging)));
    let failed = || two.weir.log().contains("failed to reload config");
    eventually(async || failed().then_some(())).await;
    assert!(two.weir.log().contains("not usable"), "{}", two.weir.log());

    assert_eq!(strategy(&two).await, "round_robin");
    two.weir.mock.for_path(MESSAGES, "500,count=1");
    while two.reached()[0] == 0 {
        two.who().await;
    }
    let seen = two.weir.get("/api/providers/u1").await.json();
    assert_eq!(seen["breaker"]["state"], "closed");

    two.save(&two.text(["", ""], &with("shuffle", 1, "")));
    within_a_second(async || strategy(&two).await == "shuffle").await;
}

#[tokio::test]
async fn a_provider_switched_off_in_the_file_is_gone_from_routing_and_from_the_list() {
    let two = Two::start("").await;
    let listed = async || {
        let list = two.weir.get("/v1/providers").await.json();
        let names = list["data"].as_array().unwrap().iter();
        let names: Vec<_> = names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        names
    };
    assert_eq!(listed().await, ["u1", "u2"]);
    assert_eq!(two.who().await, "u1");
    two.save(&two.text([", enabled: false", ""], ""));
    within_a_second(async || two.who().await == "u2").await;
    assert_eq!(listed().await, ["u2"]);
    two.save(&two.text(["", ""], ""));
    within_a_second(async || two.who().await == "u1").await;
    assert_eq!(listed().await, ["u1", "u2"]);

    two.save(&two.text([", enabled: false", ", enabled: false"], ""));
    eventually(async || {
        two.weir
            .log()
            .contains("failed to reload config")
            .then_some(())
    })
    .await;
    assert_eq!(
        two.who().await,
        "u1",
        "a gateway without a provider is refused"
    );
}

#[tokio::test]
async fn a_response_completes_though_its_provider_is_switched_off_under_way() {
    let two = Two::start("").await;
    let gate = Gate::new();
    let event = Raw::new(200).header("content-type", "text/event-stream");
    let script = event.piece("data: 1\n\n").pause(&gate).piece("data: 2\n\n");
    two.weir.mock.push(script);
    let body = small().to_string();
    let response = two.weir.open(Method::POST, MESSAGES, &[], body).await;
    assert_eq!(response.status(), 200);

    two.save(&two.text([", enabled: false", ""], "routing: {strategy: shuffle}\n"));
    within_a_second(async || two.who().await == "u2").await;
    gate.open();
    let all = within(response.into_body().collect()).await.unwrap();
    assert_eq!(all.to_bytes(), "data: 1\n\ndata: 2\n\n");
}

/// Changes the file so that its watch does not see it: same size, same time.
fn write_unseen(file: &Path, text: &str) {
    let before = fs::metadata(file).unwrap();
    assert_eq!(before.len(), text.len() as u64);
    let modified = before.modified().unwrap();
    fs::write(file, text).unwrap();
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(modified).unwrap();
}

#[tokio::test]
async fn a_signal_a_command_and_a_call_each_read_the_file_again() {
    let rest = |strategy: &str| format!("routing: {{strategy: {strategy:<12}}}\n");
    let two = Two::start(&rest("failover")).await;
    let write = |strategy: &str| write_unseen(&two.file(), &two.text(["", ""], &rest(strategy)));

    write("round_robin");
    two.weir.signal("HUP");
    eventually(async || (strategy(&two).await == "round_robin").then_some(())).await;

    write("shuffle");
    let reload = two.weir.run(&["config", "reload"]).await;
    assert!(reload.status.success(), "{}", said(&reload.stderr));
    assert_eq!(said(&reload.stdout), "reloaded:\n  routing.strategy\n");
    assert_eq!(strategy(&two).await, "shuffle");

    write("least_loaded");
    let answer = two
        .weir
        .send(Method::POST, "/api/config/reload", &[], "")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["changed"], json!(["routing.strategy"]));
    assert_eq!(strategy(&two).await, "least_loaded");
    assert!(
        !two.weir.log().contains("file change"),
        "{}",
        two.weir.log()
    );
}

#[tokio::test]
async fn an_open_breaker_stays_open_when_another_provider_changes() {
    let health = "health: {circuit_breaker: {failure_threshold: 1, open_duration_ms: 600000}, \
                  health_check: {enabled: false}}\n";
    let two = Two::start(health).await;
    two.weir.mock.push(Raw::new(500).body("{}"));
    assert_eq!(two.who().await, "u2");
    assert_eq!(two.who().await, "u2");
    assert_eq!(two.reached(), [1, 2]);

    let other = ", model_mapping: {claude-sonnet-4-5: other}";
    two.save(&two.text(["", other], health));
    within_a_second(async || {
        two.who().await;
        let received = two.second.received();
        received.last().unwrap().json()["model"] == "other"
    })
    .await;
    assert_eq!(two.reached()[0], 1, "u1 is still ill");
    let seen = two.weir.get("/api/providers/u1").await.json();
    assert_eq!(seen["breaker"]["state"], "open");
}

#[tokio::test]
async fn a_file_that_is_cut_short_empty_or_gone_changes_nothing() {
    let rest = "server: {auth: {api_key: gate}}\nrouting: {strategy: round_robin}\n";
    let two = Two::start(rest).await;
    let status = async |key: &str| two.say(&[("x-api-key", key)]).await.status.as_u16();
    let whole = two.text(["", ""], rest);
    let cuts = [whole.len() - 3, whole.find("base_url: 'h").unwrap() + 12, 0];
    for (number, cut) in cuts.into_iter().enumerate() {
        let (part, _lost) = whole.split_at(cut);
        fs::write(two.file(), part).unwrap();
        let faults = || two.weir.log().matches("failed to reload config").count();
        eventually(async || (faults() > number).then_some(())).await;
        assert_eq!((status("gate").await, status("").await), (200, 401));
        assert_eq!(strategy_with(&two, "gate").await, "round_robin", "{cut}");
    }
    fs::remove_file(two.file()).unwrap();
    two.weir.signal("HUP");
    eventually(async || two.weir.log().contains("weir.yaml: is gone").then_some(())).await;
    assert_eq!((status("gate").await, status("").await), (200, 401));
    fs::write(two.file(), whole.replace("round_robin", "failover")).unwrap();
    within_a_second(async || strategy_with(&two, "gate").await == "failover").await;
}

/// The strategy in force, asked with the gateway's key.
async fn strategy_with(two: &Two, key: &str) -> Value {
    let headers = [("x-api-key", key)];
    let path = "/api/routing/strategy";
    let got = two.weir.send(Method::GET, path, &headers, "").await;
    got.json()["strategy"].take()
}

#[tokio::test]
async fn a_change_of_the_listen_address_is_told_to_need_a_restart() {
    let two = Two::start("").await;
    let rest = "server: {host: 127.0.0.2       }\nrouting: {strategy: shuffle}\n";
    let text = two.text(["", ""], rest);
    two.save(&text);
    within_a_second(async || strategy(&two).await == "shuffle").await;
    let wanted = "`server.host` has changed, which takes effect with a restart";
    eventually(async || two.weir.log().contains(wanted).then_some(())).await;

    let elsewhere = text.replace("host: 127.0.0.2       ", "listen: '127.0.0.3:0' ");
    write_unseen(&two.file(), &elsewhere);
    let reload = two.weir.run(&["config", "reload"]).await;
    assert!(reload.status.success(), "{}", said(&reload.stderr));
    let told = said(&reload.stdout);
    let wanted = "server.listen  (takes effect with a restart)";
    assert!(told.contains(wanted), "{told}");
    assert_eq!(two.say(&[]).await.status, 200, "it listens where it did");
}

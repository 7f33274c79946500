//! Projects in a database that several gateways share, and the commands for it.

#[expect(dead_code, reason = "the store's tests start servers in more ways")]
#[path = "../../../store/tests/it/servers.rs"]
pub(crate) mod servers;

use std::process::Output;

use http::Method;
use serde_json::{Value, json};

use self::servers::DatabaseServer;
use crate::program::{Program, Setup, eventually, small, start_before, start_with, weir};
use crate::tenants::{MANAGER, manage, project, refusal, say, token};

const OLD_KEY: &str = "b2xkLWVuY3J5cHRpb24ta2V5LW9mLTMyLWJ5dGVzISE=";

async fn start(url: &str) -> Program {
    start_with(Setup {
        settings: &[],
        env: &[("MANAGEMENT_TOKEN", MANAGER), ("DATABASE_URL", url)],
    })
    .await
}

/// Runs a command on the database of an address.
async fn command(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = weir();
    command.args(args).envs(env.iter().copied());
    let done = tokio::task::spawn_blocking(move || command.output().unwrap());
    done.await.unwrap()
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn what_one_gateway_revokes_the_other_refuses() {
    what_one_revokes_the_other_refuses(&DatabaseServer::postgres()).await;
}

#[tokio::test]
async fn what_one_gateway_revokes_the_other_refuses_on_mysql() {
    what_one_revokes_the_other_refuses(&DatabaseServer::mysql()).await;
}

async fn what_one_revokes_the_other_refuses(server: &DatabaseServer) {
    let url = server.first();
    let (one, two) = (start(&url).await, start(&url).await);
    let project = project(&one, json!({})).await;
    let (id, token) = token(&one, &project, json!({})).await;
    eventually(async || (say(&two, &token).await.status == 200).then_some(())).await;
    let path = format!("/manage/tokens/{id}");
    let revoked = manage(&one, Method::DELETE, &path, Value::Null).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(
        refusal(&say(&one, &token).await),
        (401, "token_inactive".into())
    );
    let refused = eventually(async || {
        let got = say(&two, &token).await;
        (got.status != 200).then(|| refusal(&got))
    });
    assert_eq!(refused.await, (401, "token_inactive".into()));
    let verified = manage(&two, Method::GET, "/manage/audit/verify", Value::Null).await;
    assert_eq!(verified.json()["intact"], true);
}

#[tokio::test]
async fn what_one_gateway_counted_holds_on_those_that_read_it_later() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let (one, two) = (start(&url).await, start(&url).await);
    let project = project(&one, json!({})).await;
    let (id, token) = token(&one, &project, json!({"max_requests": 3})).await;
    for _ in 0..3 {
        assert_eq!(say(&one, &token).await.status, 200);
    }
    assert_eq!(say(&one, &token).await.status, 429);
    let path = format!("/manage/tokens/{id}");
    eventually(async || {
        let row = manage(&two, Method::GET, &path, Value::Null).await.json();
        (row["request_count"] == 3).then_some(())
    })
    .await;
    let third = start(&url).await;
    assert_eq!(say(&third, &token).await.status, 429);
    // Any change has the others read what was counted, too.
    let other = json!({"name": "other"});
    assert_eq!(manage(&two, Method::PATCH, &path, other).await.status, 200);
    assert_eq!(say(&two, &token).await.status, 429);
    let reached = one.mock.received().len() + two.mock.received().len();
    assert_eq!(reached + third.mock.received().len(), 3);
}

#[tokio::test]
async fn while_the_database_is_away_known_tokens_work_and_nothing_is_lost() {
    let mut server = DatabaseServer::postgres();
    let weir = start(&server.first()).await;
    let project = project(&weir, json!({})).await;
    let (id, token) = token(&weir, &project, json!({})).await;
    server.stop();
    for _ in 0..3 {
        assert_eq!(say(&weir, &token).await.status, 200);
    }
    let path = format!("/manage/tokens/{id}");
    let asked = manage(&weir, Method::GET, &path, Value::Null).await;
    assert_eq!(asked.status, 503);
    let health = weir.get("/health").await;
    assert_eq!(health.status, 200, "requests are served: {}", health.text());
    server.start();
    eventually(async || {
        let row = manage(&weir, Method::GET, &path, Value::Null).await;
        (row.status == 200 && row.json()["request_count"] == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn known_tokens_are_believed_for_a_bounded_time_while_the_database_is_away() {
    let mut server = DatabaseServer::postgres();
    let weir = start_with(Setup {
        settings: &[("projects.grace", "3s")],
        env: &[
            ("MANAGEMENT_TOKEN", MANAGER),
            ("DATABASE_URL", &server.first()),
        ],
    })
    .await;
    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    assert_eq!(say(&weir, &token).await.status, 200);
    server.stop();
    let refused = eventually(async || {
        let got = say(&weir, &token).await;
        (got.status != 200).then_some(got)
    })
    .await;
    assert_eq!(refusal(&refused), (503, "service_unavailable".into()));
    assert_eq!(refused.headers["retry-after"], "5");
    assert!(refused.text().contains("`projects.grace`"));
    let stranger = say(&weir, "sk-AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(stranger.status, 503, "{}", stranger.text());
    let says = async |what: &str| {
        eventually(async || weir.log().contains(what).then_some(())).await;
    };
    says("tokens of projects are refused").await;
    let reached = weir.mock.received().len();
    server.start();
    eventually(async || (say(&weir, &token).await.status == 200).then_some(())).await;
    assert_eq!(weir.mock.received().len(), reached + 1);
    let figures = weir.get("/metrics").await.text();
    assert!(figures.contains("weir_projects_age_seconds "), "{figures}");
    let count = figures.lines().find_map(|line| {
        let count = line.strip_prefix("weir_projects_unvouched_total ")?;
        count.parse::<u64>().ok()
    });
    assert!(count.is_some_and(|count| count >= 2), "{figures}");
    says("are let in again").await;
}

#[tokio::test]
async fn rules_for_headers_outlast_the_process_wherever_projects_are_kept() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    for settings in [&[][..], &[("projects.database_url", url.as_str())]] {
        let mut settings = settings.to_vec();
        settings.push(("projects.management_token", MANAGER));
        settings.push(("projects.required", "false"));
        let mut weir = start_with(Setup {
            settings: &settings,
            env: &[],
        })
        .await;
        let rule = json!({"header": "x-stays", "action": "block", "enabled": true});
        let other = json!({"header": "x-told", "action": "set", "value": "yes", "enabled": true});
        let rules = json!({"requestHeaderRules": [rule], "responseHeaderRules": [other]});
        let put = weir.send(Method::PUT, "/api/settings", &[], rules.to_string());
        assert_eq!(put.await.status, 200);
        weir.kill_and_restart(&settings);
        let seen = weir.get("/api/settings").await.json();
        assert_eq!(seen["requestHeaderRules"][0]["header"], "x-stays");
        let got = weir.message(&[("x-stays", "1")], &small()).await;
        assert_eq!(got.headers["x-told"], "yes");
        let received = weir.mock.received().pop().unwrap();
        assert_eq!(received.header("x-stays"), None);
    }
}

#[tokio::test]
async fn without_its_database_a_gateway_does_not_start_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().display().to_string().replace('/', "%2F");
    let url = format!("postgres://weir:s3cret-pw@{socket}/weir");
    let env = [("MANAGEMENT_TOKEN", MANAGER), ("DATABASE_URL", &url)];
    let refused = command(&["serve", "--port", "0"], &env).await;
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    let expected = "cannot connect to the PostgreSQL database of `projects.database_url`";
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("s3cret-pw"), "{said}");
}

#[tokio::test]
async fn gateways_that_start_at_once_on_an_empty_database_all_come_up() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let mut mocks = Vec::new();
    for _ in 0..5 {
        let mock = weir_mock::serve(weir_mock::MockConfig::default());
        mocks.push(mock.await.unwrap());
    }
    let all: Vec<_> = mocks
        .into_iter()
        .map(|mock| {
            let url = url.clone();
            tokio::task::spawn_blocking(move || {
                let env = [("MANAGEMENT_TOKEN", MANAGER), ("DATABASE_URL", &url)];
                let setup = Setup {
                    settings: &[],
                    env: &env,
                };
                start_before(mock, setup)
            })
        })
        .collect();
    for weir in all {
        let weir = weir.await.unwrap();
        let list = manage(&weir, Method::GET, "/manage/projects", Value::Null).await;
        assert_eq!(list.status, 200, "{}", list.text());
    }
    let url = [("DATABASE_URL", url.as_str())];
    let state = said(&command(&["migrate", "status", "--json"], &url).await);
    assert_eq!(state["version"], state["newest"]);
}

#[tokio::test]
async fn the_schema_is_told_taken_down_and_brought_up() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let url = [("DATABASE_URL", url.as_str())];
    let state = async || said(&command(&["migrate", "status", "--json"], &url).await);
    let migrate = async |args: &[&str]| {
        let all = [&["migrate"], args].concat();
        command(&all, &url).await
    };
    assert_eq!(state().await["version"], 0);
    let dry = said(&migrate(&["up", "--dry-run", "--json"]).await);
    assert_eq!(
        (&dry["version"], &dry["steps"]),
        (&json!(0), &json!([1, 2, 3]))
    );
    assert!(migrate(&["up"]).await.status.success());
    let up = state().await;
    assert_eq!(
        (&up["database"], &up["version"]),
        (&json!("postgres"), &up["newest"])
    );
    let table = migrate(&["status"]).await;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("1  base         applied"), "{table}");
    assert!(table.contains("3  settings     applied"), "{table}");
    let unsure = migrate(&["down", "--to", "0"]).await;
    assert!(!unsure.status.success());
    assert_eq!(state().await, up);
    let down = said(&migrate(&["down", "--to", "0", "--yes", "--json"]).await);
    assert_eq!(down["version"], 0);
    assert!(migrate(&["up"]).await.status.success());
    assert_eq!(state().await, up);
}

#[tokio::test]
async fn keys_are_sealed_afterwards_and_a_file_moves_to_a_server() {
    let before = start_with(Setup {
        settings: &[],
        env: &[("MANAGEMENT_TOKEN", MANAGER)],
    })
    .await;
    let project = project(&before, json!({})).await;
    let (_, token) = token(&before, &project, json!({})).await;
    let file = before.folder.path().join("control.db");
    let file = file.to_str().unwrap().to_owned();
    let mut before = before;
    before.signal("TERM");
    before.exit().await;
    let env = [
        ("DATABASE_PATH", file.as_str()),
        ("ENCRYPTION_KEY", OLD_KEY),
    ];
    let status = ["migrate", "encrypt-status", "--json"];
    assert_eq!(said(&command(&status, &env).await)["plaintext"], 1);
    let encrypt = ["migrate", "encrypt", "--json"];
    let first = said(&command(&encrypt, &env).await);
    assert_eq!(
        (&first["encrypted"], &first["skipped"]),
        (&json!(1), &json!(0))
    );
    let second = said(&command(&encrypt, &env).await);
    assert_eq!(
        (&second["encrypted"], &second["skipped"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(said(&command(&status, &env).await)["plaintext"], 0);

    let server = DatabaseServer::postgres();
    let url = server.first();
    let env = [("DATABASE_URL", url.as_str())];
    let copy = ["migrate", "copy", "--from", &file, "--json"];
    assert_eq!(said(&command(&copy, &env).await)["database"], "postgres");
    let again = command(&copy, &env).await;
    let refused = String::from_utf8_lossy(&again.stderr);
    assert!(refused.contains("is not empty"), "{refused}");
    let after = start_with(Setup {
        settings: &[],
        env: &[
            ("MANAGEMENT_TOKEN", MANAGER),
            ("DATABASE_URL", &url),
            ("ENCRYPTION_KEY", OLD_KEY),
        ],
    })
    .await;
    let answer = say(&after, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let received = after.mock.received();
    assert_eq!(received[0].credential(), Some("UPKEY-0123456789"));
}

/// Waits until a gateway goes by this value of a setting.
async fn goes_by(weir: &Program, path: &str, value: &str) {
    eventually(async || {
        let all = weir.get("/api/config/effective").await.json();
        let all = all["settings"].as_array().unwrap().clone();
        let one = all.into_iter().find(|one| one["path"] == path).unwrap();
        (one["value"] == value && one["source"] == "stored").then_some(())
    })
    .await;
}

async fn edit(weir: &Program, edits: Value) -> crate::program::Got {
    let path = "/api/config/stored";
    weir.send(Method::PATCH, path, &[], edits.to_string()).await
}

#[tokio::test]
async fn settings_edited_at_one_gateway_are_followed_by_all_and_none_are_lost() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let (one, two) = (start(&url).await, start(&url).await);
    let done = edit(
        &one,
        json!({"routing.retries": 3, "routing.strategy": "shuffle"}),
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.text());
    goes_by(&one, "routing.retries", "3").await;
    goes_by(&two, "routing.retries", "3").await;
    let strategy = two.get("/api/routing/strategy").await.json();
    assert_eq!(strategy["strategy"], "shuffle", "what requests go by");
    // Many at once at both: each is kept, at both.
    let spans = [
        "affinity_ttl",
        "ping_interval",
        "failover_timeout",
        "thinking.ttl",
    ];
    let spans = spans.map(|name| (format!("routing.{name}"), json!("21s")));
    let counts = ["probe.timeout", "probe.interval", "breaker.open_duration"];
    let counts = counts.map(|name| (format!("health.{name}"), json!("7s")));
    let all: Vec<_> = spans.into_iter().chain(counts).collect();
    let edits = all.iter().enumerate().map(|(number, (path, value))| {
        let at = if number % 2 == 0 { &one } else { &two };
        edit(at, json!({path: value}))
    });
    for done in futures_util::future::join_all(edits).await {
        assert_eq!(done.status, 200, "{}", done.text());
    }
    for weir in [&one, &two] {
        eventually(async || {
            let stored = weir.get("/api/config/stored").await.json();
            (stored["settings"].as_object().unwrap().len() == 2 + all.len()).then_some(())
        })
        .await;
    }
    let refused = edit(&two, json!({"routing.retries": "many"})).await;
    assert_eq!(refused.status, 422);
    goes_by(&two, "routing.retries", "3").await;
    assert!(two.log().contains("settings edited by another node"));
}

#[tokio::test]
async fn a_gateway_that_starts_and_commands_have_what_was_edited_at_another() {
    let server = DatabaseServer::postgres();
    let url = server.first();
    let one = start(&url).await;
    let done = edit(
        &one,
        json!({"routing.retries": 3, "routing.strategy": "shuffle"}),
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.text());
    let other = start(&url).await;
    goes_by(&other, "routing.strategy", "shuffle").await;
    let back = edit(&other, json!({"routing.strategy": null})).await;
    assert_eq!(back.status, 200, "{}", back.text());
    eventually(async || {
        let strategy = one.get("/api/routing/strategy").await.json();
        (strategy["strategy"] == "failover").then_some(())
    })
    .await;
    let env = [
        ("MANAGEMENT_TOKEN", MANAGER),
        ("DATABASE_URL", url.as_str()),
    ];
    let captures = other.folder.path().join("requests.db");
    let listed = command(&["log", "--db", captures.to_str().unwrap()], &env).await;
    assert!(listed.status.success(), "{listed:?}");
    let shown = command(&["config", "check"], &env).await;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let line = shown
        .lines()
        .find(|line| line.starts_with("routing.retries "));
    assert!(
        line.is_some_and(|line| line.ends_with("3  (stored)")),
        "{shown}"
    );
}

#[tokio::test]
async fn edits_from_before_there_was_a_server_are_taken_there_and_an_outage_refuses_new_ones() {
    let mut before = start_with(Setup::default()).await;
    let done = edit(&before, json!({"routing.retries": 2})).await;
    assert_eq!(done.status, 200, "{}", done.text());
    before.signal("TERM");
    before.exit().await;
    let mut server = DatabaseServer::postgres();
    let url = server.first();
    let env = [
        ("MANAGEMENT_TOKEN", MANAGER),
        ("DATABASE_URL", url.as_str()),
    ];
    let setup = Setup {
        settings: &[],
        env: &env,
    };
    let after = before.started_again(setup);
    goes_by(&after, "routing.retries", "2").await;
    let other = start(&url).await;
    goes_by(&other, "routing.retries", "2").await;
    server.stop();
    let refused = edit(&other, json!({"routing.retries": 5})).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    goes_by(&other, "routing.retries", "2").await;
    server.start();
    eventually(async || {
        let done = edit(&other, json!({"routing.retries": 5})).await;
        (done.status == 200).then_some(())
    })
    .await;
    goes_by(&after, "routing.retries", "5").await;
}

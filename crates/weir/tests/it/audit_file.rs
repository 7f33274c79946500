//! The audit as a file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use http::Method;
use serde_json::{Value, json};
use weir_mock::MockConfig;

use crate::program::{Program, Setup, eventually, start_in};
use crate::tenants::{MANAGER, manage, project, say, token};

const FILE: &str = "audit/audit.jsonl";

async fn start(settings: &[(&str, &str)]) -> Program {
    start_there(tempfile::tempdir().unwrap(), settings).await
}

async fn start_there(folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Program {
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let setup = Setup {
        settings,
        env: &[("MANAGEMENT_TOKEN", MANAGER), ("AUDIT_LOG_FILE", FILE)],
    };
    start_in(folder, mock, setup)
}

fn path(weir: &Program) -> PathBuf {
    weir.folder.path().join(FILE)
}

fn lines(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    whole.collect()
}

/// Waits until the file has so many lines.
async fn written(weir: &Program, count: usize) -> Vec<Value> {
    let file = path(weir);
    eventually(async || {
        let lines = lines(&file);
        (lines.len() >= count).then_some(lines)
    })
    .await
}

async fn verify(weir: &Program, more: &[&str]) -> (bool, Value) {
    let file = path(weir);
    let args = [
        "audit",
        "verify",
        "--json",
        "--file",
        file.to_str().unwrap(),
    ];
    let mut command = crate::program::weir();
    command
        .args([&args[..], more].concat())
        .env("WEIR_URL", &weir.url)
        .env("MANAGEMENT_TOKEN", MANAGER);
    let done = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = done.await.unwrap();
    let said = serde_json::from_slice(&output.stdout);
    (
        output.status.success(),
        said.unwrap_or_else(|_| panic!("{output:?}")),
    )
}

#[tokio::test]
async fn what_is_changed_is_a_line_that_holds_no_secret() {
    let weir = start(&[]).await;
    let new = json!({"name": "one", "api_key": "UPKEY-0123456789", "provider": "anthropic"});
    let made = manage(&weir, Method::POST, "/manage/projects", new).await;
    let lines = written(&weir, 1).await;
    let last = lines.last().unwrap();
    assert_eq!(last["action"], "project.create");
    assert_eq!(last["actor"], "management_api");
    assert_eq!(last["result"], "success");
    let id = made.headers["x-request-id"].to_str().unwrap();
    assert_eq!(last["request_id"], id);
    let project = made.json()["id"].as_str().unwrap().to_owned();
    let (_, token) = token(&weir, &project, json!({})).await;
    assert_eq!(say(&weir, &token).await.status, 200);
    assert_eq!(say(&weir, "sk-AAAAAAAAAAAAAAAAAAAAAA").await.status, 401);
    let lines = written(&weir, 3).await;
    assert_eq!(lines[2]["action"], "proxy_request", "what is refused, too");
    let text = std::fs::read_to_string(path(&weir)).unwrap();
    for secret in ["UPKEY", &token, MANAGER] {
        assert!(!text.contains(secret), "{text}");
    }
    let mode = std::fs::metadata(path(&weir)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (is_whole, said) = verify(&weir, &["--compare"]).await;
    assert!(is_whole, "{said}");
    assert_eq!((&said["first"], &said["last"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_stops_nothing_and_is_caught_up() {
    let folder = tempfile::tempdir().unwrap();
    // Where the file should be nothing can be written.
    let blocked = folder.path().join(FILE);
    std::fs::create_dir_all(&blocked).unwrap();
    let weir = start_there(folder, &[]).await;
    let project = project(&weir, json!({})).await;
    let (_, secret) = token(&weir, &project, json!({})).await;
    assert_eq!(say(&weir, &secret).await.status, 200);
    eventually(async || {
        let figures = weir.get("/metrics").await.text();
        let failed = !figures.contains("weir_audit_file_failures_total 0");
        (failed && figures.contains("weir_audit_file_behind 2")).then_some(())
    })
    .await;
    assert!(weir.log().contains("the file of the audit is behind"));
    std::fs::remove_dir(&blocked).unwrap();
    let lines = written(&weir, 2).await;
    let actions = lines.iter().map(|line| &line["action"]);
    assert_eq!(
        actions.collect::<Vec<_>>(),
        ["project.create", "token.create"]
    );
    eventually(async || {
        let figures = weir.get("/metrics").await.text();
        figures.contains("weir_audit_file_behind 0").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_restart_goes_on_behind_the_last_whole_line_and_tampering_shows() {
    let mut weir = start(&[]).await;
    let project = project(&weir, json!({})).await;
    token(&weir, &project, json!({})).await;
    written(&weir, 2).await;
    weir.signal("TERM");
    weir.exit().await;
    let file = path(&weir);
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("{\"seq\":3,\"timest");
    std::fs::write(&file, &text).unwrap();
    let folder = std::mem::replace(&mut weir.folder, tempfile::tempdir().unwrap());
    drop(weir);
    let weir = start_there(folder, &[]).await;
    token(&weir, &project, json!({})).await;
    let lines = written(&weir, 3).await;
    let places = lines.iter().map(|line| line["seq"].as_i64().unwrap());
    assert_eq!(places.collect::<Vec<_>>(), [1, 2, 3]);
    let (is_whole, said) = verify(&weir, &[]).await;
    assert!(is_whole, "{said}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("management_api", "somebody", 2)).unwrap();
    let (is_whole, said) = verify(&weir, &[]).await;
    assert!(!is_whole);
    assert_eq!(
        (&said["intact"], &said["broken_at"]),
        (&json!(false), &json!(1))
    );
}

#[tokio::test]
async fn full_files_are_put_aside_and_followed_together() {
    let small = [("projects.audit_file.max_bytes", "4096")];
    let weir = start(&small).await;
    let project = project(&weir, json!({})).await;
    for _ in 0..20 {
        token(&weir, &project, json!({})).await;
    }
    let aside = path(&weir).with_file_name("audit.jsonl.1");
    eventually(async || {
        let (_, said) = verify(&weir, &[]).await;
        (said["last"] == 21).then_some(())
    })
    .await;
    assert!(!lines(&aside).is_empty());
    let (is_whole, said) = verify(&weir, &["--compare"]).await;
    assert!(is_whole, "{said}");
    assert_eq!(said["first"], 1);
    std::fs::remove_file(&aside).unwrap();
    let (is_whole, _) = verify(&weir, &[]).await;
    assert!(is_whole, "what begins later is whole, too");
    let other = start(&[]).await;
    crate::tenants::project(&other, json!({"name": "other"})).await;
    written(&other, 1).await;
    std::fs::copy(path(&other), path(&weir)).unwrap();
    let (is_whole, said) = verify(&weir, &["--compare"]).await;
    assert!(!is_whole, "{said}");
}

//! The history at the terminal: over the API of a weir that runs, and without one.

use std::process::{Output, Stdio};

use serde_json::Value;

use crate::program::{Program, small, start, weir};

/// The same command, asked of the weir that runs and of the store alone.
async fn ask(program: &Program, args: &[&str], runs: bool) -> Output {
    let mut command = weir();
    command
        .current_dir(program.folder.path())
        .args(args)
        .stdin(Stdio::null());
    if runs {
        command.env("WEIR_URL", &program.url);
    } else {
        command.args(["--db", "requests.db"]);
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    output
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

async fn recorded() -> Program {
    let program = start(&[]).await;
    for session in ["s-1", "s-2", "s-2"] {
        program
            .message(&[("x-claude-code-session-id", session)], &small())
            .await;
    }
    program.newest().await;
    program
}

#[tokio::test]
async fn exchanges_are_listed_shown_and_added_up_with_and_without_a_running_weir() {
    let mut program = recorded().await;
    for runs in [true, false] {
        if !runs {
            program.signal("TERM");
            program.exit().await;
        }
        let log = text(&ask(&program, &["log"], runs).await);
        assert_eq!(log.lines().count(), 4, "{log}");
        assert!(log.contains("claude-"), "{log}");
        let log = text(&ask(&program, &["log", "--session", "s-2", "--json"], runs).await);
        let lines: Vec<Value> = log
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        let id = lines[0]["requestId"].as_str().unwrap();
        let ending = id.rsplit('-').next().unwrap();
        let shown = text(&ask(&program, &["show", ending], runs).await);
        assert!(
            shown.contains(id) && shown.contains("--- answered"),
            "{shown}"
        );
        let raw = ask(&program, &["show", id, "--raw", "request"], runs).await;
        assert_eq!(raw.stdout, small().to_string().into_bytes());
        let stats = text(&ask(&program, &["stats", "--by", "client"], runs).await);
        assert!(stats.lines().last().unwrap().starts_with("all"), "{stats}");
        let tail = text(&ask(&program, &["tail", "-n", "1", "--json"], runs).await);
        assert_eq!(tail.lines().count(), 1);
    }
}

#[tokio::test]
async fn exports_are_what_their_readers_expect() {
    let program = recorded().await;
    let lines = text(&ask(&program, &["export"], true).await);
    assert_eq!(lines.lines().count(), 3);
    for line in lines.lines() {
        let one: Value = serde_json::from_str(line).unwrap();
        assert_eq!(one["statusCode"], 200);
    }
    let table = text(
        &ask(
            &program,
            &["export", "--format", "csv", "--session", "s-1"],
            true,
        )
        .await,
    );
    assert_eq!(table.lines().count(), 2);
    ask(
        &program,
        &["export", "--format", "har", "-o", "all.har"],
        true,
    )
    .await;
    let archive = std::fs::read(program.folder.path().join("all.har")).unwrap();
    let archive: Value = serde_json::from_slice(&archive).unwrap();
    assert_eq!(archive["log"]["entries"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_purge_counts_first_and_wants_a_yes() {
    let program = recorded().await;
    let counted = ask(&program, &["purge", "--session", "s-2", "--dry-run"], true).await;
    assert!(
        text(&counted).starts_with("2 exchanges would"),
        "{counted:?}"
    );
    let mut command = weir();
    command
        .args(["purge", "--all"])
        .env("WEIR_URL", &program.url)
        .stdin(Stdio::null());
    let refused = tokio::task::spawn_blocking(move || command.output().unwrap());
    assert!(!refused.await.unwrap().status.success(), "nobody said yes");
    let gone = ask(&program, &["purge", "--session", "s-2", "--yes"], true).await;
    assert_eq!(text(&gone), "2 exchanges forgotten.\n");
    assert_eq!(
        text(&ask(&program, &["log"], true).await).lines().count(),
        2
    );
    ask(&program, &["purge", "--all", "--yes"], true).await;
    assert_eq!(text(&ask(&program, &["log"], true).await), "");
}

#[tokio::test]
async fn what_ends_is_followed() {
    use std::io::{BufRead as _, BufReader};
    let program = recorded().await;
    let mut child = weir()
        .args(["tail", "-f", "-n", "1", "--session", "s-9", "--json"])
        .env("WEIR_URL", &program.url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let followed = tokio::task::spawn_blocking(move || lines.next().unwrap().unwrap());
    // Until the follower is there, its exchanges are none of its business.
    while !followed.is_finished() {
        program
            .message(&[("x-claude-code-session-id", "s-9")], &small())
            .await;
        program
            .message(&[("x-claude-code-session-id", "s-8")], &small())
            .await;
    }
    let line: Value = serde_json::from_str(&followed.await.unwrap()).unwrap();
    assert_eq!(line["sessionId"], "s-9");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_reader_that_goes_ends_the_command_and_is_no_error() {
    use std::io::{BufRead as _, BufReader};
    let program = recorded().await;
    let mut child = weir()
        .args(["tail", "-f", "-n", "1", "--json"])
        .env("WEIR_URL", &program.url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let read = tokio::task::spawn_blocking(move || out.read_line(&mut String::new()));
    read.await.unwrap().unwrap();
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
    while !ended.is_finished() {
        program.message(&[], &small()).await;
    }
    assert!(ended.await.unwrap().success());
    for args in [&["completions", "bash"][..], &["export"], &["openapi"]] {
        let mut command = weir();
        command
            .args(args)
            .env("WEIR_URL", &program.url)
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let ended = ended.await.unwrap();
        assert!(
            ended.status.success() && ended.stderr.is_empty(),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn output_that_cannot_be_written_is_an_error() {
    let program = recorded().await;
    for args in [&["log"][..], &["stats"], &["export"], &["config", "init"]] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut command = weir();
        command
            .args(args)
            .env("WEIR_URL", &program.url)
            .stdout(full.unwrap());
        let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
        let ended = ended.await.unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{args:?}");
        assert!(said.contains("standard output cannot be written"), "{said}");
    }
}

#[tokio::test]
async fn an_export_is_its_owners_and_replaces_a_file_only_when_it_is_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = recorded().await;
    let file = program.folder.path().join("all.jsonl");
    std::fs::write(&file, "before").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = ["export", "--status", "nonsense", "-o", "all.jsonl"];
    let mut command = weir();
    command
        .current_dir(program.folder.path())
        .args(refused)
        .env("WEIR_URL", &program.url);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    assert!(!output.await.unwrap().status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "before");
    ask(&program, &["export", "-o", "all.jsonl"], true).await;
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = std::fs::read_dir(program.folder.path()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name.ends_with(".part")));
    ask(&program, &["export", "-o", "/dev/null"], true).await;
}

#[tokio::test]
async fn looking_at_a_store_changes_nothing_in_it_whatever_the_configuration_says() {
    let mut program = recorded().await;
    program.signal("TERM");
    program.exit().await;
    let more = [
        "--set",
        "capture.retention.max_rows=1",
        "--set",
        "server.tls.cert_file=none.pem",
        "--set",
        "server.tls.key_file=none.pem",
    ];
    for _ in 0..2 {
        let log = text(&ask(&program, &[&["log"], &more[..]].concat(), false).await);
        assert_eq!(log.lines().count(), 4, "{log}");
    }
}

#[tokio::test]
async fn what_could_never_be_followed_is_refused() {
    let mut program = recorded().await;
    let found = program.run(&["tail", "-f", "-q", "word"]).await;
    let said = String::from_utf8(found.stderr).unwrap();
    assert!(said.contains("--search"), "{said}");
    program.signal("TERM");
    program.exit().await;
    let mut command = weir();
    command
        .current_dir(program.folder.path())
        .args(["tail", "-f", "--db", "requests.db"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--follow needs a weir that runs"), "{said}");
}

#[tokio::test]
async fn nothing_that_was_captured_is_obeyed_by_a_terminal() {
    let program = start(&[]).await;
    let mut body = small();
    body["model"] = "evil\u{1b}[31m\u{9b}2J\u{202e}".into();
    body["metadata"] = serde_json::json!({"user_id": "{\"session_id\":\"s\\u001b[2J\"}"});
    program.message(&[], &body).await;
    program.newest().await;
    for args in [
        &["log"][..],
        &["log", "--json"],
        &["show", "latest"],
        &["show", "latest", "--json"],
        &["stats"],
        &["stats", "--json"],
    ] {
        let out = text(&ask(&program, args, true).await);
        let found = out.chars().find(|char| {
            char.is_control() && *char != '\n' || ('\u{202a}'..='\u{202e}').contains(char)
        });
        assert_eq!(found, None, "{args:?}: {out:?}");
    }
    let mut command = weir();
    command
        .current_dir(program.folder.path())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .args(["replay", "--db", "requests.db", "--", "true"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let said = String::from_utf8(output.await.unwrap().stderr).unwrap();
    assert!(said.contains("session s\u{fffd}[2J"), "{said:?}");
}

#[tokio::test]
async fn a_fault_is_told_by_the_name_of_the_option() {
    let program = recorded().await;
    for (args, expected) in [
        (&["log", "--since", "soon"][..], "weir: --since: `soon`"),
        (&["export", "--until", "soon"], "weir: --until: `soon`"),
        (&["log", "--status", "soon"], "weir: --status: `soon`"),
        (
            &["purge", "--older-than", "soon"],
            "weir: --older-than: `soon`",
        ),
    ] {
        let found = program.run(args).await;
        assert_eq!(found.status.code(), Some(1));
        let said = String::from_utf8(found.stderr).unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn tokens_of_a_provider_without_keys_of_ours_are_those_of_its_exchanges() {
    let program = recorded().await;
    let seen = program.get("/api/providers").await.json();
    let provider = &seen["providers"][0];
    assert_eq!(provider["keys"], serde_json::json!([]), "{provider}");
    let history = program.get("/api/requests/summary").await.json();
    let sum = |name: &str| -> u64 {
        let all = history["requests"].as_array().unwrap().iter();
        all.filter_map(|one| one["usage"][name].as_u64()).sum()
    };
    let input = [
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ];
    let expected = (input.map(sum).iter().sum::<u64>(), sum("output_tokens"));
    assert!(expected.0 > 0 && expected.1 > 0, "{history}");
    let told = |name: &str| provider["tokens"][name].as_u64().unwrap();
    assert_eq!((told("input"), told("output")), expected);
}

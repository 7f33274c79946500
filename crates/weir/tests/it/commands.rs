//! The command line.

use std::process::Output;

use crate::program::{start, weir};

fn run(folder: &std::path::Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    weir()
        .current_dir(folder)
        .args(args)
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_address_that_others_reach_needs_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(
        folder.path(),
        &["serve", "--host", "0.0.0.0", "--port", "0"],
        &[],
    );
    assert!(!refused.status.success());
    let message = text(&refused.stderr);
    for name in ["AUTH_ENABLED", "AUTH_TOKEN", "TRUST_PROXY"] {
        assert!(message.contains(name), "{name} in {message}");
    }
    for env in [
        &[("SERVER_HOST", "0.0.0.0"), ("TRUST_PROXY", "true")][..],
        &[
            ("SERVER_HOST", "0.0.0.0"),
            ("AUTH_ENABLED", "true"),
            ("AUTH_TOKEN", "long-token"),
        ][..],
    ] {
        let checked = run(folder.path(), &["config", "check"], env);
        assert!(checked.status.success(), "{}", text(&checked.stderr));
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_before_any_database_is_touched() {
    let first = start(&[]).await;
    let port = first.url.rsplit(':').next().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let refused = run(
        folder.path(),
        &["serve", "--port", &port],
        &[("MANAGEMENT_TOKEN", "manager-0123456789")],
    );
    assert_eq!(refused.status.code(), Some(1));
    let message = text(&refused.stderr);
    assert!(
        message.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{message}"
    );
    let left: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn projects_that_nobody_could_manage_are_a_fault_that_names_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let serve = ["serve", "--port", "0", "--set", "projects.enabled=true"];
    let refused = run(folder.path(), &serve, &[]);
    assert_eq!(refused.status.code(), Some(1));
    let message = text(&refused.stderr);
    assert!(message.contains("MANAGEMENT_TOKEN"), "{message}");
}

#[test]
fn the_environment_wins_over_the_file_and_spans_need_no_unit() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("weir.yaml"),
        "server:\n  timeouts:\n    read: 10m\n",
    )
    .unwrap();
    for value in ["500", "500s"] {
        let checked = run(
            folder.path(),
            &["config", "check"],
            &[("READ_TIMEOUT", value)],
        );
        let out = text(&checked.stdout);
        let line = out
            .lines()
            .find(|line| line.starts_with("server.timeouts.read "))
            .unwrap();
        assert!(line.contains("500s") || line.contains("8m20s"), "{line}");
        assert!(line.contains("environment READ_TIMEOUT"), "{line}");
    }
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = "server:\n  prot: 1\n  max_concurrent: many\nauht: {}\n";
    std::fs::write(folder.path().join("weir.yaml"), file).unwrap();
    let refused = run(folder.path(), &["serve"], &[]);
    assert!(!refused.status.success());
    let message = text(&refused.stderr);
    for part in [
        "weir.yaml:2: server.prot",
        "`port`",
        "weir.yaml:3: server.max_concurrent",
        "weir.yaml:4",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn the_sample_file_is_valid_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["yaml", "toml"] {
        let sample = run(folder.path(), &["config", "init", "--format", format], &[]);
        let file = folder.path().join(format!("sample.{format}"));
        std::fs::write(&file, sample.stdout).unwrap();
        let checked = run(
            folder.path(),
            &["config", "check", "-c", file.to_str().unwrap()],
            &[],
        );
        assert!(checked.status.success(), "{}", text(&checked.stderr));
    }
}

#[test]
fn a_file_that_is_begun_is_its_owners_alone_valid_and_not_replaced_by_accident() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    for name in ["weir.yaml", "deeper/still/weir.toml"] {
        let init = ["config", "init", "--output", name];
        let written = run(folder.path(), &init, &[]);
        assert!(written.status.success(), "{}", text(&written.stderr));
        let file = folder.path().join(name);
        let mode = |file: &std::path::Path| file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        let valid = run(folder.path(), &["config", "validate", "-c", name], &[]);
        assert!(valid.status.success(), "{}", text(&valid.stderr));
        assert!(text(&valid.stdout).contains(&format!("{name}: valid")));

        std::fs::write(&file, "server: {}\n").unwrap();
        let refused = run(folder.path(), &init, &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("--force"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "server: {}\n");
        let forced = [&init[..], &["--force"]].concat();
        let replaced = run(folder.path(), &forced, &[]);
        assert!(replaced.status.success(), "{}", text(&replaced.stderr));
        assert!(std::fs::read_to_string(&file).unwrap().contains("routing"));
        assert_eq!(mode(&file), 0o600);
        assert_eq!(
            file.parent()
                .unwrap()
                .read_dir()
                .unwrap()
                .filter(|entry| {
                    entry
                        .as_ref()
                        .unwrap()
                        .file_name()
                        .to_string_lossy()
                        .ends_with(".new")
                })
                .count(),
            0
        );
    }
}

#[test]
fn five_faults_are_told_in_five_lines_and_exit_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = "
server: {listen: nowhere}
routing: {strategy: bogus}
providers:
  - {name: a, type: wrong}
  - {name: b, type: zai, keys: [{key: k, priority: 3}]}
  - {name: b, type: ollama}
";
    std::fs::write(folder.path().join("weir.yaml"), file).unwrap();
    for command in [
        &["config", "validate"][..],
        &["config", "check"],
        &["serve"],
    ] {
        let refused = run(folder.path(), command, &[]);
        assert_eq!(refused.status.code(), Some(1));
        let message = text(&refused.stderr);
        let listed = message
            .lines()
            .filter(|line| line.starts_with("  weir.yaml:"));
        assert_eq!(listed.count(), 5, "{message}");
    }
}

#[test]
fn secrets_are_masked_in_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let env = [
        ("AUTH_ENABLED", "true"),
        ("AUTH_TOKEN", "very-secret"),
        ("OPENAI_API_KEY", "sk-very-secret"),
    ];
    let checked = run(folder.path(), &["config", "check"], &env);
    let out = text(&checked.stdout) + &text(&checked.stderr);
    assert!(out.contains("***"));
    assert!(!out.contains("very-secret"));
}

#[test]
fn a_demo_shows_a_session_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let demo = run(
        folder.path(),
        &["demo", "--once", "--listen", "127.0.0.1:0"],
        &[],
    );
    let out = text(&demo.stdout);
    assert!(demo.status.success(), "{out}");
    assert!(
        out.contains("calls \"Bash\"") && out.contains("What weir kept"),
        "{out}"
    );
    assert_eq!(out.matches(" 200 claude-sonnet-4-5").count(), 2, "{out}");
}

#[test]
fn completions_and_version_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(folder.path(), &["completions", shell], &[]);
        assert!(text(&script.stdout).contains("weir"));
    }
    assert_eq!(
        text(&run(folder.path(), &["--version"], &[]).stdout),
        "weir 0.1.0\n"
    );
}

#[tokio::test]
async fn status_tells_how_a_gateway_is() {
    let program = start(&[]).await;
    let args = ["status".to_owned(), "--url".to_owned(), program.url.clone()];
    let status = tokio::task::spawn_blocking(move || weir().args(args).output().unwrap());
    let status = status.await.unwrap();
    assert_eq!(status.status.code(), Some(0), "{}", text(&status.stderr));
    let well = format!("✓ weir at {}: healthy\n", program.url);
    assert!(text(&status.stdout).starts_with(&well), "{status:?}");
    let nobody = weir()
        .args(["status", "--url", "http://127.0.0.1:1"])
        .output()
        .unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    let said = text(&nobody.stderr);
    assert!(
        said.starts_with("✗ ") && said.contains("is weir running?"),
        "{said}"
    );
    assert!(!text(&nobody.stdout).contains('✓'));
}

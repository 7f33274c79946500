//! `weir run`: an agent behind a gateway of its own. The agents are shell scripts with curl.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use weir_mock::{Mock, MockConfig};

use crate::program::{weir, within};

struct Stage {
    folder: TempDir,
    mock: Mock,
}

impl Stage {
    async fn set() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            mock: weir_mock::serve(MockConfig::default()).await.unwrap(),
        }
    }

    /// Runs a script as the agent.
    async fn play(&self, script: &str, options: &[&str]) -> Output {
        let mut command = weir();
        let upstream = format!("providers.anthropic.base_url={}", self.mock.url());
        command
            .current_dir(self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .args(["run", "--set", &upstream])
            .args(options)
            .args(["--", "sh", "-c", script]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        output.await.unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const ASK: &str = r#"
ask() {
  curl -s "$1/v1/messages" -H 'x-api-key: own' -H 'anthropic-version: 2023-06-01' -d '{"model":"claude-sonnet-4-5",
    "max_tokens":10,"messages":[{"role":"user","content":"hi"}]}' -o answer.json -w '%{http_code}\n'
}
"#;

#[tokio::test]
async fn an_agent_is_served_and_its_code_is_kept() {
    let stage = Stage::set().await;
    let script = format!(
        "{ASK}\necho $ANTHROPIC_BASE_URL; curl -s $ANTHROPIC_BASE_URL/health; echo; ask $ANTHROPIC_BASE_URL; exit 7"
    );
    let ended = stage.play(&script, &[]).await;
    let (out, said) = (text(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(7), "{said}");
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[0].starts_with("http://127.0.0.1:"), "{out}");
    assert!(lines[1].contains(r#""status":"healthy""#), "{out}");
    assert_eq!(lines[2], "200");
    assert!(said.contains("1 exchange in"), "{said}");
    assert!(said.contains("claude-sonnet-4-5"), "{said}");
    // The agent's own credential goes on, the run's token does not.
    let received = stage.mock.received();
    let message = received.last().unwrap();
    assert_eq!(message.path(), "/v1/messages");
    let token = lines[0].rsplit('~').next().unwrap();
    assert!(token.len() >= 32, "{token}");
    let whole = format!("{message:?}");
    assert!(whole.contains("own") && !whole.contains(token), "{whole}");
    // And the port is closed.
    let port = lines[0].trim_start_matches("http://127.0.0.1:");
    let port: u16 = port.split('/').next().unwrap().parse().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let stage = Stage::set().await;
    let script = format!("{ASK}\nask $WEIR_URL; ask $WEIR_URL/~guess; ask $ANTHROPIC_BASE_URL");
    let ended = stage.play(&script, &["--quiet"]).await;
    assert_eq!(
        text(&ended.stdout),
        "401\n401\n200\n",
        "{}",
        text(&ended.stderr)
    );
    assert_eq!(text(&ended.stderr), "");
    let messages = stage.mock.received();
    assert_eq!(
        messages
            .iter()
            .filter(|one| one.path() == "/v1/messages")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_token_is_in_no_file_that_stays() {
    let stage = Stage::set().await;
    let script = format!("{ASK}\nask $ANTHROPIC_BASE_URL; echo $ANTHROPIC_BASE_URL");
    let ended = stage.play(&script, &["--db", "kept.db"]).await;
    let out = text(&ended.stdout);
    let token = out.trim().rsplit('~').next().unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(stage.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(token.len())
                .any(|part| part == token.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    assert!(files >= 3, "the database, its key and the log are there");
    assert!(text(&ended.stderr).contains("--db kept.db"));
}

#[tokio::test]
async fn signals_reach_the_agent() {
    let stage = Stage::set().await;
    // The agent's parent is weir.
    let script = "trap 'echo told; exit 3' TERM; kill -TERM $PPID; while :; do sleep 0.05; done";
    let ended = stage.play(script, &[]).await;
    assert_eq!(text(&ended.stdout), "told\n");
    assert_eq!(ended.status.code(), Some(3));
}

#[tokio::test]
async fn a_command_that_cannot_be_run_is_named_and_ends_as_in_a_shell() {
    let stage = Stage::set().await;
    let file = stage.folder.path().join("notes.txt");
    std::fs::write(&file, "no program").unwrap();
    for (program, code) in [("no-such-agent", 127), ("./notes.txt", 126)] {
        let mut command = weir();
        command
            .current_dir(stage.folder.path())
            .env("XDG_STATE_HOME", stage.folder.path())
            .args(["run", "--", program]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        assert_eq!(output.status.code(), Some(code));
        let said = text(&output.stderr);
        assert!(
            said.contains(&format!("{program}: cannot be run")),
            "{said}"
        );
    }
}

/// Puts a script under a name that weir knows as an agent's.
fn agent(folder: &Path, name: &str, script: &str) {
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn an_agent_asks_weir_although_its_own_settings_name_another_gateway() {
    let stage = Stage::set().await;
    let folder = stage.folder.path();
    agent(
        folder,
        "claude",
        r#"echo "$1 $3"; cat "$2"; echo; stat -c %a "$2"; echo "$2""#,
    );
    let script = "./claude";
    let mut command = weir();
    command
        .current_dir(folder)
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("XDG_STATE_HOME", folder.join("state"))
        .args(["run", "-q", "--", script, "-p"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let out = text(&output.await.unwrap().stdout);
    let [arguments, settings, mode, file] = *out.lines().collect::<Vec<_>>() else {
        panic!("{out}");
    };
    assert_eq!((arguments, mode), ("--settings -p", "600"));
    let settings: Value = serde_json::from_str(settings).unwrap();
    let base = settings["env"]["ANTHROPIC_BASE_URL"].as_str().unwrap();
    assert!(
        base.starts_with("http://127.0.0.1:") && base.contains("/~"),
        "{base}"
    );
    assert!(!Path::new(file).exists(), "it goes with the run");
}

#[tokio::test]
async fn a_key_that_is_lent_keeps_the_token_out_of_arguments() {
    let stage = Stage::set().await;
    let folder = stage.folder.path();
    agent(folder, "codex", "echo \"$@\"; echo $CODEX_API_KEY");
    let mut command = weir();
    command
        .current_dir(folder)
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("XDG_STATE_HOME", folder.join("state"))
        .args([
            "run",
            "-q",
            "--set",
            "providers.openai.api_key=k",
            "--",
            "./codex",
        ]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let out = text(&output.await.unwrap().stdout);
    let (arguments, token) = out.trim().split_once('\n').unwrap();
    assert!(token.len() >= 32 && !arguments.contains(token), "{out}");
}

#[tokio::test]
async fn an_agent_is_served_without_tls_whatever_the_configuration_says() {
    let stage = Stage::set().await;
    let tls = [
        "--set",
        "server.tls.cert_file=none.pem",
        "--set",
        "server.tls.key_file=none.pem",
    ];
    let script = format!("{ASK}\nask $ANTHROPIC_BASE_URL");
    let ended = stage.play(&script, &tls).await;
    assert_eq!(text(&ended.stdout), "200\n", "{}", text(&ended.stderr));
}

/// At a terminal of its own, in a shell with job control.
async fn at_a_terminal(folder: &Path, script: &str) -> String {
    let weir = weir();
    let script = script.replace("weir", &weir.get_program().to_string_lossy());
    std::fs::write(folder.join("script.sh"), script).unwrap();
    let mut command = Command::new("script");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("XDG_STATE_HOME", folder.join("state"))
        .args(["-qec", "sh -m script.sh", "/dev/null"])
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let ended = within(output).await.unwrap();
    text(&ended.stdout).replace('\r', "")
}

#[tokio::test]
async fn a_stopped_agent_gives_the_terminal_back() {
    let stage = Stage::set().await;
    let said = at_a_terminal(
        stage.folder.path(),
        "weir run -q -- sh -c 'kill -STOP $$; echo on; exit 5'\n\
         echo stopped $?; fg > /dev/null; echo ended $?\n",
    )
    .await;
    assert!(said.contains("stopped 147\non\nended 5"), "{said}");
}

#[tokio::test]
async fn a_signal_that_was_typed_reaches_the_agent_once() {
    let stage = Stage::set().await;
    // Not standard input but the terminal tells who gets what is typed. The group is signalled as
    // the terminal does it.
    let agent = "trap 'echo told' INT; kill -INT 0; sleep 0.3; sleep 0.3; exit 5";
    let script = format!("weir run -q -- sh -c \"{agent}\" < /dev/null; echo ended $?\n");
    let said = at_a_terminal(stage.folder.path(), &script).await;
    assert_eq!(said.matches("told").count(), 1, "{said}");
    assert!(said.contains("ended 5"), "{said}");
}

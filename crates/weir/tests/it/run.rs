//! `weir run`: an agent behind a gateway of its own. The agents are shell scripts with curl.

use std::process::Output;

use tempfile::TempDir;
use weir_mock::{Mock, MockConfig};

use crate::program::weir;

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
async fn a_command_that_is_not_there_is_named() {
    let stage = Stage::set().await;
    let mut command = weir();
    command
        .current_dir(stage.folder.path())
        .env("XDG_STATE_HOME", stage.folder.path())
        .args(["run", "--", "no-such-agent"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("no-such-agent: cannot be run"), "{said}");
}

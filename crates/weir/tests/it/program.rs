//! A running `weir`, and a client for it.

use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use weir_mock::{Mock, MockConfig};

/// No test waits longer for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A `weir serve` with a mock behind it.
pub(crate) struct Program {
    pub(crate) url: String,
    pub(crate) mock: Mock,
    pub(crate) folder: TempDir,
    child: Child,
    log: PathBuf,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// How to start one.
#[derive(Clone, Copy, Default)]
pub(crate) struct Setup<'a> {
    pub(crate) settings: &'a [(&'a str, &'a str)],
    pub(crate) env: &'a [(&'a str, &'a str)],
}

/// The program's own command, without the environment of whoever runs the tests. `WEIR_BIN` names
/// another build of it.
pub(crate) fn weir() -> Command {
    let built = env!("CARGO_BIN_EXE_weir").into();
    let mut command = Command::new(std::env::var_os("WEIR_BIN").unwrap_or(built));
    command.env_clear();
    command
}

/// What a command comes to that gets `input` on its standard input.
pub(crate) async fn output(mut command: Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may have ended without reading.
        let _closed = stdin.write_all(input.as_bytes()).is_err();
        drop(stdin);
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

pub(crate) async fn start(settings: &[(&str, &str)]) -> Program {
    start_with(Setup { settings, env: &[] }).await
}

pub(crate) async fn start_with(setup: Setup<'_>) -> Program {
    start_before(
        weir_mock::serve(MockConfig::default()).await.unwrap(),
        setup,
    )
}

/// Starts one in front of a mock of the test's own.
pub(crate) fn start_before(mock: Mock, setup: Setup<'_>) -> Program {
    start_in(tempfile::tempdir().unwrap(), mock, setup)
}

/// Starts one in a folder that may hold a configuration file.
pub(crate) fn start_in(folder: TempDir, mock: Mock, setup: Setup<'_>) -> Program {
    let started = spawn(&mock, &folder, &setup);
    Program::new(folder, mock, started)
}

/// Starts one that is told nothing but what the configuration file in its folder says.
pub(crate) fn start_by_its_file(folder: TempDir, mock: Mock) -> Program {
    let mut command = weir();
    command.arg("serve");
    let started = run(command, &folder);
    Program::new(folder, mock, started)
}

fn spawn(mock: &Mock, folder: &TempDir, setup: &Setup<'_>) -> (Child, String) {
    let mut command = weir();
    command.args(["serve", "--port", "0"]);
    for (key, value) in setup.settings {
        command.args(["--set", &format!("{key}={value}")]);
    }
    command
        .env("ANTHROPIC_FORWARD_URL", mock.url())
        .env("OPENAI_BASE_URL", mock.url())
        .env("GEMINI_BASE_URL", mock.url())
        .envs(setup.env.iter().copied());
    run(command, folder)
}

/// Runs it until it says where it listens.
fn run(mut command: Command, folder: &TempDir) -> (Child, String) {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.path().join("weir.log"))
        .unwrap();
    command
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    // Its output must keep a reader, or it would meet a closed pipe.
    std::thread::spawn(move || lines.read_to_string(&mut String::new()));
    let url = first
        .trim()
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_owned();
    if !url.starts_with("http") {
        let log = std::fs::read_to_string(folder.path().join("weir.log")).unwrap();
        panic!("weir did not start: {log}");
    }
    (child, url)
}

impl Program {
    fn new(folder: TempDir, mock: Mock, (child, url): (Child, String)) -> Self {
        let log = folder.path().join("weir.log");
        Self {
            url,
            mock,
            folder,
            child,
            log,
        }
    }

    /// Ends the process with no chance to do anything about it, and starts it again.
    pub(crate) fn kill_and_restart(&mut self, settings: &[(&str, &str)]) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let setup = Setup { settings, env: &[] };
        (self.child, self.url) = spawn(&self.mock, &self.folder, &setup);
    }

    /// Starts it again with its folder, once it has ended.
    pub(crate) fn started_again(mut self, setup: Setup<'_>) -> Self {
        (self.child, self.url) = spawn(&self.mock, &self.folder, &setup);
        self
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end.
    pub(crate) async fn exit(&mut self) -> ExitStatus {
        eventually(|| {
            let status = self.child.try_wait().unwrap();
            async move { status }
        })
        .await
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Runs a command for this gateway.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        let mut command = weir();
        command.args(args).env("WEIR_URL", &self.url);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// Sends a small message in Anthropic's dialect.
    pub(crate) async fn message(&self, headers: &[(&str, &str)], body: &Value) -> Got {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send(
            Method::POST,
            "/v1/messages?beta=true",
            &all,
            body.to_string(),
        )
        .await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Got {
        let response = within(self.open(method, path, headers, body)).await;
        let (head, body) = response.into_parts();
        let (body, whole) = match within(body.collect()).await {
            Ok(body) => (body.to_bytes(), true),
            Err(_) => (Bytes::new(), false),
        };
        Got {
            status: head.status,
            headers: head.headers,
            body,
            whole,
        }
    }

    /// Sends a request and gives the response as soon as its head is here.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> hyper::Response<Incoming> {
        let authority = self.url.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(authority).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            request = request.header("host", authority);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        sender
            .send_request(request.body(Full::new(body.into())).unwrap())
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, &[], "").await
    }

    /// The newest exchange, once it has ended.
    pub(crate) async fn newest(&self) -> Value {
        eventually(async || {
            let list = self.get("/api/requests?limit=1").await.json();
            let newest = list["requests"][0].clone();
            newest["response"].is_object().then_some(newest)
        })
        .await
    }
}

/// One with a configuration file and two providers, `u1` before `u2`. Each has a mock that says its
/// name.
pub(crate) struct Two {
    pub(crate) weir: Program,
    pub(crate) second: Mock,
}

/// The path at which a mock gets what [`Two::say`] sends.
pub(crate) const MESSAGES: &str = "/v1/messages";

/// A mock that says its name.
pub(crate) async fn named(name: &str, tls: bool) -> Mock {
    let config = MockConfig {
        scenario: format!("text,text={name}"),
        tls,
        ..MockConfig::default()
    };
    weir_mock::serve(config).await.unwrap()
}

/// A provider's entry in a configuration file, with `more` settings (`, enabled: false`).
pub(crate) fn entry(name: &str, url: &str, more: &str) -> String {
    format!("- {{name: {name}, type: zai, base_url: '{url}', keys: [k-{name}]{more}}}\n")
}

impl Two {
    pub(crate) async fn start(rest: &str) -> Self {
        let (first, second) = (named("u1", false).await, named("u2", false).await);
        let folder = tempfile::tempdir().unwrap();
        let text = two_entries([&first, &second], ["", ""]) + rest;
        std::fs::write(folder.path().join("weir.yaml"), text).unwrap();
        let weir = start_in(folder, first, Setup::default());
        Self { weir, second }
    }

    /// The text of a configuration file with more settings for each provider.
    pub(crate) fn text(&self, more: [&str; 2], rest: &str) -> String {
        two_entries([&self.weir.mock, &self.second], more) + rest
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.weir.folder.path().join("weir.yaml")
    }

    /// Saves the configuration file as most editors do: written beside it, then renamed.
    pub(crate) fn save(&self, text: &str) {
        let beside = self.weir.folder.path().join(".weir.yaml.new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, self.file()).unwrap();
    }

    pub(crate) async fn say(&self, headers: &[(&str, &str)]) -> Got {
        self.weir.message(headers, &small()).await
    }

    /// Who answers.
    pub(crate) async fn who(&self) -> String {
        self.say(&[]).await.name()
    }

    /// How many messages reached each mock.
    pub(crate) fn reached(&self) -> [usize; 2] {
        [&self.weir.mock, &self.second].map(|mock| {
            let all = mock.received();
            all.iter().filter(|one| one.path() == MESSAGES).count()
        })
    }
}

fn two_entries(mocks: [&Mock; 2], more: [&str; 2]) -> String {
    let [first, second] = mocks.map(Mock::url);
    let entries = entry("u1", &first, more[0]) + &entry("u2", &second, more[1]);
    format!("providers:\n{entries}")
}

pub(crate) fn small() -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 5,
        "messages": [{"role": "user", "content": "x"}]})
}

/// A response.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) whole: bool,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Which mock says this.
    pub(crate) fn name(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        let name = self.json()["content"][0]["text"]
            .as_str()
            .map(str::to_owned);
        name.expect("the answer is a message")
    }
}

/// Asks again until there is an answer.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    within(async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it did not happen in time")
}

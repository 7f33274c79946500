//! The log: what a line says, what changes without a restart, what is said of single requests, and
//! what never is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use weir_mock::MockConfig;

use crate::program::{Program, Setup, eventually, small, start_before, start_in, start_with, weir};

/// What turns on one kind of details, for JSON lines at level debug.
fn debug(option: &str) -> [(&str, &str); 4] {
    [
        ("logging.level", "debug"),
        ("logging.format", "json"),
        ("server.workers", "1"),
        (option, "true"),
    ]
}

const BODY: &str = "logging.debug_options.log_request_body";
const HEADERS: &str = "logging.debug_options.log_response_headers";
const TLS: &str = "logging.debug_options.log_tls_metrics";

/// The JSON lines of a log with this message.
fn lines(log: &str, message: &str) -> Vec<Value> {
    let parsed = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    parsed
        .filter(|line: &Value| line["message"] == message)
        .collect()
}

const ENDED: &str = "POST /v1/messages";

/// The first `count` lines with this message, once they are there.
async fn wait_for(weir: &Program, message: &str, count: usize) -> Vec<Value> {
    eventually(async || {
        let found = lines(&weir.log(), message);
        (found.len() >= count).then_some(found)
    })
    .await
}

#[tokio::test]
async fn a_clients_request_id_is_echoed_and_logged() {
    let weir = start_with(Setup {
        settings: &[("logging.format", "json")],
        env: &[],
    })
    .await;
    weir.mock
        .push(weir_mock::Raw::new(200).body(json!({"type": "message"}).to_string()));
    let got = weir.message(&[("X-Request-ID", "abc")], &small()).await;
    assert_eq!(got.headers["x-request-id"], "abc");
    let line = wait_for(&weir, ENDED, 1).await.remove(0);
    assert_eq!(line["request_id"], "abc");
    assert_eq!(line["req_id"], "abc");
    let exchange = line["exchange"].as_str().unwrap();
    let known = weir.get(&format!("/api/requests/{exchange}")).await;
    assert_eq!(known.status, 200, "{}", known.text());
}

#[tokio::test]
async fn a_line_names_the_request_and_its_outcome() {
    let weir = start_with(Setup {
        settings: &[("logging.format", "json")],
        env: &[],
    })
    .await;
    let path = "/v1/messages?key=sss-in-a-query&beta=true";
    let body = small().to_string();
    weir.send(http::Method::POST, path, &[], body).await;
    weir.message(&[("x-mock-scenario", "500")], &small()).await;
    weir.message(&[("x-mock-scenario", "400")], &small()).await;
    let ended = wait_for(&weir, ENDED, 3).await;
    let [good, broken, refused] = [200, 500, 400].map(|status| {
        let mut with = ended.iter().filter(|line| line["status"] == status);
        with.next().expect("each status has its line")
    });
    assert_eq!(good["method"], "POST");
    assert_eq!(good["path"], "/v1/messages");
    let id = good["request_id"].as_str().unwrap();
    assert_eq!(id.len(), 36);
    assert_eq!(good["req_id"], id.split_at(8).0);
    assert!(good["duration"].as_f64().unwrap() > 0.0);
    assert!(good["timestamp"].as_str().unwrap().ends_with('Z'));
    let levels = [good, broken, refused].map(|line| line["level"].clone());
    assert_eq!(levels, ["INFO", "ERROR", "WARN"]);
    assert!(!weir.log().contains("sss-in-a-query"));
}

#[tokio::test]
async fn what_a_client_sends_cannot_forge_or_fill_lines() {
    let weir = start_with(Setup {
        settings: &[
            ("logging.format", "human"),
            ("providers.anthropic.max_retries", "0"),
        ],
        env: &[],
    })
    .await;
    weir.mock.refuse().await.unwrap();
    let mut message = small();
    let forged = "m\n2026-01-01T00:00:00Z  WARN forged\u{2028}\u{1b}[31m stream=true";
    message["model"] = format!("{forged}{}", "x".repeat(180)).into();
    let path = format!("/v1/messages?q={}", "y".repeat(1000));
    let beta = "z".repeat(1000);
    let headers = [("anthropic-beta", &*beta), ("x-request-id", "r-1")];
    let got = weir.send(http::Method::POST, &path, &headers, message.to_string());
    assert_eq!(got.await.status, 502);
    let line = eventually(async || {
        let log = weir.log();
        let mut lines = log.lines();
        let failed = lines.find(|line| line.contains("upstream failed"))?;
        Some(failed.to_owned())
    })
    .await;
    for part in [
        r#"model="m\n2026-01-01T00:00:00Z  WARN forged\u{2028}\u{1b}[31m stream=true"#,
        " anthropic_beta=zzz",
        " query=q=yyy",
        "ctx_err=",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(line.len() < 1000, "{} bytes: {line}", line.len());
    let log = weir.log();
    let begins = |line: &str| line.starts_with("2026-01-01T00:00:00Z");
    assert!(!log.lines().any(begins), "{log}");
}

/// A gateway with a configuration file that says no more than how to log.
async fn from_file(logging: &Value) -> Program {
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), logging);
    start_in(folder, mock, Setup::default())
}

fn save(folder: &Path, logging: &Value) {
    let beside = folder.join(".weir.yaml.new");
    std::fs::write(&beside, json!({"logging": logging}).to_string()).unwrap();
    std::fs::rename(&beside, folder.join("weir.yaml")).unwrap();
}

/// Saves another and waits until it is in force.
async fn reload(weir: &Program, logging: &Value) {
    save(weir.folder.path(), logging);
    let done = weir.run(&["config", "reload"]).await;
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}\n{}", weir.log());
}

#[tokio::test]
async fn level_and_details_change_while_it_runs() {
    let mut logging = json!({"level": "info", "format": "json",
        "debug_options": {"log_request_body": true}});
    let weir = from_file(&logging).await;
    let send = async |id: &str| {
        weir.message(&[("x-request-id", id)], &small()).await;
    };
    send("at-info").await;
    logging["level"] = "debug".into();
    reload(&weir, &logging).await;
    send("at-debug").await;
    logging["debug_options"]["log_request_body"] = false.into();
    reload(&weir, &logging).await;
    send("without-details").await;
    wait_for(&weir, ENDED, 3).await;
    let details = lines(&weir.log(), "request details");
    assert_eq!(details.len(), 1, "{}", weir.log());
    assert_eq!(details[0]["request_id"], "at-debug");
    assert_eq!(details[0]["level"], "DEBUG");
}

#[tokio::test]
async fn a_level_that_is_saved_is_in_force_without_being_told() {
    let weir = from_file(&json!({"level": "info"})).await;
    assert!(!weir.log().contains("DEBUG"));
    let logging = json!({"level": "debug", "debug_options": {"log_request_body": true}});
    save(weir.folder.path(), &logging);
    // Asked again and again, because nothing tells when the file has been looked at.
    eventually(async || {
        weir.message(&[], &small()).await;
        weir.log().contains("request details").then_some(())
    })
    .await;
}

#[tokio::test]
async fn format_and_output_change_while_it_runs() {
    let weir = from_file(&json!({"format": "human"})).await;
    let file = weir.folder.path().join("other.log");
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(lines(&weir.log(), ENDED).len(), 0);
    weir.message(&[("x-request-id", "human")], &small()).await;
    eventually(async || weir.log().contains("request_id=\"human\"").then_some(())).await;

    reload(&weir, &json!({"format": "json"})).await;
    weir.message(&[("x-request-id", "json")], &small()).await;
    let line = wait_for(&weir, ENDED, 1).await.remove(0);
    assert_eq!(line["request_id"], "json");

    let to_file = json!({"format": "json", "output": file});
    reload(&weir, &to_file).await;
    let before = weir.log();
    weir.message(&[("x-request-id", "file")], &small()).await;
    let line = eventually(async || lines(&read(), ENDED).pop()).await;
    assert_eq!(line["request_id"], "file");
    assert_eq!(weir.log(), before, "nothing goes to the old output");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let missing = json!({"level": "debug", "format": "human", "output": "no/such/folder/log"});
    save(weir.folder.path(), &missing);
    let failed = weir.run(&["config", "reload"]).await;
    assert!(!failed.status.success());
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("`logging.output`"), "{said}");
    weir.message(&[("x-request-id", "still")], &small()).await;
    let line = eventually(async || lines(&read(), ENDED).into_iter().nth(1)).await;
    assert_eq!(line["request_id"], "still");

    // Moved away, as log rotation does: the next reload begins it anew.
    std::fs::rename(&file, weir.folder.path().join("other.log.1")).unwrap();
    reload(&weir, &to_file).await;
    weir.message(&[("x-request-id", "anew")], &small()).await;
    let line = eventually(async || lines(&read(), ENDED).pop()).await;
    assert_eq!(line["request_id"], "anew");
}

#[tokio::test]
async fn an_output_that_cannot_be_opened_is_named_at_the_start() {
    let output = tokio::task::spawn_blocking(|| {
        let set = "logging.output=/no/such/folder/weir.log";
        let mut command = weir();
        command.args(["serve", "--port", "0", "--set", set]);
        command.output().unwrap()
    });
    let output = output.await.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("`logging.output`"), "{said}");
}

#[tokio::test]
async fn a_request_is_said_without_its_credentials() {
    let most = "logging.debug_options.max_body_log_size";
    let mut settings = debug(BODY).to_vec();
    settings.push((most, "120"));
    let weir = start_with(Setup {
        settings: &settings,
        env: &[],
    })
    .await;
    let nested = json!({"token": "sss-1", "note": "x"}).to_string();
    let bodies = [
        json!({"api_key": "sss-2", "model": "m-1", "max_tokens": 7}).to_string(),
        json!({"model": "m-1", "text": nested, "password": "sss-3"}).to_string(),
        // Cut within the value, and within a character before it.
        json!({"model": "m-1", "a": "é".repeat(30), "secret": "sss-4".repeat(40)}).to_string(),
        json!({"model": "m-1", "a": "é".repeat(100)}).to_string(),
    ];
    let all = [
        ("authorization", "Bearer sss-5"),
        ("x-api-key", "sss-6"),
        ("x-request-id", "one"),
    ];
    for body in &bodies {
        let body: Value = serde_json::from_str(body).unwrap();
        weir.message(&all, &body).await;
    }
    let details = wait_for(&weir, "request details", bodies.len()).await;
    wait_for(&weir, ENDED, bodies.len()).await;
    let log = weir.log();
    assert!(!log.contains("sss"), "{log}");
    for (line, body) in details.iter().zip(&bodies) {
        assert_eq!(line["content_type"], "application/json");
        assert_eq!(line["body_length"], body.len());
        assert_eq!(line["model"], "m-1");
        assert_eq!(line["request_id"], "one");
        assert!(line["body_preview"].as_str().unwrap().len() <= 120);
    }
    assert_eq!(details[0]["max_tokens"], 7);
    let preview = details[0]["body_preview"].as_str().unwrap();
    assert_eq!(preview, r#"{"api_key":"***","model":"m-1","max_tokens":7}"#);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_not_said() {
    let weir = start_with(Setup {
        settings: &debug(BODY),
        env: &[],
    })
    .await;
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "zstd"),
    ];
    let body = "api_key sss-coded";
    weir.send(http::Method::POST, "/v1/messages", &headers, body)
        .await;
    let line = wait_for(&weir, "request details", 1).await.remove(0);
    assert_eq!(line["content_encoding"], "zstd");
    assert_eq!(line["body_length"], body.len());
    assert_eq!(line.get("body_preview"), None);
    assert!(!weir.log().contains("sss-coded"));
}

#[tokio::test]
async fn a_response_is_said_without_its_secrets() {
    let weir = start_with(Setup {
        settings: &debug(HEADERS),
        env: &[],
    })
    .await;
    weir.mock.push(
        weir_mock::Raw::new(200)
            .header("content-type", "application/json")
            .header("request-id", "req_1")
            .header("set-cookie", "a=sss-cookie")
            .body("{}"),
    );
    weir.message(&[], &small()).await;
    weir.message(&[("x-mock-scenario", "429")], &small()).await;
    let details = wait_for(&weir, "response details", 2).await;
    assert_eq!(details[0]["status"], 200);
    assert_eq!(details[0]["content_type"], "application/json");
    let headers = details[0]["headers"].as_str().unwrap();
    let headers: Value = serde_json::from_str(headers).unwrap();
    assert_eq!(headers["request-id"], "req_1");
    assert_eq!(headers.get("set-cookie"), None);
    assert_eq!(details[1]["status"], 429);
    let ended = wait_for(&weir, ENDED, 2).await;
    assert_eq!(ended[0]["request_id"], details[0]["request_id"]);
    assert!(lines(&weir.log(), "request details").is_empty());
    assert!(!weir.log().contains("sss-cookie"));
}

#[tokio::test]
async fn a_connection_over_tls_is_said_once() {
    let config = MockConfig {
        tls: true,
        ..MockConfig::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, mock.certificate().unwrap()).unwrap();
    let url = mock.https_url();
    let mut settings = debug(TLS).to_vec();
    settings.push(("providers.anthropic.base_url", &url));
    let setup = Setup {
        settings: &settings,
        env: &[("SSL_CERT_FILE", roots.to_str().unwrap())],
    };
    let weir = start_before(mock, setup);
    for number in 1..=2 {
        let got = weir.message(&[], &small()).await;
        assert_eq!(got.status, 200, "{}\n{}", got.text(), weir.log());
        wait_for(&weir, ENDED, number).await;
        let said = lines(&weir.log(), "tls metrics");
        assert_eq!(said.len(), 1, "{}", weir.log());
        assert_eq!(said[0]["host"], "localhost");
        assert_eq!(said[0]["tls_version"], "TLS 1.3");
        assert_eq!(said[0]["tls_reused"], false);
        for time in ["dns_time", "connect_time", "tls_handshake"] {
            assert!(said[0][time].as_f64().unwrap() > 0.0, "{}", said[0]);
        }
    }
    assert_eq!(weir.mock.connections(), 1);

    weir.mock.refuse().await.unwrap();
    weir.mock.accept().await.unwrap();
    // Until the end of the old connection has come to weir, requests may fail with it.
    eventually(async || {
        let answered = weir.message(&[], &small()).await.status == 200;
        answered.then_some(())
    })
    .await;
    let said = wait_for(&weir, "tls metrics", 2).await;
    assert_eq!(said.len(), 2);
    assert_eq!(said[1]["tls_reused"], true, "the session is taken up again");
}

/// A `weir serve --debug`, whose log is on its standard error.
struct Debugged(Child);

impl Drop for Debugged {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[tokio::test]
async fn serve_debug_says_all_there_is_to_say() {
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("weir.log");
    let mut command = weir();
    command
        .current_dir(folder.path())
        .args(["serve", "--port", "0", "--debug", "--log-format", "json"])
        .env("ANTHROPIC_FORWARD_URL", mock.url())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap());
    let mut child = Debugged(command.spawn().unwrap());
    let mut said = BufReader::new(child.0.stdout.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    let address = first.trim().rsplit("http://").next().unwrap().to_owned();
    let body = small().to_string();
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let read = || std::fs::read_to_string(&log).unwrap();
    let line = eventually(async || lines(&read(), "request details").pop()).await;
    assert_eq!(line["model"], small()["model"]);
    assert_eq!(line["body_preview"], body);
    let line = eventually(async || lines(&read(), "response details").pop()).await;
    assert_eq!(line["status"], 200);
}

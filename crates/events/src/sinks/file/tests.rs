use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json, value::to_raw_value};
use weir_core::event::{Counted, TokenUsage};

use weir_core::settings::RotatedFiles;

use super::*;

fn log(path: &Path, format: LineFormat, max_bytes: Option<u64>) -> FileLog {
    FileLog::open(&FileSink {
        files: RotatedFiles {
            path: path.to_owned(),
            max_bytes: max_bytes.unwrap_or(u64::MAX),
            max_files: 2,
            max_age: None,
        },
        format,
    })
    .unwrap()
}

fn event(number: u128, method: &str) -> Arc<Event> {
    Arc::new(Event {
        request_id: uuid::Uuid::from_u128(number),
        method: method.into(),
        path: "/v1/chat/completions".into(),
        status: Some(200),
        duration_us: 1_234_000,
        request_body: to_raw_value(&json!({"model": "m"})).ok(),
        response_body: to_raw_value(&json!({"object": "chat.completion"})).ok(),
        token_usage: Some(TokenUsage {
            input: 5,
            cache_read: 2,
            output: 3,
            total: 10,
            source: Counted::Provider,
            ..TokenUsage::default()
        }),
        ..Event::default()
    })
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn each_event_is_a_line_that_only_its_owner_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sub/events.jsonl");
    let log = log(&path, LineFormat::Event, None);
    let batch = [event(1, "POST"), event(2, "GET")];
    assert_eq!(
        log.deliver(&batch).await,
        [Outcome::Delivered, Outcome::Delivered]
    );
    let lines = lines(&path);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["token_usage"]["total"], 10);
    assert_eq!(lines[0]["response_body"]["object"], "chat.completion");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_run_has_the_answer_as_its_output_and_only_posts_are_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("runs.jsonl");
    let log = log(&path, LineFormat::Llm, None);
    let batch = [event(1, "GET"), event(2, "POST")];
    assert_eq!(
        log.deliver(&batch).await,
        [Outcome::Skipped, Outcome::Delivered]
    );
    let lines = lines(&path);
    let id = uuid::Uuid::from_u128(2).to_string();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["type"], "llm");
    assert_eq!(lines[0]["runId"], *id);
    assert_eq!(lines[0]["output"], json!({"object": "chat.completion"}));
    assert_eq!(
        lines[0]["tokensUsage"],
        json!({"prompt": 7, "completion": 3})
    );
    assert_eq!(lines[0]["metadata"]["path"], "/v1/chat/completions");
    assert_eq!(lines[0]["metadata"]["duration_ms"], 1234);
}

#[tokio::test]
async fn a_full_file_is_put_aside_and_the_last_one_goes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.jsonl");
    let log = log(&path, LineFormat::Event, Some(10));
    for number in 1..=4 {
        log.deliver(&[event(number, "POST")]).await;
    }
    let id = |name: &str| lines(&dir.path().join(name))[0]["request_id"].clone();
    let expected = |number| Value::from(uuid::Uuid::from_u128(number).to_string());
    assert_eq!(id("events.jsonl"), expected(4));
    assert_eq!(id("events.jsonl.1"), expected(3));
    assert_eq!(id("events.jsonl.2"), expected(2));
    assert!(!dir.path().join("events.jsonl.3").exists());
}

#[tokio::test]
async fn a_disk_that_is_full_is_asked_again() {
    let full = log(Path::new("/dev/full"), LineFormat::Event, None);
    let outcomes = full.deliver(&[event(1, "POST")]).await;
    assert!(
        matches!(&outcomes[..], [Outcome::Later { .. }]),
        "{outcomes:?}"
    );
}

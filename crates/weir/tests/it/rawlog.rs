//! Raw logs: four legs, no credentials, put aside by size, gone with the history.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};
use weir_mock::Raw;

use crate::program::{eventually, named, start, start_by_its_file};

const SECRET: &str = "sk-ant-api03-very-secret-0123456789";

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn message(text: &str) -> Value {
    json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn four_legs_are_written_under_one_id_without_any_secret() {
    let weir = start(&[("capture.raw_log.path", "raw/log.jsonl")]).await;
    let path = weir.folder.path().join("raw/log.jsonl");
    weir.mock.push(
        Raw::new(200)
            .header("x-up", "1")
            .body(r#"{"type":"message","api_key":"sk-live-0123456789abcdef"}"#),
    );
    let text = format!("my key is {SECRET}");
    weir.message(&[("x-api-key", SECRET), ("x-mine", "1")], &message(&text))
        .await;
    let legs = eventually(async || {
        let legs = lines(&path);
        (legs.len() == 4).then_some(legs)
    })
    .await;
    let names: Vec<_> = legs
        .iter()
        .map(|leg| leg["leg"].as_str().unwrap())
        .collect();
    let expected = [
        "client_request",
        "upstream_request",
        "upstream_response",
        "client_response",
    ];
    assert_eq!(names, expected);
    let id = weir.newest().await["requestId"].clone();
    for leg in &legs {
        assert_eq!(leg["exchange"], id);
    }
    assert_eq!(legs[0]["url"], "/v1/messages?beta=true");
    assert_eq!(
        legs[1]["url"],
        format!("{}/v1/messages?beta=true", weir.mock.url())
    );
    assert!(legs[1]["body"].as_str().unwrap().contains("my key is"));
    assert_eq!(
        (&legs[2]["status"], &legs[3]["status"]),
        (&json!(200), &json!(200))
    );
    assert!(legs[3]["headers"].to_string().contains("x-request-id"));
    let everything = std::fs::read_to_string(&path).unwrap();
    for secret in [SECRET, "very-secret", "sk-live-0123456789abcdef"] {
        assert!(!everything.contains(secret), "{everything}");
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let gone = weir.send(Method::DELETE, "/api/requests", &[], "").await;
    assert_eq!(gone.status, 200);
    eventually(async || {
        std::fs::read(&path)
            .is_ok_and(|text| text.is_empty())
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_translated_exchange_shows_what_each_side_said() {
    let folder = tempfile::tempdir().unwrap();
    let mock = named("there", false).await;
    let text = format!(
        "server: {{port: 0}}\ncapture: {{raw_log: {{path: raw.jsonl}}}}\n\
         providers:\n- {{name: o, type: openai, base_url: '{}', keys: [sk-other], models: [m]}}\n",
        mock.url()
    );
    std::fs::write(folder.path().join("weir.yaml"), text).unwrap();
    let weir = start_by_its_file(folder, mock);
    let path = weir.folder.path().join("raw.jsonl");
    weir.message(&[], &message("hi")).await;
    let legs = eventually(async || {
        let legs = lines(&path);
        (legs.len() == 4).then_some(legs)
    })
    .await;
    assert!(legs[0]["body"].as_str().unwrap().contains("max_tokens"));
    assert_ne!(legs[0]["body"], legs[1]["body"]);
    assert_ne!(legs[2]["body"], legs[3]["body"]);
    assert!(
        legs[3]["body"]
            .as_str()
            .unwrap()
            .contains("\"role\":\"assistant\"")
    );
}

#[tokio::test]
async fn a_raw_log_is_put_aside_at_its_limit_and_is_not_there_unless_asked_for() {
    let weir = start(&[
        ("capture.raw_log.path", "raw.jsonl"),
        ("capture.raw_log.max_bytes", "8KiB"),
        ("capture.raw_log.max_files", "2"),
    ])
    .await;
    let at = |name: &str| weir.folder.path().join(name);
    for _ in 0..12 {
        weir.message(&[("x-api-key", SECRET)], &message(&"x".repeat(1500)))
            .await;
    }
    weir.newest().await;
    let asides = ["raw.jsonl.1", "raw.jsonl.2"];
    let is_there = |name: &&str| at(name).exists();
    eventually(async || asides.iter().all(is_there).then_some(())).await;
    assert!(!at("raw.jsonl.3").exists());
    for name in asides {
        let size = std::fs::metadata(at(name)).unwrap().len();
        assert!(size <= 8 << 10, "{name}: {size}");
    }
    let metrics = weir.get("/metrics").await.text();
    assert!(
        metrics.contains("weir_raw_log_dropped_total 0"),
        "{metrics}"
    );

    let without = start(&[]).await;
    without
        .message(&[("x-api-key", SECRET)], &message("hi"))
        .await;
    without.newest().await;
    let names = std::fs::read_dir(without.folder.path()).unwrap();
    let names: Vec<_> = names.map(|one| one.unwrap().file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().contains("raw")),
        "{names:?}"
    );
}

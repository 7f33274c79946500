//! What is recorded can be read.

use weir_core::exchange::{Sent, SentBody};
use weir_store::{Filters, Page, Side, SummaryQuery, Verdict};
use weir_wire::usage::Usage;

use crate::support::{Place, Recorder, exchange, request, response, rows};

const SENT: &[u8] = br#"{"model":"claude-opus-4-1","max_tokens":9, "messages":[{"role":"user","content":"hi"}],"x":12345678901234567890}"#;
const CAME: &[u8] = br#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":7,"cache_read_input_tokens":5}}"#;

#[tokio::test]
async fn an_exchange_comes_back_as_it_was() {
    let place = Place::new();
    let recorder = place.open();
    let id = exchange(&recorder, SENT, CAME);
    recorder.flush().await;
    let reader = recorder.reader();
    let log = reader.get(&id).unwrap().unwrap();
    assert_eq!(
        log.body.as_ref().unwrap().get().as_bytes(),
        SENT,
        "digits and spaces kept"
    );
    let response = log.response.as_ref().unwrap();
    assert_eq!(response.body.as_ref().unwrap().get().as_bytes(), CAME);
    assert_eq!(log.summary.model.as_deref(), Some("claude-opus-4-1"));
    assert_eq!(log.summary.stop_reason.as_deref(), Some("end_turn"));
    assert_eq!(log.summary.usage.unwrap().input_tokens, 10);
    assert_eq!(log.summary.message_count, Some(1));
    assert_eq!(log.message_fingerprints.len(), 1);
    assert_eq!(log.summary.client_kind.as_deref(), Some("claude_code"));
    assert_eq!(
        response.completed_at.len(),
        "2023-11-14T22:13:20.123Z".len()
    );
    assert_eq!(response.response_time, 25);
    let raw = reader.raw(&id, Side::Request).unwrap().unwrap();
    assert_eq!((&raw.bytes[..], raw.verdict), (SENT, Verdict::Verified));
    assert_eq!(raw.content_type.as_deref(), Some("application/json"));
    assert_eq!(
        reader.raw(&id, Side::Response).unwrap().unwrap().bytes,
        CAME
    );
    let json = serde_json::to_string(&log).unwrap();
    assert!(json.contains(std::str::from_utf8(SENT).unwrap()));
    assert!(json.contains(std::str::from_utf8(CAME).unwrap()));
    recorder.shutdown().await;
}

#[tokio::test]
async fn a_row_is_there_before_the_reply_and_is_finished_by_it() {
    let place = Place::new();
    let recorder = place.open();
    let reader = recorder.reader();
    let request = request(SENT);
    let id = request.id;
    recorder.started(Box::new(request));
    recorder.flush().await;
    let (logs, total) = rows(reader.list(
        Page {
            number: 1,
            limit: 10,
        },
        &Filters::default(),
    ));
    assert_eq!((logs.len(), total), (1, 1));
    assert!(logs[0].response.is_none());
    assert_eq!(logs[0].summary.state, "open");
    recorder.finished(Box::new(response(id, CAME)));
    recorder.flush().await;
    let (logs, total) = rows(reader.list(
        Page {
            number: 1,
            limit: 10,
        },
        &Filters::default(),
    ));
    assert_eq!((logs.len(), total), (1, 1));
    assert_eq!(logs[0].summary.state, "complete");
    assert!(logs[0].response.is_some());
}

/// 120 exchanges, every third with another model.
async fn many(recorder: &Recorder) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..120 {
        let model = if n % 3 == 0 { "claude-Opus-4" } else { "gpt-5" };
        let sent = format!(r#"{{"model":"{model}","messages":[],"n":{n}}}"#);
        ids.push(exchange(recorder, sent.as_bytes(), CAME));
    }
    recorder.flush().await;
    ids
}

#[tokio::test]
async fn pages_are_newest_first_and_filter_by_model() {
    let place = Place::new();
    let recorder = place.open();
    let ids = many(&recorder).await;
    let reader = recorder.reader();
    let (page, total) = rows(reader.list(
        Page {
            number: 3,
            limit: 50,
        },
        &Filters::default(),
    ));
    assert_eq!((page.len(), total), (20, 120));
    let (page, _) = rows(reader.list(
        Page {
            number: 1,
            limit: 50,
        },
        &Filters::default(),
    ));
    let found: Vec<&str> = page
        .iter()
        .map(|log| log.summary.request_id.as_str())
        .collect();
    let newest: Vec<&str> = ids.iter().rev().take(50).map(String::as_str).collect();
    assert_eq!(found, newest);
    let (page, total) = rows(reader.list(
        Page {
            number: 4,
            limit: 50,
        },
        &Filters::default(),
    ));
    assert_eq!((page.len(), total), (0, 120));
    let (page, total) = rows(reader.list(
        Page {
            number: 1,
            limit: 100,
        },
        &Filters {
            model: Some("OPUS".into()),
            ..Filters::default()
        },
    ));
    assert_eq!((page.len(), total), (40, 40));
    let query = SummaryQuery {
        offset: 5,
        limit: 7,
        ..SummaryQuery::default()
    };
    let (summaries, total) = rows(reader.summaries(&query));
    assert_eq!((summaries.len(), total), (7, 120));
    assert_eq!(summaries[0].request_id, ids[114]);
}

#[tokio::test]
async fn what_another_dialects_provider_counted_stands_in_for_what_is_not_said() {
    let place = Place::new();
    let recorder = place.open();
    let counted = Usage {
        input_tokens: Some(3),
        output_tokens: Some(2),
        ..Usage::default()
    };
    for (came, input) in [(CAME, 10), (&b"{}"[..], 3)] {
        let request = request(SENT);
        let mut response = response(request.id, came);
        response.route.usage = Some(counted.clone());
        let id = request.id.to_string();
        recorder.started(Box::new(request));
        recorder.finished(Box::new(response));
        recorder.flush().await;
        let log = recorder.reader().get(&id).unwrap().unwrap();
        assert_eq!(log.summary.usage.unwrap().input_tokens, input);
    }
}

#[tokio::test]
async fn an_exchange_is_found_by_the_end_of_its_id() {
    let place = Place::new();
    let recorder = place.open();
    let id = exchange(&recorder, SENT, CAME);
    let other = exchange(&recorder, SENT, CAME);
    recorder.flush().await;
    let reader = recorder.reader();
    for wanted in [&id, &other] {
        let log = reader.get(wanted.get(28..).unwrap()).unwrap().unwrap();
        assert_eq!(&log.summary.request_id, wanted);
    }
    assert!(reader.get("ffffffff").unwrap().is_none());
    assert!(reader.get("no such id").unwrap().is_none());
    assert!(reader.get("").unwrap().is_none());
    assert!(
        reader
            .get("00000000-0000-7000-8000-000000000000")
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn credentials_are_nowhere_in_the_files() {
    let place = Place::new();
    let recorder = place.open();
    for _ in 0..6 {
        exchange(&recorder, SENT, CAME);
    }
    recorder.shutdown().await;
    for file in std::fs::read_dir(place.db().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(memchr::memmem::find(&bytes, b"very-secret").is_none());
    }
    let reader = recorder.reader();
    let (logs, _) = rows(reader.list(
        Page {
            number: 1,
            limit: 10,
        },
        &Filters::default(),
    ));
    for log in &logs {
        assert!(log.headers["x-api-key"][0].starts_with("hmac-sha256:"));
        assert_eq!(log.headers, logs[0].headers);
        assert_eq!(log.summary.key_digest, logs[0].summary.key_digest);
        assert!(log.summary.key_digest.is_some());
    }
}

#[tokio::test]
async fn what_went_upstream_is_told_by_its_differences_and_without_credentials() {
    let place = Place::new();
    let recorder = place.open();
    let request = request(SENT);
    let mut response = response(request.id, CAME);
    let mut headers = request.headers.clone();
    headers.insert("x-api-key", "sk-of-the-gateway".parse().unwrap());
    headers.remove("user-agent");
    headers.insert("x-new", "1".parse().unwrap());
    let edit = weir_wire::edit::Splice {
        at: 9,
        removed: 17,
        inserted: 300,
    };
    response.sent = Some(Box::new(Sent {
        uri: "https://name:word@api.example/v1/x?beta=true&key=AIza-secret"
            .parse()
            .unwrap(),
        headers,
        body: SentBody::Edited(vec![edit]),
        size: 400,
        bytes: None,
    }));
    let id = request.id.to_string();
    recorder.started(Box::new(request));
    recorder.finished(Box::new(response));
    recorder.flush().await;
    let log = recorder.reader().get(&id).unwrap().unwrap();
    let sent = serde_json::to_value(&log.sent).unwrap();
    let url = sent["url"].as_str().unwrap();
    assert!(url.starts_with("https://api.example/v1/x?beta=true&key=hmac-sha256:"));
    let changes: Vec<_> = sent["changes"].as_array().unwrap().iter().collect();
    let said = |at: usize| (changes[at]["name"].as_str(), changes[at]["kind"].as_str());
    assert_eq!(said(0), (Some("user-agent"), Some("removed")));
    assert_eq!(said(1), (Some("x-api-key"), Some("changed")));
    assert_eq!(said(2), (Some("x-new"), Some("added")));
    assert_eq!(changes.len(), 3);
    assert_eq!(
        sent["body"],
        serde_json::json!({"verdict": "edited", "size": 400,
            "edits": [{"at": 9, "removed": 17, "inserted": 300}]})
    );
    let json = serde_json::to_string(&log).unwrap();
    for secret in ["sk-of-the-gateway", "AIza-secret", "name:word"] {
        assert!(!json.contains(secret), "{secret}");
    }
    recorder.shutdown().await;
}

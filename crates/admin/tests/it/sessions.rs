//! Sessions over the API: the list, one with its turns, what fills them, and forgetting them.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use weir_core::exchange::{
    Arrival, End, ExchangeId, Origin, RawBody, RequestRecord, ResponseRecord,
};
use weir_wire::dialect::{Dialect, Operation};

use crate::calls::Api;

const SESSION: &str = "5c8f1d52-0000-4000-8000-00000000000b";

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

fn body(value: &Value) -> RawBody {
    let mut body = RawBody::default();
    body.push(Bytes::from(value.to_string()));
    body
}

/// One exchange of a session, stored.
fn store(api: &Api, session: &'static str, sent: &Value, usage: &Value) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-claude-code-session-id",
        HeaderValue::from_static(session),
    );
    headers.insert("user-agent", HeaderValue::from_static("claude-cli/2.1.329"));
    let id = ExchangeId(Uuid::now_v7());
    api.recorder.started(Box::new(RequestRecord {
        id,
        client_request_id: None,
        started_at_us: now_us(),
        method: Method::POST,
        path: "/v1/messages".into(),
        query: None,
        headers,
        body: body(sent),
        peer: [127, 0, 0, 1].into(),
        dialect: Dialect::AnthropicMessages,
        operation: Operation::Generate,
        path_model: None,
        provider: "anthropic".into(),
        origin: Origin::Client,
    }));
    let came = body(&json!({"content": [], "usage": usage}));
    let size = came.len.try_into().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    api.recorder.finished(Box::new(ResponseRecord {
        id,
        status: Some(StatusCode::OK),
        headers,
        arrivals: vec![Arrival {
            size,
            elapsed_us: 20_000,
        }],
        body: came,
        truncated: false,
        attempts: 1,
        route: Box::default(),
        sent: None,
        raw: None,
        headers_at_us: Some(10_000),
        duration_us: 25_000,
        end: End::Complete,
    }));
    id.to_string()
}

fn asked(texts: &[&str]) -> Value {
    let messages: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| json!({"role": if n % 2 == 0 { "user" } else { "assistant" }, "content": text}))
        .collect();
    json!({"model": "claude-opus-4-8", "messages": messages, "tools": [{"name": "Bash"}]})
}

/// Two sessions, one of them with a transcript.
fn filled() -> (Api, TempDir, String) {
    let disk = tempfile::tempdir().unwrap();
    let project = disk.path().join("-w-shop");
    fs::create_dir_all(&project).unwrap();
    let title = json!({"type": "custom-title", "customTitle": "Shop window", "cwd": "/w/shop"});
    fs::write(
        project.join(format!("{SESSION}.jsonl")),
        format!("{title}\n"),
    )
    .unwrap();
    let api = Api::with_transcripts(disk.path(), true);
    store(
        &api,
        "other",
        &asked(&["elsewhere"]),
        &json!({"input_tokens": 1, "output_tokens": 1}),
    );
    let usage = json!({"input_tokens": 3000, "output_tokens": 10});
    store(&api, SESSION, &asked(&["dress the window"]), &usage);
    let last = store(
        &api,
        SESSION,
        &asked(&["dress the window", "how", "with fruit"]),
        &usage,
    );
    (api, disk, last)
}

#[tokio::test]
async fn sessions_are_listed_with_their_transcripts() {
    let (api, _disk, _) = filled();
    let list = api.get("/api/sessions").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(
        (&list.json["total"], &list.json["nextCursor"]),
        (&json!(2), &Value::Null)
    );
    let session = &list.json["sessions"][0];
    assert_eq!(
        (&session["id"], &session["grouping"]),
        (&json!(SESSION), &json!("session"))
    );
    assert_eq!(session["title"], "Shop window");
    assert_eq!(session["projectName"], "/w/shop");
    assert_eq!(
        session["transcript"],
        json!({"project": "-w-shop", "id": SESSION})
    );
    assert_eq!(
        (&session["requests"], &session["errors"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(session["usage"]["input_tokens"], 6000);
    assert_eq!(session["contextTokens"], 3000);
    assert!(session["cost"].as_f64().unwrap() > 0.0);
    assert_eq!(list.json["sessions"][1]["title"], "elsewhere");
    let first = api.get("/api/sessions?limit=1").await.json;
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = api
        .get(&format!("/api/sessions?limit=1&cursor={cursor}"))
        .await
        .json;
    assert_eq!(next["sessions"][0]["id"], "other");
    for (query, ids) in [
        ("q=FRUIT", vec![]),
        ("q=else", vec!["other"]),
        (
            "model=opus&client=claude_code&start=1h&end=2999-01-01T00:00:00Z",
            vec![SESSION, "other"],
        ),
        ("end=2000-01-01T00:00:00Z", vec![]),
    ] {
        let list = api.get(&format!("/api/sessions?{query}")).await.json;
        let sessions = list["sessions"].as_array().unwrap();
        let found: Vec<_> = sessions.iter().map(|s| s["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids, "{query}");
    }
    for bad in ["cursor=x", "start=soon", "limit=few"] {
        let got = api.get(&format!("/api/sessions?{bad}")).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(got.json["field"], bad.split_once('=').unwrap().0);
    }
    let conversation = api.get("/api/conversations").await.json;
    assert_eq!(conversation["conversations"][0]["sessionId"], SESSION);
}

#[tokio::test]
async fn a_session_has_turns_context_and_growth() {
    let (api, _disk, last) = filled();
    let session = api.get(&format!("/api/sessions/{SESSION}")).await.json;
    assert_eq!(
        (&session["total"], &session["title"]),
        (&json!(2), &json!("Shop window"))
    );
    let turn = &session["turns"][1];
    assert_eq!(
        (&turn["requestId"], &turn["kind"]),
        (&json!(last), &json!("main"))
    );
    assert_eq!(
        (&turn["relation"], &turn["newFrom"]),
        (&json!("extends"), &json!(1))
    );
    assert_eq!(turn["extends"], session["turns"][0]["requestId"]);
    assert_eq!(session["agents"][0]["id"], Value::Null);
    let path = format!("/api/sessions/{SESSION}/context");
    let context = api.get(&path).await.json;
    assert_eq!(context["requestId"], json!(last));
    let kinds: Vec<_> = context["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["kind"].clone())
        .collect();
    assert!(
        kinds.contains(&json!("tools")) && kinds.contains(&json!("user")),
        "{kinds:?}"
    );
    assert_eq!(
        api.get(&format!("{path}?turn=00000000")).await.status,
        StatusCode::NOT_FOUND
    );
    let growth = api
        .get(&format!("/api/sessions/{SESSION}/growth"))
        .await
        .json;
    assert_eq!(growth["turns"][0]["miss"]["reason"], "first_turn");
    assert_eq!(growth["turns"][1]["miss"]["reason"], "no_breakpoint");
    for path in ["", "/context", "/growth", "/export"] {
        let got = api.get(&format!("/api/sessions/nobody{path}")).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_session_can_be_copied_and_forgotten() {
    let (api, _disk, _) = filled();
    let path = format!("/api/sessions/{SESSION}");
    let response = api
        .ask(Method::GET, &format!("{path}/export"), &[], "")
        .await;
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/markdown")
    );
    let json = api.get(&format!("{path}/export?format=json")).await.json;
    assert_eq!(json["turns"].as_array().unwrap().len(), 2);
    let odd = api.get(&format!("{path}/export?format=pdf")).await;
    assert_eq!(
        (odd.status, &odd.json["field"]),
        (StatusCode::BAD_REQUEST, &json!("format"))
    );
    let gone = api.call(Method::DELETE, &path, &[], "").await;
    assert_eq!(
        (gone.status, &gone.json["deleted"]),
        (StatusCode::OK, &json!(2))
    );
    assert_eq!(
        api.call(Method::DELETE, &path, &[], "").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(api.get("/api/sessions").await.json["total"], 1);
}

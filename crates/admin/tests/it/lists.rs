//! Finding exchanges over the API: lists, filters, facets, files.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use uuid::Uuid;
use weir_core::exchange::{Arrival, End, ExchangeId, RawBody, RequestRecord, ResponseRecord};
use weir_wire::dialect::{Dialect, Operation};

use crate::calls::Api;

fn body(text: &str) -> RawBody {
    let mut body = RawBody::default();
    body.push(Bytes::copy_from_slice(text.as_bytes()));
    body
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    fields.iter().map(field).collect()
}

/// Records an exchange and gives its id.
fn add(api: &Api, model: &str, status: u16, said: &str) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let id = ExchangeId(Uuid::now_v7());
    let sent =
        format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{said}"}}]}}"#);
    // Services answer over several lines.
    let came = r#"{"content":[{"type":"text","text":"=1+1"}],
        "stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":7}}"#;
    api.recorder.started(Box::new(RequestRecord {
        id,
        client_request_id: None,
        started_at_us: since.as_micros().try_into().unwrap(),
        method: Method::POST,
        path: "/v1/messages".into(),
        query: Some("beta=true".into()),
        headers: headers(&[
            ("host", "127.0.0.1:3001"),
            ("content-type", "application/json"),
            ("x-api-key", "sk-ant-api03-secret"),
            ("x-claude-code-session-id", "s-1"),
        ]),
        body: body(&sent),
        peer: [127, 0, 0, 1].into(),
        dialect: Dialect::AnthropicMessages,
        operation: Operation::Generate,
        path_model: None,
        provider: Arc::from("anthropic"),
    }));
    api.recorder.finished(Box::new(ResponseRecord {
        id,
        status: Some(StatusCode::from_u16(status).unwrap()),
        headers: headers(&[("content-type", "application/json")]),
        body: body(came),
        truncated: false,
        arrivals: vec![Arrival {
            size: came.len().try_into().unwrap(),
            elapsed_us: 20_000,
        }],
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

async fn text(api: &Api, path: &str) -> (HeaderMap, String) {
    let response = api.ask(Method::GET, path, &[], "").await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (headers, String::from_utf8(body.to_vec()).unwrap())
}

fn ids(list: &Value) -> Vec<&str> {
    let rows = list["requests"].as_array().unwrap();
    rows.iter()
        .map(|row| row["requestId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_page_is_a_part_of_the_list_and_models_are_found_in_any_case() {
    let api = Api::recording();
    for n in 0..120 {
        add(&api, ["claude-Opus-4", "gpt-5", "gpt-5"][n % 3], 200, "hi");
    }
    let page = api.get("/api/requests?page=3&limit=50").await.json;
    assert_eq!((ids(&page).len(), &page["total"]), (20, &120.into()));
    let page = api.get("/api/requests?page=9&limit=50").await.json;
    assert_eq!((ids(&page).len(), &page["total"]), (0, &120.into()));
    let page = api.get("/api/requests?model=OPUS&limit=100").await.json;
    assert_eq!((ids(&page).len(), &page["total"]), (40, &40.into()));
    let list = api
        .get("/api/requests/summary?limit=7&offset=5&model=opus")
        .await
        .json;
    assert_eq!(
        (ids(&list).len(), &list["total"], &list["offset"]),
        (7, &40.into(), &5.into())
    );
    let mut path = "/api/requests/summary?limit=50".to_owned();
    let mut seen = 0;
    loop {
        let list = api.get(&path).await.json;
        assert_eq!(list["complete"], true);
        seen += ids(&list).len();
        let Some(next) = list["nextCursor"].as_str() else {
            break;
        };
        path = format!("/api/requests/summary?limit=50&cursor={next}");
    }
    assert_eq!(seen, 120);
}

#[tokio::test]
async fn the_end_of_an_id_names_an_exchange_and_an_unknown_one_none() {
    let api = Api::recording();
    let one = add(&api, "m", 200, "hi");
    let two = add(&api, "m", 200, "hi");
    let end: String = one.chars().skip(28).collect();
    let found = api.get(&format!("/api/requests/{end}")).await.json;
    assert_eq!(found["requestId"], one);
    let missing = api.get("/api/requests/ffffffff").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.json["error"], "Request not found");
    let beside = api
        .get(&format!("/api/requests/{one}/neighbours"))
        .await
        .json;
    assert_eq!(
        (&beside["next"], &beside["nextInSession"]),
        (&two.clone().into(), &two.into())
    );
    assert!(beside.get("previous").is_none());
}

#[tokio::test]
async fn filters_that_mean_nothing_are_refused_by_name() {
    let api = Api::recording();
    for (field, query) in [
        ("status", "status=9xx"),
        ("status", "status=42"),
        ("state", "state=done"),
        ("dialect", "dialect=morse"),
        ("operation", "operation=guess"),
        ("start", "start=yesterday"),
        ("end", "end=7x"),
        ("minDuration", "minDuration=-1"),
        ("maxTokens", "maxTokens=many"),
        ("minCost", "minCost=-1"),
        ("maxCost", "maxCost=NaN"),
        ("cursor", "cursor=nowhere"),
        ("limit", "limit=x"),
    ] {
        let got = api.get(&format!("/api/requests/summary?{query}")).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(got.json["field"], field, "{query}");
        assert!(got.json["error"].as_str().unwrap().contains(field));
    }
    let long = format!("/api/requests/summary?q={}", "x".repeat(2000));
    assert_eq!(api.get(&long).await.json["field"], "q");
}

#[tokio::test]
async fn lists_facets_and_deletions_go_by_the_same_filters() {
    let api = Api::recording();
    let fine = add(&api, "claude-opus-4-1", 200, "one");
    let failed = add(&api, "claude-opus-4-1", 529, "two");
    for (query, expected) in [
        ("status=error", vec![&failed]),
        ("status=2xx", vec![&fine]),
        ("status=529&session=s-1", vec![&failed]),
        ("start=24h", vec![&failed, &fine]),
        ("end=24h", vec![]),
        ("maxDuration=25&minTokens=17", vec![&failed, &fine]),
        ("minCost=0.0001&maxCost=0.1", vec![&failed, &fine]),
        ("minCost=0.1", vec![]),
    ] {
        let list = api
            .get(&format!("/api/requests/summary?{query}"))
            .await
            .json;
        assert_eq!(ids(&list), expected, "{query}: {list}");
    }
    let facets = api.get("/api/requests/facets?status=error").await.json;
    assert_eq!(facets["statuses"][0]["value"], "529");
    assert_eq!(facets["stopReasons"][0]["count"], 1);
    let start = Instant::now();
    while ids(&api.get("/api/requests/summary?q=two").await.json) != [&failed] {
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let dry = api
        .call(Method::DELETE, "/api/requests?dry_run=true", &[], "")
        .await
        .json;
    assert_eq!(dry["deleted"], 2);
    let gone = api
        .call(Method::DELETE, "/api/requests", &[], "")
        .await
        .json;
    assert_eq!(gone["deleted"], 2);
    assert_eq!(api.get("/api/requests").await.json["total"], 0);
}

#[tokio::test]
async fn an_export_is_whole_in_each_format_and_starts_no_formula() {
    let api = Api::recording();
    for n in 0..25 {
        add(
            &api,
            if n == 3 { "=cmd()" } else { "claude-opus-4-1" },
            200,
            "hi",
        );
    }
    let (headers, lines) = text(&api, "/api/requests/export").await;
    assert_eq!(headers["content-type"], "application/x-ndjson");
    let logs: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(logs.len(), 25);
    assert_eq!(logs[0]["body"]["messages"][0]["content"], "hi");
    assert!(!lines.contains("sk-ant-api03-secret"));
    let (headers, csv) = text(&api, "/api/requests/export?format=csv").await;
    assert!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .contains("weir.csv")
    );
    assert_eq!(csv.lines().count(), 26);
    assert!(csv.starts_with("requestId,timestamp,state,statusCode,"));
    assert!(csv.contains(",'=cmd(),"), "{csv}");
    let (_, har) = text(&api, "/api/requests/export?format=har&limit=12").await;
    let har: Value = serde_json::from_str(&har).unwrap();
    assert_eq!(har["log"]["version"], "1.2");
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 12);
    let none = text(&api, "/api/requests/export?format=har&model=nothing")
        .await
        .1;
    assert_eq!(
        serde_json::from_str::<Value>(&none).unwrap()["log"]["entries"],
        Value::Array(vec![])
    );
    let wrong = api.get("/api/requests/export?format=pdf").await;
    assert_eq!(
        (wrong.status, &wrong.json["field"]),
        (StatusCode::BAD_REQUEST, &"format".into())
    );
}

#[tokio::test]
async fn an_exchange_as_har_has_what_was_sent_and_what_came() {
    let api = Api::recording();
    let id = add(&api, "claude-opus-4-1", 200, "hi");
    let har = api.get(&format!("/api/requests/{id}/har")).await.json;
    let entry = &har["log"]["entries"][0];
    assert_eq!(
        entry["request"]["url"],
        "http://127.0.0.1:3001/v1/messages?beta=true"
    );
    assert_eq!(entry["request"]["queryString"][0]["name"], "beta");
    assert!(
        entry["request"]["postData"]["text"]
            .as_str()
            .unwrap()
            .contains("\"hi\"")
    );
    assert_eq!(entry["response"]["status"], 200);
    assert_eq!(entry["response"]["statusText"], "OK");
    assert!(
        entry["response"]["content"]["text"]
            .as_str()
            .unwrap()
            .contains("=1+1")
    );
    assert_eq!(entry["timings"]["wait"], 10);
    assert_eq!(entry["time"], 25);
    assert_eq!(entry["_weir"]["requestId"], id);
    assert!(!har.to_string().contains("sk-ant-api03-secret"));
    assert_eq!(
        api.get("/api/requests/none/har").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_export_that_nobody_reads_on_stops() {
    let api = Api::recording();
    for _ in 0..40 {
        add(&api, "m", 200, &"long ".repeat(2000));
    }
    let response = api.ask(Method::GET, "/api/requests/export", &[], "").await;
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let whole = 40 * 10_000;
    assert!(first.len() < whole / 3, "{}", first.len());
    drop(body);
    // Nothing of it holds the store.
    assert_eq!(
        api.get("/api/requests/summary?limit=1").await.json["total"],
        40
    );
}

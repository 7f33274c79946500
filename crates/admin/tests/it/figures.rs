//! Sums, money and time zones, as the API says them.

use std::sync::Arc;

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_core::exchange::{ExchangeId, ResponseRecord, samples};

use crate::calls::Api;

/// The two days of the exchanges.
const DAYS: &str = "start=2026-03-01T00:00:00Z&end=2026-03-03T00:00:00Z";

/// One exchange with a model at a moment, and what the provider counted.
fn exchange(api: &Api, when: &str, model: &str, (status, usage): (u16, &str)) -> ExchangeId {
    let id = ExchangeId(Uuid::now_v7());
    let sent = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    let at = when.parse::<Timestamp>().unwrap().as_microsecond();
    api.recorder
        .started(Box::new(samples::request(id, at, sent)));
    let came =
        format!(r#"{{"id":"m","type":"message","role":"assistant","content":[],"usage":{usage}}}"#);
    api.recorder.finished(Box::new(ResponseRecord {
        status: Some(StatusCode::from_u16(status).unwrap()),
        headers_at_us: Some(100_000),
        duration_us: 300_000,
        ..samples::response(id, came)
    }));
    id
}

/// One exchange; gives its id.
pub(crate) fn recorded(api: &Api) -> String {
    let usage = r#"{"input_tokens":1,"output_tokens":1}"#;
    exchange(api, "2026-03-01T12:00:00Z", "m", (200, usage)).to_string()
}

/// Three exchanges on two days with two models, one of which failed.
fn seeded() -> Api {
    let api = Api::recording();
    let one = r#"{"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":300,"cache_creation_input_tokens":40}"#;
    exchange(
        &api,
        "2026-03-01T23:50:00Z",
        "claude-sonnet-4-5",
        (200, one),
    );
    let two = r#"{"input_tokens":1000000,"output_tokens":2}"#;
    exchange(&api, "2026-03-02T00:10:00Z", "claude-opus-4-5", (200, two));
    exchange(
        &api,
        "2026-03-02T10:20:00Z",
        "claude-sonnet-4-5",
        (529, "{}"),
    );
    api
}

async fn get(api: &Api, path: &str) -> Value {
    let got = api.get(path).await;
    assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.json);
    got.json
}

#[tokio::test]
async fn days_and_hours_add_up_as_by_hand() {
    let api = seeded();
    let stats = get(&api, &format!("/api/stats?{DAYS}")).await;
    assert!(stats["version"].is_string(), "the present is still there");
    assert_eq!(
        stats["dailyStats"],
        json!([
            {"date": "2026-03-01", "tokens": 460, "requests": 1, "errors": 0, "cost": 0.000_84,
                "models": {"claude-sonnet-4-5": {"tokens": 460, "requests": 1}}},
            {"date": "2026-03-02", "tokens": 1_000_002, "requests": 2, "errors": 1, "cost": 5.000_05,
                "models": {"claude-opus-4-5": {"tokens": 1_000_002, "requests": 1},
                    "claude-sonnet-4-5": {"tokens": 0, "requests": 1}}},
        ])
    );
    let hours = get(&api, &format!("/api/stats/hourly?{DAYS}")).await;
    let list = hours["hourlyStats"].as_array().unwrap();
    assert_eq!(list.len(), 24);
    let busy: Vec<_> = list.iter().filter(|hour| hour["requests"] != 0).collect();
    let brief = |hour: &Value| {
        json!([
            hour["label"],
            hour["tokens"],
            hour["requests"],
            hour["errors"]
        ])
    };
    let busy: Vec<_> = busy.into_iter().map(brief).collect();
    assert_eq!(
        json!(busy),
        json!([
            ["00:00", 1_000_002, 1, 0],
            ["10:00", 0, 1, 1],
            ["23:00", 460, 1, 0]
        ])
    );
    assert_eq!(
        json!([
            hours["todayTokens"],
            hours["todayRequests"],
            hours["avgResponseTime"]
        ]),
        json!([1_000_462, 3, 300])
    );
}

#[tokio::test]
async fn models_and_usage_add_up_as_by_hand() {
    let api = seeded();
    let models = get(&api, &format!("/api/stats/models?{DAYS}")).await;
    assert_eq!(
        models["modelStats"],
        json!([
            {"model": "claude-opus-4-5", "tokens": 1_000_002, "requests": 1, "errors": 0, "cost": 5.000_05},
            {"model": "claude-sonnet-4-5", "tokens": 460, "requests": 2, "errors": 1, "cost": 0.000_84},
        ])
    );
    let usage = get(&api, &format!("/api/usage?{DAYS}")).await;
    assert_eq!(usage["total_requests"], 3);
    assert_eq!(usage["total_input_tokens"], 1_000_100);
    assert_eq!(usage["total_output_tokens"], 22);
    assert_eq!(usage["total_cache_tokens"], 340);
    assert_eq!(
        usage["requests_by_model"]["claude-sonnet-4-5"],
        json!({"request_count": 2, "input_tokens": 100, "output_tokens": 20, "cache_tokens": 340})
    );
    assert_eq!(usage["start_date"], "2026-03-01T00:00:00.000Z");
    let hourly = get(&api, &format!("/api/usage/hourly?{DAYS}")).await;
    assert_eq!(hourly["hourly"][0]["hour"], "2026-03-01T23:00:00.000Z");
    assert_eq!(hourly["hourly"][0]["total_cache_tokens"], 340);
}

#[tokio::test]
async fn a_stretch_that_is_not_named_or_not_one_is_a_400() {
    let api = seeded();
    for (path, field) in [
        ("/api/stats/hourly", "start"),
        ("/api/stats/hourly?start=24h", "end"),
        ("/api/stats/models?end=2026-03-01T00:00:00Z", "start"),
        ("/api/stats?start=yesterday", "start"),
        ("/api/stats?tz=Middle/Earth", "tz"),
        ("/api/analytics?bucket=minute", "bucket"),
        (
            "/api/analytics?bucket=hour&start=2000-01-01T00:00:00Z",
            "bucket",
        ),
        ("/api/analytics?by=colour", "by"),
        ("/api/analytics?weekStart=friday", "weekStart"),
        ("/api/analytics?format=xml", "format"),
        (
            "/api/analytics?start=2026-03-02T00:00:00Z&end=2026-03-01T00:00:00Z",
            "start",
        ),
        ("/api/quota/history?start=never", "start"),
    ] {
        let got = api.get(path).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{path}");
        let error = got.json["error"].as_str().unwrap();
        assert!(error.contains(&format!("`{field}`")), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_time_zone_moves_days_and_hours() {
    let api = seeded();
    let days = |stats: Value| {
        let days = stats["dailyStats"].as_array().unwrap().clone();
        let brief = |day: &Value| {
            (
                day["date"].as_str().unwrap().to_owned(),
                day["requests"].clone(),
            )
        };
        days.iter().map(brief).collect::<Vec<_>>()
    };
    let east = get(&api, &format!("/api/stats?{DAYS}&tz=Asia/Kolkata")).await;
    assert_eq!(days(east), [("2026-03-02".to_owned(), json!(3))]);
    let west = get(&api, &format!("/api/stats?{DAYS}&tz=-05:00")).await;
    assert_eq!(
        days(west),
        [
            ("2026-03-01".to_owned(), json!(2)),
            ("2026-03-02".to_owned(), json!(1))
        ]
    );
    let hours = get(&api, &format!("/api/stats/hourly?{DAYS}&tz=Asia/Kolkata")).await;
    let at = |hour: usize| hours["hourlyStats"][hour]["requests"].clone();
    assert_eq!([at(5), at(15)], [json!(2), json!(1)]);
}

#[tokio::test]
async fn analytics_have_money_percentiles_and_cache_economics() {
    let api = seeded();
    let path = format!("/api/analytics?{DAYS}&bucket=day&by=model");
    let found = get(&api, &path).await;
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    let first = &rows[0];
    assert_eq!(first["bucket"], "2026-03-01T00:00:00.000Z");
    assert_eq!(first["key"], "claude-sonnet-4-5");
    assert_eq!(first["cost"], 0.000_84);
    assert_eq!(first["cacheSavings"], 0.000_78);
    assert_eq!(first["cacheHitShare"], 0.681_8);
    assert_eq!(first["firstByte"]["max"], 100);
    assert_eq!(first["duration"]["p50"], 300);
    assert_eq!(first["gap"], Value::Null);
    let failed = &rows[2];
    assert_eq!(json!([failed["errors"], failed["cost"]]), json!([1, 0.0]));
    assert_eq!(failed["duration"], Value::Null, "failures are no answers");
    let totals = &found["totals"];
    assert_eq!(
        json!([totals["requests"], totals["bucket"]]),
        json!([3, null])
    );
    assert_eq!(totals["cost"], 5.000_89);
}

#[tokio::test]
async fn analytics_go_by_weeks_and_statuses_and_make_tables() {
    let api = seeded();
    let path = format!("/api/analytics?{DAYS}&bucket=day&by=model");
    let weeks = get(
        &api,
        &format!("/api/analytics?{DAYS}&bucket=week&weekStart=monday"),
    )
    .await;
    let starts: Vec<_> = weeks["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["bucket"])
        .collect();
    assert_eq!(
        json!(starts),
        json!(["2026-02-23T00:00:00.000Z", "2026-03-02T00:00:00.000Z"])
    );
    let status = get(
        &api,
        &format!("/api/analytics?{DAYS}&bucket=none&by=status"),
    )
    .await;
    let keys: Vec<_> = status["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["key"])
        .collect();
    assert_eq!(json!(keys), json!(["2xx", "5xx"]));
    let none = get(&api, &format!("/api/analytics?{DAYS}&model=gpt")).await;
    assert_eq!(none["rows"], json!([]));

    let response = api
        .ask(Method::GET, &format!("{path}&format=csv"), &[], "")
        .await;
    assert_eq!(
        response.headers()["content-type"],
        "text/csv; charset=utf-8"
    );
    let csv = response.into_body().collect().await.unwrap().to_bytes();
    let csv = String::from_utf8(csv.to_vec()).unwrap();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 4);
    let line =
        "2026-03-01T00:00:00.000Z,claude-sonnet-4-5,1,0,100,20,300,40,0,0.00084,0,0.00078,0.6818,";
    assert!(lines[1].starts_with(line), "{}", lines[1]);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
}

#[tokio::test]
async fn prices_are_listed_and_models_without_one_named() {
    let api = seeded();
    let now = Timestamp::now().to_string();
    exchange(&api, &now, "of-tomorrow", (200, r#"{"input_tokens":1}"#));
    let list = get(&api, "/api/prices").await;
    let prices = list["prices"].as_array().unwrap();
    let sonnet = prices
        .iter()
        .find(|one| one["model"] == "claude-sonnet-4-5")
        .unwrap();
    assert_eq!(
        *sonnet,
        json!({"model": "claude-sonnet-4-5", "input": 3.0, "output": 15.0, "cacheWrite5m": 3.75,
            "cacheWrite1h": 6.0, "cacheRead": 0.3, "webSearch": 10.0, "source": "catalogue",
            "tiers": [{"tier": "batch", "input": 1.5, "output": 7.5, "cacheWrite5m": 1.875,
                "cacheWrite1h": 3.0, "cacheRead": 0.15, "webSearch": 10.0}]})
    );
    let of = |model: &str| {
        let mut all = prices.iter();
        all.find(|one| one["model"] == model).unwrap().clone()
    };
    assert_eq!(of("claude-opus-5")["usPercent"], 110);
    let luna: Vec<_> = prices
        .iter()
        .filter(|one| one["model"] == "gpt-5.6-luna")
        .map(|one| (one["from"].as_str(), one["input"].as_f64()))
        .collect();
    assert_eq!(luna, [(Some("2026-07-30"), Some(0.2)), (None, Some(1.0))]);
    assert_eq!(
        list["unpriced"],
        json!([{"model": "of-tomorrow", "requests": 1}])
    );
}

#[tokio::test]
async fn the_present_is_known_without_a_history() {
    let api = Api::open();
    let stats = get(&api, "/api/stats").await;
    assert_eq!(stats["dailyStats"], json!([]));
    assert!(stats["historyError"].is_string());
    assert!(
        get(&api, "/api/prices").await["prices"]
            .as_array()
            .unwrap()
            .len()
            > 250
    );
    assert_eq!(
        api.get("/api/usage").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    drop(Arc::clone(&api.gateway));
}

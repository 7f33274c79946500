//! Who may use the API.

use std::collections::HashSet;

use http::Method;
use serde_json::json;

use crate::program::{Got, eventually, small, start, within};

#[tokio::test]
async fn the_dashboards_password_guards_the_api_and_not_the_data_plane() {
    let weir = start(&[("dashboard.password", "hunter22")]).await;
    for path in ["/", "/api/requests", "/metrics", "/api/live"] {
        let refused = weir.get(path).await;
        assert_eq!(refused.status, 401, "{path}");
        assert!(
            refused.headers["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Basic")
        );
    }
    // any:hunter22, then any:hunter23
    let right = [("authorization", "Basic YW55Omh1bnRlcjIy")];
    let wrong = [("authorization", "Basic YW55Omh1bnRlcjIz")];
    assert_eq!(
        weir.send(Method::GET, "/api/requests", &right, "")
            .await
            .status,
        200
    );
    assert_eq!(
        weir.send(Method::GET, "/api/requests", &wrong, "")
            .await
            .status,
        401
    );
    assert_eq!(weir.get("/health").await.status, 200);
    assert_eq!(weir.get("/livez").await.status, 200);
    let message =
        json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(
        weir.message(&[("anthropic-version", "2023-06-01")], &message)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn foreign_names_and_origins_are_refused() {
    let weir = start(&[("server.allowed_hosts", "weir.internal")]).await;
    let ask =
        async |headers: &[(&str, &str)]| weir.send(Method::GET, "/api/requests", headers, "").await;
    assert_eq!(ask(&[("host", "evil.example")]).await.status, 421);
    assert_eq!(ask(&[("host", "weir.internal:3001")]).await.status, 200);
    assert_eq!(ask(&[("host", "localhost")]).await.status, 200);
    let own = weir.url.clone();
    assert_eq!(ask(&[("origin", &own)]).await.status, 200);
    let foreign = ask(&[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status, 403);
    assert!(
        foreign
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
}

#[tokio::test]
async fn authentication_covers_the_api_when_there_is_no_password() {
    let weir = start(&[
        ("auth.enabled", "true"),
        ("auth.token", "gateway-token"),
        ("auth.allow_localhost_bypass", "false"),
    ])
    .await;
    assert_eq!(weir.get("/api/requests").await.status, 401);
    let token = [("authorization", "Bearer gateway-token")];
    assert_eq!(
        weir.send(Method::GET, "/api/requests", &token, "")
            .await
            .status,
        200
    );
    assert_eq!(weir.get("/livez").await.status, 200);
    let health = weir.get("/health").await;
    assert_eq!(health.status, 200);
    let open = start(&[]).await.get("/health").await;
    let facts = |health: &Got| {
        let mut facts = health.json();
        let time = facts["timestamp"].take();
        assert!(time.is_string(), "{facts}");
        (health.headers["content-type"].clone(), facts)
    };
    assert_eq!(
        facts(&health),
        facts(&open),
        "nothing is kept from a stranger"
    );
    assert_eq!(facts(&health).1["status"], "healthy");
}

#[tokio::test]
async fn what_does_not_exist_is_told_in_a_shape_that_clients_read() {
    let weir = start(&[]).await;
    let api = weir.get("/api/nothing").await;
    assert_eq!(
        (api.status.as_u16(), &api.json()),
        (404, &json!({"error": "Not found"}))
    );
    let agent = weir.send(Method::POST, "/messages", &[], "{}").await;
    assert_eq!(agent.status, 404);
    assert_eq!(agent.json()["type"], "error");
    assert_eq!(agent.json()["error"]["type"], "not_found_error");
    let method = weir.send(Method::PUT, "/api/requests", &[], "").await;
    assert_eq!(method.status, 405);
    assert!(method.headers.contains_key("allow"));
}

#[tokio::test]
async fn figures_are_counted() {
    let weir = start(&[]).await;
    let message = json!({"model": "claude-x", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
    weir.message(&[("anthropic-version", "2023-06-01")], &message)
        .await;
    weir.newest().await;
    let text = weir.get("/metrics").await.text();
    for line in [
        "weir_provider_info{provider=\"anthropic\",domain=\"127.0.0.1\"} 1",
        "weir_requests_total{dialect=\"anthropic_messages\",operation=\"generate\",provider=\"anthropic\",status=\"200\"} 1",
        "weir_exchange_ends_total{end=\"complete\"} 1",
        "weir_tokens_total{provider=\"anthropic\",model=\"claude-x\",kind=\"output\"}",
        "weir_capture_dropped_total{reason=\"queue_full\"} 0",
        "weir_in_flight 0",
        "weir_store_up 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

/// The names that the family of a sample may have, which `# HELP` and `# TYPE` are about.
fn families(sample: &str) -> Vec<&str> {
    let name = sample.split(['{', ' ']).next().unwrap();
    let suffixes = ["", "_total", "_bucket", "_count", "_sum", "_info"];
    let stripped = suffixes
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix));
    stripped.collect()
}

#[tokio::test]
async fn every_figure_is_described_typed_once_and_written_as_prometheus_reads_it() {
    let weir = start(&[("cache.enabled", "true")]).await;
    weir.message(&[("anthropic-version", "2023-06-01")], &small())
        .await;
    weir.newest().await;
    let text = weir.get("/metrics").await.text();
    let (mut described, mut typed) = (HashSet::new(), HashSet::new());
    let mut samples = HashSet::new();
    let once = |set: &mut HashSet<String>, one: &str| {
        assert!(set.insert(one.to_owned()), "{one} twice in {text}");
    };
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "EOF"] => assert!(text.ends_with("\n# EOF\n")),
            ["#", "HELP", name, help] if !help.is_empty() => once(&mut described, name),
            ["#", "UNIT", name, unit] => assert!(name.ends_with(unit), "{line}"),
            ["#", "TYPE", name, kind] => {
                assert!(["counter", "gauge", "histogram", "info"].contains(&kind));
                once(&mut typed, name);
            }
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
                let mut names = families(line).into_iter();
                let name = names.find(|name| typed.contains(*name));
                let name = name.unwrap_or_else(|| panic!("{line} has no type"));
                assert!(described.contains(name), "{name} has no description");
                assert!(name.starts_with("weir_"), "{name}");
                once(&mut samples, series);
            }
        }
    }
    assert!(samples.len() > 50, "{} samples", samples.len());
}

/// Requests with a status, by whatever else they are told apart.
fn counted(text: &str, status: u16) -> u64 {
    let label = format!("status=\"{status}\"}} ");
    let lines = text
        .lines()
        .filter(|line| line.starts_with("weir_requests_total{"));
    let counts = lines.filter_map(|line| line.split_once(&label));
    counts.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn which_weir_it_is_and_since_when_it_runs_is_told() {
    let before = jiff::Timestamp::now().as_second();
    let weir = start(&[]).await;
    let text = weir.get("/metrics").await.text();
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("weir_build_info{{version=\"{version}\"}} 1");
    assert!(text.contains(&line), "{text}");
    let mut lines = text.lines();
    let started = lines.find_map(|line| line.strip_prefix("weir_start_time_seconds "));
    let started: i64 = started.unwrap().parse().unwrap();
    let now = jiff::Timestamp::now().as_second();
    assert!((before..=now).contains(&started), "{started}");
}

#[tokio::test]
async fn streams_hits_refusals_and_failures_are_counted_like_other_requests() {
    let weir = start(&[
        ("cache.enabled", "true"),
        ("server.max_body_bytes", "2000"),
        ("auth.enabled", "true"),
        ("auth.token", "gateway-token"),
        ("auth.allow_localhost_bypass", "false"),
        ("providers.anthropic.max_retries", "0"),
    ])
    .await;
    let version = ("anthropic-version", "2023-06-01");
    let token = ("x-api-key", "gateway-token");
    let opt_in = ("cache-control", "public, max-age=60");
    let ask = async |headers: &[(&str, &str)], stream: bool, text: &str| {
        let body = json!({"model": "m", "max_tokens": 1, "stream": stream,
            "messages": [{"role": "user", "content": text}]});
        let all = [&[version], headers].concat();
        weir.message(&all, &body).await.status.as_u16()
    };
    let long = "x".repeat(2000);
    for (headers, stream, text, status) in [
        (&[token][..], true, "x", 200),
        (&[token, opt_in], false, "x", 200),
        (&[token, opt_in], false, "x", 200),
        (&[], false, "x", 401),
        (&[token], false, long.as_str(), 413),
        (&[token, ("x-mock-scenario", "refuse")], false, "x", 502),
    ] {
        assert_eq!(ask(headers, stream, text).await, status);
    }
    let bearer = [("authorization", "Bearer gateway-token")];
    let figures = async || weir.send(Method::GET, "/metrics", &bearer, "").await;
    let got = eventually(async || {
        let got = figures().await;
        (counted(&got.text(), 502) == 1).then_some(got)
    })
    .await;
    assert_eq!(
        got.headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = got.text();
    for (status, count) in [(200, 3), (401, 1), (413, 1), (502, 1)] {
        assert_eq!(counted(&text, status), count, "{status} in {text}");
    }
    for line in [
        "weir_cache_hits_total 1",
        "weir_cache_misses_total 1",
        "weir_cache_stores_total 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!(weir.get("/metrics").await.status, 401, "not for everybody");
}

#[tokio::test]
async fn money_is_counted_by_provider_and_model_and_what_has_no_price_apart() {
    let weir = start(&[("pricing.models", "claude-paid=1000000/1000000")]).await;
    for model in ["claude-paid", "claude-unpriced"] {
        let message = json!({"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
        weir.message(&[("anthropic-version", "2023-06-01")], &message)
            .await;
    }
    let labels = |model| format!("_total{{provider=\"anthropic\",model=\"{model}\"}} ");
    let (paid, unpriced) = (labels("claude-paid"), labels("claude-unpriced"));
    let wanted = format!("weir_unpriced_exchanges{unpriced}1");
    let text = within(async {
        loop {
            let text = weir.get("/metrics").await.text();
            if text.contains(&wanted) && text.contains("weir_cost_usd_total") {
                return text;
            }
        }
    })
    .await;
    let prefix = format!("weir_cost_usd{paid}");
    let cost = text.lines().find_map(|line| line.strip_prefix(&prefix));
    let log = weir
        .get("/api/requests/summary?model=claude-paid")
        .await
        .json();
    let shown = log["requests"][0]["cost"].as_f64();
    assert!(shown.is_some_and(|cost| cost >= 1.0), "{log}");
    assert_eq!(cost.map(|cost| cost.parse().unwrap()), shown, "{text}");
    assert!(
        !text.contains(&format!("weir_cost_usd{unpriced}")),
        "null, never 0"
    );
}

#[tokio::test]
async fn figures_of_translated_exchanges_name_provider_model_tokens_and_probes() {
    let weir = start(&[("providers.anthropic.enabled", "false")]).await;
    let ask = |text: &str, most: u32| json!({"model": "gpt-x", "max_tokens": most, "messages": [{"role": "user", "content": text}]});
    for _ in 0..2 {
        let answer = weir.message(&[], &ask("hi", 64)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let quota = weir.message(&[], &ask("quota", 1)).await;
    assert_eq!(quota.json()["content"][0]["text"], "ok");
    let lines = [
        "weir_requests_total{dialect=\"anthropic_messages\",operation=\"generate\",provider=\"openai\",status=\"200\"} 2",
        "weir_provider_info{provider=\"openai\",domain=\"127.0.0.1\"} 1",
        "weir_tokens_total{provider=\"openai\",model=\"gpt-x\",kind=\"output\"}",
        "weir_request_duration_seconds_count 3",
        "weir_quota_probes_total 1",
    ];
    // The recorder counts tokens behind the requests' backs.
    let text = within(async {
        loop {
            let text = weir.get("/metrics").await.text();
            if text.contains(lines[2]) {
                return text;
            }
        }
    })
    .await;
    for line in lines {
        assert!(text.contains(line), "{line} in {text}");
    }
}

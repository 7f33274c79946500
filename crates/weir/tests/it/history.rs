//! What is kept of an exchange, as the API shows it.

use http::Method;
use serde_json::{Value, json};
use weir_mock::{Gate, Raw};

use crate::program::{Program, eventually, start, start_with, within};

fn body(text: &str) -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "stream": true,
        "messages": [{"role": "user", "content": text}]})
}

fn stream() -> Raw {
    Raw::new(200).header("content-type", "text/event-stream")
}

fn event(data: &Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap()
    )
}

#[tokio::test]
async fn the_row_is_there_before_the_reply() {
    let weir = start(&[]).await;
    let gate = Gate::new();
    weir.mock
        .push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let (first, message) = (weir.get("/api/requests").await.json(), body("hi"));
    assert_eq!(first["total"], 0);
    let reply = weir.message(&[], &message);
    let look = async {
        within(gate.reached(1)).await;
        let list = eventually(async || {
            let list = weir.get("/api/requests").await.json();
            (list["total"] == 1).then_some(list)
        })
        .await;
        assert!(list["requests"][0].get("response").is_none());
        assert_eq!(list["requests"][0]["body"], message);
        gate.open();
    };
    let (reply, ()) = tokio::join!(reply, look);
    assert_eq!(reply.status, 200);
    assert_eq!(weir.newest().await["response"]["statusCode"], 200);
}

#[tokio::test]
async fn raw_bytes_come_back_exactly_as_they_crossed_the_wire() {
    let weir = start(&[]).await;
    let odd = "{ \"model\":\"m\" ,\"n\":12345678901234567890,\"u\":\"\\u00e9\u{e9}\" } \n";
    let reply = "data: {\"a\": 1 }\r\n\r\n: c\nid: 9\n\n";
    weir.mock.push(stream().piece(reply));
    let headers = [
        ("anthropic-version", "2023-06-01"),
        ("x-request-id", "my-own-id"),
    ];
    weir.send(Method::POST, "/v1/messages", &headers, odd).await;
    let id = weir.newest().await["requestId"]
        .as_str()
        .unwrap()
        .to_owned();
    let end: String = id.chars().skip(28).collect();
    for name in [id.as_str(), &end, "my-own-id"] {
        let request = weir.get(&format!("/api/requests/{name}/raw/request")).await;
        assert_eq!(request.text(), odd);
        assert_eq!(request.headers["x-weir-digest"], "verified");
        assert_eq!(
            weir.get(&format!("/api/requests/{name}/raw/response"))
                .await
                .text(),
            reply
        );
    }
    assert_eq!(weir.get("/api/requests/nope").await.status, 404);
    assert_eq!(
        weir.get(&format!("/api/requests/{id}/raw/other"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn credentials_are_nowhere_but_on_the_wire() {
    let weir = start(&[]).await;
    let secret = "sk-ant-api03-very-secret-0123456789";
    let google = "AIza-very-secret-google";
    for key in [secret, secret, "sk-ant-another-secret-key"] {
        let headers = [("x-api-key", key), ("cookie", "session=very-secret-cookie")];
        weir.message(&headers, &body("hi")).await;
        assert_eq!(
            weir.mock.received().pop().unwrap().header("x-api-key"),
            Some(key)
        );
    }
    let path = format!("/v1beta/models/g:generateContent?key={google}");
    weir.send(Method::POST, &path, &[], "{}").await;
    eventually(async || (weir.get("/api/requests").await.json()["total"] == 4).then_some(())).await;
    let list = weir.get("/api/requests?limit=100").await.text();
    let rows: Value = serde_json::from_str(&list).unwrap();
    let digest = |row: usize| {
        rows["requests"][row]["headers"]["x-api-key"][0]
            .as_str()
            .unwrap()
    };
    assert_eq!(digest(2), digest(3), "the same key has the same digest");
    assert_ne!(digest(1), digest(2), "another key has another");
    assert_ne!(
        rows["requests"][1]["keyDigest"],
        rows["requests"][2]["keyDigest"]
    );
    let mut everything = list + &weir.log();
    for file in std::fs::read_dir(weir.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            everything += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
    for hidden in [secret, google, "very-secret-cookie", "another-secret-key"] {
        assert!(!everything.contains(hidden), "{hidden} is readable");
    }
}

#[tokio::test]
async fn rate_limits_keep_their_zeros_and_the_organization_its_id() {
    let weir = start(&[]).await;
    weir.mock.push(
        Raw::new(200)
            .header("anthropic-organization-id", "0f1e-org")
            .header("anthropic-ratelimit-requests-limit", "50")
            .header("anthropic-ratelimit-requests-remaining", "0")
            .header("anthropic-ratelimit-requests-reset", "2026-11-21T00:00:00Z")
            .header("anthropic-ratelimit-tokens-remaining", "0")
            .header("anthropic-ratelimit-unified-status", "allowed_warning")
            .header("anthropic-ratelimit-unified-5h-utilization", "0.0")
            .header("anthropic-ratelimit-unified-5h-reset", "1795000000")
            .header("anthropic-ratelimit-unified-7d-utilization", "0.25")
            .header("anthropic-ratelimit-unified-fallback-percentage", "0")
            .header("anthropic-ratelimit-unified-overage-status", "rejected")
            .header(
                "anthropic-ratelimit-unified-representative-claim",
                "five_hour",
            )
            .body("{}"),
    );
    weir.message(&[], &body("hi")).await;
    let row = weir.newest().await;
    assert_eq!(row["organizationId"], "0f1e-org");
    let limits = &row["response"]["rateLimit"];
    for (field, value) in [
        ("organizationId", json!("0f1e-org")),
        ("requestsLimit", json!(50)),
        ("requestsRemaining", json!(0)),
        ("requestsReset", json!("2026-11-21T00:00:00Z")),
        ("tokensRemaining", json!(0)),
        ("unifiedStatus", json!("allowed_warning")),
        ("unifiedUtilization5h", json!(0.0)),
        ("unifiedReset5h", json!("1795000000")),
        ("unifiedUtilization7d", json!(0.25)),
        ("unifiedFallbackPercentage", json!(0.0)),
        ("unifiedOverageStatus", json!("rejected")),
        ("unifiedRepresentativeClaim", json!("five_hour")),
    ] {
        assert_eq!(limits[field], value, "{field} in {limits}");
    }
}

/// A reply with every kind of block, as its provider streams it and as it would send it whole.
fn rich() -> (String, Value) {
    let usage = json!({"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1});
    let start = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u32| json!({"type": "content_block_stop", "index": index});
    let tool = |id: &str| json!({"type": "tool_use", "id": id, "name": "Bash", "input": {}});
    let citation = json!({"type": "char_location", "cited_text": "x", "document_index": 0,
        "document_title": null, "start_char_index": 0, "end_char_index": 1});
    let events = [
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
            "role": "assistant", "model": "claude-sonnet-4-5", "content": [], "stop_reason": null,
            "stop_sequence": null, "usage": usage}}),
        start(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(0, json!({"type": "thinking_delta", "thinking": "let me "})),
        delta(0, json!({"type": "thinking_delta", "thinking": "see"})),
        delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
        stop(0),
        json!({"type": "ping"}),
        start(1, json!({"type": "text", "text": "", "citations": []})),
        delta(1, json!({"type": "text_delta", "text": "Gr\u{fc}\u{df}e"})),
        delta(1, json!({"type": "citations_delta", "citation": citation})),
        stop(1),
        start(2, tool("toolu_1")),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": "{\"command\": \"l"}),
        ),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": "s\"}"}),
        ),
        stop(2),
        start(3, tool("toolu_2")),
        stop(3),
        json!({"type": "message_delta", "delta": {"stop_reason": null},
            "usage": {"output_tokens": 3}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use",
            "stop_sequence": null}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ];
    let mut first = tool("toolu_1");
    first["input"] = json!({"command": "ls"});
    let whole = json!({"id": "msg_1", "type": "message", "role": "assistant",
        "model": "claude-sonnet-4-5", "content": [
            {"type": "thinking", "thinking": "let me see", "signature": "c2ln"},
            {"type": "text", "text": "Gr\u{fc}\u{df}e", "citations": [citation]},
            first, tool("toolu_2")],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 7}});
    (events.iter().map(event).collect(), whole)
}

#[tokio::test]
async fn a_captured_stream_reads_as_the_message_it_was() {
    let weir = start(&[]).await;
    let (streamed, whole) = rich();
    for size in [1, 17, 100_000] {
        weir.mock
            .push(stream().piece(streamed.clone()).split_every(size));
        weir.message(&[], &body(&format!("split {size}"))).await;
        let row = weir.newest().await;
        assert_eq!(row["response"]["body"], whole);
        assert_eq!(row["stopReason"], "tool_use");
        let usage = &row["usage"];
        assert_eq!(usage["input_tokens"], 10);
        assert_eq!(usage["cache_read_input_tokens"], 5);
        assert_eq!(usage["output_tokens"], 7, "cumulative: the last wins");
        let chunks: String = row["response"]["streamingChunks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|chunk| chunk.as_str().unwrap())
            .collect();
        assert_eq!(chunks, streamed);
    }
}

#[tokio::test]
async fn each_frame_of_a_stream_is_timed() {
    let weir = start(&[]).await;
    let gate = Gate::new();
    let mut raw = stream();
    for number in 0..10 {
        raw = raw
            .piece(event(&json!({"type": "ping", "number": number})))
            .pause(&gate);
    }
    weir.mock.push(raw);
    for _ in 0..10 {
        gate.open();
    }
    let got = weir.message(&[], &body("hi")).await;
    let response = weir.newest().await["response"].clone();
    let timings = response["chunkTimings"].as_array().unwrap();
    assert_eq!(timings.len(), 10);
    let number = |timing: &Value, field: &str| timing[field].as_u64().unwrap();
    assert!(timings.is_sorted_by_key(|timing| number(timing, "elapsedMs")));
    let bytes: u64 = timings
        .iter()
        .map(|timing| number(timing, "byteSize"))
        .sum();
    assert_eq!(bytes, got.body.len() as u64);
}

#[tokio::test]
async fn turns_of_a_conversation_share_a_key_and_others_do_not() {
    let weir = start(&[]).await;
    let turn = |first: &str, turns: usize| {
        let mut messages = vec![json!({"role": "user", "content": first})];
        for number in 0..turns {
            messages.push(json!({"role": "assistant", "content": format!("answer {number}")}));
            messages.push(json!({"role": "user", "content": format!("more {number}")}));
        }
        json!({"model": "m", "messages": messages})
    };
    for turns in 0..3 {
        weir.message(&[], &turn("the task", turns)).await;
        weir.newest().await;
    }
    weir.message(&[], &turn("another task", 0)).await;
    let session = [
        ("x-claude-code-session-id", "s-1"),
        ("x-claude-code-agent-id", "a-1"),
    ];
    weir.message(&session, &turn("the task", 0)).await;
    let rows = eventually(async || {
        let list = weir.get("/api/requests/summary").await.json();
        (list["total"] == 5).then_some(list["requests"].clone())
    })
    .await;
    let hash = |row: usize| rows[row]["conversationHash"].as_str().unwrap().to_owned();
    assert_eq!(hash(4), hash(3));
    assert_eq!(hash(3), hash(2));
    assert_ne!(hash(2), hash(1));
    assert_eq!(rows[0]["sessionId"], "s-1");
    assert_eq!(rows[0]["agentId"], "a-1");
    let counts: Vec<_> = (0..5)
        .map(|row| rows[row]["messageCount"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 1, 5, 3, 1]);
}

async fn fill(weir: &Program, count: usize) {
    for number in 0..count {
        let model = if number % 2 == 0 {
            "claude-opus-4-5"
        } else {
            "claude-haiku-4-5"
        };
        let body = json!({"model": model, "messages": []});
        weir.mock.push(Raw::new(200).body("{}"));
        assert_eq!(weir.message(&[], &body).await.status, 200);
    }
}

#[tokio::test]
async fn lists_are_paged_and_filtered_by_model() {
    let weir = start(&[]).await;
    fill(&weir, 120).await;
    let page = weir.get("/api/requests?page=3&limit=50").await.json();
    assert_eq!(page["total"], 120);
    assert_eq!(page["requests"].as_array().unwrap().len(), 20);
    assert_eq!(
        weir.get("/api/requests?page=9&limit=50").await.json()["requests"],
        json!([])
    );
    let opus = weir
        .get("/api/requests/summary?model=OPUS&limit=7&offset=55")
        .await
        .json();
    assert_eq!(opus["total"], 60);
    assert_eq!(opus["requests"].as_array().unwrap().len(), 5);
    assert_eq!(opus["requests"][0]["model"], "claude-opus-4-5");
    assert_eq!(weir.get("/api/requests?page=x").await.status, 400);
    assert_eq!(
        weir.get("/api/requests/summary?start=yesterday")
            .await
            .status,
        400
    );
    let none = weir
        .get("/api/requests/summary?start=2999-01-01T00:00:00Z")
        .await
        .json();
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn clearing_forgets_everything_and_gives_the_space_back() {
    let weir = start(&[]).await;
    for number in 0..200 {
        let noise: String = (0..4000_u32)
            .map(|at| char::from_digit((at * at + number) % 36, 36).unwrap())
            .collect();
        weir.mock.push(Raw::new(200).body("{}"));
        weir.message(&[], &body(&format!("{number} {noise}"))).await;
    }
    eventually(async || (weir.get("/api/requests").await.json()["total"] == 200).then_some(()))
        .await;
    let size = || {
        let files = std::fs::read_dir(weir.folder.path()).unwrap();
        let sizes = files
            .map(|file| file.unwrap())
            .filter(|file| file.file_name() != "weir.log");
        sizes
            .map(|file| file.metadata().unwrap().len())
            .sum::<u64>()
    };
    let before = size();
    let counted = weir
        .send(Method::DELETE, "/api/requests?dry_run=true", &[], "")
        .await
        .json();
    assert_eq!(counted["deleted"], 200);
    assert_eq!(weir.get("/api/requests").await.json()["total"], 200);
    let cleared = weir
        .send(Method::DELETE, "/api/requests", &[], "")
        .await
        .json();
    assert_eq!(cleared["deleted"], 200);
    let list = weir.get("/api/requests").await.json();
    assert_eq!((&list["total"], &list["requests"]), (&json!(0), &json!([])));
    eventually(async || (size() < before / 2).then_some(())).await;
}

#[tokio::test]
async fn old_exchanges_go_and_new_ones_stay() {
    let weir = start(&[]).await;
    fill(&weir, 20).await;
    let file = weir.folder.path().join("weir.yaml");
    std::fs::write(file, "capture:\n  retention:\n    max_rows: 5\n").unwrap();
    weir.signal("HUP");
    let list = eventually(async || {
        let list = weir.get("/api/requests").await.json();
        (list["total"] == 5).then_some(list)
    })
    .await;
    assert_eq!(list["requests"].as_array().unwrap().len(), 5);
    let weir = start(&[("capture.retention.max_age", "1s")]).await;
    fill(&weir, 3).await;
    eventually(async || (weir.get("/api/requests").await.json()["total"] == 0).then_some(())).await;
}

#[tokio::test]
async fn the_live_feed_tells_of_exchanges_as_they_happen() {
    use http_body_util::BodyExt as _;
    let weir = start(&[]).await;
    let mut feed = weir
        .open(Method::GET, "/api/live", &[], "")
        .await
        .into_body();
    let mut seen = String::new();
    let mut read_until = async |expected: &str| {
        while !seen.contains(expected) {
            let frame = within(feed.frame()).await.unwrap().unwrap();
            seen += &String::from_utf8_lossy(frame.data_ref().unwrap());
        }
    };
    read_until(": following").await;
    weir.message(&[], &body("hi")).await;
    read_until("\"state\":\"complete\"").await;
    assert!(seen.contains("event: exchange\nid: "));
}

#[tokio::test]
async fn failures_are_kept_too() {
    let weir = start_with(crate::program::Setup {
        settings: &[("providers.anthropic.max_retries", "0")],
        env: &[("ANTHROPIC_RESPONSE_HEADER_TIMEOUT", "200ms")],
    })
    .await;
    let gate = Gate::new();
    weir.mock
        .push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let headers = [("anthropic-beta", "a,b"), ("x-request-id", "r-77")];
    let mut message = body("hi");
    message["thinking"] = json!({"type": "enabled", "budget_tokens": 1024});
    let got = weir.message(&headers, &message).await;
    assert_eq!(got.status, 504);
    let row = weir.newest().await;
    assert_eq!(row["response"]["statusCode"], 504);
    assert!(
        row["streamError"]
            .as_str()
            .unwrap()
            .contains("no response headers within 200ms")
    );
    let log = weir.log();
    let line = log
        .lines()
        .find(|line| line.contains("request_id=r-77"))
        .unwrap();
    let bytes = format!("body_bytes={}", message.to_string().len());
    for part in [
        "model=claude-sonnet-4-5",
        "stream=true",
        &bytes,
        "has_thinking=true",
        "anthropic_beta=a,b",
        "query=beta=true",
        "elapsed=",
        "ctx_err=",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    weir.mock.push(
        stream()
            .piece("event: ping\ndata: {}\n\n")
            .cut(weir_mock::Cut::Fin),
    );
    assert!(!weir.message(&[], &body("cut")).await.whole);
    let row = weir.newest().await;
    assert!(
        row["response"]["streamError"]
            .as_str()
            .unwrap()
            .contains("upstream broke off")
    );
}

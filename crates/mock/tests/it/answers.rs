//! Errors, limits, and the endpoints beside model turns.

use serde_json::{Value, json};
use weir_mock::{Fast, MockConfig};

use crate::client::{APIS, Api, ask, events, mock, post, raw, tell};

async fn get(mock: &weir_mock::Mock, target: &str, header: &str) -> crate::client::Reply {
    let head = format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{header}\r\n");
    raw(mock, head.as_bytes()).await
}

#[tokio::test]
async fn errors_before_the_stream_have_the_dialects_shape() {
    let mock = mock().await;
    for (status, anthropic, gemini) in [
        (400, "invalid_request_error", "INVALID_ARGUMENT"),
        (401, "authentication_error", "UNAUTHENTICATED"),
        (413, "request_too_large", "INTERNAL"),
        (429, "rate_limit_error", "RESOURCE_EXHAUSTED"),
        (500, "api_error", "INTERNAL"),
        (529, "overloaded_error", "UNAVAILABLE"),
    ] {
        for api in APIS {
            let reply = ask(&mock, api, &status.to_string(), true).await;
            assert_eq!(reply.status(), status);
            let body = reply.json();
            match api {
                Api::Anthropic => {
                    assert_eq!(body["error"]["type"], anthropic);
                    assert_eq!(body["request_id"].as_str(), reply.header("request-id"));
                }
                Api::Chat | Api::Responses => assert!(body["error"]["message"].is_string()),
                Api::Gemini => assert_eq!(
                    (&body["error"]["code"], &body["error"]["status"]),
                    (&json!(status), &json!(gemini))
                ),
            }
        }
    }
    let own = "error,status=418,type=teapot_error,message=\"short and stout\",should_retry=false";
    let reply = ask(&mock, Api::Anthropic, own, false).await;
    assert_eq!(
        (reply.status(), reply.header("x-should-retry")),
        (418, Some("false"))
    );
    assert_eq!(
        reply.json()["error"],
        json!({"type": "teapot_error", "message": "short and stout"})
    );
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_stream() {
    let mock = mock().await;
    for api in APIS {
        let reply = ask(&mock, api, "stream_error", true).await;
        assert_eq!(reply.status(), 200);
        assert!(reply.is_whole);
        let all = events(&reply.body());
        let (name, data) = all.last().unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        match api {
            Api::Anthropic => {
                assert_eq!(name.as_deref(), Some("error"));
                assert_eq!(data["error"]["type"], "overloaded_error");
            }
            Api::Responses => {
                assert_eq!(data["type"], "response.failed");
                assert_eq!(data["response"]["status"], "failed");
            }
            Api::Chat | Api::Gemini => assert!(data["error"]["message"].is_string()),
        }
        assert!(all.len() > 3, "some of the answer came first");
    }
    let plain = ask(&mock, Api::Responses, "stream_error,plain", true).await;
    assert!(plain.text().contains("event: error\n"));
}

#[tokio::test]
async fn a_429_has_every_limit_header_with_zeros() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Anthropic, "429,retry_after=7", true).await;
    for (name, value) in [
        ("retry-after", "7"),
        (
            "anthropic-organization-id",
            "6f1d3c1e-0b5a-4c86-9f6e-2d7c1b1a9e42",
        ),
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2030-01-01T00:00:00Z"),
        ("anthropic-ratelimit-tokens-remaining", "0"),
        ("anthropic-ratelimit-input-tokens-remaining", "0"),
        ("anthropic-ratelimit-output-tokens-remaining", "0"),
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-ratelimit-unified-5h-utilization", "0.0"),
        ("anthropic-ratelimit-unified-5h-reset", "1893456000"),
        ("anthropic-ratelimit-unified-7d-utilization", "0.0"),
        ("anthropic-ratelimit-unified-7d-reset", "1893956000"),
        ("anthropic-ratelimit-unified-fallback-percentage", "0.0"),
        ("anthropic-ratelimit-unified-overage-status", "rejected"),
        (
            "anthropic-ratelimit-unified-representative-claim",
            "five_hour",
        ),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let rejected = ask(&mock, Api::Anthropic, "text,limits=rejected,reset=17", true).await;
    assert_eq!(
        rejected.header("anthropic-ratelimit-unified-status"),
        Some("rejected")
    );
    assert_eq!(
        rejected.header("anthropic-ratelimit-unified-reset"),
        Some("17")
    );
    let openai = ask(&mock, Api::Chat, "429", true).await;
    assert_eq!(openai.header("x-ratelimit-remaining-requests"), Some("0"));
}

#[tokio::test]
async fn a_failure_counts_down_to_success() {
    let mock = mock().await;
    for scenario in ["529,count=2", "error,status=503,count=2", "refuse,count=2"] {
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(ask(&mock, Api::Anthropic, scenario, true).await.status() == 200);
        }
        assert_eq!(seen, [false, false, true, true], "{scenario}");
    }
    assert!(
        !ask(&mock, Api::Anthropic, "drop,count=1", true)
            .await
            .is_whole
    );
    assert!(
        ask(&mock, Api::Anthropic, "drop,count=1", true)
            .await
            .is_whole
    );
}

#[tokio::test]
async fn models_answer_in_the_shape_of_the_asker() {
    let mock = mock().await;
    let anthropic = "anthropic-version: 2023-06-01\r\n";
    let listed = get(&mock, "/v1/models?limit=1000", anthropic).await.json();
    assert!(
        listed["data"][0]["id"]
            .as_str()
            .unwrap()
            .starts_with("claude")
    );
    assert_eq!(listed["has_more"], false);
    let one = get(&mock, "/v1/models/claude-x", anthropic).await.json();
    assert_eq!(
        (&one["type"], &one["id"]),
        (&json!("model"), &json!("claude-x"))
    );
    let listed = get(&mock, "/v1/models", "").await.json();
    assert_eq!(
        (&listed["object"], &listed["data"][0]["object"]),
        (&json!("list"), &json!("model"))
    );
    assert_eq!(
        get(&mock, "/v1/models/gpt-x", "").await.json()["object"],
        "model"
    );
    let listed = get(&mock, "/v1beta/models", "").await.json();
    assert!(
        listed["models"][0]["name"]
            .as_str()
            .unwrap()
            .starts_with("models/gemini")
    );
    let one = get(&mock, "/v1beta/models/gemini-x", "").await.json();
    assert_eq!(one["name"], "models/gemini-x");
}

#[tokio::test]
async fn tokens_are_counted_and_texts_embedded() {
    let mock = mock().await;
    let body = Api::Anthropic.body("a prompt of some length", false);
    let counted = tell(&mock, "/v1/messages/count_tokens?beta=true", &body)
        .await
        .json();
    assert!(counted["input_tokens"].as_u64().unwrap() > 10);
    let counted = tell(&mock, "/v1beta/models/gemini-x:countTokens", &body)
        .await
        .json();
    assert!(counted["totalTokens"].as_u64().unwrap() > 10);
    let asked = json!({"model": "e", "input": ["a", "b"], "dimensions": 4});
    let embedded = tell(&mock, "/v1/embeddings", &asked).await.json();
    assert_eq!(embedded["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        embedded["data"][1]["embedding"].as_array().unwrap().len(),
        4
    );
    let asked = json!({"model": "e", "input": "a", "dimensions": 3, "encoding_format": "base64"});
    let embedded = tell(&mock, "/v1/embeddings", &asked).await.json();
    assert_eq!(embedded["data"][0]["embedding"].as_str().unwrap().len(), 16);
    let batch = json!({"requests": [{}, {}, {}]});
    let embedded = tell(&mock, "/v1beta/models/e:batchEmbedContents", &batch)
        .await
        .json();
    assert_eq!(embedded["embeddings"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_unknown_is_refused_in_the_dialects_shape() {
    let mock = mock().await;
    let reply = get(&mock, "/v1/nothing", "anthropic-version: 2023-06-01\r\n").await;
    assert_eq!(
        (reply.status(), &reply.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    let reply = get(&mock, "/v1/nothing", "").await;
    assert_eq!(
        reply.json()["error"]["message"],
        "Invalid URL (GET /v1/nothing)"
    );
    let reply = get(&mock, "/v1beta/nothing", "").await;
    assert_eq!(reply.json()["error"]["status"], "NOT_FOUND");
    let reply = get(&mock, "/v1/messages", "").await;
    assert_eq!((reply.status(), reply.header("allow")), (405, Some("POST")));
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    assert_eq!(get(&mock, "/v1/responses", upgrade).await.status(), 426);
    let reply = raw(&mock, &post("/v1/messages", &[], "no json")).await;
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    let reply = ask(&mock, Api::Chat, "tulips", true).await;
    assert_eq!(
        reply.json()["error"]["message"],
        "the mock knows no scenario `tulips`"
    );
}

#[tokio::test]
async fn echo_shows_what_was_received() {
    let mock = mock().await;
    let headers = [("x-mock-scenario", "echo"), ("X-Mine", "1")];
    let reply = raw(&mock, &post("/v1/any?q=1", &headers, "\u{e9}"))
        .await
        .json();
    assert_eq!(reply["target"], "/v1/any?q=1");
    assert_eq!(reply["body"], "\u{e9}");
    assert!(
        reply["headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["X-Mine", "1"]))
    );
}

#[tokio::test]
async fn ids_are_the_same_in_every_run() {
    let mut seen = Vec::new();
    for seed in [1, 1, 2] {
        let mock = weir_mock::serve(MockConfig {
            seed,
            ..Default::default()
        })
        .await
        .unwrap();
        let reply = ask(&mock, Api::Anthropic, "tools", true).await;
        seen.push((reply.header("request-id").unwrap().to_owned(), reply.text()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn a_fast_mock_answers_from_prebuilt_bytes() {
    let fast = Fast {
        size: 2048,
        events: 3,
        gap: std::time::Duration::ZERO,
    };
    let config = MockConfig {
        fast: Some(fast),
        ..Default::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    let whole = ask(&mock, Api::Anthropic, "", false).await;
    assert_eq!(whole.body().len(), 2048);
    assert_eq!(whole.json()["stop_reason"], "end_turn");
    let stream = ask(&mock, Api::Anthropic, "", true).await;
    assert_eq!(events(&stream.body()).len(), 8);
    assert!(mock.received().is_empty());
    let config = MockConfig {
        scenario: "bench,events=2,gap=1".to_owned(),
        ..Default::default()
    };
    let mock = weir_mock::serve(config).await.unwrap();
    assert_eq!(ask(&mock, Api::Anthropic, "", true).await.chunks.len(), 7);
}

#[tokio::test]
async fn the_control_paths_serve_those_outside_the_process() {
    let mock = mock().await;
    let script = json!([
        {"status": 202, "headers": [["X-A", "1"]], "body": ["a", {"base64": "Yg=="}, {"sleep_ms": 1}]},
        {"scenario": "text,text=queued"},
    ]);
    let queued = tell(&mock, "/_mock/script", &script).await.json();
    assert_eq!(queued, json!({"queued": 2, "asked": 2}));
    let reply = ask(&mock, Api::Chat, "529", false).await;
    assert_eq!(
        (reply.status(), reply.header("X-A"), reply.text()),
        (202, Some("1"), "ab".to_owned())
    );
    let reply = ask(&mock, Api::Chat, "529", false).await;
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "queued");
    let received = get(&mock, "/_mock/received", "").await.json();
    assert_eq!(
        received.as_array().unwrap().len(),
        2,
        "control requests are not recorded"
    );
    assert_eq!(received[0]["target"], "/v1/chat/completions");
    tell(&mock, "/_mock/reset", &Value::Null).await;
    assert!(mock.received().is_empty());
    assert_eq!(
        tell(&mock, "/_mock/script", &json!({"status": 7}))
            .await
            .status(),
        400
    );
    assert_eq!(get(&mock, "/_mock/other", "").await.status(), 404);
}

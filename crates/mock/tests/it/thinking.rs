//! Thinking and its signatures, in each form and dialect.

use serde_json::{Value, json};

use crate::client::{Api, ask, events, mock, tell};

const SIGNATURE: &str = "0123456789012345678901234567890123456789012345678901234567890123";

fn data(body: &[u8]) -> Vec<Value> {
    let all = events(body).into_iter();
    all.map(|(_, data)| serde_json::from_str(&data).unwrap())
        .collect()
}

fn kinds(events: &[Value]) -> Vec<String> {
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "content_block_delta");
    deltas
        .filter_map(|event| event["delta"]["type"].as_str())
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_thinking_stream_has_two_parts_a_signature_and_then_text() {
    let mock = mock().await;
    let scenario = format!("text,thinking,text=Done,signature={SIGNATURE}");
    let reply = ask(&mock, Api::Anthropic, &scenario, true).await;
    let all = data(&reply.body());
    assert_eq!(
        kinds(&all),
        [
            "thinking_delta",
            "thinking_delta",
            "signature_delta",
            "text_delta"
        ]
    );
    let signed = all
        .iter()
        .find(|event| event["delta"]["type"] == "signature_delta")
        .unwrap();
    assert_eq!(signed["delta"]["signature"], SIGNATURE);
    let whole = ask(&mock, Api::Anthropic, &scenario, false).await.json();
    assert_eq!(
        whole["content"],
        json!([
            {"type": "thinking", "thinking": "The user wants something. I shall think first.",
                "signature": SIGNATURE},
            {"type": "text", "text": "Done"},
        ])
    );
    let invented = ask(&mock, Api::Anthropic, "text,thinking", false).await;
    let signature = invented.json()["content"][0]["signature"].clone();
    assert!(signature.as_str().unwrap().len() >= 60);
    let short = ask(
        &mock,
        Api::Anthropic,
        "text,thinking,signature=short",
        false,
    )
    .await;
    assert_eq!(short.json()["content"][0]["signature"], "short");
}

#[tokio::test]
async fn empty_thinking_is_only_a_signature() {
    let mock = mock().await;
    let scenario = "text,thinking,thought=,text=Done";
    let all = data(&ask(&mock, Api::Anthropic, scenario, true).await.body());
    assert_eq!(kinds(&all), ["signature_delta", "text_delta"]);
    let whole = ask(&mock, Api::Anthropic, scenario, false).await.json();
    assert_eq!(whole["content"][0]["thinking"], "");
    let gemini = ask(&mock, Api::Gemini, scenario, false).await.json();
    let parts = gemini["candidates"][0]["content"]["parts"]
        .as_array()
        .unwrap();
    assert_eq!((parts.len(), &parts[0]["text"]), (1, &json!("Done")));
    assert!(parts[0]["thoughtSignature"].is_string());
}

#[tokio::test]
async fn redacted_thinking_comes_whole_with_its_start() {
    let mock = mock().await;
    let all = data(
        &ask(&mock, Api::Anthropic, "redacted,thinking", true)
            .await
            .body(),
    );
    let starts: Vec<&Value> = all
        .iter()
        .filter(|event| event["type"] == "content_block_start")
        .map(|event| &event["content_block"])
        .collect();
    let types: Vec<&str> = starts
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["redacted_thinking", "thinking", "text"]);
    assert!(starts[0]["data"].as_str().unwrap().len() > 60);
    let whole = ask(&mock, Api::Anthropic, "text,redacted=2", false)
        .await
        .json();
    assert_eq!(whole["content"][1]["type"], "redacted_thinking");
    assert_eq!(whole["content"][2]["type"], "text");
    for api in [Api::Chat, Api::Gemini] {
        let reply = ask(&mock, api, "redacted,thinking", true).await;
        assert!(!reply.text().contains("redacted"), "{api:?}");
    }
}

#[tokio::test]
async fn geminis_signature_goes_with_the_last_text_when_nothing_is_called() {
    let mock = mock().await;
    let scenario = format!("text,thinking,text=\"One two.\",signature={SIGNATURE}");
    let all = data(&ask(&mock, Api::Gemini, &scenario, true).await.body());
    let parts: Vec<&Value> = all
        .iter()
        .flat_map(|chunk| {
            chunk["candidates"][0]["content"]["parts"]
                .as_array()
                .unwrap()
        })
        .collect();
    let last = json!({"text": "", "thoughtSignature": SIGNATURE});
    assert_eq!(*parts.last().unwrap(), &last);
    assert_eq!(parts[0]["thought"], true);
    let whole = ask(&mock, Api::Gemini, &scenario, false).await.json();
    let parts = &whole["candidates"][0]["content"]["parts"];
    assert_eq!(
        parts[1],
        json!({"text": "One two.", "thoughtSignature": SIGNATURE})
    );
}

#[tokio::test]
async fn encrypted_reasoning_is_the_given_signature() {
    let mock = mock().await;
    for stream in [true, false] {
        let prompt = format!("[mock:text thinking signature={SIGNATURE}x redacted=1]");
        let body = json!({"model": "m", "input": prompt, "stream": stream,
            "include": ["reasoning.encrypted_content"]});
        let reply = tell(&mock, "/v1/responses", &body).await;
        let response = if stream {
            data(&reply.body()).pop().unwrap()["response"].clone()
        } else {
            reply.json()
        };
        let output = response["output"].as_array().unwrap();
        let types: Vec<&Value> = output.iter().map(|item| &item["type"]).collect();
        assert_eq!(types, ["reasoning", "reasoning", "message"]);
        assert_eq!(output[0]["summary"], json!([]), "nobody may read it");
        assert_eq!(
            output[1]["encrypted_content"],
            format!("gAAAAB{SIGNATURE}x")
        );
    }
}

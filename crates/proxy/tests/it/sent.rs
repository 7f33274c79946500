//! What the record says went upstream.

use weir_core::exchange::{Sent, SentBody};
use weir_mock::Raw;
use weir_wire::edit::Splice;

use crate::net::{BODY, ask, net, post};
use crate::rig::{Rig, rig, zai};

/// What the last of `count` exchanges has sent.
async fn sent(rig: &Rig, count: usize) -> Sent {
    let ended = rig.net.records.ended(count).await;
    *ended.sent.expect("something was sent")
}

#[tokio::test]
async fn an_untouched_request_is_said_to_be_identical() {
    let net = net(&[]).await;
    let headers = [
        "x-api-key: sk-ant-own",
        "Keep-Alive: timeout=5",
        "x-kept: 1",
    ];
    ask(net.addr, &post("/v1/messages?beta=true", &headers, BODY)).await;
    let ended = net.records.ended(1).await;
    let sent = ended.sent.expect("it was sent");
    assert_eq!(sent.body, SentBody::Identical);
    assert_eq!(sent.size, BODY.len());
    assert_eq!(
        sent.uri.to_string(),
        format!("{}/v1/messages?beta=true", net.mock.url())
    );
    assert_eq!(sent.headers["x-kept"], "1");
    assert_eq!(sent.headers["x-api-key"], "sk-ant-own");
    assert!(!sent.headers.contains_key("keep-alive"));
}

#[tokio::test]
async fn a_mapped_model_is_one_splice_and_the_configured_key_is_there() {
    let yaml = format!(
        "providers:\n{}",
        zai("u1", "model_mapping: {m: other-model}")
    );
    let rig = rig(1, &yaml).await;
    let body = br#"{"model":"m","max_tokens":1,"messages":[]}"#;
    rig.send(&["x-api-key: sk-ant-own"], body).await;
    let sent = sent(&rig, 1).await;
    let splice = Splice {
        at: 9,
        removed: 3,
        inserted: "\"other-model\"".len(),
    };
    assert_eq!(sent.body, SentBody::Edited(vec![splice]));
    let received = rig.mocks[0].wait_for(1).await.remove(0);
    assert_eq!(sent.size, received.body.len());
    let shown: Vec<_> = sent
        .headers
        .values()
        .filter_map(|v| v.to_str().ok())
        .collect();
    assert!(shown.iter().any(|value| value.contains("key-of-u1")));
}

#[tokio::test]
async fn a_request_for_another_dialect_is_said_to_be_translated() {
    let yaml = "providers:\n  - name: u1\n    type: openai\n    base_url: \"{u1}\"\n    \
                keys: [{key: sk-other}]\n    models: [m]\n";
    let rig = rig(1, yaml).await;
    rig.mocks[0].push(Raw::new(500).body("{}"));
    let body = br#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}"#;
    rig.send(&[], body).await;
    let sent = sent(&rig, 1).await;
    assert_eq!(sent.body, SentBody::Translated);
    assert!(
        sent.uri.path().ends_with("/chat/completions") || sent.uri.path().ends_with("/responses")
    );
}

#[tokio::test]
async fn what_the_answering_provider_got_is_told_not_what_the_first_did() {
    let yaml = format!("providers:\n{}{}", zai("u1", ""), zai("u2", ""));
    let rig = rig(2, &yaml).await;
    rig.mocks[0].push(Raw::new(500).body("{}"));
    rig.say(&[]).await;
    let sent = sent(&rig, 1).await;
    assert_eq!(
        sent.uri.authority().unwrap().as_str(),
        rig.mocks[1].addr.to_string()
    );
}

#[tokio::test]
async fn nothing_is_noted_while_nothing_is_kept() {
    let net = net(&[("capture.enabled", "false")]).await;
    ask(net.addr, &post("/v1/messages", &["x-api-key: k"], BODY)).await;
    assert!(net.records.ended(1).await.sent.is_none());
}

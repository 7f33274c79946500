//! What operators change on the way: headers by rules, providers by the model's name.

use http::HeaderName;
use weir_core::settings::{HeaderAction, HeaderRule, Settings};
use weir_mock::{Mock, MockConfig, Raw};
use weir_proxy::Snapshot;

use crate::net::{BODY, Net, ask, net_of, post};
use crate::rig::{rig, settings_of, zai};

fn rule(header: &'static str, action: HeaderAction, find: &str, value: &str) -> HeaderRule {
    HeaderRule {
        header: HeaderName::from_static(header),
        action,
        value: Some(value.into()),
        find: Some(find.into()),
        enabled: true,
    }
}

async fn one() -> (Mock, Settings) {
    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let yaml = format!("providers:\n{}", zai("u1", ""));
    let settings = settings_of(std::slice::from_ref(&mock), &yaml);
    (mock, settings)
}

/// Takes other rules into use.
fn reload(net: &Net, settings: &Settings) {
    let snapshot = &net.gateway.snapshot;
    let next = Snapshot::build(settings, 1, Some(&snapshot.load())).unwrap();
    snapshot.store(std::sync::Arc::new(next));
}

const AGENT: &str = "User-Agent: claude-cli/2";

#[tokio::test]
async fn a_blocked_header_never_leaves_until_its_rule_is_off() {
    let (mock, mut settings) = one().await;
    settings.routing.request_header_rules = vec![rule("user-agent", HeaderAction::Block, "", "")];
    let net = net_of(mock, &settings);
    ask(net.addr, &post("/v1/messages", &[AGENT], BODY)).await;
    assert_eq!(net.mock.received()[0].header("user-agent"), None);
    settings.routing.request_header_rules[0].enabled = false;
    reload(&net, &settings);
    ask(net.addr, &post("/v1/messages", &[AGENT], BODY)).await;
    assert_eq!(
        net.mock.received()[1].header("user-agent"),
        Some("claude-cli/2")
    );
    let record = net.records.started.lock();
    assert!(
        record
            .iter()
            .all(|one| one.headers.contains_key("user-agent")),
        "captured as received"
    );
}

#[tokio::test]
async fn rules_set_and_replace_in_order_both_ways_and_the_sent_view_shows_it() {
    let (mock, mut settings) = one().await;
    settings.routing.request_header_rules = vec![
        rule("x-a", HeaderAction::Set, "", "1"),
        rule("x-b", HeaderAction::Replace, "foo", "bar"),
        rule("x-a", HeaderAction::Replace, "1", "2"),
        rule("content-length", HeaderAction::Set, "", "1"),
    ];
    settings.routing.response_header_rules = vec![
        rule("x-from", HeaderAction::Replace, "up", "down"),
        rule("x-new", HeaderAction::Set, "", "yes"),
        rule("x-gone", HeaderAction::Block, "", ""),
    ];
    let net = net_of(mock, &settings);
    let reply = || {
        Raw::new(200)
            .header("x-from", "upstream")
            .header("x-gone", "1")
            .body("{}")
    };
    net.mock.push(reply());
    let answer = ask(net.addr, &post("/v1/messages", &["X-B: foo,foo"], BODY)).await;
    assert_eq!(answer.header("x-from"), Some("downstream"));
    assert_eq!(answer.header("x-new"), Some("yes"));
    assert_eq!(answer.header("x-gone"), None);
    let received = net.mock.received().remove(0);
    assert_eq!(received.header("x-a"), Some("2"));
    assert_eq!(received.header("x-b"), Some("bar,bar"));
    assert_eq!(received.body, BODY, "framing is left alone");
    let ended = net.records.ended(1).await;
    assert_eq!(ended.headers["x-from"], "upstream", "captured as received");
    let sent = ended.sent.unwrap();
    assert_eq!(sent.headers["x-a"], "2");
    assert_eq!(net.records.started.lock()[0].headers["x-b"], "foo,foo");
}

#[tokio::test]
async fn models_go_to_the_provider_of_their_prefix_whatever_it_speaks() {
    let provider = |name: &str, kind: &str| {
        format!(
            "  - {{name: {name}, type: {kind}, base_url: \"{{{name}}}\", keys: [{{key: k}}]}}\n"
        )
    };
    let yaml = format!(
        "routing:\n  strategy: model_based\n  debug: true\n  default_provider: u3\n  \
         model_mapping: {{gpt-: u1, o1: u1, o3: u1, o4: u1, claude-: u2}}\n\
         providers:\n{}{}{}",
        provider("u1", "openai"),
        provider("u2", "anthropic"),
        provider("u3", "zai")
    );
    let rig = rig(3, &yaml).await;
    for (model, expected) in [
        ("gpt-5.2", "u1"),
        ("o1", "u1"),
        ("o3-mini", "u1"),
        ("o4-mini", "u1"),
        ("claude-sonnet-4-5", "u2"),
        ("glm-5", "u3"),
    ] {
        let body = format!(
            r#"{{"model":"{model}","max_tokens":1,"messages":[{{"role":"user","content":"x"}}]}}"#
        );
        let answer = rig.send(&[], body.as_bytes()).await;
        assert_eq!(
            answer.header("x-cc-relay-provider"),
            Some(expected),
            "{model}"
        );
    }
}

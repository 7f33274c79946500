//! Each type of provider as it is asked over the wire: address, credential, body.

use weir_core::config::{self, Format, SourceText};
use weir_mock::Received;

use crate::net::{Answer, BODY, ask, post};
use crate::rig::{Rig, rig};

const STREAM: &[u8] =
    br#"{"model":"m1","stream":true,"max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
/// What a client must see of a body that is passed on: numbers and letters that no JSON library
/// writes back as they were.
const ODD: &[u8] = br#"{ "model" : "m1", "max_tokens": 16, "n": 12345678901234567890, "s": "<a>&\u0041", "messages": [{"role":"user","content":"hi"}] }"#;
const HIDDEN: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A gateway with the one provider of these lines, at a mock.
async fn one(kind: &str, lines: &str) -> Rig {
    one_of("", kind, lines).await
}

async fn one_of(top: &str, kind: &str, lines: &str) -> Rig {
    let mut yaml = format!("{top}providers:\n  - name: p\n    type: {kind}\n");
    if !lines.contains("base_url") {
        yaml += "    base_url: \"{u1}\"\n";
    }
    for line in lines.lines() {
        yaml += &format!("    {}\n", line.trim_start());
    }
    rig(1, &yaml).await
}

/// What the mock got, which must be one model turn and nothing else.
fn the_one(rig: &Rig) -> Received {
    let mut received = rig.mocks[0].received();
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

/// Sends it and returns what the mock got.
async fn sent(rig: &Rig, path: &str, headers: &[&str], body: &[u8]) -> (Answer, Received) {
    let answer = ask(rig.net.addr, &post(path, headers, body)).await;
    assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
    (answer, the_one(rig))
}

const JSON: &str = "Content-Type: application/json";

#[tokio::test]
async fn zai_gets_the_clients_bytes_with_its_own_key() {
    let rig = one("zai", "base_url: \"{u1}/pre\"\nkeys: [{key: k-z1}]").await;
    let headers = [
        JSON,
        "X-Custom: foo",
        "X-Selected-Key: no",
        "anthropic-version: 2023-06-01",
        "anthropic-beta: a,b",
        "Authorization: Bearer mine",
        "x-api-key: mine",
    ];
    let (_, seen) = sent(&rig, "/v1/messages?beta=true&x=1", &headers, ODD).await;
    assert_eq!(seen.target, "/pre/v1/messages?beta=true&x=1");
    assert_eq!(seen.body, ODD);
    let got = |name: &str| seen.header(name).unwrap_or_default().to_owned();
    assert_eq!(got("x-api-key"), "k-z1");
    assert_eq!(got("authorization"), "");
    assert_eq!(got("content-type"), "application/json");
    assert_eq!(got("anthropic-version"), "2023-06-01");
    assert_eq!(got("anthropic-beta"), "a,b");
    assert_eq!(got("x-custom"), "foo");
    assert_eq!(got("x-selected-key"), "");
}

#[tokio::test]
async fn anthropic_gets_the_clients_own_credential_as_it_came() {
    let rig = one("anthropic", "keys: [{key: ours}]").await;
    let headers = [JSON, "Authorization: Bearer sub"];
    let (answer, seen) = sent(&rig, "/v1/messages", &headers, BODY).await;
    assert_eq!(seen.header("authorization"), Some("Bearer sub"));
    assert_eq!(seen.header("x-api-key"), None);
    assert_eq!(answer.header("x-cc-relay-key-id"), None);
}

#[tokio::test]
async fn anthropic_gets_our_key_when_the_client_has_none_of_its_own() {
    let gate = "auth:\n  api_key: pk\n";
    let cases: [(&str, &[&str]); 4] = [
        ("", &[JSON]),
        ("", &[JSON, "Authorization: Bearer managed-by-cc-relay"]),
        (gate, &[JSON, "x-api-key: pk"]),
        (
            gate,
            &[
                JSON,
                "x-api-key: pk",
                "Authorization: Bearer managed-by-cc-relay",
            ],
        ),
    ];
    for (top, headers) in cases {
        let rig = one_of(top, "anthropic", "keys: [{key: ours}]").await;
        let (_, seen) = sent(&rig, "/v1/messages", headers, BODY).await;
        assert_eq!(seen.header("x-api-key"), Some("ours"), "{headers:?}");
        assert_eq!(seen.header("authorization"), None, "{headers:?}");
    }
}

#[tokio::test]
async fn minimax_gets_its_key_as_bearer() {
    let rig = one("minimax", "keys: [{key: k}]").await;
    let (_, seen) = sent(&rig, "/v1/messages", &[JSON, "x-api-key: mine"], BODY).await;
    assert_eq!(seen.header("authorization"), Some("Bearer k"));
    assert_eq!(seen.header("x-api-key"), None);
}

#[tokio::test]
async fn ollama_is_asked_without_any_key() {
    let rig = one("ollama", "").await;
    let (_, seen) = sent(&rig, "/v1/messages", &[JSON], BODY).await;
    assert_eq!(seen.credential(), None);
}

#[tokio::test]
async fn a_client_cannot_have_the_providers_key_taken_out_on_the_way() {
    for (kind, path, header, expected) in [
        ("zai", "/v1/messages", "x-api-key", "k-1"),
        (
            "openai",
            "/v1/chat/completions",
            "authorization",
            "Bearer k-1",
        ),
    ] {
        let yaml = format!(
            "providers:\n  - {{name: u1, type: {kind}, base_url: \"{{u1}}\", keys: [{{key: k-1}}]}}\n"
        );
        let rig = rig(1, &yaml).await;
        let named = "Connection: Authorization, X-Api-Key, Content-Type";
        let body = BODY;
        let answer = ask(rig.net.addr, &post(path, &[named, JSON], body)).await;
        assert_eq!(answer.status, 200, "{kind}");
        let received = rig.mocks[0].received().remove(0);
        assert_eq!(received.header(header), Some(expected), "{kind}");
        assert_eq!(received.header("connection"), None, "{kind}");
    }
}

#[tokio::test]
async fn a_mapped_model_changes_its_value_and_no_other_byte() {
    let rig = one("zai", "keys: [{key: k}]\nmodel_mapping: {m1: GLM-5}").await;
    let (_, seen) = sent(&rig, "/v1/messages", &[JSON], ODD).await;
    let expected = String::from_utf8_lossy(ODD).replacen("\"m1\"", "\"GLM-5\"", 1);
    assert_eq!(seen.body, expected.as_bytes());
    assert_eq!(
        seen.header("content-length"),
        Some(&*expected.len().to_string())
    );
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider() {
    let rig = one("zai", "keys: [{key: k}]").await;
    let path = "/v1/messages/count_tokens?beta=true";
    let (_, seen) = sent(&rig, path, &[JSON], BODY).await;
    assert_eq!(seen.target, path);
}

#[tokio::test]
async fn azure_gets_messages_below_anthropic() {
    let rig = one(
        "azure",
        "azure_resource_name: r\nbase_url: \"{u1}\"\nkeys: [{key: k}]",
    )
    .await;
    let answer = ask(rig.net.addr, &post("/v1/messages", &[JSON], BODY)).await;
    assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
    let seen = the_one(&rig);
    assert_eq!(seen.target, "/anthropic/v1/messages");
    assert_eq!(seen.header("x-api-key"), Some("k"));
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(seen.body, BODY);
}

#[tokio::test]
async fn azure_gets_a_token_of_entra_id_once_for_many_requests() {
    let rig = one(
        "azure",
        "azure_resource_name: r\nbase_url: \"{u1}\"\nazure_tenant_id: t\nazure_client_id: c\n\
         azure_client_secret: s\nazure_authority: \"{u1}\"",
    )
    .await;
    for _ in 0..2 {
        let answer = ask(rig.net.addr, &post("/v1/chat/completions", &[JSON], BODY)).await;
        assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
    }
    assert_eq!(rig.mocks[0].tokens_issued(), 1);
    let turns: Vec<Received> = rig.mocks[0]
        .received()
        .into_iter()
        .filter(|seen| seen.path() == "/openai/v1/chat/completions")
        .collect();
    assert_eq!(turns.len(), 2);
    for turn in turns {
        let token = turn.header("authorization").unwrap_or_default();
        assert!(token.ends_with(".mock-1"), "{token}");
    }
}

/// A gateway before Vertex, with a person's credentials of the mock's own.
async fn vertex() -> (Rig, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("credentials.json");
    let rig = one(
        "vertex",
        &format!(
            "base_url: \"{{u1}}\"\ngcp_project_id: P\ngcp_region: R\nmodel_mapping: {{m1: m@1}}\n\
             gcp_credentials_file: \"{}\"",
            file.display()
        ),
    )
    .await;
    let credentials = serde_json::json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "s",
        "refresh_token": "r", "token_uri": format!("{}/token", rig.mocks[0].url()),
    });
    std::fs::write(file, credentials.to_string()).unwrap();
    (rig, directory)
}

#[tokio::test]
async fn vertex_gets_a_token_and_the_model_in_the_path() {
    let (rig, _directory) = vertex().await;
    let models = "/v1/projects/P/locations/R/publishers/anthropic/models";
    let cases: [(&[u8], &str); 2] = [(ODD, "rawPredict"), (STREAM, "streamRawPredict")];
    for (body, verb) in cases {
        let headers = [JSON, "anthropic-version: 2023-06-01", "x-api-key: mine"];
        let answer = ask(
            rig.net.addr,
            &post("/v1/messages?beta=true", &headers, body),
        )
        .await;
        assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
        let seen = rig.mocks[0].received().pop().unwrap();
        assert_eq!(seen.target, format!("{models}/m@1:{verb}"));
        assert_eq!(seen.header("authorization"), Some("Bearer ya29.mock-1"));
        assert_eq!(seen.header("anthropic-version"), None);
        assert_eq!(seen.header("x-api-key"), None);
        let sent = seen.json();
        assert_eq!(sent["anthropic_version"], "vertex-2023-10-16");
        assert_eq!(sent.get("model"), None);
    }
    assert_eq!(rig.mocks[0].tokens_issued(), 1);
}

#[tokio::test]
async fn vertex_counts_tokens() {
    let (rig, _directory) = vertex().await;
    let path = "/v1/messages/count_tokens";
    let answer = ask(rig.net.addr, &post(path, &[JSON], ODD)).await;
    assert_eq!(answer.status, 200, "{}", crate::net::text(&answer.body));
    let seen = rig.mocks[0].received().pop().unwrap();
    assert!(seen.path().ends_with("/models/count-tokens:rawPredict"));
    assert_eq!(seen.json()["model"], "m@1");
}

#[tokio::test]
async fn a_credential_that_cannot_be_had_is_a_502_that_says_where_was_looked() {
    let (rig, directory) = vertex().await;
    drop(directory);
    let answer = ask(rig.net.addr, &post("/v1/messages", &[JSON], BODY)).await;
    assert_eq!(answer.status, 502);
    let message = answer.json()["error"]["message"].to_string();
    assert!(
        message.contains("the credentials file of the settings is not there"),
        "{message}"
    );
    assert!(rig.mocks[0].received().is_empty());
}

async fn bedrock() -> Rig {
    one(
        "bedrock",
        &format!(
            "base_url: \"{{u1}}\"\naws_region: us-east-1\naws_access_key_id: AKIDEXAMPLE\n\
             aws_secret_access_key: \"{HIDDEN}\"\n\
             model_mapping: {{m1: \"us.anthropic.claude-v1:0\"}}"
        ),
    )
    .await
}

#[tokio::test]
async fn bedrock_is_invoked_with_a_signature_over_what_is_sent() {
    let rig = bedrock().await;
    let headers = [
        JSON,
        "anthropic-version: 2023-06-01",
        "anthropic-beta: one,two",
        "X-Forwarded-For: 10.1.1.1",
        "x-api-key: mine",
    ];
    let (answer, seen) = sent(&rig, "/v1/messages?beta=true", &headers, ODD).await;
    assert_eq!(seen.target, "/model/us.anthropic.claude-v1%3A0/invoke");
    let signed = seen.sigv4("AKIDEXAMPLE", HIDDEN).unwrap();
    assert_eq!(
        (&*signed.service, &*signed.region),
        ("bedrock", "us-east-1")
    );
    assert_eq!(signed.headers, ["content-type", "host", "x-amz-date"]);
    for gone in [
        "anthropic-version",
        "anthropic-beta",
        "x-forwarded-for",
        "x-api-key",
    ] {
        assert_eq!(seen.header(gone), None, "{gone}");
    }
    let body = seen.json();
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert_eq!(body["anthropic_beta"], serde_json::json!(["one", "two"]));
    assert_eq!((body.get("model"), body.get("stream")), (None, None));
    assert!(crate::net::text(&seen.body).contains("12345678901234567890"));
    assert_eq!(answer.json()["type"], "message");
}

#[tokio::test]
async fn bedrocks_frames_become_the_clients_events() {
    let rig = bedrock().await;
    let (answer, seen) = sent(&rig, "/v1/messages", &[JSON], STREAM).await;
    assert_eq!(
        seen.target,
        "/model/us.anthropic.claude-v1%3A0/invoke-with-response-stream"
    );
    assert!(seen.sigv4_ok("AKIDEXAMPLE", HIDDEN));
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/event-stream"), "{kind}");
    let text = crate::net::text(&answer.body);
    let events: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(events.first(), Some(&"message_start"), "{text}");
    assert_eq!(events.last(), Some(&"message_stop"), "{text}");
    assert!(answer.whole);
}

#[tokio::test]
async fn bedrock_counts_no_tokens_and_says_so_in_the_clients_dialect() {
    let rig = bedrock().await;
    let path = "/v1/messages/count_tokens";
    let answer = ask(rig.net.addr, &post(path, &[JSON], BODY)).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"]["type"], "not_found_error");
    assert!(rig.mocks[0].received().is_empty());
}

#[test]
fn every_example_of_the_page_about_providers_can_be_loaded() {
    let page = include_str!("../../../../docs/providers.md");
    let examples = page.split("```yaml\n").skip(1);
    let mut count = 0;
    for example in examples {
        let text = example.split("```").next().unwrap();
        let source = SourceText {
            name: "weir.yaml",
            format: Format::Yaml,
            text,
        };
        // Every variable that the page uses is a key; each must differ.
        let is_key = |name: &str| name.contains("KEY") && !name.contains("ENCRYPTION");
        let variable = |name: &str| is_key(name).then(|| format!("value-of-{name}"));
        if let Err(faults) = config::load(Some(source), &variable, &[]) {
            panic!("{text}\n{}", faults[0]);
        }
        count += 1;
    }
    assert_eq!(count, 11, "one above all, and one for each section");
}

//! Anthropic's models on Vertex AI.

use serde_json::{Value, json};
use weir_core::settings::{Cloud, Gcp};
use weir_wire::errors::ErrorKind;

use super::*;
use crate::credentials::testing::{Server, env};
use crate::provider::vertex::Vertex;

fn vertex() -> Provider {
    let mut provider = provider(
        ProviderKind::Vertex,
        "https://us-east5-aiplatform.googleapis.com",
    );
    provider.cloud = Cloud::Gcp(Gcp {
        project_id: "my-project".to_owned(),
        region: "us-east5".to_owned(),
        credentials_file: None,
    });
    provider
        .model_mapping
        .insert("m1".to_owned(), "m@1".to_owned());
    provider
}

const MODELS: &str = "/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/";

fn out(asking: Asking) -> Outbound {
    shaped(&*api(&Arc::new(vertex())).unwrap(), asking).unwrap()
}

fn body(outbound: &Outbound) -> Value {
    serde_json::from_str(&text(outbound)).unwrap()
}

#[test]
fn a_turn_goes_to_raw_predict() {
    let out = out(Asking::post("/v1/messages?beta=true", MESSAGE).with(&[
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "a,b"),
    ]));
    assert_eq!(out.uri.path(), format!("{MODELS}m@1:rawPredict"));
    assert_eq!(out.uri.query(), None);
    let body = body(&out);
    assert_eq!(body["anthropic_version"], "vertex-2023-10-16");
    assert_eq!(body.get("model"), None);
    assert!(text(&out).contains("12345678901234567890"));
    assert!(!out.headers.contains_key("anthropic-version"));
    assert_eq!(header(&out, "anthropic-beta"), "a,b");
}

#[test]
fn a_stream_goes_to_stream_raw_predict() {
    let out = out(Asking::post("/v1/messages", STREAM));
    assert_eq!(out.uri.path(), format!("{MODELS}m@1:streamRawPredict"));
}

#[test]
fn tokens_are_counted_for_the_model_in_the_body() {
    let out = out(Asking::post("/v1/messages/count_tokens?beta=true", MESSAGE));
    assert_eq!(out.uri.path(), format!("{MODELS}count-tokens:rawPredict"));
    assert_eq!(body(&out)["model"], "m@1");
}

#[test]
fn what_it_has_not_is_a_404_and_a_missing_model_a_400() {
    let batches = unfit(vertex(), Asking::post("/v1/messages/batches", "{}"));
    assert_eq!(batches.kind, ErrorKind::NotFound);
    let nameless = unfit(
        vertex(),
        Asking::post("/v1/messages", r#"{"max_tokens":1}"#),
    );
    assert_eq!(nameless.kind, ErrorKind::InvalidRequest);
    assert_eq!(nameless.message, "`model`: missing");
}

#[tokio::test]
async fn a_token_is_sent_without_any_key() {
    let server = Server::start(|_| {
        let body = json!({ "access_token": "ya29.x", "expires_in": 3599 });
        (200, body.to_string())
    })
    .await;
    let env = env(&[("GCE_METADATA_HOST", server.host())]);
    let api = Vertex::with_env(Arc::new(vertex()), env).unwrap();
    let asking = Asking::post("/v1/messages", MESSAGE);
    for _ in 0..2 {
        let mut out = shaped(&api, asking).unwrap();
        api.sign(&mut out, None).done().await.unwrap();
        assert_eq!(header(&out, "authorization"), "Bearer ya29.x");
        assert!(out.headers["authorization"].is_sensitive());
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn without_a_token_the_request_is_not_sent() {
    let server = Server::start(|_| (404, String::new())).await;
    let env = env(&[("GCE_METADATA_HOST", server.host())]);
    let api = Vertex::with_env(Arc::new(vertex()), env).unwrap();
    let mut out = shaped(&api, Asking::post("/v1/messages", MESSAGE)).unwrap();
    let error = api.sign(&mut out, None).done().await.unwrap_err();
    assert!(
        error.to_string().starts_with("no Google credentials: "),
        "{error}"
    );
    assert!(!out.headers.contains_key("authorization"));
}

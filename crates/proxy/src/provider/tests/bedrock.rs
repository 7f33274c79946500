//! Anthropic's models on Bedrock.

use http::StatusCode;
use serde_json::{Value, json};
use weir_core::settings::{Aws, Cloud};
use weir_wire::errors::ErrorKind;

use super::*;
use crate::credentials::aws::sigv4::tests::{ByHand, SECRET};
use crate::credentials::testing::{Server, env};
use crate::provider::Form;
use crate::provider::bedrock::Bedrock;

const MODEL: &str = "anthropic.claude-v1:0";
const HOST: &str = "bedrock-runtime.us-east-1.amazonaws.com";

fn bedrock(aws: Aws) -> Provider {
    let mut provider = provider(ProviderKind::Bedrock, &format!("https://{HOST}"));
    provider.cloud = Cloud::Aws(Aws {
        region: "us-east-1".to_owned(),
        ..aws
    });
    provider
        .model_mapping
        .insert("m1".to_owned(), MODEL.to_owned());
    provider
}

fn with_keys() -> Provider {
    bedrock(Aws {
        access_key_id: Some(Secret::new("AKIDEXAMPLE")),
        secret_access_key: Some(Secret::new(SECRET)),
        ..Aws::default()
    })
}

fn out(asking: Asking) -> Outbound {
    shaped(&*api(&Arc::new(with_keys())).unwrap(), asking).unwrap()
}

fn body(outbound: &Outbound) -> Value {
    serde_json::from_str(&text(outbound)).unwrap()
}

#[test]
fn a_turn_is_invoked_with_model_and_version_moved() {
    let out = out(Asking::post("/v1/messages?beta=true", MESSAGE).with(&[
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "one, two"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-amz-security-token", "not mine"),
        ("accept-encoding", "gzip"),
        ("user-agent", "claude-cli"),
    ]));
    assert_eq!(
        out.uri,
        *format!("https://{HOST}/model/anthropic.claude-v1%3A0/invoke")
    );
    let body = body(&out);
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert_eq!(body["anthropic_beta"], json!(["one", "two"]));
    assert_eq!(body.get("model"), None);
    assert_eq!(body.get("stream"), None);
    assert!(text(&out).contains("12345678901234567890"));
    let mut names: Vec<_> = out.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-type", "user-agent"]);
}

#[test]
fn a_stream_is_invoked_as_one() {
    let out = out(Asking::post("/v1/messages", STREAM));
    assert_eq!(
        out.uri.path(),
        "/model/anthropic.claude-v1%3A0/invoke-with-response-stream"
    );
    assert_eq!(body(&out).get("stream"), None);
}

#[test]
fn an_arn_is_one_part_of_the_path() {
    let mut provider = with_keys();
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x";
    provider
        .model_mapping
        .insert("m1".to_owned(), arn.to_owned());
    let api = api(&Arc::new(provider)).unwrap();
    let out = shaped(&*api, Asking::post("/v1/messages", MESSAGE)).unwrap();
    assert_eq!(
        out.uri.path(),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x/invoke"
    );
}

#[test]
fn it_counts_no_tokens() {
    let asking = Asking::post("/v1/messages/count_tokens", MESSAGE);
    let unfit = unfit(with_keys(), asking);
    assert_eq!(unfit.kind, ErrorKind::NotFound);
    assert_eq!(
        unfit.message,
        "a provider of type `bedrock` has no `count_tokens` operation"
    );
    let api = api(&Arc::new(with_keys())).unwrap();
    let dialect = weir_wire::dialect::Dialect::AnthropicMessages;
    assert!(!api.serves(dialect, weir_wire::dialect::Operation::CountTokens));
}

/// The signature of what is sent, checked from the words of the standard.
#[tokio::test]
async fn a_request_without_any_key_is_signed_last() {
    let api = Bedrock::with_env(Arc::new(with_keys()), env(&[])).unwrap();
    let asking = Asking::post("/v1/messages", MESSAGE);
    for _ in 0..2 {
        let mut out = shaped(&api, asking).unwrap();
        api.sign(&mut out, None).done().await.unwrap();
        let body = out.body.to_bytes();
        let by_hand = ByHand {
            host: HOST,
            canonical_path: "/model/anthropic.claude-v1%253A0/invoke",
            date: header(&out, "x-amz-date"),
            body: &body,
        };
        assert_eq!(header(&out, "authorization"), by_hand.authorization());
    }
}

#[tokio::test]
async fn a_session_token_is_sent_and_signed() {
    let env = env(&[
        ("AWS_ACCESS_KEY_ID", "ASIA"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SESSION_TOKEN", "t"),
    ]);
    let api = Bedrock::with_env(Arc::new(bedrock(Aws::default())), env).unwrap();
    let mut out = shaped(&api, Asking::post("/v1/messages", MESSAGE)).unwrap();
    api.sign(&mut out, None).done().await.unwrap();
    assert_eq!(header(&out, "x-amz-security-token"), "t");
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,";
    assert!(header(&out, "authorization").contains(signed));
}

#[test]
fn an_api_key_goes_as_bearer_at_once() {
    let aws = Aws {
        bearer_token: Some(Secret::new("ABSKx")),
        ..Aws::default()
    };
    let out = sent(bedrock(aws), "", Asking::post("/v1/messages", MESSAGE));
    assert_eq!(header(&out, "authorization"), "Bearer ABSKx");
    assert!(!out.headers.contains_key("x-amz-date"));
}

#[tokio::test]
async fn without_credentials_the_request_is_not_sent() {
    let nobody = Server::start(|_| (500, String::new())).await;
    let env = env(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &nobody.address)]);
    let api = Bedrock::with_env(Arc::new(bedrock(Aws::default())), env).unwrap();
    let mut out = shaped(&api, Asking::post("/v1/messages", MESSAGE)).unwrap();
    let error = api.sign(&mut out, None).done().await.unwrap_err();
    assert!(
        error.to_string().starts_with("no AWS credentials: "),
        "{error}"
    );
    assert!(!out.headers.contains_key("authorization"));
}

#[test]
fn only_amazons_frames_are_taken_for_such() {
    let api = api(&Arc::new(with_keys())).unwrap();
    let form = |kind: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(kind));
        api.form(StatusCode::OK, &headers)
    };
    assert_eq!(
        form("application/vnd.amazon.eventstream"),
        Form::AwsEventStream
    );
    assert_eq!(form("application/json"), Form::AsIs);
    assert_eq!(api.form(StatusCode::OK, &HeaderMap::new()), Form::AsIs);
}

//! The clouds: Bedrock's frames, Vertex's and Azure's paths, and where credentials come from.

use std::time::Duration;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use weir_mock::Mock;

use crate::client::{Api, Reply, mock, post, raw, tell};

const MODEL: &str = "us.anthropic.claude-x-v1%3A0";

fn turn() -> Value {
    json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}]})
}

async fn bedrock(mock: &Mock, call: &str, scenario: &str) -> Reply {
    let target = format!("/model/{MODEL}/{call}");
    let headers = [("x-mock-scenario", scenario)];
    raw(mock, &post(&target, &headers, &turn().to_string())).await
}

/// The frames of a stream; an error in the place of what cannot be read.
fn frames(body: &[u8]) -> Vec<Result<Message, String>> {
    let mut decoder = MessageFrameDecoder::new();
    let mut rest = body;
    let mut frames = Vec::new();
    loop {
        match decoder.decode_frame(&mut rest) {
            Ok(DecodedFrame::Complete(message)) => frames.push(Ok(message)),
            Ok(DecodedFrame::Incomplete) => return frames,
            Err(error) => {
                frames.push(Err(error.to_string()));
                return frames;
            }
        }
    }
}

fn field(message: &Message, name: &str) -> String {
    let header = message
        .headers()
        .iter()
        .find(|header| header.name().as_str() == name);
    let value = header.unwrap().value().as_string().unwrap();
    value.as_str().to_owned()
}

fn inner(message: &Message) -> Value {
    assert_eq!(field(message, ":event-type"), "chunk");
    assert_eq!(field(message, ":message-type"), "event");
    assert_eq!(field(message, ":content-type"), "application/json");
    let payload: Value = serde_json::from_slice(message.payload()).unwrap();
    let bytes = STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn bedrock_answers_with_one_body() {
    let mock = mock().await;
    let reply = bedrock(&mock, "invoke", "tools,output=7").await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("x-amzn-bedrock-output-token-count"), Some("7"));
    assert!(reply.header("x-amzn-requestid").is_some());
    assert!(reply.header("anthropic-ratelimit-requests-limit").is_none());
    let body = reply.json();
    assert!(body["id"].as_str().unwrap().starts_with("msg_bdrk_01"));
    assert_eq!(body["model"], "us.anthropic.claude-x-v1:0");
    let call = body["content"][0]["id"].as_str().unwrap();
    assert!(call.starts_with("toolu_bdrk_01"), "{call}");
    let counted = tell(&mock, &format!("/model/{MODEL}/count-tokens"), &turn()).await;
    assert!(counted.json()["inputTokens"].is_u64());
}

#[tokio::test]
async fn bedrock_streams_the_same_turn_in_frames() {
    let mock = mock().await;
    let scenario = "text,text=\"One two three\",output=7";
    let reply = bedrock(&mock, "invoke-with-response-stream", scenario).await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/vnd.amazon.eventstream")
    );
    assert!(reply.is_whole);
    let events: Vec<Value> = frames(&reply.body())
        .iter()
        .map(|frame| inner(frame.as_ref().unwrap()))
        .collect();
    let types: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    let delta = "content_block_delta";
    assert_eq!(
        types,
        [
            "message_start",
            "content_block_start",
            delta,
            delta,
            delta,
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let metrics = &events[7]["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["outputTokenCount"], 7);
    assert_eq!(reply.chunks.len(), 8, "each frame is a write of its own");
}

#[tokio::test]
async fn bedrock_streams_break_by_exception_corruption_and_cut() {
    let mock = mock().await;
    let stream = "invoke-with-response-stream";
    let hidden = bedrock(&mock, stream, "error_200,status=429,message=\"too many\"").await;
    let all = frames(&hidden.body());
    let exception = all[0].as_ref().unwrap();
    assert_eq!((hidden.status(), all.len()), (200, 1));
    assert_eq!(field(exception, ":message-type"), "exception");
    assert_eq!(field(exception, ":exception-type"), "throttlingException");
    assert_eq!(&exception.payload()[..], br#"{"message":"too many"}"#);
    let named = bedrock(
        &mock,
        stream,
        "stream_error,after=2,type=modelStreamErrorException",
    )
    .await;
    let all = frames(&named.body());
    assert_eq!(all.len(), 3);
    let last = all[2].as_ref().unwrap();
    assert_eq!(field(last, ":exception-type"), "modelStreamErrorException");
    let corrupt = bedrock(&mock, stream, "corrupt,after=1").await;
    let all = frames(&corrupt.body());
    assert!(all[0].is_ok() && all[1].is_err() && corrupt.is_whole);
    let cut = bedrock(&mock, stream, "drop,mode=line,after=2").await;
    assert_eq!(
        frames(&cut.body()).len(),
        1,
        "the second frame is half there"
    );
    assert!(!cut.is_whole);
    let bytes = bedrock(&mock, stream, "text,split=byte").await;
    assert!(frames(&bytes.body()).iter().all(Result::is_ok));
}

#[tokio::test]
async fn bedrock_refuses_as_aws_does() {
    let mock = mock().await;
    for (scenario, kind) in [
        ("400", "ValidationException"),
        ("403", "AccessDeniedException"),
        ("429", "ThrottlingException"),
        ("503", "ServiceUnavailableException"),
        (
            "error,status=403,type=expiredTokenException",
            "ExpiredTokenException",
        ),
    ] {
        let reply = bedrock(&mock, "invoke", scenario).await;
        let stated = reply.header("x-amzn-errortype").unwrap();
        assert!(stated.starts_with(&format!("{kind}:http")), "{stated}");
        assert!(reply.json()["message"].is_string());
        assert!(reply.json().get("type").is_none());
    }
    let reply = bedrock(&mock, "converse", "text").await;
    assert_eq!(reply.status(), 404);
}

#[tokio::test]
async fn vertex_speaks_anthropic_and_fails_like_google() {
    let mock = mock().await;
    let call = |call: &str| {
        format!("/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-x@1:{call}")
    };
    let whole = tell(&mock, &call("rawPredict"), &turn()).await.json();
    assert_eq!(whole["model"], "claude-x@1");
    assert!(whole["id"].as_str().unwrap().starts_with("msg_vrtx_01"));
    let stream = tell(&mock, &call("streamRawPredict"), &turn()).await.text();
    assert!(stream.starts_with("event: message_start\n") && stream.contains("message_stop"));
    let failed = |status: &'static str| {
        let request = post(&call("rawPredict"), &[("x-mock-scenario", status)], "{}");
        let mock = &mock;
        async move { raw(mock, &request).await.json() }
    };
    assert_eq!(failed("429").await["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(
        failed("400").await["error"]["type"],
        "invalid_request_error"
    );
    let counting = call("rawPredict").replace("claude-x@1", "count-tokens@20240923");
    assert!(tell(&mock, &counting, &turn()).await.json()["input_tokens"].is_u64());
    let gemini =
        "/v1/projects/p/locations/global/publishers/google/models/gemini-x:generateContent";
    let body = Api::Gemini.body("hi", false);
    let reply = tell(&mock, gemini, &body).await.json();
    assert!(reply["candidates"].is_array());
}

#[tokio::test]
async fn base_paths_before_the_api_are_understood() {
    let mock = mock().await;
    for (target, api) in [
        ("/anthropic/v1/messages?beta=true", Api::Anthropic),
        ("/api/anthropic/v1/messages", Api::Anthropic),
        ("/openai/v1/chat/completions?api-version=preview", Api::Chat),
        ("/openai/v1/responses", Api::Responses),
        (
            "/openai/deployments/gpt-x/chat/completions?api-version=2024-10-21",
            Api::Chat,
        ),
        ("/v1beta/openai/chat/completions", Api::Chat),
    ] {
        let reply = tell(&mock, target, &api.body("hi", false)).await;
        assert_eq!(reply.status(), 200, "{target}");
        let expected = if target.contains("gpt-x") {
            "gpt-x"
        } else {
            "m"
        };
        let model = &reply.json()["model"];
        assert!(model == expected || model == "m", "{target}: {model}");
    }
    let echo = post(
        "/pre/v1/messages?beta=true&x=1",
        &[("x-mock-scenario", "echo")],
        "{\"a\":1}",
    );
    let reply = raw(&mock, &echo).await.json();
    assert_eq!(reply["path"], "/pre/v1/messages");
    assert_eq!(reply["query"], "beta=true&x=1");
    assert_eq!(reply["json"], json!({"a": 1}));
    assert_eq!(reply["headers"][0], json!(["Host", "mock"]));
}

async fn send(mock: &Mock, line: &str, headers: &[&str], body: &str) -> Reply {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    );
    raw(mock, request.as_bytes()).await
}

#[tokio::test]
async fn google_hands_out_numbered_tokens_with_the_chosen_lifetime() {
    let mock = mock().await;
    mock.set_token_lifetime(Duration::from_secs(77));
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=x";
    let token = send(&mock, "POST /token", &[], form).await.json();
    assert_eq!(
        token,
        json!({"access_token": "ya29.mock-1", "expires_in": 77, "token_type": "Bearer"})
    );
    let exchanged = send(&mock, "POST /v1/token", &[], form).await.json();
    assert_eq!(exchanged["access_token"], "ya29.mock-2");
    assert!(exchanged["issued_token_type"].is_string());
    let account = "/v1/projects/-/serviceAccounts/a@b:generateAccessToken";
    let lent = send(&mock, &format!("POST {account}"), &[], "{}")
        .await
        .json();
    assert_eq!(lent["accessToken"], "ya29.mock-3");
    assert!(lent["expireTime"].as_str().unwrap().ends_with('Z'));
    let path = "GET /computeMetadata/v1/instance/service-accounts/default/token?scopes=x";
    let flavor = "Metadata-Flavor: Google";
    assert_eq!(send(&mock, path, &[], "").await.status(), 403);
    let machine = send(&mock, path, &[flavor], "").await;
    assert_eq!(machine.header("metadata-flavor"), Some("Google"));
    assert_eq!(machine.json()["access_token"], "ya29.mock-4");
    let project = "GET /computeMetadata/v1/project/project-id";
    let project = send(&mock, project, &[flavor], "").await;
    assert_eq!(project.text(), "mock-project");
    let found = send(&mock, "GET /", &[flavor], "").await;
    assert_eq!(found.header("metadata-flavor"), Some("Google"));
    assert_eq!(mock.tokens_issued(), 4);
    assert_eq!(
        mock.tally().all.failures(),
        0,
        "403 of a metadata server is no turn"
    );
}

#[tokio::test]
async fn entra_wants_a_client_and_a_grant() {
    let mock = mock().await;
    let path = "POST /tenant-1/oauth2/v2.0/token";
    let form = "client_id=a&client_secret=b&grant_type=client_credentials&scope=c";
    let token = send(&mock, path, &[], form).await.json();
    assert_eq!(token["access_token"], "eyJ0eXAiOiJKV1QifQ.mock-1");
    assert_eq!(token["expires_in"], 3600);
    let refused = send(&mock, path, &[], "scope=c").await;
    assert_eq!(
        (refused.status(), &refused.json()["error"]),
        (400, &json!("invalid_request"))
    );
    let denied = "x-mock-scenario: 401";
    assert_eq!(send(&mock, path, &[denied], form).await.status(), 401);
}

#[tokio::test]
async fn an_aws_machine_gives_credentials_only_to_a_session() {
    let mock = mock().await;
    mock.set_token_lifetime(Duration::ZERO);
    let list = "GET /latest/meta-data/iam/security-credentials/";
    assert_eq!(send(&mock, list, &[], "").await.status(), 401);
    let begin = "PUT /latest/api/token";
    assert_eq!(send(&mock, begin, &[], "").await.status(), 400);
    let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 21600";
    let session = send(&mock, begin, &[ttl], "").await.text();
    let session = format!("X-aws-ec2-metadata-token: {session}");
    let role = send(&mock, list, &[&session], "").await.text();
    let given = send(&mock, &format!("{list}{role}"), &[&session], "").await;
    let given = given.json();
    assert_eq!(given["AccessKeyId"], "ASIAMOCK000000000001");
    assert_eq!(given["SecretAccessKey"], "mock-secret-1");
    assert_eq!(given["Token"], "mock-session-1");
    assert_eq!(given["Code"], "Success");
    let region = "GET /latest/meta-data/placement/region";
    assert_eq!(
        send(&mock, region, &[&session], "").await.text(),
        "us-east-1"
    );
    let container = send(&mock, "GET /v2/credentials/abc", &[], "").await.json();
    assert_eq!(container["AccessKeyId"], "ASIAMOCK000000000002");
    assert!(container["RoleArn"].is_string());
    assert!(container["Expiration"].as_str().unwrap().ends_with('Z'));
}

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(status: u16, body: &str) -> (u16, String, String) {
    let failure = read_error(status, body.as_bytes());
    (
        failure.status,
        failure.code.into_owned(),
        failure.message.into_owned(),
    )
}

/// Status, body, code and message.
const ERRORS: &[(u16, &str, &str, &str)] = &[
    (
        404,
        r#"{"error":{"message":"m","type":"t","param":null,"code":"model_not_found"}}"#,
        "model_not_found",
        "m",
    ),
    (
        400,
        r#"{"error":{"message":"m","type":"invalid_request_error","code":null}}"#,
        "invalid_request_error",
        "m",
    ),
    (
        401,
        r#"{"error":{"code":"401","message":"m"}}"#,
        "invalid_api_key",
        "m",
    ),
    (
        429,
        r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#,
        "RESOURCE_EXHAUSTED",
        "m",
    ),
    (404, r#"{"error":"m"}"#, "not_found", "m"),
    (
        400,
        r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
        "BadRequestError",
        "m",
    ),
    (
        422,
        r#"{"detail":[{"loc":["body"],"msg":"m"}]}"#,
        "invalid_request",
        "m",
    ),
    (500, r#"{"errors":[{"message":"m"}]}"#, "server_error", "m"),
    (
        502,
        r#"{"error":{"message":"m","code":502,"metadata":{"raw":"{\"error\":{\"message\":\"why\"}}"}}}"#,
        "server_error",
        "m: why",
    ),
    (
        502,
        "<html><head><title>Bad Gateway</title>",
        "server_error",
        "Bad Gateway",
    ),
    (
        503,
        "\n upstream down \nmore",
        "overloaded",
        "upstream down",
    ),
    (
        500,
        "",
        "server_error",
        "the provider answered with status 500 (Internal Server Error)",
    ),
    (
        400,
        "{}",
        "invalid_request",
        "the provider answered with status 400 (Bad Request)",
    ),
];

#[test]
fn errors_of_many_servers() {
    for &(status, body, code, message) in ERRORS {
        let expected = (status, code.to_owned(), message.to_owned());
        assert_eq!(read(status, body), expected, "{body}");
    }
}

#[test]
fn an_error_in_a_stream_says_its_status_itself() {
    for (body, status) in [
        (r#"{"error":{"code":429,"message":"m"}}"#, 429),
        (r#"{"error":{"code":"503","message":"m"}}"#, 503),
        (
            r#"{"error":{"type":"rate_limit_exceeded","message":"m"}}"#,
            429,
        ),
        (r#"{"error":{"message":"m"}}"#, 500),
        ("", 502),
    ] {
        assert_eq!(read(0, body).0, status, "{body}");
    }
}

fn written(status: u16, code: &'static str, message: &'static str) -> (u16, Value) {
    let (status, body) = write_error(&Failure {
        status,
        code: code.into(),
        message: message.into(),
    });
    let value: Value = serde_json::from_slice(&body).unwrap();
    (status, value["error"].clone())
}

#[test]
fn clients_of_chat_get_errors_in_openais_words() {
    assert_eq!(
        written(529, "overloaded_error", "Overloaded"),
        (
            503,
            json!({"message": "Overloaded", "type": "server_error", "param": null, "code": "overloaded"})
        )
    );
    for (status, code, kind, expected) in [
        (
            401,
            "authentication_error",
            "invalid_request_error",
            "invalid_api_key",
        ),
        (
            400,
            "invalid_request_error",
            "invalid_request_error",
            "invalid_request",
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "rate_limit_error",
            "rate_limit_exceeded",
        ),
        (
            404,
            "model_not_found",
            "invalid_request_error",
            "model_not_found",
        ),
        (500, "api_error", "server_error", "server_error"),
    ] {
        let (same, error) = written(status, code, "m");
        assert_eq!(same, status);
        assert_eq!(
            (error["type"].as_str(), error["code"].as_str()),
            (Some(kind), Some(expected))
        );
    }
    assert_eq!(written(200, "", "").0, 502);
}

#[test]
fn a_prompt_that_is_too_long_is_told_by_its_code() {
    for (code, message) in [
        (
            "invalid_request_error",
            "prompt is too long: 9 tokens > 8 maximum",
        ),
        ("context_length_exceeded", "m"),
        ("too_many_prompt_tokens", "m"),
        (
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
        ),
    ] {
        let (status, error) = written(400, code, message);
        assert_eq!(status, 400);
        assert_eq!(error["code"], "context_length_exceeded", "{code}");
        assert_eq!(error["message"], message);
    }
}

proptest! {
    #[test]
    fn any_body_makes_an_error(status in 0..1000_u16, body in any::<Vec<u8>>()) {
        let failure = read_error(status, &body);
        prop_assert!(!failure.message.is_empty());
        let (status, body) = write_error(&failure);
        prop_assert!((400..600).contains(&status));
        prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
    }
}

use serde_json::Value;

use super::*;

fn read(status: u16, body: &str) -> (u16, String, String) {
    let failure = read_error(status, body.as_bytes());
    let (code, message) = (failure.code.into_owned(), failure.message.into_owned());
    (failure.status, code, message)
}

fn told(failure: &Failure<'_>) -> (u16, Value) {
    let (status, body) = write_error(failure);
    (status, serde_json::from_slice(&body).unwrap())
}

#[test]
fn failures_are_read_in_all_their_shapes() {
    for (status, body, want) in [
        (
            400,
            r#"{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}"#,
            (400, "context_length_exceeded", "too long"),
        ),
        (
            429,
            r#"{"error":{"type":"usage_limit_reached","message":"x","plan_type":"plus","resets_at":1}}"#,
            (429, "usage_limit_reached", "x"),
        ),
        (
            401,
            r#"{"detail":"Unauthorized"}"#,
            (401, "invalid_api_key", "Unauthorized"),
        ),
        (
            422,
            r#"{"detail":[{"msg":"field required"}]}"#,
            (422, "invalid_request_error", "field required"),
        ),
        (500, r#"{"error":"boom"}"#, (500, "server_error", "boom")),
        (
            200,
            r#"{"error":{"code":429,"message":"slow"}}"#,
            (429, "rate_limit_exceeded", "slow"),
        ),
        (
            502,
            "<html>bad gateway</html>",
            (502, "server_error", "the provider failed"),
        ),
        (
            503,
            "",
            (503, "server_is_overloaded", "the provider is overloaded"),
        ),
    ] {
        let (status, code, message) = read(status, body);
        assert_eq!((status, code.as_str(), message.as_str()), want, "{body}");
    }
}

#[test]
fn failures_of_others_are_told_in_openais_words() {
    for (status, code, message, want) in [
        (
            529,
            "overloaded_error",
            "Overloaded",
            (503, "server_error", "server_is_overloaded"),
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 2 > 1",
            (400, "invalid_request_error", "context_length_exceeded"),
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "quota",
            (429, "rate_limit_error", "rate_limit_exceeded"),
        ),
        (
            401,
            "authentication_error",
            "no",
            (401, "invalid_request_error", "invalid_api_key"),
        ),
        (
            404,
            "model_not_found",
            "no",
            (404, "invalid_request_error", "model_not_found"),
        ),
        (
            429,
            "usage_limit_reached",
            "no",
            (429, "usage_limit_reached", "usage_limit_reached"),
        ),
    ] {
        let failure = Failure {
            status,
            code: code.into(),
            message: message.into(),
        };
        let (status, body) = told(&failure);
        let error = &body["error"];
        let (kind, code) = (error["type"].as_str(), error["code"].as_str());
        assert_eq!((status, kind.unwrap(), code.unwrap()), want);
        assert_eq!(error["message"], message);
    }
}

#[test]
fn long_messages_are_cut_between_characters() {
    let body = format!(r#"{{"error":{{"message":"{}"}}}}"#, "é".repeat(20_000));
    let failure = read_error(400, body.as_bytes());
    assert_eq!(failure.message.len(), MAX_MESSAGE);
}

//! Errors: `{"type":"error","error":{"type":...,"message":...}}`, as a body and as an event.

use std::borrow::Cow;

use serde_json::Value;

use super::words;
use crate::translate::json::Writer;
use crate::translate::signal::Failure;

/// Largest body that is read as JSON, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Most bytes of a message that are told on.
const MAX_MESSAGE: usize = 2000;

/// Reads the body of an answer with an error's `status`. Any body will do: what tells nothing is
/// replaced by words for the status, and no page of HTML becomes a message. With a status that is
/// no error's, the error's own type decides.
///
/// ```
/// use weir_wire::translate::anthropic::read_error;
/// let body = br#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
/// let failure = read_error(429, body);
/// assert_eq!((failure.status, &*failure.message), (429, "slow down"));
/// ```
#[must_use]
pub fn read_error(status: u16, body: &[u8]) -> Failure<'static> {
    let body = body.get(..MAX_BODY).unwrap_or(body).trim_ascii();
    let (code, message) = match serde_json::from_slice(body) {
        Ok(json) => members(&json),
        Err(_) => (None, plain(body)),
    };
    let status = match (status, &code) {
        (400..=599, _) => status,
        (_, Some(code)) => words::error_status(code),
        (_, None) => 502,
    };
    let code = code.map_or(Cow::Borrowed(words::error_type(status)), Cow::Owned);
    let message = message.unwrap_or_else(|| {
        let status = http::StatusCode::from_u16(status).unwrap_or_default();
        let reason = status.canonical_reason().unwrap_or("no reason given");
        format!(
            "the provider failed with status {} ({reason})",
            status.as_u16()
        )
    });
    Failure {
        status,
        code,
        message: message.into(),
    }
}

/// Reads the data of an `error` event.
pub(super) fn read_event(data: &[u8]) -> Failure<'static> {
    // Its status would have been the one that its type stands for.
    read_error(0, data)
}

/// The error's type and message, whoever wrote it.
fn members(json: &Value) -> (Option<String>, Option<String>) {
    let root = match json {
        Value::Array(list) => list.first().unwrap_or(&Value::Null),
        other => other,
    };
    let text = |value: &Value| {
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        text.map(shortened)
    };
    let error = &root["error"];
    let code = [
        &error["type"],
        &error["status"],
        &error["code"],
        &root["code"],
    ];
    let message = [
        &error["message"],
        error,
        &root["message"],
        &root["Message"],
        &root["detail"],
        root,
    ];
    (
        code.into_iter().find_map(text),
        message.into_iter().find_map(text),
    )
}

/// What a body says that is no JSON; nothing if it is a page.
fn plain(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    (!text.is_empty() && !text.contains('<')).then(|| shortened(text))
}

fn shortened(text: &str) -> String {
    let end = (0..=MAX_MESSAGE.min(text.len())).rev();
    let mut kept = end.filter_map(|end| text.get(..end));
    kept.next().unwrap_or_default().to_owned()
}

/// What a client is told of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) status: u16,
    kind: &'static str,
    pub(super) message: Cow<'a, str>,
}

impl Told<'_> {
    /// The type in a stream's event, where there is none for a conflict.
    pub(super) fn event_kind(&self) -> &'static str {
        match self.kind {
            "conflict_error" => "api_error",
            kind => kind,
        }
    }
}

/// What a client is told of `failure`.
pub(super) fn told<'a>(failure: &'a Failure<'_>) -> Told<'a> {
    if words::overflows(failure) {
        return Told {
            status: 400,
            kind: "invalid_request_error",
            message: too_long(&failure.message),
        };
    }
    let status = match failure.status {
        status @ 400..=599 => status,
        _ => words::error_status(&failure.code),
    };
    let busy = status >= 500 && failure.code.to_ascii_lowercase().contains("overloaded");
    let status = match status {
        // Clients know overload by this status.
        503 => 529,
        _ if busy => 529,
        status => status,
    };
    let message = match failure.message.trim().is_empty() {
        true => Cow::Borrowed("the provider failed"),
        false => Cow::Borrowed(&*failure.message),
    };
    Told {
        status,
        kind: words::error_type(status),
        message,
    }
}

fn too_long(said: &str) -> Cow<'_, str> {
    let told = said.to_ascii_lowercase().contains(words::TOO_LONG);
    let message = match (told, said) {
        (true, said) => said.to_owned(),
        (false, "") => words::TOO_LONG.to_owned(),
        (false, said) => format!("{}: {said}", words::TOO_LONG),
    };
    Cow::Owned(format!("{message} (capability_rejected: prompt_too_long)"))
}

/// The status and JSON body with which a client is told of `failure`. `request_id` is null: the
/// exchange's id is none of this function's knowledge.
///
/// ```
/// use weir_wire::translate::{anthropic::write_error, signal::Failure};
/// let failure = Failure { status: 503, code: "".into(), message: "busy".into() };
/// let (status, body) = write_error(&failure);
/// assert_eq!(status, 529);
/// assert_eq!(
///     body,
///     br#"{"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":null}"#
/// );
/// ```
#[must_use]
pub fn write_error(failure: &Failure<'_>) -> (u16, Vec<u8>) {
    let told = told(failure);
    let mut out = Writer::default();
    out.object().key("type").string("error");
    out.key("error").object();
    out.key("type").string(told.kind);
    out.key("message").string(&told.message);
    out.end_object();
    out.key("request_id").null().end_object();
    (told.status, out.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, code: &'static str, message: &'static str) -> Failure<'static> {
        Failure {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    #[test]
    fn every_status_has_its_type() {
        for (status, told_as, kind) in [
            (400, 400, "invalid_request_error"),
            (401, 401, "authentication_error"),
            (402, 402, "billing_error"),
            (403, 403, "permission_error"),
            (404, 404, "not_found_error"),
            (409, 409, "conflict_error"),
            (413, 413, "request_too_large"),
            (422, 422, "invalid_request_error"),
            (429, 429, "rate_limit_error"),
            (500, 500, "api_error"),
            (502, 502, "api_error"),
            (503, 529, "overloaded_error"),
            (504, 504, "timeout_error"),
            (529, 529, "overloaded_error"),
            (200, 500, "api_error"),
        ] {
            let failure = failure(status, "", "no");
            let told = told(&failure);
            assert_eq!((told.status, told.kind), (told_as, kind), "{status}");
        }
        assert_eq!(told(&failure(409, "", "no")).event_kind(), "api_error");
    }

    #[test]
    fn a_prompt_that_does_not_fit_is_told_in_the_words_that_clients_know() {
        for failure in [
            failure(400, "context_length_exceeded", "too much"),
            failure(500, "context_length_exceeded", ""),
            failure(
                400,
                "",
                "This model's maximum context length is 8192 tokens.",
            ),
            failure(413, "", "Prompt is too long"),
        ] {
            let told = told(&failure);
            assert_eq!((told.status, told.kind), (400, "invalid_request_error"));
            let said = told.message.to_ascii_lowercase();
            assert!(said.starts_with("prompt is too long"), "{said}");
            assert!(said.contains("capability_rejected: prompt_too_long"));
        }
        let fault = failure(500, "", "lost the context window of this model");
        assert_eq!(told(&fault).kind, "api_error");
    }

    #[test]
    fn any_body_makes_an_error() {
        for (status, body, code, message) in [
            (429, r#"{"error":"slow"}"#, "rate_limit_error", "slow"),
            (400, r#"{"message":"bad"}"#, "invalid_request_error", "bad"),
            (
                400,
                r#"[{"error":{"code":400,"message":"m"}}]"#,
                "invalid_request_error",
                "m",
            ),
            (502, "upstream gone", "api_error", "upstream gone"),
            (
                502,
                "<html>Bad gateway",
                "api_error",
                "the provider failed with status 502 (Bad Gateway)",
            ),
            (
                529,
                "",
                "overloaded_error",
                "the provider failed with status 529 (no reason given)",
            ),
        ] {
            let failure = read_error(status, body.as_bytes());
            assert_eq!(failure.status, status);
            assert_eq!((&*failure.code, &*failure.message), (code, message));
        }
        let event = br#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#;
        assert_eq!(read_event(event).status, 529);
    }

    #[test]
    fn no_message_is_told_at_any_length() {
        let long = "ä".repeat(4000);
        let message = read_error(500, long.as_bytes()).message;
        assert_eq!(message.len(), MAX_MESSAGE);
    }
}

//! The gateway's own errors, written as the caller's API writes its errors.
//!
//! Errors of providers never come through here: their bytes are relayed as they are, because
//! clients match their wording.

use http::StatusCode;
use serde_json::{Value, json};

use crate::dialect::Dialect;

/// Why the gateway itself answers instead of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be understood (400).
    InvalidRequest,
    /// No credential, or a wrong one (401).
    Authentication,
    /// The caller's account has no money left (402).
    Billing,
    /// The credential is good but may not do this (403).
    Permission,
    /// No such path, model or object (404).
    NotFound,
    /// The path exists, the method does not (405).
    MethodNotAllowed,
    /// The client took too long to send its request (408).
    RequestTimeout,
    /// The request contradicts the present state (409).
    Conflict,
    /// The body is over the limit (413).
    RequestTooLarge,
    /// A protocol upgrade was asked for that is not spoken here (426).
    UpgradeRequired,
    /// The caller's budget is used up (429, as Claude Code's own gateway says it).
    SpendLimit,
    /// The caller, or every key behind the gateway, is at its rate limit (429).
    RateLimit,
    /// The request's head is over the limit (431).
    HeadersTooLarge,
    /// A fault of the gateway's (500).
    Internal,
    /// The provider could not be reached or broke off before its response (502).
    Upstream,
    /// No provider can take the request at present, or the gateway is draining (503).
    Unavailable,
    /// The gateway's own concurrency limit is reached (503).
    ServerBusy,
    /// The provider sent no response headers in time (504).
    Timeout,
    /// A provider is overloaded: 529 for Anthropic's clients, 503 for others.
    Overloaded,
}

/// Anthropic's status for overload, which the HTTP standard does not have.
const ANTHROPIC_OVERLOADED: StatusCode = match StatusCode::from_u16(529) {
    Ok(status) => status,
    Err(_) => StatusCode::SERVICE_UNAVAILABLE,
};

impl ErrorKind {
    /// The status that a caller of `dialect` gets.
    #[must_use]
    pub fn status(self, dialect: Dialect) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Authentication => StatusCode::UNAUTHORIZED,
            Self::Billing => StatusCode::PAYMENT_REQUIRED,
            Self::Permission => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
            Self::RateLimit | Self::SpendLimit => StatusCode::TOO_MANY_REQUESTS,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Upstream => StatusCode::BAD_GATEWAY,
            Self::Unavailable | Self::ServerBusy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Overloaded => match dialect {
                Dialect::AnthropicMessages => ANTHROPIC_OVERLOADED,
                Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Gemini => {
                    StatusCode::SERVICE_UNAVAILABLE
                }
            },
        }
    }

    /// Words for when the caller has none more telling.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the request is invalid",
            Self::Authentication => "invalid or missing credential",
            Self::Billing => "the account cannot pay for the request",
            Self::Permission => "the credential does not permit this",
            Self::NotFound => "not found",
            Self::MethodNotAllowed => "method not allowed",
            Self::RequestTimeout => "the request took too long to arrive",
            Self::Conflict => "the request conflicts with the present state",
            Self::RequestTooLarge => "Request body exceeds the maximum allowed size",
            Self::UpgradeRequired => "WebSocket is not supported, use plain HTTP",
            Self::SpendLimit => "spend limit reached",
            Self::RateLimit => "rate limit reached, please retry later",
            Self::HeadersTooLarge => "request headers exceed the maximum allowed size",
            Self::Internal => "internal error",
            Self::Upstream => "upstream connection failed",
            Self::Unavailable => "no provider can take the request at present",
            Self::ServerBusy => "server is at maximum capacity, please retry later",
            Self::Timeout => "the upstream did not answer in time",
            Self::Overloaded => "Overloaded",
        }
    }

    /// `error.type` in Anthropic's spelling.
    #[must_use]
    pub fn anthropic_type(self) -> &'static str {
        match self {
            Self::InvalidRequest
            | Self::MethodNotAllowed
            | Self::UpgradeRequired
            | Self::HeadersTooLarge => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Billing | Self::SpendLimit => "billing_error",
            Self::Permission => "permission_error",
            Self::NotFound => "not_found_error",
            Self::RequestTimeout | Self::Timeout => "timeout_error",
            Self::Conflict => "conflict_error",
            Self::RequestTooLarge => "request_too_large",
            Self::RateLimit => "rate_limit_error",
            Self::Internal | Self::Upstream | Self::Unavailable => "api_error",
            Self::ServerBusy => "server_busy",
            Self::Overloaded => "overloaded_error",
        }
    }

    /// OpenAI's `error.code`, which tells every kind apart: a label for logs and captures too.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Authentication => "invalid_api_key",
            Self::Billing => "insufficient_quota",
            Self::Permission => "permission_denied",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::Conflict => "conflict",
            Self::RequestTooLarge => "request_too_large",
            Self::UpgradeRequired => "upgrade_required",
            Self::SpendLimit => "budget_exceeded",
            Self::RateLimit => "rate_limit_exceeded",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Internal => "internal_error",
            Self::Upstream => "upstream_error",
            Self::Unavailable => "unavailable",
            Self::ServerBusy => "server_busy",
            Self::Timeout => "timeout",
            Self::Overloaded => "overloaded",
        }
    }

    /// OpenAI's `error.type`, which is coarser than its code.
    fn openai_type(self) -> &'static str {
        match self {
            Self::Billing | Self::SpendLimit => "insufficient_quota",
            Self::RateLimit => "rate_limit_error",
            _ if self.status(Dialect::OpenaiChat).is_server_error() => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// Google's canonical code for the status.
    fn google_status(self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::RequestTooLarge | Self::HeadersTooLarge => {
                "INVALID_ARGUMENT"
            }
            Self::Authentication => "UNAUTHENTICATED",
            Self::Billing => "FAILED_PRECONDITION",
            Self::Permission => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed | Self::UpgradeRequired => "UNIMPLEMENTED",
            Self::RequestTimeout | Self::Timeout => "DEADLINE_EXCEEDED",
            Self::Conflict => "ABORTED",
            Self::RateLimit | Self::SpendLimit => "RESOURCE_EXHAUSTED",
            Self::Internal => "INTERNAL",
            Self::Upstream | Self::Unavailable | Self::ServerBusy | Self::Overloaded => {
                "UNAVAILABLE"
            }
        }
    }
}

/// The status and JSON body of an error of the gateway's own, in the caller's dialect.
///
/// `request_id` is the exchange's id: Anthropic and OpenAI callers find it as `request_id` at the
/// top, Gemini callers in the metadata of the one `google.rpc.ErrorInfo`. The content type of the
/// body is `application/json`.
///
/// ```
/// use weir_wire::{dialect::Dialect, errors::{ErrorKind, error_body}};
/// let (status, body) =
///     error_body(Dialect::AnthropicMessages, ErrorKind::NotFound, "no such path", "id-1");
/// assert_eq!(status, 404);
/// assert_eq!(
///     body,
///     br#"{"type":"error","error":{"type":"not_found_error","message":"no such path"},"request_id":"id-1"}"#
/// );
/// ```
#[must_use]
pub fn error_body(
    dialect: Dialect,
    kind: ErrorKind,
    message: &str,
    request_id: &str,
) -> (StatusCode, Vec<u8>) {
    coded_body((dialect, kind, None), message, request_id)
}

/// The same with a code that says more than the kind: OpenAI's callers find it as `error.code`,
/// Anthropic's as `error.details.error_code`, Gemini's as the reason.
#[must_use]
pub fn coded_body(
    (dialect, kind, code): (Dialect, ErrorKind, Option<&str>),
    message: &str,
    request_id: &str,
) -> (StatusCode, Vec<u8>) {
    let status = kind.status(dialect);
    let mut body = match dialect {
        Dialect::AnthropicMessages => anthropic(kind, message, request_id),
        Dialect::OpenaiChat | Dialect::OpenaiResponses => openai(kind, message, request_id),
        Dialect::Gemini => google(kind, message, request_id),
    };
    if let Some(code) = code {
        match dialect {
            Dialect::AnthropicMessages => {
                body["error"]["details"] = json!({ "error_code": code });
            }
            Dialect::OpenaiChat | Dialect::OpenaiResponses => body["error"]["code"] = json!(code),
            Dialect::Gemini => {
                body["error"]["details"][0]["reason"] = json!(code.to_ascii_uppercase());
            }
        }
    }
    (status, body.to_string().into_bytes())
}

fn anthropic(kind: ErrorKind, message: &str, request_id: &str) -> Value {
    json!({
        "type": "error",
        "error": { "type": kind.anthropic_type(), "message": message },
        "request_id": request_id,
    })
}

fn openai(kind: ErrorKind, message: &str, request_id: &str) -> Value {
    json!({
        "error": {
            "message": message,
            "type": kind.openai_type(),
            "param": null,
            "code": kind.code(),
        },
        "request_id": request_id,
    })
}

fn google(kind: ErrorKind, message: &str, request_id: &str) -> Value {
    json!({
        "error": {
            "code": kind.status(Dialect::Gemini).as_u16(),
            "message": message,
            "status": kind.google_status(),
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": kind.code().to_ascii_uppercase(),
                "domain": "weir",
                "metadata": { "request_id": request_id },
            }],
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{ErrorKind, error_body};
    use crate::dialect::Dialect;

    const ALL: [Dialect; 4] = [
        Dialect::AnthropicMessages,
        Dialect::OpenaiChat,
        Dialect::OpenaiResponses,
        Dialect::Gemini,
    ];

    fn text(dialect: Dialect, kind: ErrorKind) -> (u16, String) {
        let (status, body) = error_body(dialect, kind, kind.message(), "r-1");
        (status.as_u16(), String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_full_gateway_says_so_in_each_dialect() {
        assert_eq!(
            text(Dialect::AnthropicMessages, ErrorKind::ServerBusy),
            (503, r#"{"type":"error","error":{"type":"server_busy","message":"server is at maximum capacity, please retry later"},"request_id":"r-1"}"#.to_owned())
        );
        assert_eq!(
            text(Dialect::OpenaiChat, ErrorKind::ServerBusy),
            (503, r#"{"error":{"message":"server is at maximum capacity, please retry later","type":"server_error","param":null,"code":"server_busy"},"request_id":"r-1"}"#.to_owned())
        );
        assert_eq!(
            text(Dialect::Gemini, ErrorKind::ServerBusy),
            (503, r#"{"error":{"code":503,"message":"server is at maximum capacity, please retry later","status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVER_BUSY","domain":"weir","metadata":{"request_id":"r-1"}}]}}"#.to_owned())
        );
    }

    #[test]
    fn overload_has_anthropics_own_status_only_for_its_clients() {
        assert_eq!(
            text(Dialect::AnthropicMessages, ErrorKind::Overloaded).0,
            529
        );
        assert_eq!(text(Dialect::OpenaiChat, ErrorKind::Overloaded).0, 503);
        assert_eq!(text(Dialect::Gemini, ErrorKind::Overloaded).0, 503);
    }

    #[test]
    fn odd_characters_in_a_message_stay_json() {
        for dialect in ALL {
            let odd = "a \"quote\"\n\u{2028}";
            let (_, body) = error_body(dialect, ErrorKind::InvalidRequest, odd, "r\"1");
            let value: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value["error"]["message"], odd);
        }
    }

    #[test]
    fn geminis_code_is_the_status() {
        for kind in [
            ErrorKind::RateLimit,
            ErrorKind::Timeout,
            ErrorKind::RequestTooLarge,
        ] {
            let (status, body) = text(Dialect::Gemini, kind);
            let value: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(value["error"]["code"], status);
        }
    }
}

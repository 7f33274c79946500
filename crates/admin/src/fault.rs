//! Why a call of the API is not answered, in the one shape that it has everywhere.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};
use weir_core::control::Code;
use weir_core::steer::SteerError;
use weir_store::StoreError;

/// An error of the API: `{"error": ..., "details"?: ..., "field"?: ..., "code"?: ...}`.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    body: Error,
    /// When to ask again, in seconds.
    retry_after: Option<u64>,
}

/// What every error says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    /// What is wrong and how to mend it.
    error: String,
    /// What lies behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    /// The parameter, or the field of the request's body, that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What programs tell it by, where there are several reasons for one status.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

impl Fault {
    /// `message` says what is wrong and how to mend it.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            body: Error {
                error: message.into(),
                details: None,
                field: None,
                code: None,
            },
            retry_after: None,
        }
    }

    /// Whether the history is to blame, not who asked.
    pub(crate) fn is_of_history(&self) -> bool {
        self.status.is_server_error()
    }

    /// The same, of a parameter or a field of the request's body.
    pub(crate) fn of_field(mut self, field: impl Into<String>) -> Self {
        self.body.field = Some(field.into());
        self
    }

    /// The same, with what lies behind it.
    pub(crate) fn because(mut self, details: impl Into<String>) -> Self {
        self.body.details = Some(details.into());
        self
    }

    /// The same, for somebody who should ask again in so many seconds.
    pub(crate) fn again_in(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same, with the code that clients of the data plane get for it.
    pub(crate) fn coded(mut self, code: Code) -> Self {
        self.body.code = Some(code.as_str());
        self
    }

    /// 400.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 404 of an exchange.
    pub(crate) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Request not found")
    }

    /// 404 of an exchange that another node has taken.
    pub(crate) fn elsewhere(node: &str) -> Self {
        let message = format!("Request not found here: it is kept at the node {node}");
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.body.details.as_ref().unwrap_or(&self.body.error))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let again = self
            .retry_after
            .map(|seconds| [(RETRY_AFTER, seconds.to_string())]);
        match again {
            Some(again) => (self.status, again, Json(self.body)).into_response(),
            None => (self.status, Json(self.body)).into_response(),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        // Damage stays; everything else may be over the next time.
        let status = match error {
            StoreError::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        tracing::warn!(%error, "the history cannot be used");
        Self::new(status, "the history cannot be used").because(error.to_string())
    }
}

impl From<SteerError> for Fault {
    fn from(error: SteerError) -> Self {
        match error {
            SteerError::NotFound(message) => Self::new(StatusCode::NOT_FOUND, message),
            SteerError::Invalid { field, message } => Self::bad(message).of_field(field),
            SteerError::Conflict(message) => Self::new(StatusCode::CONFLICT, message),
        }
    }
}

/// Of calls that read or change the history. Those that everything behind the guard has in common
/// (400, 401, 403, 421) are added by `openapi.rs`.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never made")]
pub(crate) enum HistoryFaults {
    /// The history is damaged
    #[response(status = 500)]
    Damaged(#[to_schema] Error),
    /// The history cannot be used at this moment
    #[response(status = 503)]
    Unusable(#[to_schema] Error),
}

/// Of calls with a small body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never made")]
pub(crate) enum BodyFaults {
    /// The body is larger than the call takes
    #[response(status = 413)]
    TooLarge(#[to_schema] Error),
}

//! Answers of weir's own: errors in the caller's dialect, and the few requests it answers itself.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use weir_core::clock::Now;
use weir_wire::dialect::Dialect;
use weir_wire::errors::{ErrorKind, coded_body};

use crate::body::Body;
use crate::fleet::Fleet;

/// Anthropic's and OpenAI's SDKs obey it before they look at the status.
pub(crate) const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// The id of a request, in and out.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Seconds after which a request that met a full gateway may come again.
const BUSY_RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// An error before it is a response, so that it can be recorded first.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// An error in the caller's dialect. `message` says what is wrong and what to do, without
    /// secrets or host names.
    #[must_use]
    pub fn error(dialect: Dialect, kind: ErrorKind, message: &str, request_id: &str) -> Self {
        Self::coded((dialect, kind, None), message, request_id)
    }

    /// The same with a code that says more than the kind.
    #[must_use]
    pub fn coded(
        (dialect, kind, code): (Dialect, ErrorKind, Option<&str>),
        message: &str,
        request_id: &str,
    ) -> Self {
        let (status, body) = coded_body((dialect, kind, code), message, request_id);
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            if dialect == Dialect::AnthropicMessages {
                headers.insert(HeaderName::from_static("request-id"), id.clone());
            }
            headers.insert(X_REQUEST_ID, id);
        }
        match kind {
            ErrorKind::ServerBusy | ErrorKind::Unavailable => {
                headers.insert(RETRY_AFTER, BUSY_RETRY_SECONDS);
            }
            ErrorKind::MethodNotAllowed => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            _ => {}
        }
        if is_final(kind) {
            headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// Every model that a provider is known to have, in one list that Anthropic's and OpenAI's
    /// clients both read.
    #[must_use]
    pub fn models(fleet: &Fleet, now: Now, request_id: &str) -> Self {
        let mut data = Vec::new();
        let created = now.unix_ms / 1000;
        for member in fleet.members.iter().filter(|member| !member.is_disabled()) {
            let provider = &member.provider;
            data.extend(provider.listed_models().map(|id| {
                serde_json::json!({
                    "id": id, "type": "model", "object": "model", "display_name": id,
                    "created_at": "1970-01-01T00:00:00Z", "created": created,
                    "owned_by": provider.kind.owner(), "provider": &*provider.name,
                })
            }));
        }
        let id = |model: Option<&serde_json::Value>| model.map(|model| model["id"].clone());
        let list = serde_json::json!({
            "object": "list", "has_more": false,
            "first_id": id(data.first()), "last_id": id(data.last()), "data": data,
        });
        Self::json(list.to_string(), request_id)
    }

    /// The providers in use.
    #[must_use]
    pub fn providers(fleet: &Fleet, request_id: &str) -> Self {
        let members = fleet.members.iter().filter(|member| !member.is_disabled());
        let data: Vec<_> = members
            .map(|member| {
                let provider = &member.provider;
                let base_url = provider.base_url.to_string();
                serde_json::json!({
                    "name": &*provider.name, "type": provider.kind.owner(),
                    "base_url": base_url.trim_end_matches('/'),
                    "models": provider.listed_models().collect::<Vec<_>>(), "active": true,
                })
            })
            .collect();
        let list = serde_json::json!({"object": "list", "data": data});
        Self::json(list.to_string(), request_id)
    }

    /// A good answer in JSON.
    #[must_use]
    pub fn json(body: impl Into<Bytes>, request_id: &str) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(X_REQUEST_ID, id);
        }
        Self {
            status: StatusCode::OK,
            headers,
            body: body.into(),
        }
    }

    /// The response itself.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let body = (!self.body.is_empty()).then_some(self.body);
        let mut response = Response::new(Body::Whole(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The same request can only fail again.
fn is_final(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::Authentication
            | ErrorKind::Permission
            | ErrorKind::NotFound
            | ErrorKind::MethodNotAllowed
            | ErrorKind::RequestTooLarge
            | ErrorKind::UpgradeRequired
            | ErrorKind::HeadersTooLarge
    )
}

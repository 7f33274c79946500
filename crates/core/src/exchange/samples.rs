//! Exchanges for the tests of whoever takes them: each a plain one, of which a test changes what it
//! is about.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use weir_wire::dialect::{Dialect, Operation};

use super::{Arrival, End, ExchangeId, Origin, RawBody, RequestRecord, ResponseRecord};

/// A body in one piece; in none when it is empty.
#[must_use]
pub fn body(bytes: impl AsRef<[u8]>) -> RawBody {
    let mut body = RawBody::default();
    if !bytes.as_ref().is_empty() {
        body.push(Bytes::copy_from_slice(bytes.as_ref()));
    }
    body
}

/// Headers with these names, in lower case, and values.
///
/// # Panics
///
/// When a name or a value cannot be one.
#[must_use]
pub fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).expect("the test gives values that can be");
        (HeaderName::from_static(name), value)
    };
    fields.iter().map(field).collect()
}

/// The first half of an exchange: JSON for `/v1/messages` at `anthropic`, begun at a moment in
/// microseconds since the Unix epoch.
#[must_use]
pub fn request(id: ExchangeId, started_at_us: i64, sent: impl AsRef<[u8]>) -> RequestRecord {
    RequestRecord {
        id,
        client_request_id: None,
        started_at_us,
        method: Method::POST,
        path: "/v1/messages".into(),
        query: None,
        headers: headers(&[("content-type", "application/json")]),
        body: body(sent),
        peer: [127, 0, 0, 1].into(),
        dialect: Dialect::AnthropicMessages,
        operation: Operation::Generate,
        path_model: None,
        provider: "anthropic".into(),
        origin: Origin::Client,
        tenant: None,
    }
}

/// The second half: 200 with JSON, the headers after 10 ms, the body after 20 ms, the end after
/// 25 ms.
#[must_use]
pub fn response(id: ExchangeId, came: impl AsRef<[u8]>) -> ResponseRecord {
    let body = body(came);
    ResponseRecord {
        id,
        status: Some(StatusCode::OK),
        headers: headers(&[("content-type", "application/json")]),
        arrivals: vec![Arrival {
            size: u32::try_from(body.len).unwrap_or(u32::MAX),
            elapsed_us: 20_000,
        }],
        body,
        truncated: false,
        attempts: 1,
        route: Box::default(),
        sent: None,
        raw: None,
        headers_at_us: Some(10_000),
        duration_us: 25_000,
        end: End::Complete,
    }
}

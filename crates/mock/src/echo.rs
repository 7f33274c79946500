//! A request as JSON, for the scenario `echo` and for those who look at the record from outside.

use serde_json::{Value, json};

use crate::ids::base64;
use crate::received::Received;

/// What was received, without what the mock itself noted about it.
pub(crate) fn described(request: &Received) -> Value {
    let (body, encoding) = match std::str::from_utf8(&request.body) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(_) => (base64(&request.body), "base64"),
    };
    json!({
        "method": request.method,
        "target": request.target,
        "path": request.path(),
        "query": request.query(),
        "authority": request.authority,
        "tls": request.is_tls,
        "http_version": format!("{:?}", request.http_version),
        "headers": request.headers,
        "trailers": request.trailers,
        "body": body,
        "body_encoding": encoding,
        "json": request.json(),
        "body_complete": request.body_complete,
        "connection": request.connection,
    })
}

//! An exchange as HAR 1.2, which browsers' tools and many others read.

use serde_json::{Value, json};
use weir_store::model::{Headers, RequestLog, ResponseLog};

/// What stands before the entries of a file...
pub(crate) fn head() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"{{"log":{{"version":"1.2","creator":{{"name":"weir","version":"{version}"}},"entries":["#
    )
}

/// ...and behind them.
pub(crate) const TAIL: &str = "]}}";

/// One entry. A stream's body is its frames one after the other.
pub(crate) fn entry(log: &RequestLog) -> Value {
    let summary = &log.summary;
    let total = summary.response_time.unwrap_or(0);
    let wait = summary.ttfb.unwrap_or(total).min(total);
    json!({
        "startedDateTime": summary.timestamp,
        "time": total,
        "request": request(log),
        "response": response(log),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": total - wait},
        "comment": summary.stream_error,
        "_weir": {
            "requestId": summary.request_id,
            "provider": summary.provider,
            "dialect": summary.dialect,
            "state": summary.state,
            "model": summary.model,
            "routedModel": summary.routed_model,
            "sessionId": summary.session_id,
            "usage": summary.usage,
            "cost": summary.cost,
        },
    })
}

fn request(log: &RequestLog) -> Value {
    let summary = &log.summary;
    let host = first(&log.headers, "host").unwrap_or("weir");
    let query = summary.query.as_deref();
    let url = match query {
        Some(query) => format!("http://{host}{}?{query}", summary.endpoint),
        None => format!("http://{host}{}", summary.endpoint),
    };
    let mut request = json!({
        "method": summary.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&log.headers),
        "queryString": query.map(parameters).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": summary.request_bytes,
    });
    if let Some(body) = &log.body {
        request["postData"] = json!({"mimeType": log.content_type, "text": body.get()});
    }
    request
}

fn parameters(query: &str) -> Vec<Value> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        })
        .collect()
}

/// An exchange without an answer has status 0, as browsers write it.
fn response(log: &RequestLog) -> Value {
    let response = log.response.as_ref();
    let none = Headers::new();
    let fields = response.map_or(&none, |response| &response.headers);
    let status = log.summary.status_code.unwrap_or(0);
    let reason = axum::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let text = response.map(text).unwrap_or_default();
    json!({
        "status": status,
        "statusText": reason.unwrap_or_default(),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(fields),
        "content": {
            "size": text.len(),
            "mimeType": first(fields, "content-type").unwrap_or("x-unknown"),
            "text": text,
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": log.summary.response_bytes.map_or(-1, |n| i64::try_from(n).unwrap_or(-1)),
    })
}

fn text(response: &ResponseLog) -> String {
    if let Some(frames) = &response.streaming_chunks {
        return frames.concat();
    }
    match (&response.body, &response.body_text) {
        (Some(body), _) => body.get().to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => String::new(),
    }
}

fn headers(headers: &Headers) -> Vec<Value> {
    let each = |(name, values): (&String, &Vec<String>)| {
        let name = name.clone();
        let values = values.clone().into_iter();
        values.map(move |value| json!({"name": name, "value": value}))
    };
    headers.iter().flat_map(each).collect()
}

fn first<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.get(name)?.first().map(String::as_str)
}

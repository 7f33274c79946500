//! Sending a captured request again, to any provider and model, edited if wished.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HOST, ORIGIN, REFERER,
    TE, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::exchange::Origin;
use weir_core::steer::{Pieces, Replay};
use weir_store::model::{Headers, RequestLog};
use weir_store::{Reader, Side};

use crate::fault::{BodyFaults, Error, Fault, HistoryFaults};
use crate::params::whole_of;
use crate::router::Admin;
use crate::routing::{MAX_QUESTION, header, invalid, raw};

/// How a value that was blotted out begins: a credential, which is not there to be sent again.
const BLOTTED: &str = "hmac-sha256:";
/// What stands for the gateway's own credential in a header of any other name.
const MASKED: &str = "***";
/// What a provider says to a browser that is at the provider's: here it would be said to one that
/// is at weir's, which has cookies, a way to log in and an address of its own.
const FOR_BROWSERS: [&str; 17] = [
    "alt-svc",
    "cache-control",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "link",
    "location",
    "nel",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "sourcemap",
    "speculation-rules",
    "strict-transport-security",
    "www-authenticate",
];
/// What belongs to the exchange that was, or to its hop.
const LEFT_BEHIND: [HeaderName; 11] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    UPGRADE,
    TE,
    EXPECT,
    ORIGIN,
    REFERER,
    // The answer is for a page to read.
    ACCEPT_ENCODING,
    HeaderName::from_static("keep-alive"),
];

/// What is to be another than in the captured request.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    /// The provider; the one that answered by default.
    provider: Option<String>,
    /// The model; the body's by default.
    model: Option<String>,
    /// The whole body instead.
    #[schema(value_type = Option<serde_json::Value>)]
    body: Option<Box<RawValue>>,
    /// Headers to set; null leaves one out.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
}

/// Every call that sends something again.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(replay))
        .layer(DefaultBodyLimit::max(MAX_QUESTION))
}

/// Send a captured request again
///
/// The provider's answer comes as it comes, with its own status and headers, but for those that
/// would have a browser do something, such as `set-cookie`; `x-weir-request-id` names the new
/// exchange. The provider's own credential is used.
#[utoipa::path(post, path = "/api/requests/{id}/replay", tag = "requests", request_body = Changes,
    params(("id" = String, Path, description = "The id, or the end of it")),
    responses(
        (status = 200, description = "What the provider answers", content_type = "*/*",
            body = serde_json::Value, headers(("x-weir-request-id" = String,
                description = "The new exchange"))),
        (status = 404, description = "There is no such exchange or provider", body = Error),
        (status = 409, description = "The provider has no credential of its own", body = Error),
        BodyFaults, HistoryFaults))]
pub(crate) async fn replay(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let changes = changes(&whole_of(body, MAX_QUESTION)?)?;
    admin.store.flush().await;
    let look = move |reader: &Reader| {
        let log = reader.get(&id)?;
        let part = reader.raw(&id, Side::Request)?;
        Ok(log.zip(part))
    };
    let found = admin.reader.run(look).await?;
    let (log, part) =
        found.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "Request not found"))?;
    if log.body_damaged.is_some() && changes.body.is_none() {
        let message = "the captured body is damaged; give another as `body`";
        return Err(Fault::new(StatusCode::CONFLICT, message));
    }
    let replay = request(&log, part.bytes, changes)?;
    let answer = admin.steering.replay(replay).await?;
    let mut response = Response::new(streamed(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = for_a_page(answer.headers);
    Ok(response)
}

/// The answer's headers, less those that would have a browser do something.
fn for_a_page(mut headers: HeaderMap) -> HeaderMap {
    for name in FOR_BROWSERS {
        headers.remove(name);
    }
    let allows = |name: &&HeaderName| name.as_str().starts_with("access-control-");
    let allowing: Vec<_> = headers.keys().filter(allows).cloned().collect();
    for name in allowing {
        headers.remove(name);
    }
    headers
}

fn changes(body: &[u8]) -> Result<Changes, Fault> {
    if body.trim_ascii().is_empty() {
        return Ok(Changes::default());
    }
    serde_json::from_slice(body).map_err(|error| invalid("body", &error))
}

/// The captured request, less what cannot be sent again, with the changes made.
fn request(log: &RequestLog, captured: Vec<u8>, changes: Changes) -> Result<Replay, Fault> {
    let summary = &log.summary;
    let mut headers = kept(&log.headers);
    if changes.body.is_some() {
        headers.remove(CONTENT_ENCODING);
    }
    for (name, value) in changes.headers {
        let (name, value) = match value {
            Some(value) => {
                let (name, value) = header(&name, &value)?;
                (name, Some(value))
            }
            None => (header(&name, "")?.0, None),
        };
        if LEFT_BEHIND.contains(&name) {
            let wrong = "it belongs to the connection and cannot be set";
            return Err(invalid(&format!("headers.{name}"), &wrong));
        }
        match value {
            Some(value) => drop(headers.insert(name, value)),
            None => drop(headers.remove(name)),
        }
    }
    let query = summary.query.as_deref().map(without_blots);
    let query = query.filter(|query| !query.is_empty());
    Ok(Replay {
        method: summary.method.parse().unwrap_or(Method::POST),
        path: match query {
            Some(query) => format!("{}?{query}", summary.endpoint),
            None => summary.endpoint.to_string(),
        },
        headers,
        body: changes.body.map_or_else(|| Bytes::from(captured), raw),
        provider: changes.provider.unwrap_or_else(|| summary.provider.clone()),
        model: changes.model.filter(|model| !model.is_empty()),
        origin: Origin::Replay,
    })
}

/// The headers that can be sent again: no credential, which is not there any more, and nothing of
/// one hop.
fn kept(captured: &Headers) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(captured.len());
    for (name, values) in captured {
        let Ok(name) = name.parse::<HeaderName>() else {
            continue;
        };
        if LEFT_BEHIND.contains(&name) {
            continue;
        }
        let values = values.iter();
        let values = values.filter(|value| !value.starts_with(BLOTTED) && *value != MASKED);
        for value in values.filter_map(|value| HeaderValue::from_str(value).ok()) {
            headers.append(name.clone(), value);
        }
    }
    headers
}

/// The query without what was blotted out in it.
fn without_blots(query: &str) -> String {
    let is_kept = |part: &&str| {
        part.split_once('=')
            .is_none_or(|(_, value)| !value.starts_with(BLOTTED))
    };
    query
        .split('&')
        .filter(is_kept)
        .collect::<Vec<_>>()
        .join("&")
}

/// A body that goes on as it comes, and breaks where it breaks.
fn streamed(pieces: Box<dyn Pieces>) -> Body {
    Body::from_stream(stream::unfold(pieces, async |mut pieces| {
        let piece = pieces.next().await?;
        Some((piece.map_err(std::io::Error::other), pieces))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_tells_the_browser_nothing() {
        let mut headers = HeaderMap::new();
        for name in FOR_BROWSERS
            .into_iter()
            .chain(["access-control-allow-origin"])
        {
            headers.append(name, HeaderValue::from_static("a"));
            headers.append(name, HeaderValue::from_static("b"));
        }
        headers.insert("retry-after", HeaderValue::from_static("1"));
        let left = for_a_page(headers);
        assert_eq!(left.keys().collect::<Vec<_>>(), ["retry-after"]);
    }

    #[test]
    fn what_was_blotted_out_is_not_sent_again() {
        assert_eq!(without_blots("a=1&key=hmac-sha256:ab&b"), "a=1&b");
        let captured = Headers::from([
            ("x-api-key".to_owned(), vec!["hmac-sha256:ab".to_owned()]),
            ("host".to_owned(), vec!["h".to_owned()]),
            ("x-mine".to_owned(), vec!["***".to_owned()]),
            ("x-a".to_owned(), vec!["1".to_owned(), "2".to_owned()]),
        ]);
        let kept = kept(&captured);
        assert_eq!(kept.len(), 2);
        assert_eq!(kept.get_all("x-a").iter().count(), 2);
    }
}

//! A single exchange, and its exact bytes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use weir_store::model::RequestLog;
use weir_store::{RawPart, Side, Verdict};

use crate::fault::{Error, Fault, HistoryFaults};
use crate::grade::Judging;
use crate::router::Admin;
use crate::written::Written;

/// How the bytes were checked against their digest, in `/raw/`.
const X_WEIR_DIGEST: HeaderName = HeaderName::from_static("x-weir-digest");
/// Whether bytes past the capture limit are missing, in `/raw/`.
const X_WEIR_TRUNCATED: HeaderName = HeaderName::from_static("x-weir-truncated");
/// The content coding that the bytes of `/raw/` still have.
const X_WEIR_CONTENT_ENCODING: HeaderName = HeaderName::from_static("x-weir-content-encoding");

/// One exchange, by its id, the end of it, or the client's own id
#[utoipa::path(get, path = "/api/requests/{id}", tag = "requests",
    params(("id" = String, Path, description = "The id, or the end of it")),
    responses((status = 200, body = RequestLog),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn one(
    State(admin): State<Arc<Admin>>,
    Extension(judging): Extension<Arc<Judging>>,
    Path(id): Path<String>,
) -> Result<Written, Fault> {
    admin.store.flush().await;
    let node = admin.distant.node_of(&id);
    let read = move |reader: &weir_store::Reader| {
        let found = reader.get(&id)?;
        Ok(found.map(|mut log| {
            let at_work = judging.instead(&log.summary.request_id);
            log.prompt_grade = at_work.or(log.prompt_grade);
            Written::of(&log)
        }))
    };
    let found = admin.reader.run(read).await?;
    found.ok_or_else(|| not_here(node))
}

/// The bytes as they crossed the wire, still in their content coding
#[utoipa::path(get, path = "/api/requests/{id}/raw/{side}", tag = "requests",
    params(("id" = String, Path, description = "The id, or the end of it"),
        ("side" = String, Path, description = "`request` or `response`",
            pattern = "^(request|response)$")),
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>, headers(
            ("x-weir-digest" = String, description = "`verified` or `unverified`"),
            ("x-weir-truncated" = String, description = "Whether bytes past the capture limit are missing"),
            ("x-weir-content-encoding" = Option<String>, description = "The content coding, if there is one"))),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn raw(
    State(admin): State<Arc<Admin>>,
    Path((id, side)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let side = match side.as_str() {
        "request" => Side::Request,
        "response" => Side::Response,
        _ => {
            let message = format!("`{side}`: the sides are `request` and `response`");
            return Err(Fault::new(StatusCode::NOT_FOUND, message));
        }
    };
    admin.store.flush().await;
    let node = admin.distant.node_of(&id);
    let read = move |reader: &weir_store::Reader| reader.raw(&id, side);
    let part = admin.reader.run(read).await?;
    let part = part.ok_or_else(|| not_here(node))?;
    Ok(bytes_as_captured(part))
}

/// There is no such exchange, as far as this node knows or another has said.
fn not_here(node: Option<Arc<str>>) -> Fault {
    node.map_or_else(Fault::unknown, |node| Fault::elsewhere(&node))
}

/// The type is one that no browser renders: captured bytes may be a page.
fn bytes_as_captured(part: RawPart) -> Response {
    let verdict = match part.verdict {
        Verdict::Verified => "verified",
        Verdict::Unverified => "unverified",
    };
    let mut response = (
        [
            (CONTENT_TYPE, "application/octet-stream"),
            (CONTENT_DISPOSITION, "attachment"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_WEIR_DIGEST, verdict),
            (
                X_WEIR_TRUNCATED,
                if part.truncated { "true" } else { "false" },
            ),
        ],
        part.bytes,
    )
        .into_response();
    if let Some(coding) = part.content_encoding.and_then(|coding| coding.parse().ok()) {
        response
            .headers_mut()
            .insert(X_WEIR_CONTENT_ENCODING, coding);
    }
    response
}

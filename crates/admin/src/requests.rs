//! The history: lists, single exchanges, their exact bytes, and forgetting them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use weir_store::model::rfc3339;
use weir_store::{DryRun, Filter, RawPart, Side, StoreError, Verdict};

use crate::filters::{moment, number};
use crate::router::Admin;

/// How the bytes were checked against their digest, in `/raw/`.
const X_WEIR_DIGEST: HeaderName = HeaderName::from_static("x-weir-digest");
/// Whether bytes past the capture limit are missing, in `/raw/`.
const X_WEIR_TRUNCATED: HeaderName = HeaderName::from_static("x-weir-truncated");
/// The content coding that the bytes of `/raw/` still have.
const X_WEIR_CONTENT_ENCODING: HeaderName = HeaderName::from_static("x-weir-content-encoding");

/// An error of the API: `{"error": ..., "details"?: ..., "field"?: ...}`.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    message: String,
    details: Option<String>,
    field: Option<String>,
}

impl Fault {
    /// `message` says what is wrong and how to mend it.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: None,
            field: None,
        }
    }

    /// The same, of a field of the request's body.
    pub(crate) fn of_field(self, field: String) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    fn bad(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

/// There is no such exchange.
pub(crate) fn unknown() -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "Request not found")
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.message });
        if let Some(details) = self.details {
            body["details"] = details.into();
        }
        if let Some(field) = self.field {
            body["field"] = field.into();
        }
        (self.status, Json(body)).into_response()
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
        let message = "the history cannot be used".to_owned();
        Self {
            status,
            message,
            details: Some(error.to_string()),
            field: None,
        }
    }
}

/// `GET /api/requests/latest-date`: when the newest exchange began.
pub(crate) async fn latest_date(State(admin): State<Arc<Admin>>) -> Result<Response, Fault> {
    admin.store.flush().await;
    let latest = admin.reader.run(weir_store::Reader::latest_us).await?;
    Ok(Json(json!({ "latestDate": latest.map(rfc3339) })).into_response())
}

/// `GET /api/requests/{id}`: one exchange, by its id, the end of it, or the client's own id.
pub(crate) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    admin.store.flush().await;
    let read = move |reader: &weir_store::Reader| reader.get(&id);
    let found = admin.reader.run(read).await?;
    Ok(Json(found.ok_or_else(unknown)?).into_response())
}

/// `GET /api/requests/{id}/raw/{request|response}`: the bytes as they crossed the wire, still in
/// their content coding, which `x-weir-content-encoding` names.
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
    let read = move |reader: &weir_store::Reader| reader.raw(&id, side);
    let part = admin.reader.run(read).await?.ok_or_else(unknown)?;
    Ok(bytes_as_captured(part))
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

/// Which exchanges to forget.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ClearQuery {
    older_than: Option<String>,
    session: Option<String>,
    conversation: Option<String>,
    model: Option<String>,
    dry_run: Option<String>,
}

/// `DELETE /api/requests`: forgets all exchanges, or those that the query names. `older_than` is
/// an instant or a span such as `30d`; `dry_run=true` only counts.
pub(crate) async fn clear(
    State(admin): State<Arc<Admin>>,
    Query(query): Query<ClearQuery>,
) -> Result<Response, Fault> {
    let dry_run = match query.dry_run.as_deref() {
        None | Some("" | "false" | "0") => DryRun::No,
        Some("true" | "1") => DryRun::Yes,
        Some(other) => {
            let message = format!("`dry_run`: `{other}`: say `true` or `false`");
            return Err(Fault::bad(message));
        }
    };
    let before_us = moment("older_than", query.older_than.as_ref())?;
    let filter = Filter {
        id: None,
        before_us,
        session: query.session,
        conversation_hash: query.conversation,
        model: query.model,
    };
    let everything = filter == Filter::default();
    let deleted = if everything && dry_run == DryRun::No {
        admin.store.delete_all().await
    } else if everything {
        // Nothing named counts nothing, so all that began until now is named.
        let filter = Filter {
            before_us: Some(i64::MAX),
            ..filter
        };
        admin.store.purge(filter, dry_run).await
    } else {
        admin.store.purge(filter, dry_run).await
    };
    let deleted = deleted?;
    let message = match dry_run {
        DryRun::Yes => "Nothing deleted: dry run",
        DryRun::No => "Request history cleared",
    };
    Ok(Json(json!({ "message": message, "deleted": deleted })).into_response())
}

/// `DELETE /api/requests/{id}`: forgets one exchange, by its whole id.
pub(crate) async fn delete_one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let id = number("id", Some(&id))?;
    let filter = Filter {
        id,
        ..Filter::default()
    };
    let deleted = admin.store.purge(filter, DryRun::No).await?;
    if deleted == 0 {
        return Err(unknown());
    }
    Ok(Json(json!({ "message": "Request deleted", "deleted": deleted })).into_response())
}

/// `GET /api/config`: what pages and set-up lines need to know.
pub(crate) async fn config(State(admin): State<Arc<Admin>>) -> Response {
    Json(json!({
        "proxyPublicUrl": (admin.public_url)(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
    .into_response()
}

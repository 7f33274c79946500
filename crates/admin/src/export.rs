//! Exchanges as a file: lines of JSON, CSV or HAR, written while they are read, so that neither
//! their number nor a slow reader takes memory.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_store::model::{RequestLog, RequestSummary};
use weir_store::{Found, Reader, StoreError, SummaryQuery};

use crate::cells::line;
use crate::fault::{Error, Fault, HistoryFaults};
use crate::filters::FilterQuery;
use crate::har;
use crate::params::{Params, parsed};
use crate::router::Admin;

/// Exchanges in a file when nothing is said.
const USUAL: u32 = 1000;
/// Most exchanges in a file.
const MOST: u32 = 100_000;
/// Whole exchanges read at once.
const WHOLE: u32 = 8;
/// How lines of CSV end.
const END: csv::Terminator = csv::Terminator::Any(b'\n');
/// Summaries read at once.
const ROWS: u32 = 500;

/// The calls of this file.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(export))
        .routes(routes!(one))
}

/// What a file is to be.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `jsonl` (the default), `csv` or `har`.
    format: Option<String>,
    /// Most exchanges in it, the newest first: 1000 unless told, never more than 100,000.
    limit: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Lines,
    Csv,
    Har,
}

impl Format {
    fn read(name: Option<&str>) -> Result<Self, Fault> {
        match name {
            None | Some("" | "jsonl") => Ok(Self::Lines),
            Some("csv") => Ok(Self::Csv),
            Some("har") => Ok(Self::Har),
            Some(other) => {
                let message = format!("`format`: `{other}`: say `jsonl`, `csv` or `har`");
                Err(Fault::new(StatusCode::BAD_REQUEST, message).of_field("format"))
            }
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Har => "application/json",
        }
    }

    fn disposition(self) -> &'static str {
        match self {
            Self::Lines => "attachment; filename=\"weir.jsonl\"",
            Self::Csv => "attachment; filename=\"weir.csv\"",
            Self::Har => "attachment; filename=\"weir.har\"",
        }
    }
}

/// One exchange as HAR 1.2
#[utoipa::path(get, path = "/api/requests/{id}/har", tag = "requests",
    params(("id" = String, Path, description = "The id, or the end of it")),
    responses(
        (status = 200, content_type = "application/json", body = serde_json::Value),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.get(&id);
    let log = admin.reader.run(read).await?.ok_or_else(Fault::unknown)?;
    let text = format!("{}{}{}", har::head(), har::entry(&log), har::TAIL);
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_DISPOSITION, Format::Har.disposition()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, text).into_response())
}

/// Exchanges as a file, newest first
///
/// It ends early when the client goes; a fault on the way breaks it off, so that it is never taken
/// for whole.
#[utoipa::path(get, path = "/api/requests/export", tag = "requests",
    params(ExportQuery, FilterQuery),
    responses(
        (status = 200, content(
            (String = "application/x-ndjson"), (String = "text/csv"), (String = "application/json"))),
        HistoryFaults))]
pub(crate) async fn export(
    State(admin): State<Arc<Admin>>,
    Params(asked): Params<ExportQuery>,
    Params(filters): Params<FilterQuery>,
) -> Result<Response, Fault> {
    let format = Format::read(asked.format.as_deref())?;
    let limit = parsed::<u32>("limit", asked.limit.as_deref())?.unwrap_or(USUAL);
    let query = SummaryQuery {
        filters: filters.read()?,
        ..SummaryQuery::default()
    };
    admin.store.flush().await;
    let mut file = File {
        reader: admin.reader.clone(),
        format,
        query,
        left: limit.min(MOST),
        written: 0,
        state: Progress::Begun,
    };
    // The first piece comes before the status, so that a store that cannot be read has its own.
    let first = file.next().await?;
    let rest = stream::unfold(file, |mut file| async move {
        match file.next().await {
            Ok(None) => None,
            Ok(Some(piece)) => Some((Ok(piece), file)),
            Err(error) => {
                tracing::warn!(%error, "an export broke off");
                file.state = Progress::Ended;
                Some((Err(io::Error::other(error)), file))
            }
        }
    });
    let all = futures_util::StreamExt::chain(stream::iter(first.map(Ok)), rest);
    let headers = [
        (CONTENT_TYPE, format.content_type()),
        (CONTENT_DISPOSITION, format.disposition()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Begun,
    Within,
    Ended,
}

/// A file on its way.
struct File {
    reader: Reader,
    format: Format,
    query: SummaryQuery,
    left: u32,
    written: u64,
    state: Progress,
}

impl File {
    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if self.state == Progress::Ended {
            return Ok(None);
        }
        let mut piece = Vec::new();
        if self.state == Progress::Begun {
            self.state = Progress::Within;
            match self.format {
                Format::Har => piece.extend(har::head().bytes()),
                Format::Csv => piece = line(COLUMNS.map(|(name, _)| name.to_owned()), END)?,
                Format::Lines => {}
            }
        }
        let more = self.left > 0 && self.page(&mut piece).await?;
        if !more {
            self.state = Progress::Ended;
            if self.format == Format::Har {
                piece.extend(har::TAIL.bytes());
            }
        }
        Ok(Some(piece.into()))
    }

    /// Adds a page; gives whether there may be another.
    async fn page(&mut self, piece: &mut Vec<u8>) -> Result<bool, StoreError> {
        let at_once = match self.format {
            Format::Csv => ROWS,
            Format::Lines | Format::Har => WHOLE,
        };
        self.query.limit = at_once.min(self.left);
        let query = self.query.clone();
        let next = if self.format == Format::Csv {
            let found = self.reader.run(move |r| r.summaries(&query)).await?;
            for row in &found.rows {
                piece.extend(line(COLUMNS.map(|(_, cell)| cell(row)), END)?);
            }
            self.count(&found);
            found.next
        } else {
            let found = self.reader.run(move |r| r.logs(&query)).await?;
            for log in &found.rows {
                self.add(log, piece);
            }
            self.count(&found);
            found.next
        };
        self.query.after = next;
        Ok(next.is_some() && self.left > 0)
    }

    fn count<T>(&mut self, found: &Found<T>) {
        let rows = u32::try_from(found.rows.len()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_sub(rows);
    }

    fn add(&mut self, log: &RequestLog, piece: &mut Vec<u8>) {
        match self.format {
            Format::Har => {
                if self.written > 0 {
                    piece.push(b',');
                }
                piece.extend(har::entry(log).to_string().bytes());
            }
            Format::Lines | Format::Csv => {
                // Bodies stand in it as they came, with the line ends between their parts; within
                // JSON's strings there are none.
                let text = serde_json::to_vec(log).unwrap_or_default();
                let is_end = |byte: u8| matches!(byte, b'\n' | b'\r');
                piece.extend(text.into_iter().map(|b| if is_end(b) { b' ' } else { b }));
                piece.push(b'\n');
            }
        }
        self.written += 1;
    }
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn figure<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A column's name and what stands in it.
type Column = (&'static str, fn(&RequestSummary) -> String);

const COLUMNS: [Column; 31] = [
    ("requestId", |r| r.request_id.clone()),
    ("timestamp", |r| r.timestamp.clone()),
    ("state", |r| r.state.into()),
    ("statusCode", |r| figure(r.status_code)),
    ("method", |r| text(Some(&r.method))),
    ("endpoint", |r| text(Some(&r.endpoint))),
    ("client", |r| text(r.client_kind.as_deref())),
    ("dialect", |r| r.dialect.into()),
    ("operation", |r| r.operation.into()),
    ("provider", |r| r.provider.clone()),
    ("model", |r| text(r.model.as_deref())),
    ("routedModel", |r| text(r.routed_model.as_deref())),
    ("sessionId", |r| text(r.session_id.as_deref())),
    ("agentId", |r| text(r.agent_id.as_deref())),
    ("subagent", |r| text(r.subagent.as_deref())),
    ("class", |r| text(r.class.as_deref())),
    ("stopReason", |r| text(r.stop_reason.as_deref())),
    ("isStreaming", |r| r.is_streaming.to_string()),
    ("inputTokens", |r| figure(r.usage.map(|u| u.input_tokens))),
    ("outputTokens", |r| figure(r.usage.map(|u| u.output_tokens))),
    ("cacheReadTokens", |r| {
        figure(r.usage.and_then(|u| u.cache_read_input_tokens))
    }),
    ("cacheWriteTokens", |r| {
        figure(r.usage.and_then(|u| u.cache_creation_input_tokens))
    }),
    ("cost", |r| figure(r.cost)),
    ("responseTime", |r| figure(r.response_time)),
    ("ttfb", |r| figure(r.ttfb)),
    ("firstContent", |r| figure(r.first_content)),
    ("longestGap", |r| figure(r.longest_gap)),
    ("attempts", |r| figure(r.attempts)),
    ("requestBytes", |r| r.request_bytes.to_string()),
    ("responseBytes", |r| figure(r.response_bytes)),
    ("streamError", |r| text(r.stream_error.as_deref())),
];

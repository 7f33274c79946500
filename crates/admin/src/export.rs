//! Exchanges as a file: lines of JSON, CSV or HAR, written while they are read, so that neither
//! their number nor a slow reader takes memory.

mod columns;

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
use weir_store::{Cursor, Found, Reader, StoreError, SummaryQuery};

use self::columns::COLUMNS;
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
/// Whole exchanges read at once, at most.
const WHOLE: u32 = 32;
/// Bytes from which on fewer are read at once: each may have many megabytes.
const LARGE: usize = 2 << 20;
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
    #[param(pattern = "^(jsonl|csv|har)?$")]
    format: Option<String>,
    /// Most exchanges in it, the newest first: 1000 unless told, never more than 100,000.
    #[param(value_type = Option<u32>, maximum = 4_294_967_295_u64)]
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
    // Bodies are written where that may take its time.
    let read = move |reader: &Reader| {
        let log = reader.get(&id)?;
        Ok(log.map(|log| format!("{}{}{}", har::head(), har::entry(&log), har::TAIL)))
    };
    let text = admin.reader.run(read).await?.ok_or_else(Fault::unknown)?;
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
            (String = "application/x-ndjson"), (String = "text/csv"), (serde_json::Value = "application/json"))),
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
        at_once: 1,
        written: false,
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
    /// Whole exchanges to read next.
    at_once: u32,
    /// Whether there is an entry before the next.
    written: bool,
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
        let (format, written) = (self.format, self.written);
        let most = match format {
            Format::Csv => ROWS,
            Format::Lines | Format::Har => self.at_once,
        };
        self.query.limit = most.min(self.left);
        let query = self.query.clone();
        // It is written there too: this thread has requests of agents to serve.
        let read = move |reader: &Reader| match format {
            Format::Csv => Rows::table(&reader.summaries(&query)?),
            Format::Lines | Format::Har => Ok(Rows::whole(&reader.logs(&query)?, format, written)),
        };
        let rows = self.reader.run(read).await?;
        self.written |= rows.count > 0;
        self.left = self.left.saturating_sub(rows.count);
        self.at_once = match rows.text.len() {
            large if large > LARGE => (self.at_once / 4).max(1),
            _ => (self.at_once * 2).min(WHOLE),
        };
        self.query.after = rows.next;
        if piece.is_empty() {
            *piece = rows.text;
        } else {
            piece.extend(rows.text);
        }
        Ok(rows.next.is_some() && self.left > 0)
    }
}

fn blank(byte: u8) -> u8 {
    match byte {
        b'\n' | b'\r' => b' ',
        byte => byte,
    }
}

/// A page as it stands in the file.
struct Rows {
    text: Vec<u8>,
    count: u32,
    next: Option<Cursor>,
}

impl Rows {
    fn of<T>(found: &Found<T>, text: Vec<u8>) -> Self {
        Self {
            text,
            count: u32::try_from(found.rows.len()).unwrap_or(u32::MAX),
            next: found.next,
        }
    }

    fn table(found: &Found<RequestSummary>) -> Result<Self, StoreError> {
        let mut text = Vec::new();
        for row in &found.rows {
            text.extend(line(COLUMNS.map(|(_, cell)| cell(row)), END)?);
        }
        Ok(Self::of(found, text))
    }

    fn whole(found: &Found<RequestLog>, format: Format, mut written: bool) -> Self {
        let mut text = Vec::new();
        for log in &found.rows {
            match format {
                Format::Har => {
                    if written {
                        text.push(b',');
                    }
                    text.extend(serde_json::to_vec(&har::entry(log)).unwrap_or_default());
                }
                Format::Lines | Format::Csv => {
                    // Bodies stand in it as they came, over several lines if they did; in JSON the
                    // ends of lines are blanks.
                    let line = serde_json::to_vec(log).unwrap_or_default();
                    text.extend(line.into_iter().map(blank));
                    text.push(b'\n');
                }
            }
            written = true;
        }
        Self::of(found, text)
    }
}

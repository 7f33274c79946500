//! Figures of any stretch, by any unit of time and any dimension; as JSON or as a table for
//! spreadsheets.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use csv::Terminator;
use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use weir_core::described::one_of;
use weir_store::model::rfc3339;
use weir_store::{Dimension, FigureQuery, Figures, Percentiles, StoreError, Unit};

use super::{Span, ask, given};
use crate::cells::line;
use crate::fault::{Fault, HistoryFaults};
use crate::params::{MomentOrNone, Params};
use crate::router::Admin;

/// Days that are shown unless asked otherwise, today included.
const DAYS: i64 = 30;
/// Most hours or days in one answer.
const MOST_BUCKETS: i64 = 10_000;

const BUCKETS: [&str; 5] = ["hour", "day", "week", "month", "none"];
const DIMENSIONS: [(&str, Dimension); 8] = [
    ("none", Dimension::None),
    ("model", Dimension::Model),
    ("provider", Dimension::Provider),
    ("client", Dimension::Client),
    ("agent", Dimension::Agent),
    ("subagent", Dimension::Subagent),
    ("project", Dimension::Project),
    ("status", Dimension::Status),
];
const WEEK_STARTS: [(&str, Weekday); 2] =
    [("sunday", Weekday::Sunday), ("monday", Weekday::Monday)];

fn buckets() -> Object {
    one_of(BUCKETS)
}

fn dimensions() -> Object {
    one_of(DIMENSIONS.map(|(word, _)| word))
}

fn week_starts() -> Object {
    one_of(WEEK_STARTS.map(|(word, _)| word))
}

/// Which figures.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnalyticsParams {
    /// From here on, an instant or a span ago such as `90d`, rounded down to a quarter of an hour;
    /// 29 days before today when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    start: Option<String>,
    /// Up to here, rounded up; now when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    end: Option<String>,
    /// The time zone whose hours and days these are, such as `Europe/Berlin` or `+05:30`; UTC when
    /// not said.
    #[param(
        example = "Europe/Berlin",
        pattern = "^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
    )]
    tz: Option<String>,
    /// `hour`, `day`, `week`, `month` or `none`; `day` when not said.
    #[param(schema_with = buckets)]
    bucket: Option<String>,
    /// `model`, `provider`, `client`, `agent`, `subagent`, `project`, `status` or `none`; `none` when
    /// not said.
    #[param(schema_with = dimensions)]
    by: Option<String>,
    /// The first day of a week: `sunday` or `monday`; `sunday` when not said.
    #[param(schema_with = week_starts)]
    week_start: Option<String>,
    /// Any part of the name of the model that was asked, in any case; `all` is none.
    model: Option<String>,
    /// The provider's name.
    provider: Option<String>,
    /// The kind of client, such as `claude_code`.
    client: Option<String>,
    /// `main` or `subagent`.
    agent: Option<String>,
    /// The subagent's name.
    subagent: Option<String>,
    /// The id of the project whose token it brought.
    project: Option<String>,
    /// `json` or `csv`; `json` when not said.
    #[param(pattern = "^(json|csv)?$")]
    format: Option<String>,
}

impl AnalyticsParams {
    fn query(&self) -> Result<FigureQuery, Fault> {
        let ends = (self.start.as_deref(), self.end.as_deref());
        let span = Span::read(ends, self.tz.as_deref(), DAYS - 1)?;
        let unit = self.unit()?;
        let buckets = unit
            .shortest_us()
            .map_or(0, |shortest| (span.end_us - span.start_us) / shortest);
        if buckets > MOST_BUCKETS {
            let message = format!(
                "`bucket`: more than {MOST_BUCKETS} of them lie between `start` and `end`; take \
                 larger ones or less time"
            );
            return Err(Fault::bad(message).of_field("bucket"));
        }
        Ok(FigureQuery {
            unit,
            by: word("by", self.by.as_deref(), &DIMENSIONS)?,
            model: self.model.clone(),
            provider: self.provider.clone(),
            client: self.client.clone(),
            agent: self.agent.clone(),
            subagent: self.subagent.clone(),
            project: self.project.clone(),
            times: true,
            ..span.query()
        })
    }

    fn unit(&self) -> Result<Unit, Fault> {
        let first = word("weekStart", self.week_start.as_deref(), &WEEK_STARTS)?;
        let units = [
            Unit::Hour,
            Unit::Day,
            Unit::Week(first),
            Unit::Month,
            Unit::None,
        ];
        let mut known: Vec<_> = BUCKETS.into_iter().zip(units).collect();
        // The first is what counts when nothing is said.
        known.swap(0, 1);
        word("bucket", self.bucket.as_deref(), &known)
    }
}

/// What a parameter's word stands for; the first known one when nothing is said.
fn word<T: Copy>(name: &str, value: Option<&str>, known: &[(&str, T)]) -> Result<T, Fault> {
    let found = match given(value) {
        None => known.first(),
        Some(value) => known.iter().find(|(word, _)| *word == value),
    };
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<_> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
        let given = value.unwrap_or_default();
        let message = format!("`{name}`: `{given}` is none of {}", words.join(", "));
        Fault::bad(message).of_field(name)
    })
}

/// Figures of one hour or day and one model or the like.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct AnalyticsRow {
    /// When the hour or day begins, RFC 3339; null for all time in one.
    #[schema(required, format = DateTime)]
    bucket: Option<String>,
    /// The model or the like; null for all of them in one.
    #[schema(required)]
    key: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

/// Figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Analytics {
    #[schema(format = DateTime)]
    start: String,
    #[schema(format = DateTime)]
    end: String,
    /// The time zone.
    tz: String,
    #[schema(schema_with = buckets)]
    bucket: String,
    #[schema(schema_with = dimensions)]
    by: String,
    /// Ascending by time; hours and days without an exchange are left out.
    rows: Vec<AnalyticsRow>,
    /// All rows together.
    totals: AnalyticsRow,
    /// Whether rows are missing because there are too many.
    cut: bool,
}

/// What exchanges add up to: tokens, money, percentiles, cache economics
#[utoipa::path(get, path = "/api/analytics", tag = "figures", params(AnalyticsParams), responses(
    (status = 200, content((Analytics = "application/json"), (String = "text/csv"))),
    HistoryFaults))]
pub(crate) async fn analytics(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<AnalyticsParams>,
) -> Result<Response, Fault> {
    let as_csv = word(
        "format",
        params.format.as_deref(),
        &[("json", false), ("csv", true)],
    )?;
    let query = params.query()?;
    let (start, end) = (rfc3339(query.start_us), rfc3339(query.end_us));
    let table = ask(&admin, query).await?;
    let rows = table.rows.into_iter().map(|row| AnalyticsRow {
        bucket: row.start_us.map(rfc3339),
        key: row.label.map(Into::into),
        figures: row.figures,
    });
    if as_csv {
        return csv(rows).map_err(|error| StoreError::from(error).into());
    }
    let said = |value: Option<String>, usual: &str| {
        value
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| usual.to_owned())
    };
    Ok(Json(Analytics {
        start,
        end,
        tz: said(params.tz, "UTC"),
        bucket: said(params.bucket, "day"),
        by: said(params.by, "none"),
        rows: rows.collect(),
        totals: AnalyticsRow {
            bucket: None,
            key: None,
            figures: table.total,
        },
        cut: table.cut,
    })
    .into_response())
}

const COLUMNS: [&str; 28] = [
    "bucket",
    "key",
    "requests",
    "errors",
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheWriteTokens",
    "reasoningTokens",
    "cost",
    "unpriced",
    "cacheSavings",
    "cacheHitShare",
    "firstByteP50",
    "firstByteP90",
    "firstByteP95",
    "firstByteP99",
    "firstByteMax",
    "durationP50",
    "durationP90",
    "durationP95",
    "durationP99",
    "durationMax",
    "gapP50",
    "gapP90",
    "gapP95",
    "gapP99",
    "gapMax",
];

fn csv(rows: impl Iterator<Item = AnalyticsRow>) -> io::Result<Response> {
    let mut out = line(COLUMNS.map(str::to_owned), Terminator::CRLF)?;
    for row in rows {
        out.extend(line(cells(&row), Terminator::CRLF)?);
    }
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"weir-figures.csv\"",
        ),
    ];
    Ok((headers, out).into_response())
}

fn cells(row: &AnalyticsRow) -> Vec<String> {
    let f = &row.figures;
    let money = |amount: Option<f64>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    let mut cells = vec![
        row.bucket.clone().unwrap_or_default(),
        row.key.clone().unwrap_or_default(),
    ];
    let counts = [
        f.requests,
        f.errors,
        f.input_tokens,
        f.output_tokens,
        f.cache_read_tokens,
        f.cache_write_tokens,
        f.reasoning_tokens,
    ];
    cells.extend(counts.iter().map(u64::to_string));
    cells.push(money(f.cost));
    cells.push(f.unpriced.to_string());
    cells.extend([money(f.cache_savings), money(f.cache_hit_share)]);
    for spread in [f.first_byte, f.duration, f.gap] {
        let times = spread.map(
            |Percentiles {
                 p50,
                 p90,
                 p95,
                 p99,
                 max,
             }| [p50, p90, p95, p99, max],
        );
        match times {
            Some(times) => cells.extend(times.iter().map(u64::to_string)),
            None => cells.extend(std::iter::repeat_n(String::new(), 5)),
        }
    }
    cells
}

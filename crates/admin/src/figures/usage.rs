//! Tokens by model, in the words of an older API.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::model::rfc3339;
use weir_store::{FigureRow, Figures, Unit};

use super::{Span, by_model, gather, given};
use crate::fault::{Fault, HistoryFaults};
use crate::params::{MomentOrNone, Params};
use crate::router::Admin;

/// Days that figures are kept, and more.
const ALL_DAYS: i64 = 1000;

/// Which stretch.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// From here on, an instant or a span ago such as `30d`.
    #[param(value_type = Option<MomentOrNone>, inline)]
    start: Option<String>,
    /// Up to here; now when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    end: Option<String>,
    /// The time zone whose hours these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
    #[param(
        example = "Europe/Berlin",
        pattern = "^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
    )]
    tz: Option<String>,
}

/// What a model was used for.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct ModelUsage {
    request_count: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// Read from and written to caches.
    cache_tokens: u64,
}

/// What was used.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct UsageStats {
    total_requests: u64,
    total_input_tokens: u64,
    total_output_tokens: u64,
    /// Read from and written to caches.
    total_cache_tokens: u64,
    /// By the model that was asked.
    requests_by_model: BTreeMap<String, ModelUsage>,
    /// As asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    start_date: Option<String>,
    /// As asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    end_date: Option<String>,
}

impl UsageStats {
    fn add(&mut self, row: &FigureRow) {
        let Figures {
            requests,
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            ..
        } = row.figures;
        let cache_tokens = cache_read_tokens.saturating_add(cache_write_tokens);
        self.total_requests += requests;
        self.total_input_tokens += input_tokens;
        self.total_output_tokens += output_tokens;
        self.total_cache_tokens += cache_tokens;
        let model = row.label.as_deref().unwrap_or_default().to_owned();
        let of_model = self.requests_by_model.entry(model).or_default();
        of_model.request_count += requests;
        of_model.input_tokens += input_tokens;
        of_model.output_tokens += output_tokens;
        of_model.cache_tokens += cache_tokens;
    }
}

impl UsageParams {
    fn span(&self, days: i64) -> Result<Span, Fault> {
        let ends = (self.start.as_deref(), self.end.as_deref());
        Span::read(ends, self.tz.as_deref(), days)
    }
}

/// Tokens of a stretch by model; of all that is known when no stretch is named
#[utoipa::path(get, path = "/api/usage", tag = "figures", params(UsageParams),
    responses((status = 200, body = UsageStats), HistoryFaults))]
pub(crate) async fn usage(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<UsageParams>,
) -> Result<Json<UsageStats>, Fault> {
    let span = params.span(ALL_DAYS)?;
    let table = by_model(&admin, &span, Unit::None).await?;
    let mut stats = UsageStats {
        start_date: given(params.start.as_deref()).map(|_| rfc3339(span.start_us)),
        end_date: given(params.end.as_deref()).map(|_| rfc3339(span.end_us)),
        ..UsageStats::default()
    };
    table.rows.iter().for_each(|row| stats.add(row));
    Ok(Json(stats))
}

/// What was used in an hour.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct HourUsage {
    /// When it began, RFC 3339.
    #[schema(format = DateTime)]
    hour: String,
    #[serde(flatten)]
    usage: UsageStats,
}

/// The hours of a stretch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HourlyUsage {
    /// Those in which something happened, ascending.
    hourly: Vec<HourUsage>,
}

/// Tokens by hour and model; of today when no stretch is named
#[utoipa::path(get, path = "/api/usage/hourly", tag = "figures", params(UsageParams),
    responses((status = 200, body = HourlyUsage), HistoryFaults))]
pub(crate) async fn hourly(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<UsageParams>,
) -> Result<Json<HourlyUsage>, Fault> {
    let table = by_model(&admin, &params.span(0)?, Unit::Hour).await?;
    let hours = gather(BTreeMap::new(), &table, |start| start, UsageStats::add);
    let hourly = hours.into_iter().map(|(hour, usage)| HourUsage {
        hour: rfc3339(hour),
        usage,
    });
    Ok(Json(HourlyUsage {
        hourly: hourly.collect(),
    }))
}

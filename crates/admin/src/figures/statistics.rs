//! Sums by day, by hour of the day and by model.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::{FigureRow, Unit};

use super::{Span, by_model, gather};
use crate::fault::{Fault, HistoryFaults};
use crate::params::{Moment, MomentOrNone, Params};
use crate::router::Admin;

/// Days that are shown unless asked otherwise, today included.
const DAYS: i64 = 7;

/// Which days.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DailyParams {
    /// From here on, an instant or a span ago such as `30d`; six days before today when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    start: Option<String>,
    /// Up to here; now when not said.
    #[param(value_type = Option<MomentOrNone>, inline)]
    end: Option<String>,
    /// The time zone whose days these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
    #[param(
        example = "Europe/Berlin",
        pattern = "^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
    )]
    tz: Option<String>,
}

/// What one model did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct ModelCount {
    /// Tokens of every kind.
    tokens: u64,
    requests: u64,
}

/// A day.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct DayFigures {
    /// `YYYY-MM-DD` in the time zone asked for.
    date: String,
    /// Tokens of every kind.
    tokens: u64,
    /// Exchanges, failed ones included.
    requests: u64,
    errors: u64,
    /// US dollars, of all that has a price; null when nothing has one.
    #[schema(required)]
    cost: Option<f64>,
    /// By the model that was asked.
    models: BTreeMap<String, ModelCount>,
}

/// Sums of several rows.
#[derive(Debug, Default)]
struct Sum {
    tokens: u64,
    requests: u64,
    errors: u64,
    cost: Option<f64>,
    models: BTreeMap<String, ModelCount>,
}

impl Sum {
    fn add(&mut self, row: &FigureRow) {
        let (model, figures) = (row.label.as_deref().unwrap_or_default(), &row.figures);
        let tokens = figures.tokens();
        self.tokens = self.tokens.saturating_add(tokens);
        self.requests += figures.requests;
        self.errors += figures.errors;
        if let Some(cost) = figures.cost {
            self.cost = Some(self.cost.unwrap_or(0.0) + cost);
        }
        let of_model = self.models.entry(model.to_owned()).or_default();
        of_model.tokens = of_model.tokens.saturating_add(tokens);
        of_model.requests += figures.requests;
    }
}

/// The days of a stretch on which something happened, ascending.
pub(crate) async fn daily(admin: &Admin, params: &DailyParams) -> Result<Vec<DayFigures>, Fault> {
    let ends = (params.start.as_deref(), params.end.as_deref());
    let span = Span::read(ends, params.tz.as_deref(), DAYS - 1)?;
    let table = by_model(admin, &span, Unit::Day).await?;
    let days = gather(BTreeMap::new(), &table, |start| start, Sum::add);
    let day = |(start, sum): (i64, Sum)| DayFigures {
        date: local(start, &span.zone).map_or_else(String::new, |day| day.date().to_string()),
        tokens: sum.tokens,
        requests: sum.requests,
        errors: sum.errors,
        cost: sum.cost,
        models: sum.models,
    };
    Ok(days.into_iter().map(day).collect())
}

/// The clock on the wall.
fn local(us: i64, zone: &TimeZone) -> Option<Zoned> {
    let at = Timestamp::from_microsecond(us).ok()?;
    Some(at.to_zoned(zone.clone()))
}

/// Which stretch.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RangeParams {
    /// From here on, an instant or a span ago such as `24h`.
    #[param(value_type = Moment, inline)]
    start: Option<String>,
    /// Up to here.
    #[param(value_type = Moment, inline)]
    end: Option<String>,
    /// The time zone whose hours these are, such as `Europe/Berlin` or `+05:30`; UTC when not said.
    #[param(
        example = "Europe/Berlin",
        pattern = "^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
    )]
    tz: Option<String>,
}

impl RangeParams {
    fn span(&self) -> Result<Span, Fault> {
        let ends = (self.start.as_deref(), self.end.as_deref());
        Span::required(ends, self.tz.as_deref())
    }
}

/// An hour of the day.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct HourFigures {
    /// 0 to 23 in the time zone asked for.
    #[schema(maximum = 23)]
    hour: i8,
    /// The same as a clock shows it.
    label: String,
    /// Tokens of every kind.
    tokens: u64,
    /// Exchanges, failed ones included.
    requests: u64,
    errors: u64,
    /// US dollars, of all that has a price; null when nothing has one.
    #[schema(required)]
    cost: Option<f64>,
    /// By the model that was asked.
    models: BTreeMap<String, ModelCount>,
}

/// The hours of the day, of all days in the stretch together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HourlyStats {
    /// All 24, ascending.
    hourly_stats: Vec<HourFigures>,
    /// Tokens of the whole stretch.
    today_tokens: u64,
    /// Exchanges of the whole stretch.
    today_requests: u64,
    /// Milliseconds from start to end on average, of those that took any.
    avg_response_time: u64,
}

/// Sums by the hour of the day
#[utoipa::path(get, path = "/api/stats/hourly", tag = "figures", params(RangeParams),
    responses((status = 200, body = HourlyStats), HistoryFaults))]
pub(crate) async fn hourly(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<RangeParams>,
) -> Result<Json<HourlyStats>, Fault> {
    let span = params.span()?;
    let table = by_model(&admin, &span, Unit::Hour).await?;
    let hours = (0..24).map(|hour| (hour, Sum::default())).collect();
    let of_day = |start| local(start, &span.zone).map_or(0, |start| start.hour());
    let hours = gather(hours, &table, of_day, Sum::add);
    let hour = |(hour, sum): (i8, Sum)| HourFigures {
        hour,
        label: format!("{hour:02}:00"),
        tokens: sum.tokens,
        requests: sum.requests,
        errors: sum.errors,
        cost: sum.cost,
        models: sum.models,
    };
    Ok(Json(HourlyStats {
        hourly_stats: hours.into_iter().map(hour).collect(),
        today_tokens: table.total.tokens(),
        today_requests: table.total.requests,
        avg_response_time: table.total.average_ms(),
    }))
}

/// A model.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct ModelFigures {
    /// The model that was asked; empty where none was named.
    model: String,
    /// Tokens of every kind.
    tokens: u64,
    /// Exchanges, failed ones included.
    requests: u64,
    errors: u64,
    /// US dollars, of all that has a price; null when nothing has one.
    #[schema(required)]
    cost: Option<f64>,
}

/// Every model that was asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelStats {
    /// By name.
    model_stats: Vec<ModelFigures>,
}

/// Sums by model
#[utoipa::path(get, path = "/api/stats/models", tag = "figures", params(RangeParams),
    responses((status = 200, body = ModelStats), HistoryFaults))]
pub(crate) async fn models(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<RangeParams>,
) -> Result<Json<ModelStats>, Fault> {
    let table = by_model(&admin, &params.span()?, Unit::None).await?;
    let model = |row: FigureRow| ModelFigures {
        model: row.label.unwrap_or_default().into(),
        tokens: row.figures.tokens(),
        requests: row.figures.requests,
        errors: row.figures.errors,
        cost: row.figures.cost,
    };
    Ok(Json(ModelStats {
        model_stats: table.rows.into_iter().map(model).collect(),
    }))
}

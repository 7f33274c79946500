//! What exchanges add up to: for pages with charts, by day, hour, model or anything else, and what
//! it costs.

mod analytics;
mod prices;
mod statistics;
mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_store::{Dimension, FigureQuery, FigureRow, FigureTable, Unit};

use crate::fault::Fault;
use crate::params::moment;
use crate::router::Admin;

pub(crate) use statistics::{DailyParams, DayFigures, daily};

/// Every call about figures.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(statistics::hourly))
        .routes(routes!(statistics::models))
        .routes(routes!(usage::usage))
        .routes(routes!(usage::hourly))
        .routes(routes!(analytics::analytics))
        .routes(routes!(prices::prices))
}

/// A stretch of time as callers name it, and whose hours and days it has.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
    pub(crate) zone: TimeZone,
}

impl Span {
    /// Without `start` it begins so many days ago, with the day itself; without `end` it is now.
    pub(crate) fn read(
        (start, end): (Option<&str>, Option<&str>),
        tz: Option<&str>,
        days: i64,
    ) -> Result<Self, Fault> {
        let zone = zone(tz)?;
        let now = Timestamp::now();
        let named =
            |name, value: Option<&str>| given(value).map(|value| moment(name, value)).transpose();
        let end_us = named("end", end)?.unwrap_or(now.as_microsecond());
        let earliest = || days_before(&now.to_zoned(zone.clone()), days);
        let start_us = named("start", start)?.unwrap_or_else(earliest);
        if start_us > end_us {
            let message = "`start` lies after `end`: exchange them";
            return Err(Fault::bad(message).of_field("start"));
        }
        Ok(Self {
            start_us,
            end_us,
            zone,
        })
    }

    /// The same, if both ends are named.
    pub(crate) fn required(
        (start, end): (Option<&str>, Option<&str>),
        tz: Option<&str>,
    ) -> Result<Self, Fault> {
        for (name, value) in [("start", start), ("end", end)] {
            if given(value).is_none() {
                let message =
                    format!("`{name}` is missing: name an instant such as 2026-11-20T00:00:00Z");
                return Err(Fault::bad(message).of_field(name));
            }
        }
        Self::read((start, end), tz, 0)
    }

    /// All figures of it.
    pub(crate) fn query(&self) -> FigureQuery {
        FigureQuery {
            zone: self.zone.clone(),
            ..FigureQuery::between(self.start_us, self.end_us)
        }
    }
}

/// A parameter that is there and not empty.
fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// The beginning of a day so many days before, in microseconds since the Unix epoch.
fn days_before(now: &Zoned, days: i64) -> i64 {
    let span = jiff::Span::new().try_days(days).unwrap_or_default();
    let day = now.checked_sub(span).and_then(|day| day.start_of_day());
    day.map_or(0, |day| day.timestamp().as_microsecond())
}

/// A time zone by its name (`Europe/Berlin`) or its distance from UTC (`+05:30`); UTC for nothing.
fn zone(tz: Option<&str>) -> Result<TimeZone, Fault> {
    let Some(name) = given(tz) else {
        return Ok(TimeZone::UTC);
    };
    let parser = jiff::fmt::temporal::DateTimeParser::new();
    parser.parse_time_zone(name).map_err(|error| {
        let message = format!("`tz`: `{name}`: {error}; write such as Europe/Berlin or +05:30");
        Fault::bad(message).of_field("tz")
    })
}

/// Asks for the figures of each model in each unit of time.
async fn by_model(admin: &Admin, span: &Span, unit: Unit) -> Result<FigureTable, Fault> {
    let query = FigureQuery {
        unit,
        by: Dimension::Model,
        ..span.query()
    };
    ask(admin, query).await
}

/// Adds up rows that have the same key, which is made of when a row begins.
fn gather<K: Ord, T: Default>(
    mut sums: BTreeMap<K, T>,
    table: &FigureTable,
    key: impl Fn(i64) -> K,
    add: impl Fn(&mut T, &FigureRow),
) -> BTreeMap<K, T> {
    for row in &table.rows {
        let key = key(row.start_us.unwrap_or_default());
        add(sums.entry(key).or_default(), row);
    }
    sums
}

/// Asks for figures, exchanges that have just ended included.
async fn ask(admin: &Admin, query: FigureQuery) -> Result<FigureTable, Fault> {
    admin.store.flush().await;
    Ok(admin
        .reader
        .run(move |reader| reader.figures(&query))
        .await?)
}

//! What providers said of quotas over time.

use rusqlite::{OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Reader, View};
use crate::error::StoreError;
use crate::model::rfc3339;

/// Most points of one window; of more, the last of each of so many stretches of time are given.
const MOST_POINTS: usize = 2000;

/// One window of a key's quota over time.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QuotaSeries {
    /// The provider's name.
    pub provider: String,
    /// The id of the key, or the digest of the client's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The provider's organisation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub organization: String,
    /// `5h`, `7d`, `requests`, `tokens`, `input`, `output`, `codex_primary`, `codex_secondary`.
    pub window: String,
    /// Ascending.
    pub points: Vec<QuotaPoint>,
}

/// What was said at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QuotaPoint {
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    pub time: String,
    /// The part that was spent, 0 to 1.
    #[schema(required)]
    pub utilization: Option<f64>,
    /// What was left, in requests or tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// The whole of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// When it is whole again, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub reset: Option<String>,
}

impl Reader {
    /// What providers said of quotas between two moments (microseconds since the Unix epoch), of
    /// one provider or all.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn quota_history(
        &self,
        (start_us, end_us): (i64, i64),
        provider: Option<&str>,
    ) -> Result<Vec<QuotaSeries>, StoreError> {
        let between = (start_us.div_euclid(1000), end_us.div_euclid(1000));
        self.view(|view| view.quota_history(between, provider))
    }
}

impl View {
    fn quota_history(
        &self,
        between: (i64, i64),
        provider: Option<&str>,
    ) -> Result<Vec<QuotaSeries>, StoreError> {
        let sql = "SELECT id, provider, key, organization, span FROM quota_series
            WHERE ?1 IS NULL OR provider=?1 ORDER BY provider, key, organization, span";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([provider], |row| {
            let series = QuotaSeries {
                provider: row.get(1)?,
                key: row.get(2)?,
                organization: row.get(3)?,
                window: row.get(4)?,
                points: Vec::new(),
            };
            Ok((row.get::<_, i64>(0)?, series))
        })?;
        let mut all = Vec::new();
        for row in rows {
            let (id, mut series) = row?;
            series.points = self.points(id, between)?;
            if !series.points.is_empty() {
                all.push(series);
            }
        }
        Ok(all)
    }

    /// All points of a series, or of more than some the last of each of so many stretches.
    fn points(&self, series: i64, (start, end): (i64, i64)) -> Result<Vec<QuotaPoint>, StoreError> {
        let mut points = self.all_points((series, start, end), MOST_POINTS + 1)?;
        if points.len() <= MOST_POINTS {
            return Ok(points);
        }
        points.clear();
        // As long as the readings last, which may be shorter than what is asked for.
        let edge = |order: &str| -> Result<i64, StoreError> {
            let sql = format!("SELECT time {READINGS} ORDER BY time {order} LIMIT 1");
            let mut statement = self.db.prepare_cached(&sql)?;
            Ok(statement.query_row((series, start, end), |row| row.get(0))?)
        };
        let (first, last) = (edge("ASC")?, edge("DESC")?);
        let most = i64::try_from(MOST_POINTS).unwrap_or(i64::MAX);
        let step = ((last - first) / most + 1).max(1);
        let mut statement = self.db.prepare_cached(&last_of())?;
        let mut until = last + 1;
        while until > first {
            let place = (series, until - step, until);
            points.extend(statement.query_row(place, point).optional()?);
            until -= step;
        }
        points.reverse();
        Ok(points)
    }

    fn all_points(
        &self,
        place: (i64, i64, i64),
        most: usize,
    ) -> Result<Vec<QuotaPoint>, StoreError> {
        let sql = format!("SELECT {POINT} {READINGS} ORDER BY time LIMIT {most}");
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(place, point)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

const POINT: &str = "time, used, remaining, most, resets";
const READINGS: &str = "FROM quota_readings WHERE series=?1 AND time>=?2 AND time<?3";

/// The last reading of a stretch of time.
pub(super) fn last_of() -> String {
    format!("SELECT {POINT} {READINGS} ORDER BY time DESC LIMIT 1")
}

fn point(row: &Row<'_>) -> rusqlite::Result<QuotaPoint> {
    let (remaining, limit): (Option<u64>, Option<u64>) = (row.get(2)?, row.get(3)?);
    let used: Option<f64> = row.get(1)?;
    Ok(QuotaPoint {
        time: rfc3339(row.get::<_, i64>(0)?.saturating_mul(1000)),
        utilization: used.or_else(|| spent(remaining?, limit?)),
        remaining,
        limit,
        reset: row
            .get::<_, Option<i64>>(4)?
            .map(|ms| rfc3339(ms.saturating_mul(1000))),
    })
}

/// The part of a limit that is not left.
fn spent(remaining: u64, limit: u64) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share needs few of its digits"
    )]
    let share = |n: u64| n as f64 / limit as f64;
    (limit > 0).then(|| share(limit.saturating_sub(remaining)))
}

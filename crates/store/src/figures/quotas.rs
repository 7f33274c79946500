//! What providers said of quotas over time: of each window a point when it changes, at most one a
//! minute.

use std::collections::HashMap;

use rusqlite::Connection;
use weir_wire::ratelimit::quota::{Quotas, Stated, Window};

use crate::error::StoreError;
use crate::summary::Summary;

/// Most windows of keys that are followed; the rest is left out.
const MOST_SERIES: usize = 1024;
/// Shortest time between two points, in milliseconds.
const STEP_MS: i64 = 60_000;

/// What one response said.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The id of the key that was used, where there was one of weir's.
    pub key: Option<Box<str>>,
    /// When it came, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What it said.
    pub quotas: Quotas,
}

/// Whose quota it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Series {
    provider: Box<str>,
    key: Box<str>,
    organization: Box<str>,
    span: Box<str>,
}

/// The writer's book of quotas.
#[derive(Debug, Default)]
pub(crate) struct QuotaBook {
    /// None until it has been read.
    series: Option<HashMap<Series, i64>>,
    last: HashMap<i64, (i64, Stated)>,
}

impl QuotaBook {
    /// Writes what is worth it down, in the transaction that `db` is in.
    pub(crate) fn add(
        &mut self,
        db: &Connection,
        summary: &Summary,
        reading: &Reading,
    ) -> Result<(), StoreError> {
        let key = reading.key.as_deref().or(summary.key_digest.as_deref());
        for window in Window::ALL {
            let stated = reading.quotas.of(window);
            if stated.used.is_none() && stated.remaining.is_none() {
                continue;
            }
            let series = Series {
                provider: summary.provider.as_ref().into(),
                key: key.unwrap_or_default().into(),
                organization: summary.organization_id.clone().unwrap_or_default(),
                span: window.as_str().into(),
            };
            if let Some(id) = self.number(db, series)? {
                self.point(db, id, reading.at_ms, (window, stated))?;
            }
        }
        Ok(())
    }

    fn point(
        &mut self,
        db: &Connection,
        series: i64,
        at_ms: i64,
        (window, stated): (Window, &Stated),
    ) -> Result<(), StoreError> {
        if let Some((time, last)) = self.last.get(&series) {
            // The end of a window that refills all the time moves all the time.
            let moved = !window.refills() && stated.resets_at != last.resets_at;
            let same = (stated.used, stated.remaining, stated.limit)
                == (last.used, last.remaining, last.limit);
            if at_ms.saturating_sub(*time) < STEP_MS || (same && !moved) {
                return Ok(());
            }
        }
        let count = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let sql =
            "INSERT OR REPLACE INTO quota_readings (series, time, used, remaining, most, resets)
            VALUES (?, ?, ?, ?, ?, ?)";
        db.prepare_cached(sql)?.execute((
            series,
            at_ms,
            stated.used,
            count(stated.remaining),
            count(stated.limit),
            stated.resets_at,
        ))?;
        self.last.insert(series, (at_ms, *stated));
        Ok(())
    }

    /// The number of a series; none when there are too many.
    fn number(&mut self, db: &Connection, series: Series) -> Result<Option<i64>, StoreError> {
        let known = match &mut self.series {
            Some(known) => known,
            none => none.insert(load(db)?),
        };
        if let Some(&id) = known.get(&series) {
            return Ok(Some(id));
        }
        if known.len() >= MOST_SERIES {
            return Ok(None);
        }
        let sql =
            "INSERT INTO quota_series (provider, key, organization, span) VALUES (?, ?, ?, ?)";
        let id = db.prepare_cached(sql)?.insert((
            &series.provider,
            &series.key,
            &series.organization,
            &series.span,
        ))?;
        known.insert(series, id);
        Ok(Some(id))
    }
}

fn load(db: &Connection) -> Result<HashMap<Series, i64>, StoreError> {
    let sql = "SELECT id, provider, key, organization, span FROM quota_series";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let series = Series {
            provider: row.get(1)?,
            key: row.get(2)?,
            organization: row.get(3)?,
            span: row.get(4)?,
        };
        Ok((series, row.get(0)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

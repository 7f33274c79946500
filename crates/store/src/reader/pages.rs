//! Lists: exchanges in the order of time, which is the table's own, newest first.

use std::ops::Range;
use std::time::{Duration, Instant};

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::View;
use super::condition::Condition;
use super::row::{COLUMNS, started_at, summary};
use super::walk::{Bound, Stop, in_time};
use crate::error::StoreError;
use crate::find::{Cursor, Filters, Found, Page, SummaryQuery};
use crate::model::{RequestLog, RequestSummary};
use crate::summary::Summary;

/// Most exchanges with bodies on a page.
const MOST_ON_PAGE: u32 = 100;
/// Most summaries in one answer.
const MOST_SUMMARIES: u32 = 100_000;
/// Time to look for the first of a list...
const TO_FIND: Duration = Duration::from_millis(25);
/// ...for each that is wanted...
const FOR_EACH: Duration = Duration::from_micros(25);
/// ...and to count how many there are.
const TO_COUNT: Duration = Duration::from_millis(12);

/// Which part of what is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub after: Option<Cursor>,
    pub offset: u64,
    pub limit: u32,
}

impl View {
    pub(super) fn list(
        &self,
        page: Page,
        filters: &Filters,
        known: Option<u64>,
    ) -> Result<Found<RequestLog>, StoreError> {
        let limit = if page.limit == 0 {
            10
        } else {
            page.limit.min(MOST_ON_PAGE)
        };
        let part = Part {
            after: None,
            offset: u64::from(page.number.max(1) - 1) * u64::from(limit),
            limit,
        };
        self.with_bodies(&self.find_all(filters, part, known)?)
    }

    pub(super) fn logs(
        &self,
        query: &SummaryQuery,
        known: Option<u64>,
    ) -> Result<Found<RequestLog>, StoreError> {
        let part = Part {
            after: query.after,
            offset: query.offset.into(),
            limit: query.limit.clamp(1, MOST_ON_PAGE),
        };
        self.with_bodies(&self.find_all(&query.filters, part, known)?)
    }

    fn with_bodies(&self, found: &Found<(i64, Summary)>) -> Result<Found<RequestLog>, StoreError> {
        let logs = found
            .rows
            .iter()
            .map(|(row, summary)| self.detail(*row, summary));
        Ok(Found {
            rows: logs.collect::<Result<_, _>>()?,
            total: found.total,
            next: found.next,
            complete: found.complete,
        })
    }

    pub(super) fn summaries(
        &self,
        query: &SummaryQuery,
        known: Option<u64>,
    ) -> Result<Found<RequestSummary>, StoreError> {
        let part = Part {
            after: query.after,
            offset: query.offset.into(),
            limit: match query.limit {
                0 => MOST_SUMMARIES,
                limit => limit.min(MOST_SUMMARIES),
            },
        };
        let found = self.find_all(&query.filters, part, known)?;
        Ok(Found {
            rows: found
                .rows
                .iter()
                .map(|(_, summary)| RequestSummary::of(summary, &self.prices))
                .collect(),
            total: found.total,
            next: found.next,
            complete: found.complete,
        })
    }

    pub(super) fn latest_us(&self) -> Result<Option<i64>, StoreError> {
        let newest: Option<i64> =
            self.db
                .query_row("SELECT max(id) FROM exchanges", [], |row| row.get(0))?;
        Ok(newest.map(started_at))
    }

    /// Part of what the filters name, and how many they name.
    pub(super) fn find_all(
        &self,
        filters: &Filters,
        part: Part,
        known: Option<u64>,
    ) -> Result<Found<(i64, Summary)>, StoreError> {
        let condition = self.condition(filters)?;
        let (rows, stop) = self.search(&condition, part)?;
        let last = rows.last().map(|(row, _)| Cursor(*row));
        let is_all = stop == Stop::End && part.after.is_none();
        let total = match known {
            _ if is_all && (part.offset == 0 || !rows.is_empty()) => {
                Some(part.offset + rows.len() as u64)
            }
            // Whoever goes on knows it from the first answer, and what takes too long to find
            // takes too long to count.
            _ if part.after.is_some() || matches!(stop, Stop::Time(_)) => None,
            Some(known) if *filters == Filters::default() => Some(known),
            _ => self.count(&condition)?,
        };
        let (next, complete) = match stop {
            Stop::End => (None, true),
            Stop::Enough => (last, true),
            Stop::Time(at) => (Some(Cursor(at)), false),
        };
        Ok(Found {
            rows,
            total,
            next,
            complete,
        })
    }

    fn search(
        &self,
        condition: &Condition,
        part: Part,
    ) -> Result<(Vec<(i64, Summary)>, Stop), StoreError> {
        let after = part.after.map_or(i64::MAX, |Cursor(row)| row);
        let range = condition.range.start..condition.range.end.min(after);
        let deadline = Instant::now() + TO_FIND + FOR_EACH * part.limit;
        let mut rows: Vec<(i64, Summary)> = Vec::new();
        let mut skip = part.offset;
        let whole = (&range, condition.is_plain());
        let stop = self.walk(condition, whole, deadline, |window| {
            if skip > 0 && !condition.is_plain() {
                let here = self.count_in(condition, window)?;
                if here <= skip {
                    skip -= here;
                    return Ok(true);
                }
            }
            // One more than wanted tells whether this is the end.
            let wanted = u64::from(part.limit) + 1 - rows.len() as u64;
            self.select(condition, window, (wanted, skip), &mut rows)?;
            skip = 0;
            Ok(rows.len() <= part.limit as usize)
        })?;
        rows.truncate(part.limit as usize);
        // What was found in the window that took too long counts.
        let stop = match (stop, rows.last()) {
            (Stop::Time(at), Some((last, _))) => Stop::Time(at.min(*last)),
            _ => stop,
        };
        Ok((rows, stop))
    }

    /// Adds rows as they come, so that those found before the time is up are not lost.
    fn select(
        &self,
        condition: &Condition,
        window: &Range<i64>,
        (limit, offset): (u64, u64),
        rows: &mut Vec<(i64, Summary)>,
    ) -> Result<(), StoreError> {
        let sql = condition.select(COLUMNS, window, (limit, offset));
        let mut statement = self.db.prepare_cached(&sql)?;
        let values = condition.values(window);
        for row in statement.query_map(params_from_iter(values), |r| summary(r, &self.names))? {
            rows.push(row?);
        }
        Ok(())
    }

    /// How many there are; none if that takes too long.
    fn count(&self, condition: &Condition) -> Result<Option<u64>, StoreError> {
        let bound = Bound::until(&self.db, Instant::now() + TO_COUNT)?;
        let counted = in_time(self.count_in(condition, &condition.range));
        drop(bound);
        counted
    }

    fn count_in(&self, condition: &Condition, window: &Range<i64>) -> Result<u64, StoreError> {
        let mut sum = 0;
        for piece in condition.pieces(window) {
            let mut statement = self.db.prepare_cached(&condition.count(&piece))?;
            let values = params_from_iter(condition.values(&piece));
            sum += statement.query_row(values, |row| row.get::<_, u64>(0))?;
        }
        Ok(sum)
    }

    pub(super) fn plan(&self, filters: &Filters) -> Result<Vec<String>, StoreError> {
        let condition = self.condition(filters)?;
        let pieces = condition.pieces(&condition.range);
        let Some(piece) = pieces.first() else {
            return Ok(Vec::new());
        };
        let select = condition.select(COLUMNS, piece, (50, 0));
        let mut statement = self.db.prepare(&format!("EXPLAIN QUERY PLAN {select}"))?;
        let values = condition.values(piece);
        let steps = statement.query_map(params_from_iter(values), |row| row.get(3))?;
        Ok(steps.collect::<Result<_, _>>()?)
    }

    /// The newest exchange to which a condition on `e` applies.
    pub(super) fn newest(
        &self,
        sql: &str,
        values: &[Value],
    ) -> Result<Option<(i64, Summary)>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM exchanges AS e WHERE {sql} ORDER BY e.id DESC LIMIT 1");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows =
            statement.query_map(params_from_iter(values), |r| summary(r, &self.names))?;
        Ok(rows.next().transpose()?)
    }
}

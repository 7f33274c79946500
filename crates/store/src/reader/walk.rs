//! Looking through exchanges within a bound of time: from the newest on, in windows that widen
//! while little is found in them, so that a search that has to stop knows how far it came.

use std::ops::Range;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::View;
use super::condition::Condition;
use crate::error::StoreError;

/// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
const STEPS: i32 = 1000;
/// The first window: a second.
const FIRST: i64 = 1_000_000 * crate::recorder::ROWS_PER_US;
/// A window that takes less than this is followed by a wider one.
const QUICK: Duration = Duration::from_millis(4);
/// One that takes more is followed by a narrower one.
const SLOW: Duration = Duration::from_millis(16);

/// Where a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There is nothing older.
    End,
    /// It was enough.
    Enough,
    /// The time was up; everything from this row on has been looked at.
    Time(i64),
}

/// Ends statements of a connection that are still running at a moment, until it is dropped.
#[derive(Debug)]
pub(super) struct Bound<'a>(&'a Connection);

impl<'a> Bound<'a> {
    pub(super) fn until(db: &'a Connection, deadline: Instant) -> Result<Self, StoreError> {
        db.progress_handler(STEPS, Some(move || Instant::now() >= deadline))?;
        Ok(Self(db))
    }
}

impl Drop for Bound<'_> {
    fn drop(&mut self) {
        // It fails for connections that others own, where setting it would have failed too.
        self.0.progress_handler(0, None::<fn() -> bool>).ok();
    }
}

/// Whether a statement was ended by a [`Bound`].
pub(super) fn is_out_of_time(error: &StoreError) -> bool {
    matches!(error, StoreError::Sqlite(e)
        if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted))
}

/// None for what was ended by a [`Bound`].
pub(super) fn in_time<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Err(error) if is_out_of_time(&error) => Ok(None),
        other => other.map(Some),
    }
}

impl View {
    /// Gives windows of the rows from `range` to `look`, newest first, until it says that it has
    /// enough or the deadline has come. `at_once` gives everything in one window: for what is sure
    /// to stop by itself; a search of the index of words is given a whole part of it. The first
    /// window has all the time it needs, so that every walk gets on.
    pub(super) fn walk(
        &self,
        condition: &Condition,
        (range, at_once): (&Range<i64>, bool),
        deadline: Instant,
        mut look: impl FnMut(&Range<i64>) -> Result<bool, StoreError>,
    ) -> Result<Stop, StoreError> {
        let (oldest, newest): (Option<i64>, Option<i64>) = (self.edge("min")?, self.edge("max")?);
        let (Some(oldest), Some(newest)) = (oldest, newest) else {
            return Ok(Stop::End);
        };
        let range = range.start.max(oldest)..range.end.min(newest.saturating_add(1));
        let at_once = at_once || condition.is_words_only();
        let mut width = None;
        let mut bound = None;
        for piece in condition.pieces(&range) {
            let mut end = piece.end;
            let mut wide = match width {
                _ if at_once => i64::MAX,
                Some(width) => width,
                // Every look into a part may take as long as all of it.
                None => FIRST.max((end - piece.start) / condition.looks()),
            };
            while piece.start < end {
                let window = end.saturating_sub(wide).max(piece.start)..end;
                let began = Instant::now();
                match in_time(look(&window))? {
                    None => return Ok(Stop::Time(end)),
                    Some(false) => return Ok(Stop::Enough),
                    Some(true) => end = window.start,
                }
                let now = Instant::now();
                if now >= deadline && range.start < end {
                    return Ok(Stop::Time(end));
                }
                wide = match now - began {
                    took if took < QUICK => wide.saturating_mul(4),
                    took if took > SLOW => (wide / 2).max(1),
                    _ => wide,
                };
                width = Some(wide);
                if bound.is_none() {
                    bound = Some(Bound::until(&self.db, deadline)?);
                }
            }
        }
        Ok(Stop::End)
    }

    fn edge(&self, which: &str) -> Result<Option<i64>, StoreError> {
        let sql = format!("SELECT {which}(id) FROM exchanges");
        Ok(self
            .db
            .prepare_cached(&sql)?
            .query_row([], |row| row.get(0))?)
    }
}

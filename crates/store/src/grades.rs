//! The grades of prompts, each kept with its exchange.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::error::StoreError;
use crate::removal::first_row;

/// What only a grade says that is none yet.
const AT_WORK: &str = r#""isProcessing":true"#;

/// How far the moment in an id may lie from the one that the row is ordered by, in microseconds.
const NEAR_US: i64 = 2_000_000;

/// Keeps a grade with its exchange, instead of the one before, or none; gives the exchange's row, if
/// there is one.
pub(crate) fn set(
    db: &Connection,
    id: Uuid,
    grade: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    // The id says when it began, so that the row is found without looking at all.
    let (from, to) = id.get_timestamp().map_or((0, i64::MAX), |at| {
        let (seconds, nanos) = at.to_unix();
        let us = i64::try_from(seconds)
            .unwrap_or(0)
            .saturating_mul(1_000_000);
        let us = us.saturating_add(i64::from(nanos / 1000));
        (
            first_row(us.saturating_sub(NEAR_US)),
            first_row(us.saturating_add(NEAR_US)),
        )
    });
    let sql = "UPDATE exchanges SET prompt_grade=?2 WHERE uuid=?1 AND id>=?3 AND id<=?4
        RETURNING id";
    let mut update = db.prepare_cached(sql)?;
    let id = id.as_bytes().as_slice();
    let mut set = |from: i64, to: i64| {
        let rows = update.query_map(params![id, grade, from, to], |row| row.get(0))?;
        rows.collect::<Result<Vec<i64>, _>>()
    };
    let mut changed = set(from, to)?;
    if changed.is_empty() {
        // Its clock was set in between: it is somewhere.
        changed = set(0, i64::MAX)?;
    }
    Ok(changed.first().copied())
}

/// The grade of the exchange in this row.
pub(crate) fn get(db: &Connection, row: i64) -> Result<Option<String>, StoreError> {
    let sql = "SELECT prompt_grade FROM exchanges WHERE id=?";
    let grade = db.prepare_cached(sql)?.query_row([row], |r| r.get(0));
    let grade: Option<String> = grade.optional()?.flatten();
    // Earlier weirs kept that a judge was at work, and may have died with it.
    Ok(grade.filter(|grade| !grade.contains(AT_WORK)))
}

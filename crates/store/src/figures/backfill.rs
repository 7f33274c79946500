//! Figures of exchanges that are older than the figures: an earlier weir wrote them. They are added
//! up a few at a time between batches.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::Ledger;
use crate::dictionary::Names;
use crate::error::StoreError;
use crate::reader::row;
use crate::summary::State;

/// Exchanges in one step.
const STEP: i64 = 1000;

/// The rows from which on the writer counts by itself.
pub(crate) fn until(db: &Connection) -> Result<i64, StoreError> {
    let until = db
        .query_row("SELECT until FROM figures_state", [], |row| row.get(0))
        .optional()?;
    Ok(until.unwrap_or(0))
}

/// Adds up the next few; gives whether there are more.
pub(crate) fn step(db: &Connection, ledger: &mut Ledger) -> Result<bool, StoreError> {
    let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let more = advance(&tx, ledger).and_then(|more| {
        tx.commit()?;
        Ok(more)
    });
    if more.is_err() {
        ledger.doubt();
    }
    more
}

fn advance(tx: &Transaction<'_>, ledger: &mut Ledger) -> Result<bool, StoreError> {
    let sql = "SELECT next, until FROM figures_state WHERE next<until";
    let due: Option<(i64, i64)> = tx
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((next, until)) = due else {
        return Ok(false);
    };
    let names = Names::load(tx)?;
    let sql = format!(
        "SELECT {} FROM exchanges AS e WHERE e.id>=? AND e.id<? ORDER BY e.id LIMIT {STEP}",
        row::COLUMNS
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([next, until], |r| row::summary(r, &names))?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let ended = rows.iter().map(|(_, summary)| summary);
    ledger.add(tx, ended.filter(|summary| summary.state != State::Open))?;
    let next = rows.last().map_or(until, |(row, _)| row + 1);
    tx.execute("UPDATE figures_state SET next=?", [next])?;
    Ok(next < until)
}

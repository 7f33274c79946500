//! Making exchanges findable by their words: in the writer's spare time, a few at a time, and not at
//! all while much is to be recorded. What was left undone is found again after a restart.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::writer::Writer;
use crate::error::StoreError;
use crate::parts::Parts;
use crate::reader::View;

/// Exchanges that may wait to be read; with more of them the database is searched for what is
/// left.
const MOST_WAITING: usize = 16_384;
/// Exchanges in one transaction.
const MOST_AT_ONCE: usize = 32;
/// Time after which a transaction takes no more.
const STEP: Duration = Duration::from_millis(4);
/// A step is followed by a rest this many times as long.
const REST: u32 = 4;
/// How long each half of an exchange that was recorded puts reading off: a hundred exchanges a
/// second put it off for good.
const PUT_OFF: Duration = Duration::from_millis(5);
/// How far it is put off at most.
const FURTHEST: Duration = Duration::from_secs(1);
/// A failure is followed by a rest of this.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Pages of the index that are put in order after a removal.
const MERGED: i64 = 64;

/// What is still to be read and when.
#[derive(Debug)]
pub(super) struct Indexer {
    wanted: bool,
    /// Exchanges in one part of the index.
    part: u32,
    /// Exchanges that the newest part has, by its first row; none when that is to be counted.
    filled: Option<(i64, u32)>,
    view: Option<View>,
    /// Rows that have ended since.
    fresh: VecDeque<i64>,
    /// Behind which row the database is to be searched for what is left.
    left: Option<i64>,
    next: Instant,
}

impl Indexer {
    pub(super) fn new(wanted: bool, part: u32) -> Self {
        Self {
            wanted,
            part,
            filled: None,
            view: None,
            fresh: VecDeque::new(),
            left: None,
            next: Instant::now(),
        }
    }

    /// Another database is open: begins anew, with what it has not read.
    pub(super) fn opened(&mut self) {
        self.view = None;
        self.filled = None;
        self.fresh.clear();
        self.left = self.wanted.then_some(-1);
    }

    /// Whether it is wanted from now on.
    pub(super) fn want(&mut self, wanted: bool) {
        if wanted != self.wanted {
            self.wanted = wanted;
            self.opened();
        }
    }

    /// Rows that were written; `ended` are those that can be read now.
    pub(super) fn wrote(&mut self, halves: u32, ended: impl Iterator<Item = i64>) {
        let now = Instant::now();
        self.next = (self.next.max(now) + PUT_OFF * halves).min(now + FURTHEST);
        if !self.wanted {
            return;
        }
        self.fresh.extend(ended);
        if self.fresh.len() > MOST_WAITING {
            self.fresh.clear();
            self.left = Some(-1);
        }
    }

    /// How long until there is something to do; none if there is nothing.
    pub(super) fn due(&self) -> Option<Duration> {
        let any = !self.fresh.is_empty() || self.left.is_some();
        any.then(|| self.next.saturating_duration_since(Instant::now()))
    }

    /// Reads some exchanges in one transaction.
    fn step(&mut self, db: &Connection, path: &std::path::Path) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut view = match self.view.take() {
            Some(view) => view,
            None => View::open(path)?,
        };
        let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let mut parts = Parts::load(&tx)?;
        let mut left = self.left;
        if left == Some(-1) {
            left = Some(until(&tx)?);
            parts.extend(&tx, self.part)?;
            self.filled = None;
        }
        let mut taken = 0;
        while taken < MOST_AT_ONCE && began.elapsed() < STEP {
            let Some(&row) = self.fresh.get(taken) else {
                break;
            };
            self.index(&tx, (&mut view, &mut parts), row)?;
            taken += 1;
        }
        while let Some(after) = left
            && taken < MOST_AT_ONCE
            && began.elapsed() < STEP
        {
            left = next(&tx, &parts, after)?;
            if let Some(row) = left {
                self.index(&tx, (&mut view, &mut parts), row)?;
            }
            taken += 1;
        }
        if left.is_none() && taken >= self.fresh.len() {
            tx.execute("UPDATE words_state SET until=?1", [settled(&tx)?])?;
        }
        tx.commit()?;
        self.fresh.drain(..taken.min(self.fresh.len()));
        self.left = left;
        self.view = Some(view);
        let now = Instant::now();
        self.next = self.next.max(now + (now - began) * REST);
        Ok(())
    }

    /// Adds the words of an exchange, unless it has them or is gone.
    fn index(
        &mut self,
        tx: &Transaction<'_>,
        (view, parts): (&mut View, &mut Parts),
        row: i64,
    ) -> Result<(), StoreError> {
        let Some(part) = parts.of(row) else {
            return Ok(());
        };
        let (first, table) = (part.first, part.table.clone());
        let known = tx
            .prepare_cached(&format!("SELECT 1 FROM {table}_docsize WHERE id=?1"))?
            .exists([row])?;
        if known {
            return Ok(());
        }
        let Some(text) = view.settled(|view| view.words(row))? else {
            return Ok(());
        };
        tx.prepare_cached(&format!(
            "INSERT INTO {table} (rowid, text) VALUES (?1, ?2)"
        ))?
        .execute((row, text))?;
        if parts.newest().is_some_and(|newest| newest.first == first) {
            self.fill(tx, parts, (first, &table))?;
        }
        Ok(())
    }

    /// Counts one more exchange in the newest part, and begins another when it is full.
    fn fill(
        &mut self,
        tx: &Transaction<'_>,
        parts: &mut Parts,
        (first, table): (i64, &str),
    ) -> Result<(), StoreError> {
        let filled = match self.filled {
            Some((of, filled)) if of == first => filled + 1,
            _ => {
                let sql = format!("SELECT count(*) FROM {table}_docsize");
                tx.query_row(&sql, [], |row| row.get(0))?
            }
        };
        self.filled = Some((first, filled));
        if filled >= self.part {
            parts.extend(tx, self.part)?;
        }
        Ok(())
    }
}

/// Up to which row everything has been read.
fn until(db: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT until FROM words_state";
    Ok(db
        .query_row(sql, [], |row| row.get(0))
        .optional()?
        .unwrap_or(-1))
}

/// The first ended exchange behind a row whose words are missing.
fn next(tx: &Transaction<'_>, parts: &Parts, after: i64) -> Result<Option<i64>, StoreError> {
    for (part, rows) in parts.from(after.saturating_add(1)) {
        let sql = format!(
            "SELECT id FROM exchanges AS e WHERE id>=?1 AND id<?2 AND state<>0 AND NOT EXISTS
                (SELECT 1 FROM {}_docsize AS d WHERE d.id=e.id) ORDER BY id LIMIT 1",
            part.table
        );
        let found = tx
            .prepare_cached(&sql)?
            .query_row([rows.start, rows.end], |row| row.get(0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The last row before the first that has not ended: all that is older has been read.
fn settled(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce((SELECT min(id)-1 FROM exchanges WHERE state=0),
        (SELECT max(id) FROM exchanges), -1)";
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Forgets the words of exchanges.
pub(crate) fn forget(tx: &Transaction<'_>, rows: &[i64]) -> Result<(), StoreError> {
    let mut parts = Parts::load(tx)?;
    let mut touched = BTreeSet::new();
    for row in rows {
        let Some(part) = parts.of(*row) else { continue };
        tx.prepare_cached(&format!("DELETE FROM {} WHERE rowid=?1", part.table))?
            .execute([row])?;
        touched.insert(&part.table);
    }
    for table in touched {
        let sql = format!("INSERT INTO {table} ({table}, rank) VALUES ('merge', ?1)");
        tx.prepare_cached(&sql)?.execute([MERGED])?;
    }
    parts.trim(tx)
}

/// Forgets all words.
pub(crate) fn forget_all(tx: &Transaction<'_>) -> Result<(), StoreError> {
    Parts::reset(tx)?;
    tx.execute_batch("UPDATE words_state SET until=-1")?;
    Ok(())
}

impl Writer {
    /// Reads a few exchanges for their words, when it is time to.
    pub(super) fn index_step(&mut self) {
        let Some(sink) = &self.sink else { return };
        if self.indexer.due().is_none_or(|due| !due.is_zero()) {
            return;
        }
        if let Err(error) = self.indexer.step(&sink.db, &self.options.db_path) {
            tracing::warn!(%error, "captures could not be made findable");
            self.indexer.opened();
            self.indexer.next = Instant::now() + AFTER_FAILURE;
        }
    }
}

//! What the writer does between batches: retention, purges, giving space back. Always a little at
//! a time.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Transaction, TransactionBehavior};
use tokio::sync::oneshot;
use uuid::Uuid;
use weir_core::settings::Retention;

use super::DryRun;
use super::words;
use super::writer::{Writer, answer, now_us};
use crate::captures::{self, Kind};
use crate::error::StoreError;
use crate::figures::backfill;
use crate::grades;
use crate::removal::{self, Filter};
use crate::sessions;
use crate::settings::{self, Edits};

/// Rows removed in one step.
const STEP: usize = 100;
/// Pages given back in one step.
const PAGES: u32 = 256;
/// Longest time between two looks at the bounds.
const SLOWEST: Duration = Duration::from_secs(30);
/// Shortest time between two looks at the bounds.
const FASTEST: Duration = Duration::from_millis(250);

/// A purge under way.
#[derive(Debug)]
struct Purge {
    filter: Filter,
    after: i64,
    count: u64,
    done: oneshot::Sender<Result<u64, StoreError>>,
}

/// What is to be done and when.
#[derive(Debug)]
pub(super) struct Upkeep {
    every: Option<Duration>,
    next: Instant,
    purges: VecDeque<Purge>,
    shrinking: bool,
    /// Whether the sums of sessions may have to be made for older exchanges.
    rebuilding: bool,
    /// Whether exchanges may be left that no figure counts.
    counting: bool,
}

impl Upkeep {
    pub(super) fn new(retention: &Retention) -> Self {
        let mut this = Self {
            every: None,
            next: Instant::now(),
            purges: VecDeque::new(),
            shrinking: false,
            rebuilding: true,
            counting: false,
        };
        this.set_retention(retention);
        this
    }

    /// Looks at the bounds at once, and from then on as often as they need.
    pub(super) fn set_retention(&mut self, retention: &Retention) {
        let bounded = retention.max_age.is_some()
            || retention.max_rows.is_some()
            || retention.max_bytes.is_some();
        let age = retention.max_age.unwrap_or(SLOWEST * 4);
        self.every = bounded.then(|| (age / 4).clamp(FASTEST, SLOWEST));
        self.next = Instant::now();
    }

    /// Another database is open, which an earlier weir may have written.
    pub(super) fn opened(&mut self) {
        self.counting = true;
    }

    /// Whether older exchanges are still being counted, which have to be apart from those that come.
    pub(super) fn is_making_up(&self) -> bool {
        self.rebuilding || self.counting
    }

    /// So many exchanges were removed: the files are made smaller.
    pub(super) fn shrink(&mut self, removed: u64) {
        self.shrinking |= removed > 0;
    }

    /// Ends purges that are under way, because the store is gone.
    pub(super) fn refuse_purges(&mut self) {
        for purge in self.purges.drain(..) {
            answer(purge.done, Err(unavailable()));
        }
    }

    /// Whether a purge is under way, which should not wait for batches to fill.
    pub(super) fn is_purging(&self) -> bool {
        !self.purges.is_empty()
    }

    /// How long until there is something to do; none if there never is.
    pub(super) fn due(&self) -> Option<Duration> {
        let unfinished = self.rebuilding || self.counting;
        if !self.purges.is_empty() || self.shrinking || unfinished {
            return Some(Duration::ZERO);
        }
        self.every
            .map(|_| self.next.saturating_duration_since(Instant::now()))
    }
}

impl Writer {
    /// Does one step of whatever is due. Only between batches: a row that is to be removed may be
    /// what the batch refers to.
    pub(super) fn keep_up(&mut self) {
        if self.sink.is_none() || (!self.batch.ops.is_empty() && !self.make_way()) {
            return;
        }
        if let Err(error) = self.purge_step() {
            tracing::warn!(%error, "a purge failed");
        }
        if self.upkeep.counting {
            self.upkeep.counting = self.count_step();
            // Nothing goes before it was counted.
            return;
        }
        if self.upkeep.every.is_some() && Instant::now() >= self.upkeep.next {
            match self.retention_step() {
                Ok(0) => {
                    self.upkeep.next = Instant::now() + self.upkeep.every.unwrap_or(SLOWEST);
                }
                Ok(_) => self.upkeep.shrinking |= self.is_mostly_free(),
                Err(error) => {
                    tracing::warn!(%error, "old captures could not be removed");
                    self.upkeep.next = Instant::now() + SLOWEST;
                }
            }
        }
        if self.upkeep.rebuilding {
            self.upkeep.rebuilding = self.rebuild_step().unwrap_or_else(|error| {
                tracing::warn!(%error, "sessions of older captures could not be summed up");
                false
            });
        }
        self.index_step();
        if self.upkeep.shrinking && self.shrink_step().unwrap_or(0) == 0 {
            self.upkeep.shrinking = false;
        }
    }

    /// Gives up what waits to be written when that is for lack of room, and something is to be
    /// removed: else neither would ever get on. Gives whether it did.
    fn make_way(&mut self) -> bool {
        if !self.retry.is_some_and(|retry| retry.full) {
            return false;
        }
        let is_due = self.upkeep.every.is_some() && Instant::now() >= self.upkeep.next;
        let any = || self.out_of_bounds().is_ok_and(|rows| !rows.is_empty());
        if self.upkeep.purges.is_empty() && !(is_due && any()) {
            return false;
        }
        self.abandon();
        self.try_soon();
        true
    }

    /// Adds up some exchanges that an earlier weir wrote; gives whether there are more.
    fn count_step(&mut self) -> bool {
        let Some(sink) = &mut self.sink else {
            return true;
        };
        backfill::step(&sink.db, &mut sink.ledger).unwrap_or_else(|error| {
            tracing::warn!(%error, "earlier exchanges cannot be added up");
            false
        })
    }

    /// Sums up a few older exchanges; gives whether there are more.
    fn rebuild_step(&self) -> Result<bool, StoreError> {
        let Some(sink) = &self.sink else {
            return Ok(false);
        };
        let tx = Transaction::new_unchecked(&sink.db, TransactionBehavior::Immediate)?;
        let more = sessions::rebuild(&tx)?;
        tx.commit()?;
        Ok(more)
    }

    /// The database was opened: older exchanges in it may not have been summed up.
    pub(super) fn look_for_sessions(&mut self) {
        self.upkeep.rebuilding = true;
    }

    /// Begins a purge, or counts what it would remove.
    pub(super) fn start_purge(
        &mut self,
        filter: Filter,
        dry_run: DryRun,
        done: oneshot::Sender<Result<u64, StoreError>>,
    ) {
        let Some(sink) = &self.sink else {
            answer(done, Err(unavailable()));
            return;
        };
        if dry_run == DryRun::Yes {
            answer(done, removal::count(&sink.db, &filter));
            return;
        }
        self.upkeep.purges.push_back(Purge {
            filter,
            after: -1,
            count: 0,
            done,
        });
    }

    /// Keeps the grade of an exchange; gives whether there is the exchange.
    pub(super) fn set_grade(&self, id: Uuid, grade: Option<&str>) -> Result<bool, StoreError> {
        let sink = self.sink.as_ref().ok_or_else(unavailable)?;
        let tx = Transaction::new_unchecked(&sink.db, TransactionBehavior::Immediate)?;
        let row = grades::set(&tx, id, grade)?;
        if let Some(row) = row.filter(|_| sink.shares) {
            captures::owe(&tx, row, Kind::Grade)?;
        }
        tx.commit()?;
        Ok(row.is_some())
    }

    /// Keeps a grade that another node gave.
    pub(super) fn adopt_grade(&self, id: Uuid, grade: Option<&str>) -> Result<(), StoreError> {
        let sink = self.sink.as_ref().ok_or_else(unavailable)?;
        grades::set(&sink.db, id, grade).map(drop)
    }

    /// Keeps edits of settings.
    pub(super) fn edit(&mut self, edits: &Edits) -> Result<(), StoreError> {
        let sink = self.sink.as_mut().ok_or_else(unavailable)?;
        settings::edit(&mut sink.db, edits, now_us())
    }

    fn purge_step(&mut self) -> Result<(), StoreError> {
        let Some(mut purge) = self.upkeep.purges.pop_front() else {
            return Ok(());
        };
        let Some(sink) = &self.sink else {
            return Ok(());
        };
        let removed =
            removal::matching(&sink.db, &purge.filter, purge.after, STEP).and_then(|rows| {
                purge.after = rows.last().copied().unwrap_or(i64::MAX);
                self.remove(&rows)
            });
        match removed {
            Ok(0) => {
                self.upkeep.shrinking |= purge.count > 0;
                answer(purge.done, Ok(purge.count));
            }
            Ok(count) => {
                purge.count += count;
                self.upkeep.purges.push_front(purge);
            }
            Err(error) => answer(purge.done, Err(error)),
        }
        Ok(())
    }

    /// Removes a few rows that are out of bounds; gives how many.
    fn retention_step(&mut self) -> Result<u64, StoreError> {
        let rows = self.out_of_bounds()?;
        self.remove(&rows)
    }

    /// A few rows that are out of bounds, the oldest.
    fn out_of_bounds(&self) -> Result<Vec<i64>, StoreError> {
        let Some(sink) = &self.sink else {
            return Ok(Vec::new());
        };
        let bounds = self.options.capture.retention;
        if let Some(age) = bounds.max_age {
            let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
            let filter = Filter {
                before_us: Some(now_us() - age),
                ..Filter::default()
            };
            let rows = removal::matching(&sink.db, &filter, -1, STEP)?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        let rows = u64::try_from(self.shared.rows.load(Ordering::Relaxed)).unwrap_or(0);
        let excess = rows.saturating_sub(bounds.max_rows.unwrap_or(u64::MAX));
        let used = bounds.max_bytes.map_or(0, |_| self.used_bytes());
        let over = used.saturating_sub(bounds.max_bytes.unwrap_or(u64::MAX));
        // As many as would bring it within bounds if all were alike.
        let large = over.div_ceil((used / rows.max(1)).max(1));
        let count = excess.max(large).min(STEP as u64);
        match count {
            0 => Ok(Vec::new()),
            count => removal::oldest(&sink.db, count),
        }
    }

    /// Bytes that the database and its bodies take, free space within them not counted.
    fn used_bytes(&self) -> u64 {
        let Some(sink) = &self.sink else { return 0 };
        let db = &sink.db;
        let pages = pragma(db, "page_count").saturating_sub(pragma(db, "freelist_count"));
        pages * pragma(db, "page_size") + sink.pack.used()
    }

    /// Whether so much of the file is free that it is worth making it smaller; what is left free
    /// is used again.
    fn is_mostly_free(&self) -> bool {
        let Some(sink) = &self.sink else { return false };
        let free = pragma(&sink.db, "freelist_count");
        free * 4 > pragma(&sink.db, "page_count") || sink.pack.is_mostly_free()
    }

    /// Removes rows in one transaction; gives how many exchanges that were.
    pub(super) fn remove(&mut self, rows: &[i64]) -> Result<u64, StoreError> {
        let Some(sink) = &mut self.sink else {
            return Ok(0);
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let tx = Transaction::new_unchecked(&sink.db, TransactionBehavior::Immediate)?;
        let removed = removal::remove(&tx, rows)?;
        words::forget(&tx, rows)?;
        tx.commit()?;
        for (offset, len) in removed.places {
            sink.pack.release(offset, len);
        }
        self.batch.forget_bodies(&removed.bodies);
        self.batch.lineage.forget(rows);
        let count = i64::try_from(removed.count).unwrap_or(i64::MAX);
        self.shared.rows.fetch_sub(count, Ordering::Relaxed);
        Ok(removed.count)
    }

    /// Gives free pages back to the file system; gives how many are left.
    fn shrink_step(&mut self) -> Result<u64, StoreError> {
        let Some(sink) = &mut self.sink else {
            return Ok(0);
        };
        vacuum(&sink.db, PAGES)?;
        let left = sink
            .db
            .query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        if left == 0 {
            sink.pack.give_back()?;
            sink.checkpoint()?;
        }
        Ok(left)
    }

    /// Empties the database and gives the number of exchanges that were in it. What could not be
    /// written yet goes too.
    pub(super) fn delete_all(&mut self) -> Result<u64, StoreError> {
        if self.sink.is_none() {
            return Err(unavailable());
        }
        self.reopen_if_replaced()?;
        let Some(sink) = &mut self.sink else {
            return Err(unavailable());
        };
        let tx = Transaction::new_unchecked(&sink.db, TransactionBehavior::Immediate)?;
        let count: u64 = tx.query_row("SELECT count(*) FROM exchanges", [], |row| row.get(0))?;
        tx.execute_batch(sessions::CLEAR)?;
        tx.execute_batch(
            "DELETE FROM exchanges; DELETE FROM requests; DELETE FROM responses;
             DELETE FROM figures; DELETE FROM figure_keys;
             DELETE FROM captures_outbox;
             DELETE FROM quota_readings; DELETE FROM quota_series;
             UPDATE figures_state SET next=until;",
        )?;
        sink.dictionary.delete(&tx)?;
        words::forget_all(&tx)?;
        tx.commit()?;
        // Before anything else can fail: what is in memory must not name what is gone.
        sink.dictionary = sink.dictionary.emptied();
        sink.doubt();
        self.indexer.opened();
        self.shared.rows.store(0, Ordering::Relaxed);
        self.abandon();
        self.batch.forget_rows();
        self.try_soon();
        let Some(sink) = &mut self.sink else {
            return Err(unavailable());
        };
        sink.pack.clear()?;
        vacuum(&sink.db, 0)?;
        sink.checkpoint()?;
        Ok(count)
    }

    fn reopen_if_replaced(&mut self) -> Result<(), StoreError> {
        let current = self
            .sink
            .as_ref()
            .is_some_and(|s| s.is_current(&self.options.db_path));
        if current { Ok(()) } else { self.reopen() }
    }
}

/// A number that SQLite knows of its file.
fn pragma(db: &rusqlite::Connection, name: &str) -> u64 {
    db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .unwrap_or(0)
}

/// Gives up to `pages` free pages back, all of them for 0.
fn vacuum(db: &rusqlite::Connection, pages: u32) -> Result<(), StoreError> {
    let mut statement = db.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

pub(super) fn unavailable() -> StoreError {
    StoreError::Unavailable("it cannot be written at the moment".into())
}

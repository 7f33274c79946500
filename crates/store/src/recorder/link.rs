//! The writer's hold on the store: opening it, writing batches, and what to do when it fails. Keeps
//! what can be written later, gives up and counts what cannot.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::queue::Reason;
use super::sink::{Op, Sink};
use super::writer::{Writer, now_us};
use crate::captures::Change;
use crate::error::StoreError;
use crate::files;
use crate::privacy::Privacy;
use crate::schema::Setup;
use crate::summary::State;

/// Retries wait up to this many times the first wait.
const SLOWEST_RETRY: u32 = 100;

/// When the store is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub at: Instant,
    pub wait: Duration,
    /// Whether there was no room.
    pub full: bool,
}

impl Writer {
    /// Opens the database again if its path leads to another file now, before anything is made
    /// that refers to the rows of the old one.
    pub(super) fn notice_replacement(&mut self) {
        let replaced = self
            .sink
            .as_ref()
            .is_some_and(|sink| !sink.is_current(&self.options.db_path));
        if replaced && let Err(error) = self.reopen() {
            self.fail(&error);
        }
    }

    /// Writes the batch, if there is one and the store is not known to fail.
    pub(super) fn write(&mut self) {
        if self.retry.is_some_and(|retry| Instant::now() < retry.at) {
            return;
        }
        if let Err(error) = self.try_write() {
            self.fail(&error);
        }
    }

    fn try_write(&mut self) -> Result<(), StoreError> {
        if !self.options.capture.enabled {
            return Ok(());
        }
        if self.sink.is_none() {
            self.open()?;
        }
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        if !self.batch.ops.is_empty() {
            match sink.commit(&mut self.batch.ops, &Change::default()) {
                Err(error) if is_poison(&error) => self.abandon(),
                other => other?,
            }
        }
        self.succeeded();
        Ok(())
    }

    /// The batch is in the database.
    pub(super) fn succeeded(&mut self) {
        let (mut cost, mut begun) = (0, 0);
        let (mut halves, mut ended) = (0, Vec::new());
        let listened = self.live.receiver_count() > 0;
        let live = &self.live;
        let any = !self.batch.ops.is_empty();
        self.batch.committed(|op| {
            cost += op.cost;
            begun += i64::from(op.begin.is_some());
            halves += u32::from(op.begin.is_some()) + u32::from(op.end.is_some());
            if op.summary.state != State::Open {
                ended.push(op.row);
            }
            if listened {
                drop(live.send(Arc::new((*op.summary).clone())));
            }
        });
        self.shared.release(cost);
        self.shared.rows.fetch_add(begun, Ordering::Relaxed);
        if any {
            self.indexer.wrote(halves, ended.into_iter());
            self.shared.wrote(now_us());
        }
        if self.retry.take().is_some() {
            tracing::info!("captures are stored again");
            self.shared.set_failure(None);
        }
    }

    /// Opens the database in place of what was open.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        self.sink = None;
        self.open()
    }

    pub(super) fn open(&mut self) -> Result<(), StoreError> {
        let tuning = &self.options.tuning;
        let setup = Setup {
            busy: tuning.busy,
            max_pages: tuning.max_pages,
        };
        let path = &self.options.db_path;
        files::create_parent(path)?;
        let key = files::install_key(path)?;
        let mut sink = Sink::open(path, setup, self.options.node.is_some())?;
        self.shared.rows.store(sink.rows()?, Ordering::Relaxed);
        self.batch.privacy = Privacy::new(key, self.options.key_header.as_ref());
        // What was written to the bodies file without a row to name it may be overwritten.
        self.batch.ops.iter_mut().for_each(Op::forget_places);
        let identity = sink.identity();
        if self
            .identity
            .replace(identity)
            .is_some_and(|earlier| earlier != identity)
        {
            tracing::warn!(path = %path.display(), "the database was replaced");
            self.sink = None;
            self.abandon();
            self.batch.forget_rows();
            self.upkeep.refuse_purges();
        }
        sink.interrupt(&self.batch.rows_in_flight())?;
        self.batch.lineage.load(&sink.db)?;
        self.sink = Some(sink);
        self.look_for_sessions();
        self.upkeep.opened();
        self.indexer.opened();
        Ok(())
    }

    /// Gives the batch up and counts it.
    pub(super) fn abandon(&mut self) {
        for op in self.batch.abandon() {
            if let Some(sink) = &mut self.sink {
                op.places()
                    .for_each(|(offset, len)| sink.pack.release(offset, len));
            }
            self.shared.release(op.cost);
            self.shared.count(Reason::StoreFailed);
        }
    }

    /// Notes that the store failed, and when to try again.
    pub(super) fn fail(&mut self, error: &StoreError) {
        let first = self.options.tuning.retry;
        let wait = self
            .retry
            .map_or(first, |r| (r.wait * 2).min(first * SLOWEST_RETRY));
        if self.retry.is_none() {
            tracing::warn!(%error, "captures cannot be stored; trying again");
        }
        self.retry = Some(Retry {
            at: Instant::now() + wait,
            wait,
            full: is_full(error),
        });
        self.shared.set_failure(Some(error.to_string()));
        if !keeps_connection(error) {
            // Its file may be gone or broken: only a new connection can tell.
            self.sink = None;
            self.upkeep.refuse_purges();
        }
    }

    /// There is room again: the store is tried at once.
    pub(super) fn try_soon(&mut self) {
        if let Some(retry) = &mut self.retry {
            retry.at = Instant::now();
            retry.wait = self.options.tuning.retry;
        }
    }

    pub(super) fn rekey(&mut self) -> Result<(), StoreError> {
        let key = files::install_key(&self.options.db_path)?;
        self.batch.privacy = Privacy::new(key, self.options.key_header.as_ref());
        Ok(())
    }
}

/// Whether an error is the batch's own fault, so that writing it again cannot help.
fn is_poison(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    matches!(error, StoreError::Sqlite(e) if matches!(
        e.sqlite_error_code(),
        Some(ConstraintViolation | TooBig | TypeMismatch)
    ))
}

/// Whether an error leaves the connection worth keeping.
fn keeps_connection(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    let is_held = matches!(error, StoreError::Sqlite(e) if matches!(
        e.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked)
    ));
    is_held || is_full(error)
}

/// Whether there was no room.
fn is_full(error: &StoreError) -> bool {
    match error {
        StoreError::Sqlite(e) => e.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
        StoreError::Io(e) => e.kind() == std::io::ErrorKind::StorageFull,
        StoreError::NewerSchema { .. }
        | StoreError::Open { .. }
        | StoreError::Unavailable(_)
        | StoreError::Damaged(_) => false,
    }
}

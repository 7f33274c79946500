//! The recorder's thread: waits for the first record, gathers for a moment what follows, writes it
//! in one transaction, does what others ask of it, and never ends before it is told to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::HeaderName;
use tokio::sync::{broadcast, oneshot};
use weir_core::settings::Capture;

use super::batch::{Batch, Outcome};
use super::queue::{Command, Message, Reason, Shared};
use super::sink::{Op, Sink};
use super::upkeep::Upkeep;
use super::{OnEnded, Options};
use crate::error::StoreError;
use crate::files::{self, Identity};
use crate::privacy::Privacy;
use crate::schema::Setup;
use crate::summary::Summary;

/// Records in one transaction. More would delay the first of them too long.
const MOST_RECORDS: usize = 2048;
/// Bytes of bodies in one transaction.
const MOST_BYTES: usize = 8 << 20;
/// Retries wait up to this many times the first wait.
const SLOWEST_RETRY: u32 = 100;

/// The recorder's thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Options,
    pub(super) batch: Batch,
    pub(super) sink: Option<Sink>,
    pub(super) upkeep: Upkeep,
    inbox: Receiver<Message>,
    live: broadcast::Sender<Arc<Summary>>,
    on_ended: OnEnded,
    retry: Option<Retry>,
    started: Instant,
    disconnected: bool,
    /// The files that were open last.
    identity: Option<(Identity, Identity)>,
}

/// When the store is tried again.
#[derive(Clone, Copy, Debug)]
struct Retry {
    at: Instant,
    wait: Duration,
}

impl Writer {
    /// Opens the database if it can be had.
    pub(super) fn new(
        mut options: Options,
        inbox: Receiver<Message>,
        shared: Arc<Shared>,
        live: broadcast::Sender<Arc<Summary>>,
    ) -> Result<Self, StoreError> {
        let seed = u64::from_le_bytes(files::random_key()?.as_chunks().0[0]);
        let privacy = Privacy::new(files::random_key()?, options.key_header.as_ref());
        let mut this = Self {
            batch: Batch::new(&options.capture, privacy, seed),
            upkeep: Upkeep::new(&options.capture.retention),
            on_ended: options.on_ended.take().unwrap_or_else(|| Box::new(|_| {})),
            shared,
            options,
            sink: None,
            inbox,
            live,
            retry: None,
            started: Instant::now(),
            disconnected: false,
            identity: None,
        };
        if this.options.capture.enabled
            && let Err(error) = this.open()
        {
            if matches!(error, StoreError::NewerSchema { .. }) {
                return Err(error);
            }
            this.fail(&error);
        }
        Ok(this)
    }

    /// Records until there is nobody left to send or shutdown is asked for.
    pub(super) fn run(mut self) {
        loop {
            let first = self.wait();
            if first.is_some() {
                self.gather();
            }
            self.take(first);
            self.write();
            if let Some(done) = self.obey() {
                self.stop();
                answer(done, ());
                return;
            }
            self.keep_up();
            if self.disconnected {
                return self.stop();
            }
        }
    }

    /// The next message. None when there is something else to do.
    fn wait(&mut self) -> Option<Message> {
        let patience = self.patience();
        if patience.is_some_and(|p| p.is_zero()) {
            return self.inbox.try_recv().ok();
        }
        let received = match patience {
            Some(patience) => self.inbox.recv_timeout(patience),
            None => self
                .inbox
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        if matches!(received, Err(RecvTimeoutError::Disconnected)) {
            self.disconnected = true;
        }
        received.ok()
    }

    /// How long nothing but a message needs the thread; none is for ever.
    fn patience(&self) -> Option<Duration> {
        let retry = self
            .retry
            .map(|r| r.at.saturating_duration_since(Instant::now()));
        let upkeep = self.sink.as_ref().and_then(|_| self.upkeep.due());
        match (retry, upkeep) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Lets more records come, so that they share a transaction. Senders do not wake it, unless
    /// the queue fills or somebody waits.
    fn gather(&self) {
        let until = Instant::now() + self.options.tuning.window;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.shared.take_urgent() || self.shared.is_filling() {
                return;
            }
            thread::park_timeout(left);
        }
    }

    /// Turns what has come into the next batch.
    fn take(&mut self, first: Option<Message>) {
        self.batch.advance(self.started.elapsed());
        self.notice_replacement();
        let (mut records, mut bytes) = (0, 0);
        let mut next = first;
        while records < MOST_RECORDS && bytes < MOST_BYTES {
            let message = match next.take() {
                Some(message) => message,
                None => match self.inbox.try_recv() {
                    Ok(message) => message,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        self.disconnected = true;
                        break;
                    }
                },
            };
            records += 1;
            bytes += self.take_one(message);
        }
        for id in self.shared.take_lost_ends() {
            self.batch.lose_end(id);
        }
    }

    /// Opens the database again if its path leads to another file now, before anything is made
    /// that refers to the rows of the old one.
    fn notice_replacement(&mut self) {
        let replaced = self
            .sink
            .as_ref()
            .is_some_and(|sink| !sink.is_current(&self.options.db_path));
        if replaced && let Err(error) = self.reopen() {
            self.fail(&error);
        }
    }

    /// Takes one message and gives the bytes it counted for.
    fn take_one(&mut self, message: Message) -> usize {
        let cost = message.cost();
        // While nothing can be written, half the queue's bytes may be held; past that exchanges
        // are only reported, so that log lines and metrics go on.
        let held: usize = match self.retry {
            Some(_) => self.batch.ops.iter().map(|op| op.cost).sum(),
            None => 0,
        };
        let room = held + cost <= self.options.capture.queue_bytes / 2;
        let wanted = room && self.options.capture.enabled;
        let dictionary = self
            .sink
            .as_mut()
            .filter(|_| wanted)
            .map(|sink| &mut sink.dictionary);
        let on_ended = &self.on_ended;
        let outcome = match message {
            Message::Started(record) => match self.batch.begin(&record, dictionary, cost) {
                Outcome::Reported if self.options.capture.enabled => Outcome::Dropped,
                other => other,
            },
            Message::Finished(record) => self
                .batch
                .end(&record, dictionary, cost, |summary| on_ended(summary)),
            Message::Nudge => Outcome::Reported,
        };
        if outcome != Outcome::Kept {
            self.shared.release(cost);
        }
        if outcome == Outcome::Dropped {
            self.shared.count(Reason::StoreFailed);
        }
        cost
    }

    /// Writes the batch, if there is one and the store is not known to fail.
    fn write(&mut self) {
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
            match sink.commit(&mut self.batch.ops) {
                Err(error) if is_poison(&error) => self.abandon(),
                other => other?,
            }
        }
        self.succeeded();
        Ok(())
    }

    /// The batch is in the database.
    fn succeeded(&mut self) {
        let (mut cost, mut begun) = (0, 0);
        let listened = self.live.receiver_count() > 0;
        let live = &self.live;
        let any = !self.batch.ops.is_empty();
        self.batch.committed(|op| {
            cost += op.cost;
            begun += i64::from(op.begin.is_some());
            if listened {
                drop(live.send(Arc::new((*op.summary).clone())));
            }
        });
        self.shared.release(cost);
        self.shared.rows.fetch_add(begun, Ordering::Relaxed);
        if any {
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

    fn open(&mut self) -> Result<(), StoreError> {
        let tuning = &self.options.tuning;
        let setup = Setup {
            busy: tuning.busy,
            max_pages: tuning.max_pages,
        };
        let path = &self.options.db_path;
        files::create_parent(path)?;
        let key = files::install_key(path)?;
        let sink = Sink::open(path, setup)?;
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
        }
        self.sink = Some(sink);
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
    fn fail(&mut self, error: &StoreError) {
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
        });
        self.shared.set_failure(Some(error.to_string()));
        if !keeps_connection(error) {
            // Its file may be gone or broken: only a new connection can tell.
            self.sink = None;
        }
    }

    /// Does what others have asked for. Gives whom to tell when it is to stop.
    fn obey(&mut self) -> Option<oneshot::Sender<()>> {
        while let Some(command) = self.shared.take_command() {
            match command {
                Command::Flush(done) => {
                    self.drain();
                    answer(done, ());
                }
                Command::DeleteAll(done) => {
                    self.drain();
                    answer(done, self.delete_all());
                }
                Command::Purge {
                    filter,
                    dry_run,
                    done,
                } => {
                    self.drain();
                    self.start_purge(filter, dry_run, done);
                }
                Command::Configure {
                    capture,
                    key_header,
                } => {
                    self.drain();
                    self.configure(*capture, key_header);
                }
                Command::Shutdown(done) => return Some(done),
            }
        }
        None
    }

    /// Takes over a new configuration.
    fn configure(&mut self, capture: Capture, key_header: Option<HeaderName>) {
        self.upkeep.set_retention(&capture.retention);
        self.options.capture = capture;
        self.options.key_header = key_header;
        self.batch.forget_fields();
        if !self.options.capture.enabled {
            // What was failing is not wanted any more.
            self.abandon();
            self.retry = None;
            self.shared.set_failure(None);
            return;
        }
        let opened = match &self.sink {
            None => self.open(),
            Some(_) => self.rekey(),
        };
        if let Err(error) = opened {
            self.fail(&error);
        }
    }

    fn rekey(&mut self) -> Result<(), StoreError> {
        let key = files::install_key(&self.options.db_path)?;
        self.batch.privacy = Privacy::new(key, self.options.key_header.as_ref());
        Ok(())
    }

    /// Writes everything that has come so far.
    fn drain(&mut self) {
        loop {
            let Ok(next) = self.inbox.try_recv() else {
                break;
            };
            self.take(Some(next));
            self.write();
        }
    }

    /// Writes what is left and closes the database.
    fn stop(&mut self) {
        self.shared.close();
        self.retry = self.retry.filter(|_| self.sink.is_none());
        self.drain();
        self.write();
        self.abandon();
        if let Some(sink) = self.sink.take()
            && let Err(error) = sink.pack.sync().and_then(|()| sink.checkpoint())
        {
            tracing::warn!(%error, "the last captures may not have reached the disk");
        }
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
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull};
    match error {
        StoreError::Sqlite(e) => {
            matches!(
                e.sqlite_error_code(),
                Some(DatabaseBusy | DatabaseLocked | DiskFull)
            )
        }
        StoreError::Io(e) => e.kind() == std::io::ErrorKind::StorageFull,
        StoreError::NewerSchema { .. }
        | StoreError::Open { .. }
        | StoreError::Unavailable(_)
        | StoreError::Damaged(_) => false,
    }
}

/// Tells whoever asked, if they still wait.
pub(super) fn answer<T>(asker: oneshot::Sender<T>, result: T) {
    if asker.send(result).is_err() {
        tracing::trace!("nobody waits for the answer any more");
    }
}

/// Now, in microseconds since the Unix epoch.
pub(super) fn now_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

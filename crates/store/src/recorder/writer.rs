//! The recorder's thread: waits for the first record, gathers for a moment what follows, writes it
//! in one transaction, does what others ask of it, and never ends before it is told to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::HeaderName;
use tokio::sync::{broadcast, oneshot};
use weir_core::settings::Capture;

use super::batch::{Batch, Outcome};
use super::link::Retry;
use super::queue::{Command, Message, Reason, Shared};
use super::sink::Sink;
use super::upkeep::Upkeep;
use super::words::Indexer;
use super::{Follow, Moment, OnEnded, Options};
use weir_core::exchange::ExchangeId;

use crate::error::StoreError;
use crate::files::{self, Identity};
use crate::privacy::Privacy;
use crate::summary::Summary;

/// Records in one transaction. More would delay the first of them too long.
const MOST_RECORDS: usize = 2048;
/// Bytes of bodies in one transaction.
const MOST_BYTES: usize = 8 << 20;

/// Batches written for one flush: more than the queue holds.
const MOST_BATCHES: usize = 64;

/// The recorder's thread.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Options,
    pub(super) batch: Batch,
    pub(super) sink: Option<Sink>,
    pub(super) upkeep: Upkeep,
    pub(super) indexer: Indexer,
    inbox: Receiver<Message>,
    pub(super) live: broadcast::Sender<Arc<Summary>>,
    on_ended: OnEnded,
    follow: Option<Follow>,
    pub(super) retry: Option<Retry>,
    started: Instant,
    disconnected: bool,
    /// Exchanges whose end was dropped and whose start may still be queued.
    lost_ends: Vec<ExchangeId>,
    /// The cost of the message that is being taken.
    in_hand: usize,
    /// The files that were open last.
    pub(super) identity: Option<(Identity, Identity)>,
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
            batch: Batch::new(&options, privacy, seed),
            upkeep: Upkeep::new(&options.capture.retention),
            indexer: Indexer::new(options.capture.search, options.tuning.words_part),
            follow: options.follow.take(),
            on_ended: options.on_ended.take().unwrap_or_else(|| Box::new(|_| {})),
            shared,
            options,
            sink: None,
            inbox,
            live,
            retry: None,
            started: Instant::now(),
            disconnected: false,
            lost_ends: Vec::new(),
            in_hand: 0,
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

    /// Records until there is nobody left to send or shutdown is asked for. A panic costs the
    /// batch in which it happens, not the recorder.
    pub(super) fn run(mut self) {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.cycle())) {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => self.recover(),
            }
        }
    }

    /// Waits, records, and does what else there is; gives whether to go on.
    fn cycle(&mut self) -> bool {
        let first = self.wait();
        if first.is_some() && !self.upkeep.is_purging() {
            self.gather();
        }
        self.take(first);
        self.write();
        if let Some(done) = self.obey() {
            self.stop();
            answer(done, ());
            return false;
        }
        self.keep_up();
        if self.disconnected {
            self.stop();
        }
        !self.disconnected
    }

    /// Starts anew after a panic, with nothing that it may have left half done.
    fn recover(&mut self) {
        tracing::error!("the recorder panicked; the batch is lost");
        self.shared.release(std::mem::take(&mut self.in_hand));
        self.abandon();
        self.batch.forget_rows();
        self.sink = None;
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
        let may_keep_up = self.sink.is_some() && self.batch.ops.is_empty();
        let upkeep = self.upkeep.due().filter(|_| may_keep_up);
        let index = self.indexer.due().filter(|_| may_keep_up);
        [retry, upkeep, index].into_iter().flatten().min()
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
        // Asked before the inbox is emptied: the start of an exchange whose end was dropped was
        // queued before, and must be taken first.
        if self.lost_ends.is_empty() {
            self.lost_ends = self.shared.take_lost_ends();
        }
        let (mut records, mut bytes) = (0, 0);
        let mut next = first;
        while records < MOST_RECORDS && bytes < MOST_BYTES {
            let message = match next.take() {
                Some(message) => message,
                None => match self.inbox.try_recv() {
                    Ok(message) => message,
                    Err(TryRecvError::Empty) => {
                        self.close_lost_ends();
                        self.lost_ends = self.shared.take_lost_ends();
                        if self.lost_ends.is_empty() {
                            break;
                        }
                        // Their starts may have been queued since.
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => {
                        self.disconnected = true;
                        self.close_lost_ends();
                        break;
                    }
                },
            };
            records += 1;
            bytes += self.take_one(message);
        }
    }

    fn close_lost_ends(&mut self) {
        for id in std::mem::take(&mut self.lost_ends) {
            self.batch.lose_end(id);
            if let Some(follow) = &mut self.follow {
                follow(Moment::Lost(id));
            }
        }
    }

    /// Takes one message and gives the bytes it counted for.
    fn take_one(&mut self, message: Message) -> usize {
        let cost = message.cost();
        self.in_hand = cost;
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
        let (on_ended, follow) = (&self.on_ended, &mut self.follow);
        let outcome = match message {
            Message::Started(record) => {
                let begun = self.batch.begin(&record, dictionary, cost);
                if begun != Outcome::Dropped
                    && let Some(follow) = follow
                {
                    follow(Moment::Started(&record));
                }
                match begun {
                    Outcome::Reported if self.options.capture.enabled => Outcome::Dropped,
                    other => other,
                }
            }
            Message::Finished(record) => self.batch.end(&record, dictionary, cost, |summary| {
                on_ended(summary);
                if let Some(follow) = follow {
                    follow(Moment::Ended(summary, &record));
                }
            }),
            Message::Nudge => Outcome::Reported,
        };
        self.in_hand = 0;
        if outcome != Outcome::Kept {
            self.shared.release(cost);
        }
        if outcome == Outcome::Dropped {
            self.shared.count(Reason::StoreFailed);
        }
        cost
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
                Command::Grade { id, grade, done } => {
                    self.drain();
                    answer(done, self.set_grade(id, grade.as_deref()));
                }
                Command::Configure {
                    capture,
                    key_header,
                } => {
                    self.drain();
                    self.configure(*capture, key_header);
                }
                Command::Adopt { page, change, done } => {
                    self.drain();
                    answer(done, self.adopt(page, &change));
                }
                Command::Note { change, done } => answer(done, self.note(&change)),
                Command::Remove { all, done } => {
                    self.drain();
                    answer(done, self.remove_named(&all));
                }
                Command::AdoptGrade { id, grade, done } => {
                    answer(done, self.adopt_grade(id, grade.as_deref()));
                }
                Command::Edit { edits, done } => {
                    answer(done, self.edit(&edits));
                }
                Command::Shutdown(done) => return Some(done),
            }
        }
        None
    }

    /// Takes over a new configuration.
    fn configure(&mut self, capture: Capture, key_header: Option<HeaderName>) {
        self.upkeep.set_retention(&capture.retention);
        self.indexer.want(capture.search);
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

    /// Writes everything that has come so far.
    fn drain(&mut self) {
        // Bounded, since more may come all the while.
        for _ in 0..MOST_BATCHES {
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

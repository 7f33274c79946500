//! What the data plane and the writer share: the queue's bounds, what was dropped, and how the
//! store is doing. Nothing here waits.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use http::{HeaderMap, HeaderName};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use uuid::Uuid;
use weir_core::exchange::{ExchangeId, RequestRecord, ResponseRecord};
use weir_core::settings::Capture;

use super::{DryRun, Options};
use crate::captures::{Adopted, Change, Named};
use crate::error::StoreError;
use crate::removal::Filter;
use crate::settings::Edits;

/// Bytes that a record counts for besides its body: headers, the record, what it becomes.
const OVERHEAD: usize = 1024;
/// Bytes that headers keep alive, or a body of any length: the buffer that they were read into.
const READ_BUFFER: usize = 8 * 1024;
/// Bounds of the number of records that may wait.
const SLOTS: std::ops::RangeInclusive<usize> = 64..=16_384;
/// Most ids of halves remembered as lost.
const MOST_LOST: usize = 65_536;
/// Commands that may wait.
const MOST_COMMANDS: usize = 256;

/// What the data plane sends.
#[derive(Debug)]
pub(super) enum Message {
    /// The first half of an exchange.
    Started(Box<RequestRecord>),
    /// The second half.
    Finished(Box<ResponseRecord>),
    /// There is a command.
    Nudge,
}

impl Message {
    /// The bytes of memory that it keeps from being freed. Pieces and header values are slices of
    /// the buffers they were read into, so a small body costs as much as a buffer.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Started(record) => OVERHEAD + held(record.body.len, &record.headers),
            Self::Finished(record) => {
                OVERHEAD + held(record.body.len, &record.headers) + record.arrivals.len() * 16
            }
            Self::Nudge => 0,
        }
    }
}

fn held(body: usize, headers: &HeaderMap) -> usize {
    if body == 0 && headers.is_empty() {
        0
    } else {
        body.max(READ_BUFFER) + headers.len() * 128
    }
}

/// What others ask of the writer.
#[derive(Debug)]
pub(super) enum Command {
    Flush(oneshot::Sender<()>),
    DeleteAll(oneshot::Sender<Result<u64, StoreError>>),
    Purge {
        filter: Filter,
        dry_run: DryRun,
        done: oneshot::Sender<Result<u64, StoreError>>,
    },
    Grade {
        id: Uuid,
        grade: Option<String>,
        done: oneshot::Sender<Result<bool, StoreError>>,
    },
    Configure {
        capture: Box<Capture>,
        key_header: Option<HeaderName>,
    },
    Adopt {
        page: Vec<Adopted>,
        change: Change,
        done: oneshot::Sender<Result<u64, StoreError>>,
    },
    Note {
        change: Change,
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Remove {
        all: Vec<Named>,
        done: oneshot::Sender<Result<u64, StoreError>>,
    },
    AdoptGrade {
        id: Uuid,
        grade: Option<String>,
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Edit {
        edits: Edits,
        done: oneshot::Sender<Result<(), StoreError>>,
    },
    Shutdown(oneshot::Sender<()>),
}

/// Why an exchange, or a half of one, was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    QueueFull,
    QueueBytes,
    StoreFailed,
    Shutdown,
}

/// Exchanges not kept, or not kept whole, since the start, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Too many records were waiting.
    pub queue_full: u64,
    /// Too many bytes were waiting.
    pub queue_bytes: u64,
    /// The store could not be written.
    pub store_failed: u64,
    /// The recorder had been shut down.
    pub shutdown: u64,
}

impl Dropped {
    /// All of them, each with the name of its reason.
    #[must_use]
    pub fn by_reason(&self) -> [(&'static str, u64); 4] {
        [
            ("queue_full", self.queue_full),
            ("queue_bytes", self.queue_bytes),
            ("store_failed", self.store_failed),
            ("shutdown", self.shutdown),
        ]
    }

    /// Their sum.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_reason().iter().map(|(_, count)| count).sum()
    }
}

/// How the store is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether captures are kept, or none are wanted.
    pub ok: bool,
    /// Why not, in words for an operator.
    pub reason: Option<String>,
    /// What was dropped.
    pub dropped: Dropped,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// When the last batch was committed, in microseconds since the Unix epoch.
    pub last_write_us: Option<i64>,
    /// Exchanges in the database; none when it is not known.
    pub rows: Option<u64>,
}

/// What both ends of the queue share.
#[derive(Debug)]
pub(super) struct Shared {
    captures: AtomicBool,
    pub db_path: PathBuf,
    /// Exchanges in the database; negative when it is not known.
    pub rows: Arc<AtomicI64>,
    queued: AtomicUsize,
    limit: usize,
    counts: [AtomicU64; 4],
    lost_starts: Mutex<HashSet<ExchangeId>>,
    any_lost_start: AtomicBool,
    lost_ends: Mutex<Vec<ExchangeId>>,
    any_lost_end: AtomicBool,
    commands: Mutex<VecDeque<Command>>,
    urgent: AtomicBool,
    closed: AtomicBool,
    failure: Mutex<Option<String>>,
    last_write_us: AtomicI64,
    thread: OnceLock<Thread>,
}

/// Records that may wait when `bytes` may.
pub(super) fn slots(bytes: usize) -> usize {
    (bytes / OVERHEAD).clamp(*SLOTS.start(), *SLOTS.end())
}

impl Shared {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            captures: AtomicBool::new(options.capture.enabled),
            db_path: options.db_path.clone(),
            rows: Arc::new(AtomicI64::new(-1)),
            queued: AtomicUsize::new(0),
            limit: options.capture.queue_bytes,
            counts: Default::default(),
            lost_starts: Mutex::default(),
            any_lost_start: AtomicBool::new(false),
            lost_ends: Mutex::default(),
            any_lost_end: AtomicBool::new(false),
            commands: Mutex::default(),
            urgent: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            failure: Mutex::default(),
            last_write_us: AtomicI64::new(-1),
            thread: OnceLock::new(),
        }
    }

    pub(super) fn captures(&self) -> bool {
        self.captures.load(Ordering::Relaxed)
    }

    pub(super) fn set_captures(&self, captures: bool) {
        self.captures.store(captures, Ordering::Relaxed);
    }

    pub(super) fn set_thread(&self, thread: Thread) {
        drop(self.thread.set(thread));
    }

    /// Queues a message, if there is room.
    pub(super) fn send(&self, queue: &SyncSender<Message>, message: Message) -> Result<(), Reason> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Reason::Shutdown);
        }
        let cost = message.cost();
        let before = self.queued.fetch_add(cost, Ordering::Relaxed);
        if before + cost > self.limit {
            self.release(cost);
            return Err(Reason::QueueBytes);
        }
        if let Err(error) = queue.try_send(message) {
            self.release(cost);
            return Err(match error {
                TrySendError::Full(_) => Reason::QueueFull,
                TrySendError::Disconnected(_) => Reason::Shutdown,
            });
        }
        // Filling up: the writer stops gathering. Until then no sender wakes it.
        let enough = self.enough();
        if before < enough && before + cost >= enough {
            self.hurry();
        }
        Ok(())
    }

    /// Bytes at which the writer stops gathering: far from the bound, since it may have to wait
    /// for a processor while more comes.
    fn enough(&self) -> usize {
        self.limit.min(SLOTS.end() * OVERHEAD) / 4
    }

    /// Whether so much waits that the writer should not gather more first.
    pub(super) fn is_filling(&self) -> bool {
        self.queued.load(Ordering::Relaxed) >= self.enough()
    }

    /// Whether so little waits that something else may be written.
    pub(super) fn has_room(&self) -> bool {
        self.queued.load(Ordering::Relaxed) < self.limit / 4
    }

    /// Bytes written, or dropped, no longer wait.
    pub(super) fn release(&self, cost: usize) {
        self.queued.fetch_sub(cost, Ordering::Relaxed);
    }

    fn hurry(&self) {
        self.urgent.store(true, Ordering::Release);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Whether the writer should not wait; asking resets it.
    pub(super) fn take_urgent(&self) -> bool {
        self.urgent.load(Ordering::Relaxed) && self.urgent.swap(false, Ordering::Acquire)
    }

    /// Counts a first half that was dropped; its second half is then dropped uncounted.
    pub(super) fn lost_start(&self, id: ExchangeId, reason: Reason) {
        self.count(reason);
        let mut lost = self.lost_starts.lock();
        if lost.len() < MOST_LOST {
            lost.insert(id);
            self.any_lost_start.store(true, Ordering::Release);
        }
    }

    /// Whether the first half of this one was dropped.
    pub(super) fn start_was_lost(&self, id: ExchangeId) -> bool {
        if !self.any_lost_start.load(Ordering::Acquire) {
            return false;
        }
        let mut lost = self.lost_starts.lock();
        let found = lost.remove(&id);
        if lost.is_empty() {
            self.any_lost_start.store(false, Ordering::Release);
        }
        found
    }

    /// Counts a second half that was dropped; the writer closes the row.
    pub(super) fn lost_end(&self, id: ExchangeId, reason: Reason) {
        self.count(reason);
        let mut lost = self.lost_ends.lock();
        if lost.len() < MOST_LOST {
            lost.push(id);
            self.any_lost_end.store(true, Ordering::Release);
        }
    }

    /// The exchanges whose end was dropped since the last call.
    pub(super) fn take_lost_ends(&self) -> Vec<ExchangeId> {
        if !self.any_lost_end.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut self.lost_ends.lock())
    }

    pub(super) fn count(&self, reason: Reason) {
        if let Some(count) = self.counts.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Hands a command over. One too many is refused by dropping it, which its sender sees.
    pub(super) fn command(&self, queue: &SyncSender<Message>, command: Command) {
        let mut commands = self.commands.lock();
        if self.closed.load(Ordering::Relaxed) || commands.len() >= MOST_COMMANDS {
            return;
        }
        commands.push_back(command);
        drop(commands);
        // A full queue keeps the writer awake anyway.
        drop(queue.try_send(Message::Nudge));
        self.hurry();
    }

    pub(super) fn take_command(&self) -> Option<Command> {
        self.commands.lock().pop_front()
    }

    /// Nothing is taken any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.commands.lock().clear();
    }

    /// The store works, or says why not.
    pub(super) fn set_failure(&self, failure: Option<String>) {
        *self.failure.lock() = failure;
    }

    pub(super) fn wrote(&self, now_us: i64) {
        self.last_write_us.store(now_us, Ordering::Relaxed);
    }

    pub(super) fn status(&self) -> StoreStatus {
        let reason = self.failure.lock().clone();
        let [queue_full, queue_bytes, store_failed, shutdown] =
            [0, 1, 2, 3].map(|i: usize| self.counts[i].load(Ordering::Relaxed));
        StoreStatus {
            ok: reason.is_none(),
            reason,
            dropped: Dropped {
                queue_full,
                queue_bytes,
                store_failed,
                shutdown,
            },
            queued_bytes: self.queued.load(Ordering::Relaxed),
            last_write_us: Some(self.last_write_us.load(Ordering::Relaxed)).filter(|&t| t >= 0),
            rows: u64::try_from(self.rows.load(Ordering::Relaxed)).ok(),
        }
    }
}

//! What carries captures between this node and the server, a little at a time. It waits for the server
//! and for the recorder; nobody waits for it but who deletes captures.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;
use weir_core::settings::DatabaseServer;

use super::log::Log;
use super::{Change, Standing};
use crate::control::ControlError;
use crate::error::StoreError;
use crate::reader::{Reader, View};
use crate::recorder::Recorder;

/// How often the server is asked for what is new.
const EVERY: Duration = Duration::from_millis(250);
/// Longest wait between tries while the server is away.
const SLOWEST: Duration = Duration::from_secs(10);
/// How often what is too old in the server is taken out, a few hundred exchanges at a time.
const PRUNE: Duration = Duration::from_secs(60);
/// How long removals are told of: a node that was away for longer may keep what was removed meanwhile.
const TOLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// The oldest exchanges that are kept, as settings have it now.
pub type MaxAge = Box<dyn Fn() -> Option<Duration> + Send + Sync>;

/// How captures come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarrierStatus {
    /// Whether the server answers, or why not.
    pub failure: Option<String>,
    /// Exchanges that were shipped since the start.
    pub shipped: u64,
    /// Exchanges of other nodes that were taken over since the start.
    pub adopted: u64,
    /// Exchanges that could not be shipped or taken over, since they are damaged.
    pub skipped: u64,
    /// Times that the server did not answer, or refused.
    pub failures: u64,
    /// What waits to be shipped.
    pub waiting: u64,
    /// When the oldest of that began, in microseconds since the Unix epoch.
    pub oldest_us: Option<i64>,
    /// Entries of other nodes that are still to be read.
    pub behind: u64,
    /// Nodes of a newer weir whose entries are not read, since this one does not know their format.
    pub held: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub shipped: AtomicU64,
    pub adopted: AtomicU64,
    pub skipped: AtomicU64,
    pub failures: AtomicU64,
    pub waiting: AtomicU64,
    /// Negative for none.
    pub oldest_us: AtomicI64,
    pub behind: AtomicU64,
    pub held: AtomicU64,
}

pub(super) fn add(count: &AtomicU64, more: usize) {
    count.fetch_add(more as u64, Ordering::Relaxed);
}

/// Carries captures. One step at a time.
pub struct Carrier {
    pub(super) recorder: Recorder,
    pub(super) reader: Reader,
    server: DatabaseServer,
    name: Box<str>,
    max_age: MaxAge,
    work: tokio::sync::Mutex<Work>,
    pub(super) counts: Counts,
    failure: Mutex<Option<String>>,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carrier")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What is at hand between steps.
#[derive(Debug, Default)]
struct Work {
    /// None until the server answers.
    log: Option<Log>,
    /// What the server knows this node by.
    entered: Option<Uuid>,
    pruned: Option<Instant>,
}

/// The server, and how this node stands to it.
pub(super) struct Meeting<'a> {
    pub log: &'a Log,
    pub standing: Standing,
}

impl Carrier {
    /// Carries what `recorder` keeps, which has to have been opened with this name of the node. Whoever
    /// deletes captures by it does so on all nodes from now on. Nothing is asked of the server yet.
    #[must_use]
    pub fn new(
        recorder: &Recorder,
        server: DatabaseServer,
        name: &str,
        max_age: MaxAge,
    ) -> Arc<Self> {
        let carrier = Arc::new(Self {
            recorder: recorder.clone(),
            reader: recorder.reader(),
            server,
            name: name.into(),
            max_age,
            work: tokio::sync::Mutex::default(),
            counts: Counts::default(),
            failure: Mutex::default(),
        });
        carrier.counts.oldest_us.store(-1, Ordering::Relaxed);
        recorder.share_by(&carrier);
        carrier
    }

    /// Carries for ever.
    ///
    /// # Cancel safety
    ///
    /// It may be dropped at any moment: what it was at is done again.
    pub async fn run(self: Arc<Self>) {
        let mut pause = EVERY;
        loop {
            let more = self.step().await;
            pause = match &*self.failure.lock() {
                Some(_) => (pause * 2).min(SLOWEST),
                None => EVERY,
            };
            if !more {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Ships some of what waits, and takes over some of what others have shipped. Gives whether there
    /// is more.
    ///
    /// # Cancel safety
    ///
    /// As [`Carrier::run`].
    pub async fn step(&self) -> bool {
        let mut work = self.work.lock().await;
        let done = self.carry(&mut work).await;
        // Above all while the server is away.
        let done = self.look_at_lag().await.and(done);
        self.judge(&mut work, &done);
        done.unwrap_or(false)
    }

    /// Ships what has ended by now, for as long as that goes on well and `most` has not passed.
    pub async fn farewell(&self, most: Duration) {
        self.recorder.flush().await;
        let all = async {
            loop {
                self.step().await;
                let status = self.status();
                if status.waiting == 0 || status.failure.is_some() {
                    break;
                }
            }
        };
        if tokio::time::timeout(most, all).await.is_err() {
            tracing::warn!("some captures will be shipped when this node starts again");
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> CarrierStatus {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        CarrierStatus {
            failure: self.failure.lock().clone(),
            shipped: get(&counts.shipped),
            adopted: get(&counts.adopted),
            skipped: get(&counts.skipped),
            failures: get(&counts.failures),
            waiting: get(&counts.waiting),
            oldest_us: Some(counts.oldest_us.load(Ordering::Relaxed)).filter(|at| *at >= 0),
            behind: get(&counts.behind),
            held: get(&counts.held),
        }
    }

    async fn carry(&self, work: &mut Work) -> Result<bool, ControlError> {
        let due = work.pruned.is_none_or(|last| last.elapsed() >= PRUNE);
        let mut meeting = self.meet(work).await?;
        let shipped = self.ship(&mut meeting).await?;
        let followed = self.follow(&mut meeting).await?;
        if due {
            let more = self.prune(&meeting).await?;
            work.pruned = Some(Instant::now()).filter(|_| !more);
        }
        Ok(shipped || followed)
    }

    /// Deletes on all nodes, with nothing else carried meanwhile.
    pub(super) async fn alone<T>(
        &self,
        delete: impl AsyncFnOnce(&mut Meeting<'_>) -> Result<T, ControlError>,
    ) -> Result<T, StoreError> {
        let mut work = self.work.lock().await;
        let done = match self.meet(&mut work).await {
            Ok(mut meeting) => delete(&mut meeting).await,
            Err(error) => Err(error),
        };
        self.judge(&mut work, &done);
        done.map_err(|error| match error {
            ControlError::Store(error) => error,
            error => StoreError::Unavailable(format!(
                "captures are shared, and are deleted on all nodes or none: {error}"
            )),
        })
    }

    /// The server, connected to and told of this node.
    async fn meet<'a>(&self, work: &'a mut Work) -> Result<Meeting<'a>, ControlError> {
        if work.log.is_none() {
            work.entered = None;
            work.log = Some(Log::open(&self.server).await?);
        }
        let log = work
            .log
            .as_ref()
            .ok_or(ControlError::NotFound("the server"))?;
        let standing = self.standing(log).await?;
        if work.entered != Some(standing.node) {
            let last = standing.read.get(&standing.node).copied().unwrap_or(0);
            let now_us = super::now_us();
            log.enter(standing.node, &self.name, last, now_us).await?;
            work.entered = Some(standing.node);
        }
        Ok(Meeting { log, standing })
    }

    /// How this node stands, once it has joined the database that the server has.
    async fn standing(&self, log: &Log) -> Result<Standing, ControlError> {
        let read = || self.reader.run(|reader| reader.ask(View::standing));
        let found = read().await?;
        if let Some(standing) = found.filter(|standing| standing.server == log.name) {
            return Ok(standing);
        }
        let change = Change {
            joined: Some(log.name.clone()),
            ..Change::default()
        };
        self.recorder.note(change).await?;
        let joined = read().await?;
        joined.ok_or_else(|| StoreError::Unavailable("its place was not kept".into()).into())
    }

    /// Takes what is too old out of the server; gives whether there may be more.
    async fn prune(&self, meeting: &Meeting<'_>) -> Result<bool, ControlError> {
        let now_us = super::now_us();
        let ago = |age: Duration| now_us - i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let node = meeting.standing.node;
        let last = meeting.standing.read.get(&node).copied().unwrap_or(0);
        meeting.log.enter(node, &self.name, last, now_us).await?;
        meeting.log.prune(self.oldest_us(), ago(TOLD)).await
    }

    /// When the oldest exchanges began that are kept, in microseconds since the Unix epoch.
    pub(super) fn oldest_us(&self) -> Option<i64> {
        let age = (self.max_age)()?;
        Some(super::now_us() - i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
    }

    async fn look_at_lag(&self) -> Result<(), ControlError> {
        let lag = self.reader.run(|reader| reader.ask(View::lag));
        let (count, oldest) = lag.await?;
        self.counts.waiting.store(count, Ordering::Relaxed);
        let oldest = oldest.unwrap_or(-1);
        self.counts.oldest_us.store(oldest, Ordering::Relaxed);
        Ok(())
    }

    /// Keeps a change of this node's place, and goes by it from now on.
    pub(super) async fn note(
        &self,
        meeting: &mut Meeting<'_>,
        change: Change,
    ) -> Result<(), ControlError> {
        let read = change.read.clone();
        self.recorder.note(change).await?;
        meeting.standing.went(read);
        Ok(())
    }

    /// Says once that the server is away, and once that it is back.
    fn judge<T>(&self, work: &mut Work, done: &Result<T, ControlError>) {
        let mut failure = self.failure.lock();
        match done {
            Ok(_) => {
                if failure.take().is_some() {
                    tracing::info!("captures are carried again");
                }
            }
            Err(error) => {
                add(&self.counts.failures, 1);
                // Whatever answers next may be another.
                work.log = None;
                if failure.is_none() {
                    tracing::warn!(%error, "captures are not carried between nodes; trying again");
                }
                *failure = Some(error.to_string());
            }
        }
    }
}

impl Standing {
    /// Logs were read up to here.
    pub(super) fn went(&mut self, read: Vec<(Uuid, i64)>) {
        for (node, seq) in read {
            let known = self.read.entry(node).or_default();
            *known = seq.max(*known);
        }
    }

    /// What has been read of this node's own log once it went from one entry to another: no further
    /// if something before was not read yet, which another process has written by this node's name, or
    /// this one before it was killed.
    pub(super) fn own(&self, (before, after): (i64, i64)) -> Vec<(Uuid, i64)> {
        let read = self.read.get(&self.node).copied().unwrap_or(0);
        if read == before {
            vec![(self.node, after)]
        } else {
            Vec::new()
        }
    }
}

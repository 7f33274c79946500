//! The audit as a file: what the database has of it, a line for each event, in the order of the
//! chain. The database is the truth. Nothing waits for the file, and one that could not be written
//! for a while is caught up.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use weir_core::settings::RotatedFiles;
use weir_events::rotated::Files;
use weir_store::control::{AuditEvent, ControlStore, Place};

use crate::tenants::Trouble;

/// How often it is looked for what other nodes, or this one's requests, have added.
const LOOK: Duration = Duration::from_millis(250);
/// Events that are read and written at once.
const STEP: u32 = 200;
/// How every line begins.
const BEGIN: &[u8] = b"{\"seq\":";

/// What keeps the file.
#[derive(Debug)]
pub(crate) struct AuditFile {
    store: ControlStore,
    settings: RotatedFiles,
    /// None until it could be opened.
    open: Mutex<Option<Open>>,
    nudge: Notify,
    stop: CancellationToken,
    writing: Trouble,
    figures: Arc<Figures>,
}

/// The file, and how far it is.
#[derive(Debug)]
struct Open {
    files: Files,
    at: Place,
    /// Whether the place was found in the database.
    known: bool,
}

#[derive(Debug, Default)]
struct Figures {
    failures: AtomicU64,
    /// The place of the last event in the file.
    written: AtomicI64,
    /// Events that are in the database and not in the file.
    behind: AtomicI64,
}

impl AuditFile {
    pub(crate) fn new(store: ControlStore, settings: RotatedFiles) -> Self {
        Self {
            store,
            settings,
            open: Mutex::default(),
            nudge: Notify::new(),
            stop: CancellationToken::new(),
            writing: Trouble::default(),
            figures: Arc::default(),
        }
    }

    /// Something may have been added.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Has the task end once everything is written.
    pub(crate) fn finish(&self) {
        self.stop.cancel();
    }

    /// What is counted of it, for `/metrics`.
    pub(crate) fn figures(&self) -> Box<dyn Collector> {
        Box::new(Shown(Arc::clone(&self.figures)))
    }

    /// The task that follows the chain.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ends = tokio::select! {
                () = self.stop.cancelled() => true,
                () = self.nudge.notified() => false,
                _ = look.tick() => false,
            };
            let done = self.catch_up().await;
            if done.is_err() {
                self.figures.failures.fetch_add(1, Ordering::Relaxed);
            }
            let failed = done.err().map(|error| format!("{error:#}"));
            self.writing.note(
                failed,
                "the file of the audit is behind; it is caught up when it can be written",
            );
            if ends {
                return;
            }
        }
    }

    /// Writes whatever the file lacks.
    async fn catch_up(self: &Arc<Self>) -> anyhow::Result<()> {
        let end = self.store.audit_end().await?.seq;
        self.figures.note_end(end);
        self.check_place().await?;
        loop {
            let seq = self.open.lock().as_ref().map_or(0, |open| open.at.seq);
            self.figures.written.store(seq, Ordering::Relaxed);
            self.figures.note_end(end);
            if seq >= end {
                return Ok(());
            }
            let events = self.store.audit_behind(seq, STEP).await?;
            if events.is_empty() {
                // The end of the chain is missing, which whoever verifies it is told.
                return Ok(());
            }
            let file = Arc::clone(self);
            let written = tokio::task::spawn_blocking(move || file.append(events)).await?;
            written.with_context(|| self.settings.path.display().to_string())?;
        }
    }

    /// Opens the file, and sees to it that what it ends with is in the database. A file that ends
    /// otherwise is that of another database: it is put aside, and a new one begun.
    async fn check_place(self: &Arc<Self>) -> anyhow::Result<()> {
        let file = Arc::clone(self);
        let opened = tokio::task::spawn_blocking(move || file.opened()).await?;
        let at = opened.with_context(|| self.settings.path.display().to_string())?;
        let Some(at) = at else {
            return Ok(());
        };
        let found = match at.seq {
            0 => None,
            seq => self.store.audit_behind(seq - 1, 1).await?.pop(),
        };
        let known = at.seq == 0 || found.is_some_and(|event| event.hash == at.hash);
        let mut open = self.open.lock();
        if let Some(open) = &mut *open {
            if !known {
                tracing::error!(file = %self.settings.path.display(), seq = at.seq,
                    "the file of the audit ends with an event that the database does not have; it is \
                     put aside");
                open.files.put_aside()?;
                open.at = Place::default();
            }
            open.known = true;
        }
        Ok(())
    }

    /// Opens the file if it is not. Gives where it ends, if that is to be compared with the database.
    fn opened(&self) -> io::Result<Option<Place>> {
        let mut open = self.open.lock();
        if open.is_none() {
            let mut files = Files::open(self.settings.clone())?;
            files.alone()?;
            let at = match files.last_line(BEGIN)? {
                Some(line) => Place::of(&line).ok_or_else(|| {
                    io::Error::other("its last line is none of an audit; name another file")
                })?,
                None => Place::default(),
            };
            *open = Some(Open {
                files,
                at,
                known: false,
            });
        }
        let unknown = open.as_ref().filter(|open| !open.known);
        Ok(unknown.map(|open| open.at.clone()))
    }

    /// Adds the lines of events. It blocks.
    fn append(&self, events: Vec<AuditEvent>) -> io::Result<()> {
        let mut open = self.open.lock();
        let Some(Open { files, at, .. }) = &mut *open else {
            return Ok(());
        };
        let write = || {
            for event in events {
                let (line, next) = at.line(event);
                files.write(line.as_bytes())?;
                *at = next;
            }
            files.sync()
        };
        let written = write();
        if written.is_err() {
            // How it ends is looked at again.
            *open = None;
        }
        written
    }
}

impl Figures {
    /// The chain ends there.
    fn note_end(&self, end: i64) {
        let behind = end.saturating_sub(self.written.load(Ordering::Relaxed));
        self.behind.store(behind.max(0), Ordering::Relaxed);
    }
}

struct Shown(Arc<Figures>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let failures = ConstCounter::new(self.0.failures.load(Ordering::Relaxed));
        let about = "Times that the file of the audit could not be written";
        let metric = encoder.encode_descriptor(
            "audit_file_failures",
            about,
            None,
            failures.metric_type(),
        )?;
        failures.encode(metric)?;
        let behind = ConstGauge::new(self.0.behind.load(Ordering::Relaxed));
        let about = "Events that the file of the audit lacks";
        let metric =
            encoder.encode_descriptor("audit_file_behind", about, None, behind.metric_type())?;
        behind.encode(metric)
    }
}

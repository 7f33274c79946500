//! The recorder: a bounded queue in front of one thread that writes. The data plane hands records
//! over and is never held up; what does not fit is dropped and counted.

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use http::HeaderName;
use tokio::sync::{broadcast, oneshot};
use uuid::Uuid;
use weir_core::exchange::{ExchangeId, RequestRecord, ResponseRecord};
use weir_core::settings::Capture;

use crate::captures::{Adopted, Carrier, Change, Named};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::removal::Filter;
use crate::settings::Edits;
use crate::summary::Summary;

mod adopt;
mod batch;
mod interpret;
pub(crate) mod lineage;
mod link;
mod queue;
mod rows;
mod sink;
mod upkeep;
pub(crate) mod words;
mod writer;

pub(crate) use batch::ROWS_PER_US;
use queue::{Command, Message, Shared};
pub use queue::{Dropped, StoreStatus};

/// Summaries that a slow follower of the live feed may be behind before it misses some.
const LIVE_BACKLOG: usize = 256;
/// Longest wait of [`Recorder::shutdown`].
const SHUTDOWN_WAIT: Duration = Duration::from_secs(30);

/// Called on the recorder's thread with each ended exchange, stored or not. Must not block.
pub type OnEnded = Box<dyn Fn(&Summary) + Send>;

/// Called on the recorder's thread with each moment of an exchange that it has read. Must not block.
pub type Follow = Box<dyn FnMut(Moment<'_>) + Send>;

/// A moment of an exchange.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// It was forwarded, or refused. It ends once, or is lost once.
    Started(&'a RequestRecord),
    /// It has ended, and was read.
    Ended(&'a Summary, &'a ResponseRecord),
    /// Its end was dropped on the way here.
    Lost(ExchangeId),
}

/// Called when exchanges are deleted on demand, for who keeps something of them elsewhere. Must not
/// block.
pub struct OnRemoved(pub Box<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for OnRemoved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnRemoved")
    }
}

/// What a recorder is opened with.
pub struct Options {
    /// The SQLite file.
    pub db_path: PathBuf,
    /// What is kept and what bounds it.
    pub capture: Capture,
    /// The header that carries credentials, when its name is a custom one.
    pub key_header: Option<HeaderName>,
    /// What this node is called among those that share captures; none where they are not shared.
    pub node: Option<Box<str>>,
    /// Told of each ended exchange.
    pub on_ended: Option<OnEnded>,
    /// Told of each moment, whether exchanges are kept or not.
    pub follow: Option<Follow>,
    /// What only tests and measurements change.
    pub tuning: Tuning,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("db_path", &self.db_path)
            .field("capture", &self.capture)
            .field("key_header", &self.key_header)
            .field("tuning", &self.tuning)
            .finish_non_exhaustive()
    }
}

/// What only tests and measurements change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// How long the writer gathers records before it writes them in one transaction.
    pub window: Duration,
    /// Longest wait for another process's lock on the database.
    pub busy: Duration,
    /// How long [`Recorder::flush`] waits.
    pub flush: Duration,
    /// Shortest wait between tries when the store fails; it grows to a hundred times that.
    pub retry: Duration,
    /// Most pages of the database; none leaves it to the disk.
    pub max_pages: Option<u32>,
    /// Exchanges whose words share one part of the index; a search takes as long as a part takes.
    pub words_part: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            window: Duration::from_millis(40),
            busy: Duration::from_secs(5),
            flush: Duration::from_millis(250),
            retry: Duration::from_millis(100),
            max_pages: None,
            words_part: 32_768,
        }
    }
}

/// The data plane's end of the recorder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
    live: broadcast::Sender<Arc<Summary>>,
    on_removed: Arc<OnceLock<OnRemoved>>,
    /// What carries captures to other nodes, where they are shared.
    carrier: Arc<OnceLock<Weak<Carrier>>>,
    flush_wait: Duration,
}

impl Recorder {
    /// Opens the database and starts the writer.
    ///
    /// A database that cannot be had for now is not an error: the recorder tries again by itself,
    /// and [`Recorder::status`] says why. With capture disabled no file is touched, and only
    /// `on_ended` is served.
    ///
    /// # Errors
    ///
    /// When the database was written by a newer weir, or the thread cannot be started.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let slots = queue::slots(options.capture.queue_bytes);
        let (queue, inbox) = sync_channel(slots);
        let flush_wait = options.tuning.flush;
        let (live, _) = broadcast::channel(LIVE_BACKLOG);
        let shared = Arc::new(Shared::new(&options));
        let writer = writer::Writer::new(options, inbox, shared.clone(), live.clone())?;
        let thread = std::thread::Builder::new()
            .name("weir-recorder".into())
            .spawn(move || writer.run())?;
        shared.set_thread(thread.thread().clone());
        Ok(Self {
            queue,
            shared,
            live,
            on_removed: Arc::default(),
            carrier: Arc::default(),
            flush_wait,
        })
    }

    /// Has `told` called whenever exchanges are deleted on demand; only the first call counts.
    pub fn when_removed(&self, told: OnRemoved) {
        let _first = self.on_removed.set(told);
    }

    /// Deletes on all nodes from now on, by `carrier`; only the first call counts.
    pub(crate) fn share_by(&self, carrier: &Arc<Carrier>) {
        let _first = self.carrier.set(Arc::downgrade(carrier));
    }

    fn carrier(&self) -> Option<Arc<Carrier>> {
        self.carrier.get()?.upgrade()
    }

    /// Exchanges are deleted on demand.
    pub(crate) fn removed(&self) {
        if let Some(told) = self.on_removed.get() {
            (told.0)();
        }
    }

    /// Whether bodies are kept at all; if not, records may come without them.
    #[must_use]
    pub fn captures(&self) -> bool {
        self.shared.captures()
    }

    /// Takes the first half of an exchange. Never blocks.
    pub fn started(&self, record: Box<RequestRecord>) {
        let id = record.id;
        let message = Message::Started(record);
        if let Err(reason) = self.shared.send(&self.queue, message) {
            self.shared.lost_start(id, reason);
        }
    }

    /// Takes the second half of an exchange. Never blocks.
    pub fn finished(&self, record: Box<ResponseRecord>) {
        let id = record.id;
        if self.shared.start_was_lost(id) {
            return;
        }
        if let Err(reason) = self.shared.send(&self.queue, Message::Finished(record)) {
            self.shared.lost_end(id, reason);
            // The writer closes the row, also when nothing else comes. If there is no room for
            // the nudge, it has something to do anyway.
            drop(self.queue.try_send(Message::Nudge));
        }
    }

    /// Has everything written that was handed over before, so that a reader sees it. Gives up
    /// after [`Tuning::flush`].
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.command(Command::Flush(done));
        drop(tokio::time::timeout(self.flush_wait, wait).await);
    }

    /// Writes everything handed over, brings it to the disk and closes the database. What is handed
    /// over later is dropped and counted. Gives up after half a minute, so that a disk that hangs
    /// does not hold the process.
    pub async fn shutdown(&self) {
        let (done, wait) = oneshot::channel();
        self.command(Command::Shutdown(done));
        if tokio::time::timeout(SHUTDOWN_WAIT, wait).await.is_err() {
            tracing::warn!("the store did not close in time; what waited is lost");
        }
    }

    /// Takes over what a new configuration says of capturing. `queue_bytes`, `dedup_bytes` and the
    /// file stay as they were opened.
    pub fn reconfigure(&self, capture: Capture, key_header: Option<HeaderName>) {
        self.shared.set_captures(capture.enabled);
        self.command(Command::Configure {
            capture: Box::new(capture),
            key_header,
        });
    }

    /// How the store is doing.
    #[must_use]
    pub fn status(&self) -> StoreStatus {
        self.shared.status()
    }

    /// Summaries of exchanges as they begin and end. One that falls too far behind misses some.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Summary>> {
        self.live.subscribe()
    }

    /// Deletes all exchanges and gives their number. The files shrink. Where captures are shared, it
    /// does so on all nodes.
    ///
    /// # Errors
    ///
    /// When the store is not available or fails, or the server that captures are shared by.
    pub async fn delete_all(&self) -> Result<u64, StoreError> {
        if let Some(carrier) = self.carrier() {
            return self
                .everywhere(async move { carrier.delete_all().await })
                .await;
        }
        self.removed();
        self.delete_all_here().await
    }

    /// Deletes on all nodes, even if whoever asks for it goes away in the middle.
    async fn everywhere(
        &self,
        deleting: impl Future<Output = Result<u64, StoreError>> + Send + 'static,
    ) -> Result<u64, StoreError> {
        let this = self.clone();
        let deleting = tokio::spawn(async move {
            let deleted = deleting.await?;
            this.removed();
            Ok(deleted)
        });
        deleting.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(crate) async fn delete_all_here(&self) -> Result<u64, StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::DeleteAll(done));
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Deletes the exchanges that `filter` names, a few at a time between batches, and gives their
    /// number; with `dry_run` only counts them. Exchanges in flight stay. Where captures are shared,
    /// it does so on all nodes.
    ///
    /// # Errors
    ///
    /// When the store is not available or fails, or the server that captures are shared by.
    pub async fn purge(&self, filter: Filter, dry_run: DryRun) -> Result<u64, StoreError> {
        if dry_run == DryRun::No {
            if let Some(carrier) = self.carrier().filter(|_| filter != Filter::default()) {
                return self
                    .everywhere(async move { carrier.purge(filter).await })
                    .await;
            }
            self.removed();
        }
        let (done, wait) = oneshot::channel();
        self.command(Command::Purge {
            filter,
            dry_run,
            done,
        });
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Keeps the grade of an exchange's prompt, as JSON, instead of the one before; none takes it
    /// away. Gives whether there is the exchange.
    ///
    /// # Errors
    ///
    /// When the store is not available or fails.
    pub async fn set_grade(&self, id: Uuid, grade: Option<String>) -> Result<bool, StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::Grade { id, grade, done });
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Whether so little waits that exchanges of other nodes may be stored, too.
    pub(crate) fn has_room(&self) -> bool {
        self.shared.has_room()
    }

    /// Stores exchanges that other nodes took, but those that are stored, together with how far the
    /// logs were read. Gives how many were stored.
    pub(crate) async fn adopt(
        &self,
        page: Vec<Adopted>,
        change: Change,
    ) -> Result<u64, StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::Adopt { page, change, done });
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Keeps a change of this node's place among others.
    pub(crate) async fn note(&self, change: Change) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::Note { change, done });
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Removes exchanges from this node's database; gives how many there were.
    pub(crate) async fn remove_here(&self, all: Vec<Named>) -> Result<u64, StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::Remove { all, done });
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Keeps a grade that another node gave.
    pub(crate) async fn adopt_grade(
        &self,
        id: Uuid,
        grade: Option<String>,
    ) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::AdoptGrade { id, grade, done });
        wait.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Keeps edits of settings, all or none. Blocks until they are written.
    ///
    /// # Errors
    ///
    /// When the store is not available, which it is not either while nothing is captured, or fails.
    pub fn edit_settings(&self, edits: Edits) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.command(Command::Edit { edits, done });
        wait.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    /// A reader of the same database.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.db_path.clone(), Some(self.shared.rows.clone()))
    }

    fn command(&self, command: Command) {
        self.shared.command(&self.queue, command);
    }
}

impl weir_core::exchange::Recorder for Recorder {
    fn started(&self, request: Box<RequestRecord>) {
        Self::started(self, request);
    }

    fn finished(&self, response: Box<ResponseRecord>) {
        Self::finished(self, response);
    }
}

/// Whether a purge only counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// It counts.
    Yes,
    /// It deletes.
    No,
}

fn closed() -> StoreError {
    StoreError::Unavailable("the recorder has stopped".into())
}

//! The thread that makes events: decodes, puts together, counts, blots out.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use http::HeaderName;
use ring::rand::{SecureRandom as _, SystemRandom};
use weir_core::event::{Materials, Rules, make};
use weir_core::exchange::RawBody;
use weir_core::redact::Redactor;
use weir_core::settings::{Settings, Told};
use weir_events::bus::Entrance;
use weir_events::status::Status;

use crate::serve::key_header;

/// Bytes that a body keeps from being freed at least: the buffer that it was read into.
const READ_BUFFER: usize = 8 * 1024;

/// How many bytes of bodies may be held.
#[derive(Debug)]
pub(super) struct Room {
    held: AtomicUsize,
    most: usize,
}

impl Room {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let held = AtomicUsize::new(0);
        Arc::new(Self { held, most })
    }

    fn take(&self, bytes: usize) -> bool {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.most;
        if !fits {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }
}

fn cost(body: &RawBody) -> usize {
    body.len.max(READ_BUFFER)
}

/// What the thread gets.
#[derive(Debug)]
enum Job {
    Make(Box<Materials>),
    /// Everything before it is to be made; the other end is told by being dropped.
    Finish(SyncSender<()>),
}

/// Where materials are handed in. Never waits.
#[derive(Debug)]
pub(super) struct Door {
    queue: SyncSender<Job>,
    room: Arc<Room>,
    status: Arc<Status>,
}

impl Door {
    /// Whether anybody is told of events.
    pub(super) fn is_heard(&self) -> bool {
        self.status.is_heard()
    }

    /// Makes room for a body; false, and counted, where there is none.
    pub(super) fn hold(&self, body: &RawBody) -> bool {
        let fits = self.room.take(cost(body));
        if !fits {
            self.status.body_dropped();
        }
        fits
    }

    /// A body that was held is not needed.
    pub(super) fn release(&self, body: Option<&RawBody>) {
        self.room.release(body);
    }

    /// Takes materials, or lets them go and counts them.
    pub(super) fn take(&self, materials: Box<Materials>) {
        if let Err(error) = self.queue.try_send(Job::Make(materials)) {
            if let mpsc::TrySendError::Full(Job::Make(materials))
            | mpsc::TrySendError::Disconnected(Job::Make(materials)) = error
            {
                self.room.release_all(&materials);
            }
            self.status.unmade();
        }
    }
}

impl Room {
    fn release(&self, body: Option<&RawBody>) {
        let bytes = body.map_or(0, cost);
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn release_all(&self, materials: &Materials) {
        self.release(materials.request.body.as_ref());
        self.release(materials.response.body.as_ref());
    }
}

/// The thread.
#[derive(Debug)]
pub(super) struct Maker {
    queue: SyncSender<Job>,
    room: Arc<Room>,
    status: Arc<Status>,
    thread: JoinHandle<()>,
}

impl Maker {
    /// Starts it; `slots` materials may wait.
    ///
    /// # Errors
    /// When there can be no thread, or the system has no random numbers.
    pub(super) fn start(
        settings: &Arc<ArcSwap<Settings>>,
        (entrance, room): (Entrance, Arc<Room>),
        slots: usize,
    ) -> io::Result<Self> {
        let (queue, inbox) = mpsc::sync_channel(slots);
        let status = Arc::clone(entrance.status());
        let mut worker = Worker {
            redactor: Redacting::new()?,
            told: settings.load().events.told.clone(),
            settings: Arc::clone(settings),
            entrance,
            room: Arc::clone(&room),
        };
        let thread = thread::Builder::new()
            .name("weir-events".into())
            .spawn(move || worker.run(&inbox))?;
        Ok(Self {
            queue,
            room,
            status,
            thread,
        })
    }

    pub(super) fn door(&self) -> Door {
        Door {
            queue: self.queue.clone(),
            room: Arc::clone(&self.room),
            status: Arc::clone(&self.status),
        }
    }

    /// Waits until everything handed in has become events. It blocks.
    pub(super) fn finish(&self) {
        let (done, wait) = mpsc::sync_channel(1);
        if self.queue.send(Job::Finish(done)).is_ok() && !self.thread.is_finished() {
            let _made = wait.recv();
        }
    }
}

struct Worker {
    redactor: Redacting,
    told: Told,
    /// For prices and the header with credentials, which a reload may change.
    settings: Arc<ArcSwap<Settings>>,
    entrance: Entrance,
    room: Arc<Room>,
}

impl Worker {
    fn run(&mut self, inbox: &Receiver<Job>) {
        while let Ok(job) = inbox.recv() {
            match job {
                Job::Make(materials) => self.make(*materials),
                Job::Finish(done) => drop(done),
            }
        }
    }

    fn make(&mut self, materials: Materials) {
        // Taken before: making them takes them apart.
        let request = materials.request.body.as_ref().map_or(0, cost);
        let response = materials.response.body.as_ref().map_or(0, cost);
        let settings = self.settings.load();
        let rules = Rules {
            told: &self.told,
            redactor: self.redactor.by(key_header(&settings)),
            prices: &settings.prices,
        };
        // A panic costs the event, not the thread.
        match catch_unwind(AssertUnwindSafe(|| make(materials, rules))) {
            Ok(event) => self.entrance.put(event),
            Err(_) => self.entrance.status().unmade(),
        }
        let freed = request + response;
        self.room.held.fetch_sub(freed, Ordering::Relaxed);
    }
}

/// What blots out credentials. Its digests tell them apart within one run, and are good for nothing
/// else.
struct Redacting {
    key: [u8; 32],
    header: Option<HeaderName>,
    redactor: Redactor,
}

impl Redacting {
    fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        let filled = SystemRandom::new().fill(&mut key);
        filled.map_err(|_| io::Error::other("the system has no random numbers"))?;
        Ok(Self {
            key,
            header: None,
            redactor: Redactor::new(key),
        })
    }

    /// With this key header, which a reload may change.
    fn by(&mut self, header: Option<HeaderName>) -> &Redactor {
        if self.header != header {
            let redactor = Redactor::new(self.key);
            self.redactor = match &header {
                Some(name) => redactor.with_key_header(name.clone()),
                None => redactor,
            };
            self.header = header;
        }
        &self.redactor
    }
}

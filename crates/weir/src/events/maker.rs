//! The thread that makes events: decodes, puts together, counts, blots out.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use http::HeaderName;
use ring::rand::{SecureRandom as _, SystemRandom};
use weir_core::event::{Event, Materials, Rules, make};
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
    /// Whether nobody takes events any more.
    given_up: Arc<AtomicBool>,
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
        let given_up = Arc::new(AtomicBool::new(false));
        let mut worker = Worker {
            redactor: Redacting::new()?,
            told: settings.load().events.told.clone(),
            settings: Arc::clone(settings),
            entrance,
            room: Arc::clone(&room),
            given_up: Arc::clone(&given_up),
        };
        let thread = thread::Builder::new()
            .name("weir-events".into())
            .spawn(move || worker.run(&inbox))?;
        Ok(Self {
            queue,
            room,
            status,
            given_up,
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

    /// What is no event by now becomes none, and is counted: nobody would take it.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

struct Worker {
    redactor: Redacting,
    told: Told,
    /// For prices and the header with credentials, which a reload may change.
    settings: Arc<ArcSwap<Settings>>,
    entrance: Entrance,
    room: Arc<Room>,
    given_up: Arc<AtomicBool>,
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
        let made = match self.has_given_up() {
            true => None,
            false => self.event(materials),
        };
        match made.filter(|_| !self.has_given_up()) {
            Some(event) => self.entrance.put(event),
            None => self.entrance.status().unmade(),
        }
        let freed = request + response;
        self.room.held.fetch_sub(freed, Ordering::Relaxed);
    }

    fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// The event; none if making it panics, which costs the event and not the thread.
    fn event(&mut self, materials: Materials) -> Option<Event> {
        let settings = self.settings.load();
        let rules = Rules {
            told: &self.told,
            redactor: self.redactor.by(key_header(&settings)),
            prices: &settings.prices,
        };
        catch_unwind(AssertUnwindSafe(|| make(materials, rules))).ok()
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use weir_core::event::Leg;
    use weir_core::exchange::Tokens;
    use weir_events::bus::{Bus, Role};
    use weir_wire::dialect::{Dialect, Operation};

    use super::*;

    #[tokio::test]
    async fn what_is_no_event_when_it_is_given_up_is_counted_and_frees_its_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log").display().to_string();
        let overrides = [("events.file".to_owned(), path)];
        let loaded = weir_core::config::load(None, &|_| None, &overrides).unwrap();
        let settings = Arc::new(ArcSwap::from_pointee(loaded.settings));
        let bus = Bus::start(&settings.load().events, Role::Gateway, "test").unwrap();
        let room = Room::new(1 << 20);
        let parts = (bus.entrance().clone(), Arc::clone(&room));
        let maker = Maker::start(&settings, parts, 10).unwrap();
        let door = maker.door();
        let hand_in = || {
            let mut body = RawBody::default();
            body.push(Bytes::from_static(b"{}"));
            assert!(door.hold(&body));
            door.take(Box::new(Materials {
                head: Event::default(),
                dialect: Dialect::OpenaiChat,
                operation: Operation::Generate,
                tokens: Tokens::default(),
                request: Leg {
                    body: Some(body),
                    ..Leg::default()
                },
                response: Leg::default(),
            }));
        };
        hand_in();
        maker.finish();
        maker.give_up();
        hand_in();
        hand_in();
        maker.finish();
        let view = bus.entrance().status().view();
        assert_eq!((view.made, view.unmade), (1, 2));
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }
}

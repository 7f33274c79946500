//! How the delivery of events is doing: what is counted where it happens, and put together when
//! somebody asks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use weir_core::event::{DeadLetter, Event, EventsView, SinkView, StreamView};
use weir_core::settings;

use crate::queue::Queue;

/// Dead letters that are shown of each sink.
pub(crate) const SHOWN: usize = 20;

/// How one sink is doing.
#[derive(Debug)]
pub(crate) struct SinkState {
    pub(crate) name: Box<str>,
    /// What it is at this moment.
    settings: Mutex<Arc<settings::Sink>>,
    /// What waits for it in this process; none with a stream.
    pub(crate) queue: Option<Arc<Queue>>,
    pub(crate) delivered: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) dead: AtomicU64,
    /// Events that the stream forgot before they were delivered.
    pub(crate) lost: AtomicU64,
    held: Mutex<Held>,
    last: Mutex<Last>,
    lag: Mutex<Lag>,
    letters: Mutex<Letters>,
}

#[derive(Clone, Debug, Default)]
struct Last {
    success: Option<Timestamp>,
    failure: Option<(Timestamp, String)>,
}

/// Events that were taken out of the queue and have no outcome yet.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    count: u64,
    /// When the oldest of them ended.
    oldest: Option<Timestamp>,
}

/// How far a group of readers is behind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lag {
    pub(crate) waiting: u64,
    pub(crate) pending: u64,
    pub(crate) oldest: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Letters {
    /// The newest first.
    latest: VecDeque<DeadLetter>,
    kept: u64,
}

pub(crate) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl SinkState {
    pub(crate) fn new(settings: &Arc<settings::Sink>, queue: Option<Arc<Queue>>) -> Self {
        Self {
            name: settings.name.clone(),
            settings: Mutex::new(Arc::clone(settings)),
            queue,
            delivered: AtomicU64::default(),
            skipped: AtomicU64::default(),
            refused: AtomicU64::default(),
            retried: AtomicU64::default(),
            dead: AtomicU64::default(),
            lost: AtomicU64::default(),
            held: Mutex::default(),
            last: Mutex::default(),
            lag: Mutex::default(),
            letters: Mutex::default(),
        }
    }

    /// What it is at this moment.
    pub(crate) fn settings(&self) -> Arc<settings::Sink> {
        Arc::clone(&self.settings.lock())
    }

    /// It is this from now on.
    pub(crate) fn is(&self, settings: &Arc<settings::Sink>) {
        *self.settings.lock() = Arc::clone(settings);
    }

    pub(crate) fn succeeded(&self) {
        self.last.lock().success = Some(Timestamp::now());
    }

    pub(crate) fn failed(&self, why: &str) {
        self.last.lock().failure = Some((Timestamp::now(), why.to_owned()));
    }

    /// These are out of the queue and have no outcome yet.
    pub(crate) fn holds<'a>(&self, events: impl Iterator<Item = &'a Event> + Clone) {
        *self.held.lock() = Held {
            count: events.clone().count() as u64,
            oldest: events.map(Event::ended_at).min(),
        };
    }

    pub(crate) fn set_lag(&self, lag: Lag) {
        *self.lag.lock() = lag;
    }

    /// Keeps a dead letter, in memory; at most `most` count as kept.
    pub(crate) fn keep(&self, letter: DeadLetter, most: u64) {
        let mut letters = self.letters.lock();
        letters.latest.push_front(letter);
        letters.latest.truncate(SHOWN);
        letters.kept = letters.kept.saturating_add(1).min(most);
    }

    /// The stream of dead letters holds so many, these the latest.
    pub(crate) fn set_letters(&self, kept: u64, latest: VecDeque<DeadLetter>) {
        *self.letters.lock() = Letters { latest, kept };
    }

    pub(crate) fn view(&self) -> SinkView {
        let settings = self.settings();
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (last, lag) = (self.last.lock().clone(), self.lag.lock().clone());
        let held = *self.held.lock();
        let letters = self.letters.lock();
        let queue = self.queue.as_deref();
        let (failed_at, error) = last.failure.unzip();
        SinkView {
            name: settings.name.to_string(),
            kind: settings.to.as_str().to_owned(),
            group: settings.group.to_string(),
            waiting: queue.map_or(lag.waiting, |queue| queue.len() as u64 + held.count),
            pending: lag.pending,
            oldest_waiting: queue.map_or(lag.oldest, |queue| {
                [held.oldest, queue.oldest()].into_iter().flatten().min()
            }),
            delivered: get(&self.delivered),
            skipped: get(&self.skipped),
            refused: get(&self.refused),
            retried: get(&self.retried),
            dropped: queue.map_or(0, Queue::dropped) + get(&self.lost),
            dead: get(&self.dead),
            dead_kept: letters.kept,
            last_success: last.success,
            last_failure: failed_at,
            last_error: error,
            dead_letters: letters.latest.iter().cloned().collect(),
        }
    }
}

/// How the stream is doing.
#[derive(Debug)]
pub(crate) struct StreamState {
    pub(crate) key: String,
    pub(crate) connected: AtomicBool,
    /// Negative when it is not known.
    pub(crate) length: AtomicI64,
    pub(crate) queue: Arc<Queue>,
    pub(crate) published: AtomicU64,
}

impl StreamState {
    pub(crate) fn new(key: &str, queue: Queue) -> Self {
        Self {
            key: key.to_owned(),
            connected: AtomicBool::new(false),
            length: AtomicI64::new(-1),
            queue: Arc::new(queue),
            published: AtomicU64::new(0),
        }
    }
}

/// How all of it is doing.
#[derive(Debug)]
pub struct Status {
    /// In the order of the settings, which a reload may change.
    sinks: RwLock<Vec<Arc<SinkState>>>,
    pub(crate) stream: Option<Arc<StreamState>>,
    pub(crate) dispatch: bool,
    pub(crate) made: AtomicU64,
    unmade: AtomicU64,
    bodies: AtomicU64,
}

impl Status {
    /// That of a bus without sinks.
    pub(crate) fn new(stream: Option<Arc<StreamState>>, dispatch: bool) -> Self {
        Self {
            sinks: RwLock::default(),
            stream,
            dispatch,
            made: AtomicU64::new(0),
            unmade: AtomicU64::new(0),
            bodies: AtomicU64::new(0),
        }
    }

    /// The sinks at this moment.
    pub(crate) fn sinks(&self) -> Vec<Arc<SinkState>> {
        self.sinks.read().clone()
    }

    pub(crate) fn set_sinks(&self, sinks: Vec<Arc<SinkState>>) {
        *self.sinks.write() = sinks;
    }

    /// Whether anybody is told of events, or may read them later.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.stream.is_some() || !self.sinks.read().is_empty()
    }

    /// An exchange made no event: too many waited to become some.
    pub fn unmade(&self) {
        add(&self.unmade, 1);
    }

    /// A body is left out of an event: too many bytes were held.
    pub fn body_dropped(&self) {
        add(&self.bodies, 1);
    }

    /// Says in the log what has become of events: nobody else keeps the counts of a dispatcher.
    pub(crate) fn tell(&self) {
        for sink in self.sinks().iter().filter(|_| self.dispatch) {
            let view = sink.view();
            tracing::info!(
                sink = view.name,
                delivered = view.delivered,
                skipped = view.skipped,
                refused = view.refused,
                retried = view.retried,
                dead = view.dead,
                dropped = view.dropped,
                "the sink is told no more"
            );
        }
    }

    /// All of it at this moment.
    #[must_use]
    pub fn view(&self) -> EventsView {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let stream = self.stream.as_deref().map(|stream| StreamView {
            key: stream.key.clone(),
            connected: stream.connected.load(Ordering::Relaxed),
            length: u64::try_from(stream.length.load(Ordering::Relaxed)).ok(),
            waiting: stream.queue.len() as u64,
            published: get(&stream.published),
            dropped: stream.queue.dropped(),
        });
        let bus = if stream.is_some() { "redis" } else { "memory" };
        EventsView {
            enabled: self.is_heard(),
            bus: Some(bus.to_owned()),
            dispatch: self.dispatch,
            made: get(&self.made),
            unmade: get(&self.unmade),
            bodies_dropped: get(&self.bodies),
            stream,
            sinks: self.sinks().iter().map(|sink| sink.view()).collect(),
        }
    }
}

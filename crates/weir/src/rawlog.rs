//! Raw logs: every exchange's four legs as lines of JSON, credentials blotted out, for who has to
//! see what crossed the wire. Written by a thread of its own behind a bounded queue: a request
//! never waits for it, and what does not fit is dropped and counted.

mod lines;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;
use weir_core::exchange::{Recorder, RequestRecord, ResponseRecord};
use weir_core::settings::RotatedFiles;
use weir_events::rotated::Files;

use lines::{Leg, Writer};

/// Halves of exchanges that may wait.
const SLOTS: usize = 512;
/// Bytes of bodies that may wait.
const MAX_WAITING: usize = 64 << 20;
/// How often the thread looks whether it is to forget everything, when nothing comes.
const LOOK: Duration = Duration::from_millis(500);

/// The raw log of this process.
#[derive(Debug)]
pub(crate) struct RawLog {
    queue: SyncSender<Job>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: AtomicUsize,
    dropped: AtomicU64,
    /// How often everything was to be forgotten.
    forgotten: AtomicU64,
}

/// What the thread gets.
#[derive(Debug)]
enum Job {
    /// Legs to write.
    Legs(Legs),
    /// There is something else to do.
    Nudge,
    /// Everything handed over is to be written; the other end is told by being dropped.
    Flush(SyncSender<()>),
}

/// Legs on their way.
#[derive(Debug)]
struct Legs {
    legs: Vec<Leg>,
    /// The bytes of bodies in them.
    bytes: usize,
    /// How often everything had been forgotten when they came.
    era: u64,
}

impl RawLog {
    /// Opens the file and starts the thread.
    ///
    /// # Errors
    /// When the file cannot be opened, or there can be no thread.
    pub(crate) fn open(settings: RotatedFiles) -> io::Result<Self> {
        let (queue, inbox) = mpsc::sync_channel(SLOTS);
        let state = Arc::new(State::default());
        let writer = Writer::new()?;
        let files = Files::open(settings)?;
        let of_thread = Arc::clone(&state);
        thread::Builder::new()
            .name("weir-raw-log".into())
            .spawn(move || run(&inbox, &of_thread, (writer, files)))?;
        Ok(Self { queue, state })
    }

    /// Removes all that was written, put-aside files too, and drops what waits to be written.
    pub(crate) fn forget(&self) {
        self.state.forgotten.fetch_add(1, Ordering::AcqRel);
        // A full queue means that the thread is awake.
        drop(self.queue.try_send(Job::Nudge));
    }

    /// Waits until everything handed over is written, at most a few seconds. It blocks.
    pub(crate) fn flush(&self) {
        let (done, wait) = mpsc::sync_channel(1);
        if self.queue.try_send(Job::Flush(done)).is_ok() {
            let _written = wait.recv_timeout(Duration::from_secs(5));
        }
    }

    /// Adds its counter to the figures.
    pub(crate) fn show(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(Dropped(Arc::clone(&self.state))));
    }

    fn take(&self, legs: Vec<Leg>) {
        let bytes = legs.iter().map(Leg::size).sum();
        let waiting = self.state.waiting.fetch_add(bytes, Ordering::Relaxed);
        let fits = waiting.saturating_add(bytes) <= MAX_WAITING;
        let era = self.state.forgotten.load(Ordering::Acquire);
        let legs = Legs { legs, bytes, era };
        if !fits || self.queue.try_send(Job::Legs(legs)).is_err() {
            self.state.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A recorder that writes to the raw log what it hands on.
#[derive(Debug)]
pub(crate) struct Tee {
    /// Who it is handed on to.
    pub store: weir_store::Recorder,
    /// The raw log.
    pub raw: Arc<RawLog>,
}

impl Drop for Tee {
    /// The last of it is written before the process ends.
    fn drop(&mut self) {
        self.raw.flush();
    }
}

impl Recorder for Tee {
    fn started(&self, request: Box<RequestRecord>) {
        self.raw.take(vec![Leg::of_client(&request)]);
        self.store.started(request);
    }

    fn finished(&self, response: Box<ResponseRecord>) {
        self.raw.take(Leg::of_rest(&response));
        self.store.finished(response);
    }
}

fn run(inbox: &Receiver<Job>, state: &State, (writer, mut files): (Writer, Files)) {
    let mut failing = false;
    let mut era = 0;
    loop {
        let job = inbox.recv_timeout(LOOK);
        let forgotten = state.forgotten.load(Ordering::Acquire);
        if forgotten != era {
            era = forgotten;
            if let Err(error) = files.forget() {
                tracing::error!(%error, "the raw log could not be removed");
            }
        }
        match job {
            Ok(Job::Legs(legs)) if legs.era < era => {
                state.waiting.fetch_sub(legs.bytes, Ordering::Relaxed);
            }
            Ok(Job::Legs(Legs { legs, bytes, .. })) => {
                let lines = legs.iter().map(|leg| writer.line(leg));
                let written = files.write(&lines.collect::<Vec<_>>().concat());
                state.waiting.fetch_sub(bytes, Ordering::Relaxed);
                if let Err(error) = &written {
                    state.dropped.fetch_add(1, Ordering::Relaxed);
                    if !failing {
                        tracing::error!(%error, "the raw log cannot be written");
                    }
                }
                failing = written.is_err();
            }
            Ok(Job::Flush(done)) => drop(done),
            Ok(Job::Nudge) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Counts what was not written.
#[derive(Debug)]
struct Dropped(Arc<State>);

impl Collector for Dropped {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let dropped = ConstCounter::new(self.0.dropped.load(Ordering::Relaxed));
        let metric = encoder.encode_descriptor(
            "raw_log_dropped",
            "Halves of exchanges that the raw log could not take",
            None,
            dropped.metric_type(),
        )?;
        dropped.encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use weir_core::exchange::{ExchangeId, samples};

    use super::*;

    fn leg(path: &str) -> Vec<Leg> {
        let id = ExchangeId(Uuid::from_u128(1));
        let mut request = samples::request(id, 0, "{}");
        request.path = path.into();
        vec![Leg::of_client(&request)]
    }

    #[test]
    fn what_waits_to_be_written_when_all_is_forgotten_is_not_written_after() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("raw.jsonl");
        let files = Files::open(RotatedFiles {
            path: path.clone(),
            max_bytes: 1 << 20,
            max_files: 1,
            max_age: Some(Duration::from_secs(3600)),
        });
        let (queue, inbox) = mpsc::sync_channel(SLOTS);
        let state = Arc::new(State::default());
        let raw = RawLog {
            queue,
            state: Arc::clone(&state),
        };
        raw.take(leg("/before"));
        raw.forget();
        raw.take(leg("/after"));
        drop(raw);
        run(&inbox, &state, (Writer::new().unwrap(), files.unwrap()));
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            written.contains("/after") && !written.contains("/before"),
            "{written}"
        );
        assert_eq!(state.waiting.load(Ordering::Relaxed), 0);
    }
}

//! A change of the sinks while the bus runs. Whoever was there and is as before goes on; who has
//! changed hands what it holds to its successor; who is gone delivers what it holds first.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use weir_core::settings::{self, RedisBus};

use super::Bus;
use crate::dispatch::{Runner, Source, Stop};
use crate::link::Store;
use crate::queue::Queue;
use crate::sink::Sink;
use crate::sinks;
use crate::status::SinkState;
use crate::stream::group::Group;

/// Over what events come to the sinks.
#[derive(Debug)]
pub(super) enum Place {
    /// A queue for each, of so many events and bytes.
    Memory { events: usize, bytes: usize },
    /// A group of the stream for each.
    Stream(Box<Stream>),
}

/// A stream, and what its reader is called.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) bus: RedisBus,
    pub(super) store: Store,
    pub(super) consumer: String,
}

/// A sink that is delivered to.
#[derive(Debug)]
pub(super) struct Working {
    settings: Arc<settings::Sink>,
    pub(super) stop: Stop,
    pub(super) task: JoinHandle<()>,
}

/// Sinks that are to be taken into use, as far as they can be made ready before.
#[derive(Debug)]
pub struct Shift(Vec<Incoming>);

#[derive(Debug)]
struct Incoming {
    settings: Arc<settings::Sink>,
    /// None where it is there already, or is not delivered to here.
    sink: Option<Box<dyn Sink>>,
}

impl Bus {
    /// Makes ready what these sinks need that is not there yet. Nothing has changed then.
    ///
    /// # Errors
    /// When a sink cannot be made of its settings, in words that name the setting.
    pub fn prepare(&self, wanted: &[Arc<settings::Sink>]) -> Result<Shift, String> {
        let _within = self.runtime.enter();
        let working = self.working.lock();
        let make = |wanted: &Arc<settings::Sink>| {
            let is_there = working.iter().any(|one| one.settings == *wanted);
            let needed = self.delivers && !is_there;
            Ok(Incoming {
                settings: Arc::clone(wanted),
                sink: needed.then(|| sinks::build(wanted)).transpose()?,
            })
        };
        let all: Result<Vec<_>, String> = wanted.iter().map(make).collect();
        all.map(Shift)
    }

    /// Has these sinks delivered to from now on, and no others.
    pub fn take(&self, shift: Shift) {
        if self.closing.is_cancelled() {
            return;
        }
        let _within = self.runtime.enter();
        let mut before = std::mem::take(&mut *self.working.lock());
        let known = self.entrance.status.sinks();
        let states = self.states(&known, &shift);
        // Whoever is new hears of the next event, and who goes of none.
        self.entrance.status.set_sinks(states.clone());
        if matches!(self.place, Place::Memory { .. }) {
            let queues = states.iter().filter_map(|state| state.queue.clone());
            *self.entrance.queues.write() = queues.collect();
        }
        let mut working = Vec::new();
        for (Incoming { settings, sink }, state) in shift.0.into_iter().zip(states) {
            let mut of_before = before.iter();
            let same = of_before.position(|one| one.settings.name == settings.name);
            let same = same.map(|at| before.swap_remove(at));
            match (sink, same) {
                (Some(sink), same) => {
                    let predecessor = match same {
                        Some(before) => Some(before.handed_over()),
                        None => self.gone(&settings.name),
                    };
                    working.push(self.begin((settings, sink, state), predecessor));
                }
                (None, Some(as_before)) => working.push(as_before),
                (None, None) => {}
            }
        }
        *self.working.lock() = working;
        for one in before {
            let state = known.iter().find(|state| state.name == one.settings.name);
            self.retire(one, state.cloned());
        }
    }

    /// How each of the sinks does: as before where it was there before.
    fn states(&self, known: &[Arc<SinkState>], shift: &Shift) -> Vec<Arc<SinkState>> {
        let state = |Incoming { settings, .. }: &Incoming| {
            let was = known.iter().find(|state| state.name == settings.name);
            if let Some(state) = was {
                state.is(settings);
            }
            let new = || Arc::new(SinkState::new(settings, self.place.queue()));
            was.map_or_else(new, Arc::clone)
        };
        shift.0.iter().map(state).collect()
    }

    /// Starts a sink, once its predecessor has ended.
    fn begin(
        &self,
        (settings, sink, state): (Arc<settings::Sink>, Box<dyn Sink>, Arc<SinkState>),
        predecessor: Option<JoinHandle<()>>,
    ) -> Working {
        let source = self.place.source(&settings, &state);
        let runner = Runner {
            sink,
            source,
            settings: Arc::clone(&settings),
            state,
        };
        let stop = Stop::default();
        let stopping = stop.clone();
        let task = tokio::spawn(async move {
            if let Some(predecessor) = predecessor {
                // However it ended: what it has not settled is in the queue, or in the stream.
                let _ended = predecessor.await;
            }
            runner.run(stopping).await;
        });
        Working {
            settings,
            stop,
            task,
        }
    }

    /// One of this name that is still going.
    fn gone(&self, name: &str) -> Option<JoinHandle<()>> {
        let mut going = self.going.lock();
        let at = going.iter().position(|(going, _)| **going == *name)?;
        Some(going.swap_remove(at).1)
    }

    /// Lets a sink deliver what it holds, for as long as the settings allow, and go.
    fn retire(&self, one: Working, state: Option<Arc<SinkState>>) {
        let most = self.flush_timeout;
        one.stop.close();
        let name = one.settings.name.clone();
        let task = tokio::spawn(retired(one, most, state));
        let mut going = self.going.lock();
        going.retain(|(_, task)| !task.is_finished());
        going.push((name, task));
    }
}

async fn retired(one: Working, most: Duration, state: Option<Arc<SinkState>>) {
    let mut task = one.task;
    if tokio::time::timeout(most, &mut task).await.is_ok() {
        return;
    }
    task.abort();
    let sink = &*one.settings.name;
    match state.filter(|state| state.queue.is_some()) {
        Some(state) => {
            let lost = state.view().waiting;
            tracing::warn!(
                sink,
                lost,
                "events were not delivered before their sink was gone"
            );
        }
        None => tracing::warn!(
            sink,
            "what the sink that is gone held is left in the stream"
        ),
    }
}

impl Working {
    /// Has it end as soon as it can, with what it holds given back.
    fn handed_over(self) -> JoinHandle<()> {
        self.stop.hand_over();
        self.task
    }
}

impl Place {
    /// What waits for a new sink in this process.
    fn queue(&self) -> Option<Arc<Queue>> {
        match self {
            Self::Memory { events, bytes } => Some(Arc::new(Queue::new(*events, *bytes))),
            Self::Stream(_) => None,
        }
    }

    fn source(&self, settings: &Arc<settings::Sink>, state: &Arc<SinkState>) -> Source {
        match self {
            Self::Memory { events, bytes } => {
                let queue = state.queue.clone();
                Source::Memory(queue.unwrap_or_else(|| Arc::new(Queue::new(*events, *bytes))))
            }
            Self::Stream(stream) => {
                let whose = (Arc::clone(settings), Arc::clone(state));
                let whose = (stream.store.clone(), whose);
                Source::Stream(Box::new(Group::new(&stream.bus, &stream.consumer, whose)))
            }
        }
    }
}

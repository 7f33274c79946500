//! The bus of one process: where events are put in, and what delivers them.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weir_core::event::Event;
use weir_core::settings::{self, Events, RedisBus};

use crate::dispatch::{Runner, Source};
use crate::link::Store;
use crate::queue::Queue;
use crate::sinks;
use crate::status::{SinkState, Status, StreamState, add};
use crate::stream::group::Group;
use crate::stream::lag;
use crate::stream::publish::Publisher;

/// What a process does with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It makes them, and delivers them if the settings say so.
    Gateway,
    /// It only delivers what others made.
    Dispatcher,
}

/// Where events are put in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Entrance {
    queues: Arc<[Arc<Queue>]>,
    status: Arc<Status>,
}

impl Entrance {
    /// Puts an event in. Never waits: what does not fit is dropped and counted.
    pub fn put(&self, event: Event) {
        add(&self.status.made, 1);
        let event = Arc::new(event);
        for queue in &*self.queues {
            queue.push(Arc::clone(&event));
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }
}

/// The bus of this process, as it runs.
#[derive(Debug)]
pub struct Bus {
    entrance: Entrance,
    closing: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    watch: Option<JoinHandle<()>>,
}

impl Bus {
    /// Starts it. `consumer` is what a reader of the stream is called where the settings do not say.
    ///
    /// # Errors
    /// When a sink cannot be made of its settings, or the address of Redis cannot be one, in words
    /// that name the setting.
    pub fn start(settings: &Events, role: Role, consumer: &str) -> Result<Self, String> {
        let delivers = settings.dispatch || role == Role::Dispatcher;
        match &settings.bus {
            None => Err("`events.enabled` is off".to_owned()),
            Some(settings::Bus::Memory) => Self::in_memory(settings),
            Some(settings::Bus::Redis(bus)) => {
                let consumer = bus.consumer.as_deref().unwrap_or(consumer);
                let store =
                    Store::at(&bus.url).map_err(|wrong| format!("`{}`: {wrong}", bus.url_from))?;
                let parts = (bus.as_ref(), store, consumer);
                Self::on_stream(settings, (role, delivers), parts)
            }
        }
    }

    fn in_memory(settings: &Events) -> Result<Self, String> {
        let mut runners = Vec::new();
        for sink in &settings.sinks {
            let queue = Arc::new(Queue::new(settings.queue, settings.queue_bytes));
            runners.push(Runner {
                sink: sinks::build(sink)?,
                source: Source::Memory(Arc::clone(&queue)),
                state: Arc::new(SinkState::new(Arc::clone(sink), Some(queue))),
            });
        }
        let states = runners.iter().map(|runner| Arc::clone(&runner.state));
        let status = Status::new(states.collect(), None, true);
        let queues = runners
            .iter()
            .filter_map(|runner| runner.state.queue.clone());
        Ok(Self::run(queues.collect(), status, runners, |_| Vec::new()))
    }

    fn on_stream(
        settings: &Events,
        (role, delivers): (Role, bool),
        (bus, store, consumer): (&RedisBus, Store, &str),
    ) -> Result<Self, String> {
        let states: Vec<_> = settings
            .sinks
            .iter()
            .map(|sink| Arc::new(SinkState::new(Arc::clone(sink), None)))
            .collect();
        let mut runners = Vec::new();
        for state in states.iter().filter(|_| delivers) {
            let group = Group::new(bus, consumer, (store.clone(), Arc::clone(state)));
            runners.push(Runner {
                sink: sinks::build(&state.settings)?,
                source: Source::Stream(Box::new(group)),
                state: Arc::clone(state),
            });
        }
        let queue = Queue::new(settings.queue, settings.queue_bytes);
        let stream = Arc::new(StreamState::new(&bus.stream, queue));
        let status = Status::new(states.clone(), Some(Arc::clone(&stream)), delivers);
        let watch = lag::watch(bus.clone(), store.clone(), (Arc::clone(&stream), states));
        let queues = Arc::new([Arc::clone(&stream.queue)]);
        let publisher = (role == Role::Gateway).then(|| Publisher {
            bus: bus.clone(),
            store,
            state: stream,
        });
        let mut started = Self::run(queues, status, runners, |closing| {
            let publishing = publisher.map(|publisher| tokio::spawn(publisher.run(closing)));
            publishing.into_iter().collect()
        });
        started.watch = Some(tokio::spawn(watch));
        Ok(started)
    }

    fn run(
        queues: Arc<[Arc<Queue>]>,
        status: Status,
        runners: Vec<Runner>,
        others: impl FnOnce(CancellationToken) -> Vec<JoinHandle<()>>,
    ) -> Self {
        let closing = CancellationToken::new();
        let mut tasks = others(closing.clone());
        let running = runners.into_iter();
        tasks.extend(running.map(|runner| tokio::spawn(runner.run(closing.clone()))));
        Self {
            entrance: Entrance {
                queues,
                status: Arc::new(status),
            },
            closing,
            tasks,
            watch: None,
        }
    }

    /// Where events are put in.
    #[must_use]
    pub fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    /// Delivers what waits, for no longer than `most`, and ends. What is left then is lost with the
    /// memory as bus and waits in a stream. Nothing may be put in any more.
    pub async fn stop(self, most: Duration) {
        self.closing.cancel();
        if let Some(watch) = self.watch {
            watch.abort();
        }
        let until = tokio::time::Instant::now() + most;
        for mut task in self.tasks {
            if tokio::time::timeout_at(until, &mut task).await.is_err() {
                task.abort();
            }
        }
        for sink in self.entrance.status.view().sinks {
            if self.entrance.status.stream.is_none() && sink.waiting > 0 {
                let (sink, lost) = (sink.name, sink.waiting);
                tracing::warn!(sink, lost, "events were not delivered before the end");
            }
        }
        if let Some(stream) = &self.entrance.status.stream
            && !stream.queue.is_empty()
        {
            let lost = stream.queue.len();
            tracing::warn!(lost, "events were not published before the end");
        }
    }
}

//! The bus of one process: where events are put in, and what delivers them. Its sinks may change while
//! it runs; over what events go may not.

mod shift;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weir_core::event::Event;
use weir_core::settings::{self, Events, RedisBus};

pub use self::shift::Shift;
use self::shift::{Place, Stream, Working};
use crate::link::Store;
use crate::queue::Queue;
use crate::status::{Status, StreamState, add};
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

/// The queues that an event is put into: one for each sink, or that of the stream.
type Queues = Arc<RwLock<Vec<Arc<Queue>>>>;

/// Where events are put in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Entrance {
    queues: Queues,
    status: Arc<Status>,
}

impl Entrance {
    /// Puts an event in. Never waits but for a change of the sinks, which takes no time: what does not
    /// fit is dropped and counted.
    pub fn put(&self, event: Event) {
        add(&self.status.made, 1);
        let event = Arc::new(event);
        // Held while it is put in, so that a queue whose sink goes gets nothing more behind its back.
        for queue in &*self.queues.read() {
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
    place: Place,
    /// What the sinks are made of, wherever a change of them comes from.
    runtime: Handle,
    /// Whether sinks are delivered to here.
    delivers: bool,
    /// How long a sink that goes has to deliver what it holds.
    flush_timeout: Duration,
    working: Mutex<Vec<Working>>,
    /// Sinks that go, until they have gone.
    going: Mutex<Vec<(Box<str>, JoinHandle<()>)>>,
    closing: CancellationToken,
    publishing: Mutex<Option<JoinHandle<()>>>,
    watch: Option<JoinHandle<()>>,
}

impl Bus {
    /// Starts it, within a runtime. `consumer` is what a reader of the stream is called where the
    /// settings do not say.
    ///
    /// # Errors
    /// When a sink cannot be made of its settings, or the address of Redis cannot be one, in words
    /// that name the setting.
    pub fn start(settings: &Events, role: Role, consumer: &str) -> Result<Self, String> {
        let delivers = settings.dispatch || role == Role::Dispatcher;
        let bus = match &settings.bus {
            None => return Err("`events.enabled` is off".to_owned()),
            Some(settings::Bus::Memory) => Self::in_memory(settings),
            Some(settings::Bus::Redis(bus)) => {
                let consumer = bus.consumer.as_deref().unwrap_or(consumer);
                let store =
                    Store::at(&bus.url).map_err(|wrong| format!("`{}`: {wrong}", bus.url_from))?;
                let parts = (bus.as_ref(), store, consumer);
                Self::on_stream(settings, (role, delivers), parts)
            }
        };
        bus.take(bus.prepare(&settings.sinks)?);
        Ok(bus)
    }

    fn in_memory(settings: &Events) -> Self {
        let place = Place::Memory {
            events: settings.queue,
            bytes: settings.queue_bytes,
        };
        Self::new(settings, (place, true), Status::new(None, true))
    }

    fn on_stream(
        settings: &Events,
        (role, delivers): (Role, bool),
        (bus, store, consumer): (&RedisBus, Store, &str),
    ) -> Self {
        let queue = Queue::new(settings.queue, settings.queue_bytes);
        let stream = Arc::new(StreamState::new(&bus.stream, queue));
        let status = Status::new(Some(Arc::clone(&stream)), delivers);
        let place = Place::Stream(Box::new(Stream {
            bus: bus.clone(),
            store: store.clone(),
            consumer: consumer.to_owned(),
        }));
        let mut made = Self::new(settings, (place, delivers), status);
        made.entrance.queues.write().push(Arc::clone(&stream.queue));
        // Nobody can ask a dispatcher how it is doing.
        if role == Role::Gateway {
            let status = Arc::clone(made.entrance.status());
            let watch = lag::watch(bus.clone(), store.clone(), status);
            made.watch = Some(tokio::spawn(watch));
            let publisher = Publisher {
                bus: bus.clone(),
                store,
                state: stream,
            };
            let publishing = tokio::spawn(publisher.run(made.closing.clone()));
            *made.publishing.lock() = Some(publishing);
        }
        made
    }

    /// One without sinks.
    fn new(settings: &Events, (place, delivers): (Place, bool), status: Status) -> Self {
        Self {
            entrance: Entrance {
                queues: Queues::default(),
                status: Arc::new(status),
            },
            place,
            runtime: Handle::current(),
            delivers,
            flush_timeout: settings.flush_timeout,
            working: Mutex::default(),
            going: Mutex::default(),
            closing: CancellationToken::new(),
            publishing: Mutex::default(),
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
    pub async fn stop(&self, most: Duration) {
        self.closing.cancel();
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        let mut tasks: Vec<_> = self.publishing.lock().take().into_iter().collect();
        let working = std::mem::take(&mut *self.working.lock());
        for one in working {
            one.stop.close();
            tasks.push(one.task);
        }
        let going = std::mem::take(&mut *self.going.lock());
        tasks.extend(going.into_iter().map(|(_, task)| task));
        let until = tokio::time::Instant::now() + most;
        for mut task in tasks {
            if tokio::time::timeout_at(until, &mut task).await.is_err() {
                task.abort();
            }
        }
        self.entrance.status.tell();
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

//! Hands events to one sink until it has them: batches, tries again, and in the end dead letters.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use weir_core::event::{DeadLetter, Event};
use weir_core::settings;

use crate::queue::Queue;
use crate::sink::{Outcome, Sink};
use crate::status::{SinkState, add};
use crate::stream::group::Group;
use crate::stream::letters::Given;
use crate::stream::{Entry, Id};

/// Time between two tries, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Why an event is refused that nothing can be told of.
const PANICKED: &str = "the sink panicked";
/// Longest wait that a service may ask for.
const MOST_ASKED: Duration = Duration::from_secs(300);
/// Dead letters that count as kept where they are in memory.
const KEPT_IN_MEMORY: u64 = crate::status::SHOWN as u64;

/// Where a sink's events come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// This process's memory.
    Memory(Arc<Queue>),
    /// A group of the stream.
    Stream(Box<Group>),
}

/// An event on its way to the sink.
#[derive(Debug)]
struct Pending {
    event: Arc<Event>,
    /// Its entry in the stream.
    entry: Option<Id>,
    tries: u32,
}

/// How a runner is told to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    ended: CancellationToken,
    hands_over: Arc<AtomicBool>,
}

impl Stop {
    /// Has it deliver what waits, and end.
    pub(crate) fn close(&self) {
        self.ended.cancel();
    }

    /// Has it leave what waits, and what it could not deliver yet, to its successor.
    pub(crate) fn hand_over(&self) {
        self.hands_over.store(true, Ordering::Release);
        self.ended.cancel();
    }

    fn hands_over(&self) -> bool {
        self.hands_over.load(Ordering::Acquire)
    }

    /// Waits until it is to leave the rest to its successor.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    async fn handed_over(&self) {
        self.ended.cancelled().await;
        if !self.hands_over() {
            std::future::pending::<()>().await;
        }
    }
}

/// What is between a source and a sink.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) source: Source,
    pub(crate) settings: Arc<settings::Sink>,
    pub(crate) state: Arc<SinkState>,
}

impl Runner {
    /// Delivers until it is told to stop, and then what waits still, or leaves that to its successor.
    pub(crate) async fn run(mut self, stop: Stop) {
        while !stop.hands_over() {
            let batch = self.gather(&stop.ended).await;
            if batch.is_empty() && stop.ended.is_cancelled() {
                break;
            }
            self.deliver(batch, &stop).await;
        }
        if let Source::Stream(group) = &mut self.source {
            group.leave().await;
        }
    }

    /// The next batch: full, or as old as it may become.
    async fn gather(&mut self, closing: &CancellationToken) -> Vec<Pending> {
        match &mut self.source {
            Source::Memory(queue) => {
                let batch = gather_memory(queue, (&self.settings, &self.state), closing).await;
                let pending = |event| Pending {
                    event,
                    entry: None,
                    tries: 0,
                };
                batch.into_iter().map(pending).collect()
            }
            Source::Stream(group) => {
                let settings = &self.settings;
                let bounds = (settings.batch_size, settings.flush_interval);
                let entries = group.gather(bounds, closing).await;
                let (batch, unreadable) = read(entries);
                if !unreadable.is_empty() {
                    add(&self.state.dead, unreadable.len());
                    for given in &unreadable {
                        self.state.failed(&given.reason);
                    }
                    group.settle(Vec::new(), unreadable).await;
                }
                batch
            }
        }
    }

    /// Offers a batch, then what is left of it, until nothing is or the rest is a successor's.
    async fn deliver(&mut self, mut batch: Vec<Pending>, stop: &Stop) {
        while !batch.is_empty() {
            if stop.hands_over() {
                return self.give_back(batch);
            }
            let events: Vec<_> = batch.iter().map(|one| Arc::clone(&one.event)).collect();
            let outcomes = self.offer(&events).await;
            let (left, after) = self.sort(batch, outcomes).await;
            batch = left;
            if let Some(tries) = batch.iter().map(|one| one.tries).max() {
                add(&self.state.retried, batch.len());
                let pause = pause_after(tries, chance(), after);
                tokio::select! {
                    () = self.pause(pause) => {}
                    () = stop.handed_over() => {}
                }
            }
        }
    }

    /// Puts events back where they came from. In a stream they are there still, for a reader of the
    /// same name.
    fn give_back(&self, batch: Vec<Pending>) {
        if let Source::Memory(queue) = &self.source {
            self.state.holds(std::iter::empty());
            queue.put_back(batch.into_iter().map(|one| one.event).collect());
        }
    }

    /// One delivery. If the sink panics, one for each event, since one of them is to blame and the
    /// others are not to fare like it.
    async fn offer(&mut self, events: &[Arc<Event>]) -> Vec<Outcome> {
        if let Some(outcomes) = self.attempt(events).await {
            return outcomes;
        }
        let sink = &*self.settings.name;
        tracing::error!(sink, events = events.len(), "{PANICKED}");
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(events.len());
        for one in events {
            let outcome = match outcomes.last() {
                _ if events.len() == 1 => panicked(),
                // It takes no more now.
                Some(last @ Outcome::Later { .. }) => last.clone(),
                _ => match self.attempt(std::slice::from_ref(one)).await {
                    Some(said) => said.into_iter().next().unwrap_or_else(unsaid),
                    None => panicked(),
                },
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    /// One delivery; none if the sink panicked. Others of the group are told meanwhile that somebody
    /// is at it.
    async fn attempt(&mut self, events: &[Arc<Event>]) -> Option<Vec<Outcome>> {
        let sink = &*self.sink;
        let mut delivery = pin!(caught(async move { sink.deliver(events).await }));
        let Source::Stream(group) = &mut self.source else {
            return delivery.await;
        };
        loop {
            tokio::select! {
                outcomes = &mut delivery => return outcomes,
                () = tokio::time::sleep_until(group.hold_at()) => group.hold().await,
            }
        }
    }

    async fn pause(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        match &mut self.source {
            Source::Memory(_) => tokio::time::sleep_until(until).await,
            Source::Stream(group) => loop {
                tokio::time::sleep_until(until.min(group.hold_at())).await;
                if until <= Instant::now() {
                    return;
                }
                group.hold().await;
            },
        }
    }

    /// Parts what is done from what is offered again, and says how long the service asked to wait.
    async fn sort(
        &mut self,
        batch: Vec<Pending>,
        outcomes: Vec<Outcome>,
    ) -> (Vec<Pending>, Option<Duration>) {
        let (mut left, mut done, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        let mut asked = None;
        let mut outcomes = outcomes.into_iter();
        for mut one in batch {
            one.tries = one.tries.saturating_add(1);
            match outcomes.next().unwrap_or_else(unsaid) {
                Outcome::Delivered => {
                    add(&self.state.delivered, 1);
                    self.state.succeeded();
                    done.push(one);
                }
                Outcome::Skipped => {
                    add(&self.state.skipped, 1);
                    done.push(one);
                }
                Outcome::Refused { why } => {
                    add(&self.state.refused, 1);
                    self.state.failed(&why);
                    dead.push((one, why));
                }
                Outcome::Later { why, .. } if one.tries > self.settings.retries => {
                    self.state.failed(&why);
                    let tries = one.tries;
                    dead.push((one, format!("offered {tries} times, at last: {why}")));
                }
                Outcome::Later { why, after } => {
                    self.state.failed(&why);
                    asked = asked.max(after.map(|after| after.min(MOST_ASKED)));
                    left.push(one);
                }
            }
        }
        self.tell(&left, &dead);
        self.settle(&left, (done, dead)).await;
        (left, asked)
    }

    /// Says in the log what did not go well.
    fn tell(&self, left: &[Pending], dead: &[(Pending, String)]) {
        let sink = &*self.settings.name;
        if let Some((_, why)) = dead.first() {
            tracing::error!(sink, events = dead.len(), why, "events became dead letters");
        } else if left.iter().any(|one| one.tries == 1) {
            tracing::warn!(
                sink,
                events = left.len(),
                "events could not be delivered yet"
            );
        }
    }

    async fn settle(
        &mut self,
        left: &[Pending],
        (done, dead): (Vec<Pending>, Vec<(Pending, String)>),
    ) {
        add(&self.state.dead, dead.len());
        match &mut self.source {
            Source::Memory(_) => {
                self.state.holds(left.iter().map(|one| &*one.event));
                for (one, reason) in dead {
                    let letter = DeadLetter {
                        id: one.event.request_id.to_string(),
                        request_id: Some(one.event.request_id),
                        at: Timestamp::now(),
                        reason,
                        tries: one.tries,
                    };
                    self.state.keep(letter, KEPT_IN_MEMORY);
                }
            }
            Source::Stream(group) => {
                let done = done.into_iter().filter_map(|one| one.entry).collect();
                let given = dead.into_iter().filter_map(|(one, reason)| {
                    Some(Given {
                        id: one.entry?,
                        request_id: Some(one.event.request_id),
                        data: serde_json::to_vec(&*one.event).unwrap_or_default(),
                        reason,
                        tries: one.tries,
                    })
                });
                group.settle(done, given.collect()).await;
            }
        }
    }
}

/// Events out of the queue: as many as a batch may have, or as old as it may become.
async fn gather_memory(
    queue: &Queue,
    (settings, state): (&settings::Sink, &SinkState),
    closing: &CancellationToken,
) -> Vec<Arc<Event>> {
    let most = settings.batch_size;
    tokio::select! {
        () = queue.filled() => {}
        () = closing.cancelled() => {}
    }
    let until = Instant::now() + settings.flush_interval;
    let mut batch = Vec::new();
    loop {
        batch.extend(queue.take(most - batch.len()));
        state.holds(batch.iter().map(|event: &Arc<Event>| &**event));
        if batch.len() >= most || closing.is_cancelled() {
            return batch;
        }
        tokio::select! {
            () = queue.filled() => {}
            () = tokio::time::sleep_until(until) => return batch,
            () = closing.cancelled() => {}
        }
    }
}

/// What a future comes to; none if it panics.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // It is not polled again after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

fn panicked() -> Outcome {
    Outcome::Refused {
        why: PANICKED.to_owned(),
    }
}

fn unsaid() -> Outcome {
    Outcome::Later {
        why: "the sink said nothing of it".to_owned(),
        after: None,
    }
}

/// Parts entries that hold events from those that do not.
fn read(entries: Vec<Entry>) -> (Vec<Pending>, Vec<Given>) {
    let (mut batch, mut unreadable) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.event() {
            Ok(event) => batch.push(Pending {
                event: Arc::new(event),
                entry: Some(entry.id),
                tries: 0,
            }),
            Err(reason) => unreadable.push(Given {
                id: entry.id,
                request_id: None,
                data: entry.data.unwrap_or_default(),
                reason,
                tries: 0,
            }),
        }
    }
    (batch, unreadable)
}

/// How long to wait after so many tries: no shorter than the service `asked` for, and no shorter for
/// its asking, since each try counts.
fn pause_after(tries: u32, chance: u64, asked: Option<Duration>) -> Duration {
    backoff(tries, chance).max(asked.unwrap_or_default())
}

/// How long to wait after so many tries: 1 s, 2 s, 4 s and so on up to 30 s, and up to a quarter
/// more by `chance`, so that those who failed together do not come back together.
fn backoff(tries: u32, chance: u64) -> Duration {
    let doubled = PAUSE.0.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let pause = doubled.min(PAUSE.1);
    let part = u32::try_from(chance % 256).unwrap_or(0);
    pause + pause * part / 1024
}

/// A number that differs each time.
fn chance() -> u64 {
    use std::hash::BuildHasher as _;
    std::hash::RandomState::new().hash_one(Timestamp::now().as_nanosecond())
}

#[cfg(test)]
pub(crate) mod tests;

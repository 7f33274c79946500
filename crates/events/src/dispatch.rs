//! Hands events to one sink until it has them: batches, tries again, and in the end dead letters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
        let settings = &self.settings;
        let (most, wait) = (settings.batch_size, settings.flush_interval);
        match &mut self.source {
            Source::Memory(queue) => {
                let batch = gather_memory(queue, (most, wait), closing).await;
                add(&self.state.held, batch.len());
                let pending = |event| Pending {
                    event,
                    entry: None,
                    tries: 0,
                };
                batch.into_iter().map(pending).collect()
            }
            Source::Stream(group) => {
                let entries = group.gather((most, wait), closing).await;
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
                let pause = after.unwrap_or_else(|| backoff(tries, chance()));
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
            self.state
                .held
                .fetch_sub(batch.len() as u64, Ordering::Relaxed);
            queue.put_back(batch.into_iter().map(|one| one.event).collect());
        }
    }

    /// One delivery. Others of the group are told meanwhile that somebody is at it.
    async fn offer(&mut self, events: &[Arc<Event>]) -> Vec<Outcome> {
        let mut delivery = self.sink.deliver(events);
        let Source::Stream(group) = &mut self.source else {
            return delivery.await;
        };
        loop {
            tokio::select! {
                outcomes = &mut delivery => return outcomes,
                () = tokio::time::sleep(group.hold_each()) => group.hold().await,
            }
        }
    }

    async fn pause(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        match &mut self.source {
            Source::Memory(_) => tokio::time::sleep_until(until).await,
            Source::Stream(group) => loop {
                let next = Instant::now() + group.hold_each();
                tokio::time::sleep_until(until.min(next)).await;
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
            let missing = || Outcome::Later {
                why: "the sink said nothing of it".to_owned(),
                after: None,
            };
            match outcomes.next().unwrap_or_else(missing) {
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
        self.settle(done, dead).await;
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

    async fn settle(&mut self, done: Vec<Pending>, dead: Vec<(Pending, String)>) {
        add(&self.state.dead, dead.len());
        match &mut self.source {
            Source::Memory(_) => {
                let settled = (done.len() + dead.len()) as u64;
                self.state.held.fetch_sub(settled, Ordering::Relaxed);
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

async fn gather_memory(
    queue: &Queue,
    (most, wait): (usize, Duration),
    closing: &CancellationToken,
) -> Vec<Arc<Event>> {
    tokio::select! {
        () = queue.filled() => {}
        () = closing.cancelled() => return queue.take(most),
    }
    let mut batch = queue.take(most);
    let until = Instant::now() + wait;
    while batch.len() < most {
        tokio::select! {
            () = queue.filled() => batch.extend(queue.take(most - batch.len())),
            () = tokio::time::sleep_until(until) => break,
            () = closing.cancelled() => break,
        }
    }
    batch
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
                data: entry.data.unwrap_or_default(),
                reason,
                tries: 0,
            }),
        }
    }
    (batch, unreadable)
}

/// How long to wait after so many tries: 1 s, 2 s, 4 s and so on up to 30 s, and up to a quarter
/// more by `chance`, so that those who failed together do not come back together.
pub(crate) fn backoff(tries: u32, chance: u64) -> Duration {
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
mod tests;

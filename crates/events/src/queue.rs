//! Events that wait in memory. Whoever puts one in never waits: past its bounds it is dropped and
//! counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_core::event::Event;

/// Bytes that an event counts for besides its bodies.
const OVERHEAD: usize = 2048;

/// The queue; one takes out of it.
#[derive(Debug)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    some: Notify,
    most: usize,
    most_bytes: usize,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
}

impl Queue {
    /// An empty one for at most so many events, and so many bytes of them.
    #[must_use]
    pub fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            some: Notify::new(),
            most,
            most_bytes,
            dropped: AtomicU64::new(0),
        }
    }

    /// Puts an event in, or drops and counts it: those that wait already are older, and keep their
    /// order.
    pub fn push(&self, event: Arc<Event>) {
        let size = size(&event);
        let mut waiting = self.waiting.lock();
        if waiting.events.len() >= self.most || waiting.bytes + size > self.most_bytes {
            drop(waiting);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += size;
        waiting.events.push_back(event);
        drop(waiting);
        self.some.notify_one();
    }

    /// Takes up to `most` events, the oldest first.
    #[must_use]
    pub fn take(&self, most: usize) -> Vec<Arc<Event>> {
        let mut waiting = self.waiting.lock();
        let count = most.min(waiting.events.len());
        let events: Vec<_> = waiting.events.drain(..count).collect();
        let bytes: usize = events.iter().map(|event| size(event)).sum();
        waiting.bytes -= bytes;
        events
    }

    /// Up to `most` events, the oldest first. They stay until they are [told](Self::told).
    #[must_use]
    pub fn first(&self, most: usize) -> Vec<Arc<Event>> {
        let waiting = self.waiting.lock();
        waiting.events.iter().take(most).cloned().collect()
    }

    /// The `count` oldest are where they were to go.
    pub fn told(&self, count: usize) {
        drop(self.take(count));
    }

    /// Puts events back in front, past the bounds if need be: they were within them before.
    pub fn put_back(&self, events: Vec<Arc<Event>>) {
        let mut waiting = self.waiting.lock();
        for event in events.into_iter().rev() {
            waiting.bytes += size(&event);
            waiting.events.push_front(event);
        }
    }

    /// Waits until there is something in it.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn filled(&self) {
        loop {
            let some = self.some.notified();
            if !self.is_empty() {
                return;
            }
            some.await;
        }
    }

    /// Events that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.lock().events.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the oldest that waits ended.
    #[must_use]
    pub fn oldest(&self) -> Option<jiff::Timestamp> {
        let waiting = self.waiting.lock();
        waiting.events.front().map(|event| event.ended_at())
    }

    /// Events that were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// About how much memory an event takes, in bytes.
fn size(event: &Event) -> usize {
    let bodies = [&event.request_body, &event.response_body];
    let bytes = bodies.map(|body| body.as_ref().map_or(0, |body| body.get().len()));
    OVERHEAD + bytes.iter().sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: usize) -> Arc<Event> {
        let text = "x".repeat(body);
        Arc::new(Event {
            request_body: serde_json::value::to_raw_value(&text).ok(),
            ..Event::default()
        })
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted_by_number_and_by_size() {
        let queue = Queue::new(2, 1 << 20);
        for _ in 0..5 {
            queue.push(event(1));
        }
        assert_eq!((queue.len(), queue.dropped()), (2, 3));
        let queue = Queue::new(100, 10 * OVERHEAD);
        for _ in 0..5 {
            queue.push(event(4 * OVERHEAD));
        }
        assert_eq!((queue.len(), queue.dropped()), (1, 4));
        assert_eq!(queue.take(9).len(), 1);
        queue.push(event(4 * OVERHEAD));
        assert_eq!((queue.len(), queue.dropped()), (1, 4));
    }

    #[tokio::test]
    async fn they_come_out_as_they_went_in_and_stay_until_they_are_told() {
        let queue = Queue::new(10, 1 << 20);
        for body in 1..=4 {
            queue.push(event(body));
        }
        queue.filled().await;
        let lengths = |events: Vec<Arc<Event>>| -> Vec<usize> {
            let body = |event: Arc<Event>| event.request_body.as_ref().unwrap().get().len() - 2;
            events.into_iter().map(body).collect()
        };
        assert_eq!(lengths(queue.first(2)), [1, 2]);
        assert_eq!(queue.len(), 4);
        queue.told(1);
        assert_eq!(lengths(queue.first(2)), [2, 3]);
        assert_eq!(lengths(queue.take(2)), [2, 3]);
        assert_eq!(lengths(queue.take(3)), [4]);
        assert!(queue.is_empty());
    }
}

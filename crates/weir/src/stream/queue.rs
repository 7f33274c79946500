//! What was learnt and waits to be told. Whoever puts something in never waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_core::vault::News;

use super::counts::{self, Counts};

/// Most that waits: enough for some minutes without a store.
const MAX_WAITING: usize = 4096;
/// Most bytes that wait, about.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most that is told at once.
const MAX_BATCH: usize = 128;
/// Bytes after which no more is told at once.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// The queue; one takes out of it.
#[derive(Debug)]
pub(super) struct Queue {
    is_open: AtomicBool,
    waiting: Mutex<Waiting>,
    /// There is something in it.
    some: Notify,
    /// There is nothing in it.
    none: Notify,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Waiting {
    news: VecDeque<News>,
    bytes: usize,
}

impl Queue {
    /// An empty one that takes nothing.
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        Self {
            is_open: AtomicBool::new(false),
            waiting: Mutex::default(),
            some: Notify::new(),
            none: Notify::new(),
            counts,
        }
    }

    /// Takes what comes, or nothing and forgets what it has.
    pub(super) fn open(&self, open: bool) {
        self.is_open.store(open, Ordering::Relaxed);
        if !open {
            self.told(usize::MAX);
        }
    }

    /// Puts it in, or drops and counts it.
    pub(super) fn push(&self, news: News) {
        if !self.is_open.load(Ordering::Relaxed) {
            return;
        }
        let mut waiting = self.waiting.lock();
        let bytes = waiting.bytes + news.size();
        if waiting.news.len() >= MAX_WAITING || bytes > MAX_BYTES {
            counts::add(&self.counts.dropped, 1);
            return;
        }
        waiting.bytes = bytes;
        waiting.news.push_back(news);
        drop(waiting);
        self.some.notify_one();
    }

    /// The oldest in it, once there is some. They stay until they have been told.
    ///
    /// # Cancel safety
    /// Yes.
    pub(super) async fn batch(&self) -> Vec<News> {
        loop {
            let batch = self.batch_now();
            if !batch.is_empty() {
                return batch;
            }
            self.some.notified().await;
        }
    }

    /// The oldest in it, if there is something.
    pub(super) fn batch_now(&self) -> Vec<News> {
        let waiting = self.waiting.lock();
        let mut left = MAX_BATCH_BYTES;
        let fits = |news: &&News| {
            let had_room = left > 0;
            left = left.saturating_sub(news.size());
            had_room
        };
        let oldest = waiting.news.iter().take(MAX_BATCH);
        oldest.take_while(fits).cloned().collect()
    }

    /// The `count` oldest have been told.
    pub(super) fn told(&self, count: usize) {
        let mut waiting = self.waiting.lock();
        let count = count.min(waiting.news.len());
        let bytes: usize = waiting.news.drain(..count).map(|news| news.size()).sum();
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        if waiting.news.is_empty() {
            self.none.notify_waiters();
        }
    }

    /// Waits until there is nothing in it.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.none.notified();
            if self.waiting.lock().news.is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_core::vault::Issued;

    use super::*;

    fn news(number: u128, length: usize) -> News {
        News {
            provider: "u".into(),
            group: "g".repeat(length).into(),
            issued: Issued::Opaque(number),
        }
    }

    fn queue() -> Queue {
        let queue = Queue::new(Arc::new(Counts::default()));
        queue.open(true);
        queue
    }

    #[test]
    fn it_is_bounded_in_number_and_bytes_and_counts_what_it_drops() {
        for (length, most) in [(1, MAX_WAITING), (1024 * 1024, 15)] {
            let queue = queue();
            for number in 0..5000 {
                queue.push(news(number, length));
            }
            let dropped = queue.counts.dropped.load(Ordering::Relaxed);
            assert_eq!(dropped, 5000 - most as u64);
            queue.told(most);
            assert_eq!(queue.waiting.lock().bytes, 0);
        }
    }

    #[test]
    fn what_is_told_at_once_is_bounded_and_in_order() {
        let queue = queue();
        for number in 0..1000 {
            queue.push(news(number, 1));
        }
        assert_eq!(queue.batch_now().len(), MAX_BATCH);
        queue.told(MAX_BATCH);
        assert_eq!(
            queue.batch_now()[0].issued,
            Issued::Opaque(MAX_BATCH as u128)
        );
        queue.told(usize::MAX);
        for number in 0..10 {
            queue.push(news(number, MAX_BATCH_BYTES / 2));
        }
        assert_eq!(queue.batch_now().len(), 2);
    }

    #[test]
    fn without_a_store_nothing_waits() {
        let queue = queue();
        queue.push(news(1, 1));
        queue.open(false);
        queue.push(news(2, 1));
        assert!(queue.batch_now().is_empty());
    }

    #[tokio::test]
    async fn who_waits_for_news_or_their_end_is_told() {
        let queue = Arc::new(queue());
        let reader = Arc::clone(&queue);
        let batch = tokio::spawn(async move { reader.batch().await });
        queue.push(news(1, 1));
        assert_eq!(batch.await.unwrap().len(), 1);
        let reader = Arc::clone(&queue);
        let emptied = tokio::spawn(async move { reader.emptied().await });
        queue.told(1);
        emptied.await.unwrap();
    }
}

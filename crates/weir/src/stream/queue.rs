//! What waits to be told. Whoever puts something in never waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::counts::{self, Counts};

/// Most that waits: enough for some minutes without a store.
const MAX_WAITING: usize = 4096;
/// Most bytes that wait, about.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most that is told at once.
const MAX_BATCH: usize = 128;
/// Bytes after which no more is told at once.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// What can wait in a queue.
pub(crate) trait Weighs: Clone {
    /// What it takes in memory, in bytes, about.
    fn size(&self) -> usize;
}

/// The queue; one takes out of it.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    is_open: AtomicBool,
    waiting: Mutex<Waiting<T>>,
    /// There is something in it.
    some: Notify,
    /// There is nothing in it.
    none: Notify,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Waiting<T> {
    news: VecDeque<T>,
    bytes: usize,
}

impl<T: Weighs> Queue<T> {
    /// An empty one that takes nothing.
    pub(crate) fn new(counts: Arc<Counts>) -> Self {
        Self {
            is_open: AtomicBool::new(false),
            waiting: Mutex::new(Waiting {
                news: VecDeque::new(),
                bytes: 0,
            }),
            some: Notify::new(),
            none: Notify::new(),
            counts,
        }
    }

    /// Takes what comes, or nothing and forgets what it has.
    pub(crate) fn open(&self, open: bool) {
        self.is_open.store(open, Ordering::Relaxed);
        if !open {
            self.told(usize::MAX);
        }
    }

    /// Puts it in, or drops and counts it.
    pub(crate) fn push(&self, news: T) {
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

    /// Waits until there is something in it.
    ///
    /// # Cancel safety
    /// Yes.
    pub(crate) async fn some(&self) {
        loop {
            if !self.waiting.lock().news.is_empty() {
                return;
            }
            self.some.notified().await;
        }
    }

    /// The oldest in it, if there is something. They stay until they have been told.
    pub(crate) fn batch_now(&self) -> Vec<T> {
        let waiting = self.waiting.lock();
        let mut left = MAX_BATCH_BYTES;
        let fits = |news: &&T| {
            let had_room = left > 0;
            left = left.saturating_sub(news.size());
            had_room
        };
        let oldest = waiting.news.iter().take(MAX_BATCH);
        oldest.take_while(fits).cloned().collect()
    }

    /// The `count` oldest have been told.
    pub(crate) fn told(&self, count: usize) {
        let mut waiting = self.waiting.lock();
        let count = count.min(waiting.news.len());
        let bytes: usize = waiting.news.drain(..count).map(|news| news.size()).sum();
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        if waiting.news.is_empty() {
            self.none.notify_waiters();
        }
    }

    /// Waits until there is nothing in it.
    pub(crate) async fn emptied(&self) {
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
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct News(usize, usize);

    impl Weighs for News {
        fn size(&self) -> usize {
            self.1
        }
    }

    fn news(number: usize, length: usize) -> News {
        News(number, length)
    }

    fn queue() -> Queue<News> {
        let queue = Queue::new(Arc::new(Counts::default()));
        queue.open(true);
        queue
    }

    #[test]
    fn it_is_bounded_in_number_and_bytes_and_counts_what_it_drops() {
        for (length, most) in [(1, MAX_WAITING), (1024 * 1024, 16)] {
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
        assert_eq!(queue.batch_now()[0], news(MAX_BATCH, 1));
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
        let some = tokio::spawn(async move { reader.some().await });
        queue.push(news(1, 1));
        some.await.unwrap();
        assert_eq!(queue.batch_now(), [news(1, 1)]);
        let reader = Arc::clone(&queue);
        let emptied = tokio::spawn(async move { reader.emptied().await });
        queue.told(1);
        emptied.await.unwrap();
    }
}

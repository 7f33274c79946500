//! What the store is yet to be told. Whoever puts something in never waits.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_core::control::shared::{Settling, What};
use weir_core::control::{Amounts, Claim};

/// Most that waits: requests under way when the store went, and the little besides.
pub(super) const MAX_WAITING: usize = 65_536;
/// Most that is told at once.
const MAX_BATCH: usize = 128;

/// Something that the store is to know.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub settling: Settling,
    /// What is owed to whoever makes it last, once the store has taken it.
    pub owed: Option<(Claim, Amounts)>,
}

impl Letter {
    pub(super) fn new(id: impl Into<Box<str>>, what: What) -> Self {
        let id = id.into();
        Self {
            settling: Settling { id, what },
            owed: None,
        }
    }
}

/// The queue; one takes out of it.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<VecDeque<Letter>>,
    /// There is something in it.
    pub some: Notify,
    /// There is nothing in it.
    none: Notify,
}

impl Outbox {
    /// Puts it in, or gives it back when it is full.
    pub(super) fn push(&self, letter: Letter) -> Result<(), Letter> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MAX_WAITING {
            return Err(letter);
        }
        waiting.push_back(letter);
        drop(waiting);
        self.some.notify_one();
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.lock().len()
    }

    /// The oldest in it. They stay until they have been told.
    pub(super) fn batch(&self) -> Vec<Letter> {
        let waiting = self.waiting.lock();
        waiting.iter().take(MAX_BATCH).cloned().collect()
    }

    /// The `count` oldest have been told.
    pub(super) fn told(&self, count: usize) {
        let mut waiting = self.waiting.lock();
        let count = count.min(waiting.len());
        waiting.drain(..count);
        if waiting.is_empty() {
            self.none.notify_waiters();
        }
    }

    /// Waits until there is nothing in it.
    pub(super) async fn emptied(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.none.notified());
            // From here on nothing is missed.
            emptied.as_mut().enable();
            if self.waiting.lock().is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

//! What the store is yet to be told. Whoever puts something in never waits.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use weir_core::cache::{About, Key, Purge, Put, Slot, Wanted};

/// Most that waits.
const MAX_WAITING: usize = 4096;

/// Something that the store is to know.
#[derive(Debug)]
pub(super) enum Letter {
    /// An answer to keep.
    Put(Put),
    /// An entry to take out.
    Remove(Key, About),
    /// What a tenant got of a path is void.
    Forget(Purge),
}

impl Letter {
    fn len(&self) -> usize {
        match self {
            Self::Put(put) => put.entry.weight(),
            Self::Remove(..) | Self::Forget(_) => 0,
        }
    }
}

/// What it says of something that is looked for.
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// That it is this.
    Slot(Slot),
    /// That it is gone.
    Gone,
    /// That the store is to be asked once it knows the letter of this number.
    After(u64),
}

/// The queue; one takes out of it.
#[derive(Debug)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    max_bytes: usize,
    /// There is something in it.
    pub some: Notify,
    /// The number of the last that was told.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<(u64, Arc<Letter>)>,
    bytes: usize,
    /// The number of the newest.
    number: u64,
    /// Something that is void had no room.
    overflowed: bool,
}

impl Outbox {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            inner: Mutex::default(),
            max_bytes,
            some: Notify::new(),
            last: watch::Sender::new(0),
        }
    }

    /// Puts it in. False if there is no room; of what is void it is remembered that there was more.
    pub(super) fn push(&self, letter: Letter) -> bool {
        let mut inner = self.inner.lock();
        let len = letter.len();
        let is_put = matches!(letter, Letter::Put(_));
        let fits = inner.bytes.saturating_add(len) <= self.max_bytes || !is_put;
        if inner.waiting.len() >= MAX_WAITING || !fits {
            inner.overflowed |= !is_put;
            return false;
        }
        inner.bytes += len;
        inner.number += 1;
        let number = inner.number;
        inner.waiting.push_back((number, Arc::new(letter)));
        drop(inner);
        self.some.notify_one();
        true
    }

    /// What it knows of something that is looked for, `purges` being those so far.
    pub(super) fn find(&self, wanted: &Wanted<'_>, purges: u64) -> Told {
        let inner = self.inner.lock();
        for (number, letter) in inner.waiting.iter().rev() {
            match &**letter {
                // Whether it is kept at all is for the store to say if there were others.
                Letter::Put(put) if put.seen == purges => {
                    if let Some(slot) = put.slot(wanted.key) {
                        return Told::Slot(slot);
                    }
                }
                Letter::Put(_) => {}
                Letter::Remove(key, _) if key == wanted.key => return Told::Gone,
                Letter::Remove(..) => {}
                Letter::Forget(purge) if purge.takes(wanted.key, wanted.about) => {
                    return Told::After(*number);
                }
                Letter::Forget(_) => {}
            }
        }
        Told::Nothing
    }

    /// The oldest in it. It stays until it has been told.
    pub(super) fn first(&self) -> Option<Arc<Letter>> {
        let inner = self.inner.lock();
        let (_, letter) = inner.waiting.front()?;
        Some(Arc::clone(letter))
    }

    /// The oldest has been told, or needs not be.
    pub(super) fn told(&self) {
        let mut inner = self.inner.lock();
        if let Some((number, letter)) = inner.waiting.pop_front() {
            inner.bytes -= letter.len();
            drop(inner);
            self.last.send_replace(number);
        }
    }

    /// Lets go of answers, which nobody may be given while the store cannot say whether they hold.
    pub(super) fn drop_puts(&self) {
        let mut inner = self.inner.lock();
        let all = std::mem::take(&mut inner.waiting);
        let (dropped, kept) = all
            .into_iter()
            .partition::<VecDeque<_>, _>(|(_, letter)| matches!(**letter, Letter::Put(_)));
        inner.waiting = kept;
        inner.bytes = 0;
        drop(inner);
        // What they tell when they go must not meet the lock.
        drop(dropped);
    }

    /// Whether something had no room that is void, since the last call.
    pub(super) fn overflowed(&self) -> bool {
        std::mem::take(&mut self.inner.lock().overflowed)
    }

    /// It had no room, and still is void.
    pub(super) fn overflow(&self) {
        self.inner.lock().overflowed = true;
    }

    /// Waits until the letter of this number has been told.
    pub(super) async fn after(&self, number: u64) {
        let mut last = self.last.subscribe();
        // The sender lives as long as this does.
        let _told = last.wait_for(|last| *last >= number).await;
    }

    /// Waits until all that is in it by now has been told.
    pub(super) async fn emptied(&self) {
        let newest = {
            let inner = self.inner.lock();
            inner.waiting.back().map(|(number, _)| *number)
        };
        if let Some(newest) = newest {
            self.after(newest).await;
        }
    }
}

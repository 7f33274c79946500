//! Where answers are kept: the memory of one process, or a place that several share. Nothing here
//! does it; both are held to `contract.rs`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{About, Entry, Key, Purge, Tenant, Vary};

/// Bytes of what says by which headers answers vary, about.
const VARIES: usize = 512;

/// A place for answers. What fails there is a miss, or is counted, and never a client's error.
pub trait Store: fmt::Debug + Send + Sync {
    /// What a key leads to.
    fn get<'a>(&'a self, wanted: Wanted<'a>) -> Answer<'a, Seen>;

    /// Keeps an answer, unless it was purged since it was asked for. Whoever asks this store for it
    /// from now on finds it, though others may find it a moment later.
    fn put(&self, put: Put);

    /// Takes out one entry, which was made for `about`.
    fn remove(&self, key: &Key, about: &About);

    /// Takes out what a tenant got of a path that it has changed by now.
    fn forget(&self, tenant: &Tenant, path: &str);

    /// Takes entries out everywhere; says how many there were.
    fn purge<'a>(&'a self, purge: &'a Purge) -> Answer<'a, Result<u64, Unavailable>>;

    /// How it is, as far as is known without asking.
    fn state(&self) -> State;
}

/// Something that is there, or that is to be waited for.
pub enum Answer<'a, T> {
    /// It is there.
    Ready(T),
    /// It comes.
    Wait(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<T> Answer<'_, T> {
    /// Waits for it if need be.
    pub async fn get(self) -> T {
        match self {
            Self::Ready(there) => there,
            Self::Wait(comes) => comes.await,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(there) => f.debug_tuple("Ready").field(there).finish(),
            Self::Wait(_) => f.write_str("Wait"),
        }
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Under which key.
    pub key: &'a Key,
    /// What the entry was made for.
    pub about: &'a About,
    /// Longest wait; then there is nothing.
    pub patience: Duration,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// It, if it is there.
    pub slot: Option<Slot>,
    /// The purges by then, for a [`Put`] of what is asked for after this.
    pub purges: u64,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// To another key, by these headers.
    Varies(Arc<(About, Vary)>),
    /// To an answer.
    Entry(Arc<Entry>),
}

impl Slot {
    /// What it was made for.
    #[must_use]
    pub fn about(&self) -> &About {
        match self {
            Self::Varies(varies) => &varies.0,
            Self::Entry(entry) => &entry.about,
        }
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Varies(_) => VARIES,
            Self::Entry(entry) => entry.weight(),
        }
    }
}

/// An answer that is to be kept. Dropped, it says that it was not.
pub struct Put {
    /// The request's first key.
    pub key: Key,
    /// By what its answers vary.
    pub vary: Vary,
    /// The key of the entry: the first, if they vary by nothing.
    pub variant: Key,
    /// The answer.
    pub entry: Arc<Entry>,
    /// The purges that were [`Seen`] before it was asked for.
    pub seen: u64,
    done: Option<Box<dyn FnOnce(bool) + Send + Sync>>,
}

impl Put {
    /// Tells `done` whether it was kept.
    #[must_use]
    pub fn new(
        (key, vary, variant): (Key, Vary, Key),
        entry: Arc<Entry>,
        seen: u64,
        done: impl FnOnce(bool) + Send + Sync + 'static,
    ) -> Self {
        Self {
            key,
            vary,
            variant,
            entry,
            seen,
            done: Some(Box::new(done)),
        }
    }

    /// What is to be found under which key.
    pub fn slots(&self) -> impl Iterator<Item = (Key, Slot)> {
        let varies = (!self.vary.is_empty()).then(|| {
            let varies = (self.entry.about.clone(), self.vary.clone());
            (self.key, Slot::Varies(Arc::new(varies)))
        });
        let entry = (self.variant, Slot::Entry(Arc::clone(&self.entry)));
        varies.into_iter().chain([entry])
    }

    /// What is to be found under one key.
    #[must_use]
    pub fn slot(&self, key: &Key) -> Option<Slot> {
        if *key != self.variant && *key != self.key {
            return None;
        }
        let mut slots = self.slots();
        slots.find_map(|(own, slot)| (own == *key).then_some(slot))
    }

    /// It is kept.
    pub fn kept(mut self) {
        if let Some(done) = self.done.take() {
            done(true);
        }
    }
}

impl Drop for Put {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(false);
        }
    }
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut put = f.debug_struct("Put");
        put.field("variant", &self.variant).finish_non_exhaustive()
    }
}

/// The place cannot be asked at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of the cache cannot be reached")
    }
}

impl std::error::Error for Unavailable {}

/// How a place for answers is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Its kind, as the settings name it.
    pub backend: &'static str,
    /// Whether it can be asked.
    pub reachable: bool,
    /// What went wrong there since the start.
    pub errors: u64,
    /// Entries at this moment.
    pub entries: u64,
    /// Bytes that they take, about.
    pub bytes: u64,
    /// The most that they may take, where weir bounds that.
    pub max_bytes: Option<u64>,
}

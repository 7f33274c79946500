//! Answers of the cache that several gateways keep together, in a Redis or Valkey between them.
//! Everything that fails there is a miss, or is not kept, and counted; no request waits longer than
//! the settings say.
//!
//! There is no copy in this process, so that a purge is at once everywhere. What is on its way to
//! the store is found here meanwhile.

mod link;
mod outbox;
mod script;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use weir_core::cache::{
    About, Answer, Key, Purge, Put, Seen, Slot, State, Store as Place, Tenant, Unavailable, Wanted,
};
use weir_core::settings::{CacheBackend, Settings};
use weir_events::link::Store;

use self::outbox::{Letter, Outbox, Told};
use self::script::{Args, Said, Stamp};
use crate::share::store_of;

/// Look-ups in a row without an answer after which the store is not asked until it answers again.
const MOST_FAILURES: u32 = 3;
/// Members of the index that are read at once.
const AT_ONCE: usize = 500;

/// Where answers are kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shelf {
    store: Store,
    /// What every key begins with.
    prefix: Box<str>,
    /// How long a request waits.
    patience: Duration,
}

impl Shelf {
    /// The one that `settings` name, if they do. Nothing is connected yet.
    ///
    /// # Errors
    /// When the address cannot be one; the text does not repeat it.
    pub(crate) fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let cache = &settings.cache;
        if !cache.enabled || cache.backend != CacheBackend::Redis {
            return Ok(None);
        }
        let store = match &cache.redis_url {
            Some(url) => {
                let store = Store::at(url);
                Some(store.map_err(|wrong| anyhow!("`cache.redis_url`: {wrong}"))?)
            }
            None => store_of(settings)?,
        };
        Ok(store.map(|store| Self {
            store,
            prefix: cache.redis_prefix.clone(),
            patience: cache.redis_timeout,
        }))
    }
}

/// Two connections that work: requests do not wait behind what is written.
#[derive(Debug)]
struct Session {
    asking: MultiplexedConnection,
    telling: MultiplexedConnection,
    /// The script's name there.
    script: String,
    prefix: Box<str>,
    /// Look-ups in a row without an answer.
    failures: AtomicU32,
    /// Somebody found that it does not work any more.
    broken: Notify,
}

/// What the store says: the state's epoch and count, the mark of a change, and the value.
type Found = ((Option<u64>, Option<u64>), Option<u64>, Option<Vec<u8>>);

/// What a look-up has brought.
struct Looked {
    slot: Option<Slot>,
    /// None if nobody has ever kept anything.
    purges: Option<u64>,
    /// Something lies there that makes no sense.
    is_senseless: bool,
}

impl Session {
    /// Has the script do something.
    async fn tell(&self, args: Args) -> RedisResult<(Stamp, Said)> {
        let mut command = redis::cmd("EVALSHA");
        command
            .arg(&self.script)
            .arg(1)
            .arg(&*self.prefix)
            .arg(args);
        let answer = command.query_async(&mut self.telling.clone()).await?;
        script::read(answer).ok_or_else(senseless)
    }

    fn key(&self, name: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), name].concat()
    }

    async fn look(&self, wanted: Wanted<'_>) -> RedisResult<Looked> {
        let About {
            tenant,
            path,
            method,
            ..
        } = wanted.about;
        let is_get = *method == http::Method::GET;
        let changed = is_get.then(|| script::digits(&script::changed(tenant, path)));
        let mut commands = redis::pipe();
        // The state first: what is purged between is older then than it seems, never newer.
        commands
            .cmd("HMGET")
            .arg(self.key(b"state"))
            .arg(&["epoch", "count"]);
        // What was sent is not void by that, and nothing has this name.
        let changed = [b"changed:", &*changed.unwrap_or_default()].concat();
        commands.cmd("GET").arg(self.key(&changed));
        let key = self.key(&script::digits(wanted.key));
        commands.cmd("GET").arg(key);
        let found: Found = commands.query_async(&mut self.asking.clone()).await?;
        let ((epoch, count), changed, value) = found;
        let nothing = Looked {
            slot: None,
            purges: count,
            is_senseless: false,
        };
        let (Some(epoch), Some(value)) = (epoch, value) else {
            return Ok(nothing);
        };
        let found = script::kept(value).filter(|(_, slot)| slot.about() == wanted.about);
        let Some((seen, slot)) = found else {
            return Ok(Looked {
                is_senseless: true,
                ..nothing
            });
        };
        let holds = seen >= epoch && changed.is_none_or(|changed| seen >= changed);
        Ok(Looked {
            slot: holds.then_some(slot),
            ..nothing
        })
    }
}

/// The answers.
#[derive(Debug)]
pub(crate) struct Answers {
    shelf: watch::Sender<Option<Shelf>>,
    session: ArcSwapOption<Session>,
    /// Whether there is one, for who waits for that.
    together: watch::Sender<bool>,
    outbox: Outbox,
    /// Purges that were heard of last.
    purges: AtomicU64,
    entries: AtomicU64,
    bytes: AtomicU64,
    errors: AtomicU64,
}

impl Answers {
    /// None yet. At most `max_bytes` wait to be told.
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            shelf: watch::Sender::new(None),
            session: ArcSwapOption::empty(),
            together: watch::Sender::new(false),
            outbox: Outbox::new(usize::try_from(max_bytes).unwrap_or(usize::MAX)),
            purges: AtomicU64::new(0),
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        }
    }

    /// Keeps them there from now on, or nowhere. The same as before changes nothing.
    pub(crate) fn on(&self, shelf: Option<Shelf>) {
        self.shelf.send_if_modified(|current| {
            let differs = *current != shelf;
            if differs {
                *current = shelf;
            }
            differs
        });
    }

    /// The task that keeps them there; it never ends by itself.
    pub(crate) fn run(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        link::run(Arc::clone(self), self.shelf.subscribe())
    }

    /// Waits until the store can be asked, but no longer than `most`.
    pub(crate) async fn together(&self, most: Duration) {
        let mut together = self.together.subscribe();
        let _alone = timeout(most, together.wait_for(|is| *is)).await;
    }

    /// Waits, not longer than `most`, until the store knows everything.
    pub(crate) async fn farewell(&self, most: Duration) {
        if self.session.load().is_some() && timeout(most, self.outbox.emptied()).await.is_err() {
            tracing::debug!("some answers of the cache were not kept before the end");
        }
    }

    fn set_session(&self, session: Option<Arc<Session>>) {
        self.session.store(session);
        self.tell_together();
    }

    /// Asks a connection no more that does not work. Another that has taken its place meanwhile stays.
    fn leave(&self, session: &Arc<Session>) {
        let own = Some(Arc::clone(session));
        drop(self.session.compare_and_swap(&own, None));
        self.tell_together();
        session.broken.notify_one();
    }

    /// Whoever changed the session last says how it is now.
    fn tell_together(&self) {
        self.together.send_if_modified(|together| {
            let is_some = self.session.load().is_some();
            std::mem::replace(together, is_some) != is_some
        });
    }

    fn failed(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    fn heard(&self, stamp: Stamp) {
        self.purges.store(stamp.purges, Ordering::Relaxed);
        self.entries.store(stamp.entries, Ordering::Relaxed);
        self.bytes.store(stamp.bytes, Ordering::Relaxed);
    }

    /// Nothing, by the purges that were heard of last.
    fn nothing(&self) -> Seen {
        Seen {
            slot: None,
            purges: self.purges.load(Ordering::Relaxed),
        }
    }

    /// Asks the store, after it knows the letter `after`.
    async fn look(&self, session: Arc<Session>, wanted: Wanted<'_>, after: Option<u64>) -> Seen {
        let look = async {
            if let Some(number) = after {
                self.outbox.after(number).await;
            }
            session.look(wanted).await
        };
        match timeout(wanted.patience, look).await {
            Ok(Ok(looked)) => {
                session.failures.store(0, Ordering::Relaxed);
                if let Some(purges) = looked.purges {
                    self.purges.store(purges, Ordering::Relaxed);
                }
                if looked.is_senseless {
                    self.failed();
                }
                Seen {
                    slot: looked.slot,
                    purges: looked.purges.unwrap_or_default(),
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the cache cannot be asked");
                self.failed();
                let again = error.is_io_error() || error.is_connection_dropped();
                if again || session.failures.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_FAILURES {
                    self.leave(&session);
                }
                self.nothing()
            }
            Err(_) => {
                self.failed();
                if session.failures.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_FAILURES {
                    self.leave(&session);
                }
                self.nothing()
            }
        }
    }

    /// Takes entries out: first it is said that they go, so that what is on its way is not kept,
    /// then the index is gone through, in steps between which others are served.
    async fn take_out(&self, session: &Session, purge: &Purge) -> RedisResult<u64> {
        let (stamp, _) = session.tell(script::purge(purge)).await?;
        self.heard(stamp);
        let (mut cursor, mut count) = (0_u64, 0);
        loop {
            let mut scan = redis::cmd("ZSCAN");
            scan.arg(session.key(b"index")).arg(cursor);
            scan.arg("COUNT").arg(AT_ONCE);
            let (next, found): (u64, Vec<Vec<u8>>) =
                scan.query_async(&mut session.telling.clone()).await?;
            // Each is followed by its score.
            let members = found.iter().step_by(2).filter_map(|member| {
                let (key, about) = script::member_of(member)?;
                purge.takes(&key, &about).then_some((&**member, key))
            });
            let members: Vec<_> = members.collect();
            for some in members.chunks(AT_ONCE) {
                let dropped = session.tell(script::drop_all(some.iter().copied())).await?;
                self.heard(dropped.0);
                if let Said::Dropped(gone) = dropped.1 {
                    count += gone;
                }
            }
            cursor = next;
            if cursor == 0 {
                return Ok(count);
            }
        }
    }
}

impl Place for Answers {
    fn get<'a>(&'a self, wanted: Wanted<'a>) -> Answer<'a, Seen> {
        let Some(session) = self.session.load_full() else {
            self.failed();
            return Answer::Ready(self.nothing());
        };
        let nothing = self.nothing();
        let after = match self.outbox.find(&wanted, nothing.purges) {
            Told::Nothing => None,
            Told::After(number) => Some(number),
            Told::Gone => return Answer::Ready(nothing),
            Told::Slot(slot) => {
                return Answer::Ready(Seen {
                    slot: Some(slot),
                    ..nothing
                });
            }
        };
        Answer::Wait(Box::pin(self.look(session, wanted, after)))
    }

    fn put(&self, put: Put) {
        let is_taken = self.session.load().is_some() && self.outbox.push(Letter::Put(put));
        if !is_taken {
            self.failed();
        }
    }

    fn remove(&self, key: &Key, about: &About) {
        self.outbox.push(Letter::Remove(*key, about.clone()));
    }

    fn forget(&self, tenant: &Tenant, path: &str) {
        let (tenant, path) = (*tenant, path.into());
        self.outbox
            .push(Letter::Forget(Purge::Resource { tenant, path }));
    }

    fn purge<'a>(&'a self, purge: &'a Purge) -> Answer<'a, Result<u64, Unavailable>> {
        let Some(session) = self.session.load_full() else {
            return Answer::Ready(Err(Unavailable));
        };
        Answer::Wait(Box::pin(async move {
            let taken = self.take_out(&session, purge).await;
            taken.map_err(|error| {
                tracing::warn!(%error, "a purge of the cache has failed");
                self.failed();
                self.leave(&session);
                Unavailable
            })
        }))
    }

    fn state(&self) -> State {
        State {
            backend: "redis",
            reachable: self.session.load().is_some(),
            errors: self.errors.load(Ordering::Relaxed),
            entries: self.entries.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            max_bytes: None,
        }
    }
}

fn senseless() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "its answer makes no sense").into()
}

#[cfg(test)]
mod tests;

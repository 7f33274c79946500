//! The link to the store: two connections, one that tells and one that listens, for as long as they
//! hold, and patience when they do not.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use weir_core::vault::Vault;
use weir_events::link::{Outage, Store, Words};
use weir_proxy::clock::now;

use super::counts::{self, Counts};
use super::entry::{self, Fields, STREAM};
use super::queue::Queue;

/// How long the store may take to be connected to, or to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long it may wait for news before it says that there are none.
const NEWS: Duration = Duration::from_secs(5);
/// Most entries that are read at once.
const MAX_READ: usize = 64;
/// What is said while there is no store.
const WORDS: Words = Words {
    what: "signatures are",
    done: "shared",
    meanwhile: "this gateway goes by its own memory",
};

/// What a link works with.
#[derive(Debug)]
pub(super) struct Link {
    vault: Arc<Vault>,
    queue: Arc<Queue>,
    counts: Arc<Counts>,
    /// Tells this gateway's own entries from others'.
    node: String,
}

/// How far the stream was read: the id of an entry, which begins with its time by the store's
/// clock in milliseconds since the epoch.
#[derive(Clone, Debug)]
struct Place {
    id: String,
    unix_ms: i64,
}

impl Place {
    fn new(id: String) -> Option<Self> {
        let (time, _) = id.split_once('-')?;
        let unix_ms = time.parse().ok()?;
        Some(Self { id, unix_ms })
    }

    fn at(unix_ms: i64) -> Self {
        let unix_ms = unix_ms.max(0);
        let id = format!("{unix_ms}-0");
        Self { id, unix_ms }
    }
}

/// What an `XREAD` gives: of each stream its entries, each with its id.
type News = Option<Vec<(Vec<u8>, Vec<(String, Fields)>)>>;

impl Link {
    pub(super) fn new(vault: &Arc<Vault>, queue: &Arc<Queue>, counts: &Arc<Counts>) -> Self {
        Self {
            vault: Arc::clone(vault),
            queue: Arc::clone(queue),
            counts: Arc::clone(counts),
            node: uuid::Uuid::now_v7().simple().to_string(),
        }
    }

    /// The store is gone, or not wanted any more.
    pub(super) fn disconnected(&self) {
        self.counts.set_connected(false);
    }

    /// Shares by `store` for as long as this is polled.
    pub(super) async fn keep(&self, store: &Store) -> Infallible {
        let mut outage = Outage::new(store.address(), WORDS);
        let mut place = None;
        loop {
            let Err(error) = self.session(store, &mut place, &mut outage).await;
            self.disconnected();
            outage.begins(&error);
            tokio::time::sleep(outage.pause()).await;
        }
    }

    /// One pair of connections, until either fails. It goes on from `place`, so that nothing is
    /// missed between two sessions.
    async fn session(
        &self,
        store: &Store,
        place: &mut Option<Place>,
        outage: &mut Outage,
    ) -> RedisResult<Infallible> {
        let mut listening = store.connect(ANSWER + NEWS).await?;
        let mut telling = store.connect(ANSWER).await?;
        let ahead_ms = clock(&mut listening).await? - now().unix_ms;
        let start = self.start(place.take(), ahead_ms);
        let mut listener = Listener {
            link: self,
            connection: &mut listening,
            ahead_ms,
            place: place.insert(start),
        };
        while listener.take(None).await? > 0 {}
        // Only a store that takes news is of use.
        self.tell_waiting(&mut telling).await?;
        self.counts.set_connected(true);
        outage.ends();
        tokio::select! {
            ended = listener.listen() => ended,
            ended = self.tell(&mut telling) => ended,
        }
    }

    /// Where to read on: where it ended, or as far back as this gateway remembers.
    fn start(&self, place: Option<Place>, ahead_ms: i64) -> Place {
        let there = now().unix_ms.saturating_add(ahead_ms);
        let ttl = i64::try_from(self.vault.ttl().as_millis()).unwrap_or(i64::MAX);
        // A place in its future is from a store that had another clock: this is a new one.
        place
            .filter(|place| place.unix_ms <= there)
            .unwrap_or_else(|| Place::at(there.saturating_sub(ttl)))
    }

    async fn tell(&self, connection: &mut MultiplexedConnection) -> RedisResult<Infallible> {
        loop {
            drop(self.queue.batch().await);
            self.tell_waiting(connection).await?;
        }
    }

    async fn tell_waiting(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        loop {
            let batch = self.queue.batch_now();
            if batch.is_empty() {
                return Ok(());
            }
            let mut commands = redis::pipe();
            for news in &batch {
                commands
                    .add_command(entry::write(news, &self.node))
                    .ignore();
            }
            commands.exec_async(connection).await?;
            self.queue.told(batch.len());
            counts::add(&self.counts.sent, batch.len());
        }
    }
}

/// The connection that listens, and how far it has come.
struct Listener<'a> {
    link: &'a Link,
    connection: &'a mut MultiplexedConnection,
    /// By how much the store's clock is ahead of ours, in milliseconds.
    ahead_ms: i64,
    place: &'a mut Place,
}

impl Listener<'_> {
    async fn listen(&mut self) -> RedisResult<Infallible> {
        loop {
            self.take(Some(NEWS)).await?;
        }
    }

    /// Reads on, and takes over what others have learnt. Returns how many entries there were.
    async fn take(&mut self, patience: Option<Duration>) -> RedisResult<usize> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(MAX_READ);
        if let Some(patience) = patience {
            command.arg("BLOCK").arg(patience.as_millis().to_string());
        }
        command.arg("STREAMS").arg(STREAM).arg(&self.place.id);
        let news: News = command.query_async(self.connection).await?;
        let mut count = 0;
        for (id, fields) in news.into_iter().flatten().flat_map(|(_, entries)| entries) {
            count += 1;
            let Some(place) = Place::new(id) else {
                continue;
            };
            self.adopt(&place, &fields);
            *self.place = place;
        }
        Ok(count)
    }

    fn adopt(&self, place: &Place, fields: &Fields) {
        let counts = &self.link.counts;
        if entry::is_by(fields, &self.link.node) {
            return;
        }
        let now = now();
        let age = now.unix_ms + self.ahead_ms - place.unix_ms;
        let age = age.max(0).unsigned_abs();
        let is_good =
            entry::read(fields).is_some_and(|news| self.link.vault.adopt(&news, age, now));
        if is_good {
            counts::add(&counts.received, 1);
        } else {
            counts::add(&counts.rejected, 1);
            tracing::debug!(id = place.id, "an entry of `{STREAM}` makes no sense");
        }
    }
}

/// The store's clock, in milliseconds since the epoch.
pub(crate) async fn clock(connection: &mut MultiplexedConnection) -> RedisResult<i64> {
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(connection).await?;
    Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}

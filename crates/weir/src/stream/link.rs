//! The link to the store: two connections, one that tells and one that listens, for as long as they
//! hold, and patience when they do not.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use weir_events::link::{Outage, Store};
use weir_proxy::clock::now;

use super::{Fields, Party, counts};

/// How long the store may take to be connected to, or to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long it may wait for news before it says that there are none.
const NEWS: Duration = Duration::from_secs(5);
/// Most entries that are read at once.
const MAX_READ: usize = 64;
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

/// Tells and listens by `store` for as long as this is polled.
pub(super) async fn keep<P: Party>(party: &P, store: &Store) -> Infallible {
    let mut outage = Outage::new(store.address(), P::WORDS);
    let mut place = None;
    loop {
        let Err(error) = session(party, store, &mut place, &mut outage).await;
        party.counts().set_connected(false);
        outage.begins(&error);
        tokio::time::sleep(outage.pause()).await;
    }
}

/// One pair of connections, until either fails. It goes on from `place`, so that nothing is missed
/// between two sessions.
async fn session<P: Party>(
    party: &P,
    store: &Store,
    place: &mut Option<Place>,
    outage: &mut Outage,
) -> RedisResult<Infallible> {
    let mut listening = store.connect(ANSWER + NEWS).await?;
    let mut telling = store.connect(ANSWER).await?;
    let ahead_ms = clock(&mut listening).await? - now().unix_ms;
    let start = start(place.take(), party.looks_back(), ahead_ms);
    let mut listener = Listener {
        party,
        connection: &mut listening,
        ahead_ms,
        place: place.insert(start),
    };
    while listener.take(None).await? > 0 {}
    party.begins();
    // Only a store that takes news is of use.
    tell_waiting(party, &mut telling).await?;
    party.counts().set_connected(true);
    outage.ends();
    tokio::select! {
        ended = listener.listen() => ended,
        ended = tell(party, &mut telling) => ended,
    }
}

/// Where to read on: where it ended, or so far back.
fn start(place: Option<Place>, looks_back: Duration, ahead_ms: i64) -> Place {
    let there = now().unix_ms.saturating_add(ahead_ms);
    let back = i64::try_from(looks_back.as_millis()).unwrap_or(i64::MAX);
    // A place in its future is from a store that had another clock: this is a new one.
    place
        .filter(|place| place.unix_ms <= there)
        .unwrap_or_else(|| Place::at(there.saturating_sub(back)))
}

async fn tell<P: Party>(
    party: &P,
    connection: &mut MultiplexedConnection,
) -> RedisResult<Infallible> {
    loop {
        party.some().await;
        tell_waiting(party, connection).await?;
    }
}

async fn tell_waiting<P: Party>(
    party: &P,
    connection: &mut MultiplexedConnection,
) -> RedisResult<()> {
    loop {
        let batch = party.batch();
        if batch.is_empty() {
            return Ok(());
        }
        let mut commands = redis::pipe();
        let count = batch.len();
        for command in batch {
            commands.add_command(command).ignore();
        }
        commands.exec_async(connection).await?;
        party.told(count);
        counts::add(&party.counts().sent, count);
    }
}

/// The connection that listens, and how far it has come.
struct Listener<'a, P> {
    party: &'a P,
    connection: &'a mut MultiplexedConnection,
    /// By how much the store's clock is ahead of ours, in milliseconds.
    ahead_ms: i64,
    place: &'a mut Place,
}

impl<P: Party> Listener<'_, P> {
    async fn listen(&mut self) -> RedisResult<Infallible> {
        loop {
            self.take(Some(NEWS)).await?;
        }
    }

    /// Reads on, and takes over what others have told. Returns how many entries there were.
    async fn take(&mut self, patience: Option<Duration>) -> RedisResult<usize> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(MAX_READ);
        if let Some(patience) = patience {
            command.arg("BLOCK").arg(patience.as_millis().to_string());
        }
        command.arg("STREAMS").arg(P::STREAM).arg(&self.place.id);
        let news: News = command.query_async(self.connection).await?;
        let mut count = 0;
        for (id, fields) in news.into_iter().flatten().flat_map(|(_, entries)| entries) {
            count += 1;
            let Some(place) = Place::new(id) else {
                continue;
            };
            self.hear(&place, &fields);
            *self.place = place;
        }
        Ok(count)
    }

    fn hear(&self, place: &Place, fields: &Fields) {
        if super::field(fields, "node") == Some(self.party.node()) {
            return;
        }
        let age = now().unix_ms + self.ahead_ms - place.unix_ms;
        let counts = self.party.counts();
        match self.party.hear(age.max(0).unsigned_abs(), fields) {
            super::Heard::New => counts::add(&counts.received, 1),
            super::Heard::Known => {}
            super::Heard::Senseless => {
                counts.rejected.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(id = place.id, "an entry of `{}` makes no sense", P::STREAM);
            }
        }
    }
}

/// The store's clock, in milliseconds since the epoch.
pub(crate) async fn clock(connection: &mut MultiplexedConnection) -> RedisResult<i64> {
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(connection).await?;
    Ok(seconds.saturating_mul(1000).saturating_add(micros / 1000))
}

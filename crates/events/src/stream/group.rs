//! One reader of a group: what it reads it holds until it has said what became of it, so that
//! nothing is lost with the process. What it held before comes first, then what others of the group
//! left behind, then what is new.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue as _, RedisResult, Value, from_redis_value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use weir_core::settings::{self, RedisBus, Start};

use super::letters::{self, Given};
use super::{ANSWER, Entry, Id, READING, entries, of_read, readers};
use crate::link::{Outage, Store};
use crate::status::{SinkState, add};

/// A reader of the group.
#[derive(Debug)]
pub(crate) struct Group {
    bus: RedisBus,
    consumer: String,
    store: Store,
    /// The sink's, as they were when it began.
    settings: Arc<settings::Sink>,
    state: Arc<SinkState>,
    outage: Outage,
    connection: Option<MultiplexedConnection>,
    /// How far its own were read; none when all were.
    own: Option<Id>,
    /// How far others' were taken over, and when to go on with it.
    claimed: (Id, Instant),
    /// What was read and not settled.
    held: HashSet<Id>,
    /// When others were last given to see that it is in good hands.
    held_at: Instant,
    /// Whether something came of this connection.
    is_of_use: bool,
    /// What was settled and Redis does not know of.
    settled: Vec<Id>,
    /// What was given up and Redis does not know of.
    given: Vec<Given>,
}

impl Group {
    pub(crate) fn new(
        bus: &RedisBus,
        consumer: &str,
        (store, (settings, state)): (Store, (Arc<settings::Sink>, Arc<SinkState>)),
    ) -> Self {
        Self {
            bus: bus.clone(),
            consumer: consumer.to_owned(),
            outage: Outage::new(store.address(), READING),
            store,
            settings,
            state,
            connection: None,
            own: None,
            claimed: ("0-0".to_owned(), Instant::now()),
            held: HashSet::new(),
            held_at: Instant::now(),
            is_of_use: false,
            settled: Vec::new(),
            given: Vec::new(),
        }
    }

    /// Up to `most` entries: as soon as there are so many, or `wait` after the first. None when
    /// `closing` is cancelled and there is nothing more to read.
    pub(crate) async fn gather(
        &mut self,
        (most, wait): (usize, Duration),
        closing: &CancellationToken,
    ) -> Vec<Entry> {
        let mut gathered = Vec::new();
        let mut until = None;
        if closing.is_cancelled() {
            // A read that was cut off may have been answered.
            self.own = Some("0".to_owned());
        }
        loop {
            // A batch may fill for longer than others wait for a sign of life.
            if !gathered.is_empty() && self.hold_at() <= Instant::now() {
                self.hold().await;
            }
            let left = until.map(|until: Instant| until.saturating_duration_since(Instant::now()));
            if gathered.len() >= most || left.is_some_and(|left| left.is_zero()) {
                return gathered;
            }
            let last_round = closing.is_cancelled();
            let patience = match left {
                Some(left) => left.min(self.hold_at().saturating_duration_since(Instant::now())),
                None => self.bus.block,
            };
            let patience = patience.min(self.bus.block);
            let patience = (!last_round).then_some(patience);
            let room = most - gathered.len();
            let read = tokio::select! {
                read = self.read(room, patience) => read,
                () = closing.cancelled(), if !last_round => return gathered,
            };
            match read {
                Ok(more) if more.is_empty() && last_round && self.own.is_none() => return gathered,
                Ok(more) => {
                    if !more.is_empty() {
                        until.get_or_insert_with(|| Instant::now() + wait);
                    }
                    gathered.extend(more);
                }
                Err(error) if last_round => {
                    self.broke(&error);
                    return gathered;
                }
                Err(error) => {
                    self.broke(&error);
                    let pause = self.outage.pause();
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = closing.cancelled() => return gathered,
                    }
                }
            }
        }
    }

    fn broke(&mut self, error: &redis::RedisError) {
        self.connection = None;
        self.is_of_use = false;
        self.outage.begins(error);
    }

    /// One read of what there is to be read next. Without `patience` that is what it holds already,
    /// and the rest is left to the next reader.
    async fn read(&mut self, room: usize, patience: Option<Duration>) -> RedisResult<Vec<Entry>> {
        let mut connection = self.connected().await?;
        let count = room.min(self.bus.read_batch as usize).max(1);
        let mut forgotten = Vec::new();
        let found = if let Some(from) = self.own.take() {
            self.own_pending(&mut connection, (from, count), &mut forgotten)
                .await?
        } else if patience.is_some() && self.claimed.1 <= Instant::now() {
            self.claim(&mut connection, count, &mut forgotten).await?
        } else if let Some(patience) = patience {
            let mut command = self.xreadgroup(count);
            let block = patience.as_millis().max(1).to_string();
            command.arg("BLOCK").arg(block);
            command.arg("STREAMS").arg(&self.bus.stream).arg(">");
            of_read(command.query_async(&mut connection).await?, &mut forgotten)?
        } else {
            Vec::new()
        };
        self.forget(&mut connection, forgotten).await?;
        if !self.is_of_use {
            self.is_of_use = true;
            self.outage.ends();
        }
        let mut fresh = found;
        fresh.retain(|entry| !self.held.contains(&entry.id));
        if self.held.is_empty() {
            self.held_at = Instant::now();
        }
        self.held.extend(fresh.iter().map(|entry| entry.id.clone()));
        Ok(fresh)
    }

    /// Entries that this reader held before it lost the connection, or the process its life.
    async fn own_pending(
        &mut self,
        connection: &mut MultiplexedConnection,
        (from, count): (Id, usize),
        forgotten: &mut Vec<Id>,
    ) -> RedisResult<Vec<Entry>> {
        let mut command = self.xreadgroup(count);
        command.arg("STREAMS").arg(&self.bus.stream).arg(&from);
        let answer = command.query_async(connection).await;
        let found = match answer {
            Ok(answer) => of_read(answer, forgotten)?,
            Err(error) => {
                self.own = Some(from);
                return Err(error);
            }
        };
        let last = found.iter().map(|entry| &entry.id).chain(&*forgotten);
        self.own = last.max_by_key(|id| order(id)).cloned();
        Ok(found)
    }

    /// Entries that others of the group left behind.
    async fn claim(
        &mut self,
        connection: &mut MultiplexedConnection,
        count: usize,
        forgotten: &mut Vec<Id>,
    ) -> RedisResult<Vec<Entry>> {
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(&self.bus.stream).arg(&*self.settings.group);
        command.arg(&self.consumer);
        command.arg(self.bus.claim_after.as_millis().to_string());
        command.arg(&self.claimed.0).arg("COUNT").arg(count);
        let answer: Vec<Value> = command.query_async(connection).await?;
        let mut answer = answer.into_iter();
        let next: Id = from_redis_value(answer.next().unwrap_or(Value::Nil))?;
        let found = entries(answer.next().unwrap_or(Value::Nil), forgotten)?;
        // Those that Redis has taken off the group by itself.
        let gone = answer.next().map(Vec::<Id>::from_redis_value).transpose()?;
        self.lose(gone.map_or(0, |gone| gone.len()));
        let is_done = next == "0-0";
        let pause = if is_done {
            self.sweep(connection).await;
            self.bus.claim_after / 2
        } else {
            Duration::ZERO
        };
        self.claimed = (next, Instant::now() + pause);
        Ok(found)
    }

    fn xreadgroup(&self, count: usize) -> redis::Cmd {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(&*self.settings.group);
        command.arg(&self.consumer).arg("COUNT").arg(count);
        command
    }

    /// Entries that the stream forgot before they were delivered.
    async fn forget(
        &mut self,
        connection: &mut MultiplexedConnection,
        ids: Vec<Id>,
    ) -> RedisResult<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.lose(ids.len());
        for id in &ids {
            self.held.remove(id);
        }
        self.xack(&ids)
            .query_async::<u64>(connection)
            .await
            .map(drop)
    }

    fn lose(&self, count: usize) {
        if count > 0 {
            add(&self.state.lost, count);
            let sink = &*self.settings.name;
            tracing::warn!(
                sink,
                count,
                "the stream forgot events that were not delivered; see `events.stream_max_len`"
            );
        }
    }

    fn xack(&self, ids: &[Id]) -> redis::Cmd {
        let mut command = redis::cmd("XACK");
        command
            .arg(&self.bus.stream)
            .arg(&*self.settings.group)
            .arg(ids);
        command
    }

    /// A connection in which the group exists and Redis knows what was settled.
    async fn connected(&mut self) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let mut connection = self.store.connect(ANSWER + self.bus.block).await?;
        let start = match self.bus.start {
            Start::Oldest => "0",
            Start::New => "$",
        };
        let mut make = redis::cmd("XGROUP");
        make.arg("CREATE")
            .arg(&self.bus.stream)
            .arg(&*self.settings.group);
        let made = make
            .arg(start)
            .arg("MKSTREAM")
            .query_async::<()>(&mut connection)
            .await;
        match made {
            Err(error) if error.code() != Some("BUSYGROUP") => return Err(error),
            _ => {}
        }
        self.own = Some("0".to_owned());
        self.claimed = ("0-0".to_owned(), Instant::now());
        self.flush(&mut connection).await?;
        self.connection = Some(connection.clone());
        Ok(connection)
    }

    /// Says what became of entries: the ones are done, the others are dead letters. While Redis is
    /// away that is remembered.
    pub(crate) async fn settle(&mut self, done: Vec<Id>, given: Vec<Given>) {
        for id in done.iter().chain(given.iter().map(|given| &given.id)) {
            self.held.remove(id);
        }
        self.settled.extend(done);
        self.given.extend(given);
        let told = match self.connected().await {
            Ok(mut connection) => self.flush(&mut connection).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            self.broke(&error);
        }
    }

    async fn flush(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        if self.settled.is_empty() && self.given.is_empty() {
            return Ok(());
        }
        let key = letters::key(&self.bus.stream, &self.settings.name);
        let mut pipe = redis::pipe();
        // A dead letter is kept and its entry done, or neither.
        pipe.atomic();
        for given in &self.given {
            letters::add(&mut pipe, &key, given, self.bus.max_dead);
        }
        let given = self.given.iter().map(|given| given.id.clone());
        let ids: Vec<Id> = self.settled.iter().cloned().chain(given).collect();
        pipe.add_command(self.xack(&ids)).ignore();
        pipe.exec_async(connection).await?;
        self.settled.clear();
        self.given.clear();
        Ok(())
    }

    /// Tells the others that these are still in good hands. A failure is no news: what is read next
    /// will say so.
    pub(crate) async fn hold(&mut self) {
        self.held_at = Instant::now();
        if self.held.is_empty() {
            return;
        }
        let Ok(mut connection) = self.connected().await else {
            return;
        };
        let mut command = redis::cmd("XCLAIM");
        command.arg(&self.bus.stream).arg(&*self.settings.group);
        command.arg(&self.consumer).arg(0);
        for id in &self.held {
            command.arg(id);
        }
        command.arg("JUSTID");
        if let Err(error) = command.query_async::<Value>(&mut connection).await {
            self.broke(&error);
        }
    }

    /// When [`Group::hold`] is to be called next.
    pub(crate) fn hold_at(&self) -> Instant {
        self.held_at + self.bus.claim_after / 3
    }

    /// Takes readers off the group that are gone. A failure is no news, as in [`Group::hold`].
    async fn sweep(&self, connection: &mut MultiplexedConnection) {
        let gone = readers::GONE + self.bus.block;
        let place = (&*self.bus.stream, &*self.settings.group);
        match readers::sweep(connection, place, (&self.consumer, gone)).await {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => tracing::debug!(group = place.1, ?gone, "readers are off the group"),
            Err(error) => tracing::debug!(group = place.1, %error, "readers stay in the group"),
        }
    }

    /// Takes this reader off the group if it holds nothing, so that the group does not grow with
    /// every process there ever was.
    pub(crate) async fn leave(&mut self) {
        if !self.held.is_empty() || !self.settled.is_empty() || !self.given.is_empty() {
            return;
        }
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let place = (&*self.bus.stream, &*self.settings.group);
        let left = readers::leave(&mut connection, place, &self.consumer).await;
        tracing::debug!(group = place.1, ?left, "left the group");
    }
}

/// Ids in the order of their stream.
fn order(id: &str) -> (u64, u64) {
    let (ms, sequence) = id.split_once('-').unwrap_or((id, "0"));
    (ms.parse().unwrap_or(0), sequence.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests;

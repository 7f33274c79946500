//! How far each group of readers is behind, asked from time to time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue as _, RedisResult, Value, from_redis_value};
use weir_core::event::DeadLetter;
use weir_core::settings::RedisBus;

use super::{ANSWER, entries, letters, time_of};
use crate::link::Store;
use crate::status::{Lag, SHOWN, Status, StreamState};

/// How often it is asked.
const EACH: Duration = Duration::from_secs(5);

/// Asks for as long as it is polled.
pub(crate) async fn watch(bus: RedisBus, store: Store, status: Arc<Status>) {
    let Some(stream) = status.stream.clone() else {
        return;
    };
    loop {
        // An outage is the publisher's and the readers' to tell.
        if let Err(error) = session(&bus, &store, (&status, &stream)).await {
            tracing::debug!(%error, "the lag of events is not known");
            stream.length.store(-1, Ordering::Relaxed);
        }
        tokio::time::sleep(EACH).await;
    }
}

async fn session(
    bus: &RedisBus,
    store: &Store,
    (status, stream): (&Status, &StreamState),
) -> RedisResult<()> {
    let mut connection = store.connect(ANSWER).await?;
    // By the names of sinks.
    let mut letters: HashMap<Box<str>, Letters> = HashMap::new();
    loop {
        let mut length = redis::cmd("XLEN");
        let length: i64 = length.arg(&bus.stream).query_async(&mut connection).await?;
        stream.length.store(length, Ordering::Relaxed);
        let groups = match length {
            0 => HashMap::new(),
            _ => groups(&mut connection, &bus.stream)
                .await
                .unwrap_or_default(),
        };
        let sinks = status.sinks();
        letters.retain(|name, _| sinks.iter().any(|sink| sink.name == *name));
        for sink in sinks {
            let settings = sink.settings();
            let name = &*settings.group;
            let lag = lag(&mut connection, bus, (groups.get(name), name)).await?;
            sink.set_lag(lag);
            let key = letters::key(&bus.stream, &sink.name);
            let known = letters.entry(sink.name.clone()).or_default();
            known.read_on(&mut connection, &key).await?;
            sink.set_letters(known.kept, known.latest.clone());
        }
        tokio::time::sleep(EACH).await;
    }
}

/// What was read of a sink's dead letters.
#[derive(Debug, Default)]
struct Letters {
    kept: u64,
    /// The newest first.
    latest: VecDeque<DeadLetter>,
}

impl Letters {
    /// Reads what has changed. A letter comes with its bodies, so none is read again for as long as
    /// none is taken away.
    async fn read_on(
        &mut self,
        connection: &mut MultiplexedConnection,
        key: &str,
    ) -> RedisResult<()> {
        let kept = letters::count(connection, key).await?;
        let newest = self.latest.front().map(|letter| letter.id.clone());
        let newer = letters::latest(connection, key, (newest.as_deref(), SHOWN)).await?;
        if newest.is_none() || self.kept + newer.len() as u64 == kept {
            newer
                .into_iter()
                .rev()
                .for_each(|one| self.latest.push_front(one));
            self.latest.truncate(SHOWN);
        } else {
            self.latest = letters::latest(connection, key, (None, SHOWN))
                .await?
                .into();
        }
        self.kept = kept;
        Ok(())
    }
}

/// What Redis says of a group.
#[derive(Debug, Default)]
struct Group {
    pending: u64,
    /// Entries that it has not read; none when Redis cannot tell.
    unread: Option<u64>,
    last: String,
}

async fn groups(
    connection: &mut MultiplexedConnection,
    stream: &str,
) -> RedisResult<HashMap<String, Group>> {
    let answer: Vec<HashMap<String, Value>> = redis::cmd("XINFO")
        .arg("GROUPS")
        .arg(stream)
        .query_async(connection)
        .await?;
    let mut groups = HashMap::new();
    for mut said in answer {
        let mut take = |name: &str| said.remove(name).unwrap_or(Value::Nil);
        let name: String = from_redis_value(take("name"))?;
        let group = Group {
            pending: from_redis_value(take("pending"))?,
            unread: Option::<u64>::from_redis_value(take("lag"))?,
            last: from_redis_value(take("last-delivered-id"))?,
        };
        groups.insert(name, group);
    }
    Ok(groups)
}

async fn lag(
    connection: &mut MultiplexedConnection,
    bus: &RedisBus,
    (group, name): (Option<&Group>, &str),
) -> RedisResult<Lag> {
    /// Unread entries that are counted where Redis does not: enough to see that there are many.
    const MOST: usize = 1000;
    let Some(group) = group else {
        return Ok(Lag::default());
    };
    let mut next = redis::cmd("XRANGE");
    next.arg(&bus.stream)
        .arg(format!("({}", group.last))
        .arg("+");
    let most = if group.unread.is_some() { 1 } else { MOST };
    next.arg("COUNT").arg(most);
    let unread = entries(next.query_async(connection).await?, &mut Vec::new())?;
    let mut oldest = unread.first().and_then(|entry| time_of(&entry.id));
    if group.pending > 0 {
        let mut pending = redis::cmd("XPENDING");
        pending.arg(&bus.stream).arg(name);
        let said: Vec<Value> = pending.query_async(connection).await?;
        let first = said.into_iter().nth(1).unwrap_or(Value::Nil);
        let first = Option::<String>::from_redis_value(first)?;
        oldest = first.as_deref().and_then(time_of).or(oldest);
    }
    Ok(Lag {
        waiting: group.pending + group.unread.unwrap_or(unread.len() as u64),
        pending: group.pending,
        oldest,
    })
}

#[cfg(test)]
mod tests;

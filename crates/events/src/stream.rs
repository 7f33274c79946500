//! The stream of Redis that events wait in: its commands and what they answer, and nothing of when.

pub(crate) mod group;
pub(crate) mod lag;
pub(crate) mod letters;
pub(crate) mod publish;
mod readers;

use std::time::Duration;

use redis::{FromRedisValue as _, RedisResult, Value, from_redis_value};
use weir_core::event::Event;

use crate::link::Words;

/// How long Redis may take to answer what does not wait.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// What is said while Redis is away.
pub(crate) const PUBLISHING: Words = Words {
    what: "events are",
    done: "published",
    meanwhile: "they wait in memory, up to `events.queue`",
};
pub(crate) const READING: Words = Words {
    what: "events are",
    done: "read from the stream",
    meanwhile: "they wait there",
};

/// An entry's id in its stream.
pub(crate) type Id = String;

/// An entry as it came; without fields when the stream has forgotten it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) data: Option<Vec<u8>>,
}

impl Entry {
    /// The event in it.
    ///
    /// # Errors
    /// Why there is none to be read.
    pub(crate) fn event(&self) -> Result<Event, String> {
        let data = self.data.as_deref().ok_or("it has no field `data`")?;
        serde_json::from_slice(data).map_err(|error| format!("not an event: {error}"))
    }
}

/// The time in an id, which begins with the milliseconds since the epoch.
pub(crate) fn time_of(id: &str) -> Option<jiff::Timestamp> {
    let (ms, _) = id.split_once('-')?;
    jiff::Timestamp::from_millisecond(ms.parse().ok()?).ok()
}

/// Reads a list of entries, each `[id, [name, value, ...]]` or `[id, nil]`. An entry without the
/// field `data` has none of it; one that the stream forgot is given by `forgotten`.
pub(crate) fn entries(list: Value, forgotten: &mut Vec<Id>) -> RedisResult<Vec<Entry>> {
    let Value::Array(items) = list else {
        return Ok(Vec::new());
    };
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let Value::Array(mut parts) = item else {
            continue;
        };
        let fields = (parts.len() > 1).then(|| parts.swap_remove(1));
        let Some(id) = parts.into_iter().next() else {
            continue;
        };
        let id: Id = from_redis_value(id)?;
        match fields {
            None | Some(Value::Nil) => forgotten.push(id),
            Some(fields) => {
                let fields = Vec::<Vec<u8>>::from_redis_value(fields)?;
                let mut pairs = fields.chunks_exact(2);
                let data = pairs.find_map(|pair| match pair {
                    [name, value] if name == b"data" => Some(value.clone()),
                    _ => None,
                });
                out.push(Entry { id, data });
            }
        }
    }
    Ok(out)
}

/// The entries in an answer to `XREADGROUP` of one stream: `[[key, entries]]`, or nothing.
pub(crate) fn of_read(answer: Value, forgotten: &mut Vec<Id>) -> RedisResult<Vec<Entry>> {
    let list = match answer {
        Value::Array(streams) => streams.into_iter().next(),
        Value::Map(streams) => streams.into_iter().next().map(|(_, list)| list),
        _ => None,
    };
    match list {
        Some(Value::Array(mut parts)) if parts.len() == 2 && !is_entry(&parts) => {
            entries(parts.swap_remove(1), forgotten)
        }
        Some(list) => entries(list, forgotten),
        None => Ok(Vec::new()),
    }
}

/// Whether this is no `[key, entries]` but a list of entries.
fn is_entry(parts: &[Value]) -> bool {
    matches!(parts.first(), Some(Value::Array(_)))
}

#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod tests;

//! The dead letters of a sink: a stream beside that of events, which people look at, and from which
//! they have events offered again.

use jiff::Timestamp;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue as _, RedisResult, Value, from_redis_value};
use uuid::Uuid;
use weir_core::event::{DeadLetter, Event};

use super::Id;

/// The key of a sink's dead letters.
pub(crate) fn key(stream: &str, sink: &str) -> String {
    format!("{stream}:dead:{sink}")
}

/// What becomes of an event that is given up.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// The entry.
    pub(crate) id: Id,
    /// The exchange; none if the event cannot be read.
    pub(crate) request_id: Option<Uuid>,
    /// Its data, as it came.
    pub(crate) data: Vec<u8>,
    pub(crate) reason: String,
    pub(crate) tries: u32,
}

/// Adds to `pipe` that a dead letter is kept.
pub(crate) fn add(pipe: &mut redis::Pipeline, key: &str, given: &Given, most: u64) {
    pipe.cmd("XADD")
        .arg(key)
        .arg("MAXLEN")
        .arg("~")
        .arg(most)
        .arg("*")
        .arg("entry")
        .arg(&given.id)
        .arg("at")
        .arg(Timestamp::now().to_string())
        .arg("reason")
        .arg(&given.reason)
        .arg("tries")
        .arg(given.tries)
        .arg("request_id")
        .arg(
            given
                .request_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
        )
        .arg("data")
        .arg(&given.data)
        .ignore();
}

/// A dead letter with what was given up.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) told: DeadLetter,
    data: Vec<u8>,
}

impl Letter {
    /// The event that was given up; none if it cannot be read.
    pub(crate) fn event(&self) -> Option<Event> {
        serde_json::from_slice(&self.data).ok()
    }
}

/// How many there are.
pub(crate) async fn count(connection: &mut MultiplexedConnection, key: &str) -> RedisResult<u64> {
    redis::cmd("XLEN").arg(key).query_async(connection).await
}

/// The latest, the newest first; none of those up to the letter `after`.
pub(crate) async fn latest(
    connection: &mut MultiplexedConnection,
    key: &str,
    (after, most): (Option<&str>, usize),
) -> RedisResult<Vec<DeadLetter>> {
    let mut command = redis::cmd("XREVRANGE");
    let after = after.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
    command.arg(key).arg("+").arg(after).arg("COUNT").arg(most);
    let letters = read(command.query_async(connection).await?)?;
    Ok(letters.into_iter().map(|letter| letter.told).collect())
}

/// Those from `from` on, the oldest first.
pub(crate) async fn oldest(
    connection: &mut MultiplexedConnection,
    key: &str,
    (from, most): (&str, usize),
) -> RedisResult<Vec<Letter>> {
    let mut command = redis::cmd("XRANGE");
    command.arg(key).arg(from).arg("+").arg("COUNT").arg(most);
    read(command.query_async(connection).await?)
}

/// Takes letters away; gives how many there were of them.
pub(crate) async fn drop_these(
    connection: &mut MultiplexedConnection,
    key: &str,
    ids: &[String],
) -> RedisResult<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    redis::cmd("XDEL")
        .arg(key)
        .arg(ids)
        .query_async(connection)
        .await
}

fn read(list: Value) -> RedisResult<Vec<Letter>> {
    let Value::Array(items) = list else {
        return Ok(Vec::new());
    };
    items.into_iter().map(letter).collect()
}

fn letter(item: Value) -> RedisResult<Letter> {
    let mut parts = Vec::<Value>::from_redis_value(item)?.into_iter();
    let id: String = from_redis_value(parts.next().unwrap_or(Value::Nil))?;
    let fields: Vec<Vec<u8>> = match parts.next() {
        Some(Value::Nil) | None => Vec::new(),
        Some(fields) => from_redis_value(fields)?,
    };
    let field = |wanted: &str| {
        let mut pairs = fields.chunks_exact(2);
        pairs.find_map(|pair| match pair {
            [name, value] if name == wanted.as_bytes() => Some(value.as_slice()),
            _ => None,
        })
    };
    let text = |wanted| field(wanted).map(|value| String::from_utf8_lossy(value).into_owned());
    let data = field("data").unwrap_or_default();
    let request_id = match field("request_id") {
        Some(id) => Uuid::try_parse_ascii(id).ok(),
        // One that an older weir gave up.
        None => serde_json::from_slice(data)
            .ok()
            .map(|event: Event| event.request_id),
    };
    Ok(Letter {
        data: data.to_vec(),
        told: DeadLetter {
            request_id,
            at: text("at")
                .and_then(|at| at.parse().ok())
                .or_else(|| super::time_of(&id))
                .unwrap_or_default(),
            reason: text("reason").unwrap_or_default(),
            tries: text("tries")
                .and_then(|tries| tries.parse().ok())
                .unwrap_or(0),
            id,
        },
    })
}

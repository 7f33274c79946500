//! The readers of a group as Redis knows them: it keeps each until somebody takes it off.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value, from_redis_value};

/// How long a reader must not have been seen, besides what one read may wait, to be taken for gone.
pub(super) const GONE: Duration = Duration::from_secs(24 * 3600);

/// A stream and a group of it.
type Place<'a> = (&'a str, &'a str);

/// Takes readers off the group, but for `own`, that have not been seen for `idle` and hold nothing:
/// who was killed could not leave. Gives their names.
pub(super) async fn sweep(
    connection: &mut MultiplexedConnection,
    place: Place<'_>,
    (own, idle): (&str, Duration),
) -> RedisResult<Vec<String>> {
    let mut ask = redis::cmd("XINFO");
    ask.arg("CONSUMERS").arg(place.0).arg(place.1);
    let readers: Vec<HashMap<String, Value>> = ask.query_async(connection).await?;
    let mut gone = Vec::new();
    for mut reader in readers {
        let mut take = |name: &str| reader.remove(name).unwrap_or(Value::Nil);
        let name: String = from_redis_value(take("name"))?;
        let pending: u64 = from_redis_value(take("pending"))?;
        let silent = Duration::from_millis(from_redis_value(take("idle"))?);
        if name != own && pending == 0 && silent >= idle {
            remove(connection, place, &name).await?;
            gone.push(name);
        }
    }
    Ok(gone)
}

/// Takes a reader off the group if it holds nothing. Gives whether it did.
pub(super) async fn leave(
    connection: &mut MultiplexedConnection,
    place: Place<'_>,
    own: &str,
) -> RedisResult<bool> {
    let mut pending = redis::cmd("XPENDING");
    pending.arg(place.0).arg(place.1).arg("-").arg("+");
    let held: Vec<Value> = pending.arg(1).arg(own).query_async(connection).await?;
    if held.is_empty() {
        remove(connection, place, own).await?;
    }
    Ok(held.is_empty())
}

/// What the reader holds nobody would get any more.
async fn remove(
    connection: &mut MultiplexedConnection,
    place: Place<'_>,
    name: &str,
) -> RedisResult<()> {
    let mut remove = redis::cmd("XGROUP");
    remove
        .arg("DELCONSUMER")
        .arg(place.0)
        .arg(place.1)
        .arg(name);
    remove.query_async::<u64>(connection).await.map(drop)
}

#[cfg(test)]
mod tests;

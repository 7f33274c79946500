//! What the gateway tells the stream, behind a queue, so that a Redis that is slow or away holds no
//! request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio_util::sync::CancellationToken;
use weir_core::event::Event;
use weir_core::settings::RedisBus;

use super::{ANSWER, PUBLISHING};
use crate::link::{Outage, Store};
use crate::status::{StreamState, add};

/// Events in one round trip.
const AT_ONCE: usize = 64;
/// Bytes of events after which no more go in one round trip.
const AT_ONCE_BYTES: usize = 4 << 20;

/// Tells the stream of what is put into the queue.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) bus: RedisBus,
    pub(crate) store: Store,
    pub(crate) state: Arc<StreamState>,
}

impl Publisher {
    /// Publishes until `closing` is cancelled and the queue is empty.
    pub(crate) async fn run(self, closing: CancellationToken) {
        let mut outage = Outage::new(self.store.address(), PUBLISHING);
        loop {
            let ended = self.session(&closing, &mut outage).await;
            self.state.connected.store(false, Ordering::Relaxed);
            match ended {
                Ok(()) => return,
                Err(error) => outage.begins(&error),
            }
            tokio::time::sleep(outage.pause()).await;
        }
    }

    /// One connection, until it fails or all is said.
    async fn session(&self, closing: &CancellationToken, outage: &mut Outage) -> RedisResult<()> {
        let queue = &self.state.queue;
        let mut connection = self.store.connect(ANSWER).await?;
        let _pong: String = redis::cmd("PING").query_async(&mut connection).await?;
        // Only a Redis that takes events is of use.
        self.tell_waiting(&mut connection).await?;
        self.state.connected.store(true, Ordering::Relaxed);
        outage.ends();
        loop {
            tokio::select! {
                () = queue.filled() => {}
                () = closing.cancelled(), if queue.is_empty() => {
                    if queue.is_empty() {
                        return Ok(());
                    }
                }
                // A server that went away is noticed before there is something to say.
                () = tokio::time::sleep(Duration::from_secs(5)) => {
                    let _pong: String = redis::cmd("PING").query_async(&mut connection).await?;
                }
            }
            self.tell_waiting(&mut connection).await?;
        }
    }

    /// Tells all that waits. What the stream has leaves the queue at once, so that a failure has
    /// nothing told twice that was told.
    async fn tell_waiting(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        loop {
            let (pipe, count) = self.pipe(&self.state.queue.first(AT_ONCE));
            if count == 0 {
                return Ok(());
            }
            pipe.exec_async(connection).await?;
            self.state.queue.told(count);
            add(&self.state.published, count);
        }
    }

    /// As many of `events` as go in one round trip, and how many those are.
    fn pipe(&self, events: &[Arc<Event>]) -> (redis::Pipeline, usize) {
        let mut pipe = redis::pipe();
        let (mut count, mut bytes) = (0, 0);
        for event in events {
            // What cannot be written as JSON cannot be told to anybody; there is no such event.
            let data = serde_json::to_vec(&**event).unwrap_or_default();
            bytes += data.len();
            count += 1;
            let add = pipe.cmd("XADD").arg(&self.bus.stream);
            if let Some(most) = self.bus.max_len {
                add.arg("MAXLEN").arg("~").arg(most);
            }
            add.arg("*").arg("data").arg(data).ignore();
            if bytes > AT_ONCE_BYTES {
                break;
            }
        }
        (pipe, count)
    }
}

#[cfg(test)]
mod tests;

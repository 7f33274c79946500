//! Dead letters in Redis, for whoever looks after them: to be listed, offered again or dropped.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use weir_core::event::DeadLetter;
use weir_core::settings::{RedisBus, Sink};

use crate::link::Store;
use crate::sink::Outcome;
use crate::sinks;
use crate::stream::letters::{self, Letter};

/// How long Redis may take.
const ANSWER: Duration = Duration::from_secs(30);
/// Letters that are read at once.
const AT_ONCE: usize = 100;

/// The dead letters of one sink.
#[derive(Debug)]
pub struct DeadLetters {
    connection: MultiplexedConnection,
    key: String,
    sink: Arc<Sink>,
}

/// What came of offering dead letters again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Those that the sink has now; they are dead letters no more.
    pub delivered: u64,
    /// Those that it did not take, or that cannot be read.
    pub left: u64,
    /// Why it did not take the last of them.
    pub why: Option<String>,
    /// Ids that were asked for and that no dead letter of the sink has.
    pub unknown: Vec<String>,
}

impl DeadLetters {
    /// Those of `sink` on `bus`.
    ///
    /// # Errors
    /// When Redis cannot be used; in words for an operator.
    pub async fn open(bus: &RedisBus, sink: &Arc<Sink>) -> Result<Self, String> {
        let store = Store::at(&bus.url).map_err(|wrong| format!("`{}`: {wrong}", bus.url_from))?;
        let address = store.address();
        let connection = store.connect(ANSWER).await;
        Ok(Self {
            connection: connection
                .map_err(|error| format!("Redis at {address} cannot be used: {error}"))?,
            key: letters::key(&bus.stream, &sink.name),
            sink: Arc::clone(sink),
        })
    }

    /// The latest `most`, the newest first.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn list(&mut self, most: usize) -> Result<Vec<DeadLetter>, String> {
        let read = letters::latest(&mut self.connection, &self.key, (None, most)).await;
        read.map_err(|error| words(&error))
    }

    /// Drops those of these ids, or all; gives how many.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn drop_all(&mut self, ids: &[String]) -> Result<u64, String> {
        if !ids.is_empty() {
            return letters::drop_these(&mut self.connection, &self.key, ids)
                .await
                .map_err(|error| words(&error));
        }
        let count = letters::count(&mut self.connection, &self.key).await;
        let count = count.map_err(|error| words(&error))?;
        let mut command = redis::cmd("DEL");
        let command = command.arg(&self.key);
        let _gone: u64 = command
            .query_async(&mut self.connection)
            .await
            .map_err(|error| words(&error))?;
        Ok(count)
    }

    /// Offers those of these ids, or all, to the sink once more, each once. What it takes is a dead
    /// letter no more.
    ///
    /// # Errors
    /// When Redis fails, or the sink cannot be made.
    pub async fn retry(&mut self, ids: &[String]) -> Result<Retried, String> {
        let sink = sinks::build(&self.sink)?;
        let mut retried = Retried {
            unknown: ids.to_vec(),
            ..Retried::default()
        };
        let mut from = "-".to_owned();
        loop {
            let place = (from.as_str(), AT_ONCE);
            let read = letters::oldest(&mut self.connection, &self.key, place).await;
            let read = read.map_err(|error| words(&error))?;
            let Some(last) = read.last() else {
                return Ok(retried);
            };
            from = format!("({}", last.told.id);
            let wanted = |one: &&Letter| ids.is_empty() || ids.contains(&one.told.id);
            let (mut ids, mut events) = (Vec::new(), Vec::new());
            for one in read.iter().filter(wanted) {
                retried.unknown.retain(|id| *id != one.told.id);
                match one.event() {
                    Some(event) => {
                        ids.push(one.told.id.clone());
                        events.push(Arc::new(event));
                    }
                    None => retried.left += 1,
                }
            }
            for (ids, events) in ids
                .chunks(self.sink.batch_size.max(1))
                .zip(events.chunks(self.sink.batch_size.max(1)))
            {
                let outcomes = sink.deliver(events).await;
                let done = self.taken(ids, outcomes, &mut retried);
                letters::drop_these(&mut self.connection, &self.key, &done)
                    .await
                    .map_err(|error| words(&error))?;
            }
        }
    }

    fn taken(&self, ids: &[String], outcomes: Vec<Outcome>, retried: &mut Retried) -> Vec<String> {
        let mut done = Vec::new();
        let mut outcomes = outcomes.into_iter();
        for id in ids {
            match outcomes.next() {
                Some(Outcome::Delivered | Outcome::Skipped) => {
                    retried.delivered += 1;
                    done.push(id.clone());
                }
                Some(Outcome::Later { why, .. } | Outcome::Refused { why }) => {
                    retried.left += 1;
                    retried.why = Some(why);
                }
                None => retried.left += 1,
            }
        }
        done
    }
}

fn words(error: &RedisError) -> String {
    format!("Redis: {error}")
}

//! A Redis of a test's own, and what tests ask it.

use std::time::Duration;

use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;
use tokio::time::Instant;
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::{RedisBus, Start};

use crate::link::Store;
use crate::redis_server::Redis;

/// Nobody gives up because the machine is slow.
pub(super) const PATIENT: Duration = Duration::from_secs(30);

pub(super) struct Server(Redis);

impl Server {
    pub(super) fn start() -> Self {
        Self(Redis::start())
    }

    pub(super) fn store(&self) -> Store {
        Store::at(&Secret::new(self.0.url())).unwrap()
    }

    pub(super) async fn connect(&self) -> MultiplexedConnection {
        self.store().connect(PATIENT).await.unwrap()
    }

    pub(super) fn bus(&self) -> RedisBus {
        RedisBus {
            url: Secret::new(self.0.url()),
            url_from: "events.redis_url",
            stream: "events".to_owned(),
            max_len: None,
            consumer: None,
            start: Start::Oldest,
            read_batch: 100,
            block: Duration::from_millis(200),
            claim_after: PATIENT,
            max_dead: 1000,
        }
    }

    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        command: &[&str],
    ) -> T {
        let (name, args) = command.split_first().unwrap();
        let mut command = redis::cmd(name);
        command.arg(args);
        command.query_async(connection).await.unwrap()
    }

    /// Puts an event into the stream.
    pub(super) async fn add(&self, connection: &mut MultiplexedConnection) {
        let data = serde_json::to_string(&Event::default()).unwrap();
        let add = ["XADD", "events", "*", "data", &data];
        let _id: String = self.ask(connection, &add).await;
    }

    /// Waits until readers of the group `log` hold so many.
    pub(super) async fn until_pending(&self, connection: &mut MultiplexedConnection, count: u64) {
        let held = async {
            loop {
                let mut ask = redis::cmd("XPENDING");
                let said = ask.arg("events").arg("log").query_async(connection).await;
                // The group may not be there yet.
                let said: Vec<redis::Value> = said.unwrap_or_default();
                let pending = said.into_iter().next().map(u64::from_redis_value);
                if pending.is_some_and(|pending| pending.unwrap() == count) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENT, held).await.unwrap();
    }

    /// How long it takes until it has been connected to so many times more.
    pub(super) async fn time_of_connections(
        &self,
        connection: &mut MultiplexedConnection,
        count: u64,
    ) -> Duration {
        let started = Instant::now();
        let before = self.figure(connection, "total_connections_received").await;
        let counted = async {
            while self.figure(connection, "total_connections_received").await < before + count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENT, counted).await.unwrap();
        started.elapsed()
    }

    /// Bytes that it has sent.
    pub(super) async fn sent(&self, connection: &mut MultiplexedConnection) -> u64 {
        self.figure(connection, "total_net_output_bytes").await
    }

    async fn figure(&self, connection: &mut MultiplexedConnection, name: &str) -> u64 {
        let info: String = self.ask(connection, &["INFO", "stats"]).await;
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(known, _)| *known == name).unwrap();
        value.parse().unwrap()
    }
}

//! The way to a Redis or Valkey: its address, a connection with bounds of time, and patience while
//! it is away.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};
use tokio::time::Instant;
use weir_core::secret::Secret;

/// How long a server may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// Time between two tries to connect, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A Redis or Valkey that others use too.
#[derive(Clone)]
pub struct Store {
    url: Secret,
    client: redis::Client,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client knows the password.
        f.write_str("Store")
    }
}

/// Whether it is the same address.
impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Store {
    /// The one at `url`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the address cannot be one; the text does not repeat it.
    pub fn at(url: &Secret) -> Result<Self, String> {
        let client =
            redis::Client::open(url.expose()).map_err(|error| error.category().to_owned())?;
        Ok(Self {
            url: url.clone(),
            client,
        })
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    /// A connection that waits for answers no longer than `answer`.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn connect(&self, answer: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(answer));
        let client = &self.client;
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

/// A time without the server: it is said once that it begins, and once that it is over.
#[derive(Debug)]
pub struct Outage {
    address: String,
    words: Words,
    since: Option<Instant>,
    pause: Duration,
}

/// What is said of an outage.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// What the server is for, and "are", such as `signatures are`.
    pub what: &'static str,
    /// What happens to it, such as `shared`.
    pub done: &'static str,
    /// What happens meanwhile, after a semicolon.
    pub meanwhile: &'static str,
}

impl Outage {
    /// None yet.
    #[must_use]
    pub fn new(address: String, words: Words) -> Self {
        Self {
            address,
            words,
            since: None,
            pause: PAUSE.0,
        }
    }

    /// Whether there is one.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    /// The server cannot be used.
    pub fn begins(&mut self, error: &redis::RedisError) {
        let (address, Words { what, done, .. }) = (&self.address, self.words);
        if self.since.is_some() {
            tracing::debug!(address, %error, "{what} still not {done}");
            return;
        }
        self.since = Some(Instant::now());
        tracing::warn!(address, %error,
            "{what} not {done}: the store cannot be used; {}", self.words.meanwhile);
    }

    /// The server is of use.
    pub fn ends(&mut self) {
        let (address, Words { what, done, .. }) = (&self.address, self.words);
        self.pause = PAUSE.0;
        match self.since.take() {
            None => tracing::info!(address, "{what} {done}"),
            Some(since) => {
                let seconds = since.elapsed().as_secs();
                tracing::info!(address, seconds, "{what} {done} again");
            }
        }
    }

    /// How long to wait before the next try.
    pub fn pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSE.1);
        pause
    }
}

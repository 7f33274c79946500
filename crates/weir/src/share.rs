//! Signatures that several gateways remember together, by a Redis or Valkey between them. Each goes
//! by its own memory (`core/vault`); what one learns the others take over a moment later. No request
//! waits for any of this.

mod entry;

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use prometheus_client::registry::Registry;
use redis::Cmd;
use tokio::sync::watch;
use weir_core::settings::Settings;
use weir_core::vault::{News, Vault};
use weir_events::link::{Store, Words};
use weir_proxy::clock::now;

use crate::stream::{self, Counts, Fields, Heard, Link, Party, Queue, Weighs};

/// How long what was learnt last may take to be told before the gateway ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// The store that `settings` name, if they do. Nothing is connected yet.
///
/// # Errors
/// When the address cannot be one; the text does not repeat it.
pub(crate) fn store_of(settings: &Settings) -> anyhow::Result<Option<Store>> {
    let url = settings.shared.redis_url.as_ref();
    url.map(|url| Store::at(url).map_err(|wrong| anyhow!("`shared.redis_url`: {wrong}")))
        .transpose()
}

/// What is shared with whom.
#[derive(Debug)]
pub(crate) struct Share(Link<Signatures>);

/// What tells signatures, and hears of them.
#[derive(Debug)]
pub(crate) struct Signatures {
    vault: Arc<Vault>,
    queue: Arc<Queue<News>>,
    counts: Arc<Counts>,
    /// Tells this gateway's own entries from others'.
    node: String,
}

impl Share {
    /// Shares what `vault` learns, once there is a store.
    pub(crate) fn new(vault: Arc<Vault>) -> Self {
        let counts = Arc::new(Counts::default());
        let queue = Arc::new(Queue::new(Arc::clone(&counts)));
        let into = Arc::clone(&queue);
        vault.on_new(Box::new(move |news| into.push(news)));
        Self(Link::new(Arc::new(Signatures {
            vault,
            queue,
            counts,
            node: uuid::Uuid::now_v7().simple().to_string(),
        })))
    }

    /// Shares by `store` from now on, or no longer. The same as before changes nothing.
    pub(crate) fn by(&self, store: Option<Store>) {
        self.0.party.queue.open(store.is_some());
        self.0.by(store);
    }

    /// The store, for whatever else is shared by it.
    pub(crate) fn store(&self) -> watch::Receiver<Option<Store>> {
        self.0.store()
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(&self, registry: &mut Registry) {
        let names = ("shared_signatures", "Signatures");
        stream::show(&self.0.party.counts, names, registry);
    }

    /// The task that does it; it never ends by itself.
    pub(crate) fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.run()
    }

    /// Waits, not for long, until what was learnt has been told.
    pub(crate) async fn farewell(&self) {
        let Signatures { counts, queue, .. } = &*self.0.party;
        if counts.is_connected() {
            let told = tokio::time::timeout(FAREWELL, queue.emptied());
            if told.await.is_err() {
                tracing::debug!("some signatures were not shared before the end");
            }
        }
    }
}

impl Weighs for News {
    fn size(&self) -> usize {
        Self::size(self)
    }
}

impl Party for Signatures {
    const STREAM: &'static str = entry::STREAM;
    const WORDS: Words = Words {
        what: "signatures are",
        done: "shared",
        meanwhile: "this gateway goes by its own memory",
    };

    fn node(&self) -> &str {
        &self.node
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn looks_back(&self) -> Duration {
        self.vault.ttl()
    }

    async fn some(&self) {
        self.queue.some().await;
    }

    fn batch(&self) -> Vec<Cmd> {
        let batch = self.queue.batch_now();
        let commands = batch.iter().map(|news| entry::write(news, &self.node));
        commands.collect()
    }

    fn told(&self, count: usize) {
        self.queue.told(count);
    }

    fn hear(&self, age_ms: u64, fields: &Fields) -> Heard {
        let news = entry::read(fields);
        match news.is_some_and(|news| self.vault.adopt(&news, age_ms, now())) {
            true => Heard::New,
            false => Heard::Senseless,
        }
    }
}

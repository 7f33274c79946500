//! What several gateways tell each other over streams of a Redis or Valkey between them: signatures,
//! hints, and what the live feed shows. No request waits for any of this.
//!
//! Signatures they remember together. Each goes by its own memory (`core/vault`); what one learns the
//! others take over a moment later.

mod entry;

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use arc_swap::ArcSwap;
use prometheus_client::registry::Registry;
use redis::Cmd;
use tokio::sync::watch;
use weir_core::settings::{self, Settings};
use weir_core::vault::{News, Vault};
use weir_events::link::{Store, Words};
use weir_proxy::Snapshot;
use weir_proxy::clock::now;
use weir_store::{Reader, Recorder};

use crate::hints::Hints;
use crate::live::Live;
use crate::nodes;
use crate::stream::{self, Counts, Fields, Heard, Link, Party, Queue, Weighs};
use crate::tenants;

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
pub(crate) struct Share {
    signatures: Link<Signatures>,
    hints: Hints,
    /// The live feed of all.
    pub(crate) live: Live,
}

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
    /// Shares what `node` learns with the providers of `snapshot` and the keys of `tenants`, and what it
    /// takes, once there is a store.
    pub(crate) fn new(
        snapshot: &Arc<ArcSwap<Snapshot>>,
        node: &nodes::Registry,
        tenants: Option<&tenants::Keeper>,
    ) -> Self {
        let tenants = tenants.map(|keeper| Arc::clone(&keeper.tenants));
        Self {
            signatures: Signatures::of(Arc::clone(&snapshot.load().fleet.memories.vault)),
            hints: Hints::new(node, snapshot, tenants),
            live: Live::new(node, &Arc::default()),
        }
    }

    /// Shares what `wanted` says by `store` from now on, or no longer. The same as before changes
    /// nothing.
    pub(crate) fn by(&self, store: Option<Store>, wanted: &settings::Shared) {
        self.hints.by(store.clone().filter(|_| wanted.hints));
        self.live.by(store.clone().filter(|_| wanted.live));
        self.signatures.party.queue.open(store.is_some());
        self.signatures.by(store);
    }

    /// The store, for whatever else is shared by it.
    pub(crate) fn store(&self) -> watch::Receiver<Option<Store>> {
        self.signatures.store()
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(&self, registry: &mut Registry) {
        let names = ("shared_signatures", "Signatures");
        stream::show(&self.signatures.party.counts, names, registry);
        self.hints.show(registry);
        self.live.show(registry);
    }

    /// The task that does it; it never ends by itself. What `store` takes is told with the prices of
    /// `reader`.
    pub(crate) fn run(
        &self,
        store: &Recorder,
        reader: Reader,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (signatures, hints) = (self.signatures.run(), self.hints.run());
        let live = self.live.run(store, reader);
        async move {
            tokio::join!(signatures, hints, live);
        }
    }

    /// Waits, not for long, until the signatures that were learnt have been told.
    pub(crate) async fn farewell(&self) {
        let Signatures { counts, queue, .. } = &*self.signatures.party;
        if counts.is_connected() {
            let told = tokio::time::timeout(FAREWELL, queue.emptied());
            if told.await.is_err() {
                tracing::debug!("some signatures were not shared before the end");
            }
        }
    }
}

impl Signatures {
    /// Those that `vault` learns.
    fn of(vault: Arc<Vault>) -> Link<Self> {
        let counts = Arc::new(Counts::default());
        let queue = Arc::new(Queue::new(Arc::clone(&counts)));
        let into = Arc::clone(&queue);
        vault.on_new(Box::new(move |news| into.push(news)));
        Link::new(Arc::new(Self {
            vault,
            queue,
            counts,
            node: uuid::Uuid::now_v7().simple().to_string(),
        }))
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

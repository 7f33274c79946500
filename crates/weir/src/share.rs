//! Signatures that several gateways remember together, by a Redis or Valkey between them. Each goes
//! by its own memory (`core/vault`); what one learns the others take over a moment later. No request
//! waits for any of this.

mod counts;
mod entry;
mod link;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use weir_core::settings::Settings;
use weir_core::vault::Vault;

use self::counts::{Counts, SharedFigures};
use self::link::Link;
pub(crate) use self::link::{OWN_MEMORY, Outage, clock as time_ms, connect};
use self::queue::Queue;

/// How long what was learnt last may take to be told before the gateway ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// A Redis or Valkey that others use too.
#[derive(Clone)]
pub(crate) struct Store {
    url: weir_core::secret::Secret,
    client: redis::Client,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client knows the password.
        f.write_str("Store")
    }
}

impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Store {
    /// The one that `settings` name, if they do. Nothing is connected yet.
    ///
    /// # Errors
    /// When the address cannot be one; the text does not repeat it.
    pub(crate) fn of(settings: &Settings) -> anyhow::Result<Option<Self>> {
        settings.shared.redis_url.as_ref().map(Self::at).transpose()
    }

    /// The one at `url`.
    ///
    /// # Errors
    /// As [`Store::of`].
    pub(crate) fn at(url: &weir_core::secret::Secret) -> anyhow::Result<Self> {
        Self::named("shared.redis_url", url)
    }

    /// The one at `url`, which the setting `path` holds.
    ///
    /// # Errors
    /// As [`Store::of`].
    pub(crate) fn named(path: &str, url: &weir_core::secret::Secret) -> anyhow::Result<Self> {
        let client = redis::Client::open(url.expose())
            .map_err(|error| anyhow!("`{path}`: {}", error.category()))?;
        Ok(Self {
            url: url.clone(),
            client,
        })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }
}

/// What is shared with whom.
#[derive(Debug)]
pub(crate) struct Share {
    store: watch::Sender<Option<Store>>,
    vault: Arc<Vault>,
    queue: Arc<Queue>,
    counts: Arc<Counts>,
}

impl Share {
    /// Shares what `vault` learns, once there is a store.
    pub(crate) fn new(vault: Arc<Vault>) -> Self {
        let counts = Arc::new(Counts::default());
        let queue = Arc::new(Queue::new(Arc::clone(&counts)));
        let into = Arc::clone(&queue);
        vault.on_new(Box::new(move |news| into.push(news)));
        Self {
            store: watch::Sender::new(None),
            vault,
            queue,
            counts,
        }
    }

    /// Shares by `store` from now on, or no longer. The same as before changes nothing.
    pub(crate) fn by(&self, store: Option<Store>) {
        self.queue.open(store.is_some());
        self.store.send_if_modified(|current| {
            let differs = *current != store;
            if differs {
                *current = store;
            }
            differs
        });
    }

    /// The store, for whatever else is shared by it.
    pub(crate) fn store(&self) -> watch::Receiver<Option<Store>> {
        self.store.subscribe()
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(&self, registry: &mut Registry) {
        let figures = SharedFigures(Arc::clone(&self.counts));
        registry.register_collector(Box::new(figures));
    }

    /// The task that does it; it never ends by itself.
    pub(crate) fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        let link = Link::new(&self.vault, &self.queue, &self.counts);
        let mut store = self.store.subscribe();
        async move {
            loop {
                let current = store.borrow_and_update().clone();
                let changed = match &current {
                    None => store.changed().await,
                    Some(current) => tokio::select! {
                        changed = store.changed() => changed,
                        never = link.keep(current) => match never {},
                    },
                };
                link.disconnected();
                if changed.is_err() {
                    return;
                }
            }
        }
    }

    /// Waits, not for long, until what was learnt has been told.
    pub(crate) async fn farewell(&self) {
        if self.counts.is_connected() {
            let told = tokio::time::timeout(FAREWELL, self.queue.emptied());
            if told.await.is_err() {
                tracing::debug!("some signatures were not shared before the end");
            }
        }
    }
}

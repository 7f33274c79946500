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
use weir_events::link::Store;

use self::counts::{Counts, SharedFigures};
use self::link::Link;
pub(crate) use self::link::clock as time_ms;
use self::queue::Queue;

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

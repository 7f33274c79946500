//! The parts that a gateway is put together of.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use weir_core::health::Lifecycle;
use weir_core::identity::DEFAULT_KEY_HEADER;
use weir_core::settings::{CacheBackend, Settings};
use weir_events::link::Store;
use weir_proxy::{Cache, clock, listen, tls};
use weir_store::control::ControlStore;
use weir_store::{OnRemoved, Options, Recorder};

use crate::answers::{Answers, Shelf};
use crate::events::{self, Events};
use crate::figures::Figures;
use crate::nodes::Registry;
use crate::rawlog::{RawLog, Tee};
use crate::share::{Share, store_of};
use crate::tenants;

/// This node among the others, what they share, and what keeps tenants.
pub(super) type Met = (Present, Option<Store>, Option<Arc<tenants::Keeper>>);

/// A node that says that it lives until this is dropped.
#[derive(Debug)]
pub(super) struct Present {
    pub registry: Arc<Registry>,
    beating: AbortOnDropHandle<()>,
}

impl Present {
    /// Tells it to `store`.
    fn new(registry: Arc<Registry>, store: Option<Store>) -> Self {
        let (sender, told) = watch::channel(store);
        let run = registry.run(told);
        let beating = tokio::spawn(async move {
            run.await;
            // It would end without somebody who may name another store.
            drop(sender);
        });
        Self {
            registry,
            beating: AbortOnDropHandle::new(beating),
        }
    }

    /// Tells it to whichever `store` holds from now on.
    pub(super) fn follow(&mut self, store: watch::Receiver<Option<Store>>) {
        self.beating = AbortOnDropHandle::new(tokio::spawn(self.registry.run(store)));
    }

    /// Has the others of `store` know that this node is gone.
    pub(super) async fn farewell(self, store: Option<Store>) {
        drop(self.beating);
        self.registry.farewell(store).await;
    }
}

/// Meets the other nodes, if this one may be, and opens what keeps tenants.
pub(super) async fn meet(
    settings: &Arc<ArcSwap<Settings>>,
    server: Option<ControlStore>,
    (listening, lifecycle): (SocketAddr, &Arc<Lifecycle>),
) -> anyhow::Result<Met> {
    let nodes = Arc::new(Registry::new(&settings.load(), listening, lifecycle));
    let shared = store_of(&settings.load())?;
    nodes.may_be(shared.as_ref()).await?;
    // From here on, since what follows may take longer than a node is believed to live.
    let present = Present::new(nodes, shared.clone());
    let tenants = tenants::Keeper::open(settings, server).await?;
    present.registry.serves(tenants.as_ref());
    Ok((present, shared, tenants))
}

/// Where it listens, with the real port.
pub(super) fn bind(settings: &Settings) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = listen::bind(settings.server.listen)
        .with_context(|| format!("cannot listen on {}", settings.server.listen))?;
    let listening = listener.local_addr()?;
    Ok((listener, listening))
}

/// The certificate that clients are shown, if weir speaks TLS with them.
pub(super) fn certificate(settings: &Settings) -> anyhow::Result<Option<Arc<tls::Certificate>>> {
    let files = settings.server.tls.as_ref();
    let loaded = files.map(tls::Certificate::load).transpose()?;
    Ok(loaded.map(Arc::new))
}

pub(super) fn open_store(
    settings: &Arc<ArcSwap<Settings>>,
    nodes: &Registry,
    figures: Arc<Figures>,
    events: Option<&Events>,
) -> anyhow::Result<Recorder> {
    let for_prices = Arc::clone(settings);
    let settings = settings.load();
    Recorder::open(Options {
        db_path: settings.storage.db_path.clone(),
        capture: settings.capture.clone(),
        key_header: key_header(&settings),
        node: settings
            .storage
            .server
            .is_some()
            .then(|| nodes.name().into()),
        on_ended: Some(Box::new(move |summary| {
            figures.ended(summary, &for_prices.load().prices);
        })),
        follow: events.map(Events::follow),
        tuning: weir_store::Tuning::default(),
    })
    .map_err(|error| anyhow!(error))
}

/// Adds the figures of what is shared with other nodes, and told to others, to those of `/metrics`.
pub(super) fn show(
    (share, tenants, events): (&Share, Option<&tenants::Keeper>, Option<&Events>),
    registry: &mut prometheus_client::registry::Registry,
) {
    share.show(registry);
    if let Some(tenants) = tenants {
        tenants.show(registry);
    }
    events::show(events, registry);
}

/// What the data plane reports to: the store, and the raw log if there is one.
pub(super) fn recorder(
    settings: &Settings,
    store: &Recorder,
    registry: &mut prometheus_client::registry::Registry,
) -> anyhow::Result<Arc<dyn weir_core::exchange::Recorder>> {
    let Some(files) = &settings.raw_log else {
        return Ok(Arc::new(store.clone()));
    };
    let raw = RawLog::open(files.clone())
        .with_context(|| format!("capture.raw_log.path: {}", files.path.display()))?;
    raw.show(registry);
    let raw = Arc::new(raw);
    let forgotten = Arc::clone(&raw);
    store.when_removed(OnRemoved(Box::new(move || forgotten.forget())));
    let store = store.clone();
    Ok(Arc::new(Tee { store, raw }))
}

/// The header with credentials that nobody would take for one by its name.
pub(crate) fn key_header(settings: &Settings) -> Option<http::HeaderName> {
    let header = &settings.auth.api_key_header;
    (*header != DEFAULT_KEY_HEADER).then(|| header.clone())
}

pub(crate) fn limit(settings: &Settings) -> usize {
    settings
        .server
        .max_concurrent
        .map_or(0, std::num::NonZeroUsize::get)
}

/// The cache, whose figures are shown, and if others keep answers in the same place, what joins them.
pub(super) fn open_cache(
    settings: &Settings,
    registry: &mut prometheus_client::registry::Registry,
) -> anyhow::Result<(Arc<Cache>, Option<Arc<Answers>>)> {
    let (max_bytes, clock) = (settings.cache.max_bytes, Box::new(clock::now));
    let (cache, answers) = match settings.cache.backend {
        CacheBackend::Memory => (Cache::new(max_bytes, clock), None),
        CacheBackend::Redis => {
            let answers = Arc::new(Answers::new(max_bytes));
            answers.on(Shelf::of(settings)?);
            let cache = Cache::of(Arc::clone(&answers) as Arc<_>, max_bytes, clock);
            (cache, Some(answers))
        }
    };
    let cache = Arc::new(cache);
    cache.register(registry);
    Ok((cache, answers))
}

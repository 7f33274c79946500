//! What answers all requests: the data plane, and the API for people and pages beside it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use tokio::time::Instant;
use weir_admin::{Access, Admin, Caching, Control, Distant, Site, Transcripts};
use weir_core::event::EventsView;
use weir_core::health::Lifecycle;
use weir_core::identity::Gate;
use weir_core::settings::{Dashboard, Settings};
use weir_proxy::record::Sink;
use weir_proxy::{Cache, Gateway};
use weir_store::Recorder;

use crate::control::ApiControl;
use crate::figures::{self, Figures};
use crate::nodes::Registry;
use crate::reload::Reload;
use crate::steering::Steer;
use crate::tenants;

/// How the delivery of events is doing.
pub(super) type SeeEvents = Box<dyn Fn() -> EventsView + Send + Sync>;

/// What answers all requests: the data plane, and the API beside it.
pub(super) fn gateway(
    reload: &Arc<Reload>,
    (lifecycle, figures, events): (Arc<Lifecycle>, Arc<Figures>, SeeEvents),
    (sink, cache): (Sink, Arc<Cache>),
    (registry, tenants, nodes): (
        prometheus_client::registry::Registry,
        Option<&Arc<tenants::Keeper>>,
        &Arc<Registry>,
    ),
) -> Arc<Gateway> {
    let steer = Arc::new(Steer {
        reload: Arc::clone(reload),
        figures,
        lifecycle: Arc::clone(&lifecycle),
        started: Instant::now(),
        gateway: OnceLock::new(),
    });
    let admin = admin(
        &reload.settings,
        &reload.store,
        Arc::clone(&steer),
        (registry, tenants.map(tenants::Keeper::control)),
        (&cache, nodes, events, reload.share.live.distant()),
    );
    let api = weir_admin::router_with(admin, access(&reload.settings), Site::built_in());
    let gateway = Arc::new(Gateway {
        snapshot: Arc::clone(&reload.snapshot),
        sink,
        concurrency: Arc::clone(&reload.concurrency),
        rates: Arc::clone(&reload.rates),
        lifecycle,
        control: Arc::new(ApiControl(api)),
        tenants: tenants.map(|tenants| Arc::clone(&tenants.tenants)),
        cache,
    });
    // The gateway has the API, and the API the gateway.
    let _only_once = steer.gateway.set(Arc::downgrade(&gateway));
    gateway
}

fn admin(
    settings: &Arc<ArcSwap<Settings>>,
    store: &Recorder,
    steer: Arc<Steer>,
    (registry, control): (prometheus_client::registry::Registry, Option<Control>),
    (cache, nodes, events, distant): (&Arc<Cache>, &Arc<Registry>, SeeEvents, &Arc<Distant>),
) -> Arc<Admin> {
    let nodes = Arc::clone(nodes);
    let (for_required, for_url) = (Arc::clone(settings), Arc::clone(settings));
    let for_transcripts = Arc::clone(settings);
    Arc::new(Admin {
        store: store.clone(),
        reader: reader(store, settings),
        lifecycle: Arc::clone(&steer.lifecycle),
        capture_required: Box::new(move || for_required.load().capture.required),
        metrics: Box::new(move || figures::text(&registry)),
        public_url: Box::new(move || for_url.load().dashboard.proxy_public_url.clone()),
        transcripts: Transcripts::new(move || transcripts(&for_transcripts.load().dashboard)),
        steering: steer,
        control,
        cache: caching(settings, cache),
        nodes: Box::new(move || nodes.view()),
        distant: Arc::clone(distant),
        events,
    })
}

/// What the cache is managed by.
fn caching(settings: &Arc<ArcSwap<Settings>>, cache: &Arc<Cache>) -> Caching {
    let settings = Arc::clone(settings);
    let (viewed, told, purged) = (Arc::clone(cache), Arc::clone(cache), Arc::clone(cache));
    Caching {
        view: Box::new(move || viewed.view(settings.load().cache.enabled)),
        projects: Box::new(move || told.projects()),
        purge: Box::new(move |purge| {
            let cache = Arc::clone(&purged);
            Box::pin(async move { cache.purge(&purge).await })
        }),
    }
}

/// What reads the history, with the prices in force.
pub(super) fn reader(store: &Recorder, settings: &Arc<ArcSwap<Settings>>) -> weir_store::Reader {
    let settings = Arc::clone(settings);
    let reader = store.reader();
    reader.with_prices(move || Arc::clone(&settings.load().prices))
}

/// Where Claude Code keeps its transcripts; none when they are not to be shown.
fn transcripts(dashboard: &Dashboard) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let claude = || {
        let own = set("CLAUDE_CONFIG_DIR").map(PathBuf::from);
        own.or_else(|| Some(Path::new(&set("HOME")?).join(".claude")))
    };
    let dir = || dashboard.transcripts_dir.clone();
    let place = dir().or_else(|| Some(claude()?.join("projects")));
    place.filter(|_| dashboard.transcripts)
}

/// What the API's guard goes by, from the settings in force.
fn access(settings: &Arc<ArcSwap<Settings>>) -> Arc<dyn Fn() -> Access + Send + Sync> {
    let settings = Arc::clone(settings);
    Arc::new(move || {
        let settings = settings.load();
        let public = settings.dashboard.proxy_public_url.as_deref();
        let public = public.and_then(|url| url.parse::<http::Uri>().ok());
        let hosts = settings.server.allowed_hosts.iter().cloned();
        Access {
            password: settings.dashboard.password.clone(),
            managers: tenants::managers(&settings),
            tls: settings.server.tls.is_some(),
            trust_proxy: settings.server.trust_proxy,
            trusted_proxies: if settings.server.trust_proxy {
                settings.server.trusted_proxies.as_slice().into()
            } else {
                Arc::default()
            },
            gate: Arc::new(Gate::new(&settings.auth, settings.server.trust_proxy)),
            hosts: hosts
                .chain(public.and_then(|url| url.host().map(str::to_owned)))
                .collect(),
        }
    })
}

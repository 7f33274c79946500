//! Joins the parts and runs them: store, data plane, API, signals.

mod api;
mod parts;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use weir_core::health::Lifecycle;
use weir_core::limit::Concurrency;
use weir_core::settings::Settings;
use weir_proxy::listen::{Acceptor, Inbox, Worker};
use weir_proxy::record::{Held, Sink};
use weir_proxy::{Gateway, Metrics, Snapshot, probe, tls};
use weir_store::Recorder;
use weir_store::captures::Carrier;
use weir_store::control::{ControlStore, EditedSettings};

use self::api::{gateway, reader};
use self::parts::{Present, bind, certificate, meet, open_cache, open_store, recorder, show};
pub(crate) use self::parts::{key_header, limit};
use crate::carried;
use crate::cli::{Serve, Source};
use crate::config::{self, Found};
use crate::edits::{self, Edits};
use crate::events::{self, Events};
use crate::figures::{self, Figures};
use crate::rates;
use crate::reload::{Reload, Reloader};
use crate::share::Share;
use crate::shutdown::{Asked, Drained, Signals, ceiling, drain};
use crate::subagents::Keeper;
use crate::telemetry;
use crate::tenants;
use crate::watch::Watch;
use crate::{banner, workers};

/// How long connections may take to close once everything is answered.
const CLOSING: Duration = Duration::from_secs(1);
/// Longest wait for the store by which limits are shared before requests are taken without it.
const MEETING: Duration = Duration::from_millis(500);
/// How long answers on their way to the cache may take before it ends.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long what was captured last may take to be shipped to other nodes before it ends.
const SHIPPING: Duration = Duration::from_secs(2);
/// How often certificate files are looked at.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(5);

/// Runs `weir serve`.
///
/// # Errors
/// When the configuration is not valid, the address is taken, or the database is a newer weir's.
pub(crate) fn run(options: &Serve) -> anyhow::Result<ExitCode> {
    let flags = flags(options);
    let found = config::load(&options.source, &flags)?;
    workers::runtime()?.block_on(async {
        let (found, shared) = edited(found, &options.source, &flags).await?;
        let telemetry = telemetry::init(&found.loaded.settings.logging)?;
        for warning in &found.loaded.warnings {
            tracing::warn!("{warning}");
        }
        // Before anything is said, so that whoever reads it can signal.
        let signals = Signals::listen()?;
        let server = shared.as_ref().map(|(server, _)| server.clone());
        let running = Running::start_on(found.loaded.settings.clone(), server);
        let running = Box::pin(running).await?;
        let watched = found.file.clone().zip(found.text.clone());
        let edits = match shared {
            Some((server, known)) => Edits::shared(server, known),
            None => Edits::own(running.recorder()),
        };
        let reloader = Reloader::new(options.source.clone(), flags, found, (telemetry, edits));
        running.reload.set(reloader);
        running.until_closing(running.reload.follow());
        let _watch = watched.map(|(file, text)| running.watch(&file, text));
        // Last, so that whoever reads it can have the configuration read again.
        banner::print(&running.settings.load(), running.listening);
        running.until_told(signals).await
    })
}

/// The configuration with the edits that are kept, and the server that has them; none where this
/// node has its own.
async fn edited(
    found: Found,
    source: &Source,
    flags: &[(String, String)],
) -> anyhow::Result<(Found, Option<(ControlStore, EditedSettings)>)> {
    let server = edits::server(&found.loaded.settings.projects).await;
    let server = server.context("projects and tokens")?;
    let (own, warning) = config::stored_in(&found.loaded.settings.storage.db_path);
    let Some(server) = server else {
        let mut found = config::with_stored(found, source, flags, &own);
        found.loaded.warnings.extend(warning);
        return Ok((found, None));
    };
    let mut known = server.settings().await?;
    if known.version == 0 && !own.is_empty() {
        // From before there was a server: the first node brings what it was edited to.
        let edits = own.into_iter().map(|(path, value)| (path, Some(value)));
        server.edit_settings(0, &edits.collect()).await?;
        known = server.settings().await?;
    }
    let found = config::with_stored(found, source, flags, &known.values);
    Ok((found, Some((server, known))))
}

fn flags(options: &Serve) -> Vec<(String, String)> {
    let text = |key: &str, value: Option<String>| value.map(|value| (key.to_owned(), value));
    [
        text("server.host", options.host.clone()),
        text("server.port", options.port.map(|port| port.to_string())),
        text(
            "storage.db_path",
            options.db.as_ref().map(|path| path.display().to_string()),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A gateway that serves.
#[derive(Debug)]
pub(crate) struct Running {
    /// Where it listens, with the real port.
    pub listening: SocketAddr,
    settings: Arc<ArcSwap<Settings>>,
    gateway: Arc<Gateway>,
    store: Recorder,
    certificate: Option<Arc<tls::Certificate>>,
    workers: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
    tenants: Option<Arc<tenants::Keeper>>,
    present: Present,
    events: Option<Arc<Events>>,
    carrier: Option<Arc<Carrier>>,
    /// Reads the configuration again.
    pub reload: Arc<Reload>,
}

impl Running {
    /// Starts everything, within a runtime. The caller ends it by [`Running::until_told`] or [`Running::stop`].
    ///
    /// # Errors
    /// When the address is taken, a provider cannot be set up, or the database is a newer weir's.
    pub(crate) async fn start(settings: Settings) -> anyhow::Result<Self> {
        Box::pin(Self::start_on(settings, None)).await
    }

    /// The same with the server of projects, where that is open already.
    ///
    /// # Errors
    /// As [`Running::start`].
    async fn start_on(settings: Settings, server: Option<ControlStore>) -> anyhow::Result<Self> {
        let count = workers::count(settings.server.workers);
        let snapshot = Snapshot::build(&settings, count, None)?;
        let (listener, listening) = bind(&settings)?;
        let certificate = certificate(&settings)?;
        let (metrics, figures) = (Arc::<Metrics>::default(), Arc::<Figures>::default());
        let settings = Arc::new(ArcSwap::from_pointee(settings));
        let lifecycle = Arc::new(Lifecycle::default());
        let (present, shared, tenants) = meet(&settings, server, (listening, &lifecycle)).await?;
        let events = Events::start(&settings)?.map(Arc::new);
        let told = events.as_deref();
        let store = open_store(&settings, &present.registry, Arc::clone(&figures), told)?;
        let held = Arc::new(Held::new(settings.load().capture.queue_bytes));
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        let share = Share::new(&snapshot, &present.registry, tenants.as_deref());
        share.by(shared, &settings.load().shared);
        let parts = (&store, &lifecycle, &held);
        let mut registry = figures::registry(&metrics, &figures, &snapshot, parts);
        show((&share, tenants.as_deref(), told), &mut registry);
        let carrier = carried::carrier(&settings, &store, &present.registry.name(), &mut registry);
        let (cache, answers) = open_cache(&settings.load(), &mut registry)?;
        let sink = Sink {
            recorder: recorder(&settings.load(), &store, &mut registry)?,
            metrics,
            held: Arc::clone(&held),
        };
        let reload = Arc::new(Reload {
            snapshot,
            concurrency: Arc::new(Concurrency::new(limit(&settings.load()))),
            rates: rates::of(&settings.load().server, &mut registry),
            held,
            settings: Arc::clone(&settings),
            store: store.clone(),
            share,
            answers,
            events: events.clone(),
            subagents: Keeper::default(),
            workers: count,
            reloader: Mutex::default(),
            report: ArcSwap::default(),
        });
        let seen = (lifecycle, figures, events::view(told));
        let control = (registry, tenants.as_ref(), &present.registry);
        let gateway = gateway(&reload, seen, (sink, cache), control);
        let running = Self {
            listening,
            settings,
            gateway,
            store,
            certificate,
            workers: Vec::new(),
            shutdown: CancellationToken::new(),
            tenants,
            present,
            events,
            carrier,
            reload,
        };
        running.serving(listener, count).await
    }

    /// Takes connections of `listener` on so many threads.
    async fn serving(
        mut self,
        listener: std::net::TcpListener,
        count: usize,
    ) -> anyhow::Result<Self> {
        self.reload.follow_subagents();
        let (acceptor, inboxes) = Acceptor::new(listener, count)?;
        self.workers = self.start_workers(inboxes)?;
        self.start_shared().await;
        self.present.follow(self.reload.share.store());
        self.start_tasks(acceptor);
        Ok(self)
    }

    /// Starts what is kept with other nodes, and gives it the time to meet them.
    async fn start_shared(&self) {
        let answers = self.reload.answers.as_ref();
        if let Some(answers) = answers {
            self.until_closing(answers.run());
        }
        if let Some(tenants) = &self.tenants {
            tokio::spawn(tenants.run(self.reload.share.store()));
            if self.settings.load().shared.redis_url.is_some() {
                tenants.accounts.together(MEETING).await;
            }
        }
        if let Some(answers) = answers.filter(|_| self.settings.load().cache.enabled) {
            answers.together(MEETING).await;
        }
    }

    /// Starts what runs beside the workers.
    fn start_tasks(&self, acceptor: Acceptor) {
        self.until_closing(acceptor.run());
        let reader = reader(&self.store, &self.settings);
        self.until_closing(self.reload.share.run(&self.store, reader));
        if let Some(carrier) = &self.carrier {
            self.until_closing(Arc::clone(carrier).run());
        }
        let seed = std::process::id().into();
        self.until_closing(probe::run(Arc::clone(&self.reload.snapshot), seed));
    }

    /// Runs a task that ends with the gateway.
    fn until_closing(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.shutdown.clone();
        tokio::spawn(async move { closing.run_until_cancelled(task).await });
    }

    fn start_workers(&self, inboxes: Vec<Inbox>) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let tls = self
            .certificate
            .as_ref()
            .map(tls::Certificate::acceptor)
            .transpose()?;
        let settings = self.settings.load();
        Ok(workers::start(inboxes, |index| Worker {
            gateway: Arc::clone(&self.gateway),
            index,
            limits: (&settings.server).into(),
            tls: tls.clone(),
            shutdown: self.shutdown.clone(),
        })?)
    }

    /// Serves until a signal ends it; SIGHUP reads the configuration again.
    async fn until_told(self, mut signals: Signals) -> anyhow::Result<ExitCode> {
        let mut check = tokio::time::interval(CERTIFICATE_CHECK);
        let asked = loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::Reload => drop(self.reload.by("SIGHUP")),
                    asked => break asked,
                },
                _ = check.tick(), if self.certificate.is_some() => self.check_certificate(),
            }
        };
        let ceiling = ceiling(asked, &self.settings.load().server);
        let drained = drain(&self.gateway.lifecycle, &mut signals, ceiling).await;
        let stopped = tokio::select! {
            () = self.stop() => drained,
            _ = signals.end() => {
                tracing::warn!("signalled again; captures that were not written are lost");
                Drained::CutOff
            }
        };
        Ok(match stopped {
            Drained::Clean => ExitCode::SUCCESS,
            Drained::CutOff => ExitCode::FAILURE,
        })
    }

    /// Waits until every request is answered, but no longer than `most`.
    pub(crate) async fn settled(&self, most: Duration) {
        let waited = Instant::now();
        while self.gateway.lifecycle.in_flight() > 0 && waited.elapsed() < most {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What keeps captures.
    pub(crate) fn recorder(&self) -> Recorder {
        self.store.clone()
    }

    /// What reads the captures, once all there are by now are written.
    pub(crate) async fn captured(&self) -> weir_store::Reader {
        self.store.flush().await;
        reader(&self.store, &self.settings)
    }

    /// Closes connections and writes what was captured.
    pub(crate) async fn stop(self) {
        self.reload.share.farewell().await;
        if let Some(answers) = &self.reload.answers {
            answers.farewell(FAREWELL).await;
        }
        self.shutdown.cancel();
        let closed = async {
            while self.workers.iter().any(|worker| !worker.is_finished()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // Followers of the live feed stay until they are cut off.
        if tokio::time::timeout(CLOSING, closed).await.is_err() {
            tracing::debug!("connections are cut off");
        }
        if let Some(tenants) = &self.tenants {
            tenants.farewell().await;
        }
        if let Some(carrier) = &self.carrier {
            carrier.farewell(SHIPPING).await;
        }
        self.store.shutdown().await;
        if let Some(events) = self.events {
            events.stop().await;
        }
        let shared = self.reload.share.store().borrow().clone();
        self.present.farewell(shared).await;
        tracing::info!("stopped");
    }

    /// Reads the configuration again whenever `file` no longer holds `text`, for as long as the watch
    /// lives.
    fn watch(&self, file: &Path, text: String) -> Option<Watch> {
        let reload = Arc::clone(&self.reload);
        match Watch::start(file, text.into_bytes(), move || {
            drop(reload.by("file change"));
        }) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, file = %file.display(),
                    "the configuration file is not watched; SIGHUP or `weir config reload` still work");
                None
            }
        }
    }

    fn check_certificate(&self) {
        match self
            .certificate
            .as_ref()
            .map(|certificate| certificate.reload_if_changed())
        {
            Some(Ok(true)) => tracing::info!("a new certificate is served"),
            Some(Err(error)) => tracing::warn!(%error, "the changed certificate is not used"),
            Some(Ok(false)) | None => {}
        }
    }
}

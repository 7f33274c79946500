//! Tenants of the running gateway: read from their store, read again when they change, and what
//! they use written back.

mod trust;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::MissedTickBehavior;
use weir_admin::{AdminToken, Control, Role};
use weir_core::control::Code;
use weir_core::settings::{ControlDatabase, Settings};
use weir_events::link::Store;
use weir_proxy::clock::now;
use weir_proxy::tenants::{Denied, Tenants};
use weir_store::control::{By, ControlError, ControlStore, Event, Outcome, Seal};

use self::trust::{Trust, TrustFigures};
use crate::accounts::{Accounts, Phase, Times, Unwritten};
use crate::audit_file::AuditFile;

/// How often it is looked whether somebody else has changed something: where others may, in a server,
/// and in a file, which commands alone may. A token that was revoked elsewhere works for little longer.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(250));
/// How often what was used is written down: what a process that is killed forgets at most.
const WRITE: Duration = Duration::from_millis(100);
/// How often answers that are kept for requests sent again are looked through for old ones.
const SWEEP: Duration = Duration::from_secs(600);
/// How often what others have written down is read, where limits are shared, and where they should
/// be but cannot.
const READ: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));
/// How long the store that limits are shared by may take for the last that it is told.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Refusals that wait for the audit; more are counted and dropped.
const MAX_REFUSALS: usize = 1024;
/// Refusals that are written down at once.
const AT_ONCE: usize = 64;
/// Longest wait for the last of it when the gateway ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// What was used and is to be written down.
#[derive(Debug, Default)]
struct Unsaved {
    /// Of limits, caps and budgets.
    used: Unwritten,
    /// Answers from the cache, by token.
    hits: HashMap<uuid::Uuid, u64>,
}

/// What was read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// The number of changes that are in it.
    version: i64,
    /// Whether tokens of projects that are switched off are refused.
    enforce_active: bool,
}

/// What keeps tenants.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// What the data plane asks.
    pub tenants: Arc<Tenants>,
    store: ControlStore,
    /// What they used.
    pub accounts: Arc<Accounts>,
    settings: Arc<ArcSwap<Settings>>,
    trust: Arc<Trust>,
    reading: Trouble,
    writing: Trouble,
    comparing: Trouble,
    /// The audit as a file, where it is wanted.
    audit_file: Option<Arc<AuditFile>>,
    /// What is known; held while it is read.
    seen: Mutex<Seen>,
    stop: Notify,
    /// The task has ended, with everything written.
    ended: Notify,
    /// Refusals that are not in the audit.
    untold: Counter,
    telling: Trouble,
}

impl Keeper {
    /// Opens the store that the settings name, if there are tenants at all and it is not `server`, which
    /// is open already, and reads it.
    ///
    /// # Errors
    /// When it cannot be had, or its keys cannot be opened.
    pub(crate) async fn open(
        all: &Arc<ArcSwap<Settings>>,
        server: Option<ControlStore>,
    ) -> anyhow::Result<Option<Arc<Self>>> {
        let loaded = all.load();
        let settings = &loaded.projects;
        if !settings.enabled {
            return Ok(None);
        }
        let older = settings.older_encryption_key.clone();
        let seal = Seal::new(settings.encryption_key.as_ref(), older.as_slice())?;
        if !seal.is_on() {
            tracing::warn!(
                "providers' keys of projects are stored as they are; set `projects.encryption_key`"
            );
        }
        let store = match server {
            Some(server) => server,
            None => {
                let opened = ControlStore::open(&settings.database, seal).await;
                opened.context("projects and tokens")?
            }
        };
        let audit_file = settings.audit_file.clone();
        let audit_file = audit_file.map(|files| AuditFile::new(store.clone(), files));
        let accounts = Arc::new(Accounts::new(now, Times::default()));
        let tenants = Arc::new(Tenants::new(accounts.clone()));
        let keeper = Self {
            trust: Arc::new(Trust::new(Arc::clone(&tenants), now)),
            tenants,
            store,
            accounts,
            settings: Arc::clone(all),
            reading: Trouble::default(),
            writing: Trouble::default(),
            comparing: Trouble::default(),
            audit_file: audit_file.map(Arc::new),
            seen: Mutex::new(NOTHING),
            stop: Notify::new(),
            ended: Notify::new(),
            untold: Counter::default(),
            telling: Trouble::default(),
        };
        let first = keeper.look(NOTHING).await;
        *keeper.seen.lock().await = first.context("projects and tokens")?;
        Ok(Some(Arc::new(keeper)))
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(&self, registry: &mut Registry) {
        self.accounts.show(registry);
        let help =
            "Refusals of tenants that are not in the audit, because too many waited or it failed";
        registry.register("audit_refusals_lost", help, self.untold.clone());
        if let Some(file) = &self.audit_file {
            registry.register_collector(file.figures());
        }
        registry.register_collector(Box::new(TrustFigures(Arc::clone(&self.trust))));
    }

    /// Reads everything if it is not as it was `seen` last.
    async fn look(&self, seen: Seen) -> anyhow::Result<Seen> {
        let enforce_active = self.settings.load().projects.enforce_active;
        let version = self.store.version().await?;
        let found = Seen {
            version,
            enforce_active,
        };
        if found == seen {
            return Ok(seen);
        }
        let loaded = self.store.load(!enforce_active).await?;
        self.accounts.restore(loaded.accounts);
        self.tenants.replace(loaded.directory);
        Ok(Seen {
            version: loaded.version,
            enforce_active,
        })
    }

    /// The task that follows changes and writes down what is used, and keeps limits together with
    /// others by the store that `shared` holds. It ends when it is told to, with everything written.
    pub(crate) fn run(
        self: &Arc<Self>,
        shared: watch::Receiver<Option<Store>>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let keeper = Arc::clone(self);
        let (refused, mut refusals) = mpsc::channel(MAX_REFUSALS);
        let untold = self.untold.clone();
        keeper.tenants.when_denied(Box::new(move |denied| {
            // Nothing was decided of the tenant, and there is no database that it could be told.
            if denied.code == Code::Unavailable {
                return;
            }
            if refused.try_send(denied).is_err() {
                untold.inc();
            }
        }));
        async move {
            let shared = tokio::spawn(keeper.accounts.run(shared));
            // Apart from what is written, which may take long, and would keep a revoked token alive.
            let looking = tokio::spawn(Arc::clone(&keeper).look_again_and_again());
            let mut write = often(WRITE);
            let mut sweep = often(SWEEP);
            let audit_file = keeper.audit_file.as_ref();
            let audit_file = audit_file.map(|file| (file, tokio::spawn(Arc::clone(file).run())));
            let mut unsaved = Unsaved::default();
            let mut waiting = Vec::new();
            let mut read = Instant::now();
            loop {
                tokio::select! {
                    () = keeper.stop.notified() => break,
                    _ = write.tick() => {
                        keeper.write(&mut unsaved).await;
                        keeper.compare(&mut read).await;
                    }
                    _ = sweep.tick() => {
                        if let Err(error) = keeper.store.forget_answers().await {
                            tracing::debug!(%error, "old answers are not taken out yet");
                        }
                    }
                    _ = refusals.recv_many(&mut waiting, AT_ONCE) => {
                        keeper.tell(waiting.drain(..)).await;
                    }
                }
            }
            while let Ok(denied) = refusals.try_recv() {
                waiting.push(denied);
            }
            keeper.tell(waiting.drain(..)).await;
            keeper.accounts.farewell(LAST_WORDS).await;
            keeper.write(&mut unsaved).await;
            keeper.accounts.farewell(LAST_WORDS).await;
            shared.abort();
            looking.abort();
            keeper.accounts.leave().await;
            if let Some((file, task)) = audit_file {
                file.finish();
                let _ended = task.await;
            }
            keeper.ended.notify_one();
        }
    }

    async fn look_again_and_again(self: Arc<Self>) {
        let mut look = often(match self.settings.load().projects.database {
            ControlDatabase::Server(_) => LOOK.0,
            ControlDatabase::Sqlite(_) => LOOK.1,
        });
        loop {
            look.tick().await;
            self.catch_up().await;
        }
    }

    /// Reads what all nodes together have used, where limits are shared: at once when the store can
    /// learn something by it, and now and then.
    async fn compare(&self, read: &mut Instant) {
        let often = match self.accounts.phase() {
            Phase::Off => return,
            Phase::Shared => READ.0,
            Phase::Local | Phase::Joining => READ.1,
        };
        if !self.accounts.used_alone() && read.elapsed() < often {
            return;
        }
        *read = Instant::now();
        let usage = self.store.usage().await;
        self.comparing.note(
            usage.map(|usage| self.accounts.restore(usage)).err(),
            "what all nodes used cannot be read",
        );
    }

    /// Reads everything again if somebody has changed something since it was last read.
    pub(crate) async fn catch_up(&self) {
        let mut seen = self.seen.lock().await;
        // It may have changed since it was asked for.
        let at = now();
        let found = self.look(*seen).await;
        let grace = self.settings.load().projects.grace;
        match &found {
            Ok(found) => {
                *seen = *found;
                self.trust.seen(at, grace);
            }
            // Those that are known go on: what a database that is gone says is not known.
            Err(_) => self.trust.hold(grace),
        }
        self.reading
            .note(found.err(), "projects and tokens cannot be read");
    }

    /// Whether the database could be read when that was last tried.
    pub(crate) fn is_read(&self) -> bool {
        !self.reading.is_on()
    }

    /// What the management works with.
    pub(crate) fn control(self: &Arc<Self>) -> Control {
        let keeper = Arc::clone(self);
        let accounts = Arc::clone(&self.accounts);
        Control {
            store: self.store.clone(),
            limits: Box::new(move || accounts.phase().as_str()),
            changed: Box::new(move || {
                let keeper = Arc::clone(&keeper);
                Box::pin(async move {
                    if let Some(file) = &keeper.audit_file {
                        file.nudge();
                    }
                    keeper.catch_up().await;
                })
            }),
        }
    }

    /// Writes down what was used. What could not be written is tried again.
    async fn write(&self, unsaved: &mut Unsaved) {
        // What comes meanwhile adds up in the accounts, so that no more than one list ever waits.
        if unsaved.used.changes.is_empty() {
            unsaved.used = self.accounts.unwritten();
        }
        if unsaved.hits.is_empty() {
            unsaved.hits = self.tenants.take_hits();
        }
        let lost = self.tenants.take_lost_hits();
        if lost > 0 {
            tracing::warn!(
                lost,
                "answers from the cache are counted for no token: too many wait"
            );
        }
        let written = self.write_all(unsaved).await;
        self.writing
            .note(written.err(), "what tenants used is not stored yet");
    }

    async fn write_all(&self, unsaved: &mut Unsaved) -> Result<(), ControlError> {
        if !unsaved.used.changes.is_empty() {
            self.store.add_usage(&unsaved.used.changes).await?;
        }
        // What its names are for is written, now or before.
        self.accounts.lasts(std::mem::take(&mut unsaved.used));
        if !unsaved.hits.is_empty() {
            self.store.add_cache_hits(&unsaved.hits).await?;
            unsaved.hits.clear();
        }
        Ok(())
    }

    async fn tell(&self, refusals: impl Iterator<Item = Denied>) {
        let events: Vec<(By, Event)> = refusals.map(event).collect();
        let told = self.store.audit(&events).await;
        if told.is_err() {
            self.untold.inc_by(events.len() as u64);
        }
        self.telling
            .note(told.err(), "refusals are not in the audit");
    }

    /// Has the task end, and waits until what was used is written, but not for long.
    pub(crate) async fn farewell(&self) {
        self.stop.notify_one();
        let ended = tokio::time::timeout(FAREWELL, self.ended.notified());
        if ended.await.is_err() {
            tracing::warn!("what tenants used last may not be stored");
        }
    }
}

/// Moments so far apart. A database that was away for long is not asked for all that it missed.
fn often(apart: Duration) -> tokio::time::Interval {
    let mut moments = tokio::time::interval(apart);
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    moments
}

/// What no database says.
const NOTHING: Seen = Seen {
    version: -1,
    enforce_active: true,
};

/// Something that is tried often and may fail for long: said when it begins and when it is over.
#[derive(Debug, Default)]
pub(crate) struct Trouble(AtomicBool);

impl Trouble {
    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn note(&self, error: Option<impl std::fmt::Display>, what: &str) {
        let had = self.0.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !had => tracing::warn!(%error, "{what}"),
            None if had => tracing::info!("over: {what}"),
            _ => {}
        }
    }
}

fn event(denied: Denied) -> (By, Event) {
    let (method, path) = denied.asked;
    let by = By {
        actor: "system".into(),
        request_id: Some(denied.request_id),
        client_ip: Some(denied.client),
        method: Some(method),
        path: Some(path),
        ..By::default()
    };
    let mut event = Event::success("proxy_request");
    event.outcome = match denied.code {
        Code::UpstreamAuth => Outcome::Error,
        _ => Outcome::Denied,
    };
    event.reason = Some(denied.code.as_str().to_owned());
    event.project = denied.project;
    event.token = denied.token;
    (by, event)
}

/// Who may manage tenants.
pub(crate) fn managers(settings: &Settings) -> Arc<[AdminToken]> {
    let projects = &settings.projects;
    let all = [
        ("management_api", Role::Admin, &projects.management_token),
        ("operate_token", Role::Operate, &projects.operate_token),
        ("read_token", Role::Read, &projects.read_token),
    ];
    let single = all.into_iter();
    let single =
        single.filter_map(|(name, role, token)| Some(AdminToken::new(name, role, token.as_ref()?)));
    let named = projects.managers.iter();
    let named =
        named.map(|one| AdminToken::new(Arc::clone(&one.name), one.role.into(), &one.token));
    single.chain(named).collect()
}

//! Takes a changed configuration into use: whole, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;
use weir_core::config::{Effective, Source as Origin};
use weir_core::limit::Concurrency;
use weir_core::rate::Rates;
use weir_core::settings::Settings;
use weir_core::steer::{EditError, Reloaded};
use weir_proxy::Snapshot;
use weir_proxy::record::Held;
use weir_store::Recorder;
use weir_store::control::{ControlError, ControlStore, EditedSettings};

use crate::answers::{Answers, Shelf};
use crate::cli::Source;
use crate::config::{self, Found};
use crate::edits::Edits;
use crate::events::Events;
use crate::rates;
use crate::serve::{key_header, limit};
use crate::share::{Share, store_of};
use crate::subagents::Keeper;
use crate::telemetry::{Prepared, Telemetry};

/// How often it is looked whether another node has edited settings.
const LOOK: Duration = Duration::from_millis(500);
/// How often an edit is tried again when another node was faster.
const TRIES: usize = 16;
const NO_FILE: &str = "this gateway was started without a configuration of its own";

/// Edits that have no effect, because a stronger layer sets the same.
fn overruled(found: &Found, edits: &[(String, Option<String>)]) -> Vec<String> {
    let edited = |path: &str| {
        let mut edits = edits.iter();
        edits.any(|(edited, value)| edited == path && value.is_some())
    };
    let settings = found.loaded.report.iter();
    let overruled = settings.filter(|setting| {
        edited(&setting.path) && matches!(setting.source, Origin::Env(_) | Origin::Flag)
    });
    let warning = |path: &str, source: &Origin| {
        format!("{path}: the edit is kept and has no effect, the {source} sets it")
    };
    overruled
        .map(|setting| warning(&setting.path, &setting.source))
        .collect()
}

/// Where the configuration comes from, and the one in force.
#[derive(Debug)]
pub(crate) struct Reloader {
    source: Source,
    flags: Vec<(String, String)>,
    found: Found,
    telemetry: Telemetry,
    edits: Arc<Edits>,
}

impl Reloader {
    /// Remembers how `found` was found.
    pub(crate) fn new(
        source: Source,
        flags: Vec<(String, String)>,
        found: Found,
        (telemetry, edits): (Telemetry, Edits),
    ) -> Self {
        Self {
            source,
            flags,
            found,
            telemetry,
            edits: Arc::new(edits),
        }
    }

    /// What the configuration is with these edits.
    fn with(&self, stored: &[(String, String)]) -> Result<Found, Vec<String>> {
        config::read_again(&self.found, &self.source, &self.flags, stored)
    }
}

/// What a reload changes.
#[derive(Debug)]
pub(crate) struct Reload {
    /// What requests read.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// How many may run at once.
    pub concurrency: Arc<Concurrency>,
    /// How many a minute are let in.
    pub rates: Arc<Rates>,
    /// The bound on response bytes in memory.
    pub held: Arc<Held>,
    /// What everything else reads.
    pub settings: Arc<ArcSwap<Settings>>,
    /// The recorder.
    pub store: Recorder,
    /// What other gateways are told and tell.
    pub share: Share,
    /// Answers that other gateways keep too; none where each keeps its own.
    pub answers: Option<Arc<Answers>>,
    /// What the world is told; none where that is switched off.
    pub events: Option<Arc<Events>>,
    /// The files of subagents.
    pub subagents: Keeper,
    /// Threads that serve.
    pub workers: usize,
    /// None until there is a configuration to read again.
    pub reloader: Mutex<Option<Reloader>>,
    /// The configuration in force, setting by setting, for who must not wait for a reload.
    pub report: ArcSwap<Vec<Effective>>,
}

impl Reload {
    /// Says where the configuration comes from.
    pub(crate) fn set(&self, reloader: Reloader) {
        let report = reloader.found.loaded.report.clone();
        *self.reloader.lock() = Some(reloader);
        self.report.store(Arc::new(report));
    }

    /// Follows the files of subagents that the settings in force name.
    pub(crate) fn follow_subagents(&self) {
        let memories = Arc::clone(&self.snapshot.load().fleet.memories);
        self.subagents.apply(&self.settings.load(), &memories);
    }

    /// The configuration in force, setting by setting.
    pub(crate) fn effective(&self) -> Vec<Effective> {
        self.report.load().to_vec()
    }

    /// Reads the configuration again and says in the log what came of it.
    ///
    /// # Errors
    /// Every fault; nothing has changed then.
    pub(crate) fn by(&self, cause: &str) -> Result<Reloaded, Vec<String>> {
        let outcome = self.now();
        match &outcome {
            Ok(done) if done.changed.is_empty() => {
                tracing::info!(
                    cause,
                    "the configuration was read again; nothing has changed"
                );
            }
            Ok(done) => {
                tracing::info!(
                    cause,
                    changed = done.changed.join(", "),
                    "config file reloaded"
                );
            }
            Err(faults) => {
                tracing::error!(
                    cause,
                    "failed to reload config, nothing changes: {}",
                    faults.join("; ")
                );
            }
        }
        outcome
    }

    /// Reads the configuration again. The next request meets the new one; those under way keep
    /// theirs.
    ///
    /// # Errors
    /// Every fault; nothing has changed then.
    fn now(&self) -> Result<Reloaded, Vec<String>> {
        let mut reloader = self.reloader.lock();
        let Some(reloader) = &mut *reloader else {
            return Err(vec![NO_FILE.to_owned()]);
        };
        // Without them the configuration would be another one.
        let stored = reloader.edits.known().map_err(|error| {
            let why = match error {
                EditError::Unavailable(why) => why,
                EditError::Faults(faults) => faults.join("; "),
            };
            vec![format!("stored edits of settings cannot be read: {why}")]
        })?;
        let found = reloader.with(&stored)?;
        self.take(reloader, found)
    }

    /// Takes a configuration into use.
    fn take(&self, reloader: &mut Reloader, found: Found) -> Result<Reloaded, Vec<String>> {
        let one = |error: anyhow::Error| vec![format!("{error:#}")];
        self.apply(&found, &reloader.telemetry).map_err(one)?;
        let needs_restart = reloader.found.loaded.needs_restart(&found.loaded);
        for path in &needs_restart {
            tracing::warn!("`{path}` has changed, which takes effect with a restart");
        }
        for warning in &found.loaded.warnings {
            tracing::warn!("{warning}");
        }
        let done = Reloaded {
            changed: reloader.found.loaded.changed(&found.loaded),
            needs_restart,
            warnings: found.loaded.warnings.clone(),
        };
        self.report.store(Arc::new(found.loaded.report.clone()));
        reloader.found = found;
        Ok(done)
    }

    /// Where edits are kept.
    fn edits(&self) -> Result<Arc<Edits>, EditError> {
        let reloader = self.reloader.lock();
        let edits = reloader
            .as_ref()
            .map(|reloader| Arc::clone(&reloader.edits));
        edits.ok_or_else(|| EditError::Unavailable(NO_FILE.to_owned()))
    }

    /// The edits of settings that are kept, as far as this node knows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn stored(&self) -> Result<Vec<(String, String)>, EditError> {
        match self.edits() {
            Ok(edits) => edits.known(),
            Err(_) => {
                let stored = self.store.reader().settings();
                stored.map_err(|error| EditError::Unavailable(error.to_string()))
            }
        }
    }

    /// Edits settings: checks, keeps and uses that, or none of it. Blocks.
    ///
    /// # Errors
    /// Every fault, or that edits cannot be kept; nothing has changed then, unless the answer of a
    /// server was lost and it cannot be asked again: then all nodes may follow in a moment.
    pub(crate) fn edit(&self, edits: &[(String, Option<String>)]) -> Result<Reloaded, EditError> {
        let place = self.edits()?;
        let _one_at_a_time = place.one_at_a_time();
        for _ in 0..TRIES {
            let before = place.read()?;
            let mut after: BTreeMap<_, _> = before.values.iter().cloned().collect();
            for (path, value) in edits {
                match value {
                    Some(value) => after.insert(path.clone(), value.clone()),
                    None => after.remove(path),
                };
            }
            let after: Vec<_> = after.into_iter().collect();
            self.with(&after).map_err(EditError::Faults)?;
            let kept = place.keep(before.version, &edits.to_vec());
            let Some(version) = kept.or_else(|error| kept_all_the_same(&place, &after, error))?
            else {
                continue;
            };
            let after = EditedSettings {
                version,
                values: after,
            };
            return self.using(after, edits).map_err(|faults| {
                undo(&place, (version, &before), edits);
                EditError::Faults(faults)
            });
        }
        let busy = "other nodes edit settings at the same moment; try again";
        Err(EditError::Unavailable(busy.to_owned()))
    }

    /// What the configuration would be with edits.
    fn with(&self, stored: &[(String, String)]) -> Result<Found, Vec<String>> {
        let reloader = self.reloader.lock();
        let reloader = reloader.as_ref();
        reloader.map_or_else(|| Err(vec![NO_FILE.to_owned()]), |it| it.with(stored))
    }

    /// Uses what is kept, of which `edits` are new. Whoever reads the configuration again from then on
    /// finds it.
    fn using(
        &self,
        stored: EditedSettings,
        edits: &[(String, Option<String>)],
    ) -> Result<Reloaded, Vec<String>> {
        let mut reloader = self.reloader.lock();
        let Some(reloader) = &mut *reloader else {
            return Err(vec![NO_FILE.to_owned()]);
        };
        let mut found = reloader.with(&stored.values)?;
        found.loaded.warnings.extend(overruled(&found, edits));
        let done = self.take(reloader, found)?;
        reloader.edits.now(stored);
        Ok(done)
    }

    /// The task that follows what other nodes edit, where edits are in a server; it ends at once where
    /// they are not.
    pub(crate) fn follow(self: &Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let reload = Arc::clone(self);
        async move {
            let Ok(edits) = reload.edits() else {
                return;
            };
            let Some(server) = edits.server() else {
                return;
            };
            let mut look = tokio::time::interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut is_away = false;
            loop {
                look.tick().await;
                match news(server, edits.version()).await {
                    Ok(false) => is_away = false,
                    Ok(true) => {
                        is_away = false;
                        let (reload, edits) = (Arc::clone(&reload), Arc::clone(&edits));
                        let told = tokio::task::spawn_blocking(move || reload.catch_up(&edits));
                        drop(told.await);
                    }
                    Err(error) => {
                        if !is_away {
                            tracing::warn!(%error, "edits of settings by other nodes are not followed");
                        }
                        is_away = true;
                    }
                }
            }
        }
    }

    /// Uses what others have edited. Blocks while somebody edits here.
    fn catch_up(&self, edits: &Edits) {
        let _one_at_a_time = edits.one_at_a_time();
        let Ok(news) = edits.read() else {
            // It is asked for again in a moment.
            return;
        };
        // Any other number: a database that was brought back from a copy has a lower one.
        if news.version == edits.version() {
            return;
        }
        match self.using(news.clone(), &[]) {
            Ok(done) => tracing::info!(
                changed = done.changed.join(", "),
                "settings edited by another node"
            ),
            Err(faults) => tracing::error!(
                "settings that another node has edited cannot be used here, nothing changes: {}",
                faults.join("; ")
            ),
        }
        edits.now(news);
    }

    /// Keeps edits of another database in this one too, for those who read the settings again.
    pub(crate) fn adopt(&self, stored: &[(String, String)]) {
        let edits = stored.iter();
        let edits = edits.map(|(path, value)| (path.clone(), Some(value.clone())));
        if let Err(error) = self.store.edit_settings(edits.collect()) {
            tracing::warn!(%error, "stored edits of settings cannot be kept for this run");
        }
    }

    fn apply(&self, found: &Found, telemetry: &Telemetry) -> anyhow::Result<()> {
        let settings = &found.loaded.settings;
        let snapshot = Snapshot::build(settings, self.workers, Some(&self.snapshot.load()))?;
        let shared = store_of(settings)?;
        let shelf = Shelf::of(settings)?;
        let events = self.events.as_ref();
        let sinks = events.map(|events| events.prepare(settings)).transpose()?;
        // The last that can fail: nothing has changed until then.
        telemetry.take(Prepared::of(&settings.logging)?)?;
        let snapshot = Arc::new(snapshot);
        let previous = self.snapshot.swap(Arc::clone(&snapshot));
        snapshot.fleet.take_over(&previous.fleet);
        self.subagents.apply(settings, &snapshot.fleet.memories);
        self.share.by(shared, &settings.shared);
        if let Some(answers) = &self.answers {
            answers.on(shelf);
        }
        self.concurrency.set_limit(limit(settings));
        rates::set(&self.rates, &settings.server);
        self.store
            .reconfigure(settings.capture.clone(), key_header(settings));
        self.held.set_limit(settings.capture.queue_bytes);
        self.settings.store(Arc::new(settings.clone()));
        if let Some((events, sinks)) = events.zip(sinks.flatten()) {
            events.take(sinks);
        }
        Ok(())
    }
}

/// Whether there are edits that are not those of the number `known`.
async fn news(server: &ControlStore, known: i64) -> Result<bool, ControlError> {
    Ok(server.settings_version().await? != known)
}

/// The number of edits whose keeping has failed, if they are kept all the same: a commit whose answer
/// was lost. Else the failure.
fn kept_all_the_same(
    place: &Edits,
    wanted: &[(String, String)],
    failure: EditError,
) -> Result<Option<i64>, EditError> {
    match place.read() {
        Ok(found) if place.server().is_some() && found.values == wanted => Ok(Some(found.version)),
        _ => Err(failure),
    }
}

/// Takes back what was kept and cannot be used.
fn undo(
    place: &Edits,
    (version, before): (i64, &EditedSettings),
    edits: &[(String, Option<String>)],
) {
    let before: BTreeMap<_, _> = before.values.iter().cloned().collect();
    let undone = edits.iter().map(|(path, _)| path);
    let undone = undone.map(|path| (path.clone(), before.get(path).cloned()));
    if !matches!(place.keep(version, &undone.collect()), Ok(Some(_))) {
        tracing::error!("edits that cannot be used are kept until they are edited again");
    }
}

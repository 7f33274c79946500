//! Takes a changed configuration into use: whole, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use weir_core::config::Source as Origin;
use weir_core::limit::Concurrency;
use weir_core::settings::Settings;
use weir_core::steer::{EditError, Reloaded};
use weir_proxy::Snapshot;
use weir_proxy::record::Held;
use weir_store::{Edits, Recorder};

use crate::cli::Source;
use crate::config::{self, Found};
use crate::serve::{key_header, limit};
use crate::share::{Share, Store};
use crate::subagents::Keeper;
use crate::telemetry::{Prepared, Telemetry};

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
}

impl Reloader {
    /// Remembers how `found` was found.
    pub(crate) fn new(
        source: Source,
        flags: Vec<(String, String)>,
        found: Found,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            source,
            flags,
            found,
            telemetry,
        }
    }
}

/// What a reload changes.
#[derive(Debug)]
pub(crate) struct Reload {
    /// What requests read.
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    /// How many may run at once.
    pub concurrency: Arc<Concurrency>,
    /// The bound on response bytes in memory.
    pub held: Arc<Held>,
    /// What everything else reads.
    pub settings: Arc<ArcSwap<Settings>>,
    /// The recorder.
    pub store: Recorder,
    /// What other gateways are told and tell.
    pub share: Share,
    /// The files of subagents.
    pub subagents: Keeper,
    /// Threads that serve.
    pub workers: usize,
    /// None until there is a configuration to read again.
    pub reloader: Mutex<Option<Reloader>>,
}

impl Reload {
    /// Says where the configuration comes from.
    pub(crate) fn set(&self, reloader: Reloader) {
        *self.reloader.lock() = Some(reloader);
    }

    /// The configuration in force, setting by setting.
    pub(crate) fn effective(&self) -> Vec<weir_core::config::Effective> {
        let reloader = self.reloader.lock();
        reloader
            .as_ref()
            .map_or_else(Vec::new, |reloader| reloader.found.loaded.report.clone())
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
        let path = &reloader.found.loaded.settings.storage.db_path;
        let stored = weir_store::stored_settings(path).unwrap_or_else(|error| {
            tracing::warn!(%error, "stored edits of settings cannot be read");
            Vec::new()
        });
        let (source, flags) = (&reloader.source, &reloader.flags);
        let found = config::read_again(&reloader.found, source, flags, &stored)?;
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
        reloader.found = found;
        Ok(done)
    }

    /// The edits of settings that are kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn stored(&self) -> Result<Vec<(String, String)>, EditError> {
        let stored = self.store.reader().settings();
        stored.map_err(|error| EditError::Unavailable(error.to_string()))
    }

    /// Edits settings: checks, keeps and uses that, or none of it.
    ///
    /// # Errors
    /// Every fault, or that edits cannot be kept; nothing has changed then.
    pub(crate) fn edit(&self, edits: &[(String, Option<String>)]) -> Result<Reloaded, EditError> {
        let mut reloader = self.reloader.lock();
        let Some(reloader) = &mut *reloader else {
            return Err(EditError::Unavailable(NO_FILE.to_owned()));
        };
        let before: BTreeMap<String, String> = self.stored()?.into_iter().collect();
        let mut after = before.clone();
        for (path, value) in edits {
            match value {
                Some(value) => after.insert(path.clone(), value.clone()),
                None => after.remove(path),
            };
        }
        let after: Vec<_> = after.into_iter().collect();
        let (source, flags) = (&reloader.source, &reloader.flags);
        let found = config::read_again(&reloader.found, source, flags, &after);
        let mut found = found.map_err(EditError::Faults)?;
        found.loaded.warnings.extend(overruled(&found, edits));
        let keep = |edits: Edits| {
            let kept = self.store.edit_settings(edits);
            kept.map_err(|error| EditError::Unavailable(error.to_string()))
        };
        keep(edits.to_vec())?;
        self.take(reloader, found).map_err(|faults| {
            let undo = edits.iter().map(|(path, _)| path);
            let undo = undo.map(|path| (path.clone(), before.get(path).cloned()));
            if keep(undo.collect()).is_err() {
                tracing::error!("edits that cannot be used are kept until they are edited again");
            }
            EditError::Faults(faults)
        })
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
        let shared = Store::of(settings)?;
        // The last that can fail: nothing has changed until then.
        telemetry.take(Prepared::of(&settings.logging)?)?;
        let snapshot = Arc::new(snapshot);
        let previous = self.snapshot.swap(Arc::clone(&snapshot));
        snapshot.fleet.take_over(&previous.fleet);
        self.subagents.apply(settings, &snapshot.fleet.memories);
        self.share.by(shared);
        self.concurrency.set_limit(limit(settings));
        self.store
            .reconfigure(settings.capture.clone(), key_header(settings));
        self.held.set_limit(settings.capture.queue_bytes);
        self.settings.store(Arc::new(settings.clone()));
        Ok(())
    }
}

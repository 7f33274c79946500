//! Where a run keeps what it captures: a folder of its own, of which the newest few stay.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Zoned;

/// Runs whose captures stay; the oldest go when another begins.
const KEPT: usize = 20;
/// How the names of their folders begin, so that nothing else is taken for one.
const PREFIX: &str = "run-";

/// What its database is called.
const DATABASE: &str = "requests.db";

/// The files of a run.
#[derive(Debug)]
pub(crate) struct Place {
    /// The captures.
    pub database: PathBuf,
    /// What weir says of itself meanwhile.
    pub log: PathBuf,
}

impl Place {
    /// The database that was asked for, else one of this run's own.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn of(database: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(database) = database {
            let mut log = database.as_os_str().to_owned();
            log.push(".log");
            return Ok(Self {
                database: database.to_owned(),
                log: log.into(),
            });
        }
        let runs = state_folder(&|name| std::env::var_os(name).map(PathBuf::from)).join("runs");
        private(&runs)?;
        let began = Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
        let folder = runs.join(format!("{PREFIX}{began}-{}", std::process::id()));
        private(&folder)?;
        same_owner(&runs, &folder)?;
        prune(&runs);
        Ok(Self {
            database: folder.join(DATABASE),
            log: folder.join("weir.log"),
        })
    }
}

/// The user's folder for what programs remember, as the XDG base directory specification has it.
fn state_folder(variable: &dyn Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let absolute = |path: &PathBuf| path.is_absolute();
    let state = variable("XDG_STATE_HOME").filter(absolute);
    let home = || variable("HOME").filter(absolute);
    let state = state.or_else(|| Some(home()?.join(".local/state")));
    state.unwrap_or_else(std::env::temp_dir).join("weir")
}

fn private(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("{}: cannot be made", folder.display()))
}

/// Whoever owns the folder of the runs could exchange what is in it. A folder for all users, as
/// without a home, may have been made by another.
fn same_owner(runs: &Path, folder: &Path) -> anyhow::Result<()> {
    if fs::metadata(runs)?.uid() != fs::metadata(folder)?.uid() {
        bail!(
            "{}: it is somebody else's; name a file with --db",
            runs.display()
        );
    }
    Ok(())
}

/// Whether a run goes on: its weir holds a lock.
fn is_going_on(folder: &Path) -> bool {
    let key = File::open(folder.join(format!("{DATABASE}.key")));
    key.is_ok_and(|key| matches!(key.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Removes all but the newest runs, of whose names the order is that of time. Those that go on stay,
/// and what cannot be removed: it is nobody's reason not to run.
fn prune(runs: &Path) {
    let Ok(entries) = fs::read_dir(runs) else {
        return;
    };
    let mut folders: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    let old = folders.len().saturating_sub(KEPT);
    for folder in folders.iter().take(old).filter(|run| !is_going_on(run)) {
        if let Err(error) = fs::remove_dir_all(folder) {
            tracing::debug!(%error, folder = %folder.display(), "an old run stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_runs_stay_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let run = |at: usize| folder.path().join(format!("{PREFIX}20260101-{at:06}-1"));
        for at in 0..KEPT + 5 {
            fs::create_dir(run(at)).unwrap();
        }
        let key = File::create(run(2).join("requests.db.key")).unwrap();
        key.lock().unwrap();
        fs::create_dir(folder.path().join("mine")).unwrap();
        prune(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left.len(), KEPT + 2);
        assert_eq!(left[0], "mine");
        assert_eq!(left[1], format!("{PREFIX}20260101-000002-1"), "it goes on");
        assert_eq!(left[2], format!("{PREFIX}20260101-000005-1"));
    }

    #[test]
    fn what_is_remembered_stands_where_the_user_has_it() {
        let asked = |state: Option<&str>, home: Option<&str>| {
            state_folder(&|name| {
                let value = if name == "HOME" { home } else { state };
                value.map(PathBuf::from)
            })
        };
        assert_eq!(asked(Some("/s"), Some("/h")), Path::new("/s/weir"));
        assert_eq!(
            asked(Some("s"), Some("/h")),
            Path::new("/h/.local/state/weir")
        );
        assert_eq!(asked(None, None), std::env::temp_dir().join("weir"));
    }
}

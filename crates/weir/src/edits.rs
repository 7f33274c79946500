//! Where edits of settings are kept that outlast the process: in the database server of projects, where
//! every node follows them, else in this node's own database.

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use weir_core::settings::{ControlDatabase, Projects};
use weir_core::steer::EditError;
use weir_store::control::{ControlStore, EditedSettings, Seal};
use weir_store::{Edits as Changes, Recorder};

/// The edits, and where they are.
#[derive(Debug)]
pub(crate) struct Edits {
    place: Place,
    /// Those that this node goes by, or last found that it cannot use.
    known: Mutex<EditedSettings>,
    /// Held by who edits, so that this node's edits take effect in the order in which they are kept.
    /// Whoever waits for it may block.
    editing: Mutex<()>,
}

#[derive(Debug)]
enum Place {
    /// The node's own database, which no other process writes to.
    Own(Recorder),
    /// A server, asked by a runtime that is another's.
    Shared(ControlStore, Handle),
}

impl Edits {
    /// Those in the database of `recorder`.
    pub(crate) fn own(recorder: Recorder) -> Self {
        Self::new(Place::Own(recorder), EditedSettings::default())
    }

    /// Those that `known` are of `store`. Within a runtime, which is to ask from then on.
    pub(crate) fn shared(store: ControlStore, known: EditedSettings) -> Self {
        Self::new(Place::Shared(store, Handle::current()), known)
    }

    fn new(place: Place, known: EditedSettings) -> Self {
        Self {
            place,
            known: Mutex::new(known),
            editing: Mutex::default(),
        }
    }

    /// The server, if they are in one.
    pub(crate) fn server(&self) -> Option<&ControlStore> {
        match &self.place {
            Place::Own(_) => None,
            Place::Shared(store, _) => Some(store),
        }
    }

    /// The number of those in force.
    pub(crate) fn version(&self) -> i64 {
        self.known.lock().version
    }

    /// Those that are to be in force from now on.
    pub(crate) fn now(&self, edited: EditedSettings) {
        *self.known.lock() = edited;
    }

    /// Has others who edit here wait.
    pub(crate) fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.editing.lock()
    }

    /// Those that this node goes by. Never waits for a server.
    ///
    /// # Errors
    /// When its own database cannot be read.
    pub(crate) fn known(&self) -> Result<Vec<(String, String)>, EditError> {
        match &self.place {
            Place::Own(recorder) => recorder.reader().settings().map_err(unavailable),
            Place::Shared(..) => Ok(self.known.lock().values.clone()),
        }
    }

    /// Those that are kept at this moment. Blocks.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read(&self) -> Result<EditedSettings, EditError> {
        match &self.place {
            Place::Own(recorder) => Ok(EditedSettings {
                version: self.version(),
                values: recorder.reader().settings().map_err(unavailable)?,
            }),
            Place::Shared(store, runtime) => {
                runtime.block_on(store.settings()).map_err(unavailable)
            }
        }
    }

    /// Makes changes to the edits of the number `version`; gives the new number. `None` if another
    /// node has been faster. Blocks.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub(crate) fn keep(&self, version: i64, changes: &Changes) -> Result<Option<i64>, EditError> {
        match &self.place {
            Place::Own(recorder) => {
                let kept = recorder.edit_settings(changes.clone());
                kept.map(|()| Some(version + 1)).map_err(unavailable)
            }
            Place::Shared(store, runtime) => {
                let kept = runtime.block_on(store.edit_settings(version, changes));
                kept.map_err(unavailable)
            }
        }
    }
}

fn unavailable(error: impl std::fmt::Display) -> EditError {
    EditError::Unavailable(error.to_string())
}

/// Whether edits are kept in a server that `projects` have.
pub(crate) fn are_shared(projects: &Projects) -> bool {
    projects.enabled && matches!(projects.database, ControlDatabase::Server(_))
}

/// The server of `projects`, opened and up to date; none where edits are a node's own.
///
/// # Errors
/// When it cannot be had.
pub(crate) async fn server(projects: &Projects) -> anyhow::Result<Option<ControlStore>> {
    if !are_shared(projects) {
        return Ok(None);
    }
    let older = projects.older_encryption_key.as_slice();
    let seal = Seal::new(projects.encryption_key.as_ref(), older)?;
    Ok(Some(ControlStore::open(&projects.database, seal).await?))
}

/// The edits that are in the server of `projects`, whose schema is left as it is.
///
/// # Errors
/// When it cannot be asked.
pub(crate) async fn ask(projects: &Projects) -> anyhow::Result<Vec<(String, String)>> {
    let store = ControlStore::attach(&projects.database, Seal::default()).await?;
    Ok(store.settings().await?.values)
}

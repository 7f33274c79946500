//! The schema of a database: which steps it has, which are still to be done, and doing and undoing
//! them.

use super::db::Db;
use super::steps::{Way, newest};
use super::{ControlError, ControlStore};

/// Whether a step of the schema was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was.
    Applied,
    /// It will be when weir starts.
    Pending,
    /// It was, by a newer weir.
    Unknown,
}

/// A step of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number, from 1.
    pub version: i64,
    /// What it is about; empty for one that this weir does not know.
    pub name: &'static str,
    /// Whether it was done.
    pub state: State,
}

/// The schema of a database.
#[derive(Clone, Debug)]
pub struct Schema {
    db: Db,
}

impl Schema {
    pub(crate) fn of(db: Db) -> Self {
        Self { db }
    }

    /// The kind of database: `sqlite`, `postgres` or `mysql`.
    #[must_use]
    pub fn database(&self) -> &'static str {
        self.db.kind()
    }

    /// Every step that this weir knows, and those that a newer one did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn migrations(&self) -> Result<Vec<Migration>, ControlError> {
        let (applied, steps) = (self.db.applied().await?, self.db.steps());
        let known = steps.iter().map(|step| Migration {
            version: step.version,
            name: step.name,
            state: match applied.contains(&step.version) {
                true => State::Applied,
                false => State::Pending,
            },
        });
        let newest = newest(steps);
        let unknown = applied.iter().filter(|version| **version > newest);
        let unknown = unknown.map(|version| Migration {
            version: *version,
            name: "",
            state: State::Unknown,
        });
        Ok(known.chain(unknown).collect())
    }

    /// Does the steps up to `version`, or all.
    ///
    /// # Errors
    /// When the database fails, or was written by a newer weir.
    pub async fn up(&self, version: Option<i64>) -> Result<(), ControlError> {
        let newest = newest(self.db.steps());
        let version = version.unwrap_or(newest).min(newest);
        self.db.migrate(Way::Up(version)).await
    }

    /// Undoes the steps above `version`, the newest first. What they keep is lost.
    ///
    /// # Errors
    /// When the database fails, or was written by a newer weir.
    pub async fn down(&self, version: i64) -> Result<(), ControlError> {
        self.db.migrate(Way::Down(version.max(0))).await
    }
}

impl ControlStore {
    /// The schema of its database.
    #[must_use]
    pub fn schema(&self) -> Schema {
        Schema::of(self.db.clone())
    }
}

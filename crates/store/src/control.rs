//! Projects, their tokens and keys, what they used, and who changed what: the part of the state
//! that people keep by hand. It has a database of its own, so that forgetting captures can forget
//! nothing of it.

mod audit;
mod copy;
pub(crate) mod db;
mod draft;
mod encrypt;
mod error;
mod idempotency;
mod projects;
mod schema;
mod seal;
mod server;
mod settings;
mod spending;
mod sqlite;
pub(crate) mod steps;
mod token_state;
mod tokens;

use std::sync::Arc;

use weir_core::control::{Directory, ScopeId, Spent};
use weir_core::settings::ControlDatabase;

pub use audit::{AuditEvent, AuditFilter, AuditPage, By, Event, Lines, Outcome, Place, Tampered};
pub use draft::Draft;
pub use encrypt::{Resealed, Sealed};
pub use error::{ControlError, ServerError};
pub use idempotency::{Answer, IdempotencyKey, Keyed, UnderWay};
pub use projects::{KeyRow, NewKey, NewProject, ProjectEdit, ProjectRow, checked_name};
pub use schema::{Migration, Schema, State};
pub use seal::{Seal, SealError};
pub use settings::EditedSettings;
pub use token_state::{TokenCounts, TokenState};
pub use tokens::{NewToken, Revoked, TokenEdit, TokenRow};

use db::{Db, Statement, int};

/// How often a change is tried again when somebody else was faster.
const TRIES: usize = 32;

/// What was used of a scope, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub scope: ScopeId,
    /// Requests that were let through.
    pub requests: u64,
    /// What was used in each period.
    pub spent: Vec<Spent>,
}

/// Everything that requests are let in by, as it was at one moment.
#[derive(Debug)]
pub struct Loaded {
    /// The number of changes until then.
    pub version: i64,
    /// The tokens.
    pub directory: Directory,
    /// What was used.
    pub accounts: Vec<Account>,
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ControlStore {
    db: Db,
    seal: Arc<Seal>,
    under_way: idempotency::Names,
}

impl ControlStore {
    /// Opens a database and brings its schema up to date. An SQLite file is made if it is missing,
    /// for its owner only.
    ///
    /// # Errors
    /// When it cannot be had, or was written by a newer weir.
    pub async fn open(database: &ControlDatabase, seal: Seal) -> Result<Self, ControlError> {
        let store = Self::attach(database, seal).await?;
        store.schema().up(None).await?;
        Ok(store)
    }

    /// Opens a database with the schema that it has.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn attach(database: &ControlDatabase, seal: Seal) -> Result<Self, ControlError> {
        Ok(Self {
            db: Db::attach(database).await?,
            seal: Arc::new(seal),
            under_way: idempotency::Names::default(),
        })
    }

    /// How often the directory was changed, by anybody. Whoever sees another number reads it again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn version(&self) -> Result<i64, ControlError> {
        let rows = self
            .db
            .rows(Statement::new(
                "SELECT version FROM control_state WHERE id = 1",
            ))
            .await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    /// Everything that requests are let in by; `lenient` is as in [`Directory::new`].
    ///
    /// # Errors
    /// When the database fails, or a key cannot be opened with the seal.
    pub async fn load(&self, lenient: bool) -> Result<Loaded, ControlError> {
        // The number first: what changes in between is read again, and nothing is missed.
        let version = self.version().await?;
        let (projects, tokens) = (self.directory_projects().await?, self.token_rows().await?);
        let requests = tokens.iter().map(|row| (row.id, row.request_count));
        let accounts = self.accounts(requests.collect()).await?;
        let tokens = tokens.iter().filter_map(TokenRow::token).collect();
        Ok(Loaded {
            version,
            directory: Directory::new(projects, tokens, lenient),
            accounts,
        })
    }
}

/// Counts a change of the directory.
fn changed() -> Statement {
    Statement::new("UPDATE control_state SET version = version + 1 WHERE id = 1")
}

/// What a database has as `i64`; larger numbers are as large as that.
fn as_int(count: u64) -> db::Value {
    int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// What is stored of something that people write as JSON.
fn json(value: &impl serde::Serialize) -> Result<String, ControlError> {
    serde_json::to_string(value)
        .map_err(|error| ControlError::Refused(format!("it cannot be stored: {error}")))
}

/// Now, in microseconds since the Unix epoch.
fn now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

//! What can go wrong with projects, tokens and what belongs to them.

use weir_core::control::RulesFault;

use super::seal::SealError;
use crate::error::StoreError;

/// A failure, or a wish that cannot be met.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// There is one of that name, or somebody else was faster; says what to do.
    #[error("{0}")]
    Conflict(String),
    /// It is not any more as it was when it was read; says what to do.
    #[error("{0}")]
    Late(String),
    /// The project is switched off.
    #[error("cannot create tokens for inactive projects")]
    ProjectInactive,
    /// It may not be so; says what and why.
    #[error("{0}")]
    Refused(String),
    /// What is asked for is wrong, by field.
    #[error("{}", .0.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<RulesFault>),
    /// A request with the same `Idempotency-Key` is still being answered.
    #[error("a request with this `Idempotency-Key` is still under way; send it again in a second")]
    UnderWay,
    /// The `Idempotency-Key` is that of another request.
    #[error(
        "this `Idempotency-Key` was sent with another method, path or body; give each request a key \
         of its own, and send it again unchanged"
    )]
    KeyReused,
    /// A key cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database of a server fails.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// A failure of a database server. What it says of itself holds no address and no credential.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its database was written by a newer weir.
    #[error(
        "the {server} database has schema version {found}, and this weir knows versions up to {known}: \
         start the newer weir, or name another database in `{setting}`"
    )]
    Newer {
        /// The server.
        server: &'static str,
        /// What names it.
        setting: &'static str,
        /// The version it has.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// It cannot be had.
    #[error("cannot connect to the {server} database of `{setting}`: {reason}")]
    Connect {
        /// The server.
        server: &'static str,
        /// What names it.
        setting: &'static str,
        /// Why.
        reason: String,
    },
    /// It refused, or did not answer in time.
    #[error("the {server} database failed: {reason}")]
    Failed {
        /// The server.
        server: &'static str,
        /// Why.
        reason: String,
    },
}

impl ControlError {
    /// One fault of one field.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![RulesFault {
            field: field.to_owned(),
            message: message.into(),
        }])
    }

    /// What is stored is not what was stored.
    pub(super) fn damaged(what: &str) -> Self {
        Self::Store(StoreError::Damaged(what.to_owned()))
    }
}

impl From<rusqlite::Error> for ControlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

//! What can go wrong with the store. Nothing here reaches a client of the data plane.

use std::path::PathBuf;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a newer weir.
    #[error(
        "the database {} has schema version {found}, and this weir knows versions up to {known}: \
         start the newer weir that wrote it, or name another file in `storage.db_path`",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The file or its directory cannot be had.
    #[error("cannot open the database {}: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nothing can be stored or read for now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What is stored is not what was captured.
    #[error("a stored body is damaged: {0}")]
    Damaged(String),
    /// SQLite refused.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file beside the database failed.
    #[error("a file of the store failed: {0}")]
    Io(#[from] std::io::Error),
}

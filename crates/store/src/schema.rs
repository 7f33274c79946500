//! The database file: opened, brought up to the newest schema, and set up for one writer beside
//! many readers.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::error::StoreError;
use crate::figures::grains;
use crate::files;
use crate::parts;

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../migrations/0001_exchanges.sql")),
    M::up(include_str!("../migrations/0002_route.sql")),
    M::up(include_str!("../migrations/0003_search.sql")),
    M::up(include_str!("../migrations/0007_sent.sql")),
    M::up(include_str!("../migrations/0005_sessions.sql")),
    M::up(include_str!("../migrations/0008_grade.sql")),
    M::up(include_str!("../migrations/0004_figures.sql")),
    M::up(include_str!("../migrations/0009_settings.sql")),
    M::up(include_str!("../migrations/0012_grains.sql")),
    M::up(include_str!("../migrations/0013_words.sql")),
    M::up(include_str!("../migrations/0011_terms.sql")),
    M::up(include_str!("../migrations/0010_lineage.sql")),
    M::up(include_str!("../migrations/0014_tenants.sql")),
    M::up(include_str!("../migrations/0015_captures.sql")),
];

fn migrations() -> Migrations<'static> {
    Migrations::from_slice(MIGRATIONS)
}

/// The version that this weir writes.
pub(crate) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// How the writer's connection is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// Longest wait for another process's lock.
    pub busy: Duration,
    /// Most pages of the file; none leaves it to the disk.
    pub max_pages: Option<u32>,
}

/// Opens the database to write it; creates it and its directory if they are missing.
pub(crate) fn open_writer(path: &Path, setup: Setup) -> Result<Connection, StoreError> {
    let failed = |reason: String| StoreError::Open {
        path: path.to_owned(),
        reason,
    };
    files::create_parent(path).map_err(|e| failed(format!("its directory: {e}")))?;
    // Made here so that it is never readable by others; SQLite gives its log the same mode.
    drop(files::open_private(path).map_err(|e| failed(e.to_string()))?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(setup.busy)?;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > KNOWN {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found,
            known: KNOWN,
        });
    }
    db.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA cache_size = -4096;
         PRAGMA wal_autocheckpoint = 1024;
         PRAGMA journal_size_limit = 16777216;
         PRAGMA temp_store = MEMORY;
         -- What is deleted is overwritten where its page is written anyway.
         PRAGMA secure_delete = FAST;",
    )?;
    migrations()
        .to_latest(&mut db)
        .map_err(|e| failed(format!("its schema could not be brought up to date: {e}")))?;
    complete(&mut db)?;
    if let Some(pages) = setup.max_pages {
        db.pragma_update(None, "max_page_count", pages)?;
    }
    db.set_prepared_statement_cache_capacity(48);
    Ok(db)
}

/// Does what a migration leaves that is not said in SQL.
fn complete(db: &mut Connection) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    grains::complete(&tx)?;
    parts::complete(&tx)?;
    Ok(tx.commit()?)
}

/// Opens the database to read it.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > KNOWN {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found,
            known: KNOWN,
        });
    }
    if found < KNOWN {
        return Err(StoreError::Unavailable(
            "the database is not set up yet".into(),
        ));
    }
    db.execute_batch("PRAGMA cache_size = -1024; PRAGMA query_only = ON;")?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

#[cfg(test)]
mod tests;

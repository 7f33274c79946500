//! Edits of settings that outlast the process. What they mean is not known here.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::schema;

/// Paths and values; a value of none takes the edit back.
pub type Edits = Vec<(String, Option<String>)>;

/// The edits in the database at `path`, in the order of their paths. A file that is not there, or
/// was last written by a weir that kept none, has none.
///
/// # Errors
/// When the file is none that this weir reads.
pub fn stored_settings(path: &Path) -> Result<Vec<(String, String)>, StoreError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    schema::open_reader(path).and_then(|db| all(&db))
}

/// Every edit.
pub(crate) fn all(db: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let table = "SELECT 1 FROM sqlite_schema WHERE name = 'settings'";
    // A database that was last written by an older weir is brought up to date by the writer.
    if db.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(Vec::new());
    }
    let mut select = db.prepare("SELECT key, value FROM settings ORDER BY key")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes edits, all or none.
pub(crate) fn edit(db: &mut Connection, edits: &Edits, now_us: i64) -> Result<(), StoreError> {
    let tx = db.transaction()?;
    for (key, value) in edits {
        match value {
            Some(value) => tx.execute(
                "INSERT INTO settings (key, value, updated_us) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET value = ?2, updated_us = ?3",
                (key, value, now_us),
            )?,
            None => tx.execute("DELETE FROM settings WHERE key = ?1", [key])?,
        };
    }
    tx.commit()?;
    Ok(())
}

//! Control state in an SQLite file. One connection, used by one thread at a time: changes are rare
//! and small, and requests are let in by what is in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, TransactionBehavior, params_from_iter};

use super::db::{Done, Row, Statement, Value};
use super::error::ControlError;
use super::steps::{SQLITE, Way, due, newest};
use crate::error::StoreError;
use crate::files;

/// Longest wait for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    path: Arc<PathBuf>,
    connection: Arc<Mutex<Connection>>,
}

impl Sqlite {
    /// Opens the file at `path`, made if it is missing, for its owner only. Its schema is left as it
    /// is.
    pub(super) async fn attach(path: PathBuf) -> Result<Self, ControlError> {
        off_the_workers(move || Self::open(path)).await
    }

    fn open(path: PathBuf) -> Result<Self, ControlError> {
        let failed = |reason: String| StoreError::Open {
            path: path.clone(),
            reason,
        };
        files::create_parent(&path).map_err(|e| failed(format!("its directory: {e}")))?;
        drop(files::open_private(&path).map_err(|e| failed(e.to_string()))?);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&path, flags)?;
        db.busy_timeout(BUSY)?;
        // A token that was revoked must be revoked after a power cut, too.
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY;",
        )?;
        Ok(Self {
            path: Arc::new(path),
            connection: Arc::new(Mutex::new(db)),
        })
    }

    /// The versions of the steps that were done, in order.
    pub(super) async fn applied(&self) -> Result<Vec<i64>, ControlError> {
        self.run(|db| Ok((1..=version(db)?).collect())).await
    }

    /// Brings the schema to a version, all the way or not at all. Processes that do so at once take
    /// turns.
    pub(super) async fn migrate(&self, way: Way) -> Result<(), ControlError> {
        let path = Arc::clone(&self.path);
        self.run(move |db| {
            let known = newest(SQLITE);
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let found = version(&tx)?;
            if found > known {
                return Err(ControlError::Store(StoreError::NewerSchema {
                    path: path.to_path_buf(),
                    found,
                    known,
                }));
            }
            let applied: Vec<i64> = (1..=found).collect();
            for (step, script) in due(way, SQLITE, &applied) {
                tx.execute_batch(script)?;
                let now = match way {
                    Way::Up(_) => step.version,
                    Way::Down(_) => step.version - 1,
                };
                tx.pragma_update(None, "user_version", now)?;
            }
            Ok(tx.commit()?)
        })
        .await
    }

    pub(super) async fn rows(&self, query: Statement) -> Result<Vec<Row>, ControlError> {
        self.run(move |db| {
            let mut select = db.prepare_cached(&query.sql)?;
            let columns = select.column_count();
            let mut rows = select.query(params_from_iter(query.values.iter()))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..columns).map(|at| row.get::<_, SqlValue>(at).map(read));
                found.push(Row(values.collect::<Result<_, _>>()?));
            }
            Ok(found)
        })
        .await
    }

    pub(super) async fn all(&self, statements: Vec<Statement>) -> Result<Done, ControlError> {
        self.run(move |db| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut changed = Vec::with_capacity(statements.len());
            for (at, statement) in statements.iter().enumerate() {
                let done = tx
                    .prepare_cached(&statement.sql)
                    .and_then(|mut it| it.execute(params_from_iter(statement.values.iter())));
                let rows = match done {
                    Ok(rows) => u64::try_from(rows).unwrap_or(u64::MAX),
                    Err(error) if is_duplicate(&error) => return Ok(Done::Duplicate(at)),
                    Err(error) => return Err(error.into()),
                };
                if statement.must_change.is_some_and(|must| must != rows) {
                    return Ok(Done::Not(at));
                }
                changed.push(rows);
            }
            tx.commit()?;
            Ok(Done::All(changed))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<T, ControlError> {
        let db = Arc::clone(&self.connection);
        off_the_workers(move || work(&mut db.lock())).await
    }
}

async fn off_the_workers<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ControlError> + Send + 'static,
) -> Result<T, ControlError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(ControlError::Store(StoreError::Unavailable(
            "weir is shutting down".into(),
        )))
    })
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn is_duplicate(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.code == ErrorCode::ConstraintViolation
            && [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE]
                .contains(&failure.extended_code))
}

fn read(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(value) => Value::Int(value),
        SqlValue::Text(value) => Value::Text(value),
        SqlValue::Real(value) => Value::Text(value.to_string()),
        SqlValue::Blob(value) => Value::Bytes(value),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqlValue::Null),
            Self::Int(value) => ToSqlOutput::Owned(SqlValue::Integer(*value)),
            Self::Text(value) => value.as_str().into(),
            Self::Bytes(value) => value.as_slice().into(),
        })
    }
}

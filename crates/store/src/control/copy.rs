//! Moving from one database to another: everything is copied as it is stored, sealed keys and the
//! chain of the audit included.

use super::db::{Done, Row, Statement, Value};
use super::{ControlError, ControlStore};

/// Rows that are read and written at once; with all their columns no more values than a statement may
/// have in any of the databases.
const STEP: i64 = 1000;

/// A table that is copied, and the order in which what others refer to comes first.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    /// What no two rows have in common, the order first.
    order: &'static str,
}

/// The audit can be long. It refers to nothing, so what was copied of it before a copy was broken off
/// hurts nobody and is taken out when the next one begins.
const AUDIT: Table = Table {
    name: "audit_events",
    columns: &[
        "seq",
        "id",
        "at_us",
        "action",
        "actor",
        "outcome",
        "reason",
        "project_id",
        "token_id",
        "request_id",
        "correlation_id",
        "client_ip",
        "method",
        "path",
        "user_agent",
        "details",
        "hash",
    ],
    order: "seq",
};

/// Those that are copied in one transaction with the state.
const REST: [Table; 5] = [
    Table {
        name: "projects",
        columns: &[
            "id",
            "name",
            "is_active",
            "deactivated_us",
            "spec",
            "created_us",
            "updated_us",
            "version",
        ],
        order: "id",
    },
    Table {
        name: "project_keys",
        columns: &[
            "id",
            "project_id",
            "provider",
            "secret",
            "hint",
            "created_us",
        ],
        order: "id",
    },
    Table {
        name: "tokens",
        columns: &[
            "id",
            "project_id",
            "parent_id",
            "name",
            "digest",
            "hint",
            "previous_digest",
            "previous_until_us",
            "is_active",
            "deactivated_us",
            "expires_us",
            "max_requests",
            "request_count",
            "cache_hit_count",
            "last_used_us",
            "spec",
            "created_us",
            "updated_us",
            "version",
        ],
        // A parent is older than its children.
        order: "created_us, id",
    },
    Table {
        name: "spending",
        columns: &["scope", "period", "start_s", "nano_usd", "tokens"],
        order: "scope, period, start_s",
    },
    Table {
        name: "idempotency",
        columns: &[
            "scope",
            "key_hash",
            "request_hash",
            "status",
            "answer",
            "created_us",
        ],
        order: "scope, key_hash",
    },
];

impl ControlStore {
    /// How many rows a copy has to move.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows_to_copy(&self) -> Result<u64, ControlError> {
        let mut all = 0;
        for table in REST.iter().chain([&AUDIT]) {
            let count = format!("SELECT COUNT(*) FROM {}", table.name);
            let rows = self.db.rows(Statement::new(count)).await?;
            all += rows.first().map_or(Ok(0), |row| row.count(0))?;
        }
        Ok(all)
    }

    /// Copies everything into this database, which must be empty; `moved` is told of rows as they are
    /// copied. This database has all of it at the end, or nothing that counts.
    ///
    /// # Errors
    /// When this database is not empty, the other is changed meanwhile, or one of them fails.
    pub async fn copy_from(
        &self,
        source: &Self,
        moved: &(dyn Fn(u64) + Sync),
    ) -> Result<(), ControlError> {
        self.must_be_empty().await?;
        let begin = source.state().await?;
        let clear = Statement::new("DELETE FROM audit_events");
        self.db.all(vec![clear]).await?;
        let mut skip = 0;
        loop {
            let rows = source.part(&AUDIT, skip).await?;
            if rows.is_empty() {
                break;
            }
            skip += i64::try_from(rows.len()).unwrap_or(STEP);
            let count = rows.len() as u64;
            self.db.all(vec![insert(&AUDIT, rows)]).await?;
            moved(count);
        }
        let mut statements = vec![state_of(&begin)];
        let mut count = 0;
        for table in &REST {
            let mut skip = 0;
            loop {
                let rows = source.part(table, skip).await?;
                if rows.is_empty() {
                    break;
                }
                skip += i64::try_from(rows.len()).unwrap_or(STEP);
                count += rows.len() as u64;
                statements.push(insert(table, rows));
            }
        }
        if source.state().await? != begin {
            let what = "the database that is copied was changed meanwhile; stop every weir that uses \
                        it, and try again";
            return Err(ControlError::Conflict(what.into()));
        }
        match self.db.all(statements).await? {
            Done::All(_) => {
                moved(count);
                Ok(())
            }
            Done::Not(_) | Done::Duplicate(_) => Err(not_empty()),
        }
    }

    async fn must_be_empty(&self) -> Result<(), ControlError> {
        let query = "SELECT COUNT(*) FROM control_state WHERE version = 0 AND audit_seq = 0";
        let rows = self.db.rows(Statement::new(query)).await?;
        match rows.first().map_or(Ok(0), |row| row.int(0))? {
            0 => Err(not_empty()),
            _ => Ok(()),
        }
    }

    /// How often it was changed, and the end of the audit. What was used changes neither, so its sum
    /// is with it.
    async fn state(&self) -> Result<Vec<Value>, ControlError> {
        let query = "SELECT version, audit_seq, audit_hash, \
                     (SELECT COUNT(*) FROM tokens), \
                     CAST((SELECT COALESCE(SUM(request_count), 0) FROM tokens) AS CHAR(40)) \
                     FROM control_state WHERE id = 1";
        let rows = self.db.rows(Statement::new(query)).await?;
        let row = rows.into_iter().next();
        Ok(row
            .ok_or_else(|| ControlError::damaged("control_state is empty"))?
            .0)
    }

    async fn part(&self, table: &Table, skip: i64) -> Result<Vec<Row>, ControlError> {
        let (columns, order) = (table.columns.join(", "), table.order);
        let query = Statement::new(format!(
            "SELECT {columns} FROM {} ORDER BY {order} LIMIT ? OFFSET ?",
            table.name
        ));
        let query = query.with([Value::Int(STEP), Value::Int(skip)]);
        self.db.rows(query).await
    }
}

fn not_empty() -> ControlError {
    ControlError::Conflict(
        "the database to copy to is not empty; name one that no weir has used".into(),
    )
}

/// The state is copied only over that of an empty database, so that nobody's is lost.
fn state_of(state: &[Value]) -> Statement {
    let update = "UPDATE control_state SET version = ?, audit_seq = ?, audit_hash = ? \
                  WHERE id = 1 AND version = 0 AND audit_seq = 0";
    Statement::new(update)
        .with(state.iter().take(3).cloned())
        .must_change(1)
}

fn insert(table: &Table, rows: Vec<Row>) -> Statement {
    let marks = format!("({})", vec!["?"; table.columns.len()].join(", "));
    let all = vec![marks; rows.len()].join(", ");
    let columns = table.columns.join(", ");
    let sql = format!("INSERT INTO {} ({columns}) VALUES {all}", table.name);
    Statement::new(sql).with(rows.into_iter().flat_map(|row| row.0))
}

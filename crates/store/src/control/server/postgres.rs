//! PostgreSQL.

use std::str::FromStr as _;

use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArgumentBuffer, PgArguments, PgConnectOptions, PgConnection, PgRow, PgTypeInfo,
};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column as _, Encode, Postgres, Row as _, Type, TypeInfo as _};

use super::Dialect;
use crate::control::db::{Row, Statement, Value};
use crate::control::steps::{Schema, Step};

impl Dialect for Postgres {
    // Who is slower waits for the row, and then sees what it has become.
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED";
    const TABLES: &'static str = "SELECT COUNT(*) FROM information_schema.tables \
         WHERE table_schema = CURRENT_SCHEMA() AND table_name = ?";
    // Released when the session ends.
    const LOCK: &'static str = "SELECT CAST(1 AS BIGINT) FROM pg_advisory_lock(?)";

    fn steps(schema: &Schema) -> &'static [Step] {
        schema.postgres
    }

    fn options(url: &str) -> Result<PgConnectOptions, String> {
        let options = PgConnectOptions::from_str(url);
        let options = options.map_err(|error| format!("its address cannot be read: {error}"))?;
        Ok(options.application_name("weir"))
    }

    async fn rows(connection: &mut PgConnection, query: &Statement) -> sqlx::Result<Vec<Row>> {
        let rows = prepared(query).fetch_all(connection).await?;
        rows.iter().map(read).collect()
    }

    async fn change(connection: &mut PgConnection, statement: &Statement) -> sqlx::Result<u64> {
        let done = prepared(statement).execute(connection).await?;
        Ok(done.rows_affected())
    }

    fn is_passing(error: &dyn DatabaseError) -> bool {
        const SERIALIZATION_FAILURE: &str = "40001";
        const DEADLOCK: &str = "40P01";
        error
            .code()
            .is_some_and(|code| [SERIALIZATION_FAILURE, DEADLOCK].contains(&&*code))
    }

    async fn script(connection: &mut PgConnection, script: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(script).execute(connection).await.map(drop)
    }
}

fn prepared(statement: &Statement) -> Query<'static, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(numbered(&statement.sql)));
    let values = statement.values.iter().cloned();
    values.fold(query, |query, value| match value {
        Value::Null => query.bind(Untyped),
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

/// The statement with `$1`, `$2`, ... for its question marks. None of ours has one in a text.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        numbered.push('$');
        numbered.push_str(&(at + 1).to_string());
        numbered.push_str(part);
    }
    numbered
}

/// Nothing, of whatever type the statement has in its place.
struct Untyped;

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        // In a message `Parse` zero leaves the type to the server.
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

fn read(row: &PgRow) -> sqlx::Result<Row> {
    let value = |at: usize| {
        Ok(match row.column(at).type_info().name() {
            "INT8" => row
                .try_get::<Option<i64>, _>(at)?
                .map_or(Value::Null, Value::Int),
            "BYTEA" => row
                .try_get::<Option<Vec<u8>>, _>(at)?
                .map_or(Value::Null, Value::Bytes),
            _ => row
                .try_get::<Option<String>, _>(at)?
                .map_or(Value::Null, Value::Text),
        })
    };
    (0..row.len())
        .map(value)
        .collect::<sqlx::Result<_>>()
        .map(Row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_are_numbered() {
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        let many = ["?"; 12].join(", ");
        assert!(numbered(&many).ends_with("$9, $10, $11, $12"));
    }

    #[test]
    fn what_is_wrong_with_an_address_does_not_show_it() {
        let wrong = Postgres::options("postgres://u:s3cret@h:99999/d").unwrap_err();
        assert!(!wrong.contains("s3cret"), "{wrong}");
    }
}

//! MySQL and MariaDB.

use std::borrow::Cow;
use std::str::FromStr as _;

use sqlx::error::DatabaseError;
use sqlx::mysql::{
    MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow,
};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column as _, MySql, Row as _, TypeInfo as _};

use super::Dialect;
use crate::control::db::{Row, Statement, Value};
use crate::control::steps::{Schema, Step};

impl Dialect for MySql {
    // What is changed is read as it was last committed, whatever the transaction has seen.
    const BEGIN: &'static str = "START TRANSACTION";
    const TABLES: &'static str = "SELECT COUNT(*) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name = ?";
    // Names of locks are the server's, and have at most 64 characters.
    const LOCK: &'static str =
        "SELECT CAST(GET_LOCK(CONCAT('weir.', SHA1(DATABASE())), ?) AS SIGNED)";

    fn steps(schema: &Schema) -> &'static [Step] {
        schema.mysql
    }

    fn options(url: &str) -> Result<MySqlConnectOptions, String> {
        let url = from_go(url);
        let options = MySqlConnectOptions::from_str(&url);
        let options = options.map_err(|error| format!("its address cannot be read: {error}"))?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err("its address names no database".to_owned());
        }
        Ok(options)
    }

    async fn rows(connection: &mut MySqlConnection, query: &Statement) -> sqlx::Result<Vec<Row>> {
        let rows = prepared(query).fetch_all(connection).await?;
        rows.iter().map(read).collect()
    }

    async fn change(connection: &mut MySqlConnection, statement: &Statement) -> sqlx::Result<u64> {
        let done = prepared(statement).execute(connection).await?;
        Ok(done.rows_affected())
    }

    fn is_passing(error: &dyn DatabaseError) -> bool {
        const LOCK_WAIT_TIMEOUT: u16 = 1205;
        const DEADLOCK: u16 = 1213;
        const RECORD_HAS_CHANGED: u16 = 1020;
        let error = error.try_downcast_ref::<MySqlDatabaseError>();
        error.is_some_and(|error| {
            [LOCK_WAIT_TIMEOUT, DEADLOCK, RECORD_HAS_CHANGED].contains(&error.number())
        })
    }

    async fn script(connection: &mut MySqlConnection, script: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(script).execute(connection).await.map(drop)
    }
}

fn prepared(statement: &Statement) -> Query<'static, MySql, MySqlArguments> {
    let query = sqlx::query(AssertSqlSafe(statement.sql.clone()));
    let values = statement.values.iter().cloned();
    values.fold(query, |query, value| match value {
        Value::Null => query.bind(None::<String>),
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

fn read(row: &MySqlRow) -> sqlx::Result<Row> {
    let value = |at: usize| {
        Ok(match row.column(at).type_info().name() {
            "BIGINT" | "INT" => row
                .try_get::<Option<i64>, _>(at)?
                .map_or(Value::Null, Value::Int),
            // Texts that are compared byte by byte are told as this, too.
            "BLOB" | "LONGBLOB" => match row.try_get::<Option<String>, _>(at) {
                Ok(text) => text.map_or(Value::Null, Value::Text),
                Err(_) => Value::Bytes(row.try_get(at)?),
            },
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

/// The address as a URL, where it is as Go's driver has it: `user:password@tcp(host:port)/db?tls=true`.
fn from_go(text: &str) -> Cow<'_, str> {
    let parts = (!text.contains("://"))
        .then(|| text.rsplit_once("@tcp("))
        .flatten()
        .and_then(|(login, rest)| Some((login, rest.split_once(")/")?)));
    let Some((login, (host, rest))) = parts else {
        return text.into();
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (database, query) = rest.split_once('?').unwrap_or((rest, ""));
    let tls = query.split('&').find_map(|pair| pair.strip_prefix("tls="));
    let mode = match tls {
        Some("true") => "VERIFY_IDENTITY",
        Some("skip-verify") => "REQUIRED",
        Some("preferred") => "PREFERRED",
        _ => "DISABLED",
    };
    let encoded = |text: &str| {
        let bytes = text.bytes().map(|byte| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    let (user, password, database) = (encoded(user), encoded(password), encoded(database));
    format!("mysql://{user}:{password}@{host}/{database}?ssl-mode={mode}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_gos_driver_are_understood() {
        for (text, expected) in [
            (
                "u:p@ss@tcp(h:3307)/llm?parseTime=true&tls=true",
                "mysql://u:p%40ss@h:3307/llm?ssl-mode=VERIFY_IDENTITY",
            ),
            ("u@tcp(h)/llm", "mysql://u:@h/llm?ssl-mode=DISABLED"),
            ("mysql://u:p@h/llm", "mysql://u:p@h/llm"),
        ] {
            assert_eq!(from_go(text), expected);
            let options = MySql::options(text).unwrap();
            assert_eq!(options.get_database(), Some("llm"));
        }
        assert!(MySql::options("mysql://u:s3cret@h").is_err_and(|wrong| !wrong.contains("s3cret")));
    }
}

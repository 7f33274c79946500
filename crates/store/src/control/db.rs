//! The databases, as far as they are alike: statements with question marks, rows of numbers and
//! texts, and several statements that are done together or not at all.

use weir_core::settings::{ControlDatabase, DatabaseServer, ServerKind};

use super::error::ControlError;
use super::server::{MySql, Postgres, Server};
use super::sqlite::Sqlite;
use super::steps::{self, CONTROL, Schema, Step, Way};

/// A value in a statement or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A number.
pub(crate) fn int(value: impl Into<Option<i64>>) -> Value {
    value.into().map_or(Value::Null, Value::Int)
}

/// A text.
pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// A text, or none.
pub(crate) fn maybe_text<T: Into<String>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, |value| Value::Text(value.into()))
}

/// A statement and its values, in the order of its question marks.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    /// How many rows it must change; if it changes others, nothing is changed at all.
    pub(crate) must_change: Option<u64>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
            must_change: None,
        }
    }

    pub(crate) fn with(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }

    pub(crate) fn must_change(mut self, rows: u64) -> Self {
        self.must_change = Some(rows);
        self
    }
}

/// A row, by the places of its columns.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    pub(crate) fn int(&self, at: usize) -> Result<i64, ControlError> {
        self.maybe_int(at)?.ok_or_else(|| damaged(at))
    }

    pub(crate) fn maybe_int(&self, at: usize) -> Result<Option<i64>, ControlError> {
        match self.0.get(at) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(damaged(at)),
        }
    }

    /// A count, which is never below zero.
    pub(crate) fn count(&self, at: usize) -> Result<u64, ControlError> {
        Ok(u64::try_from(self.int(at)?).unwrap_or(0))
    }

    pub(crate) fn text(&self, at: usize) -> Result<String, ControlError> {
        self.maybe_text(at)?.ok_or_else(|| damaged(at))
    }

    pub(crate) fn maybe_text(&self, at: usize) -> Result<Option<String>, ControlError> {
        match self.0.get(at) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(damaged(at)),
        }
    }

    /// Bytes, which may look like a text.
    pub(crate) fn bytes(&self, at: usize) -> Result<&[u8], ControlError> {
        match self.0.get(at) {
            Some(Value::Bytes(value)) => Ok(value),
            Some(Value::Text(value)) => Ok(value.as_bytes()),
            _ => Err(damaged(at)),
        }
    }

    /// A text that something is read from.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, at: usize) -> Result<T, ControlError> {
        self.text(at)?.parse().map_err(|_| damaged(at))
    }
}

fn damaged(at: usize) -> ControlError {
    ControlError::damaged(&format!("column {at} of a row is of another kind"))
}

/// How several statements ended that belong together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All were done; how many rows each changed.
    All(Vec<u64>),
    /// None was, as this one changed other rows than it must.
    Not(usize),
    /// None was, as this one would have made a second of what there is one.
    Duplicate(usize),
}

/// A database.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    Sqlite(Sqlite),
    Postgres(Server<Postgres>),
    MySql(Server<MySql>),
}

impl Db {
    /// Opens a database and leaves its schema as it is.
    pub(crate) async fn attach(database: &ControlDatabase) -> Result<Self, ControlError> {
        Ok(match database {
            ControlDatabase::Sqlite(path) => Self::Sqlite(Sqlite::attach(path.clone()).await?),
            ControlDatabase::Server(server) => Self::server(server, &CONTROL).await?,
        })
    }

    /// Connects to a server for one of its schemas, which is left as it is.
    pub(crate) async fn server(
        server: &DatabaseServer,
        schema: &'static Schema,
    ) -> Result<Self, ControlError> {
        Ok(match server.kind {
            ServerKind::Postgres => Self::Postgres(Server::attach(server, schema).await?),
            ServerKind::MySql => Self::MySql(Server::attach(server, schema).await?),
        })
    }

    /// Its kind, as settings name it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => ServerKind::Postgres.as_str(),
            Self::MySql(_) => ServerKind::MySql.as_str(),
        }
    }

    /// The steps of its schema.
    pub(crate) fn steps(&self) -> &'static [Step] {
        match self {
            Self::Sqlite(_) => steps::SQLITE,
            Self::Postgres(db) => db.steps(),
            Self::MySql(db) => db.steps(),
        }
    }

    /// The versions of the steps that were done, in order.
    pub(crate) async fn applied(&self) -> Result<Vec<i64>, ControlError> {
        match self {
            Self::Sqlite(db) => db.applied().await,
            Self::Postgres(db) => db.applied().await,
            Self::MySql(db) => db.applied().await,
        }
    }

    /// Brings the schema to a version.
    pub(crate) async fn migrate(&self, way: Way) -> Result<(), ControlError> {
        match self {
            Self::Sqlite(db) => db.migrate(way).await,
            Self::Postgres(db) => db.migrate(way).await,
            Self::MySql(db) => db.migrate(way).await,
        }
    }

    /// What a query finds.
    pub(crate) async fn rows(&self, query: Statement) -> Result<Vec<Row>, ControlError> {
        match self {
            Self::Sqlite(db) => db.rows(query).await,
            Self::Postgres(db) => db.rows(query).await,
            Self::MySql(db) => db.rows(query).await,
        }
    }

    /// Does all of `statements`, or none.
    pub(crate) async fn all(&self, statements: Vec<Statement>) -> Result<Done, ControlError> {
        match self {
            Self::Sqlite(db) => db.all(statements).await,
            Self::Postgres(db) => db.all(statements).await,
            Self::MySql(db) => db.all(statements).await,
        }
    }

    /// Adds `sums` to a row of `table`, which is made if there is none.
    pub(crate) fn add_to(
        &self,
        table: &str,
        keys: &[(&str, Value)],
        sums: &[(&str, i64)],
    ) -> Statement {
        let names = |of: &mut dyn Iterator<Item = &str>| of.collect::<Vec<_>>().join(", ");
        let columns = names(
            &mut keys
                .iter()
                .map(|(name, _)| *name)
                .chain(sums.iter().map(|(name, _)| *name)),
        );
        let marks = vec!["?"; keys.len() + sums.len()].join(", ");
        let unique = names(&mut keys.iter().map(|(name, _)| *name));
        let (clash, new) = match self {
            Self::Sqlite(_) | Self::Postgres(_) => {
                (format!("ON CONFLICT ({unique}) DO UPDATE SET"), "excluded.")
            }
            Self::MySql(_) => ("ON DUPLICATE KEY UPDATE".to_owned(), "VALUES("),
        };
        let end = if new.ends_with('(') { ")" } else { "" };
        let added: Vec<String> = sums
            .iter()
            .map(|(name, _)| format!("{name} = {table}.{name} + {new}{name}{end}"))
            .collect();
        let added = added.join(", ");
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({marks}) {clash} {added}");
        let values = keys.iter().map(|(_, value)| value.clone());
        Statement::new(sql).with(values.chain(sums.iter().map(|(_, sum)| int(*sum))))
    }
}

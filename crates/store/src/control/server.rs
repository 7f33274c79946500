//! Control state in a database server that several nodes share. What the servers have in common is
//! here; how each spells it is in a file of its own.

mod mysql;
mod postgres;

use std::fmt;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions as _, Connection, Database, Pool};
use uuid::Uuid;
use weir_core::settings::DatabaseServer;

use super::db::{Done, Row, Statement, int, text};
use super::error::{ControlError, ServerError};
use super::steps::{Schema, Step, Way, due, newest};

pub(crate) use sqlx::{MySql, Postgres};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for what a hundred statements do. A server that hangs must not keep callers.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest wait for a step of the schema, and for another node that is at it.
const MIGRATE: Duration = Duration::from_secs(120);
/// How often a transaction is tried that the server gave up in favour of another.
const TRIES: u32 = 8;
/// Connections that nobody has used for so long are closed.
const IDLE: Duration = Duration::from_secs(300);
/// What the lock on the schema is known by, or how many seconds it is waited for: any number that is
/// the same in every weir.
const LOCK_KEY: i64 = 100;

/// How a server spells what they all can do.
pub(crate) trait Dialect: Database + Sized {
    /// Begins a transaction in which each statement sees what was committed before it.
    const BEGIN: &'static str;
    /// The statement that counts tables named as its value in the schema of the connection.
    const TABLES: &'static str;
    /// The statement that waits until no other node changes the schema, and has others wait until the
    /// connection ends. It finds a 1.
    const LOCK: &'static str;

    /// The steps of a schema. Where they are not undone when one fails halfway, each can be done
    /// again.
    fn steps(schema: &Schema) -> &'static [Step];

    /// What its address says.
    ///
    /// # Errors
    /// What is wrong with it, without the address.
    fn options(url: &str) -> Result<<Self::Connection as Connection>::Options, String>;

    /// What a query finds.
    fn rows(
        connection: &mut Self::Connection,
        query: &Statement,
    ) -> impl Future<Output = sqlx::Result<Vec<Row>>> + Send;

    /// How many rows a statement changes.
    fn change(
        connection: &mut Self::Connection,
        statement: &Statement,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Whether the server gave a transaction up that may well succeed the next time.
    fn is_passing(error: &dyn sqlx::error::DatabaseError) -> bool;

    /// Runs the statements of a step.
    fn script(
        connection: &mut Self::Connection,
        script: &'static str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// A server with its connections.
pub(crate) struct Server<D: Dialect> {
    pool: Pool<D>,
    schema: &'static Schema,
}

impl<D: Dialect> Clone for Server<D> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            schema: self.schema,
        }
    }
}

// The options of a connection hold the password.
impl<D: Dialect> fmt::Debug for Server<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("kind", &D::NAME)
            .finish_non_exhaustive()
    }
}

impl<D: Dialect> Server<D> {
    /// Connects to a server once, so that whoever starts without it is told so. The schema is left
    /// as it is.
    pub(crate) async fn attach(
        settings: &DatabaseServer,
        schema: &'static Schema,
    ) -> Result<Self, ControlError> {
        let refused = |reason: String| ServerError::Connect {
            server: D::NAME,
            setting: schema.setting,
            reason,
        };
        let options = D::options(settings.url.expose())
            .map_err(refused)?
            .disable_statement_logging();
        let pool = PoolOptions::<D>::new()
            .max_connections(settings.pool_size)
            .acquire_timeout(CONNECT)
            .idle_timeout(IDLE)
            .max_lifetime(settings.max_lifetime)
            .connect_lazy_with(options);
        let server = Self { pool, schema };
        let connection = server.own_connection().await?;
        drop(connection.close().await);
        Ok(server)
    }

    /// A connection that is nobody else's: what it holds, locks above all, ends with it.
    async fn own_connection(&self) -> Result<D::Connection, ControlError> {
        let options = self.pool.connect_options();
        let refused = |reason: String| {
            ControlError::Server(ServerError::Connect {
                server: D::NAME,
                setting: self.schema.setting,
                reason,
            })
        };
        match tokio::time::timeout(ANSWER, options.connect()).await {
            Ok(connected) => connected.map_err(|error| refused(error.to_string())),
            Err(_) => Err(refused(format!("no answer within {} s", ANSWER.as_secs()))),
        }
    }

    /// The steps of its schema.
    pub(crate) fn steps(&self) -> &'static [Step] {
        D::steps(self.schema)
    }

    pub(crate) async fn rows(&self, query: Statement) -> Result<Vec<Row>, ControlError> {
        let found = async {
            let mut connection = self.pool.acquire().await?;
            D::rows(&mut connection, &query).await
        };
        in_time::<D, _>(1, found).await?.map_err(failed::<D>)
    }

    pub(crate) async fn all(&self, statements: Vec<Statement>) -> Result<Done, ControlError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let error = match in_time::<D, _>(statements.len(), self.once(&statements)).await? {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let passing = error.as_database_error().is_some_and(D::is_passing);
            if !passing || tries == TRIES {
                return Err(failed::<D>(error));
            }
            // Apart from whoever else was given up.
            tokio::time::sleep(Duration::from_millis(1 + chance() % (10 << tries))).await;
        }
    }

    /// One try. A transaction that is dropped is rolled back.
    async fn once(&self, statements: &[Statement]) -> sqlx::Result<Done> {
        let mut tx = self.pool.begin_with(D::BEGIN).await?;
        let mut changed = Vec::with_capacity(statements.len());
        for (at, statement) in statements.iter().enumerate() {
            let rows = match D::change(&mut tx, statement).await {
                Ok(rows) => rows,
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                    tx.rollback().await?;
                    return Ok(Done::Duplicate(at));
                }
                Err(error) => return Err(error),
            };
            if statement.must_change.is_some_and(|must| must != rows) {
                tx.rollback().await?;
                return Ok(Done::Not(at));
            }
            changed.push(rows);
        }
        tx.commit().await?;
        Ok(Done::All(changed))
    }

    /// The versions of the steps that were done, in order.
    pub(crate) async fn applied(&self) -> Result<Vec<i64>, ControlError> {
        let exists = Statement::new(D::TABLES).with([text(self.schema.table)]);
        let found = self.rows(exists).await?;
        if found.first().map_or(Ok(0), |row| row.int(0))? == 0 {
            return Ok(Vec::new());
        }
        let query = format!("SELECT version FROM {} ORDER BY version", self.schema.table);
        let rows = self.rows(Statement::new(query)).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// Brings the schema to a version. Nodes that do so at once take turns.
    pub(crate) async fn migrate(&self, way: Way) -> Result<(), ControlError> {
        if due(way, self.steps(), &self.checked().await?).is_empty() {
            return Ok(());
        }
        let mut connection = self.own_connection().await?;
        let done = tokio::time::timeout(MIGRATE, self.take_steps(&mut connection, way)).await;
        let done = done.unwrap_or_else(|_| {
            Err(refused::<D>(
                "another weir has been changing the schema for too long",
            ))
        });
        // The lock goes with it.
        drop(connection.close().await);
        done
    }

    async fn take_steps(
        &self,
        connection: &mut D::Connection,
        way: Way,
    ) -> Result<(), ControlError> {
        let lock = Statement::new(D::LOCK).with([int(LOCK_KEY)]);
        let locked = D::rows(connection, &lock).await.map_err(failed::<D>)?;
        if locked.first().map_or(Ok(0), |row| row.int(0))? != 1 {
            return Err(refused::<D>("another weir is changing the schema"));
        }
        let name = self.schema.table;
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {name} (version BIGINT NOT NULL PRIMARY KEY, \
             name VARCHAR(191) NOT NULL, applied_us BIGINT NOT NULL)"
        );
        D::change(connection, &Statement::new(table))
            .await
            .map_err(failed::<D>)?;
        // Another node may have done it meanwhile.
        let applied = self.checked().await?;
        for (step, script) in due(way, self.steps(), &applied) {
            let note = match way {
                Way::Up(_) => Statement::new(format!(
                    "INSERT INTO {name} (version, name, applied_us) VALUES (?, ?, ?)"
                ))
                .with([int(step.version), text(step.name), int(super::now_us())]),
                Way::Down(_) => Statement::new(format!("DELETE FROM {name} WHERE version = ?"))
                    .with([int(step.version)]),
            };
            let take = async {
                let mut tx = connection.begin().await?;
                D::script(&mut tx, script).await?;
                D::change(&mut tx, &note).await?;
                tx.commit().await
            };
            take.await.map_err(failed::<D>)?;
        }
        Ok(())
    }

    /// The versions of the steps that were done, all of which this weir knows.
    async fn checked(&self) -> Result<Vec<i64>, ControlError> {
        let applied = self.applied().await?;
        let (found, known) = (applied.last().copied().unwrap_or(0), newest(self.steps()));
        if found > known {
            return Err(ControlError::Server(ServerError::Newer {
                server: D::NAME,
                setting: self.schema.setting,
                found,
                known,
            }));
        }
        Ok(applied)
    }
}

/// What a failure is called where it did not come from the server.
fn refused<D: Dialect>(reason: impl Into<String>) -> ControlError {
    ControlError::Server(ServerError::Failed {
        server: D::NAME,
        reason: reason.into(),
    })
}

/// What `work` with so many statements gives, if it does so in time.
async fn in_time<D: Dialect, T>(
    statements: usize,
    work: impl Future<Output = T>,
) -> Result<T, ControlError> {
    let hundreds = u32::try_from(statements / 100).unwrap_or(u32::MAX);
    let patience = ANSWER.saturating_mul(hundreds.saturating_add(1));
    let late = |_| refused::<D>(format!("no answer within {} s", patience.as_secs()));
    tokio::time::timeout(patience, work).await.map_err(late)
}

fn failed<D: Dialect>(error: sqlx::Error) -> ControlError {
    const NO_SUCH_TEXT: [&str; 2] = ["22021", "22P05"];
    let is_text = |said: &dyn sqlx::error::DatabaseError| {
        let code = said.code();
        code.is_some_and(|code| NO_SUCH_TEXT.contains(&&*code))
    };
    match error {
        sqlx::Error::Database(said) if is_text(&*said) => {
            ControlError::field("text", "the database keeps no text with a NUL in it")
        }
        error => refused::<D>(error.to_string()),
    }
}

/// Any number: the part of an id that is left to chance.
fn chance() -> u64 {
    Uuid::now_v7().as_u64_pair().1 >> 2
}

//! A store in an empty database of its own, whatever kind of database that is.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::Connection as SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;
use weir_core::control::{Code, ScopeSpec};
use weir_core::secret::Secret;
use weir_core::settings::{self, ControlDatabase, ServerKind};
use weir_store::control::{By, ControlStore, NewKey, NewProject, NewToken, Seal};

use crate::servers::DatabaseServer;

/// Where worlds are made.
pub(super) enum Ground {
    Sqlite(TempDir),
    Server(ServerKind, DatabaseServer),
}

/// Each world has a database of its own.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Ground {
    pub(super) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(super) fn postgres() -> Self {
        Self::Server(ServerKind::Postgres, DatabaseServer::postgres())
    }

    pub(super) fn mysql() -> Self {
        Self::Server(ServerKind::MySql, DatabaseServer::mysql())
    }

    /// An empty database.
    pub(super) async fn database(&self) -> ControlDatabase {
        let name = format!("weir{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        match self {
            Self::Sqlite(folder) => ControlDatabase::Sqlite(folder.path().join(name)),
            Self::Server(kind, server) => {
                let first = at(*kind, server.first());
                execute(&first, &format!("CREATE DATABASE {name}")).await;
                at(*kind, server.url(&name))
            }
        }
    }
}

pub(super) fn at(kind: ServerKind, url: String) -> ControlDatabase {
    ControlDatabase::Server(settings::DatabaseServer {
        kind,
        url: Secret::new(url),
        pool_size: 10,
        max_lifetime: Duration::from_secs(60),
    })
}

/// Does something past the store.
pub(crate) async fn execute(database: &ControlDatabase, sql: &str) {
    let sql_text = AssertSqlSafe(sql.to_owned());
    match database {
        ControlDatabase::Sqlite(file) => {
            let db = SqliteConnection::open(file).unwrap();
            db.execute_batch(sql).unwrap();
        }
        ControlDatabase::Server(server) => {
            let url = server.url.expose();
            match server.kind {
                ServerKind::Postgres => {
                    let mut db = PgConnection::connect(url).await.unwrap();
                    sqlx::raw_sql(sql_text).execute(&mut db).await.unwrap();
                }
                ServerKind::MySql => {
                    let mut db = MySqlConnection::connect(url).await.unwrap();
                    sqlx::raw_sql(sql_text).execute(&mut db).await.unwrap();
                }
            }
        }
    }
}

pub(super) struct World {
    pub(super) database: ControlDatabase,
    pub(super) store: ControlStore,
}

impl World {
    pub(super) async fn new(ground: &Ground) -> Self {
        Self::sealed(ground, Seal::default()).await
    }

    pub(super) async fn sealed(ground: &Ground, seal: Seal) -> Self {
        let database = ground.database().await;
        let store = ControlStore::open(&database, seal).await.unwrap();
        Self { database, store }
    }

    /// The same database once more.
    pub(super) async fn again(&self, seal: Seal) -> ControlStore {
        ControlStore::open(&self.database, seal).await.unwrap()
    }

    pub(super) async fn execute(&self, sql: &str) {
        execute(&self.database, sql).await;
    }

    /// The one text that a query finds past the store.
    pub(super) async fn text(&self, sql: &'static str) -> String {
        match &self.database {
            ControlDatabase::Sqlite(file) => {
                let db = SqliteConnection::open(file).unwrap();
                db.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            ControlDatabase::Server(server) => {
                let url = server.url.expose();
                match server.kind {
                    ServerKind::Postgres => {
                        let mut db = PgConnection::connect(url).await.unwrap();
                        sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
                    }
                    ServerKind::MySql => {
                        let mut db = MySqlConnection::connect(url).await.unwrap();
                        sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
                    }
                }
            }
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        match &self.database {
            ControlDatabase::Sqlite(file) => file.clone(),
            ControlDatabase::Server(_) => panic!("a server has no file"),
        }
    }

    pub(super) async fn project(&self, name: &str) -> Uuid {
        let new = NewProject {
            name: name.into(),
            keys: vec![key("openai", "UPKEY-0123456789")],
            spec: ScopeSpec::default(),
        };
        self.store.create_project(new, &by()).await.unwrap().id
    }

    pub(super) async fn token(&self, project: Uuid) -> (Uuid, Secret) {
        let made = self.store.create_token(new_token(project), &by()).await;
        let (row, secret) = made.unwrap();
        (row.id, secret)
    }

    /// Why the token is refused at the moment.
    pub(super) async fn code(&self, secret: &Secret) -> Option<Code> {
        let loaded = self.store.load(false).await.unwrap();
        let holder = loaded.directory.find(secret.expose().as_bytes())?;
        let now_ms = jiff::Timestamp::now().as_millisecond();
        holder.check(now_ms).err().map(|refusal| refusal.code)
    }
}

pub(super) fn by() -> By {
    By {
        actor: "management_api".into(),
        request_id: Some("r-1".into()),
        ..By::default()
    }
}

pub(super) fn key(provider: &str, secret: &str) -> NewKey {
    NewKey {
        provider: provider.into(),
        secret: Secret::new(secret),
    }
}

pub(super) fn new_token(project: Uuid) -> NewToken {
    NewToken {
        project,
        parent: None,
        name: None,
        duration_minutes: 60,
        max_requests: None,
        spec: ScopeSpec::default(),
    }
}

pub(super) fn encryption(byte: u8) -> Secret {
    use base64::Engine as _;
    Secret::new(base64::engine::general_purpose::STANDARD.encode([byte; 32]))
}

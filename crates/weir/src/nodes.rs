//! The nodes that share a Redis or Valkey: each says every two seconds that it lives, and how it is.
//! No request has to do with any of this.

mod command;
mod entry;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::bail;
use parking_lot::Mutex;
use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::sync::watch;
use tokio::time::Instant;
use weir_admin::{Node, NodeState, Nodes};
use weir_core::health::Lifecycle;
use weir_core::settings::{ControlDatabase, Settings};
use weir_events::link::Store;
use weir_proxy::clock::now;

pub(crate) use self::command::run as command;
use self::entry::Entry;
use crate::stream::time_ms;
use crate::tenants::Keeper;

/// The hash of nodes by id.
const KEY: &str = "weir:nodes";
/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(2);
/// How long a node is believed to live without one.
const LEASE: Duration = Duration::from_secs(8);
/// When the store forgets nodes that nobody has forgotten, because nobody lives.
const FORGET: Duration = Duration::from_secs(60);
/// How long the store may take to be connected to, or to answer.
const ANSWER: Duration = Duration::from_secs(1);
/// Between two looks whether somebody who may be dead says something.
const LOOK: Duration = Duration::from_millis(500);

/// How the store was when it was last asked.
#[derive(Debug, Default)]
struct Met {
    /// What this node is known as there, as it was last told.
    me: Option<Entry>,
    /// Others that live.
    others: Vec<Entry>,
}

/// This node, and those that it knows.
pub(crate) struct Registry {
    id: String,
    host: String,
    listening: SocketAddr,
    scheme: &'static str,
    /// Where it is reached from the store's network, once that is known.
    reached: Mutex<Option<IpAddr>>,
    started_ms: i64,
    /// What its projects are kept in.
    database: Option<&'static str>,
    lifecycle: Arc<Lifecycle>,
    serving: AtomicBool,
    keeper: OnceLock<Arc<Keeper>>,
    /// When the store was first told, by its clock; 0 until then.
    joined_ms: AtomicI64,
    /// Whether there should be others.
    shared: AtomicBool,
    met: Mutex<Met>,
    /// Somebody else keeps projects too, and it is not together.
    split: AtomicBool,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// A node that listens at `listening`.
    pub(crate) fn new(
        settings: &Settings,
        listening: SocketAddr,
        lifecycle: &Arc<Lifecycle>,
    ) -> Self {
        let kind = match &settings.projects.database {
            ControlDatabase::Sqlite(_) => SQLITE,
            ControlDatabase::Server(server) => server.kind.as_str(),
        };
        Self {
            id: uuid::Uuid::now_v7().simple().to_string(),
            host: host().unwrap_or_default(),
            listening,
            scheme: match settings.server.tls {
                Some(_) => "https",
                None => "http",
            },
            reached: Mutex::default(),
            started_ms: now().unix_ms,
            database: settings.projects.enabled.then_some(kind),
            lifecycle: Arc::clone(lifecycle),
            serving: AtomicBool::new(false),
            keeper: OnceLock::new(),
            joined_ms: AtomicI64::new(0),
            shared: AtomicBool::new(false),
            met: Mutex::default(),
            split: AtomicBool::new(false),
        }
    }

    /// Its id, another at each start.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What people call it: its host, and the port that it listens at.
    pub(crate) fn name(&self) -> String {
        named(&self.host, self.listening.port())
    }

    /// It takes requests from now on, for the tenants of `keeper`.
    pub(crate) fn serves(&self, keeper: Option<&Arc<Keeper>>) {
        if let Some(keeper) = keeper {
            let _only_once = self.keeper.set(Arc::clone(keeper));
        }
        self.serving.store(true, Ordering::Relaxed);
    }

    /// What is known at this moment.
    pub(crate) fn view(&self) -> Nodes {
        let is_shared = self.shared.load(Ordering::Relaxed);
        let met = self.met.lock();
        let (clock, seen) = match &met.me {
            Some(me) => (Some(me.clock_ms), Some(me.seen_ms)),
            None => (None, None),
        };
        let me = Node {
            this: true,
            sees_redis: is_shared.then_some(met.me.is_some()),
            clock_ms: clock,
            seen_ms: seen,
            ..shown(self.entry(0, 0))
        };
        let hint = match (is_shared, met.me.is_some()) {
            (false, _) => Some(
                "Nodes know each other by a Redis or Valkey: set `shared.redis_url` to the same on all of them",
            ),
            (true, false) => Some("Redis cannot be reached, so this node knows of no other"),
            (true, true) => None,
        };
        let others = met.others.iter().cloned().map(shown);
        Nodes {
            nodes: std::iter::once(me).chain(others).collect(),
            hint: hint.map(str::to_owned),
        }
    }

    /// How this node is, by a clock of the store that says `now_ms`, which is `clock_ms` less than its
    /// own.
    fn entry(&self, now_ms: i64, clock_ms: i64) -> Entry {
        let ip = match self.listening.ip() {
            ip if ip.is_unspecified() => *self.reached.lock(),
            ip => Some(ip),
        };
        let (host, port) = (&self.host, self.listening.port());
        let authority = match ip {
            Some(ip) => SocketAddr::new(ip, port).to_string(),
            None => named(host, port),
        };
        let state = if self.lifecycle.is_draining() {
            NodeState::Draining
        } else if self.serving.load(Ordering::Relaxed) {
            NodeState::Serving
        } else {
            NodeState::Starting
        };
        let sees_database = self.keeper.get().map(|keeper| keeper.is_read());
        Entry {
            host: host.clone(),
            address: format!("{}://{authority}", self.scheme),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_ms: self.started_ms,
            joined_ms: self.joined_ms.load(Ordering::Relaxed),
            seen_ms: now_ms,
            clock_ms,
            in_flight: self.lifecycle.in_flight() as u64,
            database: self.database.map(str::to_owned),
            sees_database,
            ..Entry::new(self.id.clone(), state)
        }
    }
}

const SQLITE: &str = "sqlite";

/// Whether a node can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let is_short = (1..=entry::MAX_TEXT).contains(&name.len());
    is_short && !name.chars().any(char::is_control)
}

/// What people call a node of this host and port.
fn named(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

fn shown(entry: Entry) -> Node {
    Node {
        id: entry.id,
        this: false,
        host: entry.host,
        address: entry.address,
        version: entry.version,
        started_ms: entry.started_ms,
        in_flight: entry.in_flight,
        state: entry.state,
        database: entry.database,
        sees_database: entry.sees_database,
        sees_redis: Some(true),
        clock_ms: Some(entry.clock_ms),
        seen_ms: Some(entry.seen_ms),
    }
}

/// Keeping it.
impl Registry {
    /// The task that tells the store that `store` holds, and asks it; it ends when the sender is gone.
    pub(crate) fn run(
        self: &Arc<Self>,
        mut store: watch::Receiver<Option<Store>>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let registry = Arc::clone(self);
        async move {
            loop {
                let current = store.borrow_and_update().clone();
                registry.shared.store(current.is_some(), Ordering::Relaxed);
                let changed = match &current {
                    None => store.changed().await,
                    Some(current) => tokio::select! {
                        changed = store.changed() => {
                            registry.leave(current).await;
                            changed
                        }
                        never = registry.keep(current) => match never {},
                    },
                };
                *registry.met.lock() = Met::default();
                if changed.is_err() {
                    return;
                }
            }
        }
    }

    async fn keep(&self, store: &Store) -> Infallible {
        loop {
            let Err(error) = self.session(store).await;
            // That the store is away is said where something is missed for it.
            tracing::debug!(%error, "nodes do not know each other");
            *self.met.lock() = Met::default();
            tokio::time::sleep(BEAT).await;
        }
    }

    async fn session(&self, store: &Store) -> RedisResult<Infallible> {
        let mut connection = store.connect(ANSWER).await?;
        *self.reached.lock() = own_address(store).await;
        loop {
            self.beat(&mut connection).await?;
            tokio::time::sleep(BEAT).await;
        }
    }

    /// Says that this node lives, and asks who else does.
    async fn beat(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let before = now();
        let now_ms = time_ms(connection).await?;
        // The store has looked at its clock in the middle, about.
        let after = now();
        let own_ms = i64::midpoint(before.unix_ms, after.unix_ms);
        let zero = self
            .joined_ms
            .compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        let _joined_before = zero.is_err();
        let me = self.entry(now_ms, own_ms - now_ms);
        let (all,): (Vec<(String, String)>,) = redis::pipe()
            .cmd("HSET")
            .arg(KEY)
            .arg(&self.id)
            .arg(me.text())
            .ignore()
            .cmd("EXPIRE")
            .arg(KEY)
            .arg(FORGET.as_secs())
            .ignore()
            .cmd("HGETALL")
            .arg(KEY)
            .query_async(connection)
            .await?;
        let lease_ms = millis(LEASE);
        let (mut others, mut dead) = (Vec::new(), Vec::new());
        for (id, text) in all {
            match Entry::read(&id, &text) {
                Some(entry) if entry.lives(now_ms, lease_ms) => others.push(entry),
                // Those of another version are for their own kind to forget, if it is still there.
                None if entry::was_seen(&text, now_ms - millis(FORGET)) => {}
                Some(_) | None => dead.push(id),
            }
        }
        if !dead.is_empty() {
            let mut forget = redis::cmd("HDEL");
            forget.arg(KEY).arg(dead);
            forget.query_async::<()>(connection).await?;
        }
        others.retain(|entry| entry.id != self.id);
        others.sort_by(|one, other| one.rank().cmp(&other.rank()));
        self.warn_of_split(&others);
        *self.met.lock() = Met {
            me: Some(me),
            others,
        };
        Ok(())
    }

    /// Says so once, when projects of several nodes cannot be the same.
    fn warn_of_split(&self, others: &[Entry]) {
        let other = others.iter().find(|other| self.is_split_from(other));
        let was = self.split.swap(other.is_some(), Ordering::Relaxed);
        if let Some(other) = other.filter(|_| !was && self.serving.load(Ordering::Relaxed)) {
            tracing::error!(
                host = other.host,
                address = other.address,
                "two nodes share a Redis, and projects of one of them are in SQLite: they do not know \
                 the same projects; set `projects.database_url` to the same on both"
            );
        }
    }

    fn is_split_from(&self, other: &Entry) -> bool {
        let kinds = [self.database, other.database.as_deref()];
        kinds.iter().all(Option::is_some) && kinds.contains(&Some(SQLITE))
    }

    /// Looks whether this node may be: one whose projects are in SQLite must be the only one that has
    /// any. One that was killed a moment ago is told from one that lives by waiting for what it says.
    ///
    /// # Errors
    /// When another that has projects was there before.
    pub(crate) async fn may_be(&self, store: Option<&Store>) -> anyhow::Result<()> {
        let Some(store) = store.filter(|_| self.database == Some(SQLITE)) else {
            return Ok(());
        };
        let Ok(mut connection) = store.connect(ANSWER).await else {
            warn_of_doubt();
            return Ok(());
        };
        *self.reached.lock() = own_address(store).await;
        let (mut known, start) = (Vec::new(), Instant::now());
        loop {
            if self.beat(&mut connection).await.is_err() {
                warn_of_doubt();
                return Ok(());
            }
            let before = self.before_this();
            if before.is_empty() {
                return Ok(());
            }
            let spoke = |entry: &&Entry| {
                let mut known = known.iter();
                known.any(|old: &Entry| old.id == entry.id && old.seen_ms < entry.seen_ms)
            };
            // Its lease is over long before, by the same clock, unless that was set back.
            let alive = before.iter().find(spoke);
            if alive.is_some() || start.elapsed() > 2 * LEASE {
                self.leave(store).await;
                let other = alive.or(before.first());
                let (host, address) =
                    other.map_or(("", ""), |other| (&*other.host, &*other.address));
                bail!(
                    "`projects.database_url`: projects are in SQLite, which one node alone can use, and \
                     another lives by the same Redis: {host} at {address}\n  set DATABASE_URL to the same \
                     PostgreSQL, MySQL or MariaDB on all nodes, or take `shared.redis_url` out"
                );
            }
            if known.is_empty() {
                known = before;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Those with projects that said that they live before this node did.
    fn before_this(&self) -> Vec<Entry> {
        let met = self.met.lock();
        let Some(me) = &met.me else {
            return Vec::new();
        };
        let others = met.others.iter();
        let before = others.filter(|other| self.is_split_from(other) && other.rank() < me.rank());
        before.cloned().collect()
    }

    /// Has the others know that this node is gone.
    async fn leave(&self, store: &Store) {
        let left = async {
            let mut connection = store.connect(ANSWER).await?;
            let mut leave = redis::cmd("HDEL");
            leave.arg(KEY).arg(&self.id);
            leave.query_async::<()>(&mut connection).await
        };
        let _in_time = tokio::time::timeout(ANSWER, left).await.is_ok();
    }

    /// The same, where a store is shared and was reached.
    pub(crate) async fn farewell(&self, store: Option<Store>) {
        if let Some(store) = store.filter(|_| self.met.lock().me.is_some()) {
            self.leave(&store).await;
        }
    }
}

/// The name of this machine, if it has one.
pub(crate) fn host() -> Option<String> {
    let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
    (!name.is_empty()).then_some(name)
}

fn warn_of_doubt() {
    tracing::warn!("Redis cannot be reached, so whether this node is the only one is not known");
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The address of this machine that the store sees. Nothing is sent for it.
async fn own_address(store: &Store) -> Option<IpAddr> {
    let found = async {
        let store = tokio::net::lookup_host(store.address()).await?.next();
        let any: SocketAddr = match store {
            Some(SocketAddr::V6(_)) => ([0_u16; 8], 0).into(),
            _ => ([0_u8; 4], 0).into(),
        };
        let socket = tokio::net::UdpSocket::bind(any).await?;
        socket
            .connect(store.ok_or(std::io::ErrorKind::NotFound)?)
            .await?;
        socket.local_addr()
    };
    let found: std::io::Result<SocketAddr> = found.await;
    found.ok().map(|address| address.ip())
}

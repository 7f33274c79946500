//! What the operator decided, checked and complete: no `Option` here means "default".

mod events;
mod headers;
mod kind;
mod provider;
mod routing;
pub mod services;
mod sinks;
mod subagents;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;

use crate::cors::Cors;
use crate::prices::Prices;
use crate::secret::Secret;

pub use events::{Bus, Events, RedisBus, Start, Told};
pub use headers::{HeaderAction, HeaderRule, MAX_RULES};
pub use kind::ProviderKind;
pub use provider::{
    AuthStyle, Aws, Azure, ClientCredentials, Cloud, Entra, Gcp, Key, KeyStrategy, OutboundProxy,
    Price, Provider,
};
pub use routing::{Health, Routing, Strategy, Thinking};
pub use sinks::{FileSink, LineFormat, Sink, SinkKind};
pub use subagents::Subagents;

/// One validated configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where and how weir listens.
    pub server: Server,
    /// Who may use the data plane.
    pub auth: Auth,
    /// Who may use the dashboard and its API.
    pub dashboard: Dashboard,
    /// Tenants.
    pub projects: Projects,
    /// Where requests go, in the order of the file. Only those that are enabled.
    pub providers: Vec<Arc<Provider>>,
    /// Which of them a request goes to.
    pub routing: Routing,
    /// Which model the subagents of coding agents get.
    pub subagents: Subagents,
    /// When a provider counts as ill, and how it is looked after.
    pub health: Health,
    /// What models cost.
    pub prices: Arc<Prices>,
    /// Answers that are given again.
    pub cache: Cache,
    /// What is kept of each exchange.
    pub capture: Capture,
    /// Where what crosses the wire is written besides; none does not.
    pub raw_log: Option<RotatedFiles>,
    /// Where it is kept.
    pub storage: Storage,
    /// What several weirs share.
    pub shared: Shared,
    /// What the world is told of ended exchanges.
    pub events: Events,
    /// What weir says of itself.
    pub logging: Logging,
}

/// Where and how weir listens.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Worker threads; none takes one for each core.
    pub workers: Option<NonZeroUsize>,
    /// Longest time for a whole request body (408).
    pub read_timeout: Duration,
    /// Longest time a client may leave response bytes unread.
    pub write_timeout: Duration,
    /// Longest time a connection may stay open without a request.
    pub idle_timeout: Duration,
    /// Longest time from the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// Largest request body in bytes (413); none is unlimited.
    pub max_body_bytes: Option<NonZeroUsize>,
    /// Most requests at once (503); none is unlimited.
    pub max_concurrent: Option<NonZeroUsize>,
    /// Most requests a minute to the LLM APIs (429); 0 is unlimited.
    pub max_per_minute: u64,
    /// The same from each address.
    pub max_per_minute_per_address: u64,
    /// Largest request head in bytes (431).
    pub max_header_bytes: usize,
    /// Most header fields in a request (431).
    pub max_headers: usize,
    /// Whether a trusted proxy stands in front.
    pub trust_proxy: bool,
    /// Whose forwarding headers are believed when `trust_proxy` is on.
    pub trusted_proxies: Vec<IpNet>,
    /// Extra `Host` names allowed for the dashboard's API besides loopback and the listen address.
    pub allowed_hosts: Vec<String>,
    /// Which web pages may call; none may.
    pub cors: Option<Cors>,
    /// Longest drain after SIGTERM.
    pub drain_timeout: Duration,
    /// Longest drain after SIGINT.
    pub interrupt_drain_timeout: Duration,
    /// Certificate and key, when weir speaks TLS itself.
    pub tls: Option<Tls>,
}

/// Files to serve TLS with; read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM, leaf first.
    pub cert_file: PathBuf,
    /// PEM.
    pub key_file: PathBuf,
}

/// Who may use the data plane.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Whether a credential is demanded at all.
    pub enabled: bool,
    /// What `Authorization: Bearer` must carry; none refuses the scheme unless `any_bearer`.
    pub bearer_token: Option<Secret>,
    /// Any bearer opens the gateway and travels on: the client's own subscription.
    pub any_bearer: bool,
    /// What the key header must carry; none refuses it.
    pub api_key: Option<Secret>,
    /// The key header's name. With the default, `x-api-key`, Gemini's `x-goog-api-key` counts too.
    pub api_key_header: HeaderName,
    /// Loopback peers need none, unless a proxy may stand in front.
    pub allow_localhost_bypass: bool,
    /// The key may come as the first segment of the path too, behind a tilde.
    pub token_in_path: bool,
}

/// Tenants, and who manages them.
#[derive(Clone, Debug)]
pub struct Projects {
    /// Whether there are any.
    pub enabled: bool,
    /// Whether every client needs a token of one, or the gateway's own credential.
    pub required: bool,
    /// Whether tokens of projects that are switched off are refused.
    pub enforce_active: bool,
    /// How long they are let in by what was last known of them.
    pub grace: Duration,
    /// Where they are kept.
    pub database: ControlDatabase,
    /// Opens the management with every right.
    pub management_token: Option<Secret>,
    /// The same for tokens only.
    pub operate_token: Option<Secret>,
    /// The same for looking only.
    pub read_token: Option<Secret>,
    /// Others who may manage, by name.
    pub managers: Vec<Manager>,
    /// What seals providers' keys; none leaves them open.
    pub encryption_key: Option<Secret>,
    /// What has sealed them before.
    pub older_encryption_key: Option<Secret>,
    /// Where the audit is written besides; none does not.
    pub audit_file: Option<RotatedFiles>,
}

/// Somebody who manages tenants.
#[derive(Clone, Debug)]
pub struct Manager {
    /// Who, in the audit.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// What they are known by.
    pub token: Secret,
}

/// What somebody may do who manages. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Read,
    /// Make, change and revoke tokens; purge caches.
    Operate,
    /// Make and change projects and their keys.
    Admin,
}

/// Where tenants are kept.
#[derive(Clone, Debug)]
pub enum ControlDatabase {
    /// In this file.
    Sqlite(PathBuf),
    /// In a server that several nodes share.
    Server(DatabaseServer),
}

/// A database server.
#[derive(Clone, Debug)]
pub struct DatabaseServer {
    /// Its kind.
    pub kind: ServerKind,
    /// Where it is, with the credential.
    pub url: Secret,
    /// Most connections at once.
    pub pool_size: u32,
    /// How long a connection is used.
    pub max_lifetime: Duration,
}

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl ServerKind {
    /// Its name in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }
}

/// Who may use the dashboard and its API.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// The password of HTTP Basic; none leaves it to the listen address and `auth`.
    pub password: Option<Secret>,
    /// The address that set-up lines show.
    pub proxy_public_url: Option<String>,
    /// Whether transcripts on disk are shown.
    pub transcripts: bool,
    /// Where they are; none is where Claude Code puts them.
    pub transcripts_dir: Option<PathBuf>,
    /// Who grades prompts; none grades none.
    pub grading: Option<Grading>,
}

/// Who grades prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grading {
    /// The provider; none goes by the model, as any request does.
    pub provider: Option<String>,
    /// The model.
    pub model: String,
}

/// Answers that are given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether any are.
    pub enabled: bool,
    /// Streams too.
    pub streams: bool,
    /// Those within a conversation too.
    pub multi_turn: bool,
    /// How long they are used where nobody says so; nothing keeps none of those.
    pub default_ttl: Duration,
    /// The largest body that is kept, in bytes.
    pub max_object_bytes: usize,
    /// Memory for all of them, in bytes.
    pub max_bytes: u64,
    /// Where they are kept.
    pub backend: CacheBackend,
    /// A Redis of their own; none is that of [`Shared`].
    pub redis_url: Option<Secret>,
    /// What all keys there begin with.
    pub redis_prefix: Box<str>,
    /// How long a request waits for it.
    pub redis_timeout: Duration,
}

/// Where answers are kept that are given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheBackend {
    /// The memory of one process.
    Memory,
    /// A Redis or Valkey.
    Redis,
}

/// What is kept of each exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Whether anything is kept.
    pub enabled: bool,
    /// Whether weir is unhealthy (503) while nothing can be kept.
    pub required: bool,
    /// Bytes of one response body that are kept; the client always gets all of it.
    pub max_body_bytes: usize,
    /// Bytes of bodies that may wait for the recorder; past it captures are dropped and counted.
    pub queue_bytes: usize,
    /// Bytes of recent request bodies held in memory to store only what is new in the next.
    pub dedup_bytes: usize,
    /// Whether exchanges can be found by their words.
    pub search: bool,
    /// What goes when.
    pub retention: Retention,
}

/// A file that lines are added to, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotatedFiles {
    /// The file that is written.
    pub path: PathBuf,
    /// Its largest size in bytes; then it is put aside. The largest number lets it grow.
    pub max_bytes: u64,
    /// Most files that are put aside; the oldest goes first.
    pub max_files: u32,
    /// Its longest age; then it is put aside. None is any.
    pub max_age: Option<Duration>,
}

/// Bounds of the history; none is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Oldest exchange kept.
    pub max_age: Option<Duration>,
    /// Most exchanges kept.
    pub max_rows: Option<u64>,
    /// Largest database, in bytes.
    pub max_bytes: Option<u64>,
}

/// Where captures are kept.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The SQLite file.
    pub db_path: PathBuf,
    /// The server by which captures are shared with other nodes; none keeps them to this one.
    pub server: Option<DatabaseServer>,
}

/// What several weirs share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// A Redis or Valkey for what they must remember together (`redis://` or `rediss://`,
    /// credentials included); none keeps it in this one's memory.
    pub redis_url: Option<Secret>,
    /// Whether nodes tell each other of ill providers and resting keys there.
    pub hints: bool,
    /// Whether the live feed of each shows what the others take.
    pub live: bool,
}

/// What weir says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,weir_proxy=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
    /// Where they go.
    pub output: LogOutput,
    /// What is said of single requests.
    pub debug: DebugOptions,
}

/// Where log lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard error.
    #[default]
    Stderr,
    /// Standard output.
    Stdout,
    /// The end of this file, made for its owner only if missing.
    File(PathBuf),
}

/// What is said of single requests at level `debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugOptions {
    /// The beginning of the request's body, redacted.
    pub request_body: bool,
    /// The response's headers.
    pub response_headers: bool,
    /// How the connection to the provider came about.
    pub tls_metrics: bool,
    /// Bytes of a body that are said; at least 1.
    pub max_body_bytes: usize,
}

impl Default for DebugOptions {
    fn default() -> Self {
        Self {
            request_body: false,
            response_headers: false,
            tls_metrics: false,
            max_body_bytes: 1000,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// Human.
    Human,
    /// One JSON object a line.
    Json,
}

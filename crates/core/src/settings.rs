//! What the operator decided, checked and complete: no `Option` here means "default".

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use ipnet::IpNet;

use crate::secret::Secret;

/// One validated configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where and how weir listens.
    pub server: Server,
    /// Who may use the data plane.
    pub auth: Auth,
    /// Who may use the dashboard and its API.
    pub dashboard: Dashboard,
    /// Where requests go, in the order of the file.
    pub providers: Vec<Arc<Provider>>,
    /// What is kept of each exchange.
    pub capture: Capture,
    /// Where it is kept.
    pub storage: Storage,
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
}

/// Who may use the dashboard and its API.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// The password of HTTP Basic; none leaves it to the listen address and `auth`.
    pub password: Option<Secret>,
    /// The address that set-up lines show.
    pub proxy_public_url: Option<String>,
}

/// What a provider is, which settles its dialects and how it takes a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// `x-api-key`, Anthropic's API.
    Anthropic,
    /// `Authorization: Bearer`, OpenAI's Chat, Responses and the rest.
    Openai,
    /// `x-goog-api-key`, Google's Generative Language API.
    Gemini,
}

/// Whether the client's own credential is what goes upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCredentials {
    /// The client's for Anthropic; elsewhere the configured key if there is one, else the client's.
    Auto,
    /// The client's if it sent one, else the configured key.
    Always,
    /// Only ever the configured key.
    Never,
}

/// An upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the file, in captures and in metrics.
    pub name: Arc<str>,
    /// What it is.
    pub kind: ProviderKind,
    /// Scheme, authority and base path without a trailing slash.
    pub base_url: Uri,
    /// The configured credential.
    pub api_key: Option<Secret>,
    /// Whether the client's own is preferred.
    pub client_credentials: ClientCredentials,
    /// `anthropic-version` to add when the client sends none.
    pub version: Option<HeaderValue>,
    /// Further tries after a failed connect.
    pub max_retries: u32,
    /// Longest time to a connection, TLS included.
    pub connect_timeout: Duration,
    /// Longest time from the request to the response headers.
    pub response_header_timeout: Duration,
    /// Longest silence between response bytes.
    pub idle_timeout: Duration,
    /// How to get there.
    pub proxy: OutboundProxy,
    /// Models to list at `GET /v1/models`; empty asks the upstream.
    pub models: Vec<String>,
}

/// How a provider is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundProxy {
    /// Directly, whatever the environment says.
    Direct,
    /// By `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    Environment,
    /// By this proxy (`http://`, `https://` or `socks5://`), except for the named hosts, which
    /// are written as in `NO_PROXY`.
    Url {
        /// The proxy, credentials included.
        url: Secret,
        /// Hosts reached directly.
        no_proxy: String,
    },
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
    /// What goes when.
    pub retention: Retention,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The SQLite file.
    pub db_path: PathBuf,
}

/// What weir says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,weir_proxy=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
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

//! What the operator decided, checked and complete: no `Option` here means "default".

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use ipnet::IpNet;
use weir_wire::dialect::Dialect;

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
    /// Where requests go, in the order of the file. Only those that are enabled.
    pub providers: Vec<Arc<Provider>>,
    /// Which of them a request goes to.
    pub routing: Routing,
    /// When a provider counts as ill, and how it is looked after.
    pub health: Health,
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
    /// Anthropic's API: `x-api-key`, or bearer for a subscription's token.
    Anthropic,
    /// OpenAI's Chat, Responses and the rest: `Authorization: Bearer`.
    Openai,
    /// Anything that speaks OpenAI's APIs at an address of its own.
    OpenaiCompatible,
    /// Google's Generative Language API: `x-goog-api-key`.
    Gemini,
    /// Z.AI's Anthropic-shaped API.
    Zai,
    /// MiniMax's Anthropic-shaped API: bearer.
    Minimax,
    /// A local Ollama; a key is optional.
    Ollama,
    /// OpenRouter: Anthropic's and OpenAI's APIs, bearer.
    Openrouter,
    /// Anthropic's models on Amazon Bedrock: SigV4 or a bearer token.
    Bedrock,
    /// Anthropic's models on Google Vertex AI: an OAuth token.
    Vertex,
    /// Anthropic's models on Microsoft Foundry, and Azure OpenAI: a key or Entra ID.
    Azure,
}

/// How a configured key goes into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthStyle {
    /// As the provider's kind has it.
    Kind,
    /// `Authorization: Bearer`.
    Bearer,
    /// `x-api-key`.
    XApiKey,
    /// `api-key`, Azure's.
    ApiKey,
    /// `x-goog-api-key`.
    XGoogApiKey,
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
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its name in the file, in captures and in metrics.
    pub name: Arc<str>,
    /// What it is.
    pub kind: ProviderKind,
    /// Scheme, authority and base path without a trailing slash. For the clouds it is made of
    /// region or resource unless it is set.
    pub base_url: Uri,
    /// How a key goes into a request.
    pub auth: AuthStyle,
    /// The dialects it is used for; at least one.
    pub dialects: Vec<Dialect>,
    /// The configured credentials, in order; empty when there are none or the cloud's own are used.
    pub keys: Vec<Key>,
    /// How one of them is picked.
    pub key_strategy: KeyStrategy,
    /// Whether keys are pooled: more than one, or asked for.
    pub pooled: bool,
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
    /// Models to list at `GET /v1/models`; empty asks the upstream. Never restricts routing.
    pub models: Vec<String>,
    /// The client's model to this provider's; exact names.
    pub model_mapping: BTreeMap<String, String>,
    /// Whether a mapped model gets its first name back in the response.
    pub reverse_model_mapping: bool,
    /// Its share in the weighted strategies; at least 1.
    pub weight: u32,
    /// Its rank in `failover`; higher first.
    pub priority: u32,
    /// US dollars per million tokens by model, for `cost_based`; `*` is any other model.
    pub prices: BTreeMap<String, Price>,
    /// The path that a health probe asks for.
    pub probe_path: Option<String>,
    /// What the clouds need besides.
    pub cloud: Cloud,
}

/// What a model costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// US dollars per million input tokens.
    pub input: f64,
    /// US dollars per million output tokens.
    pub output: f64,
}

/// Settings of one of the clouds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// None.
    None,
    /// Amazon's.
    Aws(Aws),
    /// Google's.
    Gcp(Gcp),
    /// Microsoft's.
    Azure(Azure),
}

/// How Bedrock is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aws {
    /// Such as `us-east-1`.
    pub region: String,
    /// Static credentials; without them the profile, environment, container or instance has them.
    pub access_key_id: Option<Secret>,
    /// Goes with it.
    pub secret_access_key: Option<Secret>,
    /// For temporary credentials.
    pub session_token: Option<Secret>,
    /// Profile of the shared configuration files; none is the environment's or `default`.
    pub profile: Option<String>,
    /// A Bedrock API key, sent as bearer instead of a signature.
    pub bearer_token: Option<Secret>,
}

/// How Vertex is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gcp {
    /// The project's id.
    pub project_id: String,
    /// Such as `us-east5`, or `global`.
    pub region: String,
    /// A credential file; without it Application Default Credentials are looked for.
    pub credentials_file: Option<PathBuf>,
}

/// How Azure is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Azure {
    /// The resource's name.
    pub resource_name: String,
    /// `api-version` to add to the query; empty adds none.
    pub api_version: Option<String>,
    /// Entra ID's client credentials; without them the key or token of `keys` is sent.
    pub entra: Option<Entra>,
}

/// Client credentials of Microsoft Entra ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entra {
    /// The directory.
    pub tenant_id: String,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Where tokens come from; `https://login.microsoftonline.com` as a rule.
    pub authority: Uri,
}

/// A credential of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The credential.
    pub secret: Secret,
    /// What lists call it; none shows its id.
    pub name: Option<String>,
    /// Requests a minute; none is unlimited until the provider says otherwise.
    pub rpm_limit: Option<u64>,
    /// Input tokens a minute.
    pub itpm_limit: Option<u64>,
    /// Output tokens a minute.
    pub otpm_limit: Option<u64>,
    /// Keys of a higher priority go first, whatever the strategy; 0 to 2.
    pub priority: u8,
    /// Its share in `weighted`; at least 1.
    pub weight: u32,
    /// Whether it is used.
    pub enabled: bool,
}

/// How a key is picked among those that are available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyStrategy {
    /// The one with the most capacity left.
    #[default]
    LeastLoaded,
    /// In turn.
    RoundRobin,
    /// Any, with equal chance.
    Random,
    /// Any, with a chance in proportion to its weight.
    Weighted,
}

/// Which provider a request goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The order of the candidates.
    pub strategy: Strategy,
    /// Longest time to response headers while another candidate is left; none leaves each
    /// provider's own.
    pub failover_timeout: Option<Duration>,
    /// Further rounds over the candidates when all have failed, with pauses between.
    pub retries: u32,
    /// Whether the first candidates are tried at once, which may bill more than one provider.
    pub race: bool,
    /// Whether routing tells in response headers what it did.
    pub debug: bool,
    /// Model prefix to provider, for `model_based`; the longest prefix wins.
    pub model_mapping: BTreeMap<String, String>,
    /// Where other models go, for `model_based`.
    pub default_provider: Option<String>,
    /// Whether sessions stay where their prompt cache is warm.
    pub affinity: bool,
    /// How long a session is remembered without a request.
    pub affinity_ttl: Duration,
    /// What is done with thinking signatures.
    pub thinking: Thinking,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            failover_timeout: None,
            retries: 0,
            race: false,
            debug: false,
            model_mapping: BTreeMap::new(),
            default_provider: None,
            affinity: true,
            affinity_ttl: Duration::from_secs(3600),
            thinking: Thinking::default(),
        }
    }
}

/// What is done with thinking signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thinking {
    /// Whether requests are mended and signatures remembered at all.
    pub enabled: bool,
    /// Whether clients get signatures with their model group in front.
    pub prefix: bool,
    /// How long a signature is remembered.
    pub ttl: Duration,
    /// Stands in for a message of which nothing else is left.
    pub placeholder: String,
}

impl Default for Thinking {
    fn default() -> Self {
        Self {
            enabled: true,
            prefix: false,
            ttl: Duration::from_secs(3 * 3600),
            placeholder: "[thinking omitted]".to_owned(),
        }
    }
}

/// The order of candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// By priority.
    #[default]
    Failover,
    /// In turn.
    RoundRobin,
    /// In turn and in proportion to weight, smoothly.
    WeightedRoundRobin,
    /// Each once, in an order that changes each time around.
    Shuffle,
    /// Fewest requests under way.
    LeastLoaded,
    /// At random, in proportion to weight.
    WeightedFailover,
    /// By the request's model, then by priority.
    ModelBased,
    /// Soonest first byte.
    LatencyBased,
    /// Cheapest for the request's model.
    CostBased,
}

impl ProviderKind {
    /// Every kind, in the order of the reference.
    pub const ALL: [Self; 11] = [
        Self::Anthropic,
        Self::Openai,
        Self::OpenaiCompatible,
        Self::Gemini,
        Self::Zai,
        Self::Minimax,
        Self::Ollama,
        Self::Openrouter,
        Self::Bedrock,
        Self::Vertex,
        Self::Azure,
    ];

    /// Its word in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::OpenaiCompatible => "openai_compatible",
            Self::Gemini => "gemini",
            Self::Zai => "zai",
            Self::Minimax => "minimax",
            Self::Ollama => "ollama",
            Self::Openrouter => "openrouter",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
            Self::Azure => "azure",
        }
    }

    /// Who owns its models, as `GET /v1/models` says.
    #[must_use]
    pub fn owner(self) -> &'static str {
        match self {
            Self::Zai => "zhipu",
            Self::Bedrock => "aws",
            Self::Vertex | Self::Gemini => "google",
            other => other.as_str(),
        }
    }
}

impl KeyStrategy {
    /// Its word in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeastLoaded => "least_loaded",
            Self::RoundRobin => "round_robin",
            Self::Random => "random",
            Self::Weighted => "weighted",
        }
    }
}

impl Strategy {
    /// Every strategy, in the order of the reference.
    pub const ALL: [Self; 9] = [
        Self::Failover,
        Self::RoundRobin,
        Self::WeightedRoundRobin,
        Self::Shuffle,
        Self::LeastLoaded,
        Self::WeightedFailover,
        Self::ModelBased,
        Self::LatencyBased,
        Self::CostBased,
    ];

    /// Its word in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::RoundRobin => "round_robin",
            Self::WeightedRoundRobin => "weighted_round_robin",
            Self::Shuffle => "shuffle",
            Self::LeastLoaded => "least_loaded",
            Self::WeightedFailover => "weighted_failover",
            Self::ModelBased => "model_based",
            Self::LatencyBased => "latency_based",
            Self::CostBased => "cost_based",
        }
    }
}

/// When a provider counts as ill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether providers with an open breaker are probed.
    pub probe: bool,
    /// Time between probes of one provider.
    pub probe_interval: Duration,
    /// Longest time for one.
    pub probe_timeout: Duration,
    /// Failures in a row that open a breaker; at least 1.
    pub failure_threshold: u32,
    /// How long it stays open.
    pub open_duration: Duration,
    /// Requests at once, and successes in a row, that close a half-open one; at least 1.
    pub half_open_probes: u32,
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

impl Default for Health {
    fn default() -> Self {
        Self {
            probe: true,
            probe_interval: Duration::from_secs(10),
            probe_timeout: Duration::from_secs(5),
            failure_threshold: 5,
            open_duration: Duration::from_secs(30),
            half_open_probes: 3,
        }
    }
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

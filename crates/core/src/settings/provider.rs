//! An upstream and all that belongs to it: what it is, its credentials, its cloud. It says what is
//! set, not how requests are made of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use weir_wire::dialect::Dialect;
use xxhash_rust::xxh3::xxh3_64;

use super::ProviderKind;
use crate::redact::without_userinfo;
use crate::secret::Secret;

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
    /// The client's model to this provider's; a name that ends in `*` is a prefix.
    pub model_mapping: BTreeMap<String, String>,
    /// Whether a mapped model gets its first name back in the response.
    pub reverse_model_mapping: bool,
    /// The entry in the table of providers that says what it can do; none goes by its type, its
    /// address and the model.
    pub profile: Option<String>,
    /// Whether it is asked for a stream when the client wants none.
    pub demote_nonstreaming: bool,
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

impl Provider {
    /// Where it is and how it is reached, in a number that is the same on every node of the same
    /// configuration. No credential is in it.
    #[must_use]
    pub fn way(&self) -> u64 {
        let proxy = match &self.proxy {
            OutboundProxy::Direct => "direct",
            OutboundProxy::Environment => "environment",
            OutboundProxy::Url { url, .. } => &without_userinfo(url.expose()),
        };
        let base = self.base_url.to_string();
        let parts = [
            &*self.name,
            self.kind.as_str(),
            &without_userinfo(&base),
            proxy,
        ];
        xxh3_64(parts.join("\n").as_bytes())
    }

    /// A provider with every other setting at its default: no keys, the dialects and (where the
    /// upstream cannot be asked) the models of its kind, an empty region or resource for a cloud.
    /// `base_url` is taken as it is; a configuration drops a trailing slash and version.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, kind: ProviderKind, base_url: Uri) -> Self {
        let models = if kind.asks_for_models() {
            &[]
        } else {
            kind.default_models()
        };
        Self {
            name: name.into(),
            kind,
            base_url,
            auth: AuthStyle::Kind,
            dialects: kind.dialects().to_vec(),
            keys: Vec::new(),
            key_strategy: KeyStrategy::default(),
            pooled: false,
            client_credentials: ClientCredentials::Auto,
            version: kind
                .adds_version()
                .then(|| HeaderValue::from_static(ANTHROPIC_VERSION)),
            max_retries: 3,
            connect_timeout: Duration::from_secs(10),
            response_header_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(300),
            proxy: OutboundProxy::Direct,
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            model_mapping: BTreeMap::new(),
            reverse_model_mapping: false,
            profile: None,
            demote_nonstreaming: false,
            weight: 1,
            priority: 0,
            prices: BTreeMap::new(),
            probe_path: (kind == ProviderKind::Ollama).then(|| "/api/tags".to_owned()),
            cloud: match kind {
                ProviderKind::Bedrock => Cloud::Aws(Aws::default()),
                ProviderKind::Vertex => Cloud::Gcp(Gcp::default()),
                ProviderKind::Azure => Cloud::Azure(Azure::default()),
                _ => Cloud::None,
            },
        }
    }

    /// The model that `model` is mapped to: by its exact name, else by the longest prefix.
    #[must_use]
    pub fn mapped(&self, model: &str) -> Option<&str> {
        if let Some(exact) = self.model_mapping.get(model) {
            return Some(exact);
        }
        let prefixes = self.model_mapping.iter().filter_map(|(name, to)| {
            let prefix = name.strip_suffix('*')?;
            model.starts_with(prefix).then_some((prefix.len(), to))
        });
        let longest = prefixes.max_by_key(|(len, _)| *len);
        longest.map(|(_, to)| to.as_str())
    }

    /// Whether the operator says that it has `model`.
    #[must_use]
    pub fn claims(&self, model: &str) -> bool {
        self.models.iter().any(|listed| listed == model) || self.mapped(model).is_some()
    }

    /// The models to list for it without asking: those configured, else those that its kind is
    /// known to have.
    pub fn listed_models(&self) -> impl Iterator<Item = &str> {
        let known: &[&str] = if self.models.is_empty() {
            self.kind.default_models()
        } else {
            &[]
        };
        let configured = self.models.iter().map(String::as_str);
        configured.chain(known.iter().copied())
    }
}

/// `anthropic-version` for clients that send none.
const ANTHROPIC_VERSION: &str = "2023-06-01";

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

impl Key {
    /// A key with nothing said of it but the credential: no limits, priority and weight 1.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self {
            secret,
            name: None,
            rpm_limit: None,
            itpm_limit: None,
            otpm_limit: None,
            priority: 1,
            weight: 1,
            enabled: true,
        }
    }
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

impl KeyStrategy {
    /// Every strategy, in the order of the reference.
    pub const ALL: [Self; 4] = [
        Self::LeastLoaded,
        Self::RoundRobin,
        Self::Random,
        Self::Weighted,
    ];

    /// Its word in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeastLoaded => "least_loaded",
            Self::RoundRobin => "round_robin",
            Self::Random => "random",
            Self::Weighted => "weighted",
        }
    }
}

//! What a translator is made of: the few settings it has, checked, and the gateway they make.

use std::fmt;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderName};
use ring::rand::{SecureRandom as _, SystemRandom};
use weir_core::config;
use weir_core::exchange::{Recorder, RequestRecord, ResponseRecord};
use weir_core::health::Lifecycle;
use weir_core::limit::Concurrency;
use weir_core::secret::Secret;
use weir_core::settings::{ClientCredentials, OutboundProxy, Provider, ProviderKind, Settings};
use weir_proxy::fleet::Fleet;
use weir_proxy::provider::Api;
use weir_proxy::provider::sourced::{Sourced, TokenSource, Way};
use weir_proxy::record::{Held, Sink};
use weir_proxy::{Gateway, Snapshot};
use weir_wire::dialect::Dialect;

use super::Translator;
use super::engine::{self, Nothing};

/// Bytes of chance in a run's token.
const TOKEN_BYTES: usize = 32;

/// Headers that belong to a connection or a body and are not a caller's to set.
const NOT_YOURS: [&str; 7] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Why there is no translator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The upstream's address cannot be used.
    #[error("the upstream's address {0}")]
    Upstream(String),
    /// The proxy's address cannot be used.
    #[error("the proxy's address {0}")]
    Proxy(String),
    /// A header that cannot be set from outside.
    #[error("the header `{0}` is not for a caller to set")]
    Header(HeaderName),
    /// No port, no thread, no certificates to trust, or no chance to make a token of.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A translator before it runs.
///
/// ```no_run
/// use weir::embed::{Secret, Setup};
/// # fn f() -> Result<(), weir::embed::StartError> {
/// let translator = Setup::translating("http://localhost:8000/v1", Secret::new(""))
///     .name("vllm")
///     .model("claude-*", "qwen3-coder")
///     .without_token()
///     .start()?;
/// # Ok(()) }
/// ```
pub struct Setup {
    upstream: String,
    way: Way,
    source: Arc<dyn TokenSource>,
    headers: HeaderMap,
    proxy: Option<Secret>,
    name: String,
    models: Vec<(String, String)>,
    profile: Option<String>,
    demands_token: bool,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("upstream", &self.upstream)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl Setup {
    /// Translates between Anthropic's Messages and OpenAI's Chat Completions, which `upstream`
    /// speaks; what comes in Chat goes on as it is. See [`start`](super::start).
    pub fn translating(upstream: &str, token: impl TokenSource) -> Self {
        Self::new(upstream, Way::Chat, Arc::new(token))
    }

    /// Sends on what comes as it is. See [`start_passthrough`](super::start_passthrough).
    pub fn passing(upstream: &str, token: impl TokenSource) -> Self {
        Self::new(upstream, Way::Unchanged, Arc::new(token))
    }

    fn new(upstream: &str, way: Way, source: Arc<dyn TokenSource>) -> Self {
        Self {
            upstream: upstream.to_owned(),
            way,
            source,
            headers: HeaderMap::new(),
            proxy: None,
            name: String::new(),
            models: Vec::new(),
            profile: None,
            demands_token: true,
        }
    }

    /// Headers for every request to the upstream, in place of those of the same name.
    #[must_use]
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self { headers, ..self }
    }

    /// A proxy on the way to the upstream: `http://`, `https://` or `socks5://`, with a user's name
    /// and password if need be.
    #[must_use]
    pub fn proxy(self, url: &str) -> Self {
        Self {
            proxy: Some(Secret::new(url)),
            ..self
        }
    }

    /// What logs call the upstream.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// Asks for the model `upstreams` where a client asks for `clients`, which may end in `*`.
    #[must_use]
    pub fn model(mut self, clients: &str, upstreams: &str) -> Self {
        self.models.push((clients.to_owned(), upstreams.to_owned()));
        self
    }

    /// The entry in weir's table of providers that says what the upstream can do. Without it that
    /// is told by its host and the model.
    #[must_use]
    pub fn profile(self, name: &str) -> Self {
        Self {
            profile: Some(name.to_owned()),
            ..self
        }
    }

    /// Demands no token of clients: whatever runs on this machine may use the upstream's credential.
    /// Web pages are still refused.
    #[must_use]
    pub fn without_token(self) -> Self {
        Self {
            demands_token: false,
            ..self
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// As [`StartError`] says.
    pub fn start(self) -> Result<Translator, StartError> {
        let provider = Arc::new(self.provider()?);
        let own = |name: &&HeaderName| NOT_YOURS.contains(&name.as_str());
        if let Some(name) = self.headers.keys().find(own) {
            return Err(StartError::Header(name.clone()));
        }
        let token = self.demands_token.then(random_token).transpose()?;
        let settings = settings(provider, self.way, token.as_ref());
        let make = |provider: &Arc<Provider>| {
            let (source, headers) = (Arc::clone(&self.source), self.headers.clone());
            let provider = Arc::clone(provider);
            Ok(Box::new(Sourced::new(provider, self.way, source, headers)) as Box<dyn Api>)
        };
        let fleet = Fleet::build_with(&settings, 1, None, &make)?;
        let mut snapshot = Snapshot::of(&settings, fleet);
        if self.way == Way::Unchanged {
            snapshot.otherwise = Some(Dialect::AnthropicMessages);
        }
        engine::start(Arc::new(gateway(snapshot)), &settings.server, token)
    }

    fn provider(&self) -> Result<Provider, StartError> {
        let upstream = self.upstream.trim_end_matches('/');
        let base_url = config::base_url(upstream).map_err(StartError::Upstream)?;
        let name = if self.name.is_empty() {
            base_url.host().unwrap_or_default()
        } else {
            &self.name
        };
        let kind = ProviderKind::OpenaiCompatible;
        let mut provider = Provider::new(name, kind, base_url.clone());
        match self.way {
            Way::Chat => {
                provider.dialects = vec![Dialect::OpenaiChat];
                provider.client_credentials = ClientCredentials::Never;
            }
            Way::Unchanged => {
                provider.dialects = vec![
                    Dialect::AnthropicMessages,
                    Dialect::OpenaiChat,
                    Dialect::OpenaiResponses,
                    Dialect::Gemini,
                ];
                provider.client_credentials = ClientCredentials::Always;
            }
        }
        provider.proxy = self.outbound_proxy()?;
        provider.model_mapping = self.models.iter().cloned().collect();
        provider.profile.clone_from(&self.profile);
        Ok(provider)
    }

    fn outbound_proxy(&self) -> Result<OutboundProxy, StartError> {
        let Some(url) = &self.proxy else {
            return Ok(OutboundProxy::Direct);
        };
        // The words that a configuration may have here mean no address.
        if !url.expose().contains("://") {
            return Err(StartError::Proxy("is not a URL".to_owned()));
        }
        config::proxy(url.expose()).map_err(StartError::Proxy)?;
        Ok(OutboundProxy::Url {
            url: url.clone(),
            no_proxy: String::new(),
        })
    }
}

/// The defaults of a configuration, less what is for many upstreams, for people or for later.
fn settings(provider: Arc<Provider>, way: Way, token: Option<&Secret>) -> Settings {
    let defaults = config::load(None, &|_| None, &[]).expect("the defaults are valid");
    let mut settings = defaults.settings;
    settings.server.listen = ([127, 0, 0, 1], 0).into();
    settings.auth.enabled = token.is_some();
    settings.auth.bearer_token = token.cloned();
    settings.auth.api_key = token.cloned();
    settings.auth.any_bearer = false;
    settings.auth.allow_localhost_bypass = false;
    settings.providers = vec![provider];
    settings.capture.enabled = false;
    // There is no other upstream to spare this one for: whatever it says, the client gets.
    settings.health.failure_threshold = u32::MAX;
    settings.routing.thinking.enabled = way == Way::Chat;
    settings
}

fn gateway(snapshot: Snapshot) -> Gateway {
    Gateway {
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
        sink: Sink {
            recorder: Arc::new(Forgets),
            metrics: Arc::default(),
            held: Arc::new(Held::new(0)),
        },
        concurrency: Arc::new(Concurrency::new(0)),
        rates: Arc::default(),
        lifecycle: Arc::new(Lifecycle::default()),
        control: Arc::new(Nothing),
        tenants: None,
        cache: Arc::default(),
    }
}

/// Keeps nothing.
struct Forgets;

impl Recorder for Forgets {
    fn started(&self, request: Box<RequestRecord>) {
        drop(request);
    }

    fn finished(&self, response: Box<ResponseRecord>) {
        drop(response);
    }
}

fn random_token() -> io::Result<Secret> {
    let mut bytes = [0; TOKEN_BYTES];
    let made = SystemRandom::new().fill(&mut bytes);
    made.map_err(|_| io::Error::other("the system has no random numbers"))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Secret::new(format!("weir-{digits}")))
}

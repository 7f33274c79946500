//! What people are shown of providers. Moments are milliseconds since the Unix epoch, spans
//! milliseconds. No secret is in it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::keys::{KeyStatus, KeyView};
use crate::route::breaker;
use crate::route::latency;
use crate::settings::{Provider, Strategy};

/// How a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderStatus {
    /// Requests go to it.
    Healthy,
    /// Requests go to it, but it is on trial, or a key that should be of use is not.
    Degraded,
    /// Its breaker is open, or none of its keys can be used at this moment.
    Unhealthy,
    /// Somebody has switched it off.
    Disabled,
}

impl ProviderStatus {
    /// The word used in JSON and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Disabled => "disabled",
        }
    }

    /// The status that follows from a provider's parts. Keys that people have switched off neither
    /// help nor harm, except when there is no other; a provider without keys of its own is as its
    /// breaker says.
    #[must_use]
    pub fn of(enabled: bool, breaker: breaker::State, keys: KeyCounts) -> Self {
        if !enabled {
            Self::Disabled
        } else if breaker.is_open() || (keys.total > 0 && keys.available == 0) {
            Self::Unhealthy
        } else if breaker == breaker::State::HalfOpen || keys.available < keys.enabled {
            Self::Degraded
        } else {
            Self::Healthy
        }
    }
}

/// How many keys a provider has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyCounts {
    /// In all.
    pub total: usize,
    /// Those that are switched on.
    pub enabled: usize,
    /// Those that a request could have at this moment.
    pub available: usize,
}

impl KeyCounts {
    /// Counts them.
    #[must_use]
    pub fn of(keys: &[KeyView]) -> Self {
        let count = |wanted: fn(&&KeyView) -> bool| keys.iter().filter(wanted).count();
        Self {
            total: keys.len(),
            enabled: count(|key| key.enabled),
            available: count(|key| key.status == KeyStatus::Healthy),
        }
    }
}

/// Requests since the start. One that was tried at two providers counts at both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RequestTotals)]
pub struct Requests {
    /// Those that have ended, however they did, and those under way.
    pub total: u64,
    /// Those that were answered to the end, also by what is the client's fault.
    pub succeeded: u64,
    /// Those that failed: to connect, by the provider's fault, or in the middle of an answer.
    pub failed: u64,
}

/// Tokens since the start, as far as providers told them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TokenTotals)]
pub struct Tokens {
    /// Input, cached input included.
    pub input: u64,
    /// Output.
    pub output: u64,
}

/// What changes of a provider while it runs.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its breaker.
    pub breaker: breaker::View,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests since the start.
    pub requests: Requests,
    /// Time to its first byte.
    pub latency: latency::View,
    /// Tokens since the start.
    pub tokens: Tokens,
}

/// A provider as it is now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name.
    pub name: String,
    /// What it is, in the configuration's word.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Who owns its models.
    pub owner: &'static str,
    /// Where it is, without a user name or password.
    pub base_url: String,
    /// The dialects it is used for.
    pub dialects: Vec<&'static str>,
    /// The models it lists; empty where the upstream is asked.
    pub models: Vec<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// How it is.
    pub status: ProviderStatus,
    /// Its breaker.
    pub breaker: breaker::View,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests since the start.
    pub requests: Requests,
    /// Time to its first byte, in milliseconds; null where nothing was measured lately.
    pub latency: latency::View,
    /// Tokens since the start.
    pub tokens: Tokens,
    /// Its share in the weighted strategies.
    pub weight: u32,
    /// Its rank in `failover`; higher first.
    pub priority: u32,
    /// Its keys, in order; empty where clients' or a cloud's credentials are used.
    pub keys: Vec<KeyView>,
}

impl ProviderView {
    /// What was configured, put together with what is.
    #[must_use]
    pub fn new(provider: &Provider, now: Condition, keys: Vec<KeyView>) -> Self {
        Self {
            name: provider.name.to_string(),
            kind: provider.kind.as_str(),
            owner: provider.kind.owner(),
            base_url: without_userinfo(&provider.base_url),
            dialects: provider
                .dialects
                .iter()
                .map(|dialect| dialect.as_str())
                .collect(),
            models: provider.models.clone(),
            enabled: now.enabled,
            status: ProviderStatus::of(now.enabled, now.breaker.state, KeyCounts::of(&keys)),
            breaker: now.breaker,
            in_flight: now.in_flight,
            requests: now.requests,
            latency: now.latency,
            tokens: now.tokens,
            weight: provider.weight,
            priority: provider.priority,
            keys,
        }
    }
}

fn without_userinfo(url: &http::Uri) -> String {
    let authority = url.authority().map_or("", http::uri::Authority::as_str);
    let host = authority.rsplit_once('@').map_or(authority, |(_, at)| at);
    let scheme = url.scheme_str().unwrap_or("http");
    let path = url.path().trim_end_matches('/');
    format!("{scheme}://{host}{path}")
}

/// A provider in few figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProviderBrief {
    /// Its name.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// How it is.
    pub status: ProviderStatus,
    /// Where its breaker stands.
    pub breaker: breaker::State,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests since the start.
    pub requests: Requests,
    /// Time to its first byte, in milliseconds.
    pub latency: latency::View,
    /// Tokens since the start.
    pub tokens: Tokens,
    /// Its keys.
    pub keys: KeyCounts,
}

impl From<&ProviderView> for ProviderBrief {
    fn from(view: &ProviderView) -> Self {
        Self {
            name: view.name.clone(),
            enabled: view.enabled,
            status: view.status,
            breaker: view.breaker.state,
            in_flight: view.in_flight,
            requests: view.requests,
            latency: view.latency,
            tokens: view.tokens,
            keys: KeyCounts::of(&view.keys),
        }
    }
}

/// The gateway in few figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Stats {
    /// The version of weir.
    pub version: &'static str,
    /// When these figures were taken.
    pub timestamp_ms: i64,
    /// How long weir has run.
    pub uptime_ms: u64,
    /// How providers are picked, in the configuration's word.
    pub strategy: &'static str,
    /// Requests that clients have under way.
    pub active: u64,
    /// The sum over the providers.
    pub requests: Requests,
    /// The sum over the providers.
    pub tokens: Tokens,
    /// Every provider, in the order of the configuration.
    pub providers: Vec<ProviderBrief>,
}

impl Stats {
    /// The figures of the providers, summed up; time and `active` are still to be set. `version`
    /// is weir's own.
    #[must_use]
    pub fn new(version: &'static str, strategy: Strategy, providers: &[ProviderView]) -> Self {
        let mut stats = Self {
            version,
            timestamp_ms: 0,
            uptime_ms: 0,
            strategy: strategy.as_str(),
            active: 0,
            requests: Requests::default(),
            tokens: Tokens::default(),
            providers: providers.iter().map(ProviderBrief::from).collect(),
        };
        for provider in &stats.providers {
            stats.requests.total += provider.requests.total;
            stats.requests.succeeded += provider.requests.succeeded;
            stats.requests.failed += provider.requests.failed;
            stats.tokens.input += provider.tokens.input;
            stats.tokens.output += provider.tokens.output;
        }
        stats
    }
}

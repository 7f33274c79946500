//! What the API tells, as the commands read it. Whatever is missing counts as nothing, so that a
//! weir of another version can be looked at too. Moments are milliseconds since the Unix epoch.

use serde::Deserialize;

use crate::lines::clean;

/// Characters of an id that are shown in lists.
const SHORT_ID: usize = 8;

/// A provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Provider {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub base_url: String,
    pub dialects: Vec<String>,
    pub models: Vec<String>,
    pub enabled: bool,
    pub status: String,
    pub breaker: Breaker,
    pub in_flight: u64,
    pub requests: Requests,
    pub latency: Latency,
    pub tokens: Tokens,
    pub weight: u32,
    pub priority: u32,
    pub keys: Vec<Key>,
}

/// The answer to a question for all providers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Providers {
    pub providers: Vec<Provider>,
}

/// A circuit breaker.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Breaker {
    pub state: String,
    pub failures: u32,
    pub until: Option<i64>,
    pub opened: u64,
    /// The node by whose word it is on trial.
    pub told_by: Option<String>,
}

/// Requests since the start.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Requests {
    pub total: u64,
    pub succeeded: u64,
    pub failed: u64,
}

/// Time to the first byte, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Latency {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

/// Tokens since the start.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tokens {
    pub input: u64,
    pub output: u64,
}

/// A key of a provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Key {
    pub id: String,
    pub name: Option<String>,
    pub status: String,
    /// Percent.
    pub capacity: u8,
    pub cooldown_until: Option<i64>,
    pub benched_until: Option<i64>,
    pub spent_until: Option<i64>,
    pub hint: Option<KeyHint>,
    pub overage: bool,
    pub last_error: Option<LastError>,
    pub requests: u64,
    pub windows: Vec<Window>,
}

impl Key {
    /// What people call it.
    pub(crate) fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// What another node says of a key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct KeyHint {
    pub until: i64,
    pub node: String,
}

/// What went wrong last with a key.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LastError {
    pub status: u16,
}

/// A window of a quota.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Window {
    pub window: String,
    /// From 0 to 1.
    pub used: Option<f64>,
    pub resets_at: Option<i64>,
    pub spent_at: Option<i64>,
}

/// The gateway's figures.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stats {
    pub version: String,
    pub timestamp_ms: i64,
    pub uptime_ms: u64,
    pub strategy: String,
    pub active: u64,
    pub requests: Requests,
}

/// The answer to a question for the newest exchanges.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Exchanges {
    pub requests: Vec<Exchange>,
}

/// An exchange.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Exchange {
    pub request_id: String,
    /// RFC 3339.
    pub timestamp: String,
    /// What the client named.
    pub model: Option<String>,
    /// What was asked instead.
    pub routed_model: Option<String>,
    pub endpoint: String,
    pub provider: String,
    pub session_id: Option<String>,
    pub client_kind: Option<String>,
    pub state: String,
    pub status_code: Option<u16>,
    /// Milliseconds from start to end.
    pub response_time: Option<u64>,
    /// Milliseconds to the response headers.
    pub ttfb: Option<u64>,
    pub usage: Option<Usage>,
    /// In US dollars.
    pub cost: Option<f64>,
    /// The node that took it, where that is not the one that tells.
    pub node: Option<String>,
}

impl Exchange {
    /// The end of its id, which tells it from others nearby.
    pub(crate) fn short_id(&self) -> String {
        let begin = self.request_id.len().saturating_sub(SHORT_ID);
        clean(self.request_id.get(begin..).unwrap_or(&self.request_id))
    }

    /// Whether there is nothing more to come of it.
    pub(crate) fn has_ended(&self) -> bool {
        self.state != "open"
    }
}

/// Tokens of an exchange.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_creation_input_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
}

impl Usage {
    /// Input that a cache had.
    pub(crate) fn cached(&self) -> u64 {
        self.cache_read_input_tokens.unwrap_or(0)
    }

    /// Input that went into a cache.
    pub(crate) fn written(&self) -> u64 {
        self.cache_creation_input_tokens.unwrap_or(0)
    }

    /// Input from anywhere.
    pub(crate) fn input(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.written())
            .saturating_add(self.cached())
    }
}

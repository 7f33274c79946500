//! Which provider a request goes to, and when one counts as ill: the settings, not the rules.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::HeaderRule;

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
    /// Whether requests may go to providers that speak another dialect.
    pub translate: bool,
    /// Whether what cannot be translated is refused instead of left out.
    pub translate_strictly: bool,
    /// What providers and models can do, besides what weir knows.
    pub profiles_file: Option<PathBuf>,
    /// Longest silence of a translated stream before the client is told that it goes on.
    pub ping_interval: Duration,
    /// Whether Claude Code's question for its quota is answered here, where the provider could not.
    pub quota_probe: bool,
    /// Changes of the headers that providers get, in their order.
    pub request_header_rules: Vec<HeaderRule>,
    /// Changes of the headers that clients get, in their order.
    pub response_header_rules: Vec<HeaderRule>,
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
            translate: true,
            translate_strictly: false,
            profiles_file: None,
            ping_interval: Duration::from_secs(12),
            quota_probe: true,
            request_header_rules: Vec::new(),
            response_header_rules: Vec::new(),
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
    pub const fn as_str(self) -> &'static str {
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

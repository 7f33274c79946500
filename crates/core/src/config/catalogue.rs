//! Every setting there is, in the order of the reference. A new setting is one entry below and one
//! field in `settings`; parsing, checks, `config check`, the sample file, the JSON schema and the
//! reference follow from it.

mod cache;
mod capture;
mod events;
mod pricing;
mod projects;
mod providers;
mod routing;
mod server;
mod sinks;

use std::time::Duration;

use super::checks;
use super::entry::Entry;
use super::kind::{Check, Kind};
pub(crate) use sinks::OF_KINDS;

use crate::settings::{KeyStrategy, ProviderKind, Strategy};

/// The settings.
pub(crate) fn entries() -> impl Iterator<Item = &'static Entry> {
    [
        server::ENTRIES,
        projects::ENTRIES,
        providers::ENTRIES,
        routing::ENTRIES,
        pricing::ENTRIES,
        cache::ENTRIES,
        capture::ENTRIES,
        events::ENTRIES,
        sinks::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

const fn text(form: &'static str, check: Check) -> Kind {
    Kind::Text { form, check }
}

const fn count(max: u64) -> Kind {
    Kind::Integer { min: 0, max }
}

const fn bytes(min: u64) -> Kind {
    Kind::Size { min }
}

/// A deadline: zero would mean "never" to some and "at once" to others, so it is refused.
const DEADLINE: Kind = Kind::Duration {
    min: Duration::from_millis(1),
};
/// A span that may be nothing.
const SPAN: Kind = Kind::Duration {
    min: Duration::ZERO,
};
/// A span that may be nothing, in milliseconds unless it says its unit.
const MILLIS: Kind = Kind::Millis {
    min: Duration::ZERO,
};
const PATH: Kind = text("path", checks::path);
const SECRET: Kind = text("credential", |value| checks::header_value(value).map(drop));
const URL: Kind = text("URL", |url| checks::base_url(url).map(drop));

/// The provider types, which are also names that need no `type`.
pub(crate) const PROVIDER_TYPES: [&str; ProviderKind::ALL.len()] = {
    let mut words = [""; ProviderKind::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = ProviderKind::ALL[at].as_str();
        at += 1;
    }
    words
};

/// The providers that exist without being named.
pub(crate) const BUILT_IN: [ProviderKind; 3] = [
    ProviderKind::Anthropic,
    ProviderKind::Openai,
    ProviderKind::Gemini,
];

const STRATEGIES: [&str; Strategy::ALL.len()] = {
    let mut words = [""; Strategy::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = Strategy::ALL[at].as_str();
        at += 1;
    }
    words
};

const KEY_STRATEGIES: [&str; KeyStrategy::ALL.len()] = {
    let mut words = [""; KeyStrategy::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = KeyStrategy::ALL[at].as_str();
        at += 1;
    }
    words
};

/// The sections and what they are about, in order. `*` is a provider's name or a key's position.
pub(crate) static SECTIONS: &[(&str, &str)] = &[
    ("server", "Where and how weir listens."),
    (
        "server.timeouts",
        "Deadlines on the client's side. None of them limits how long a stream may last.",
    ),
    (
        "server.cors",
        "Which pages of other sites may call the APIs from a browser. None may unless it is named.",
    ),
    (
        "server.tls",
        "Certificate and key, when weir speaks TLS itself. Both or neither.",
    ),
    (
        "server.auth",
        "cc-relay's names for parts of `auth`. Unlike those, setting one demands a credential, from \
         loopback peers too, unless `auth.enabled` or `auth.allow_localhost_bypass` says otherwise.",
    ),
    ("auth", "Who may use the gateway."),
    (
        "dashboard",
        "Who may use the dashboard and its API, and what it shows.",
    ),
    (
        "dashboard.grading",
        "Who grades prompts. A grade is a request of its own, made only when somebody asks for one.",
    ),
    (
        "projects",
        "Tenants: projects, the expiring tokens that they hand out, their own keys and budgets.",
    ),
    (
        "projects.audit_file",
        "The audit as lines of JSON, besides the database, which it can always be made of again.",
    ),
    (
        "providers",
        "Where requests go: a map of names to settings, or a list of settings with a `name` each. \
         `anthropic`, `openai` and `gemini` exist without being named, unless a provider that is \
         named speaks the same dialect. Another name needs a `type` unless it is one.",
    ),
    ("providers.*", "One provider."),
    (
        "providers.*.pooling",
        "How its keys are used together. More than one key is a pool, whatever this says.",
    ),
    (
        "providers.*.keys.*",
        "One of its keys: `keys` is a list of these, or of plain credentials.",
    ),
    ("routing", "Which provider a request goes to."),
    ("routing.thinking", "What is done with thinking signatures."),
    (
        "subagents",
        "Which model the subagents of coding agents get. `docs/subagents.md` says how they are told.",
    ),
    ("health", "When a provider counts as ill."),
    ("health.probe", "How an ill provider is looked after."),
    (
        "health.breaker",
        "When a provider gets no requests, and when it gets them again.",
    ),
    (
        "pricing",
        "What models cost, to show what was spent. Nothing is stored: another price changes the past too, \
         unless it has a `from`.",
    ),
    (
        "cache",
        "Answers that are given again without asking the provider. Off unless switched on.",
    ),
    ("capture", "What is kept of each exchange."),
    (
        "capture.retention",
        "When captures go. A bound of 0 is none.",
    ),
    (
        "capture.raw_log",
        "Every exchange's four legs as text, for who looks for a fault.",
    ),
    ("storage", "Where captures are kept."),
    ("shared", "What several weirs share."),
    (
        "events",
        "What the world is told of ended exchanges. See `docs/events.md`.",
    ),
    (
        "events.sinks",
        "The services that are told: a map of names to settings. A name that is a kind needs no `kind`.",
    ),
    ("events.sinks.*", "One sink."),
    ("logging", "What weir says of itself."),
    (
        "logging.debug_options",
        "What is said of single requests at level `debug`.",
    ),
];

/// Variables that other gateways read and this version does not, with the values that need no word.
pub(crate) static WITHOUT_EFFECT: &[(&str, &[&str])] = &[
    ("WEB_PORT", &["5173"]),
    ("SVELTE_PORT", &["5174"]),
    ("TEST_POSTGRES_DSN", &[]),
    ("REDIS_DB", &["0"]),
    ("LOG_BINARY_RESPONSES", &["0", "false"]),
    ("REDIS_CACHE_POOL_SIZE", &[]),
    ("CACHE_STATS_BUFFER_SIZE", &[]),
    ("AUDIT_CREATE_DIR", &["true"]),
    ("AUDIT_STORE_IN_DB", &["true"]),
];

/// A key of cc-relay's files that weir takes and has no use for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ignored {
    /// The path; all below it is ignored as well.
    pub(crate) path: &'static str,
    /// Values that need no word, because things are so anyway.
    pub(crate) harmless: &'static [&'static str],
    /// What to do instead, or why there is nothing to do.
    pub(crate) why: &'static str,
}

/// Keys that are taken with a warning.
pub(crate) static IGNORED: &[Ignored] = &[
    Ignored {
        path: "server.enable_http2",
        harmless: &["true"],
        why: "HTTP/2 without TLS is always on",
    },
    Ignored {
        path: "providers.*.azure_deployment_id",
        harmless: &[],
        why: "name the deployment in `model_mapping`",
    },
    Ignored {
        path: "cache.mode",
        harmless: &[],
        why: "signatures are remembered in memory, and by several weirs in `shared.redis_url`",
    },
    Ignored {
        path: "cache.ristretto",
        harmless: &[],
        why: "signatures are remembered in memory, and by several weirs in `shared.redis_url`",
    },
    Ignored {
        path: "cache.olric",
        harmless: &[],
        why: "signatures are remembered in memory, and by several weirs in `shared.redis_url`",
    },
    Ignored {
        path: "grpc",
        harmless: &[],
        why: "weir is managed by its HTTP API",
    },
    Ignored {
        path: "metrics",
        harmless: &[],
        why: "metrics are at `/metrics` on the same address",
    },
    Ignored {
        path: "logging.file",
        harmless: &[],
        why: "set `logging.output`",
    },
    Ignored {
        path: "health.check_interval_seconds",
        harmless: &[],
        why: "set `health.probe.interval`",
    },
    Ignored {
        path: "health.circuit_breaker.recovery_timeout_seconds",
        harmless: &[],
        why: "set `health.breaker.open_duration`",
    },
    Ignored {
        path: "health.circuit_breaker.triggers",
        harmless: &[],
        why: "429, 5xx and broken connections always count",
    },
];

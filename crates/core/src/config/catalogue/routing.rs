//! The settings of `routing` and `health`.

use super::{DEADLINE, MILLIS, PATH, STRATEGIES, count, text};
use crate::config::checks;
use crate::config::entry::{Entry, alias, entry, var};
use crate::config::kind::Kind;

/// A count that must not be nothing.
const SOME: Kind = Kind::Integer {
    min: 1,
    max: 1_000_000,
};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "routing.strategy",
        Kind::Choice(&STRATEGIES),
        "failover",
        "The order of the candidates: by priority; in turn; in turn by weight; each once, shuffled; \
         fewest requests under way; at random by weight; by model; soonest first byte; cheapest.",
    ),
    entry(
        "routing.failover_timeout",
        MILLIS,
        "0",
        "Longest time to response headers while another candidate is left, in milliseconds unless it \
         says its unit; 0 leaves each provider's own.",
    ),
    entry(
        "routing.retries",
        count(20),
        "0",
        "Further rounds over the candidates when all have failed, with pauses between.",
    ),
    entry(
        "routing.race",
        Kind::Bool,
        "false",
        "Try the first candidates at once, which may bill more than one provider.",
    ),
    entry(
        "routing.debug",
        Kind::Bool,
        "false",
        "Say in response headers what routing did, and when.",
    ),
    entry(
        "routing.model_mapping",
        Kind::Map {
            form: "model prefix to provider",
            check: checks::label,
            fields: &[],
        },
        "",
        "For `model_based`: which provider gets the models that begin so. The longest prefix wins.",
    )
    .example("claude=anthropic, gpt=openai"),
    entry(
        "routing.default_provider",
        text("provider", checks::label),
        "",
        "For `model_based`: where other models go.",
    )
    .example("anthropic"),
    entry(
        "routing.affinity",
        Kind::Bool,
        "true",
        "Keep a session where its prompt cache is warm.",
    ),
    entry(
        "routing.affinity_ttl",
        DEADLINE,
        "1h",
        "How long a session is remembered without a request.",
    ),
    entry(
        "routing.translate",
        Kind::Bool,
        "true",
        "Send requests to providers that speak another dialect, translated, when none that speaks \
         the client's has the model or can answer.",
    ),
    entry(
        "routing.translate_strictly",
        Kind::Bool,
        "false",
        "Refuse a request (400) of which a provider of another dialect could not be told everything, \
         instead of leaving it out.",
    ),
    entry(
        "routing.profiles_file",
        PATH,
        "",
        "A table in TOML of what providers and models can do, laid over the one that weir knows.",
    )
    .example("/etc/weir/profiles.toml"),
    entry(
        "routing.ping_interval",
        DEADLINE,
        "12s",
        "Longest silence of a translated stream before the client is told that it goes on.",
    ),
    entry(
        "routing.quota_probe",
        Kind::Bool,
        "true",
        "Answer Claude Code's question for its quota here where only a provider of another dialect \
         could be asked.",
    ),
    entry(
        "routing.request_header_rules",
        Kind::Rules,
        "",
        "Changes of the headers that providers get, in this order: each rule has a `header`, an \
         `action` (`block`, `set`, `replace`), a `value`, for `replace` what to `find`, and \
         `enabled`. Headers that frame messages cannot be changed.",
    )
    .example("[]"),
    entry(
        "routing.response_header_rules",
        Kind::Rules,
        "",
        "The same of the headers that clients get.",
    )
    .example("[]"),
    entry(
        "routing.thinking.enabled",
        Kind::Bool,
        "true",
        "Remember signatures, and mend requests that another provider would refuse for theirs.",
    ),
    entry(
        "routing.thinking.prefix",
        Kind::Bool,
        "false",
        "Put the model's group in front of the signatures that clients get.",
    ),
    entry(
        "routing.thinking.ttl",
        DEADLINE,
        "3h",
        "How long a signature is remembered.",
    ),
    entry(
        "routing.thinking.placeholder",
        text("text", checks::placeholder),
        "[thinking omitted]",
        "Stands in for a message of which nothing else is left.",
    ),
    entry(
        "subagents.enable",
        Kind::Bool,
        "false",
        "Give the subagents that `subagents.mappings` names models of their own.",
    ),
    entry(
        "subagents.mappings",
        Kind::Map {
            form: "subagent to `model`, `provider:model` or `provider,model`",
            check: checks::target,
            fields: &[],
        },
        "",
        "Which model a subagent gets, by the name of its file in `.claude/agents`, or by the hash of \
         its prompt. The variable may join a name and its model by a colon.",
    )
    .env(&[var("SUBAGENT_MAPPINGS")])
    .example("code-reviewer=gpt-5.2, explorer=zai:glm-5"),
    entry(
        "subagents.roots",
        Kind::List {
            form: "paths",
            check: checks::path,
        },
        "",
        "Folders of projects in which `.claude/agents` is looked into, besides the one that weir \
         was started in.",
    )
    .example("/home/me/project"),
    entry(
        "health.probe.enabled",
        Kind::Bool,
        "true",
        "Probe providers that get no requests.",
    )
    .aliases(&[alias("health.health_check.enabled")]),
    entry(
        "health.probe.interval",
        DEADLINE,
        "10s",
        "Time between probes of one provider.",
    )
    .aliases(&[alias("health.health_check.interval_ms").ms()]),
    entry(
        "health.probe.timeout",
        DEADLINE,
        "5s",
        "Longest time for one.",
    ),
    entry(
        "health.breaker.failure_threshold",
        SOME,
        "5",
        "Failures in a row that open it.",
    )
    .aliases(&[alias("health.circuit_breaker.failure_threshold")]),
    entry(
        "health.breaker.open_duration",
        DEADLINE,
        "30s",
        "How long it stays open.",
    )
    .aliases(&[alias("health.circuit_breaker.open_duration_ms").ms()]),
    entry(
        "health.breaker.half_open_probes",
        SOME,
        "3",
        "Requests at once while it is half open, and successes in a row that close it.",
    )
    .aliases(&[alias("health.circuit_breaker.half_open_probes")]),
];

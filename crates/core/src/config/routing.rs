//! The check of `routing` and `health`.

use std::sync::Arc;

use super::check::Findings;
use super::fault::Fault;
use super::resolve::Resolved;
use crate::settings::{
    HeaderRule, Health, Provider, Routing, Settings, Strategy, Subagents, Thinking,
};

/// Where the rules for the headers of each direction stand.
const REQUEST_RULES: &str = "routing.request_header_rules";
const RESPONSE_RULES: &str = "routing.response_header_rules";

/// Which provider a request goes to.
pub(crate) fn routing(values: &Resolved) -> Routing {
    let word = values.text("routing.strategy").unwrap_or_default();
    let failover_timeout = values.span("routing.failover_timeout");
    Routing {
        strategy: Strategy::ALL
            .into_iter()
            .find(|strategy| strategy.as_str() == word)
            .unwrap_or_default(),
        failover_timeout: (!failover_timeout.is_zero()).then_some(failover_timeout),
        retries: values.small("routing.retries"),
        race: values.is_on("routing.race"),
        debug: values.is_on("routing.debug"),
        model_mapping: values.map("routing.model_mapping"),
        default_provider: values.text("routing.default_provider").map(str::to_owned),
        affinity: values.is_on("routing.affinity"),
        affinity_ttl: values.span("routing.affinity_ttl"),
        thinking: Thinking {
            enabled: values.is_on("routing.thinking.enabled"),
            prefix: values.is_on("routing.thinking.prefix"),
            ttl: values.span("routing.thinking.ttl"),
            placeholder: values
                .text("routing.thinking.placeholder")
                .unwrap_or_default()
                .to_owned(),
        },
        translate: values.is_on("routing.translate"),
        translate_strictly: values.is_on("routing.translate_strictly"),
        profiles_file: values.text("routing.profiles_file").map(Into::into),
        ping_interval: values.span("routing.ping_interval"),
        quota_probe: values.is_on("routing.quota_probe"),
        request_header_rules: rules(values, REQUEST_RULES),
        response_header_rules: rules(values, RESPONSE_RULES),
    }
}

/// Which model the subagents of coding agents get.
pub(crate) fn subagents(values: &Resolved) -> Subagents {
    Subagents {
        enable: values.is_on("subagents.enable"),
        mappings: values.map("subagents.mappings"),
        roots: values
            .list("subagents.roots")
            .iter()
            .map(Into::into)
            .collect(),
    }
}

/// The rules of a direction; they are checked already.
fn rules(values: &Resolved, path: &str) -> Vec<HeaderRule> {
    let rules = values.list(path).iter();
    rules
        .filter_map(|rule| HeaderRule::read(rule).ok())
        .collect()
}

/// When a provider counts as ill.
pub(crate) fn health(values: &Resolved) -> Health {
    Health {
        probe: values.is_on("health.probe.enabled"),
        probe_interval: values.span("health.probe.interval"),
        probe_timeout: values.span("health.probe.timeout"),
        failure_threshold: values.small("health.breaker.failure_threshold"),
        open_duration: values.span("health.breaker.open_duration"),
        half_open_probes: values.small("health.breaker.half_open_probes"),
    }
}

/// What goes together with the providers.
pub(crate) fn together(settings: &Settings, values: &Resolved, found: &mut Findings) {
    const MAPPING: &str = "routing.model_mapping";
    const DEFAULT: &str = "routing.default_provider";
    let routing = &settings.routing;
    if !settings.subagents.enable && !settings.subagents.mappings.is_empty() {
        let off = "subagents.mappings has no effect: subagents.enable is off";
        found.warnings.push(off.to_owned());
    }
    for (path, rules) in [
        (REQUEST_RULES, &routing.request_header_rules),
        (RESPONSE_RULES, &routing.response_header_rules),
    ] {
        let warnings = rules.iter().filter_map(HeaderRule::warning);
        let warnings = warnings.map(|warning| format!("{path}: {warning}"));
        found.warnings.extend(warnings);
    }
    let model_based = routing.strategy == Strategy::ModelBased;
    if model_based && routing.model_mapping.is_empty() {
        let place = values.place("routing.strategy");
        let fault = Fault::new(
            place,
            "routing.strategy",
            format!("`model_based` without `{MAPPING}`"),
        );
        if !found
            .faults
            .iter()
            .any(|fault| fault.key.starts_with(MAPPING))
        {
            found
                .faults
                .push(fault.hint("say there which provider gets which models"));
        }
    }
    let pairs = routing.model_mapping.iter();
    let targets = pairs.map(|(prefix, provider)| (format!("{MAPPING}.{prefix}"), provider));
    let default = routing.default_provider.iter();
    for (path, name) in targets.chain(default.map(|name| (DEFAULT.to_owned(), name))) {
        let is_named = |provider: &Arc<Provider>| provider.name.as_ref() == name.as_str();
        if !settings.providers.iter().any(is_named) {
            found.warnings.push(format!(
                "{path} names `{name}`, which is no enabled provider"
            ));
        }
    }
    for (path, set) in [
        (MAPPING, !routing.model_mapping.is_empty()),
        (DEFAULT, routing.default_provider.is_some()),
    ] {
        if set && !model_based {
            found.warnings.push(format!(
                "{path} has no effect: routing.strategy is `{}`",
                routing.strategy.as_str()
            ));
        }
    }
}

//! `weir provider`: the providers of a running gateway.

use std::process::ExitCode;

use http::Method;

use crate::cli::{Provider, ProviderAction};
use crate::client::{Client, segment};
use crate::key;
use crate::lines::{clean, pretty, print};
use crate::seen::{self, Providers};
use crate::table::{Lean, table};
use crate::words::{Here, count, took};
use crate::workers::runtime;

/// Runs `weir provider`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Provider) -> anyhow::Result<ExitCode> {
    let client = Client::new(&options.asked.gateway)?;
    let path = |name: &str| format!("/api/providers/{}", segment(name));
    let (method, path) = match &options.action {
        ProviderAction::List => (Method::GET, "/api/providers".to_owned()),
        ProviderAction::Show { name } => (Method::GET, path(name)),
        ProviderAction::Enable { name } => (Method::POST, path(name) + "/enable"),
        ProviderAction::Disable { name } => (Method::POST, path(name) + "/disable"),
        ProviderAction::Reset { name } => (Method::POST, path(name) + "/reset"),
    };
    let answer = runtime()?.block_on(client.json(method, &path, None))?;
    if options.asked.json {
        print(&pretty(&answer)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let ProviderAction::List = options.action {
        let known: Providers = serde_json::from_value(answer)?;
        print(&list(&known.providers))?;
        return Ok(ExitCode::SUCCESS);
    }
    let provider: seen::Provider = serde_json::from_value(answer)?;
    let (name, status) = (clean(&provider.name), clean(&provider.status));
    print(&match options.action {
        ProviderAction::List | ProviderAction::Show { .. } => show(&provider, &Here::and_now()),
        ProviderAction::Enable { .. } => format!("{name}: enabled ({status})"),
        ProviderAction::Disable { .. } => {
            format!("{name}: disabled; requests under way go on")
        }
        ProviderAction::Reset { .. } => format!("{name}: reset ({status})"),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list(providers: &[seen::Provider]) -> String {
    let head = [
        ("NAME", Lean::Left),
        ("TYPE", Lean::Left),
        ("STATUS", Lean::Left),
        ("BREAKER", Lean::Left),
        ("NOW", Lean::Right),
        ("REQS", Lean::Right),
        ("FAILED", Lean::Right),
        ("P50", Lean::Right),
        ("P95", Lean::Right),
        ("KEYS", Lean::Right),
    ];
    let rows: Vec<_> = providers
        .iter()
        .map(|provider| {
            [
                provider.name.clone(),
                provider.kind.clone(),
                provider.status.clone(),
                provider.breaker.state.clone(),
                count(provider.in_flight),
                count(provider.requests.total),
                count(provider.requests.failed),
                took(provider.latency.p50),
                took(provider.latency.p95),
                keys(provider),
            ]
        })
        .collect();
    table(head, &rows)
}

/// Those that can be used of those that there are.
fn keys(provider: &seen::Provider) -> String {
    let usable = provider.keys.iter().filter(|key| key.status == "healthy");
    match provider.keys.len() {
        0 => "-".to_owned(),
        all => format!("{}/{all}", usable.count()),
    }
}

fn show(provider: &seen::Provider, here: &Here) -> String {
    let mut text = clean(&provider.name);
    for (name, fact) in facts(provider, here) {
        let fact = clean(&fact);
        text.push_str(&format!("\n  {name:<11} {fact}"));
    }
    if !provider.keys.is_empty() {
        text.push_str("\n\n");
        text.push_str(&key::list(std::slice::from_ref(provider), here));
    }
    text
}

fn facts(provider: &seen::Provider, here: &Here) -> [(&'static str, String); 10] {
    let (requests, latency, tokens) = (&provider.requests, &provider.latency, &provider.tokens);
    let models = match provider.models.as_slice() {
        [] => "as the upstream says".to_owned(),
        models => models.join(", "),
    };
    let requests = format!(
        "{} in all, {} succeeded, {} failed, {} under way",
        requests.total, requests.succeeded, requests.failed, provider.in_flight
    );
    let first_byte = format!(
        "p50 {}, p95 {}, p99 {}",
        took(latency.p50),
        took(latency.p95),
        took(latency.p99)
    );
    let tokens = format!("{} in, {} out", tokens.input, tokens.output);
    let routing = format!("weight {}, priority {}", provider.weight, provider.priority);
    [
        ("type", provider.kind.clone()),
        ("address", provider.base_url.clone()),
        ("dialects", provider.dialects.join(", ")),
        ("models", models),
        ("status", provider.status.clone()),
        ("breaker", breaker(&provider.breaker, here)),
        ("requests", requests),
        ("first byte", first_byte),
        ("tokens", tokens),
        ("routing", routing),
    ]
}

fn breaker(breaker: &seen::Breaker, here: &Here) -> String {
    let until = breaker
        .until
        .map(|at| format!(" until {}", here.moment(at)));
    let by = breaker.told_by.as_ref();
    let by = by.map(|node| format!(" by the word of {node}"));
    format!(
        "{}{}{}, {} failures in a row, opened {} times",
        breaker.state,
        until.unwrap_or_default(),
        by.unwrap_or_default(),
        breaker.failures,
        breaker.opened
    )
}

#[cfg(test)]
mod tests;

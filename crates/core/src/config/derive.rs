//! Defaults that depend on other settings, put into their slots so that `config check` shows what
//! is in force: a provider's dialects, models, address, weight; which built-in providers exist.

use std::time::Duration;

use super::catalogue::BUILT_IN;
use super::kind::Value;
use super::providers::{cloud, kind_of};
use super::resolve::Resolved;
use crate::settings::ProviderKind;

/// Fills in what nobody set.
pub(crate) fn derive(values: &mut Resolved) {
    let names: Vec<String> = values
        .providers
        .iter()
        .map(|provider| provider.name.clone())
        .collect();
    for name in &names {
        let kind = values
            .text(&format!("providers.{name}.type"))
            .and_then(kind_of);
        if let Some(kind) = kind {
            of_kind(values, name, kind);
        }
        of_keys(values, name);
        header_timeout(values, name);
    }
    built_in(values);
}

fn of_kind(values: &mut Resolved, name: &str, kind: ProviderKind) {
    let at = |key: &str| format!("providers.{name}.{key}");
    if values.list(&at("dialects")).is_empty() {
        let words = kind.dialects().iter().map(|dialect| dialect.as_str());
        default(values, &at("dialects"), list(words));
    }
    if values.list(&at("models")).is_empty() && !kind.asks_for_models() {
        let models = kind.default_models().iter().copied();
        default(values, &at("models"), list(models));
    }
    if values.text(&at("base_url")).is_none()
        && let Some(url) = cloud::base_url(values, name, kind)
    {
        default(values, &at("base_url"), Value::Text(url));
    }
}

/// Lets the first key speak for the provider's weight and priority, as in cc-relay, where they have
/// no other place.
fn of_keys(values: &mut Resolved, name: &str) {
    let at = |key: &str| format!("providers.{name}.{key}");
    let provider = values.providers.iter().find(|known| known.name == name);
    let keys = provider.map_or(0, |provider| provider.keys.len());
    for (key, nobodys) in [("weight", 1), ("priority", 0)] {
        if values.is_set(&at(key)) {
            continue;
        }
        let first = at(&format!("keys.0.{key}"));
        let number = if keys > 0 && values.is_set(&first) {
            values.number(&first)
        } else {
            nobodys
        };
        default(values, &at(key), Value::Integer(number));
    }
    if !values.is_set(&at("pooling.enabled")) {
        default(values, &at("pooling.enabled"), Value::Bool(keys > 1));
    }
}

fn header_timeout(values: &mut Resolved, name: &str) {
    let path = format!("providers.{name}.response_header_timeout");
    let span = values.span("server.timeout_ms");
    if span > Duration::ZERO && !values.is_set(&path) {
        let place = values.slot("server.timeout_ms").place.clone();
        let slot = values.slot_mut(&path);
        slot.value = Some(Value::Duration(span));
        slot.place = place;
    }
}

/// The ranks of values from the file and from the environment.
const FILE: u8 = 1;
const ENV: u8 = 3;

/// Forgets the built-in providers that nobody mentions and whose dialect another provider speaks:
/// requests would go to a vendor that the operator never named. A file that lists its providers
/// names all that there are, whatever variables of the vendors' clients happen to be set.
fn built_in(values: &mut Resolved) {
    let weakest = if values.listed { ENV } else { FILE };
    let mentioned = |values: &Resolved, name: &str| {
        let provider = values.providers.iter().find(|known| known.name == name);
        let inside = format!("providers.{name}.");
        provider.is_some_and(|provider| provider.place.is_some())
            || values
                .slots
                .iter()
                .any(|slot| slot.path.starts_with(&inside) && slot.rank() > weakest)
    };
    let unmentioned: Vec<ProviderKind> = BUILT_IN
        .into_iter()
        .filter(|kind| !mentioned(values, kind.as_str()))
        .collect();
    let of_others: Vec<String> = values
        .providers
        .iter()
        .map(|provider| provider.name.as_str())
        .filter(|name| !unmentioned.iter().any(|kind| kind.as_str() == *name))
        .filter(|name| values.is_on(&format!("providers.{name}.enabled")))
        .flat_map(|name| values.list(&format!("providers.{name}.dialects")).to_vec())
        .collect();
    for kind in unmentioned {
        let mut dialects = kind.dialects().iter();
        if values.listed
            || dialects.any(|dialect| of_others.iter().any(|word| word == dialect.as_str()))
        {
            values.forget(kind.as_str());
        }
    }
}

fn default(values: &mut Resolved, path: &str, value: Value) {
    values.slot_mut(path).value = Some(value);
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> Value {
    Value::List(words.map(str::to_owned).collect())
}

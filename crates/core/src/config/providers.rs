//! The providers' part of the check: from the slots of each to a [`Provider`], with every fault.

pub(crate) mod cloud;
mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Uri;

use super::catalogue::PROVIDER_TYPES;
use super::check::{Findings, secret};
use super::checks;
use super::entry::provider_of;
use super::fault::{Fault, Place};
use super::flatten::Named;
use super::resolve::{Resolved, Slot};
use crate::secret::Secret;
use crate::settings::{
    AuthStyle, ClientCredentials, KeyStrategy, OutboundProxy, Price, Provider, ProviderKind,
};

/// Builds every provider that is enabled.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Vec<Arc<Provider>> {
    let mut built = Vec::new();
    let mut any = false;
    for named in &values.providers {
        let of = Of { values, named };
        if !of.is_on("enabled") {
            continue;
        }
        any = true;
        if let Some(provider) = provider(of, found) {
            built.push(Arc::new(provider));
        }
    }
    if !any {
        let fault = Fault::new(Place::Settings, "providers", "none is enabled");
        found.faults.push(fault.hint("enable one"));
    }
    built
}

/// The settings of one provider.
#[derive(Clone, Copy, Debug)]
struct Of<'a> {
    values: &'a Resolved,
    named: &'a Named,
}

impl<'a> Of<'a> {
    fn path(self, key: &str) -> String {
        format!("providers.{}.{key}", self.named.name)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.values.text(&self.path(key))
    }

    fn secret(self, key: &str) -> Option<Secret> {
        secret(self.values, &self.path(key))
    }

    fn is_on(self, key: &str) -> bool {
        self.values.is_on(&self.path(key))
    }

    fn is_set(self, key: &str) -> bool {
        self.values.is_set(&self.path(key))
    }

    fn small(self, key: &str) -> u32 {
        self.values.small(&self.path(key))
    }

    fn list(self, key: &str) -> &'a [String] {
        self.values.list(&self.path(key))
    }

    /// Where a setting stands; the provider itself if it is not set.
    fn place(self, key: &str) -> Place {
        let slot = self.values.slot(&self.path(key));
        let place = slot.place.clone().or_else(|| self.named.place.clone());
        place.unwrap_or(Place::Settings)
    }

    /// A text that must be there; reported if it is not, unless a value that cannot be read is.
    fn required(self, key: &str, why: &str, found: &mut Findings) -> Option<&'a str> {
        let text = self.text(key);
        if text.is_none() {
            self.missing(key, why, found);
        }
        text
    }

    fn missing(self, key: &str, why: &str, found: &mut Findings) {
        let path = self.path(key);
        if found.faults.iter().any(|fault| fault.key == path) {
            return;
        }
        let emptied = self.values.slot(&path).emptied.clone();
        let message = if emptied.is_some() {
            "missing: its variable is unset or empty"
        } else {
            "missing"
        };
        let place = emptied.unwrap_or_else(|| self.place(key));
        found
            .faults
            .push(Fault::new(place, &path, message).hint(why));
    }
}

fn provider(of: Of<'_>, found: &mut Findings) -> Option<Provider> {
    let Some(kind) = of.text("type").and_then(kind_of) else {
        let types = PROVIDER_TYPES.map(|word| format!("`{word}`")).join(", ");
        let why = format!("a provider whose name is no type needs one: {types}");
        of.missing("type", &why, found);
        return None;
    };
    without_effect(of, kind, found);
    let base_url = base_url(of, kind, found);
    let keys = keys::keys(of, kind, found);
    let cloud = cloud::cloud(of, kind, found);
    let mut built = Provider::new(of.named.name.as_str(), kind, base_url?);
    let asked_for = of.is_set("pooling.enabled") && of.is_on("pooling.enabled");
    built.pooled = keys.len() > usize::from(!asked_for);
    built.keys = keys;
    built.cloud = cloud;
    own(of, &mut built);
    Some(built)
}

/// What needs no check beyond that of each value.
fn own(of: Of<'_>, built: &mut Provider) {
    built.auth = match of.text("auth_style") {
        Some("bearer") => AuthStyle::Bearer,
        Some("x_api_key") => AuthStyle::XApiKey,
        Some("api_key") => AuthStyle::ApiKey,
        Some("x_goog_api_key") => AuthStyle::XGoogApiKey,
        _ => AuthStyle::Kind,
    };
    let dialects = of.list("dialects").iter();
    built.dialects = dialects
        .filter_map(|word| checks::dialect_of(word))
        .collect();
    let strategy = of.text("pooling.strategy").unwrap_or_default();
    built.key_strategy = KeyStrategy::ALL
        .into_iter()
        .find(|known| known.as_str() == strategy)
        .unwrap_or_default();
    built.client_credentials = match of.text("client_credentials") {
        Some("always") => ClientCredentials::Always,
        Some("never") => ClientCredentials::Never,
        _ => ClientCredentials::Auto,
    };
    let version = of.text("version");
    built.version = version.and_then(|text| checks::header_value(text).ok());
    built.max_retries = of.small("max_retries");
    built.connect_timeout = of.values.span(&of.path("connect_timeout"));
    built.response_header_timeout = of.values.span(&of.path("response_header_timeout"));
    built.idle_timeout = of.values.span(&of.path("idle_timeout"));
    built.proxy = match of.text("proxy") {
        None | Some("direct") => OutboundProxy::Direct,
        Some("environment") => OutboundProxy::Environment,
        Some(url) => OutboundProxy::Url {
            url: Secret::new(url),
            no_proxy: of.text("no_proxy").unwrap_or_default().to_owned(),
        },
    };
    built.models = of.list("models").to_vec();
    built.model_mapping = of.values.map(&of.path("model_mapping"));
    built.reverse_model_mapping = of.is_on("reverse_model_mapping");
    built.profile = of.text("profile").map(str::to_owned);
    built.demote_nonstreaming = of.is_on("demote_nonstreaming");
    built.weight = of.small("weight").max(1);
    built.priority = of.small("priority");
    built.prices = prices(of);
    built.probe_path = of.text("probe_path").map(str::to_owned);
}

fn prices(of: Of<'_>) -> BTreeMap<String, Price> {
    let pairs = of.values.map(&of.path("prices")).into_iter();
    pairs
        .filter_map(|(model, price)| Some((model, checks::price(&price).ok()?)))
        .collect()
}

/// The one kind of provider that a setting is for; none if it is for all.
fn only_for(slot: &Slot) -> Option<ProviderKind> {
    match slot.entry.path.strip_prefix("providers.*.") {
        Some(key) if key.starts_with("aws_") => Some(ProviderKind::Bedrock),
        Some(key) if key.starts_with("gcp_") => Some(ProviderKind::Vertex),
        Some(key) if key.starts_with("azure_") => Some(ProviderKind::Azure),
        _ => None,
    }
}

/// Whether a setting is worth showing: it is set, or its provider could use it.
pub(crate) fn is_of_use(values: &Resolved, slot: &Slot) -> bool {
    let Some(owner) = only_for(slot) else {
        return true;
    };
    let provider = provider_of(&slot.path).unwrap_or_default();
    slot.place.is_some()
        || values.text(&format!("providers.{provider}.type")) == Some(owner.as_str())
}

/// Warns of settings that this kind of provider does not read.
fn without_effect(of: Of<'_>, kind: ProviderKind, found: &mut Findings) {
    let inside = of.path("");
    let slots = of.values.slots.iter();
    for slot in slots.filter(|slot| slot.path.starts_with(&inside) && slot.place.is_some()) {
        if only_for(slot).is_some_and(|owner| owner != kind) {
            found.warnings.push(format!(
                "{} has no effect: the provider's type is `{}`",
                slot.path,
                kind.as_str()
            ));
        }
    }
    if kind.signs_itself() && of.is_set("auth_style") {
        found.warnings.push(format!(
            "{} has no effect: `{}` has a way of its own",
            of.path("auth_style"),
            kind.as_str()
        ));
    }
}

/// The kind that a word of the file names.
pub(crate) fn kind_of(word: &str) -> Option<ProviderKind> {
    ProviderKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word)
}

fn base_url(of: Of<'_>, kind: ProviderKind, found: &mut Findings) -> Option<Uri> {
    let Some(url) = of.text("base_url") else {
        // A cloud's is made of region or resource, which are asked for where they are read.
        if kind == ProviderKind::OpenaiCompatible {
            of.missing(
                "base_url",
                "`openai_compatible` has no address of its own",
                found,
            );
        }
        return None;
    };
    let uri = checks::base_url(url).and_then(|uri| without_version(&uri, kind));
    match uri {
        Ok(uri) => Some(uri),
        Err(wrong) => {
            let path = of.path("base_url");
            found
                .faults
                .push(Fault::new(of.place("base_url"), &path, wrong));
            None
        }
    }
}

/// Drops trailing slashes, and the version that the client's own path begins with: the vendors'
/// SDKs want it in their base URL, so users bring it along.
fn without_version(uri: &Uri, kind: ProviderKind) -> Result<Uri, String> {
    let version = match kind {
        ProviderKind::Openai
        | ProviderKind::OpenaiCompatible
        | ProviderKind::Ollama
        | ProviderKind::Openrouter => "/v1",
        ProviderKind::Gemini => "/v1beta",
        ProviderKind::Anthropic
        | ProviderKind::Zai
        | ProviderKind::Minimax
        | ProviderKind::Bedrock
        | ProviderKind::Vertex
        | ProviderKind::Azure => "",
    };
    let path = uri.path().trim_end_matches('/');
    let path = path
        .strip_suffix(version)
        .unwrap_or(path)
        .trim_end_matches('/');
    let mut parts = uri.clone().into_parts();
    let path = if path.is_empty() { "/" } else { path };
    parts.path_and_query = Some(path.parse().map_err(|_| "has no valid path".to_owned())?);
    Uri::from_parts(parts).map_err(|_| "is not a URL".to_owned())
}

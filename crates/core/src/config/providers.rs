//! The providers' part of the check.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Uri;

use super::check::{Findings, secret};
use super::checks;
use super::fault::{Fault, Place};
use super::resolve::Resolved;
use crate::secret::Secret;
use crate::settings::{
    AuthStyle, ClientCredentials, Cloud, Key, KeyStrategy, OutboundProxy, Provider, ProviderKind,
};

/// Builds every provider that is enabled.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Vec<Arc<Provider>> {
    let mut built = Vec::new();
    let mut any = false;
    for name in &values.providers {
        if !values.is_on(&format!("providers.{name}.enabled")) {
            continue;
        }
        any = true;
        match provider(values, name) {
            Ok(provider) => built.push(Arc::new(provider)),
            Err(fault) => found.faults.push(fault),
        }
    }
    if !any {
        let fault = Fault::new(Place::Settings, "providers", "none is enabled");
        found.faults.push(fault.hint("enable one"));
    }
    built
}

fn provider(values: &Resolved, name: &str) -> Result<Provider, Fault> {
    let at = |key: &str| format!("providers.{name}.{key}");
    let Some(kind) = values.text(&at("type")).and_then(kind_of) else {
        let fault = Fault::new(values.place(&at("type")), &at("type"), "missing");
        return Err(fault.hint(
            "a provider whose name is no type needs one: `anthropic`, `openai` or `gemini`",
        ));
    };
    let url = values.text(&at("base_url")).unwrap_or_default();
    let base_url = checks::base_url(url)
        .and_then(|uri| without_version(&uri, kind))
        .map_err(|wrong| Fault::new(values.place(&at("base_url")), &at("base_url"), wrong))?;
    Ok(Provider {
        name: name.into(),
        kind,
        base_url,
        auth: AuthStyle::Kind,
        dialects: kind.dialects().to_vec(),
        keys: secret(values, &at("api_key"))
            .into_iter()
            .map(key)
            .collect(),
        key_strategy: KeyStrategy::default(),
        pooled: false,
        client_credentials: match values.text(&at("client_credentials")) {
            Some("always") => ClientCredentials::Always,
            Some("never") => ClientCredentials::Never,
            _ => ClientCredentials::Auto,
        },
        version: values
            .text(&at("version"))
            .and_then(|text| checks::header_value(text).ok()),
        max_retries: u32::try_from(values.number(&at("max_retries"))).unwrap_or(u32::MAX),
        connect_timeout: values.span(&at("connect_timeout")),
        response_header_timeout: values.span(&at("response_header_timeout")),
        idle_timeout: values.span(&at("idle_timeout")),
        proxy: match values.text(&at("proxy")) {
            None | Some("direct") => OutboundProxy::Direct,
            Some("environment") => OutboundProxy::Environment,
            Some(url) => OutboundProxy::Url {
                url: Secret::new(url),
                no_proxy: values.text(&at("no_proxy")).unwrap_or_default().to_owned(),
            },
        },
        models: values.list(&at("models")).to_vec(),
        model_mapping: BTreeMap::new(),
        reverse_model_mapping: false,
        weight: 1,
        priority: 0,
        prices: BTreeMap::new(),
        probe_path: None,
        cloud: Cloud::None,
    })
}

fn key(secret: Secret) -> Key {
    Key {
        secret,
        name: None,
        rpm_limit: None,
        itpm_limit: None,
        otpm_limit: None,
        priority: 1,
        weight: 1,
        enabled: true,
    }
}

fn kind_of(word: &str) -> Option<ProviderKind> {
    match word {
        "anthropic" => Some(ProviderKind::Anthropic),
        "openai" => Some(ProviderKind::Openai),
        "gemini" => Some(ProviderKind::Gemini),
        _ => None,
    }
}

/// Drops trailing slashes, and the version that the client's own path begins with: the vendors'
/// SDKs want it in their base URL, so users bring it along.
fn without_version(uri: &Uri, kind: ProviderKind) -> Result<Uri, String> {
    let version = match kind {
        ProviderKind::Anthropic => "",
        ProviderKind::Openai => "/v1",
        ProviderKind::Gemini => "/v1beta",
        _ => "",
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

//! The headers that go on: the client's own, in order, less what belongs to one hop and less the
//! credential that opened the gateway; then the provider's credential, last.

use http::header::{
    AUTHORIZATION, CONNECTION, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use weir_core::identity::{Gate, Pass};
use weir_core::settings::{ClientCredentials, Provider, ProviderKind};

use crate::upstream::Upstream;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// Headers in which clients send a credential of their own.
const CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, X_API_KEY, X_GOOG_API_KEY];
/// What marks a subscription's token, which only the bearer scheme carries.
const SUBSCRIPTION_PREFIX: &str = "sk-ant-oat";

/// The credential that opened the gateway, which goes no further.
#[derive(Clone, Copy, Debug)]
pub struct Spent<'a> {
    /// Tells which values are the gateway's.
    pub gate: &'a Gate,
    /// Tells which headers have such values.
    pub pass: &'a Pass,
}

impl Spent<'_> {
    fn is(self, name: &HeaderName, value: &HeaderValue) -> bool {
        self.pass.headers.contains(name) && self.gate.holds(value.as_bytes())
    }
}

/// The request's headers for `upstream`. `query_credential` tells of a credential of the client's
/// own in the query.
#[must_use]
pub fn request_headers(
    headers: HeaderMap,
    upstream: &Upstream,
    spent: Spent<'_>,
    query_credential: bool,
) -> HeaderMap {
    let is_own = |name: &HeaderName| {
        headers
            .get_all(name)
            .iter()
            .any(|value| !value.is_empty() && !spent.is(name, value))
    };
    let own = query_credential || CREDENTIALS.iter().any(is_own);
    let key = configured_key(&upstream.provider, own);
    let drops_own =
        key.is_some() || upstream.provider.client_credentials == ClientCredentials::Never;
    let named = connection_options(&headers);
    let mut shaped = HeaderMap::with_capacity(headers.len() + 2);
    for_each_field(headers, |name, value| {
        let of_this_hop =
            is_hop_by_hop(name) || *name == TRAILER || *name == EXPECT || named.contains(name);
        let credential = spent.is(name, &value) || (drops_own && CREDENTIALS.contains(name));
        if !of_this_hop && !credential {
            let value = if *name == HOST {
                upstream.host.clone()
            } else {
                value
            };
            shaped.append(name.clone(), value);
        }
    });
    if let Some(version) = &upstream.provider.version
        && !shaped.contains_key(ANTHROPIC_VERSION)
    {
        shaped.insert(ANTHROPIC_VERSION, version.clone());
    }
    if let Some((name, value)) = key {
        shaped.insert(name, value);
    }
    shaped
}

/// Adjusts the headers to the version of the connection they will travel on.
pub fn fit_version(headers: &mut HeaderMap, upstream: &Upstream, version: Version) {
    if version == Version::HTTP_2 {
        // `:authority` says it.
        headers.remove(HOST);
    } else if !headers.contains_key(HOST) {
        // The client spoke HTTP/2.
        headers.insert(HOST, upstream.host.clone());
    }
}

/// The response's headers, less what belongs to one hop.
#[must_use]
pub fn response_headers(headers: HeaderMap) -> HeaderMap {
    let named = connection_options(&headers);
    if named.is_empty() && !headers.keys().any(is_hop_by_hop) {
        return headers;
    }
    let mut relayed = HeaderMap::with_capacity(headers.len());
    for_each_field(headers, |name, value| {
        if !is_hop_by_hop(name) && !named.contains(name) {
            relayed.append(name.clone(), value);
        }
    });
    relayed
}

/// Takes a map apart in order, without touching the reference counts of its values.
fn for_each_field(headers: HeaderMap, mut visit: impl FnMut(&HeaderName, HeaderValue)) {
    let mut last = None;
    for (name, value) in headers {
        // A repeated field comes without its name after the first time.
        if name.is_some() {
            last = name;
        }
        if let Some(name) = &last {
            visit(name, value);
        }
    }
}

/// Whether the configured key replaces `key=` in the query too.
#[must_use]
pub fn replaces_query_credential(provider: &Provider, query_credential: bool) -> bool {
    query_credential
        && (configured_key(provider, true).is_some()
            || provider.client_credentials == ClientCredentials::Never)
}

/// RFC 9110 §7.6.1, with the two that concern a proxy's own authentication. `Trailer` is not
/// among them on the way back: trailers are relayed.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == CONNECTION
        || *name == TRANSFER_ENCODING
        || *name == TE
        || *name == UPGRADE
        || *name == PROXY_AUTHENTICATE
        || *name == PROXY_AUTHORIZATION
        || name.as_str() == "keep-alive"
        || name.as_str() == "proxy-connection"
}

/// The fields that `Connection` names, besides those that never travel anyway.
fn connection_options(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|option| {
            !option.eq_ignore_ascii_case("keep-alive") && !option.eq_ignore_ascii_case("close")
        })
        .filter_map(|option| option.parse().ok())
        .collect()
}

/// The configured credential, if it is the one to send, with the header it goes in.
fn configured_key(provider: &Provider, own: bool) -> Option<(HeaderName, HeaderValue)> {
    let key = &provider.keys.first()?.secret;
    let clients_first = match provider.client_credentials {
        ClientCredentials::Always => true,
        ClientCredentials::Never => false,
        ClientCredentials::Auto => provider.kind == ProviderKind::Anthropic,
    };
    if own && clients_first {
        return None;
    }
    let key = key.expose();
    let bearer = format!("Bearer {key}");
    let (name, value) = match provider.kind {
        ProviderKind::Anthropic if key.starts_with(SUBSCRIPTION_PREFIX) => {
            (AUTHORIZATION, bearer.as_str())
        }
        ProviderKind::Anthropic => (X_API_KEY, key),
        ProviderKind::Openai => (AUTHORIZATION, bearer.as_str()),
        ProviderKind::Gemini => (X_GOOG_API_KEY, key),
        _ => (AUTHORIZATION, bearer.as_str()),
    };
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

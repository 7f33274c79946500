//! The headers that go on: the client's own, in order, less what belongs to one hop and less the
//! credential that opened the gateway. The provider's credential is put in later, by its own code.

use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, COOKIE, EXPECT, HOST,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use weir_core::identity::{Gate, Pass, tells_of_the_client};
use weir_core::settings::{ClientCredentials, Provider, ProviderKind};
use weir_core::subagents::X_WEIR_SUBAGENT;
use weir_wire::sse;

use crate::upstream::Upstream;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// nginx holds answers back unless told so.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const API_KEY: HeaderName = HeaderName::from_static("api-key");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
/// What another gateway uses inside; it must never come from a client.
const X_SELECTED_KEY: HeaderName = HeaderName::from_static("x-selected-key");
/// What another gateway makes of a body, for its cache. Believed by nobody, it could only do harm.
const X_BODY_HASH: HeaderName = HeaderName::from_static("x-body-hash");
/// What a client asks of the cache besides `Cache-Control`.
pub(crate) const X_WEIR_CACHE: HeaderName = HeaderName::from_static("x-weir-cache");
/// Headers in which clients send a credential of their own.
pub(crate) static CREDENTIALS: [HeaderName; 4] =
    [AUTHORIZATION, X_API_KEY, X_GOOG_API_KEY, API_KEY];
const SCHEME: &[u8] = b"bearer ";
/// What set-up tools of gateways put in a client's settings in place of a credential.
const PLACEHOLDER: &[u8] = b"managed-by-";

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
        self.pass.headers.contains(name) && self.gate.is_spent(self.pass, value.as_bytes())
    }
}

/// Whose credential goes upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The client's own, as it came.
    Client,
    /// The provider's, and none of the client's.
    Configured,
}

/// Whose credential a request to `provider` carries. `own` tells whether the client sent one of
/// its own, `has_key` whether one is configured.
#[must_use]
pub fn credential(provider: &Provider, own: bool, has_key: bool) -> Credential {
    let clients = match (provider.client_credentials, provider.kind) {
        (ClientCredentials::Never, _) => false,
        (ClientCredentials::Always, _) | (ClientCredentials::Auto, ProviderKind::Anthropic) => own,
        // A credential for one of these two is what its own clients send.
        (ClientCredentials::Auto, ProviderKind::Openai | ProviderKind::Gemini) => own && !has_key,
        // What it is good for is not known here, so it is not handed to another vendor.
        (ClientCredentials::Auto, _) => false,
    };
    if clients {
        Credential::Client
    } else {
        Credential::Configured
    }
}

/// Whether the client sent a credential of its own in a header: neither the gateway's nor a
/// placeholder that a set-up tool has put where a client insists on one.
#[must_use]
pub fn has_own_credential(headers: &HeaderMap, spent: Spent<'_>) -> bool {
    CREDENTIALS.iter().any(|name| {
        headers
            .get_all(name)
            .iter()
            .any(|value| !value.is_empty() && !spent.is(name, value) && !is_placeholder(value))
    })
}

/// Everything in a request's headers that may make a provider's answer one for this client alone:
/// its credentials and cookies, less the gateway's.
pub(crate) fn own_parts<'a>(
    headers: &'a HeaderMap,
    spent: Spent<'a>,
) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let credentials = CREDENTIALS.iter().flat_map(move |name| {
        let values = headers.get_all(name).iter();
        let own = values.filter(move |value| {
            !value.is_empty() && !spent.is(name, value) && !is_placeholder(value)
        });
        own.map(move |value| (name.as_str(), value.as_bytes()))
    });
    let cookies = headers.get_all(COOKIE).iter();
    credentials.chain(cookies.map(|value| (COOKIE.as_str(), value.as_bytes())))
}

fn is_placeholder(value: &HeaderValue) -> bool {
    let value = value.as_bytes().trim_ascii();
    let token = match value.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest.trim_ascii_start(),
        _ => value,
    };
    token.starts_with(PLACEHOLDER)
}

/// Which of a request's headers go on to a provider: not those of this hop, not the gateway's
/// credential, and the client's only if that is the one to send.
#[derive(Debug)]
pub struct Sieve<'a> {
    upstream: &'a Upstream,
    spent: Spent<'a>,
    credential: Credential,
    named: Vec<HeaderName>,
}

impl<'a> Sieve<'a> {
    /// For one provider and one choice of credential.
    #[must_use]
    pub fn new(
        headers: &HeaderMap,
        upstream: &'a Upstream,
        spent: Spent<'a>,
        credential: Credential,
    ) -> Self {
        Self {
            upstream,
            spent,
            credential,
            named: connection_options(headers),
        }
    }

    /// The headers that go on, taken out of the client's.
    #[must_use]
    pub fn take(&self, headers: HeaderMap) -> HeaderMap {
        let mut shaped = HeaderMap::with_capacity(headers.len() + 2);
        for_each_field(headers, |name, value| {
            if self.passes(name, &value) {
                let value = if *name == HOST {
                    self.upstream.host.clone()
                } else {
                    value
                };
                shaped.append(name.clone(), value);
            }
        });
        shaped
    }

    /// The same, leaving the client's for another try.
    #[must_use]
    pub fn copy(&self, headers: &HeaderMap) -> HeaderMap {
        let mut shaped = HeaderMap::with_capacity(headers.len() + 2);
        for (name, value) in headers {
            if self.passes(name, value) {
                let value = if *name == HOST {
                    &self.upstream.host
                } else {
                    value
                };
                shaped.append(name.clone(), value.clone());
            }
        }
        shaped
    }

    fn passes(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        let of_this_hop = is_hop_by_hop(name)
            || *name == TRAILER
            || *name == EXPECT
            || *name == X_SELECTED_KEY
            || *name == X_WEIR_SUBAGENT
            || *name == X_BODY_HASH
            || *name == X_WEIR_CACHE
            // Such headers are for gateways, not vendors.
            || tells_of_the_client(name)
            || self.named.contains(name);
        let ours = self.credential == Credential::Configured;
        let dropped = self.spent.is(name, value)
            || (CREDENTIALS.contains(name) && (ours || is_placeholder(value)))
            // What belongs to a client's session with one provider.
            || (ours && *name == COOKIE);
        !of_this_hop && !dropped
    }
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

/// Asks proxies between weir and the client not to hold a stream back, unless the provider has
/// said something about it.
pub fn forbid_buffering(headers: &mut HeaderMap) {
    if headers.get(CONTENT_TYPE).is_some_and(sse::is_stream) {
        let caching = headers.entry(CACHE_CONTROL);
        caching.or_insert(HeaderValue::from_static("no-cache, no-transform"));
        let buffering = headers.entry(X_ACCEL_BUFFERING);
        buffering.or_insert(HeaderValue::from_static("no"));
    }
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

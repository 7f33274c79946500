//! Who may use the data plane, and which parts of a request hold the gateway's own credential and
//! so must not travel on. It knows headers and addresses, not connections, and answers no request.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::query;
use crate::secret::Secret;
use crate::settings::{Auth, Settings};

/// The key header's usual name.
pub const DEFAULT_KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");
/// Where Gemini clients put their key; counts as the key header while that has its usual name.
pub const GOOGLE_KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The query parameter where Gemini clients may put their key; counts like the header.
const QUERY_KEY: &str = "key";

/// The gateway's door: built once for a configuration, asked for every request.
#[derive(Clone, Debug)]
pub struct Gate {
    enabled: bool,
    bypass: bool,
    any_bearer: bool,
    bearer: Option<Known>,
    api_key: Option<Known>,
    key_header: HeaderName,
    in_path: bool,
}

/// A request that may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What opened the door.
    pub used: CredentialUse,
    /// Names of headers with at least one value that is a credential of the gateway; usually none
    /// or one. [`Gate::holds`] tells which value.
    pub headers: Vec<HeaderName>,
    /// Whether the query holds one too; [`Gate::strip_query`] takes it out.
    pub query: bool,
    /// The project's token that opened the door, if one did.
    token: Option<Secret>,
}

impl Pass {
    /// For whom nothing is demanded, and who has sent nothing of the gateway's.
    #[must_use]
    pub fn unasked() -> Self {
        Self {
            used: CredentialUse::NotNeeded,
            headers: Vec::new(),
            query: false,
            token: None,
        }
    }

    /// Whether a value is the token, alone or behind a scheme word. The token is what this very request
    /// has brought, so that the time it takes tells nobody anything.
    fn brings(&self, value: &[u8]) -> bool {
        let Some(token) = self.token() else {
            return false;
        };
        // Most values are shorter or end otherwise, and need no search.
        value.len() >= token.len()
            && (value == token
                || (value.trim_ascii_end().ends_with(token)
                    && any_part(value, |part| part == token)))
    }

    fn is_token(&self, value: &[u8]) -> bool {
        self.token().is_some_and(|token| token == value)
    }

    fn token(&self) -> Option<&[u8]> {
        self.token.as_ref().map(|token| token.expose().as_bytes())
    }
}

/// What opened the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialUse {
    /// Nothing was demanded and nothing of the gateway's was sent.
    NotNeeded,
    /// A loopback peer that needs no credential.
    Bypassed,
    /// The gateway's bearer token in `Authorization`.
    Bearer,
    /// The client's own bearer, which travels on.
    ClientBearer,
    /// The gateway's key in the key header or in `x-goog-api-key`.
    KeyHeader(HeaderName),
    /// The gateway's key as `?key=`.
    QueryKey,
    /// The gateway's key in front of the path.
    Path,
    /// A project's token.
    Token,
}

impl CredentialUse {
    /// Whether it was a credential of the gateway's own.
    #[must_use]
    pub fn is_the_gateways(&self) -> bool {
        match self {
            Self::Bearer | Self::KeyHeader(_) | Self::QueryKey | Self::Path => true,
            Self::NotNeeded | Self::Bypassed | Self::ClientBearer | Self::Token => false,
        }
    }
}

/// What a path said before the path proper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathToken<'a> {
    /// The path and query without it.
    pub rest: &'a str,
    /// Whether it was the gateway's key.
    pub right: bool,
}

/// A request that may not go on (401). The text says what is missing and nothing of what is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For the client, in its own dialect's error.
    pub message: Cow<'static, str>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl Gate {
    /// Builds the door; credentials are kept only as digests.
    #[must_use]
    pub fn new(auth: &Auth, trust_proxy: bool) -> Self {
        Self {
            enabled: auth.enabled,
            bypass: auth.allow_localhost_bypass && !trust_proxy,
            any_bearer: auth.any_bearer,
            bearer: auth.bearer_token.as_ref().and_then(Known::new),
            api_key: auth.api_key.as_ref().and_then(Known::new),
            key_header: auth.api_key_header.clone(),
            in_path: auth.token_in_path,
        }
    }

    /// Whether requests need a credential at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What stands in front of a path as `/~KEY`; none where paths are taken as they are, or this
    /// one has nothing there. A wrong key is taken off as well: it is somebody's secret. The right
    /// one is taken off even where it opens nothing, so that it never goes further.
    #[must_use]
    pub fn path_token<'a>(&self, path_and_query: &'a str) -> Option<PathToken<'a>> {
        let marked = path_and_query.strip_prefix("/~")?;
        let end = marked.find(['/', '?']).unwrap_or(marked.len());
        let (token, rest) = marked.split_at(end);
        let known = self.api_key.as_ref();
        let right = known.is_some_and(|known| known.is(token.as_bytes()).into());
        (self.in_path || right).then_some(PathToken {
            rest,
            right: right && self.in_path,
        })
    }

    /// Decides on a request whose path had the right key in front.
    #[must_use]
    pub fn passed_by_path(&self, headers: &HeaderMap, query: Option<&str>) -> Pass {
        self.pass(CredentialUse::Path, headers, query)
    }

    /// Decides on one request. Every candidate is compared whatever came before, so that the time
    /// tells nothing. `peer` is the address of the connection itself, never of a header.
    ///
    /// # Errors
    /// [`Refusal`] when a credential is demanded and none that was sent is right.
    pub fn check(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        peer: IpAddr,
    ) -> Result<Pass, Refusal> {
        if !self.enabled && self.known().next().is_none() {
            return Ok(Pass::unasked());
        }
        let bearer = self.check_bearer(headers);
        let key = self.check_key(headers, query);
        let used = match (bearer, key) {
            (Ok(used), _) | (Err(_), Ok(used)) => used,
            (Err(_), Err(_)) if !self.enabled => CredentialUse::NotNeeded,
            (Err(_), Err(_)) if self.bypasses(headers, peer) => CredentialUse::Bypassed,
            (Err(bearer), Err(key)) => return Err(self.refusal(&bearer, &key)),
        };
        Ok(self.pass(used, headers, query))
    }

    /// Decides on a request that brought a project's `token`, which has been found good.
    #[must_use]
    pub fn passed_by_token(&self, headers: &HeaderMap, query: Option<&str>, token: Secret) -> Pass {
        let pass = Pass {
            used: CredentialUse::Token,
            token: Some(token),
            ..Pass::unasked()
        };
        self.find(pass, headers, query)
    }

    fn pass(&self, used: CredentialUse, headers: &HeaderMap, query: Option<&str>) -> Pass {
        let pass = Pass {
            used,
            ..Pass::unasked()
        };
        self.find(pass, headers, query)
    }

    /// Finds where the credentials are.
    fn find(&self, mut pass: Pass, headers: &HeaderMap, query: Option<&str>) -> Pass {
        let mut found = Vec::new();
        for (name, value) in headers {
            if self.is_spent(&pass, value.as_bytes()) && !found.contains(name) {
                found.push(name.clone());
            }
        }
        let mut parameters = query.into_iter().flat_map(query::parameters);
        pass.query = parameters.any(|(_, _, value)| self.is_spent_parameter(&pass, &value));
        pass.headers = found;
        pass
    }

    /// Whether a header's value is a credential of the gateway, or the token that opened it: such a
    /// value goes no further.
    #[must_use]
    pub fn is_spent(&self, pass: &Pass, value: &[u8]) -> bool {
        self.holds(value) || pass.brings(value)
    }

    /// Whether a header's value is a credential of the gateway, alone or after a scheme word. Such
    /// a value must be left out of what is sent on, whatever the header's name.
    #[must_use]
    pub fn holds(&self, value: &[u8]) -> bool {
        if self.known().next().is_none() {
            return false;
        }
        any_part(value, |part| {
            self.known().any(|known| known.has_length_and_is(part))
        })
    }

    /// The query without the parameters whose value is a credential of the gateway; none if it has
    /// none. The other parameters keep their bytes and order.
    #[must_use]
    pub fn strip_query(&self, pass: &Pass, query: &str) -> Option<String> {
        let mut found = false;
        let mut kept = Vec::new();
        for (part, _, value) in query::parameters(query) {
            if self.is_spent_parameter(pass, &value) {
                found = true;
            } else {
                kept.push(part);
            }
        }
        found.then(|| kept.join("&"))
    }

    fn is_spent_parameter(&self, pass: &Pass, value: &[u8]) -> bool {
        pass.is_token(value) || self.known().any(|known| known.has_length_and_is(value))
    }

    fn known(&self) -> impl Iterator<Item = &Known> {
        self.bearer.iter().chain(&self.api_key)
    }

    fn bypasses(&self, headers: &HeaderMap, peer: IpAddr) -> bool {
        self.bypass && is_loopback(peer) && !is_forwarded(headers)
    }

    fn check_bearer(&self, headers: &HeaderMap) -> Result<CredentialUse, Wrong> {
        let mut found = Choice::from(0);
        let mut wrong = Wrong::Missing;
        for value in headers.get_all(AUTHORIZATION) {
            match bearer_token(value.as_bytes()) {
                Ok(token) => {
                    wrong = Wrong::Invalid("invalid bearer token");
                    if let Some(known) = &self.bearer {
                        found |= known.is(token);
                    }
                }
                Err(message) => wrong = wrong.or(Wrong::Invalid(message)),
            }
        }
        if bool::from(found) {
            Ok(CredentialUse::Bearer)
        } else if self.enabled && self.any_bearer && wrong == Wrong::Invalid("invalid bearer token")
        {
            Ok(CredentialUse::ClientBearer)
        } else {
            Err(wrong)
        }
    }

    fn check_key(&self, headers: &HeaderMap, query: Option<&str>) -> Result<CredentialUse, Wrong> {
        let google = self.key_header == DEFAULT_KEY_HEADER;
        let names = [
            Some(self.key_header.clone()),
            google.then_some(GOOGLE_KEY_HEADER),
        ];
        let mut result = Err(Wrong::Missing);
        for name in names.into_iter().flatten() {
            for value in headers.get_all(&name) {
                let sent = value.as_bytes().trim_ascii();
                let right = self
                    .api_key
                    .as_ref()
                    .map_or(Choice::from(0), |known| known.is(sent));
                if bool::from(right) {
                    result = result.or(Ok(CredentialUse::KeyHeader(name.clone())));
                } else if !sent.is_empty() {
                    result = result.map_err(|wrong| wrong.or(Wrong::InvalidKey(name.clone())));
                }
            }
        }
        for (_, name, value) in query
            .filter(|_| google)
            .into_iter()
            .flat_map(query::parameters)
        {
            let right = self
                .api_key
                .as_ref()
                .map_or(Choice::from(0), |known| known.is(&value));
            if name == QUERY_KEY && bool::from(right) {
                result = result.or(Ok(CredentialUse::QueryKey));
            }
        }
        result
    }

    /// The text for a client: of the last way that is open at all, the key's before the bearer's.
    fn refusal(&self, bearer: &Wrong, key: &Wrong) -> Refusal {
        let message = match (
            self.api_key.is_some(),
            self.bearer.is_some() || self.any_bearer,
        ) {
            (true, _) => match key {
                Wrong::InvalidKey(name) => format!("invalid {name}").into(),
                _ => format!("missing {} header", self.key_header).into(),
            },
            (false, true) => match bearer {
                Wrong::Invalid(message) => (*message).into(),
                _ => "missing authorization header".into(),
            },
            (false, false) => "no credential is accepted here".into(),
        };
        Refusal { message }
    }
}

/// Whether a value, or what stands behind its scheme word, is what is looked for.
fn any_part(value: &[u8], is: impl Fn(&[u8]) -> bool) -> bool {
    let value = value.trim_ascii();
    let after_scheme = value
        .iter()
        .position(u8::is_ascii_whitespace)
        .and_then(|at| value.get(at..))
        .map(<[u8]>::trim_ascii);
    is(value) || after_scheme.is_some_and(is)
}

/// What stands in the places of a request where a project's token may: the bearer, the headers for
/// keys, and `?key=`.
pub fn presented<'a>(
    headers: &'a HeaderMap,
    query: Option<&'a str>,
) -> impl Iterator<Item = Cow<'a, [u8]>> {
    let bearers = headers.get_all(AUTHORIZATION).iter();
    let bearers = bearers.filter_map(|value| bearer_token(value.as_bytes()).ok());
    let keys = [DEFAULT_KEY_HEADER, GOOGLE_KEY_HEADER]
        .into_iter()
        .flat_map(|name| headers.get_all(name))
        .map(|value| value.as_bytes().trim_ascii());
    let query = query.into_iter().flat_map(query::parameters);
    let query = query.filter_map(|(_, name, value)| (name == QUERY_KEY).then_some(value));
    bearers.chain(keys).map(Cow::Borrowed).chain(query)
}

/// Why one way did not open the door.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    Missing,
    Invalid(&'static str),
    InvalidKey(HeaderName),
}

impl Wrong {
    /// Keeps the first that is more than "missing".
    fn or(self, other: Self) -> Self {
        if self == Self::Missing { other } else { self }
    }
}

/// The token of an `Authorization` value.
fn bearer_token(value: &[u8]) -> Result<&[u8], &'static str> {
    const SCHEME: &[u8] = b"bearer";
    let (scheme, rest) = value.split_at_checked(SCHEME.len()).unwrap_or((value, &[]));
    if !scheme.eq_ignore_ascii_case(SCHEME) || !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return Err("invalid authorization scheme");
    }
    match rest.trim_ascii() {
        [] => Err("empty bearer token"),
        token => Ok(token),
    }
}

/// A credential of the gateway, as its digest and length.
#[derive(Clone)]
struct Known {
    digest: [u8; 32],
    len: usize,
}

impl Known {
    /// None for an empty credential, which must never match anything.
    fn new(secret: &Secret) -> Option<Self> {
        let text = secret.expose().trim_ascii().as_bytes();
        (!text.is_empty()).then(|| Self {
            digest: Sha256::digest(text).into(),
            len: text.len(),
        })
    }

    /// Compares in constant time, whatever the length.
    fn is(&self, candidate: &[u8]) -> Choice {
        let digest: [u8; 32] = Sha256::digest(candidate).into();
        self.digest.ct_eq(&digest)
    }

    /// The same for values that are no attempt to get in: hashes only those of the right length,
    /// so that ordinary headers cost nothing.
    fn has_length_and_is(&self, candidate: &[u8]) -> bool {
        candidate.len() == self.len && self.is(candidate).into()
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(***)")
    }
}

/// Whether any credential could open the gateway at all.
#[must_use]
pub fn accepts_something(auth: &Auth) -> bool {
    auth.any_bearer || auth.bearer_token.is_some() || auth.api_key.is_some()
}

/// Whether it is safe to listen where the settings say.
///
/// # Errors
/// Why not, and what to set, when other machines can reach the address and nothing keeps them out.
pub fn listener_allowed(settings: &Settings) -> Result<(), String> {
    let address = settings.server.listen.ip();
    let guarded = settings.auth.enabled && accepts_something(&settings.auth);
    if is_loopback(address) || guarded || settings.server.trust_proxy {
        return Ok(());
    }
    Err(format!(
        "refusing to listen on {address}, which other machines can reach, without authentication: \
         set AUTH_ENABLED=true and AUTH_TOKEN, or TRUST_PROXY=true if a trusted proxy stands in \
         front, or listen on 127.0.0.1"
    ))
}

/// Whether an address is this machine's own, IPv4 written as IPv6 included.
#[must_use]
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The client behind the proxies that are trusted: the last address in `X-Forwarded-For` that is
/// not one of theirs. Without such proxies it is the peer.
#[must_use]
pub fn client_address(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    // A listener for both families shows IPv4 peers as IPv6.
    let is_trusted = |address: &IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    if !is_trusted(&peer) {
        return peer;
    }
    let values: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
    let mut client = peer;
    for value in values.into_iter().rev() {
        for address in value.to_str().unwrap_or_default().rsplit(',') {
            let Ok(address) = address.trim().parse() else {
                return client;
            };
            client = address;
            if !is_trusted(&client) {
                return client;
            }
        }
    }
    client
}

/// Whether a request shows that a proxy has forwarded it.
#[must_use]
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let of_proxies = matches!(name.as_str(), "cdn-loop" | "cf-ray" | "via");
        of_proxies || tells_of_the_client(name)
    })
}

/// Whether a header is one in which proxies and delivery networks say where a client sits.
#[must_use]
pub fn tells_of_the_client(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-")
        || matches!(
            name,
            "cf-connecting-ip"
                | "cf-connecting-ipv6"
                | "cf-ipcountry"
                | "cf-pseudo-ipv4"
                | "client-ip"
                | "fastly-client-ip"
                | "fly-client-ip"
                | "forwarded"
                | "true-client-ip"
                | "x-client-ip"
                | "x-cluster-client-ip"
                | "x-envoy-external-address"
                | "x-forwarded"
                | "x-original-forwarded-for"
                | "x-real-ip"
        )
}

#[cfg(test)]
mod tests;

//! What an entry is found by. The tenant is in every key, so that there is no way to ask for
//! somebody else's entry.

use std::fmt;

use blake3::Hasher;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, VARY};
use http::{HeaderMap, HeaderName, Method};
use uuid::Uuid;

use crate::subagents::X_WEIR_SUBAGENT;

/// Says what the hash is for, so that no other use of the same words gives the same one.
const CONTEXT: &str = "weir response cache 1";

/// Headers that change what a provider answers, whether it says so or not.
const SELECTED: [HeaderName; 10] = [
    ACCEPT,
    ACCEPT_ENCODING,
    CONTENT_TYPE,
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("anthropic-beta"),
    HeaderName::from_static("openai-beta"),
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
    HeaderName::from_static("x-goog-user-project"),
    X_WEIR_SUBAGENT,
];

/// Whose an entry is. Without either it is of whoever may use the gateway and brings nothing of
/// their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tenant {
    /// The project.
    pub project: Option<Uuid>,
    /// A digest of the credential that the client brought for the provider.
    pub own: Option<[u8; 32]>,
}

/// A digest of what a client brought of its own.
#[must_use]
pub fn own_credential<'a>(parts: impl Iterator<Item = (&'a str, &'a [u8])>) -> [u8; 32] {
    let mut hasher = Hasher::new_derive_key(CONTEXT);
    for (name, value) in parts {
        add(&mut hasher, name.as_bytes());
        add(&mut hasher, value);
    }
    *hasher.finalize().as_bytes()
}

/// What an entry was made for, for whoever looks for it by something else than its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub tenant: Tenant,
    /// `GET` or `POST`.
    pub method: Method,
    /// The path.
    pub path: Box<str>,
    /// The query, its parameters in order, no credential among them.
    pub query: Box<str>,
}

impl About {
    /// A `HEAD` is about what a `GET` gets. `query` must hold no credential.
    #[must_use]
    pub fn new(tenant: Tenant, method: &Method, path: &str, query: Option<&str>) -> Self {
        Self {
            tenant,
            method: match *method {
                Method::HEAD => Method::GET,
                ref other => other.clone(),
            },
            path: path.into(),
            query: ordered(query.unwrap_or_default()).into(),
        }
    }
}

/// The parameters in the order of their names. Those of one name stay as they are.
pub(super) fn ordered(query: &str) -> String {
    let mut parts: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
    parts.sort_by_key(|part| part.split('=').next());
    parts.join("&")
}

/// A request, as far as its answer depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Whose, and what.
    pub about: &'a About,
    /// The client's headers.
    pub headers: &'a HeaderMap,
    /// The body, in any number of pieces.
    pub body: &'a [Bytes],
    /// For how long a body that was sent is to be kept: who asks for another time gets another entry.
    pub opt_in: Option<u64>,
}

/// What an entry is stored under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The first key of a request: its entry, or what its answers vary by.
    #[must_use]
    pub fn of(subject: &Subject<'_>) -> Self {
        let mut hasher = Hasher::new_derive_key(CONTEXT);
        let Subject { about, headers, .. } = subject;
        let project = about.tenant.project.as_ref();
        add(&mut hasher, project.map_or(&[][..], |id| id.as_bytes()));
        add(
            &mut hasher,
            about.tenant.own.as_ref().map_or(&[], |own| own),
        );
        add(&mut hasher, about.method.as_str().as_bytes());
        add(&mut hasher, about.path.as_bytes());
        add(&mut hasher, about.query.as_bytes());
        for name in &SELECTED {
            add_header(&mut hasher, headers, name);
        }
        if about.method == Method::POST {
            let seconds = subject.opt_in.unwrap_or_default();
            add(&mut hasher, &seconds.to_le_bytes());
        }
        for piece in subject.body {
            hasher.update(piece);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The second key: that of the entry for a request with these headers.
    #[must_use]
    pub fn variant(&self, vary: &Vary, headers: &HeaderMap) -> Self {
        let mut hasher = Hasher::new_derive_key(CONTEXT);
        add(&mut hasher, &self.0);
        for name in &vary.0 {
            add(&mut hasher, name.as_str().as_bytes());
            add_header(&mut hasher, headers, name);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As people see it: 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn to_hex(self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// The length goes first, so that two things in a row cannot pass for two others.
fn add(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn add_header(hasher: &mut Hasher, headers: &HeaderMap, name: &HeaderName) {
    let values = headers.get_all(name);
    hasher.update(&(values.iter().count() as u64).to_le_bytes());
    for value in values {
        add(hasher, value.as_bytes().trim_ascii());
    }
}

/// The headers of a request that the answer depends on, as the answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vary(pub Box<[HeaderName]>);

impl Vary {
    /// Reads every `Vary` line of a response; none if it varies by what nobody can know.
    #[must_use]
    pub fn of(response: &HeaderMap) -> Option<Self> {
        let mut names = Vec::new();
        for value in response.get_all(VARY) {
            let members = value.to_str().ok()?.split(',').map(str::trim);
            for name in members.filter(|name| !name.is_empty()) {
                // `*` is a legal name, too.
                if name == "*" {
                    return None;
                }
                names.push(name.parse::<HeaderName>().ok()?);
            }
        }
        names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        names.dedup();
        // They are the tenant's, and what the provider saw is not the client's.
        names.retain(|name| *name != AUTHORIZATION && *name != COOKIE);
        Some(Self(names.into()))
    }

    /// Whether there is one entry for all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

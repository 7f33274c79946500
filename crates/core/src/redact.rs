//! What of a request or response may be kept and shown: credentials become digests, the rest stays
//! as it is. Of bodies it knows only how to say their beginning in a log line.

mod text;

use std::borrow::Cow;
use std::fmt::{self, Write};

use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Uri};
use sha2::Sha256;

use crate::query;

pub use text::{mask_json, mask_text};

/// Replaces credentials by digests. The same value gives the same digest under the same key, so
/// two requests with one credential can be told to have it; without the key, not even a short
/// credential can be found by trying.
#[derive(Clone)]
pub struct Redactor {
    keyed: Hmac<Sha256>,
    key_headers: Vec<HeaderName>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("key_headers", &self.key_headers)
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor whose digests depend on this installation's key.
    #[must_use]
    pub fn new(install_key: [u8; 32]) -> Self {
        // HMAC pads a short key with zeros to the hash's block; doing it here cannot fail.
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(install_key) {
            *to = from;
        }
        let keyed = Hmac::new(&block.into());
        Self {
            keyed,
            key_headers: Vec::new(),
        }
    }

    /// Treats one more header as a credential: the key header, when its name is a custom one.
    #[must_use]
    pub fn with_key_header(mut self, name: HeaderName) -> Self {
        self.key_headers.push(name);
        self
    }

    /// The headers in order, as they may be kept. A value that is not UTF-8 has its other bytes
    /// replaced by U+FFFD.
    #[must_use]
    pub fn redact_headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), self.redact_header(name, value)))
            .collect()
    }

    /// One header's value, as it may be kept.
    #[must_use]
    pub fn redact_header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        let sensitive = is_sensitive(name) || self.key_headers.contains(name);
        if sensitive || has_scheme(value.as_bytes()) {
            return self.digest(value.as_bytes());
        }
        let text = without_userinfo(&String::from_utf8_lossy(value.as_bytes())).into_owned();
        match text.split_once('?') {
            Some((before, query)) if is_address(name) => {
                format!("{before}?{}", self.redact_query(query))
            }
            _ => text,
        }
    }

    /// The query, without its question mark, as it may be kept.
    #[must_use]
    pub fn redact_query(&self, query: &str) -> String {
        let mut out = String::with_capacity(query.len());
        for (at, (part, name, value)) in query::parameters(query).enumerate() {
            if at > 0 {
                out.push('&');
            }
            match part.split_once('=') {
                Some((raw_name, _)) if !value.is_empty() && is_sensitive_parameter(&name) => {
                    out.push_str(raw_name);
                    out.push('=');
                    out.push_str(&self.digest(&value));
                }
                _ => out.push_str(part),
            }
        }
        out
    }

    /// Sixteen hexadecimal digits that tell the credential a client sent from others; the same
    /// whether it came as a bearer, in a key header or as `?key=`. None when it sent none.
    #[must_use]
    pub fn key_digest(&self, headers: &HeaderMap, query: Option<&str>) -> Option<String> {
        const NAMES: [&str; 3] = ["x-api-key", "x-goog-api-key", "api-key"];
        let names = NAMES.map(HeaderName::from_static);
        let sent = std::iter::once(&AUTHORIZATION)
            .chain(&self.key_headers)
            .chain(&names)
            .filter_map(|name| headers.get(name))
            .map(|value| without_scheme(value.as_bytes()))
            .find(|token| !token.is_empty());
        let digest = match sent {
            Some(token) => self.hex(token),
            None => {
                let mut keys = query.into_iter().flat_map(query::parameters);
                let (_, _, value) =
                    keys.find(|(_, name, value)| name == "key" && !value.is_empty())?;
                self.hex(&value)
            }
        };
        Some(digest.chars().take(16).collect())
    }

    fn digest(&self, value: &[u8]) -> String {
        format!("hmac-sha256:{}", self.hex(value))
    }

    fn hex(&self, value: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        mac.update(value);
        mac.finalize()
            .into_bytes()
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("a string takes any text");
                hex
            })
    }
}

/// The query with what may be a credential blotted out, for a log line.
#[must_use]
pub fn mask_query(query: &str) -> String {
    let mask = |(part, name, _): (&str, Cow<'_, str>, Cow<'_, [u8]>)| match part.split_once('=') {
        Some((raw_name, _)) if is_sensitive_parameter(&name) => format!("{raw_name}=***"),
        _ => part.to_owned(),
    };
    query::parameters(query)
        .map(mask)
        .collect::<Vec<_>>()
        .join("&")
}

/// Whether a value is a credential by its own word, whatever the header's name.
fn has_scheme(value: &[u8]) -> bool {
    let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    scheme.len() < value.len()
        && [&b"bearer"[..], b"basic"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Whether a header carries a credential. Counters such as `anthropic-ratelimit-tokens-remaining`
/// do not.
#[must_use]
pub fn is_sensitive(name: &HeaderName) -> bool {
    const PARTS: [&str; 9] = [
        "auth-key",
        "access-key",
        "api-key",
        "api_key",
        "apikey",
        "authorization",
        "bearer",
        "password",
        "subscription-key",
    ];
    const ENDS: [&str; 5] = ["-auth", "-token", "_token", "-secret", "_secret"];
    const WHOLE: [&str; 5] = ["cookie", "cookie2", "set-cookie", "token", "secret"];
    let name = name.as_str();
    WHOLE.contains(&name)
        || PARTS.iter().any(|part| name.contains(part))
        || (ENDS.iter().any(|end| name.ends_with(end)) && !name.ends_with("per-token"))
}

/// Whether a query parameter carries a credential. Page tokens do not.
fn is_sensitive_parameter(name: &str) -> bool {
    const WHOLE: [&str; 12] = [
        "api-key",
        "api_key",
        "apikey",
        "authorization",
        "key",
        "password",
        "secret",
        "sig",
        "signature",
        "token",
        "x-amz-credential",
        "x-amz-security-token",
    ];
    let name = name.to_ascii_lowercase();
    WHOLE.contains(&name.as_str())
        || name.ends_with("-signature")
        || name.ends_with("_secret")
        || (name.ends_with("_token") && !name.contains("page"))
}

/// Whether a header's value is an address whose query may hold a credential.
fn is_address(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "location"
            | "content-location"
            | "referer"
            | "x-goog-upload-url"
            | "x-goog-upload-control-url"
    )
}

/// The token of a value such as `Bearer TOKEN`; the value itself when it has no scheme word.
fn without_scheme(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let space = value.iter().position(u8::is_ascii_whitespace);
    space
        .and_then(|at| value.get(at..))
        .map_or(value, <[u8]>::trim_ascii)
}

/// The text without user names and passwords in its URLs. Agents send their repository's remotes
/// (Codex does, as JSON), and people put tokens into those.
#[must_use]
pub fn without_userinfo(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, slashes, after)) = next_authority(rest) {
        let end = after
            .find(|c: char| {
                c.is_whitespace()
                    || matches!(c, '/' | '?' | '#' | '\\' | '"' | '\'' | '<' | '>' | ',')
            })
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        out.push_str(before);
        out.push_str(slashes);
        out.push_str(
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host),
        );
        rest = tail;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Splits at the first `://`, in JSON's other spelling too: before, the mark itself, after.
fn next_authority(text: &str) -> Option<(&str, &str, &str)> {
    const MARKS: [&str; 2] = ["://", ":\\/\\/"];
    let (at, mark) = MARKS
        .iter()
        .filter_map(|mark| Some((text.find(mark)?, mark)))
        .min()?;
    let (before, from) = text.split_at_checked(at)?;
    let (mark, after) = from.split_at_checked(mark.len())?;
    Some((before, mark, after))
}

/// An address as it may be logged: no user name, no password, no query.
#[must_use]
pub fn bare_address(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    match uri.scheme_str() {
        Some(scheme) => format!("{scheme}://{host}{}", uri.path()),
        None => uri.path().to_owned(),
    }
}

#[cfg(test)]
mod tests;

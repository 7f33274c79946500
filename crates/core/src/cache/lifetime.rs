//! What may be kept, and for how long (RFC 9111 §3 and §4.2.1).

use std::time::UNIX_EPOCH;

use http::header::{CONTENT_RANGE, DATE, EXPIRES};
use http::{HeaderMap, HeaderName, StatusCode};

use super::{Directives, Terms, Validators, Vary};

/// Who said how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The provider.
    Header,
    /// The client, where the provider says nothing of it.
    Client,
    /// The settings, where the provider only says that it may be kept.
    Default,
}

/// How long an answer may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// From when the provider made it.
    pub seconds: u64,
    /// Who said so.
    pub source: Source,
    /// Whether the provider must be asked each time all the same.
    pub always_asks: bool,
}

/// Why an answer is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// It is not a whole good answer.
    Status,
    /// The provider forbids it.
    Forbidden,
    /// It depends on what nobody can know.
    Varies,
    /// The provider does not say that several people may have it.
    NotShared,
    /// Nobody says for how long.
    NoLifetime,
    /// It is old at once, and there is nothing to ask by whether it changed.
    NoValidator,
    /// It is a stream, and those are not kept.
    Stream,
    /// It is larger than an entry may be.
    TooLarge,
}

impl NotKept {
    /// What `Cache-Status` says of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Forbidden => "no-store",
            Self::Varies => "vary",
            Self::NotShared => "not-shared",
            Self::NoLifetime => "no-lifetime",
            Self::NoValidator => "no-validator",
            Self::Stream => "stream",
            Self::TooLarge => "too-large",
        }
    }
}

/// Whether an answer may be kept, and for how long: what the provider says goes before what the
/// client wishes, and that before `default`, in seconds.
///
/// # Errors
/// Why it may not.
pub fn lifetime(
    terms: &Terms,
    (status, headers): (StatusCode, &HeaderMap),
    default: u64,
) -> Result<Lifetime, NotKept> {
    let whole = matches!(
        status,
        StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION | StatusCode::NO_CONTENT
    );
    if !whole || headers.contains_key(CONTENT_RANGE) {
        return Err(NotKept::Status);
    }
    let said = Directives::of(headers);
    if said.no_store || said.private || terms.directives.no_store {
        return Err(NotKept::Forbidden);
    }
    Vary::of(headers).ok_or(NotKept::Varies)?;
    let (seconds, source) = match (explicit(&said, headers), terms.opt_in) {
        (Some(seconds), _) => (seconds, Source::Header),
        (None, Some(seconds)) => (seconds, Source::Client),
        (None, None) if said.public && default > 0 => (default, Source::Default),
        (None, None) => return Err(NotKept::NoLifetime),
    };
    // RFC 9111 §3.5: what a credential was sent for is for others only if that is said.
    let shared = said.public || said.s_maxage.is_some() || said.must_revalidate;
    if source != Source::Client && !shared {
        return Err(NotKept::NotShared);
    }
    // Vendors put a bare `no-cache` on every stream to have proxies hold nothing back. Who names a
    // time for an answer that has none knows what was asked for, so it stops only the others.
    let always_asks = said.no_cache && source != Source::Client;
    if (always_asks || seconds == 0) && Validators::of(headers).is_empty() {
        return Err(NotKept::NoValidator);
    }
    Ok(Lifetime {
        seconds,
        source,
        always_asks,
    })
}

/// How long the provider says, in seconds.
fn explicit(said: &Directives, headers: &HeaderMap) -> Option<u64> {
    if let Some(seconds) = said.s_maxage.or(said.max_age) {
        return Some(seconds);
    }
    let expires = headers.get(EXPIRES)?;
    // A date that is none, `0` above all, is in the past.
    let Some(expires) = expires.to_str().ok().and_then(unix_seconds) else {
        return Some(0);
    };
    let date = date(headers, &DATE)?;
    Some(u64::try_from(expires.saturating_sub(date)).unwrap_or(0))
}

/// A header's date, in seconds since the Unix epoch.
pub(super) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    headers.get(name)?.to_str().ok().and_then(unix_seconds)
}

fn unix_seconds(text: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

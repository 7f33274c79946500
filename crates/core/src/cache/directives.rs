//! `Cache-Control`, in both directions (RFC 9111 §5.2).

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderValue};

/// Longest time that is taken for one, in seconds, as RFC 9111 §1.2.2 has it.
const LONGEST: u64 = 1 << 31;

/// Directives. Those that name fields count as if they named none, which is stricter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `no-store`.
    pub no_store: bool,
    /// `no-cache`; in a request `Pragma: no-cache` too.
    pub no_cache: bool,
    /// `private`.
    pub private: bool,
    /// `public`.
    pub public: bool,
    /// `must-revalidate` or `proxy-revalidate`.
    pub must_revalidate: bool,
    /// `only-if-cached`.
    pub only_if_cached: bool,
    /// `max-age`, in seconds like all of them.
    pub max_age: Option<u64>,
    /// `s-maxage`.
    pub s_maxage: Option<u64>,
    /// `min-fresh`.
    pub min_fresh: Option<u64>,
    /// `max-stale`; without a value it is as long as one likes.
    pub max_stale: Option<u64>,
    /// `stale-if-error` (RFC 5861).
    pub stale_if_error: Option<u64>,
    /// `stale-while-revalidate` (RFC 5861).
    pub stale_while_revalidate: Option<u64>,
}

impl Directives {
    /// Those of a request.
    #[must_use]
    pub fn of_request(headers: &HeaderMap) -> Self {
        let mut found = Self::of(headers);
        if !headers.contains_key(CACHE_CONTROL) {
            let pragma = headers.get(PRAGMA).map(HeaderValue::as_bytes);
            found.no_cache = pragma.is_some_and(|value| value.eq_ignore_ascii_case(b"no-cache"));
        }
        found
    }

    /// Those of a response, or of a request without `Pragma`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for value in headers.get_all(CACHE_CONTROL) {
            // What is no text says nothing good: it is as if nothing might be kept.
            match value.to_str() {
                Ok(text) => members(text).for_each(|member| found.take(member)),
                Err(_) => found.no_store = true,
            }
        }
        found
    }

    fn take(&mut self, member: &str) {
        let (name, value) = match member.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (member, None),
        };
        match name.to_ascii_lowercase().as_str() {
            "no-store" => self.no_store = true,
            "no-cache" => self.no_cache = true,
            "private" => self.private = true,
            "public" => self.public = true,
            "must-revalidate" | "proxy-revalidate" => self.must_revalidate = true,
            "only-if-cached" => self.only_if_cached = true,
            "max-age" => shorter(&mut self.max_age, value),
            "s-maxage" => shorter(&mut self.s_maxage, value),
            "min-fresh" => self.min_fresh = value.map(seconds),
            "max-stale" => self.max_stale = Some(value.map_or(LONGEST, seconds)),
            "stale-if-error" => shorter(&mut self.stale_if_error, value),
            "stale-while-revalidate" => shorter(&mut self.stale_while_revalidate, value),
            _ => {}
        }
    }
}

/// Of a time that is said twice the shorter one counts.
fn shorter(slot: &mut Option<u64>, value: Option<&str>) {
    let given = value.map_or(0, seconds);
    *slot = Some(slot.map_or(given, |before| before.min(given)));
}

/// A time in seconds; what is none is no time at all.
fn seconds(text: &str) -> u64 {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        // Only too many digits can fail here.
        text.parse().unwrap_or(LONGEST).min(LONGEST)
    } else {
        0
    }
}

/// The members of a list, commas in quotes left alone.
fn members(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .map(str::trim)
    .filter(|member| !member.is_empty())
}

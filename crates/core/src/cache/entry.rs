//! An answer that was kept: how old it is, and whether it will do.

use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::lifetime::date;
use super::{About, Directives, Lifetime, Source, Terms, Validators};

/// Bytes that an entry takes besides what it holds, about.
const OVERHEAD: usize = 512;
/// How long, in seconds, an old entry is kept to ask by whether it changed, and for who takes an old
/// one.
const KEPT_WHEN_OLD: u64 = 3600;

/// Headers that say something of one exchange or one moment, not of the answer.
const OF_THE_EXCHANGE: [&str; 14] = [
    "age",
    "alt-svc",
    "cache-status",
    "cf-ray",
    "clear-site-data",
    "openai-processing-ms",
    "request-id",
    "retry-after",
    "server-timing",
    "set-cookie",
    "set-cookie2",
    "trailer",
    "x-envoy-upstream-service-time",
    "x-request-id",
];
/// Beginnings of names of such headers: what is left of a limit, and ids of traces.
const OF_THE_EXCHANGE_BY_PREFIX: [&str; 4] = [
    "anthropic-ratelimit-",
    "x-ratelimit-",
    "x-proxy-",
    "x-upstream-",
];

/// When something was asked and answered, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The request went out.
    pub asked: i64,
    /// The head of the answer came.
    pub answered: i64,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it was made for.
    pub about: About,
    /// Its status.
    pub status: StatusCode,
    /// Its headers, less what belongs to one exchange.
    pub headers: HeaderMap,
    /// Its body, in the framing that it came in.
    pub body: Bytes,
    /// When its head came, in milliseconds since the Unix epoch.
    pub answered: i64,
    /// How old it was then, in seconds.
    pub age: u64,
    /// How long it may be used.
    pub lifetime: Lifetime,
}

/// Whether an entry answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It does, for so many seconds more; fewer than none is a stale one that the client takes.
    Yes(i64),
    /// It does although it is too old, by so many seconds less than none, if it is asked for again
    /// meanwhile.
    Meanwhile(i64),
    /// It would, but for what the client asks.
    NotForThis,
    /// It is too old.
    Stale,
}

impl Entry {
    /// An answer whose body is still to come.
    #[must_use]
    pub fn new(
        about: About,
        (status, mut headers): (StatusCode, HeaderMap),
        times: Times,
        (lifetime, terms): (Lifetime, &Terms),
    ) -> Self {
        let age = initial_age(&headers, times);
        strip(&mut headers);
        if lifetime.source == Source::Client {
            let mut said = format!("public, max-age={}", lifetime.seconds);
            if let Some(more) = terms.directives.stale_while_revalidate {
                said.push_str(&format!(", stale-while-revalidate={more}"));
            }
            if let Ok(said) = HeaderValue::try_from(said) {
                headers.insert(CACHE_CONTROL, said);
            }
        }
        Self {
            about,
            status,
            headers,
            body: Bytes::new(),
            answered: times.answered,
            age,
            lifetime,
        }
    }

    /// With its body, which is whole.
    #[must_use]
    pub fn with_body(mut self, body: Bytes) -> Self {
        if self.status != StatusCode::NO_CONTENT {
            self.headers.insert(CONTENT_LENGTH, body.len().into());
        }
        self.body = body;
        self
    }

    /// How old it is, in seconds.
    #[must_use]
    pub fn age_at(&self, unix_ms: i64) -> u64 {
        let resident = unix_ms.saturating_sub(self.answered).max(0).unsigned_abs() / 1000;
        self.age.saturating_add(resident)
    }

    /// For how many seconds it may still be used; fewer than none when it is stale.
    #[must_use]
    pub fn ttl_at(&self, unix_ms: i64) -> i64 {
        let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        signed(self.lifetime.seconds).saturating_sub(signed(self.age_at(unix_ms)))
    }

    /// Whether it answers a request on these terms.
    #[must_use]
    pub fn reuse(&self, terms: &Terms, unix_ms: i64) -> Reuse {
        let asked = &terms.directives;
        // Its `max-age` is then for how long an answer is to be kept.
        let opted_in = terms.opt_in.is_some();
        let ttl = self.ttl_at(unix_ms);
        if self.lifetime.always_asks {
            return Reuse::Stale;
        }
        if asked.no_cache {
            return Reuse::NotForThis;
        }
        let within = |most: u64, value: i64| i64::try_from(most).is_ok_and(|most| value <= most);
        let age = i64::try_from(self.age_at(unix_ms)).unwrap_or(i64::MAX);
        if asked
            .max_age
            .is_some_and(|most| most == 0 || !within(most, age))
            && ttl > 0
        {
            return Reuse::NotForThis;
        }
        if ttl > 0 {
            let lasts = asked
                .min_fresh
                .is_none_or(|least| ttl.unsigned_abs() >= least);
            return if lasts {
                Reuse::Yes(ttl)
            } else {
                Reuse::NotForThis
            };
        }
        let strict = Directives::of(&self.headers);
        let takes_stale = asked.max_stale.is_some_and(|most| within(most, -ttl));
        if takes_stale && asked.min_fresh.is_none() && !must_ask(&strict) {
            return Reuse::Yes(ttl);
        }
        let more = meanwhile(&strict, (self.lifetime, terms));
        if more.is_some_and(|most| within(most, -ttl))
            && asked
                .max_age
                .is_none_or(|most| opted_in || within(most, age))
        {
            return Reuse::Meanwhile(ttl);
        }
        Reuse::Stale
    }

    /// Whether it is better than a provider that fails (RFC 5861 §4).
    #[must_use]
    pub fn stands_in(&self, terms: &Terms, unix_ms: i64) -> bool {
        let said = Directives::of(&self.headers);
        let allowed = said.stale_if_error.max(terms.directives.stale_if_error);
        let stale = -self.ttl_at(unix_ms);
        !must_ask(&said)
            && !self.lifetime.always_asks
            && allowed.is_some_and(|most| i64::try_from(most).is_ok_and(|most| stale <= most))
    }

    /// What it is to be asked by whether it still holds; nothing for what was sent, which no
    /// provider compares.
    #[must_use]
    pub fn validators(&self) -> Validators {
        if self.about.method == http::Method::GET {
            Validators::of(&self.headers)
        } else {
            Validators::default()
        }
    }

    /// The same after a provider has said that it still holds (RFC 9111 §4.3.4).
    #[must_use]
    pub fn freshened(&self, mut news: HeaderMap, times: Times, lifetime: Lifetime) -> Self {
        let age = initial_age(&news, times);
        strip(&mut news);
        let mut headers = self.headers.clone();
        for name in news.keys() {
            if ![
                CONTENT_LENGTH,
                CONTENT_ENCODING,
                CONTENT_TYPE,
                CONTENT_RANGE,
            ]
            .contains(name)
            {
                headers.remove(name);
                for value in news.get_all(name) {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
        Self {
            about: self.about.clone(),
            status: self.status,
            headers,
            body: self.body.clone(),
            answered: times.answered,
            age,
            lifetime,
        }
    }

    /// How long a store is to keep it, in seconds: as long as it may be used, even if only to ask by
    /// it or to stand in for a failure.
    #[must_use]
    pub fn kept_for(&self) -> u64 {
        let said = Directives::of(&self.headers);
        let stands_in = !must_ask(&said) && !self.lifetime.always_asks;
        let when_old = if stands_in || !self.validators().is_empty() {
            KEPT_WHEN_OLD
        } else {
            0
        };
        let stale = said.stale_if_error.max(said.stale_while_revalidate);
        let more = stale.unwrap_or(0).max(when_old);
        let left = self.lifetime.seconds.saturating_sub(self.age);
        left.saturating_add(more)
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        OVERHEAD + headers + self.body.len() + self.about.path.len() + self.about.query.len()
    }

    /// The headers with which it answers at a moment, but for what the answer has of its own.
    #[must_use]
    pub fn headers_at(&self, unix_ms: i64) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(AGE, self.age_at(unix_ms).into());
        headers
    }
}

/// Whether it must not be used once it is stale (RFC 9111 §4.2.4).
fn must_ask(said: &Directives) -> bool {
    said.must_revalidate || said.no_cache || said.s_maxage.is_some()
}

/// For how many seconds more it may be used while it is asked for again (RFC 5861 §3).
fn meanwhile(said: &Directives, (lifetime, terms): (Lifetime, &Terms)) -> Option<u64> {
    let asked = &terms.directives;
    let insists = must_ask(said) || asked.min_fresh.is_some() || asked.only_if_cached;
    let most = said.stale_while_revalidate.filter(|_| !insists)?;
    match lifetime.source {
        // A client had it kept so. Another one has only what it wishes itself.
        Source::Client => asked.stale_while_revalidate.map(|own| own.min(most)),
        _ => Some(most),
    }
}

/// How old an answer is when it comes (RFC 9111 §4.2.3), in seconds. The time that it was on its way
/// counts where another cache has said its age; else it is the time that a model took to make it.
fn initial_age(headers: &HeaderMap, times: Times) -> u64 {
    let second = |ms: i64| ms.max(0) / 1000;
    let apparent =
        date(headers, &DATE).map_or(0, |date| second(times.answered).saturating_sub(date));
    let delay = second(times.answered.saturating_sub(times.asked));
    let said = headers
        .get(AGE)
        .and_then(|age| age.to_str().ok()?.trim().parse::<i64>().ok());
    let corrected = said.map_or(0, |age| age.max(0).saturating_add(delay));
    apparent.max(corrected).max(0).unsigned_abs()
}

fn strip(headers: &mut HeaderMap) {
    let goes = |name: &HeaderName| {
        let name = name.as_str();
        OF_THE_EXCHANGE.contains(&name)
            || OF_THE_EXCHANGE_BY_PREFIX
                .iter()
                .any(|prefix| name.starts_with(prefix))
    };
    let gone: Vec<HeaderName> = headers.keys().filter(|name| goes(name)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

//! What came instead of an answer, and which of it the client gets when there is none.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use weir_wire::errors::ErrorKind;

use crate::attempt::KeyState;

/// An answer of a provider's that was held back because another might have had a better one.
#[derive(Debug)]
pub struct Kept {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, all of it.
    pub body: Bytes,
    /// The pooled key that was used.
    pub key: Option<KeyState>,
    /// Whether it was put into the client's words, so that it is not the provider's any more.
    pub translated: bool,
}

impl Kept {
    /// An error that came in the disguise of a good answer.
    #[must_use]
    pub fn unmasked(
        status: StatusCode,
        mut headers: HeaderMap,
        body: Bytes,
        key: Option<KeyState>,
    ) -> Self {
        for name in [CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self {
            status,
            headers,
            body,
            key,
            translated: false,
        }
    }
}

/// One try that was no answer.
#[derive(Debug)]
pub struct Miss {
    /// What is said in weir's own words.
    pub kind: ErrorKind,
    /// For the client.
    pub message: String,
    /// For the log and the record.
    pub cause: String,
    /// What the provider said itself.
    pub kept: Option<Kept>,
    /// The earliest moment at which another try makes sense, from now.
    pub wait: Option<Duration>,
}

impl Miss {
    /// How much the client can do with it: an overloaded provider is worth another try soon, a
    /// spent limit says when, a connection that failed says nothing.
    fn worth(&self) -> u8 {
        let Some(kept) = &self.kept else {
            return match self.kind {
                ErrorKind::RateLimit => 4,
                ErrorKind::Timeout => 2,
                ErrorKind::Upstream => 1,
                _ => 0,
            };
        };
        match kept.status.as_u16() {
            429 => 5,
            401..=403 => 3,
            _ => 6,
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Misses {
    best: Option<Miss>,
    /// The earliest moment that anybody named.
    soonest: Option<Duration>,
    /// The same where who names none may be asked at once.
    pause: Option<Duration>,
}

fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Misses {
    /// Adds one.
    pub fn add(&mut self, miss: Miss) {
        self.soonest = earlier(self.soonest, miss.wait);
        self.pause = earlier(self.pause, Some(miss.wait.unwrap_or_default()));
        if self
            .best
            .as_ref()
            .is_none_or(|best| best.worth() < miss.worth())
        {
            self.best = Some(miss);
        }
    }

    /// Adds those of another provider.
    pub fn extend(&mut self, other: Self) {
        self.soonest = earlier(self.soonest, other.soonest);
        self.pause = earlier(self.pause, other.pause);
        if let Some(best) = other.best {
            self.add(best);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.best.is_none()
    }

    /// Another round begins: what was asked for in the last one has been waited for.
    pub fn begin_round(&mut self) {
        self.soonest = None;
        self.pause = None;
    }

    /// The shortest pause after which another round makes sense.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.pause.unwrap_or_default()
    }

    /// The one that the client gets. A limit that was reached everywhere is told with the
    /// earliest moment at which any of them is free.
    #[must_use]
    pub fn best(self) -> Option<Miss> {
        let soonest = self.soonest;
        let mut best = self.best?;
        if let (Some(kept), Some(wait)) = (&mut best.kept, soonest)
            && kept.status == StatusCode::TOO_MANY_REQUESTS
            && best.wait.is_none_or(|own| own > wait)
        {
            kept.headers.insert(RETRY_AFTER, seconds(wait));
        }
        best.wait = best.wait.or(soonest);
        Some(best)
    }
}

/// A wait as `Retry-After` states it: whole seconds, at least one.
#[must_use]
pub fn seconds(wait: Duration) -> HeaderValue {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(whole.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miss(wait: Option<u64>) -> Miss {
        Miss {
            kind: ErrorKind::Upstream,
            message: String::new(),
            cause: String::new(),
            kept: None,
            wait: wait.map(Duration::from_secs),
        }
    }

    #[test]
    fn who_names_no_wait_may_be_asked_at_once_and_earlier_rounds_are_over() {
        let mut misses = Misses::default();
        misses.add(miss(Some(300)));
        assert_eq!(misses.pause(), Duration::from_secs(300));
        let mut other = Misses::default();
        other.add(miss(None));
        misses.extend(other);
        assert_eq!(misses.pause(), Duration::ZERO);
        misses.begin_round();
        misses.add(miss(Some(7)));
        assert_eq!(misses.pause(), Duration::from_secs(7));
        let best = misses.best().unwrap();
        assert_eq!(best.wait, Some(Duration::from_secs(300)), "its own");
    }
}

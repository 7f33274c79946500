//! Keeps a credential until shortly before it ends. While a new one is fetched the old one serves;
//! where there is none, everybody waits for the same fetch.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{CredentialError, unix_ms};

/// How long before its end a credential is renewed, in milliseconds.
const MARGIN_MS: i64 = 5 * 60 * 1000;
/// After how long one without an end is looked for again, in milliseconds: a file may have
/// changed.
const LOOK_AGAIN_MS: i64 = 15 * 60 * 1000;
/// Longest time for a fetch, all its steps included.
const FETCH_TIME: Duration = Duration::from_secs(30);
/// Time between renewals while the old one serves. A metadata server hands out the same token
/// until shortly before its end.
const RENEW_PAUSE: Duration = Duration::from_secs(10);
/// Time for which a failure is the answer for all while there is nothing that serves.
const FAIL_PAUSE: Duration = Duration::from_secs(1);

/// Where a credential comes from.
pub(crate) trait Source: Debug + Send + Sync + 'static {
    /// The credential.
    type Value: Clone + Send + Sync + 'static;

    /// Whose it is, for the log.
    fn name(&self) -> &str;

    /// Gets a new one.
    fn fetch(&self) -> impl Future<Output = Result<Lease<Self::Value>, CredentialError>> + Send;
}

/// A credential and its end.
#[derive(Clone)]
pub(crate) struct Lease<T> {
    /// The credential.
    pub(crate) value: T,
    /// Milliseconds since the Unix epoch; none when it does not end by itself.
    pub(crate) expires_ms: Option<i64>,
}

impl<T> Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

impl<T> Lease<T> {
    /// A credential that is good for so many seconds from now.
    pub(crate) fn for_seconds(value: T, seconds: u64) -> Self {
        let ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        Self {
            value,
            expires_ms: Some(unix_ms().saturating_add(ms)),
        }
    }
}

type Landed<T> = Option<Result<T, CredentialError>>;

/// The answer to a wish for a credential.
pub(crate) enum Got<T> {
    /// There is one, or it is known that there is none.
    Now(Result<T, CredentialError>),
    /// It is being fetched.
    Later(Flight<T>),
}

impl<T: Clone> Got<T> {
    /// Waits, if there is something to wait for.
    #[cfg(test)]
    pub(crate) async fn wait(self) -> Result<T, CredentialError> {
        match self {
            Self::Now(result) => result,
            Self::Later(flight) => flight.landed().await,
        }
    }
}

/// A fetch under way. It goes on when nobody waits any more.
pub(crate) struct Flight<T>(watch::Receiver<Landed<T>>);

impl<T: Clone> Flight<T> {
    /// Waits for its end.
    pub(crate) async fn landed(mut self) -> Result<T, CredentialError> {
        match self.0.wait_for(Option::is_some).await {
            Ok(landed) => landed
                .clone()
                .unwrap_or_else(|| Err(CredentialError::new("the fetch ended without a result"))),
            Err(_) => Err(CredentialError::new("the fetch was cut off")),
        }
    }
}

/// The one credential of a source.
pub(crate) struct Cache<S: Source>(Arc<Shared<S>>);

struct Shared<S: Source> {
    source: S,
    state: Mutex<State<S::Value>>,
}

struct State<T> {
    lease: Option<Held<T>>,
    flight: Option<watch::Receiver<Landed<T>>>,
    failure: Option<CredentialError>,
    /// No fetch begins before.
    quiet_until: Option<Instant>,
}

struct Held<T> {
    value: T,
    renew_ms: i64,
    expires_ms: i64,
}

impl<S: Source> Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cache").field(&self.0.source).finish()
    }
}

impl<S: Source> Cache<S> {
    /// Holds nothing yet; the first wish fetches.
    pub(crate) fn new(source: S) -> Self {
        Self(Arc::new(Shared {
            source,
            state: Mutex::new(State {
                lease: None,
                flight: None,
                failure: None,
                quiet_until: None,
            }),
        }))
    }

    /// The credential, if there is a good one; else the fetch to wait for.
    pub(crate) fn get(&self) -> Got<S::Value> {
        let now = unix_ms();
        let mut state = self.0.state.lock();
        let quiet = state
            .quiet_until
            .is_some_and(|until| Instant::now() < until);
        let held = state.lease.as_ref().filter(|held| now < held.expires_ms);
        if let Some(held) = held {
            let value = held.value.clone();
            if now >= held.renew_ms && !quiet {
                self.take_off(&mut state);
            }
            return Got::Now(Ok(value));
        }
        match &state.failure {
            Some(failure) if quiet => Got::Now(Err(failure.clone())),
            _ => Got::Later(Flight(self.take_off(&mut state))),
        }
    }

    /// Whoever it is for has refused it: another is fetched, if the last was not just now.
    pub(crate) fn doubt(&self) {
        if let Some(held) = &mut self.0.state.lock().lease {
            held.renew_ms = 0;
        }
        drop(self.get());
    }

    /// Lets a fetch begin at once, as if the pause after the last were over.
    #[cfg(test)]
    pub(crate) fn rest(&self) {
        self.0.state.lock().quiet_until = None;
    }

    /// The fetch under way.
    #[cfg(test)]
    fn flight(&self) -> Option<Flight<S::Value>> {
        self.0.state.lock().flight.clone().map(Flight)
    }

    /// Begins a fetch, or joins the one that is under way.
    fn take_off(&self, state: &mut State<S::Value>) -> watch::Receiver<Landed<S::Value>> {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        let (landed, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let landing = Landing(Arc::clone(&self.0));
        tokio::spawn(async move {
            let fetched = tokio::time::timeout(FETCH_TIME, landing.0.source.fetch()).await;
            let fetched = fetched.unwrap_or_else(|_| {
                Err(CredentialError::new(format!(
                    "nothing came within {FETCH_TIME:?}"
                )))
            });
            landed.send_replace(Some(landing.land(fetched)));
        });
        flight
    }
}

/// Ends a fetch, also when its task is cut off: the next wish begins another.
struct Landing<S: Source>(Arc<Shared<S>>);

impl<S: Source> Landing<S> {
    fn land(
        &self,
        fetched: Result<Lease<S::Value>, CredentialError>,
    ) -> Result<S::Value, CredentialError> {
        let now = unix_ms();
        let mut state = self.0.state.lock();
        match fetched {
            Ok(lease) => {
                let expires_ms = lease.expires_ms.unwrap_or(i64::MAX);
                let renew_ms = match lease.expires_ms {
                    Some(end) => end.saturating_sub(MARGIN_MS),
                    None => now.saturating_add(LOOK_AGAIN_MS),
                };
                state.failure = None;
                state.quiet_until = Some(Instant::now() + RENEW_PAUSE);
                state.lease = Some(Held {
                    value: lease.value.clone(),
                    renew_ms,
                    expires_ms,
                });
                Ok(lease.value)
            }
            Err(error) => {
                let held = state
                    .lease
                    .as_ref()
                    .is_some_and(|held| now < held.expires_ms);
                let pause = if held { RENEW_PAUSE } else { FAIL_PAUSE };
                state.quiet_until = Some(Instant::now() + pause);
                state.failure = Some(error.clone());
                drop(state);
                let provider = self.0.source.name();
                let cause = error.cause().unwrap_or_default();
                tracing::warn!(provider, %error, cause, "no new credential");
                Err(error)
            }
        }
    }
}

impl<S: Source> Drop for Landing<S> {
    fn drop(&mut self) {
        self.0.state.lock().flight = None;
    }
}

#[cfg(test)]
mod tests;

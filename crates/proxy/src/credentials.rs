//! Credentials that clouds give out for a while: Amazon's keys, Google's and Microsoft's tokens.
//!
//! They are looked for where each vendor's own tools look, kept until shortly before they end, and
//! fetched by one request at a time. Putting them into a request is the providers' business.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) mod aws;
pub(crate) mod cache;
pub(crate) mod entra;
pub(crate) mod fetch;
pub(crate) mod google;
mod oauth;

#[cfg(test)]
pub(crate) mod testing;

/// Largest file that is read for a credential, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Why there is no credential. Its text says where was looked and what came of it, without
/// secrets, hosts or directories; the log has the cause besides.
#[derive(Clone, Debug)]
pub struct CredentialError {
    what: Arc<str>,
    cause: Option<Arc<str>>,
}

impl CredentialError {
    /// For something that has no further cause.
    pub(crate) fn new(what: impl Into<Arc<str>>) -> Self {
        Self {
            what: what.into(),
            cause: None,
        }
    }

    /// The same with what only the log may tell.
    pub(crate) fn because(what: impl Into<Arc<str>>, cause: &dyn fmt::Display) -> Self {
        Self {
            what: what.into(),
            cause: Some(cause.to_string().into()),
        }
    }

    /// Says where it happened.
    pub(crate) fn within(self, place: &str) -> Self {
        Self {
            what: format!("{place}: {}", self.what).into(),
            cause: self.cause,
        }
    }

    /// What only the log may tell.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for CredentialError {}

type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where variables are read: the process' environment, or a test's.
#[derive(Clone)]
pub(crate) struct Env(Arc<Variables>);

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

impl Env {
    /// The process' own.
    pub(crate) fn process() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable that says yes.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The user's own directory.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.get("HOME")
            .or_else(|| self.get("USERPROFILE"))
            .map(PathBuf::from)
    }

    /// A path in which `~` may stand for the user's own directory.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        }
    }
}

/// Reads a file that holds or leads to a credential; none when there is no such file.
pub(crate) async fn read_file(path: PathBuf) -> Result<Option<String>, CredentialError> {
    let fault = |cause: &dyn fmt::Display| {
        CredentialError::because("a credential file cannot be read", cause)
    };
    let size = match tokio::fs::metadata(&path).await {
        Ok(found) => found.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(&format_args!("{}: {error}", path.display()))),
    };
    if size > MAX_FILE {
        return Err(fault(&format_args!(
            "{}: over {MAX_FILE} bytes",
            path.display()
        )));
    }
    match tokio::fs::read_to_string(&path).await {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(fault(&format_args!("{}: {error}", path.display()))),
    }
}

/// Milliseconds since the Unix epoch. Lifetimes are measured by this clock and not by a steady
/// one, which stands still while a machine sleeps.
pub(crate) fn unix_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A moment as RFC 3339 writes it, in milliseconds since the Unix epoch.
pub(crate) fn date_ms(text: &str) -> Option<i64> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.as_millisecond())
}

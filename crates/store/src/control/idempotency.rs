//! Requests that carry an `Idempotency-Key`. What they make and what they are answered is written in
//! one transaction, so that neither is ever there without the other: a request that comes again finds
//! both or nothing, whatever happened in between, on whichever node.
//!
//! The answer may hold a secret that is shown once. It is sealed by a key that is made of the
//! `Idempotency-Key`, of which only a digest is kept: who has the database alone opens nothing.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use weir_core::secret::Secret;

use super::audit::By;
use super::db::{Done, Statement, int, text};
use super::draft::Draft;
use super::seal::Seal;
use super::{ControlError, ControlStore};

/// How long an answer is kept, in microseconds.
const KEPT_US: i64 = 24 * 3600 * 1_000_000;
/// Bytes of a key.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=255;
/// Requests under way that are known here. Of those beyond, the database alone sees to it that they
/// make nothing twice.
const MAX_UNDER_WAY: usize = 1024;
/// Where in the transaction the key is claimed.
const CLAIM: usize = 1;

/// What a client has made up for a request and sends with each try of it.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(Secret);

impl IdempotencyKey {
    /// A key of 16 to 255 visible ASCII characters; none if it is anything else.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        if !LENGTH.contains(&value.len()) || !value.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        Some(Self(Secret::new(std::str::from_utf8(value).ok()?)))
    }
}

/// A request with its key.
#[derive(Debug)]
pub struct Keyed {
    /// Digest of whose key it is.
    scope: String,
    /// Digest of the key.
    name: String,
    /// Digest of what is asked.
    request: String,
    seal: Seal,
}

impl Keyed {
    /// The request of `manager` with `key`: its method, its path and its body.
    #[must_use]
    pub fn new(
        key: &IdempotencyKey,
        manager: &str,
        (method, path, body): (&str, &str, &[u8]),
    ) -> Self {
        let key = key.0.expose().as_bytes();
        let digest = |purpose, parts: &[&[u8]]| {
            let mut hash = blake3::Hasher::new_derive_key(purpose);
            for part in parts {
                hash.update(&(part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            hash.finalize()
        };
        let manager = manager.as_bytes();
        let sealing = digest("weir idempotency: what seals the answer", &[manager, key]);
        let request = [method.as_bytes(), path.as_bytes(), body];
        let hex = |hash: blake3::Hash| hash.to_hex().to_string();
        Self {
            scope: hex(digest("weir idempotency: manager", &[manager])),
            name: hex(digest("weir idempotency: key", &[manager, key])),
            request: hex(digest("weir idempotency: request", &request)),
            seal: Seal::by(sealing.as_bytes()),
        }
    }

    /// What an answer is sealed for.
    fn context(&self, status: i64) -> String {
        let (scope, name, request) = (&self.scope, &self.name, &self.request);
        format!("idempotency:{scope}:{name}:{request}:{status}")
    }
}

/// What a request is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status; 2xx.
    pub status: u16,
    /// Headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body. It may hold what is shown once.
    pub body: Secret,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// An answer as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    headers: Vec<(String, String)>,
    body: String,
}

/// The requests with keys that are under way in this process.
pub(super) type Names = Arc<Mutex<HashSet<String>>>;

/// A request is under way until this is dropped.
#[must_use]
#[derive(Debug)]
pub struct UnderWay {
    names: Names,
    name: Option<String>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            self.names.lock().remove(name);
        }
    }
}

impl ControlStore {
    /// Notes that a request is under way.
    ///
    /// # Errors
    /// When one with its key already is.
    pub fn begin(&self, keyed: &Keyed) -> Result<UnderWay, ControlError> {
        let mut names = self.under_way.lock();
        let name = if names.contains(&keyed.name) {
            return Err(ControlError::UnderWay);
        } else if names.len() < MAX_UNDER_WAY {
            names.insert(keyed.name.clone());
            Some(keyed.name.clone())
        } else {
            None
        };
        let names = Arc::clone(&self.under_way);
        Ok(UnderWay { names, name })
    }

    /// What the request was answered, if it came within the last day.
    ///
    /// # Errors
    /// When its key is that of another request, or the database fails.
    pub async fn kept(&self, keyed: &Keyed) -> Result<Option<Answer>, ControlError> {
        let query = "SELECT request_hash, status, answer FROM idempotency \
                     WHERE scope = ? AND key_hash = ? AND created_us >= ?";
        let oldest = super::now_us().saturating_sub(KEPT_US);
        let query = Statement::new(query).with([
            text(keyed.scope.as_str()),
            text(keyed.name.as_str()),
            int(oldest),
        ]);
        let rows = self.db.rows(query).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        if row.text(0)? != keyed.request {
            return Err(ControlError::KeyReused);
        }
        let status = row.int(1)?;
        let damaged = || ControlError::damaged("a kept answer");
        let opened = keyed.seal.open(&row.text(2)?, &keyed.context(status));
        let opened = opened.map_err(|_| damaged())?;
        let sealed: Sealed = serde_json::from_str(opened.expose()).map_err(|_| damaged())?;
        Ok(Some(Answer {
            status: u16::try_from(status).map_err(|_| damaged())?,
            headers: sealed.headers,
            body: Secret::new(sealed.body),
        }))
    }

    /// Writes down what a request makes and what it is answered, together. False if the request was
    /// answered before; nothing is written then, and [`ControlStore::kept`] has the answer.
    ///
    /// # Errors
    /// As [`ControlStore::write`].
    pub async fn write_once<T>(
        &self,
        draft: Draft<T>,
        (keyed, answer): (&Keyed, &Answer),
        by: &By,
    ) -> Result<bool, ControlError> {
        let now = super::now_us();
        let status = i64::from(answer.status);
        let sealed = super::json(&Sealed {
            headers: answer.headers.clone(),
            body: answer.body.expose().to_owned(),
        })?;
        let sealed = keyed
            .seal
            .seal(&Secret::new(sealed), &keyed.context(status))?;
        let claim = "INSERT INTO idempotency (scope, key_hash, request_hash, status, answer, created_us) \
                     VALUES (?, ?, ?, ?, ?, ?)";
        let claim = Statement::new(claim).with([
            text(keyed.scope.as_str()),
            text(keyed.name.as_str()),
            text(keyed.request.as_str()),
            int(status),
            text(sealed),
            int(now),
        ]);
        // One of the same key that is too old makes room. The claim comes before all else, so that
        // who is slower learns of it and not of what the faster one has made.
        let mut statements = vec![expired(now), claim];
        statements.extend(draft.statements);
        match self
            .commit(statements, &[(by.clone(), draft.event)])
            .await?
        {
            Done::All(_) => Ok(true),
            Done::Duplicate(CLAIM) => Ok(false),
            Done::Not(_) | Done::Duplicate(_) => Err(draft.refused),
        }
    }

    /// Takes out answers that are kept no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_answers(&self) -> Result<(), ControlError> {
        self.db.all(vec![expired(super::now_us())]).await.map(drop)
    }
}

fn expired(now: i64) -> Statement {
    Statement::new("DELETE FROM idempotency WHERE created_us < ?")
        .with([int(now.saturating_sub(KEPT_US))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_a_length() {
        for (text, is_key) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789 abcdef", false),
            ("0123456789abcdéf", false),
            (&"x".repeat(255), true),
            (&"x".repeat(256), false),
        ] {
            assert_eq!(
                IdempotencyKey::parse(text.as_bytes()).is_some(),
                is_key,
                "{text}"
            );
        }
    }

    #[test]
    fn no_part_of_a_request_can_pass_for_anothers() {
        let key = IdempotencyKey::parse(b"0123456789abcdef").unwrap();
        let of = |manager, parts| Keyed::new(&key, manager, parts);
        let one = of("a", ("POST", "/x", b"1"));
        for (other, same_name) in [
            (of("b", ("POST", "/x", b"1")), false),
            (of("a", ("POST", "/", b"x1")), true),
            (of("a", ("POST", "/x", b"2")), true),
            (of("a", ("PUT", "/x", b"1")), true),
        ] {
            assert_eq!(other.name == one.name, same_name);
            assert_ne!((&other.name, &other.request), (&one.name, &one.request));
        }
    }
}

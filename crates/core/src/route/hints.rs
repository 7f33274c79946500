//! Hints between nodes: what one has found out of a provider or a key, so that the others need not.
//! Who hears one goes by [`crate::keys`] and [`super::breaker`]: it is a hint, and no more.

mod told;

use std::sync::Arc;

pub use told::{MAX_TOLD, Told};

use crate::keys::{KeyId, MAX_WINDOW_WAIT_MS, Rest};

/// How long it is told that a provider or key is well, in milliseconds.
const WELL_MS: u64 = 60_000;
/// Longest name of a provider that is told, in bytes.
const MAX_NAME: usize = 256;

/// What a hint is of: a provider or a key of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The provider's name.
    pub provider: Arc<str>,
    /// Where it is and how it is reached, by [`Provider::way`](crate::settings::Provider::way):
    /// nodes that reach another by the same name have nothing to tell each other.
    pub way: u64,
    /// The key; none is the provider itself.
    pub key: Option<KeyId>,
}

/// What is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The key rests.
    Rests(Rest),
    /// The breaker is open.
    Open,
    /// It is well: the breaker has closed, or somebody has put the key right.
    Well,
}

/// A hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What it is of.
    pub subject: Subject,
    /// What is said.
    pub said: Said,
    /// For how many milliseconds from now it holds; at most [`MAX_WINDOW_WAIT_MS`].
    pub left_ms: u64,
}

impl Hint {
    /// One that says that `subject` is well.
    #[must_use]
    pub fn well(subject: Subject) -> Self {
        Self {
            subject,
            said: Said::Well,
            left_ms: WELL_MS,
        }
    }

    /// Whether another node's word can be this at all.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        let name = &self.subject.provider;
        let fits = match (self.said, self.subject.key) {
            (Said::Rests(_), key) => key.is_some(),
            (Said::Open, key) => key.is_none(),
            (Said::Well, _) => true,
        };
        fits && !name.is_empty() && name.len() <= MAX_NAME && self.left_ms <= MAX_WINDOW_WAIT_MS
    }
}

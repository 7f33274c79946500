//! Why something was not done, in words for the person who asked for it.

use std::fmt;

use crate::keys;

/// Why a gateway was not steered. The messages say what is wrong and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SteerError {
    /// There is no such thing.
    NotFound(String),
    /// What was asked for makes no sense.
    Invalid {
        /// The field of the request that is wrong.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// It makes sense, but not as things stand.
    Conflict(String),
}

impl SteerError {
    /// There is no provider of this name.
    #[must_use]
    pub fn no_provider(name: &str) -> Self {
        let name = name.escape_debug();
        Self::NotFound(format!(
            "`{name}`: no such provider; `GET /api/providers` lists them"
        ))
    }

    /// A pool of keys refused; `key` is what the key was called, or its id.
    #[must_use]
    pub fn of_key(provider: &str, key: &str, error: keys::SteerError) -> Self {
        let (provider, key) = (provider.escape_debug(), key.escape_debug());
        match error {
            keys::SteerError::Unknown => Self::NotFound(format!(
                "`{key}`: `{provider}` has no such key; `GET /api/providers/{provider}` lists them"
            )),
            keys::SteerError::Ambiguous => Self::Conflict(format!(
                "`{key}`: more than one key of `{provider}` is called so; say its id"
            )),
            keys::SteerError::Duplicate => {
                Self::Conflict(format!("`{provider}` has this key already"))
            }
            keys::SteerError::Empty => Self::Invalid {
                field: "key".to_owned(),
                message: "`key`: empty; give the credential itself".to_owned(),
            },
            keys::SteerError::Full => Self::Conflict(format!(
                "`{provider}` has {} keys, which is the most; remove one first",
                keys::MAX_KEYS
            )),
        }
    }
}

impl fmt::Display for SteerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message) | Self::Invalid { message, .. } | Self::Conflict(message) => {
                f.write_str(message)
            }
        }
    }
}

impl std::error::Error for SteerError {}

//! What is wrong with a configuration, and where. It names places and keys, never secret values.

use std::fmt;

/// Where a value, or a fault in it, came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A spot in the configuration file.
    File {
        /// The file as the caller named it.
        name: String,
        /// The line, from 1.
        line: u32,
        /// The column in characters, from 1.
        column: u32,
    },
    /// An edit that is kept in the database.
    Stored,
    /// An environment variable.
    Env(&'static str),
    /// An override from the command line.
    Flag,
    /// No single place: settings that do not go together.
    Settings,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, .. } => write!(f, "{name}:{line}"),
            Self::Stored => f.write_str("stored edit"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("command line"),
            Self::Settings => f.write_str("settings"),
        }
    }
}

/// One thing wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it is.
    pub place: Place,
    /// The setting's path, such as `server.port`; empty when no setting is concerned.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty when there is nothing to add.
    pub hint: String,
}

impl Fault {
    /// A fault without a hint.
    pub(crate) fn new(place: Place, key: &str, message: impl Into<String>) -> Self {
        Self {
            place,
            key: key.to_owned(),
            message: message.into(),
            hint: String::new(),
        }
    }

    /// The same fault with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

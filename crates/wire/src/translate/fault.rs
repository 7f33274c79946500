//! What a translation refuses, and what it leaves out with a word.

use std::borrow::Cow;

/// A body that cannot be read or cannot be said in the target's words. Told to the client with
/// status 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Fault {
    /// Where: `messages.3.content.0.source`; empty for the body as a whole.
    pub field: String,
    /// What is wrong and what to do.
    pub message: Cow<'static, str>,
}

impl Fault {
    /// A fault at `field`.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Something that the target cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it was, as in [`Fault::field`].
    pub field: Cow<'static, str>,
    /// What became of it.
    pub what: &'static str,
}

/// What was left out or changed on the way; bounded, as one body may hold very much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The first of them.
    pub notes: Vec<Note>,
    /// How many there were.
    pub count: usize,
}

/// Notes that are kept.
const MAX_NOTES: usize = 32;

impl Notes {
    /// Adds one.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, what: &'static str) {
        self.count += 1;
        if self.notes.len() < MAX_NOTES {
            let field = field.into();
            self.notes.push(Note { field, what });
        }
    }
}

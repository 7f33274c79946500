//! What is to be made, until it is written: it is known whole before, so that what is answered can be
//! kept in the same transaction.

use super::audit::{By, Event};
use super::db::{Done, Statement};
use super::{ControlError, ControlStore};

/// Something that is made and not written yet.
#[must_use]
pub struct Draft<T> {
    pub(super) made: T,
    pub(super) statements: Vec<Statement>,
    pub(super) event: Event,
    /// What it means if the statements cannot be done.
    pub(super) refused: ControlError,
}

// The statements may hold what is sealed, and what was made a secret.
impl<T> std::fmt::Debug for Draft<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

impl<T> Draft<T> {
    /// How it will be.
    pub fn made(&self) -> &T {
        &self.made
    }
}

impl ControlStore {
    /// Writes it down.
    ///
    /// # Errors
    /// When there is one of that name, somebody else was faster, or the database fails.
    pub async fn write<T>(&self, draft: Draft<T>, by: &By) -> Result<T, ControlError> {
        let events = [(by.clone(), draft.event)];
        match self.commit(draft.statements, &events).await? {
            Done::All(_) => Ok(draft.made),
            Done::Not(_) | Done::Duplicate(_) => Err(draft.refused),
        }
    }
}

//! Steering a pool at run time: switching keys, forgetting what was learnt, adding and removing.

use std::fmt;
use std::sync::Arc;

use super::slot::Slot;
use super::until::Until;
use super::{KeyId, KeyPool};
use crate::settings::Key;

/// Most keys that a pool grows to at run time.
pub const MAX_KEYS: usize = 1_000;

/// Why a pool was not steered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SteerError {
    /// No key has this id or name.
    Unknown,
    /// More than one key has it.
    Ambiguous,
    /// The key is in the pool already.
    Duplicate,
    /// The secret is empty.
    Empty,
    /// There are [`MAX_KEYS`] keys.
    Full,
}

impl fmt::Display for SteerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no such key",
            Self::Ambiguous => "more than one key has this id or name",
            Self::Duplicate => "the key is there already",
            Self::Empty => "the key is empty",
            Self::Full => "there are too many keys",
        })
    }
}

impl std::error::Error for SteerError {}

impl KeyPool {
    /// The key that people call so: by the eight digits of its id, or by its name.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find(&self, text: &str) -> Result<KeyId, SteerError> {
        let called = |slot: &&Slot| {
            slot.key.name.as_deref() == Some(text) || slot.id.to_string().eq_ignore_ascii_case(text)
        };
        let mut ids = self.slots.iter().filter(called).map(|slot| slot.id);
        let id = ids.next().ok_or(SteerError::Unknown)?;
        if ids.all(|other| other == id) {
            Ok(id)
        } else {
            Err(SteerError::Ambiguous)
        }
    }

    /// Switches a key on or off, whatever the configuration says, until that changes.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn set_enabled(&mut self, id: KeyId, enabled: bool) -> Result<(), SteerError> {
        self.each(id, |slot| slot.switched = Some(enabled))
    }

    /// Ends a key's pauses, forgets its errors and what is left of its limits, and fills its
    /// buckets. Switches and totals stay, and so do limits themselves.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn reset(&mut self, id: KeyId) -> Result<(), SteerError> {
        self.each(id, Slot::reset)
    }

    /// The same for every key.
    pub fn reset_all(&mut self) {
        self.slots.iter_mut().for_each(Slot::reset);
    }

    /// Adds a key. It stays over reloads, until it is removed or the process ends.
    ///
    /// # Errors
    /// When it is empty, there already, or one too many.
    pub fn add(&mut self, key: Key) -> Result<KeyId, SteerError> {
        if key.secret.is_empty() {
            return Err(SteerError::Empty);
        }
        if self.slots.iter().any(|slot| slot.has_secret_of(&key)) {
            return Err(SteerError::Duplicate);
        }
        if self.slots.len() >= MAX_KEYS {
            return Err(SteerError::Full);
        }
        let mut slot = Slot::new(Arc::new(key));
        slot.added = true;
        let id = slot.id;
        self.removed.retain(|removed| *removed != id);
        self.slots.push(slot);
        Ok(id)
    }

    /// Takes a key out. One of the configuration stays out over reloads, until it is added again
    /// or the process ends. Requests under way with it go on.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn remove(&mut self, id: KeyId) -> Result<(), SteerError> {
        let configured = |slot: &Slot| slot.id == id && !slot.added;
        if self.slots.iter().any(configured) {
            self.removed.push(id);
        }
        let before = self.slots.len();
        self.slots.retain(|slot| slot.id != id);
        if self.slots.len() == before {
            Err(SteerError::Unknown)
        } else {
            Ok(())
        }
    }

    /// Does something to every entry of a key; there is more than one if the configuration names
    /// it twice.
    fn each(&mut self, id: KeyId, mut change: impl FnMut(&mut Slot)) -> Result<(), SteerError> {
        let mut found = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.id == id) {
            change(slot);
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(SteerError::Unknown)
        }
    }
}

impl Slot {
    fn reset(&mut self) {
        self.requests.refill();
        self.input.refill();
        self.output.refill();
        for meter in &mut self.meters {
            meter.forget();
        }
        self.cooling_until = Until::default();
        self.rejected_until = Until::default();
        self.overage_until = Until::default();
        self.benched_until = Until::default();
        self.hearsay = None;
        self.doubts_until = Until::default();
        self.refusals = 0;
        self.consecutive_errors = 0;
        self.last_error = None;
    }
}

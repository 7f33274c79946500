//! Seeing and steering a gateway that runs: what people are shown of its providers and keys, and
//! what they may change without a restart. It says what there is to ask for; whoever runs the
//! gateway answers.

mod asked;
mod explain;
mod fault;
mod replay;
mod routing;
mod view;

use std::fmt;

pub use asked::{MAX_KEY_BYTES, MAX_NAME_BYTES, read_key, read_strategy};
pub use explain::{CandidateTold, Explanation, Question, SessionTold, SubagentTold};
pub use fault::SteerError;
pub use replay::{Piece, Pieces, Replay, Replayed, Replaying};
pub use routing::{ModelMapped, SubagentView, SubagentsView};
pub use view::{
    Condition, KeyCounts, ProviderBrief, ProviderStatus, ProviderView, Requests, Stats, Tokens,
};

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Effective;
use crate::keys::KeyId;
use crate::settings::{Key, Strategy};

/// A gateway that can be looked at and steered.
///
/// What is changed through it lives in memory: it takes effect with the next request, leaves those
/// under way alone, and ends with the process. Over a reload of the configuration it stays, unless
/// the file's own entry has changed: a provider whose entry is another than before is switched on
/// again, and a `routing.strategy` that is another than before counts again. Keys that were added
/// or removed stay so over reloads (see [`KeyPool::rebuilt`](crate::keys::KeyPool::rebuilt)), as
/// long as the configuration has their provider.
///
/// Calls are short and wait for nothing but short locks, except [`Steering::reload`], which reads
/// files: call it where blocking is fine. A key is named by its id as lists show it (eight hex
/// digits), or by its name.
pub trait Steering: fmt::Debug + Send + Sync {
    /// Every provider that the configuration enables, in its order; those that were switched off
    /// since are among them.
    fn providers(&self) -> Vec<ProviderView>;

    /// One provider.
    ///
    /// # Errors
    /// [`SteerError::NotFound`] when there is none of this name.
    fn provider(&self, name: &str) -> Result<ProviderView, SteerError> {
        let mut providers = self.providers();
        let index = providers.iter().position(|one| one.name == name);
        let index = index.ok_or_else(|| SteerError::no_provider(name))?;
        Ok(providers.swap_remove(index))
    }

    /// Switches a provider on or off. One that is off gets no new requests, not even as the last
    /// resort. Switching it to what it is already is fine.
    ///
    /// # Errors
    /// [`SteerError::NotFound`] when there is none of this name.
    fn set_provider_enabled(&self, name: &str, enabled: bool) -> Result<(), SteerError>;

    /// Closes a provider's breaker and ends the pauses of all its keys. Switches and totals stay.
    ///
    /// # Errors
    /// [`SteerError::NotFound`] when there is none of this name.
    fn reset_provider(&self, name: &str) -> Result<(), SteerError>;

    /// Adds a key to a provider and gives its id.
    ///
    /// # Errors
    /// [`SteerError::NotFound`] without such a provider, [`SteerError::Conflict`] when it has the
    /// key already, can take no more, or signs with its cloud's own credentials.
    fn add_key(&self, provider: &str, key: Key) -> Result<KeyId, SteerError>;

    /// Takes a key out. Requests under way with it go on.
    ///
    /// # Errors
    /// [`SteerError::NotFound`] without such a provider or key, [`SteerError::Conflict`] when more
    /// than one key has the name.
    fn remove_key(&self, provider: &str, key: &str) -> Result<(), SteerError>;

    /// Switches a key on or off.
    ///
    /// # Errors
    /// As [`Steering::remove_key`].
    fn set_key_enabled(&self, provider: &str, key: &str, enabled: bool) -> Result<(), SteerError>;

    /// Ends a key's pauses and forgets its errors and what is left of its limits.
    ///
    /// # Errors
    /// As [`Steering::remove_key`].
    fn reset_key(&self, provider: &str, key: &str) -> Result<(), SteerError>;

    /// The figures of this moment.
    fn stats(&self) -> Stats;

    /// How providers are picked.
    fn strategy(&self) -> Strategy;

    /// Picks them otherwise from the next request on.
    ///
    /// # Errors
    /// [`SteerError::Conflict`] when the configuration lacks what the strategy goes by.
    fn set_strategy(&self, strategy: Strategy) -> Result<(), SteerError>;

    /// Reads the configuration again and takes it into use, whole or not at all. Reads files, so
    /// it may block for as long as those take.
    ///
    /// # Errors
    /// Every fault, each a sentence with its place; nothing has changed then.
    fn reload(&self) -> Result<Reloaded, Vec<String>>;

    /// The edits of settings that are kept, as path and value, in the order of their paths. Reads
    /// the database, so it may block.
    ///
    /// # Errors
    /// [`EditError::Unavailable`].
    fn stored(&self) -> Result<Vec<(String, String)>, EditError>;

    /// Edits settings, keeps that, and takes it into use, whole or not at all. A value of none
    /// takes an edit back. Edits win over the file, and lose to the environment and the command
    /// line. Reads and writes files, so it may block for as long as those take.
    ///
    /// # Errors
    /// Every fault of the configuration that it would be, or that edits cannot be kept; nothing has
    /// changed then.
    fn edit(&self, edits: &[(String, Option<String>)]) -> Result<Reloaded, EditError>;

    /// Every setting in force with its origin and without secrets, in the order of the reference.
    fn config(&self) -> Vec<Effective>;

    /// The subagents that have models of their own.
    fn subagents(&self) -> SubagentsView {
        SubagentsView::default()
    }

    /// Which models are asked for by other names, by provider and in the order of the names.
    fn model_map(&self) -> Vec<ModelMapped> {
        Vec::new()
    }

    /// Where a request would go at this moment. Nothing is sent, counted or changed.
    ///
    /// # Errors
    /// [`SteerError::Invalid`] when it is no request to a model, [`SteerError::Conflict`] when this
    /// gateway routes nothing.
    fn explain(&self, _question: &Question) -> Result<Explanation, SteerError> {
        Err(SteerError::Conflict(NOTHING_ROUTED.to_owned()))
    }

    /// Sends a request to a provider, with the provider's own credential and as an exchange of its
    /// own.
    ///
    /// # Errors
    /// [`SteerError::NotFound`] without such a provider, [`SteerError::Conflict`] when it has no
    /// credential of its own, or when this gateway routes nothing. What the provider answers, a
    /// failure too, is no error of this call.
    ///
    /// # Cancel safety
    /// A request that was begun is broken off.
    fn replay(&self, _replay: Replay) -> Replaying<'_> {
        Box::pin(async { Err(SteerError::Conflict(NOTHING_ROUTED.to_owned())) })
    }
}

/// Why settings were not edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// What is wrong with the configuration that it would be, each a sentence with its place.
    Faults(Vec<String>),
    /// Edits cannot be kept or read at this moment, and why.
    Unavailable(String),
}

/// What a gateway says of requests that has no data plane.
const NOTHING_ROUTED: &str = "this gateway routes no requests";

/// What a reload has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reloaded {
    /// The paths of the settings that are others than before, such as `routing.strategy`, those
    /// that need a restart included.
    pub changed: Vec<String>,
    /// Those of them that take effect only with a restart.
    pub needs_restart: Vec<String>,
    /// What is odd in the configuration but stops nothing, each a sentence.
    pub warnings: Vec<String>,
}

#[cfg(test)]
mod tests;

//! What a service has to be able to do to be told of exchanges.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use weir_core::event::Event;

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has it.
    Delivered,
    /// It is nothing for this service, which was not asked.
    Skipped,
    /// The service could not take it now. It is offered again, after `after` if the service said
    /// how long to wait.
    Later {
        /// Why, in words for a log line; no credential is in it.
        why: String,
        /// How long the service asked to wait.
        after: Option<Duration>,
    },
    /// The service will never take it.
    Refused {
        /// Why, in words for a log line; no credential is in it.
        why: String,
    },
}

/// The future of a delivery: one outcome for each event of the batch, in order.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Vec<Outcome>> + Send + 'a>>;

/// A service that is told of exchanges.
///
/// The dispatcher calls it with one batch at a time and does not call it with the same event again
/// once that is [`Outcome::Delivered`], [`Outcome::Skipped`] or [`Outcome::Refused`]; where a
/// process dies in between, it may. A sink gives up by itself on a service that does not answer.
pub trait Sink: fmt::Debug + Send + Sync + 'static {
    /// Its kind, as the settings name it: `file`, `webhook`, ...
    fn kind(&self) -> &'static str;

    /// Hands a batch over. The outcomes are as many as the events; what is missing counts as
    /// [`Outcome::Later`].
    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a>;
}

//! How the delivery of events is doing, as the API says it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How the delivery of events is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventsView {
    /// Whether events are made.
    pub enabled: bool,
    /// Over what they go: `memory` or `redis`; none makes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
    /// Whether this process delivers.
    pub dispatch: bool,
    /// Events that were made since the start.
    pub made: u64,
    /// Exchanges that made none since the start: too many waited to become events.
    pub unmade: u64,
    /// Bodies that were left out of events since the start: too many bytes were held.
    pub bodies_dropped: u64,
    /// The stream; none with the memory as bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamView>,
    /// The sinks, in the order of the settings.
    pub sinks: Vec<SinkView>,
}

/// How the stream of events is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StreamView {
    /// Its key.
    pub key: String,
    /// Whether Redis could be used last.
    pub connected: bool,
    /// Entries in it; none if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Events that wait in this process for Redis.
    pub waiting: u64,
    /// Events that Redis has taken since the start.
    pub published: u64,
    /// Events that were dropped since the start, because too many waited for Redis.
    pub dropped: u64,
}

/// How one sink is doing. Counts are those of this process since its start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SinkView {
    /// Its name in the settings.
    pub name: String,
    /// Which service it is.
    pub kind: String,
    /// Its group of readers.
    pub group: String,
    /// Events that wait for it: in this process, or in the stream.
    pub waiting: u64,
    /// Of those in the stream, the ones that a reader holds and has not delivered.
    pub pending: u64,
    /// When the oldest that waits came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub oldest_waiting: Option<Timestamp>,
    /// Events that it has.
    pub delivered: u64,
    /// Events that are nothing for it.
    pub skipped: u64,
    /// Events that it will never take.
    pub refused: u64,
    /// Times that an event was offered again.
    pub retried: u64,
    /// Events that were dropped, because too many waited.
    pub dropped: u64,
    /// Events that became dead letters: refused, offered too often, or not to be read.
    pub dead: u64,
    /// Dead letters that are kept.
    pub dead_kept: u64,
    /// When it last took one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success: Option<Timestamp>,
    /// When it last did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_failure: Option<Timestamp>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The latest dead letters, the newest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// An event that was given up, without its bodies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    /// Its name among the sink's dead letters.
    pub id: String,
    /// The exchange; none if the event could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Uuid>,
    /// When it was given up.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// How often it was offered.
    pub tries: u32,
}

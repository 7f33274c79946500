//! The data plane: moves requests to a provider and its answers back, byte for byte.
//!
//! One file for each stage of the way of a request, in reading order. It knows neither SQL nor
//! pages: what it saw goes to a [`weir_core::exchange::Recorder`], and paths that are not an LLM
//! API's go to a [`Control`] service.

pub mod body;
pub mod breaker;
pub mod connection;
mod entrance;
pub mod listen;
pub mod tls;

pub mod ask;
pub mod cache;
pub mod candidates;
pub mod incomer;
pub mod inside;
pub mod order;
pub mod plan;
pub mod read;
pub mod service;
pub mod shape;
pub mod snapshot;
pub mod tenants;

pub mod clock;
pub mod fleet;
pub mod header_rules;
pub mod hints;
pub mod keyring;
pub mod probe;

pub mod attempt;
pub mod connect;
pub mod credentials;
pub mod errand;
pub mod explain;
pub mod forward;
pub mod judge;
pub mod misses;
pub mod pool;
pub mod profiles;
pub mod provider;
pub mod upstream;

pub mod convert;
pub mod details;
mod local;
pub mod metrics;
pub mod record;
mod refused;
pub mod relay;
pub mod reply;
pub mod settle;
pub mod told;
mod translation;

pub use body::{Body, BoxError};
pub use cache::Cache;
pub use metrics::Metrics;
pub use service::{Control, Gateway};
pub use snapshot::Snapshot;

//! The data plane: moves requests to a provider and its answers back, byte for byte.
//!
//! One file for each stage of the way of a request, in reading order. It knows neither SQL nor
//! pages: what it saw goes to a [`weir_core::exchange::Recorder`], and paths that are not an LLM
//! API's go to a [`Control`] service.

pub mod body;
pub mod connection;
pub mod listen;
pub mod tls;

pub mod incomer;
pub mod read;
pub mod service;
pub mod shape;
pub mod snapshot;

pub mod connect;
pub mod forward;
pub mod pool;
pub mod upstream;

pub mod metrics;
pub mod record;
pub mod relay;
pub mod reply;

pub use body::{Body, BoxError};
pub use metrics::Metrics;
pub use service::{Control, Gateway};
pub use snapshot::Snapshot;

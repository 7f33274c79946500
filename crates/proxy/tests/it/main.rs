//! The data plane against the mock, over real sockets, down to the bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod breakers;
mod cache;
mod chaos;
mod credentials;
mod ends;
mod failover;
mod fidelity;
mod frames;
mod hints;
mod net;
mod outbound;
mod pools;
mod protocols;
mod providers;
mod rig;
mod routing;
mod sent;
mod steered;
mod streaming;
mod thinking;
mod translation;

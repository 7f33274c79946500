//! The data plane against the mock, over real sockets, down to the bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod ends;
mod fidelity;
mod net;
mod outbound;
mod protocols;
mod streaming;

//! The library: translators in front of the mock, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod passing;
mod running;
mod tokens;
mod translating;

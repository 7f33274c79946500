//! The mock over real sockets: what it says, what it records, how it breaks off.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod client;
mod clouds;
mod failures;
mod grammar;
mod limits;
mod recording;
mod scenarios;
mod signed;
mod thinking;
mod tls;
mod wire;

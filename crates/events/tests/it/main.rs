//! Sinks against stand-ins for their services, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod any;
mod helicone;
mod langfuse;
mod lunary;
mod otel;
mod s3;
mod sample;
mod secrets;
mod stand_in;
mod webhook;

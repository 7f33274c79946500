//! Bytes to meaning and back, one dialect at a time.
//!
//! This crate is pure: functions take bytes or values and return them. It knows no runtime, no
//! socket, no clock and no gateway, so that every parser in it can be fuzzed and property-tested.

#![warn(missing_docs)]

pub mod accumulate;
pub mod asides;
pub mod client;
pub mod cloud;
pub mod decode;
pub mod demote;
pub mod dialect;
pub mod edit;
pub mod errors;
pub mod eventstream;
pub mod facts;
pub mod inband;
pub mod likeness;
pub mod marks;
pub mod most;
pub mod peek;
pub mod ratelimit;
pub mod rewrite;
pub mod scan;
pub mod sse;
pub mod system;
mod tail;
pub mod thinking;
pub mod translate;
pub mod usage;
mod word;

//! What the world is told of ended exchanges: a bus that takes events without holding anything up,
//! a dispatcher that hands them to sinks until they have them, and the sinks.

pub mod sink;
pub mod sinks;

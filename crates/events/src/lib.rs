//! What the world is told of ended exchanges: a bus that takes events without holding anything up,
//! a dispatcher that hands them to sinks until they have them, and the sinks.

mod batch;
pub mod bus;
pub mod dead;
mod dispatch;
mod http;
pub mod link;
mod otlp;
pub mod queue;
pub mod rotated;
pub mod sink;
pub mod sinks;
pub mod status;
mod stream;

#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../../weir/tests/it/shared/redis.rs"]
mod redis_server;

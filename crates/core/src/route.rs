//! Which provider a request goes to, as pure rules: strategies, breakers, sessions, plans.

pub mod affinity;
pub mod breaker;
pub mod hints;
pub mod latency;
pub mod models;
pub mod plan;
pub mod session;
pub mod strategy;

//! The rules of the gateway, as pure functions and plain data. Time and chance are arguments.

#![warn(missing_docs)]

mod aged;
mod bucket;
pub mod cache;
pub mod clock;
pub mod config;
pub mod control;
pub mod cors;
pub mod described;
pub mod echoes;
pub mod event;
pub mod exchange;
pub mod grade;
pub mod health;
pub mod identity;
pub mod keys;
pub mod limit;
pub mod prices;
pub mod profiles;
mod query;
pub mod rate;
pub mod redact;
pub mod retry_after;
pub mod route;
pub mod secret;
pub mod settings;
pub mod steer;
pub mod subagents;
pub mod tokens;
pub mod vault;

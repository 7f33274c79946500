//! The whole product: the `weir` program in front of the mock, as a user runs it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod agents;
mod allowed;
mod audit_file;
mod cache;
mod captured;
mod carried;
mod commands;
mod databases;
mod durability;
mod events;
mod files;
mod following;
mod grading;
mod hints;
mod history;
mod lifecycle;
mod limits;
mod logging;
mod managed;
mod managing;
mod nodes;
mod once;
mod outbound;
mod program;
mod rawlog;
mod reload;
mod replay;
mod replays;
mod routing;
mod run;
mod secrets;
mod secured;
mod services;
mod sessions;
mod settings;
mod shared;
mod steering;
mod subagents;
mod tenants;
mod trying;

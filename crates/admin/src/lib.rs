//! The API that people and pages use: health, metrics, the history of exchanges, the live feed, and
//! what steers a running gateway.
//!
//! It reads from the store and never touches the data plane, which it knows only by the trait
//! `Steering`.

pub mod access;
mod cells;
mod config;
mod conversations;
mod events;
mod export;
mod fault;
mod figures;
mod filters;
mod front;
mod grade;
mod har;
mod health;
mod live;
mod login;
mod manage;
mod nodes;
mod openapi;
mod params;
mod providers;
mod quota;
mod replay;
mod requests;
pub mod router;
mod routing;
mod session;
mod sessions;
mod settings;
mod setup;
mod site;
mod stats;
pub mod time;
mod transcripts;
mod written;

pub use access::{Access, Peer};
pub use fault::Fault;
pub use live::Distant;
pub use manage::{AdminToken, Caching, Changed, Control, Role};
pub use nodes::{Node, NodeState, Nodes};
pub use router::{Admin, openapi_json, router_with};
pub use site::Site;
pub use transcripts::Transcripts;

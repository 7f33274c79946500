//! The API that people and pages use: health, metrics, the history of exchanges, the live feed, and
//! what steers a running gateway.
//!
//! It reads from the store and never touches the data plane, which it knows only by the trait
//! `Steering`.

pub mod access;
mod filters;
pub mod health;
mod lists;
pub mod live;
mod providers;
pub mod requests;
pub mod router;
mod steering;
pub mod time;

pub use access::{Access, Peer};
pub use router::{Admin, router_with};

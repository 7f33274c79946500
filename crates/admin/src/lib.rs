//! The API that people and pages use: health, metrics, the history of exchanges and the live feed.
//!
//! It reads from the store and never touches the data plane.

pub mod access;
pub mod health;
pub mod live;
pub mod requests;
pub mod router;
pub mod time;

pub use access::{Access, Peer};
pub use router::{Admin, router};

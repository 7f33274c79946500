//! Accounts that several nodes share: what a script in the store is asked, and what it answers. The
//! script is one step for the store, so that a reservation is in all scopes or in none; the time is
//! the store's, so that nobody's clock matters. Nothing here sends anything.

mod answer;
mod ask;

pub use answer::{Adopted, Said, Stamp, beaten, reserved, settled};
pub use ask::{Ask, MOST, Node, Settling, What};

/// The script.
pub const SCRIPT: &str = concat!(
    include_str!("shared/bucket.lua"),
    include_str!("shared/calendar.lua"),
    include_str!("shared/ledger.lua"),
);

/// What every key begins with. The braces keep all of them in one slot of a cluster.
pub const PREFIX: &str = "weir:{ledger}:";

/// The script's calendar alone, for whoever compares it with that of this crate.
#[cfg(feature = "samples")]
pub const CALENDAR: &str = include_str!("shared/calendar.lua");

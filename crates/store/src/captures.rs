//! Captures of several nodes in one database server. The server has the log of what ended and was
//! removed at each node, whole; the SQLite file of a node is what it reads from, an index over all of
//! the logs that can be made again from them.
//!
//! A [`Carrier`] ships what has ended at this node, in the order in which it ended, and has the
//! recorder adopt what has ended at others. No request and not the recorder's thread wait for it.

mod carrier;
pub(crate) mod document;
mod follow;
mod log;
mod place;
mod remove;
mod ship;

use std::collections::HashMap;

use uuid::Uuid;
use weir_core::exchange::ExchangeId;

use self::document::Whole;

pub use self::carrier::{Carrier, CarrierStatus, MaxAge};
pub(crate) use self::log::Kind;
pub use self::log::schema;
pub(crate) use self::place::{Change, leave, note, owe, read_again};

/// An exchange by what it is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    pub id: Uuid,
    /// When it began, in microseconds since the Unix epoch.
    pub started_us: i64,
}

/// An exchange that another node took.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub id: ExchangeId,
    pub whole: Whole,
}

impl Adopted {
    pub(crate) fn named(&self) -> Named {
        Named {
            id: self.id.0,
            started_us: self.whole.document.told.started_us,
        }
    }
}

/// How this node stands to others, as its own database says.
#[derive(Debug)]
pub(crate) struct Standing {
    /// What it is known as; the same for as long as the file lives.
    pub node: Uuid,
    /// The name of the server's database that it has joined; empty for none.
    pub server: String,
    /// Up to which entry it has read the log of each node.
    pub read: HashMap<Uuid, i64>,
}

/// Something that waits to be shipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub number: i64,
    /// The exchange's row.
    pub row: i64,
    /// As [`log::Kind`] has it.
    pub kind: i64,
}

/// Now, in microseconds since the Unix epoch.
fn now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

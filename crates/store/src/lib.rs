//! What lasts: a recorder that turns exchanges into rows of an SQLite database, and a reader of
//! them.
//!
//! The recorder is one thread behind a bounded queue; whatever happens to the database, those who
//! hand it records never wait and never fail. The reader has connections of its own.

#![warn(missing_docs)]

mod arrivals;
mod bodies;
mod dictionary;
mod error;
mod facts;
mod fields;
mod files;
mod grades;
pub mod model;
mod privacy;
mod reader;
mod recorder;
mod removal;
mod schema;
mod summary;
mod varint;

pub use error::StoreError;
pub use reader::{Page, RawPart, Reader, Side, SummaryQuery, Verdict};
pub use recorder::{Dropped, DryRun, OnEnded, Options, Recorder, StoreStatus, Tuning};
pub use removal::Filter;
pub use summary::{State, Summary, Tokens};

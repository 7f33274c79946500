//! What lasts: a recorder that turns exchanges into rows of an SQLite database, and a reader of
//! them.
//!
//! The recorder is one thread behind a bounded queue; whatever happens to the database, those who
//! hand it records never wait and never fail. The reader has connections of its own.

#![warn(missing_docs)]

mod arrivals;
mod bodies;
pub mod captures;
pub mod control;
pub mod conversation;
mod dictionary;
mod error;
mod facts;
mod fields;
mod figures;
mod files;
mod find;
mod grades;
pub mod model;
mod parts;
mod privacy;
mod reader;
mod recorder;
mod removal;
mod schema;
mod sent;
mod sessions;
mod settings;
mod summary;
mod turns;
mod varint;

pub use error::StoreError;
pub use figures::{Figures, Percentiles, Unit};
pub use find::{Cursor, Facet, Facets, Filters, Found, Neighbours, Page, StatusIs, SummaryQuery};
pub use reader::{
    ClientSeen, Dimension, FigureQuery, FigureRow, FigureTable, GrowthQuery, QuotaPoint,
    QuotaSeries, RawPart, Reader, Side, Verdict,
};
pub use recorder::{
    Dropped, DryRun, Follow, Moment, OnEnded, OnRemoved, Options, Recorder, StoreStatus, Tuning,
};
pub use removal::Filter;
pub use sessions::Grouping;
pub use settings::{Edits, stored_settings};
pub use summary::{State, Summary, Tokens};
pub use turns::{Class, Related, Relation, Signs, TurnKind};

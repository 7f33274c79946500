//! What holds of the store on every kind of database.

mod audit;
mod edits;
mod once;
mod schema;
mod spending;
mod tenants;

pub(super) use self::audit::*;
pub(super) use self::edits::*;
pub(super) use self::once::*;
pub(super) use self::schema::*;
pub(super) use self::spending::*;
pub(super) use self::tenants::*;

//! What exchanges add up to: sums for each quarter of an hour, kept by the writer as exchanges end,
//! so that no question about a month has to read the exchanges of a month.

pub(crate) mod backfill;
mod calendar;
pub(crate) mod grains;
mod histogram;
mod ledger;
mod quotas;
mod sums;
mod totals;

pub(crate) use calendar::Calendar;
pub use calendar::Unit;
pub(crate) use histogram::Histogram;
pub use histogram::Percentiles;
pub(crate) use ledger::{Key, Ledger};
pub(crate) use quotas::{QuotaBook, Reading};
pub(crate) use sums::Sums;
pub(crate) use totals::Account;
pub use totals::Figures;

/// Microseconds in a quarter of an hour: every time zone's hours and days begin with one.
pub(crate) const QUARTER_US: i64 = 900 * 1_000_000;

/// What stands for all that did not get a key of its own.
pub(crate) const OTHER: &str = "(other)";

/// The quarter that a moment lies in.
pub(crate) fn quarter(at_us: i64) -> i64 {
    at_us.div_euclid(QUARTER_US)
}

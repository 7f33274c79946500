//! The present, as the API writes it.

use jiff::Timestamp;

/// RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn now_rfc3339() -> String {
    format!("{:.3}", Timestamp::now())
}

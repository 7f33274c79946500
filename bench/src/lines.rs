//! Lines for the person at the terminal. A closed pipe is not an error.

use std::io::Write as _;

/// Prints a line to standard output at once.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{text}").and_then(|()| out.flush()).is_err();
}

/// Prints a line to standard error: progress, which is no result.
pub(crate) fn note(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{text}").is_err();
}

//! Lines for the person at the terminal, as opposed to the log. A closed pipe is not an error.

use std::io::Write as _;

/// Prints to standard output.
pub(crate) fn say(text: &str) {
    let _closed = writeln!(std::io::stdout(), "{text}").is_err();
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    let _closed = writeln!(std::io::stderr(), "{text}").is_err();
}

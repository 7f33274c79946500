//! weir within another program.
//!
//! The gateway itself is the program `weir`, with its configuration, history and API. What a program
//! of yours can have of it is [`embed`]: a translator between a coding agent and one upstream, for as
//! long as it needs one. Without the feature `program`, which is on by default, nothing else is
//! built, and neither SQLite nor anything of the command line.

pub mod embed;

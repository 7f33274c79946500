//! The rules of the gateway, as pure functions and plain data. Time and chance are arguments.

pub mod exchange;
pub mod secret;
pub mod settings;

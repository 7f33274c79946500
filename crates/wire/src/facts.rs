//! What is worth knowing about a body, read without building a tree of it.

pub mod context;
pub mod launch;
pub mod request;
pub mod response;
pub mod turns;
pub mod words;

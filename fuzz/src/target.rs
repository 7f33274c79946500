//! The targets.

pub mod accumulate;
pub mod answers;
pub mod decode;
pub mod eventstream;
pub mod headers;
pub mod profile;
pub mod requests;
pub mod response;
pub mod scan;
pub mod splice;
pub mod sse;
pub mod stages;
pub mod streams;
pub mod thinking;

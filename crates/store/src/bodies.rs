//! How request bodies are kept: what is new in each, and how it is found, packed and put together
//! again. Knows nothing of rows beyond their numbers.

pub(crate) mod allowance;
pub(crate) mod codec;
pub(crate) mod digest;
pub(crate) mod overlap;
pub(crate) mod pack;
pub(crate) mod ring;

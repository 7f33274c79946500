//! Streams put together to the whole answer that the provider would have given without one.

pub mod anthropic;

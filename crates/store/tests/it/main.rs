//! The recorder and the reader over real files.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod support;

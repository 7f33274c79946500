//! What translation gives for every pair of dialects, seen from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod cells;
mod codex;
mod proofs;
mod round;
mod show;
mod sides;
mod streams;

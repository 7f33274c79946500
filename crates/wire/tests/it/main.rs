//! What translation gives for every pair of dialects, seen from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cells;
mod round;
mod show;
mod sides;

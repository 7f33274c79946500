//! What must hold for every input of the wire crate.
//!
//! Each target reads its input as it likes and asserts; it knows neither libFuzzer nor files, so
//! that the fuzzers of this package and the replay in the wire crate's tests run the same code.

#![expect(
    clippy::missing_panics_doc,
    reason = "to panic is what targets are for"
)]

pub mod check;
pub mod input;
pub mod target;

/// A target: it panics when the input is a finding.
pub type Run = fn(&[u8]);

/// Every target by its name, which is that of its fuzzer and of its folder of seeds.
pub const TARGETS: &[(&str, Run)] = &[
    ("accumulate", target::accumulate::run),
    ("answers", target::answers::run),
    ("decode", target::decode::run),
    ("eventstream", target::eventstream::run),
    ("headers", target::headers::run),
    ("profile", target::profile::run),
    ("requests", target::requests::run),
    ("response", target::response::run),
    ("scan", target::scan::run),
    ("splice", target::splice::run),
    ("sse", target::sse::run),
    ("stages", target::stages::run),
    ("streams", target::streams::run),
    ("thinking", target::thinking::run),
];

//! What translation costs: a stream's deltas, requests, whole answers, and streams put together.
//!
//! Deltas go by the thousand, so that the microseconds and allocations of one run are the
//! nanoseconds and thousandths of one delta. Allocations are counted, which costs a few
//! nanoseconds each.
//!
//! `cargo bench -p weir-wire --bench translate`

use divan::AllocProfiler;

mod answers;
mod conversation;
mod events;
mod pair;
mod requests;
mod streams;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

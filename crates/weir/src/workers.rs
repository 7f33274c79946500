//! The threads that serve: one for each core, each with a runtime of its own.

use std::io;
use std::num::NonZeroUsize;
use std::thread::JoinHandle;

use weir_proxy::listen::{Inbox, Worker};

/// How many workers to start.
#[must_use]
pub(crate) fn count(configured: Option<NonZeroUsize>) -> usize {
    configured
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
}

/// Starts a worker for each inbox; `prepare` makes it from its number.
///
/// # Errors
/// When a thread or its runtime cannot be had.
pub(crate) fn start(
    inboxes: Vec<Inbox>,
    prepare: impl Fn(usize) -> Worker,
) -> io::Result<Vec<JoinHandle<()>>> {
    let start = |(index, inbox)| {
        let worker = prepare(index);
        let runtime = runtime()?;
        let name = format!("weir-worker-{index}");
        std::thread::Builder::new()
            .name(name)
            .spawn(move || runtime.block_on(worker.serve(inbox)))
    };
    inboxes.into_iter().enumerate().map(start).collect()
}

/// A single-threaded runtime.
///
/// # Errors
/// When the system refuses the event queue.
pub(crate) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Lookups of names and queries of the store, which block.
        .max_blocking_threads(8)
        .build()
}

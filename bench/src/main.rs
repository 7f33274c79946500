//! Measures weir beside nginx on this machine.

mod bare;
mod cases;
mod clock;
mod compare;
mod contender;
mod corpus;
mod lines;
mod load;
mod nginx;
mod nodes;
mod process;
mod profile;
mod report;
mod routed;
mod slice;
mod soak;
mod stats;
mod tenant;
mod text;
mod upstream;

use std::io::Read as _;
use std::net::SocketAddr;

use anyhow::bail;
use clap::{Parser, Subcommand};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

#[derive(Debug, Parser)]
#[command(
    name = "weir-bench",
    about = "Measures weir beside nginx on this machine"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare weir, nginx and a bare hyper proxy in one interleaved run
    Compare(compare::Compare),
    /// Send very many requests and watch the memory
    Soak(soak::Soak),
    /// Revoke tokens at one of several nodes and see when all refuse them
    Revoke(nodes::revoke::Revoke),
    /// Take the database and Redis away from several nodes and see what clients notice
    Outage(nodes::outage::Outage),
    /// Show where a server's CPU time goes, by `perf`
    Profile(profile::Profile),
    /// The provider behind the contenders; `compare` starts it
    Upstream,
    /// A bare hyper proxy; `compare` starts it
    Bare {
        /// The address to forward to
        upstream: SocketAddr,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Compare(options) => single()?.block_on(until_told(compare::run(&options))),
        Command::Soak(options) => single()?.block_on(until_told(soak::run(&options))),
        Command::Revoke(options) => single()?.block_on(until_told(nodes::revoke::run(&options))),
        Command::Outage(options) => single()?.block_on(until_told(nodes::outage::run(&options))),
        Command::Profile(options) => single()?.block_on(until_told(profile::run(&options))),
        Command::Upstream => single()?.block_on(until_orphaned(upstream::serve())),
        Command::Bare { upstream } => {
            let threads = runtime::Builder::new_multi_thread().enable_all().build()?;
            threads.block_on(until_orphaned(bare::serve(upstream)))
        }
    }
}

/// One thread: on a small machine the load generator must not take the contender's cores.
fn single() -> std::io::Result<runtime::Runtime> {
    runtime::Builder::new_current_thread().enable_all().build()
}

/// Runs until done or interrupted; either way what was started is dropped, and so ended.
async fn until_told(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("told to end"),
        _ = hang_up.recv() => bail!("the terminal has gone"),
    }
}

/// Serves until standard input closes, which it does at the latest when the parent is gone.
async fn until_orphaned(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let (sender, orphaned) = oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _closed = std::io::stdin().read_to_end(&mut rest).is_err();
        let _over = sender.send(()).is_err();
    });
    tokio::select! {
        done = work => done,
        _ = orphaned => Ok(()),
    }
}

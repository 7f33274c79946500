//! Very many requests, to see whether memory stays where it was.

use std::time::{Duration, Instant};

use clap::Args;

use crate::cases::{Case, Kind};
use crate::compare::{Desk, Field};
use crate::contender::{Contender, Name};
use crate::corpus::Bodies;
use crate::lines::say;
use crate::load;
use crate::process::{self, Daemon};
use crate::slice;

/// Options of `weir-bench soak`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Soak {
    /// How many requests each contender gets
    #[arg(long, default_value_t = 1_000_000)]
    requests: usize,
    /// About how long a body is, in bytes
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// Connections, each with a session of its own
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Requests a second [default: as fast as answers come]
    #[arg(long)]
    rate: Option<u32>,
    /// Give up after this many seconds
    #[arg(long, default_value_t = 1800)]
    seconds: u64,
    /// The servers; without `--contenders`, weir with capture on.
    #[command(flatten)]
    field: Field,
}

/// Runs the soak and prints a line whenever ten times or a tenth more has been sent.
///
/// # Errors
/// When a server does not start or ends, or time runs out.
pub(crate) async fn run(options: &Soak) -> anyhow::Result<()> {
    let stage = options.field.start(&options.field.or(&[Name::WeirOn]))?;
    let limit = Duration::from_secs(options.seconds);
    for contender in &stage.contenders {
        tokio::time::timeout(limit, soak(contender, options)).await??;
    }
    Ok(())
}

async fn soak(contender: &Contender, options: &Soak) -> anyhow::Result<()> {
    let case = Case {
        kind: Kind::Cpu,
        bodies: Bodies::Growing,
        size: options.size,
        connections: options.connections.max(1),
        requests: options.requests,
        per_second: options.rate,
        stream: None,
        contenders: vec![contender.name],
        rounds: 1,
    };
    let family = contender
        .daemon
        .as_ref()
        .map(Daemon::family)
        .unwrap_or_default();
    let (mut desk, start, mut sent, mut failed) = (Desk::new(&case), Instant::now(), 0, 0);
    say(&format!(
        "{}\n{:>10} {:>9} {:>9} {:>8} {:>8}",
        contender.name, "requests", "MiB", "most", "failed", "dropped"
    ));
    let mut next = 1_000;
    while sent < options.requests {
        let work = desk.work(
            (options.requests - sent)
                .min(5_000.min(next - sent))
                .max(case.connections),
        );
        sent += work.iter().map(Vec::len).sum::<usize>();
        failed += load::run(slice::load_of(contender, &case)?, work)
            .await?
            .failed;
        if sent >= next || sent >= options.requests {
            slice::settle(&family).await?;
            let memory = process::memory(&family);
            let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
            say(&format!(
                "{sent:>10} {:>9.1} {:>9.1} {failed:>8} {:>8}",
                mib(memory.resident),
                mib(memory.peak),
                slice::dropped(contender)
            ));
            next = (next * 10).min(next + (options.requests / 10).max(9_000));
        }
    }
    let rate = sent as f64 / start.elapsed().as_secs_f64();
    say(&format!(
        "{rate:.0} requests a second, bodies of {} bytes",
        desk.mean_bytes()
    ));
    Ok(())
}

//! Where a server's CPU time goes: a case's load for some seconds under Linux `perf`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::cases::{Case, Depth, cases};
use crate::compare::{Desk, Field};
use crate::contender::{Contender, Name};
use crate::lines::{note, say};
use crate::load;
use crate::process::Daemon;
use crate::slice;

/// Options of `weir-bench profile`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Profile {
    /// The first case whose label contains this, as in `compare --full`
    #[arg(long, default_value = "64 KB growing, saturated")]
    case: String,
    /// For how long
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Lines of the report
    #[arg(long, default_value_t = 60)]
    lines: usize,
    /// Record call stacks too and show them (needs `dwarf` unwinding; slow)
    #[arg(long)]
    stacks: bool,
    /// The servers; without `--contenders`, weir with capture on.
    #[command(flatten)]
    field: Field,
}

/// Records each contender under the case's load and prints its symbols by their share.
///
/// # Errors
/// When `perf` or a server does not start.
pub(crate) async fn run(options: &Profile) -> anyhow::Result<()> {
    let all = cases(Depth::Full);
    let case = all
        .iter()
        .find(|case| case.label().contains(&options.case))
        .with_context(|| {
            let labels: Vec<String> = all.iter().map(Case::label).collect();
            format!(
                "no case is called `{}`; there are: {}",
                options.case,
                labels.join("; ")
            )
        })?;
    let stage = options.field.start(&options.field.or(&[Name::WeirOn]))?;
    for contender in &stage.contenders {
        let Some(daemon) = &contender.daemon else {
            continue;
        };
        let data = stage.places.dir.join(format!("{:?}.perf", contender.name));
        let mut desk = Desk::new(case);
        load_once(contender, case, &mut desk).await?;
        let pids: Vec<String> = daemon.family().iter().map(ToString::to_string).collect();
        let mut record = Command::new("perf");
        record
            .args(["record", "-q", "-F", "1999", "-p", &pids.join(","), "-o"])
            .arg(&data);
        if options.stacks {
            record.args(["--call-graph", "dwarf,16384"]);
        }
        record.args(["--", "sleep", &options.seconds.to_string()]);
        note(&format!(
            "{}: {} for {} s",
            contender.name,
            case.label(),
            options.seconds
        ));
        let mut recording = record
            .stdin(Stdio::null())
            .spawn()
            .context("perf does not start")?;
        let end = Instant::now() + Duration::from_secs(options.seconds);
        let mut sent = 0;
        while Instant::now() < end {
            sent += load_once(contender, case, &mut desk).await?;
        }
        ensure!(recording.wait()?.success(), "perf record failed");
        say(&format!(
            "## {}: {}, {sent} requests",
            contender.name,
            case.label()
        ));
        say(&report(&data, options)?);
    }
    Ok(())
}

async fn load_once(contender: &Contender, case: &Case, desk: &mut Desk) -> anyhow::Result<usize> {
    let work = desk.work(case.requests);
    let sent = work.iter().map(Vec::len).sum();
    let tally = load::run(slice::load_of(contender, case)?, work).await?;
    ensure!(
        tally.failed == 0,
        "requests failed: {}",
        tally.failure.unwrap_or_default()
    );
    slice::settle(
        &contender
            .daemon
            .as_ref()
            .map(Daemon::family)
            .unwrap_or_default(),
    )
    .await?;
    Ok(sent)
}

fn report(data: &std::path::Path, options: &Profile) -> anyhow::Result<String> {
    let mut command = Command::new("perf");
    command.args([
        "report",
        "--stdio",
        "--no-children",
        "--percent-limit",
        "0.3",
    ]);
    command.args([
        "--sort",
        if options.stacks {
            "symbol"
        } else {
            "comm,dso,symbol"
        },
    ]);
    command.arg("-i").arg(data);
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("perf report does not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(lines.take(options.lines).collect::<Vec<_>>().join("\n"))
}

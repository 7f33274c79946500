//! A server under test: started, measured from outside and ended with its children. It does not
//! know which server it is.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

use crate::clock;

const START_LIMIT: Duration = Duration::from_secs(15);
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    pid: Pid,
}

impl Daemon {
    /// Starts a server whose messages go to a file. Its standard input stays open as long as this
    /// value lives.
    pub(crate) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let log = fs::File::create(log).with_context(|| format!("{}", log.display()))?;
        let program = command.get_program().to_owned();
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let pid = Pid::from_raw(i32::try_from(child.id())?);
        Ok(Self { child, pid })
    }

    /// Waits for a line `... http://ADDRESS` on standard output.
    pub(crate) fn address(&mut self) -> anyhow::Result<std::net::SocketAddr> {
        let out = self
            .child
            .stdout
            .take()
            .context("standard output is taken already")?;
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::spawn(move || {
            // Reads on after the address, so that the server never writes into a full pipe.
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("http://") {
                    let end = url.find(['/', ' ']).unwrap_or(url.len());
                    let _is_full = sender.try_send(url.get(..end).map(str::to_owned)).is_err();
                }
            }
        });
        let text = receiver
            .recv_timeout(START_LIMIT)
            .context("the server names no address")?;
        let text = text.unwrap_or_default();
        text.parse()
            .with_context(|| format!("`{text}` is no address"))
    }

    /// Fails when the server has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("the server has ended: {status}"),
            None => Ok(()),
        }
    }

    /// The server's processes: itself and its children.
    pub(crate) fn family(&self) -> Vec<Pid> {
        family(self.pid.as_raw())
    }
}

/// A process and its children.
pub(crate) fn family(parent: i32) -> Vec<Pid> {
    let mut all = vec![Pid::from_raw(parent)];
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if parent_of(pid) == Some(parent) {
            all.push(Pid::from_raw(pid));
        }
    }
    all
}

/// Signals all of a family; those that have ended meanwhile are none of it any more.
pub(crate) fn signal(family: &[Pid], signal: Signal) {
    for pid in family {
        let _gone = kill(*pid, signal).is_err();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _gone = kill(self.pid, Signal::SIGTERM).is_err();
        let end = Instant::now() + STOP_LIMIT;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.child.kill().is_err() || self.child.wait().is_err();
    }
}

/// Memory of a family of processes, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// The most since the last reset.
    pub(crate) peak: u64,
}

/// CPU time a family has used, all threads and ended threads included.
pub(crate) fn cpu(family: &[Pid]) -> anyhow::Result<Duration> {
    let mut sum = 0;
    for pid in family {
        let time = clock_getcpuclockid(*pid)
            .and_then(|clock| clock.now())
            .with_context(|| format!("process {pid} has ended"))?;
        sum += clock::nanoseconds(time);
    }
    Ok(Duration::from_nanos(sum))
}

/// What a family holds; pages that its members share count for each.
pub(crate) fn memory(family: &[Pid]) -> Memory {
    let mut sum = Memory::default();
    for pid in family {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        sum.resident += field(&status, "VmRSS:");
        sum.peak += field(&status, "VmHWM:");
    }
    sum
}

/// Forgets the peak, so that the next one is that of the next load.
pub(crate) fn reset_peak(family: &[Pid]) {
    for pid in family {
        let _unsupported = fs::write(format!("/proc/{pid}/clear_refs"), "5").is_err();
    }
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|n| n.parse().ok());
    kib.unwrap_or(0_u64) * 1024
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

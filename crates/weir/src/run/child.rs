//! The agent as a process: its terminal and its signals are its own, and it ends as it ends.

use std::io::{self, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, ExitStatus};

use nix::sys::signal::{Signal as Number, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell adds to the number of the signal that ended a command.
const BY_SIGNAL: i32 = 128;

/// The signals that are for the agent.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    quit: Signal,
}

impl Signals {
    /// Begins to listen for them, so that none ends weir before the agent.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    /// The next one that the agent has not had already.
    async fn next(&mut self) -> Number {
        // What is typed at a terminal goes to everybody in front of it.
        let typed = io::stdin().is_terminal();
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Number::SIGTERM,
                _ = self.hangup.recv() => return Number::SIGHUP,
                _ = self.interrupt.recv() => if !typed { return Number::SIGINT },
                _ = self.quit.recv() => if !typed { return Number::SIGQUIT },
            }
        }
    }
}

/// Runs a command to its end and passes signals on to it.
///
/// # Errors
/// When it cannot be started.
pub(crate) async fn run(mut command: Command, mut signals: Signals) -> io::Result<ExitCode> {
    let mut child = command.spawn()?;
    let pid = i32::try_from(child.id()).map(Pid::from_raw);
    let waiting = tokio::task::spawn_blocking(move || child.wait());
    tokio::pin!(waiting);
    loop {
        tokio::select! {
            ended = &mut waiting => return Ok(code(ended.map_err(io::Error::other)??)),
            number = signals.next() => {
                if let Ok(pid) = pid && let Err(error) = kill(pid, number) {
                    tracing::debug!(%error, %number, "the signal did not reach the agent");
                }
            }
        }
    }
}

/// The code that a shell would end with.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(BY_SIGNAL + status.signal()?));
    let code = code.and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

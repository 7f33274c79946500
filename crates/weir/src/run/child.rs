//! The agent as a process: its terminal and its signals are its own, and it ends as it ends.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use nix::errno::Errno;
use nix::sys::signal::{Signal as Number, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgrp, tcgetpgrp};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::lines::{clean_lines, complain};
use crate::shutdown::{self, Asked};

/// What a shell adds to the number of the signal that ended a command.
const BY_SIGNAL: i32 = 128;
/// What a shell ends with when a command is there and cannot be run.
const NOT_RUN: u8 = 126;
/// What it ends with when there is no such command.
const NOT_FOUND: u8 = 127;

/// The signals that are for the agent.
#[derive(Debug)]
pub(crate) struct Signals {
    common: shutdown::Signals,
    quit: Signal,
    /// Ctrl-Z: weir stops when the agent has.
    suspend: Signal,
    /// The same for reading from a terminal in the background.
    input: Signal,
}

impl Signals {
    /// Begins to listen for them, so that none ends weir before the agent.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        let of = |number: Number| signal(SignalKind::from_raw(number as i32));
        Ok(Self {
            common: shutdown::Signals::listen()?,
            quit: signal(SignalKind::quit())?,
            suspend: of(Number::SIGTSTP)?,
            input: of(Number::SIGTTIN)?,
        })
    }

    /// The next one that the agent has not had already.
    async fn next(&mut self) -> Number {
        loop {
            let (number, is_typed) = tokio::select! {
                asked = self.common.next() => match asked {
                    Asked::Terminate => (Number::SIGTERM, false),
                    Asked::Reload => (Number::SIGHUP, false),
                    Asked::Interrupt => (Number::SIGINT, true),
                },
                _ = self.quit.recv() => (Number::SIGQUIT, true),
                _ = self.suspend.recv() => (Number::SIGTSTP, true),
                // From the terminal, so the agent has it too.
                _ = self.input.recv() => continue,
            };
            // What is typed at a terminal goes to everybody in front of it.
            if !(is_typed && is_in_front()) {
                return number;
            }
        }
    }
}

/// Whether what is typed at the terminal, if there is one, goes to this process.
fn is_in_front() -> bool {
    let terminal = File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal) == Ok(getpgrp()))
}

/// Runs a command to its end, passes signals on to it, and stops and goes on as it does. A command
/// that cannot be run is complained of, and ends as in a shell.
///
/// # Errors
/// When its end cannot be waited for.
pub(crate) async fn run(
    program: &OsStr,
    mut command: Command,
    mut signals: Signals,
) -> anyhow::Result<ExitCode> {
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let text = format!("weir: {}: cannot be run: {error}", program.display());
            complain(&clean_lines(&text));
            return Ok(ExitCode::from(match error.kind() {
                ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_RUN,
            }));
        }
    };
    let pid = i32::try_from(child.id()).map(Pid::from_raw)?;
    let waiting = tokio::task::spawn_blocking(move || wait(pid));
    tokio::pin!(waiting);
    loop {
        tokio::select! {
            ended = &mut waiting => return ended?.context("the agent's end is not known"),
            number = signals.next() => {
                if let Err(error) = kill(pid, number) {
                    tracing::debug!(%error, %number, "the signal did not reach the agent");
                }
            }
        }
    }
}

/// Waits for the end, with the code that a shell would end with.
fn wait(pid: Pid) -> nix::Result<ExitCode> {
    loop {
        let code = match waitpid(pid, Some(WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, code)) => code,
            Ok(WaitStatus::Signaled(_, number, _)) => BY_SIGNAL + number as i32,
            Ok(WaitStatus::Stopped(_, number)) => {
                stop_with(pid, number)?;
                continue;
            }
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(error) => return Err(error),
        };
        return Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from));
    }
}

/// The shell waits for weir and not for the agent: unless weir stops too, nobody has the terminal
/// while the agent is stopped.
fn stop_with(pid: Pid, number: Number) -> nix::Result<()> {
    let by_terminal = matches!(number, Number::SIGTSTP | Number::SIGTTIN | Number::SIGTTOU);
    if by_terminal || is_in_front() {
        // To this thread: a signal to the process may stop it when the next line is through.
        raise(Number::SIGSTOP)?;
        // Here weir goes on, and the agent with it.
        kill(pid, Number::SIGCONT)?;
    }
    Ok(())
}

//! A program that prints credentials: a profile's `credential_process`.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::credentials::CredentialError;

/// Longest time that it may run.
const RUN_TIME: Duration = Duration::from_secs(20);
/// Most that it may print, in bytes.
const MAX_OUTPUT: u64 = 256 * 1024;

/// Ends a program that nobody waits for any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to be done.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Runs a command line as the user's shell would and returns what it prints.
pub(super) async fn run(command: &str) -> Result<Vec<u8>, CredentialError> {
    let fault = |cause: &dyn std::fmt::Display| {
        CredentialError::because("the program gave no credentials", cause)
    };
    let mut child = shell(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| fault(&error))?;
    let printed = child
        .stdout
        .take()
        .ok_or_else(|| fault(&"its output cannot be read"))?;
    let mut running = Running(child);
    let reading = tokio::task::spawn_blocking(move || {
        let mut output = Vec::new();
        printed.take(MAX_OUTPUT).read_to_end(&mut output)?;
        Ok::<_, std::io::Error>(output)
    });
    // When the time is over, the program is ended, and with it what reads from it.
    let output = tokio::time::timeout(RUN_TIME, reading)
        .await
        .map_err(|_| fault(&format_args!("it ran longer than {RUN_TIME:?}")))?
        .map_err(|error| fault(&error))?
        .map_err(|error| fault(&error))?;
    let status = tokio::task::spawn_blocking(move || running.0.wait())
        .await
        .map_err(|error| fault(&error))?
        .map_err(|error| fault(&error))?;
    if status.success() {
        Ok(output)
    } else {
        Err(fault(&status))
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.arg("/C").arg(command);
    shell
}

//! The end: running, then draining, then stopped. Streams are let finish up to a ceiling; a second
//! signal stops at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use weir_core::health::Lifecycle;
use weir_core::settings::Server;

/// How often the drain looks whether it is done.
const POLL: Duration = Duration::from_millis(50);
/// How often it says what it waits for.
const PROGRESS: Duration = Duration::from_secs(10);

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Every answer was finished.
    Clean,
    /// The ceiling came first, or a second signal.
    CutOff,
}

/// The signals that weir obeys.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// Which of them came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGTERM: by a supervisor, which has taken weir out of its balancer.
    Terminate,
    /// SIGINT: by a person, who waits.
    Interrupt,
    /// SIGHUP: to read the configuration again.
    Reload,
}

impl Signals {
    /// Begins to listen for them.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next.
    ///
    /// # Cancel safety
    /// Yes.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Waits for the next that asks for the end. To read the configuration again is too late by then.
    ///
    /// # Cancel safety
    /// Yes.
    pub(crate) async fn end(&mut self) -> Asked {
        loop {
            match self.next().await {
                Asked::Reload => {}
                asked => return asked,
            }
        }
    }
}

/// The longest drain for `asked`.
#[must_use]
pub(crate) fn ceiling(asked: Asked, server: &Server) -> Duration {
    match asked {
        Asked::Terminate => server.drain_timeout,
        Asked::Interrupt | Asked::Reload => server.interrupt_drain_timeout,
    }
}

/// Lets requests under way finish. New ones are still served: whoever sent the signal stops
/// sending them once `/health` says 503.
pub(crate) async fn drain(
    lifecycle: &Arc<Lifecycle>,
    signals: &mut Signals,
    ceiling: Duration,
) -> Drained {
    lifecycle.drain();
    let in_flight = lifecycle.in_flight();
    tracing::info!(in_flight, ceiling = ?ceiling, "draining; signal again to stop at once");
    let started = Instant::now();
    let mut said = started;
    loop {
        if lifecycle.in_flight() == 0 {
            return Drained::Clean;
        }
        if started.elapsed() >= ceiling {
            let left = lifecycle.in_flight();
            tracing::warn!(
                in_flight = left,
                "the drain's ceiling is reached; cutting off the rest"
            );
            return Drained::CutOff;
        }
        if said.elapsed() >= PROGRESS {
            said = Instant::now();
            let elapsed = started.elapsed().as_secs();
            tracing::info!(in_flight = lifecycle.in_flight(), elapsed, "still draining");
        }
        let pause = POLL.min(ceiling.saturating_sub(started.elapsed()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = signals.end() => {
                tracing::warn!(in_flight = lifecycle.in_flight(), "second signal; stopping at once");
                return Drained::CutOff;
            }
        }
    }
}

//! A scripted upstream that speaks Anthropic Messages, OpenAI Chat, OpenAI Responses and Gemini as
//! the services do, records every request raw, and breaks off, stalls or misbehaves on demand.
//!
//! It serves weir's tests, benches and demo, and users as `weir mock`. It is no model: what it says
//! is chosen by a scenario (`docs/mock.md` lists them) or spelled out by the test.
//!
//! ```
//! # async fn f() -> std::io::Result<()> {
//! use weir_mock::{Gate, MockConfig, Raw, serve};
//! let mock = serve(MockConfig::default()).await?;
//! let gate = Gate::new();
//! mock.push(Raw::new(200).header("content-type", "text/event-stream")
//!     .piece("data: 1\n\n").pause(&gate).piece("data: 2\n\n"));
//! // ... send a request to mock.url(), see the first event, then:
//! gate.open();
//! let requests = mock.wait_for(1).await;
//! assert_eq!(requests[0].method, "POST");
//! # Ok(()) }
//! ```

mod ask;
mod control;
mod fast;
mod fixed;
mod headers;
mod heads;
mod ids;
mod play;
mod received;
mod respond;
mod route;
mod scenario;
mod schema;
mod script;
mod server;
mod shape;
mod speak;
mod tap;
mod turn;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use fast::Fast;
pub use received::Received;
pub use script::{Cut, Gate, Raw, Script};

use fast::Prebuilt;
use received::Log;
use respond::Director;
use scenario::Scenario;
use server::Shared;

/// How a mock is set up.
#[derive(Clone, Debug)]
pub struct MockConfig {
    /// Where it listens; port 0 takes a free one. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// The scenario for requests that choose none. Default `text`.
    pub scenario: String,
    /// Where ids come from: the same seed and order of requests give the same ids. Default 0.
    pub seed: u64,
    /// How many requests are remembered; the oldest go first. Default 10,000.
    pub max_recorded: usize,
    /// Answers every request with the same prebuilt bytes and records nothing, for benches. The
    /// scenario `bench[,size=BYTES][,events=N][,gap=MS]` does the same. Default none.
    pub fast: Option<Fast>,
}

impl Default for MockConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: "text".to_owned(),
            seed: 0,
            max_recorded: 10_000,
            fast: None,
        }
    }
}

/// A running mock. Dropping it closes its port and all its connections.
#[derive(Debug)]
pub struct Mock {
    /// Where it listens, with the real port.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// Starts a mock on the current tokio runtime.
///
/// # Errors
/// When it cannot listen on the configured address.
pub async fn serve(config: MockConfig) -> io::Result<Mock> {
    let listener = TcpListener::bind(config.listen).await?;
    let addr = listener.local_addr()?;
    let fast = config
        .fast
        .or_else(|| Fast::of(&Scenario::parse(&config.scenario)));
    let shared = Arc::new(Shared {
        fast: fast.map(|fast| Arc::new(Prebuilt::new(fast))),
        log: Arc::new(Log::new(config.max_recorded)),
        director: Director::new(&config.scenario, config.seed),
        connections: AtomicU64::new(0),
    });
    let task = tokio::spawn(server::accept(listener, shared.clone()));
    Ok(Mock { addr, shared, task })
}

/// Runs a mock until the process is told to stop (SIGINT or SIGTERM), printing its address. Makes
/// its own runtime: call it from outside of one.
///
/// # Errors
/// When the runtime cannot be made or the address cannot be listened on.
pub fn run(config: MockConfig) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mock = serve(config).await?;
        writeln!(io::stdout(), "mock upstream listening: {}", mock.url())?;
        stop_signal().await?;
        mock.shutdown().await;
        Ok(())
    })
}

#[cfg(unix)]
async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

impl Mock {
    /// `http://ADDRESS:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Answers the next request that comes, and only that, with this script. Scripts wait in a
    /// queue; past 100,000 they are dropped.
    pub fn push(&self, script: impl Into<Script>) {
        if !self.shared.director.push(script.into()) {
            tracing::warn!("the mock's queue of scripts is full");
        }
    }

    /// Every remembered request, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.log.all()
    }

    /// Returns when `count` requests have been read since the start or the last reset. Waits for
    /// ever if they do not come.
    ///
    /// # Cancel safety
    /// Holds nothing.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        self.shared.log.wait(|log| log.count() >= count).await;
        self.received()
    }

    /// Returns when the remembered requests satisfy a condition, for instance that a client has
    /// gone. Waits for ever if they do not.
    ///
    /// # Cancel safety
    /// Holds nothing.
    pub async fn wait_until(&self, mut ready: impl FnMut(&[Received]) -> bool) -> Vec<Received> {
        self.shared.log.wait(|log| ready(&log.all())).await;
        self.received()
    }

    /// How many connections have been accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Forgets requests, waiting scripts and the counters of `count=`. Connections stay.
    pub fn reset(&self) {
        self.shared.log.reset();
        self.shared.director.reset();
    }

    /// Closes the port and all connections; both are closed when it returns.
    pub async fn shutdown(mut self) {
        self.task.abort();
        (&mut self.task).await.ok();
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

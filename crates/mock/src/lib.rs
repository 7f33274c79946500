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
mod breaks;
mod clock;
mod coding;
mod control;
mod director;
mod door;
mod echo;
mod failure;
mod fast;
mod fixed;
mod frames;
mod headers;
mod heads;
mod ids;
mod limits;
mod mix;
mod mock;
mod percent;
mod play;
mod received;
mod respond;
mod route;
mod scenario;
mod schema;
mod script;
mod server;
mod service;
mod shape;
mod sigv4;
mod speak;
mod tally;
mod tap;
mod tls;
mod tokens;
mod turn;

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::net::TcpListener;

pub use fast::Fast;
pub use mix::{BadKind, Mix};
pub use mock::Mock;
pub use received::Received;
pub use script::{Cut, Gate, Raw, Script};
pub use sigv4::{Signed, Unsigned};
pub use tally::{Counts, Tally};

use director::Director;
use fast::Prebuilt;
use received::Log;
use scenario::Scenario;
use server::Shared;
use tls::Tls;

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
    /// What fails at random. Default none.
    pub mix: Option<Mix>,
    /// Whether TLS is understood beside plain HTTP, on the same port, with HTTP/2 over ALPN and a
    /// certificate made at the start. Default off.
    pub tls: bool,
    /// Where [`run`] writes that certificate, in PEM. Default nowhere.
    pub certificate_file: Option<PathBuf>,
}

impl Default for MockConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: "text".to_owned(),
            seed: 0,
            max_recorded: 10_000,
            fast: None,
            mix: None,
            tls: false,
            certificate_file: None,
        }
    }
}

/// Starts a mock on the current tokio runtime.
///
/// # Errors
/// When it cannot listen on the configured address, or the TLS library makes no certificate.
pub async fn serve(config: MockConfig) -> io::Result<Mock> {
    let listener = TcpListener::bind(config.listen).await?;
    let addr = listener.local_addr()?;
    let fast = config
        .fast
        .or_else(|| Fast::of(&Scenario::parse(&config.scenario)));
    let shared = Arc::new(Shared {
        fast: fast.map(|fast| Arc::new(Prebuilt::new(fast))),
        tls: config.tls.then(Tls::new).transpose()?,
        log: Arc::new(Log::new(config.max_recorded)),
        director: Director::new(&config.scenario, config.seed, config.mix),
        connections: AtomicU64::new(0),
    });
    Ok(Mock::open(listener, addr, shared))
}

/// Runs a mock until the process is told to stop (SIGINT or SIGTERM), printing its address. Makes
/// its own runtime: call it from outside of one.
///
/// # Errors
/// When the runtime cannot be made, the address cannot be listened on or the certificate not be
/// written.
pub fn run(config: MockConfig) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let certificate = config.certificate_file.clone();
        let mock = serve(config).await?;
        if let (Some(file), Some(pem)) = (certificate, mock.certificate()) {
            std::fs::write(file, pem)?;
        }
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

//! A running mock, as a test holds it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::door::Door;
use crate::mix::Mix;
use crate::received::Received;
use crate::script::{Gate, Script};
use crate::server::Shared;
use crate::tally::Tally;

/// A running mock. Dropping it closes its port and all its connections.
#[derive(Debug)]
pub struct Mock {
    /// Where it listens, with the real port.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    door: Mutex<Door>,
}

impl Mock {
    pub(crate) fn open(listener: TcpListener, addr: SocketAddr, shared: Arc<Shared>) -> Self {
        Self {
            addr,
            shared: shared.clone(),
            door: Mutex::new(Door::open(listener, shared)),
        }
    }

    /// `http://ADDRESS:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `https://localhost:PORT`, for a mock with TLS.
    #[must_use]
    pub fn https_url(&self) -> String {
        format!("https://localhost:{}", self.addr.port())
    }

    /// The certificate in PEM, which a client must trust; none without TLS. It is made out to
    /// `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.shared.tls.as_ref().map(|tls| tls.pem.as_str())
    }

    /// Answers the next request that comes, and only that, with this script. Scripts wait in a
    /// queue; past 100,000 they are dropped.
    pub fn push(&self, script: impl Into<Script>) {
        if !self.shared.director.push(script.into()) {
            tracing::warn!("the mock's queue of scripts is full");
        }
    }

    /// What model turns with this credential get, unless they choose for themselves: a scenario,
    /// or settings alone (`limits=zero,input=100`) for whatever scenario they get. Settings also
    /// stand behind those of a scenario that a request chose. Past 10,000 credentials it is
    /// dropped.
    pub fn for_credential(&self, credential: &str, scenario: &str) {
        if !self.shared.director.credential(credential, Some(scenario)) {
            tracing::warn!("the mock has scenarios for too many credentials");
        }
    }

    /// What requests for this path (without the query) get unless they choose for themselves, also
    /// those that are no model turns: lists, probes, token endpoints. Past 10,000 paths it is
    /// dropped.
    pub fn for_path(&self, path: &str, scenario: &str) {
        if !self.shared.director.path(path, Some(scenario)) {
            tracing::warn!("the mock has scenarios for too many paths");
        }
    }

    /// Forgets what [`Mock::for_path`] said of a path.
    pub fn forget_path(&self, path: &str) {
        self.shared.director.path(path, None);
    }

    /// Forgets what [`Mock::for_credential`] said of a credential.
    pub fn forget_credential(&self, credential: &str) {
        self.shared.director.credential(credential, None);
    }

    /// Lets model turns fail at random from now on, or with `None` no more.
    pub fn set_mix(&self, mix: Option<Mix>) {
        self.shared.director.set_mix(mix);
    }

    /// Lets the replies go that the scenario `hang` holds now; they are good answers. Later ones
    /// hang again.
    pub fn release(&self) {
        self.shared.director.release();
    }

    /// The gate at which the scenario `hang` waits until the next [`Mock::release`]; tells when
    /// replies have come to it.
    #[must_use]
    pub fn hanging(&self) -> Gate {
        self.shared.director.held()
    }

    /// How long the credentials of the token endpoints are valid from now on. One hour at first;
    /// whole seconds.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.shared.director.issuer.set_lifetime(lifetime);
    }

    /// How many credentials the token endpoints have handed out. They carry their number, from 1.
    #[must_use]
    pub fn tokens_issued(&self) -> u64 {
        self.shared.director.issuer.issued()
    }

    /// Closes the port and all connections, as if the process had died: connections are refused
    /// when it returns. The port stays reserved.
    ///
    /// # Errors
    /// When the port cannot be kept.
    ///
    /// # Cancel safety
    /// Not cancel safe: a port that is closed half stays closed for good.
    pub async fn refuse(&self) -> io::Result<()> {
        self.door.lock().await.refuse(self.addr).await
    }

    /// Accepts connections again after [`Mock::refuse`], on the same port.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub async fn accept(&self) -> io::Result<()> {
        self.door.lock().await.accept(self.shared.clone())
    }

    /// Every remembered request, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.log.all()
    }

    /// What the mock did since its start or its last reset.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.shared.log.tally()
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

    /// Returns when what the mock did satisfies a condition. Waits for ever if it does not.
    ///
    /// # Cancel safety
    /// Holds nothing.
    pub async fn wait_tally(&self, mut ready: impl FnMut(&Tally) -> bool) -> Tally {
        self.shared.log.wait(|log| log.tally_is(&mut ready)).await;
        self.tally()
    }

    /// How many connections have been accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Forgets requests, counts, waiting scripts and the counters of `count=`. Connections, the
    /// mix and the scenarios of credentials and paths stay.
    pub fn reset(&self) {
        self.shared.log.reset();
        self.shared.director.reset();
    }

    /// Closes the port and all connections; both are closed when it returns.
    pub async fn shutdown(self) {
        self.door.lock().await.shut().await;
    }
}

//! One validated configuration, made ready for requests. A request keeps the snapshot it started
//! with; providers that did not change keep their state and connections across a reload.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use weir_core::cors::Cors;
use weir_core::identity::Gate;
use weir_core::prices::Prices;
use weir_core::settings::{self, Settings};
use weir_wire::dialect::Dialect;

use crate::fleet::Fleet;

/// What requests read.
#[derive(Debug)]
pub struct Snapshot {
    /// Who may come in.
    pub gate: Gate,
    /// Whether every client needs a token of a project, or the gateway's own credential.
    pub tenants_only: bool,
    /// Which web pages may call.
    pub cors: Option<Cors>,
    /// What models cost.
    pub prices: Arc<Prices>,
    /// Largest request body, in bytes.
    pub max_body_bytes: Option<NonZeroUsize>,
    /// Longest time for a whole request body.
    pub read_timeout: Duration,
    /// Which answers are given again.
    pub cache: Arc<settings::Cache>,
    /// Whether bodies and headers are kept, for captures or for events.
    pub capture: bool,
    /// Bytes of one response body that are kept.
    pub max_capture_bytes: usize,
    /// Whether raw logs are kept.
    pub raw_log: bool,
    /// Proxies in front whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bytes of a request's body that are said in the log, where that is asked for.
    pub max_logged_bytes: usize,
    /// What a path counts as that is no known API's; none leaves it to [`crate::Control`].
    pub otherwise: Option<Dialect>,
    /// The providers.
    pub fleet: Fleet,
}

impl Snapshot {
    /// Makes `settings` ready; `workers` is how many threads will use it.
    ///
    /// # Errors
    /// When a provider's proxy or TLS cannot be set up; the text names the provider.
    pub fn build(settings: &Settings, workers: usize, previous: Option<&Self>) -> io::Result<Self> {
        let fleet = Fleet::build(settings, workers, previous.map(|snapshot| &snapshot.fleet))?;
        Ok(Self::of(settings, fleet))
    }

    /// The same with providers that are ready.
    #[must_use]
    pub fn of(settings: &Settings, fleet: Fleet) -> Self {
        Self {
            gate: Gate::new(&settings.auth, settings.server.trust_proxy),
            tenants_only: settings.projects.required,
            cors: settings.server.cors.clone(),
            prices: Arc::clone(&settings.prices),
            max_body_bytes: settings.server.max_body_bytes,
            read_timeout: settings.server.read_timeout,
            cache: Arc::new(settings.cache.clone()),
            // Events tell of bodies, too.
            capture: settings.capture.enabled || settings.events.enabled(),
            max_capture_bytes: settings.capture.max_body_bytes,
            raw_log: settings.raw_log.is_some(),
            trusted_proxies: if settings.server.trust_proxy {
                settings.server.trusted_proxies.clone()
            } else {
                Vec::new()
            },
            max_logged_bytes: settings.logging.debug.max_body_bytes,
            otherwise: None,
            fleet,
        }
    }

    /// Whether bodies are kept whole for a raw log.
    #[must_use]
    pub fn keeps_raw(&self) -> bool {
        self.raw_log && self.bytes_to_keep() > 0
    }

    /// Bytes of one response that are kept; 0 when nothing is.
    #[must_use]
    pub fn bytes_to_keep(&self) -> usize {
        if self.capture {
            self.max_capture_bytes
        } else {
            0
        }
    }
}

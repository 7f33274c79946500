//! One provider with the connections to it, and the parts of its address that every request needs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use weir_core::settings::Provider;

use crate::body::BoxError;
use crate::connect::Connector;
use crate::pool::{Pool, Sender};

/// A provider, ready to be used.
#[derive(Debug)]
pub struct Upstream {
    /// What was configured.
    pub provider: Arc<Provider>,
    /// The value of `Host`.
    pub host: HeaderValue,
    scheme: Scheme,
    authority: Authority,
    /// The base path without a trailing slash; empty in the usual case.
    base_path: String,
    connector: Arc<Connector>,
    pools: Arc<[Pool]>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Refused, unreachable, not resolved, not trusted.
    #[error("{0}")]
    Failed(BoxError),
    /// Longer than the provider's connect timeout.
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
}

impl Upstream {
    /// Prepares `provider` for `workers` threads. Opens no connection.
    ///
    /// # Errors
    /// When its proxy or TLS cannot be set up; the text names the provider.
    pub fn new(provider: Arc<Provider>, workers: usize) -> io::Result<Self> {
        let fault = |cause: &dyn std::fmt::Display| {
            io::Error::other(format!("provider `{}`: {cause}", provider.name))
        };
        let base = provider.base_url.clone().into_parts();
        let (Some(scheme), Some(authority)) = (base.scheme, base.authority) else {
            return Err(fault(&"`base_url` needs a scheme and a host"));
        };
        let connector = Connector::new(&provider).map_err(|cause| fault(&cause))?;
        let host =
            HeaderValue::from_str(without_userinfo(&authority)).map_err(|cause| fault(&cause))?;
        let base_path = provider.base_url.path().trim_end_matches('/').to_owned();
        let pools = (0..workers.max(1)).map(|_| Pool::default()).collect();
        Ok(Self {
            provider,
            host,
            scheme,
            authority,
            base_path,
            connector: Arc::new(connector),
            pools,
        })
    }

    /// The same place under settings that lead there in the same way; connections stay.
    #[must_use]
    pub fn renewed(&self, provider: Arc<Provider>) -> Self {
        Self {
            provider,
            host: self.host.clone(),
            scheme: self.scheme.clone(),
            authority: self.authority.clone(),
            base_path: self.base_path.clone(),
            connector: Arc::clone(&self.connector),
            pools: Arc::clone(&self.pools),
        }
    }

    /// The provider's address for a path and query that are kept as they are.
    ///
    /// # Errors
    /// When base path and path do not make an address together.
    pub fn uri(&self, path: &PathAndQuery) -> Result<Uri, http::Error> {
        let path = if self.base_path.is_empty() {
            path.clone()
        } else {
            PathAndQuery::try_from(format!("{}{path}", self.base_path))?
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Ok(Uri::from_parts(parts)?)
    }

    /// The connections that `worker` keeps; none when a reload brought fewer workers.
    #[must_use]
    pub fn pool(&self, worker: usize) -> Option<&Pool> {
        self.pools.get(worker)
    }

    /// Opens a connection within the provider's connect timeout.
    ///
    /// # Errors
    /// As [`ConnectError`] says.
    pub async fn connect(&self, worker: usize) -> Result<Sender, ConnectError> {
        let limit = self.provider.connect_timeout;
        // Boxed, because it is large and rare: the future of every request would carry it.
        let connecting =
            Box::pin(async { Sender::handshake(self.connector.connect().await?).await });
        let sender = tokio::time::timeout(limit, connecting)
            .await
            .map_err(|_| ConnectError::TimedOut(limit))?
            .map_err(ConnectError::Failed)?;
        if let (Some(shared), Some(pool)) = (sender.shared(), self.pool(worker)) {
            pool.put(shared);
        }
        Ok(sender)
    }
}

fn without_userinfo(authority: &Authority) -> &str {
    authority.as_str().rsplit('@').next().unwrap_or_default()
}

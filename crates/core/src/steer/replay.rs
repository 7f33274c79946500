//! Sending a captured request again: what is sent, and what comes back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use super::SteerError;
use crate::exchange::Origin;

/// A request to send again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The method.
    pub method: Method,
    /// Path and query, without credentials.
    pub path: String,
    /// The headers, without credentials and those of one hop.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The provider to ask. It must have a credential of its own.
    pub provider: String,
    /// The model to ask for instead of the body's.
    pub model: Option<String>,
    /// What for; never a client's.
    pub origin: Origin,
}

/// What came back, while it comes.
pub struct Replayed {
    /// The status.
    pub status: StatusCode,
    /// The headers; `x-weir-request-id` names the new exchange.
    pub headers: HeaderMap,
    /// The body.
    pub body: Box<dyn Pieces>,
}

impl fmt::Debug for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayed")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A piece of a body, the end, or why it broke off.
pub type Piece = Option<Result<Bytes, String>>;

/// A body that comes piece by piece. Dropping it breaks off.
pub trait Pieces: Send {
    /// The next piece; none at the end. A broken body ends with its error.
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Piece> + Send + '_>>;
}

/// What sending something again comes to.
pub type Replaying<'a> = Pin<Box<dyn Future<Output = Result<Replayed, SteerError>> + Send + 'a>>;

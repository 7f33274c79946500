//! What a client is told of the cache: `Cache-Status` (RFC 9211).

use std::fmt;

/// Why a request went on to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// It is not for the cache.
    Bypass,
    /// Nothing is stored for it.
    UriMiss,
    /// Something is stored, but not for its headers.
    VaryMiss,
    /// What is stored will not do for what the client asks.
    Request,
    /// What is stored is too old.
    Stale,
}

impl Forward {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Request => "request",
            Self::Stale => "stale",
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Why it went on; none is a hit.
    pub forward: Option<Forward>,
    /// The provider's status, where the client gets another.
    pub forward_status: Option<u16>,
    /// Seconds that the answer may still be used.
    pub ttl: Option<i64>,
    /// Whether the provider's answer is stored.
    pub stored: bool,
    /// Whether it waited for the answer to another request.
    pub collapsed: bool,
    /// What else there is to say, as a token.
    pub detail: Option<&'static str>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("weir")?;
        match self.forward {
            None => f.write_str("; hit")?,
            Some(why) => write!(f, "; fwd={}", why.as_str())?,
        }
        if let Some(status) = self.forward_status {
            write!(f, "; fwd-status={status}")?;
        }
        if let Some(ttl) = self.ttl {
            write!(f, "; ttl={ttl}")?;
        }
        if self.stored {
            f.write_str("; stored")?;
        }
        if self.collapsed {
            f.write_str("; collapsed")?;
        }
        if let Some(detail) = self.detail {
            write!(f, "; detail={detail}")?;
        }
        Ok(())
    }
}

//! The response cache's rules: whose an entry is, what may be kept, for how long, and when it answers
//! another request (RFC 9111). No clock and no place: times are arguments, and what keeps entries is a
//! [`Store`].
//!
//! It is a shared cache as the RFC has it, because several people share a project: a provider must
//! allow it, or the client must ask for it. No entry is ever seen by another tenant.

mod conditional;
pub mod contract;
mod directives;
mod entry;
mod form;
mod key;
mod lifetime;
mod purge;
mod status;
mod store;

pub use conditional::{Validators, not_modified};
pub use directives::Directives;
pub use entry::{Entry, Reuse, Times};
pub use key::{About, Key, Subject, Tenant, Vary, own_credential};
pub use lifetime::{Lifetime, NotKept, Source, lifetime};
pub use purge::{CacheView, ProjectCounts, Purge};
pub use status::{Forward, Status};
pub use store::{Answer, Put, Seen, Slot, State, Store, Unavailable, Wanted};

use http::{HeaderMap, Method};

/// What a client asks of the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Its directives.
    pub directives: Directives,
    /// For how long, in seconds, it wants the answer kept although nothing else says so.
    pub opt_in: Option<u64>,
}

impl Terms {
    /// Reads the headers of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let directives = Directives::of_request(headers);
        let positive = |seconds: Option<u64>| seconds.filter(|seconds| *seconds > 0);
        let lifetime = positive(directives.s_maxage).or(positive(directives.max_age));
        let opt_in = lifetime.filter(|_| directives.public && !directives.no_store);
        Self { directives, opt_in }
    }

    /// Whether the request concerns the cache at all: reading does, sending only where the client
    /// says that the same answer will do.
    #[must_use]
    pub fn concern(&self, method: &Method) -> bool {
        match *method {
            Method::GET | Method::HEAD => true,
            Method::POST => self.opt_in.is_some(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;

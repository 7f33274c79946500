//! Which entries go, and how the cache is.

use http::Method;
use uuid::Uuid;

use super::key::ordered;
use super::{About, Key, State, Tenant};

/// Which entries go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purge {
    /// All.
    All,
    /// Those of a project.
    Project(Uuid),
    /// Those whose key begins with these hexadecimal digits, in lower case.
    Prefix(Box<str>),
    /// What a tenant got of a path that it has changed by now.
    Resource {
        /// Whose.
        tenant: Tenant,
        /// The path.
        path: Box<str>,
    },
    /// Those of a path, whatever the headers and the body were.
    Path {
        /// The method.
        method: Method,
        /// The path.
        path: Box<str>,
        /// The query; none is any.
        query: Option<Box<str>>,
        /// The project; none is any.
        project: Option<Uuid>,
    },
}

impl Purge {
    /// Whether an entry goes.
    #[must_use]
    pub fn takes(&self, key: &Key, about: &About) -> bool {
        match self {
            Self::All => true,
            Self::Project(id) => about.tenant.project == Some(*id),
            Self::Prefix(digits) => key.to_hex().starts_with(&**digits),
            Self::Resource { tenant, path } => {
                about.method == Method::GET && about.tenant == *tenant && about.path == *path
            }
            Self::Path {
                method,
                path,
                query,
                project,
            } => {
                let method = if *method == Method::HEAD {
                    &Method::GET
                } else {
                    method
                };
                about.method == *method
                    && about.path == *path
                    && query
                        .as_ref()
                        .is_none_or(|query| *about.query == *ordered(query))
                    && project.is_none_or(|id| about.tenant.project == Some(id))
            }
        }
    }
}

/// How the cache is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheView {
    /// Whether it is used.
    pub enabled: bool,
    /// Answers from it since the start, those without a body among them.
    pub hits: u64,
    /// Requests that found nothing.
    pub misses: u64,
    /// Requests that asked for it and are not for it.
    pub bypasses: u64,
    /// Answers that were stored.
    pub stores: u64,
    /// Entries of which a provider said that they still hold.
    pub revalidations: u64,
    /// Answers that were asked for again behind the back of a client that got an old one.
    pub refreshes: u64,
    /// Requests that waited for another's answer.
    pub collapsed: u64,
    /// Answers that were to be stored and were not: broken off, too large, or purged meanwhile.
    pub dropped: u64,
    /// The place that they are kept in.
    pub store: State,
}

/// What the cache did for a project. Counts are of this process, since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProjectCounts {
    /// The project.
    pub project: Uuid,
    /// Its requests that were answered from the cache.
    pub hits: u64,
    /// Those that found nothing.
    pub misses: u64,
    /// Entries of which a provider said that they still hold.
    pub revalidations: u64,
    /// Answers that were stored.
    pub stores: u64,
    /// Bytes of their bodies, of those that went since among them.
    pub stored_bytes: u64,
}

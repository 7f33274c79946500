//! Tenants on the data plane: whose token a request brings, whether it may, what it may use, and
//! with whose keys it goes on.

mod bill;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use http::HeaderMap;
use parking_lot::Mutex;
use uuid::Uuid;
use weir_core::clock::Now;
use weir_core::control::{
    Code, Directory, Head, Holder, Ledger, Refusal, Reserved, looks_like_token,
};
use weir_core::exchange::{RawBody, Tokens};
use weir_core::identity::presented;
use weir_core::keys::KeyPool;
use weir_core::secret::Secret;
use weir_core::settings::{Key, KeyStrategy};
use weir_wire::dialect::Operation;
use weir_wire::peek::{Peek, Want};

pub(crate) use self::bill::worst_case;
pub use self::bill::{Bill, Tenancy};
use crate::candidates::Candidates;
use crate::fleet::Member;
use crate::incomer::Incomer;
use crate::keyring::Pool;

/// Tokens whose answers from the cache may wait to be written down; those of more are lost.
const MAX_WAITING: usize = 10_000;

/// When a client may ask again whose token nobody can vouch for, in milliseconds: soon after whoever
/// keeps the directory has tried the database again.
const ASK_AGAIN_MS: u64 = 5_000;

/// A request that a tenant was not allowed, for whoever keeps an audit.
#[derive(Clone, Debug)]
pub struct Denied {
    /// Why.
    pub code: Code,
    /// The project, if its token was known.
    pub project: Option<Uuid>,
    /// The token's id.
    pub token: Option<Uuid>,
    /// The request's id.
    pub request_id: String,
    /// The request's method and path.
    pub asked: (String, String),
    /// The client's address.
    pub client: String,
}

/// What is known of a token.
#[derive(Debug)]
pub(crate) struct Found {
    /// Whose it is; none is nobody's.
    pub holder: Option<Arc<Holder>>,
    /// Why it opens nothing.
    pub refusal: Option<Refusal>,
}

/// Told of each refusal. Must not block.
pub type OnDenied = Box<dyn Fn(Denied) + Send + Sync>;

/// Tenants.
pub struct Tenants {
    directory: ArcSwap<Directory>,
    /// Until when the directory is believed, in milliseconds of [`Now::ms`].
    good_until_ms: AtomicU64,
    /// Requests that were refused because it was not any more.
    unvouched: AtomicU64,
    ledger: Arc<dyn Ledger>,
    /// By project and provider.
    pools: Mutex<HashMap<(Uuid, Arc<str>), Pool>>,
    on_denied: OnceLock<OnDenied>,
    /// Answers from the cache that nobody has written down yet, by token.
    hits: Mutex<HashMap<Uuid, u64>>,
    lost_hits: AtomicU64,
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("directory", &*self.directory.load())
            .finish_non_exhaustive()
    }
}

impl Tenants {
    /// Nobody yet; `ledger` keeps the accounts.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self {
            directory: ArcSwap::default(),
            good_until_ms: AtomicU64::new(u64::MAX),
            unvouched: AtomicU64::new(0),
            ledger,
            pools: Mutex::default(),
            on_denied: OnceLock::new(),
            hits: Mutex::default(),
            lost_hits: AtomicU64::new(0),
        }
    }

    /// Has `told` called of each refusal; only the first call counts.
    pub fn when_denied(&self, told: OnDenied) {
        let _first = self.on_denied.set(told);
    }

    /// Tells of a refusal.
    pub(crate) fn denied(&self, denied: Denied) {
        if let Some(told) = self.on_denied.get() {
            told(denied);
        }
    }

    /// A token's request was answered from the cache.
    pub(crate) fn hit(&self, token: Uuid) {
        let mut hits = self.hits.lock();
        let room = hits.len() < MAX_WAITING;
        match hits.entry(token) {
            Entry::Occupied(mut known) => *known.get_mut() += 1,
            Entry::Vacant(new) if room => drop(new.insert(1)),
            Entry::Vacant(_) => drop(self.lost_hits.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The answers from the cache since the last call, by token.
    #[must_use]
    pub fn take_hits(&self) -> HashMap<Uuid, u64> {
        std::mem::take(&mut *self.hits.lock())
    }

    /// How many answers from the cache were counted for no token since the last call, because those
    /// of too many waited.
    #[must_use]
    pub fn take_lost_hits(&self) -> u64 {
        self.lost_hits.swap(0, Ordering::Relaxed)
    }

    /// These are the tokens from now on. Pools of keys that did not change keep what they know.
    pub fn replace(&self, directory: Directory) {
        let mut pools = self.pools.lock();
        let mut wanted: HashMap<(Uuid, Arc<str>), Vec<Key>> = HashMap::new();
        for project in directory.projects() {
            for key in &*project.keys {
                let keys = wanted
                    .entry((project.id, Arc::clone(&key.provider)))
                    .or_default();
                keys.extend(key.secret.clone().map(Key::new));
            }
        }
        pools.retain(|name, _| wanted.contains_key(name));
        for (name, keys) in wanted {
            match pools.get(&name) {
                Some(pool) => {
                    let mut pool = pool.lock();
                    *pool = pool.rebuilt(&keys, KeyStrategy::default());
                }
                None => {
                    let pool = KeyPool::new(&keys, KeyStrategy::default());
                    pools.insert(name, Arc::new(Mutex::new(pool)));
                }
            }
        }
        drop(pools);
        self.directory.store(Arc::new(directory));
    }

    /// Believes the directory until then, in milliseconds of [`Now::ms`]; for ever, if nobody says so.
    pub fn good_until(&self, ms: u64) {
        self.good_until_ms.store(ms, Ordering::Relaxed);
    }

    /// Requests that were refused since the start because the directory was too old.
    #[must_use]
    pub fn unvouched(&self) -> u64 {
        self.unvouched.load(Ordering::Relaxed)
    }

    /// The refusal of a token that is good as far as was known, or was not known, once that is too
    /// old to go by. Whoever was refused before stays so.
    fn outdated(&self, now: Now) -> Option<Refusal> {
        if now.ms <= self.good_until_ms.load(Ordering::Relaxed) {
            return None;
        }
        self.unvouched.fetch_add(1, Ordering::Relaxed);
        let message = "Tokens cannot be checked: their database cannot be read, and has not been for \
                       longer than `projects.grace`";
        Some(Refusal {
            retry_ms: Some(ASK_AGAIN_MS),
            ..Refusal::new(Code::Unavailable, message)
        })
    }

    /// The token that a request brings, and what is known of it. None if it brings nothing of the
    /// form of one.
    pub(crate) fn find(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now: Now,
    ) -> Option<(Secret, Found)> {
        let directory = self.directory.load();
        let mut unknown = None;
        for value in presented(headers, query) {
            if let Some(holder) = directory.find(&value) {
                let refusal = holder.check(now.unix_ms).err();
                let found = Found {
                    holder: Some(Arc::clone(holder)),
                    refusal: refusal.or_else(|| self.outdated(now)),
                };
                return Some((secret(&value), found));
            }
            if unknown.is_none() && looks_like_token(&value) {
                unknown = Some(secret(&value));
            }
        }
        let token = unknown?;
        let not_found = || Refusal::new(Code::TokenNotFound, "Token not found");
        let found = Found {
            holder: None,
            refusal: Some(self.outdated(now).unwrap_or_else(not_found)),
        };
        Some((token, found))
    }

    /// Counts a request of `holder`'s and sets its worst case aside.
    ///
    /// # Errors
    /// When a limit is reached.
    pub(crate) async fn admit(
        &self,
        holder: &Holder,
        (bill, now): (Bill, Now),
        worst: &Tokens,
    ) -> Result<Tenancy<'_>, Refusal> {
        let (scopes, amounts) = (Arc::clone(&holder.scopes), bill.amounts(worst));
        let grant = match Arc::clone(&self.ledger).reserve(scopes, amounts, now) {
            Reserved::Ready(reserved) => reserved,
            Reserved::Wait(reserved) => reserved.await,
        };
        let project = &holder.project;
        Ok(Tenancy {
            tenants: self,
            with_keys: (!project.keys.is_empty()).then_some(project.id),
            bill: bill.granted(grant?),
        })
    }

    /// The keys of all projects for a provider.
    pub(crate) fn pools_of(&self, provider: &str) -> Vec<Pool> {
        let pools = self.pools.lock();
        let of_it = pools.iter().filter(|((_, name), _)| &**name == provider);
        of_it.map(|(_, pool)| Arc::clone(pool)).collect()
    }

    /// The keys that requests of a project that has any go to `member` with.
    pub(crate) fn pool(&self, project: Uuid, member: &Member) -> Pool {
        let name = (project, Arc::clone(member.name()));
        let pool = self.pools.lock().get(&name).cloned();
        pool.unwrap_or_else(|| {
            let none = KeyPool::new(&[], KeyStrategy::default());
            Arc::new(Mutex::new(none))
        })
    }
}

/// What was presented, which is ASCII if it has the form of a token.
fn secret(presented: &[u8]) -> Secret {
    Secret::new(String::from_utf8_lossy(presented))
}

/// The part of a request that stands before its body.
pub(crate) fn head(parts: &http::request::Parts) -> Head<'_> {
    Head {
        method: &parts.method,
        path: parts.uri.path(),
        headers: &parts.headers,
    }
}

/// Whether the project has a key that can be used with one of the candidates, or none for any of
/// them. The gateway's own never takes the place of one that cannot be opened.
pub(crate) fn check_keys(holder: &Holder, chosen: &Candidates<'_>) -> Result<(), Refusal> {
    let members = chosen.first.iter().chain(&chosen.then);
    let keys = members.flat_map(|member| {
        let keys = holder.project.keys.iter();
        keys.filter(|key| key.provider == *member.name())
    });
    let mut sealed = false;
    for key in keys {
        if key.secret.is_some() {
            return Ok(());
        }
        sealed = true;
    }
    if !sealed {
        return Ok(());
    }
    let message = "upstream authentication is not available: the project's keys are sealed with an \
                   encryption key that this gateway does not have";
    Err(Refusal::new(Code::UpstreamAuth, message))
}

/// Whether a request's body is allowed: its model, and its parameters.
pub(crate) fn check_body(
    holder: &Holder,
    incomer: &Incomer,
    body: &RawBody,
) -> Result<(), Refusal> {
    let operation = incomer.operation;
    let names_model = operation.generates()
        || matches!(operation, Operation::CountTokens | Operation::Embeddings);
    if names_model && holder.limits_models() {
        let peek = Peek::of(incomer.dialect, &body.pieces, Want::MODEL);
        holder.check_model(incomer.path_model.as_deref().or_else(|| peek.model()))?;
    }
    if holder.reads_body() {
        holder.check_body(&body.to_bytes())?;
    }
    Ok(())
}

//! What was used of a limit, and what is set aside for requests under way.
//!
//! The worst case is set aside before a request is sent, and replaced by what it used when it has
//! ended, so that requests at the same time cannot together use what is not there.

mod account;
#[cfg(any(test, feature = "samples"))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
pub mod contract;
mod memory;
pub mod shared;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use account::{Change, Spent};
pub use memory::{MemoryLedger, Taken};

use super::budget::Money;
use super::refusal::Refusal;
use super::scope::Scope;
use crate::clock::Now;

/// Money and tokens of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// What it costs.
    pub money: Money,
    /// Input and output.
    pub tokens: u64,
}

/// What keeps the accounts.
pub trait Ledger: fmt::Debug + Send + Sync + 'static {
    /// Counts a request and sets `worst` aside in each of `scopes`, or in none.
    fn reserve(self: Arc<Self>, scopes: Arc<[Arc<Scope>]>, worst: Amounts, now: Now) -> Reserved;

    /// Replaces what was set aside by what was used.
    fn settle(&self, claim: &Claim, used: Amounts);
}

/// The answer to [`Ledger::reserve`]; only accounts that are kept elsewhere have to be waited for.
pub enum Reserved {
    /// Known at once.
    Ready(Result<Grant, Refusal>),
    /// Asked for.
    Wait(Pin<Box<dyn Future<Output = Result<Grant, Refusal>> + Send>>),
}

impl fmt::Debug for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Wait(_) => f.write_str("Wait"),
        }
    }
}

/// What was set aside, and where.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The accounts.
    pub scopes: Arc<[Arc<Scope>]>,
    /// How much in each.
    pub worst: Amounts,
    /// When, in milliseconds since the Unix epoch: it counts for the periods of then.
    pub at_unix_ms: i64,
    /// What it is called where accounts are kept for several; none where it is known to nobody else.
    pub held: Option<Held>,
}

/// What a claim is called by those who share accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its number among those of this node.
    pub number: u64,
    /// The store's memory that it is in; one that has lost it has another.
    pub era: Arc<str>,
}

/// Leave to send a request. Dropped without being settled it costs what was set aside, for nobody
/// knows better.
pub struct Grant {
    ledger: Arc<dyn Ledger>,
    claim: Claim,
    used: Option<Amounts>,
}

impl Grant {
    /// For a ledger that has set `claim` aside.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, claim: Claim) -> Self {
        let used = Some(claim.worst);
        Self {
            ledger,
            claim,
            used,
        }
    }

    /// What was set aside.
    #[must_use]
    pub fn worst(&self) -> Amounts {
        self.claim.worst
    }

    /// It has used this much.
    pub fn settle(mut self, used: Amounts) {
        self.used = Some(used);
    }

    /// Nothing was sent, so that it costs nothing. It counts as a request all the same.
    pub fn undo(self) {
        self.settle(Amounts::default());
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Grant").field(&self.claim.worst).finish()
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(used) = self.used.take() {
            self.ledger.settle(&self.claim, used);
        }
    }
}

//! Accounts in the memory of one process.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use super::account::{Account, Change, Lasting, Spent};
use super::{Amounts, Claim, Grant, Ledger, Reserved};
use crate::clock::Now;
use crate::control::refusal::Refusal;
use crate::control::scope::{Scope, ScopeId};

/// Accounts of one process. One lock, held for as long as it takes to look at a few numbers.
#[derive(Debug)]
pub struct MemoryLedger {
    accounts: Mutex<HashMap<ScopeId, Account, RandomState>>,
    clock: fn() -> Now,
}

impl MemoryLedger {
    /// Empty ones; `clock` tells when something is settled.
    #[must_use]
    pub fn new(clock: fn() -> Now) -> Self {
        Self {
            accounts: Mutex::default(),
            clock,
        }
    }

    /// Adds what a store remembers of a scope: requests so far, and what was used in its periods.
    /// What is known here already, and not yet stored, counts besides.
    pub fn restore(&self, scope: ScopeId, requests: u64, spent: &[Spent]) {
        let mut accounts = self.accounts.lock();
        accounts.entry(scope).or_default().restore(requests, spent);
    }

    /// What has not been made to last since the last call.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut accounts = self.accounts.lock();
        let changed = accounts
            .iter_mut()
            .filter_map(|(scope, account)| account.changes(*scope));
        changed.collect()
    }

    fn reserve_now(
        &self,
        scopes: &[Arc<Scope>],
        (worst, now): (Amounts, Now),
        nodes: u64,
    ) -> Result<Taken, Refusal> {
        let mut accounts = self.accounts.lock();
        let mut all_fit = true;
        for scope in scopes {
            let account = accounts.entry(scope.id).or_default();
            account.check(scope, worst, now)?;
            all_fit &= nodes <= 1 || account.fits_share(scope, worst, (now.unix_ms, nodes));
        }
        if !all_fit {
            return Ok(Taken::Unsure);
        }
        for scope in scopes {
            let account = accounts.entry(scope.id).or_default();
            account.take(scope, worst, (now, Lasting::Here));
        }
        Ok(Taken::Granted)
    }

    fn settle_as(&self, claim: &Claim, used: Amounts, lasting: Lasting) {
        let at = (claim.at_unix_ms, (self.clock)().ms, lasting);
        let mut accounts = self.accounts.lock();
        for scope in &*claim.scopes {
            let account = accounts.entry(scope.id).or_default();
            account.settle(scope, (claim.worst, used), at);
        }
    }
}

/// What came of asking a ledger that is one of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is set aside.
    Granted,
    /// It is there, but more than this one's share of it: others may be taking it now.
    Unsure,
}

/// For a ledger that asks others, and goes by these accounts when they cannot be reached.
impl MemoryLedger {
    /// Sets `worst` aside without asking the others, of which there are `nodes` with this one.
    ///
    /// # Errors
    /// When a limit is reached by what is known here.
    pub fn take_alone(
        &self,
        scopes: &[Arc<Scope>],
        at: (Amounts, Now),
        nodes: u64,
    ) -> Result<Taken, Refusal> {
        self.reserve_now(scopes, at, nodes)
    }

    /// Whether `worst` fits into this one's share of what was left when it was cut off.
    #[must_use]
    pub fn fits_share(
        &self,
        scopes: &[Arc<Scope>],
        (worst, now): (Amounts, Now),
        nodes: u64,
    ) -> bool {
        let mut accounts = self.accounts.lock();
        scopes.iter().all(|scope| {
            let account = accounts.entry(scope.id).or_default();
            account.fits_share(scope, worst, (now.unix_ms, nodes))
        })
    }

    /// As [`Self::note`], where others may not have been told of all that this one let through, nor
    /// have told: it counts towards the share.
    pub fn note_joining(
        &self,
        scopes: &[Arc<Scope>],
        at: (Amounts, Now),
        known: &[(u64, Vec<Spent>)],
    ) {
        self.note_as(scopes, at, (known, Lasting::Joining));
    }

    /// Notes that the others have set `worst` aside, and what they know of each of `scopes`.
    pub fn note(&self, scopes: &[Arc<Scope>], at: (Amounts, Now), known: &[(u64, Vec<Spent>)]) {
        self.note_as(scopes, at, (known, Lasting::Elsewhere));
    }

    fn note_as(
        &self,
        scopes: &[Arc<Scope>],
        (worst, now): (Amounts, Now),
        (known, lasting): (&[(u64, Vec<Spent>)], Lasting),
    ) {
        let mut accounts = self.accounts.lock();
        for (index, scope) in scopes.iter().enumerate() {
            let account = accounts.entry(scope.id).or_default();
            if let Some((requests, spent)) = known.get(index) {
                account.learn(*requests, spent);
            }
            account.take(scope, worst, (now, lasting));
        }
    }

    /// What was noted has ended. Nothing of it is a change until it is [owed](Self::owe).
    pub fn settle_noted(&self, claim: &Claim, used: Amounts) {
        self.settle_as(claim, used, Lasting::Elsewhere);
    }

    /// Has it told as a change that `claim` has used this much, and was a request.
    pub fn owe(&self, claim: &Claim, used: Amounts) {
        let mut accounts = self.accounts.lock();
        for scope in &*claim.scopes {
            let spent: Vec<Spent> = scope
                .budgets
                .iter()
                .map(|budget| Spent {
                    period: budget.period,
                    start: budget.period.start(claim.at_unix_ms),
                    amounts: used,
                })
                .collect();
            let account = accounts.entry(scope.id).or_default();
            account.owe(1, claim.at_unix_ms, &spent);
        }
    }

    /// The same for a request that another node had let through.
    pub fn owe_scope(&self, scope: ScopeId, at_unix_ms: i64, spent: &[Spent]) {
        let mut accounts = self.accounts.lock();
        accounts.entry(scope).or_default().owe(1, at_unix_ms, spent);
    }

    /// What is known of `scope` at `unix_ms`: requests, and what was used by each of its budgets.
    #[must_use]
    pub fn known(&self, scope: &Scope, unix_ms: i64) -> (u64, Vec<Spent>) {
        let mut accounts = self.accounts.lock();
        accounts.entry(scope.id).or_default().known(scope, unix_ms)
    }

    /// The others are asked again from now on.
    pub fn together(&self) {
        let mut accounts = self.accounts.lock();
        accounts.values_mut().for_each(Account::together);
    }
}

impl Ledger for MemoryLedger {
    fn reserve(self: Arc<Self>, scopes: Arc<[Arc<Scope>]>, worst: Amounts, now: Now) -> Reserved {
        let reserved = self.reserve_now(&scopes, (worst, now), 1).map(|_| {
            let claim = Claim {
                scopes,
                worst,
                at_unix_ms: now.unix_ms,
                held: None,
            };
            Grant::new(self, claim)
        });
        Reserved::Ready(reserved)
    }

    fn settle(&self, claim: &Claim, used: Amounts) {
        self.settle_as(claim, used, Lasting::Here);
    }
}

#[cfg(test)]
mod tests;

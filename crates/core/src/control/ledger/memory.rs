//! Accounts in the memory of one process.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::account::{Account, Change, Spent};
use super::{Amounts, Claim, Grant, Ledger, Reserved};
use crate::clock::Now;
use crate::control::refusal::Refusal;
use crate::control::scope::{Scope, ScopeId};

/// Accounts of one process. One lock, held for as long as it takes to look at a few numbers.
#[derive(Debug)]
pub struct MemoryLedger {
    accounts: Mutex<HashMap<ScopeId, Account>>,
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

    fn reserve_now(&self, scopes: &[Arc<Scope>], worst: Amounts, now: Now) -> Result<(), Refusal> {
        let mut accounts = self.accounts.lock();
        for scope in scopes {
            accounts
                .entry(scope.id)
                .or_default()
                .check(scope, worst, now)?;
        }
        for scope in scopes {
            accounts
                .entry(scope.id)
                .or_default()
                .take(scope, worst, now);
        }
        Ok(())
    }
}

impl Ledger for MemoryLedger {
    fn reserve(self: Arc<Self>, scopes: Arc<[Arc<Scope>]>, worst: Amounts, now: Now) -> Reserved {
        let reserved = self.reserve_now(&scopes, worst, now).map(|()| {
            let claim = Claim {
                scopes,
                worst,
                at_unix_ms: now.unix_ms,
            };
            Grant::new(self, claim)
        });
        Reserved::Ready(reserved)
    }

    fn settle(&self, claim: &Claim, used: Amounts) {
        let now_ms = (self.clock)().ms;
        let mut accounts = self.accounts.lock();
        for scope in &*claim.scopes {
            let account = accounts.entry(scope.id).or_default();
            account.settle(scope, (claim.worst, used), (claim.at_unix_ms, now_ms));
        }
    }
}

#[cfg(test)]
mod tests;

//! Tenants: projects, the expiring tokens that they hand out, what these may do, and how much.
//!
//! Everything here is plain data that is built whole and looked up by a digest. What was used of a
//! limit is the business of a [`Ledger`].

mod budget;
mod directory;
mod glob;
mod ledger;
mod params;
mod refusal;
mod rules;
mod scope;
mod spec;
mod token;

pub use budget::{Budget, Money, Period};
pub use directory::{Directory, Holder, MAX_DEPTH, Project, ProjectKey, Token};
#[cfg(any(test, feature = "samples"))]
pub use ledger::contract;
pub use ledger::{
    Amounts, Change, Claim, Grant, Held, Ledger, MemoryLedger, Reserved, Spent, Taken, shared,
};
pub use refusal::{Code, Limit, Refusal};
pub use rules::{Head, Rules, RulesFault, RulesSpec};
pub use scope::{Limits, Scope, ScopeId};
pub use spec::{BudgetSpec, LimitsSpec, ScopeSpec, SpecEdit};
pub use token::{Digest, TOKEN_LEN, hint, looks_like_token, mask, new_token};

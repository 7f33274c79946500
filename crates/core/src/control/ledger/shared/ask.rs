//! The script's arguments.

use std::fmt::Display;
use std::sync::Arc;

use super::super::{Amounts, Spent};
use crate::control::scope::{Scope, ScopeId};

/// Most money or tokens that are set aside at once: what the script's numbers hold exactly.
pub const MOST: u64 = 1 << 53;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Node {
    /// Tells it from all others, restarts of itself included. Without slash and blank.
    pub name: Box<str>,
    /// How long it is believed to live without being heard of, in milliseconds.
    pub lease_ms: u64,
}

/// What became of something that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settling {
    /// Its name.
    pub id: Box<str>,
    /// What became of it.
    pub what: What,
}

/// What can become of something that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It has used this much.
    Used(Amounts),
    /// It never was.
    Cancelled,
    /// What it has used is known to last.
    Lasts,
}

/// Arguments on the way.
#[derive(Debug)]
pub struct Ask(Vec<String>);

impl Ask {
    fn new(node: &Node, op: &str) -> Self {
        let mut ask = Self(Vec::with_capacity(32));
        ask.text(op).text(&node.name).number(node.lease_ms);
        ask
    }

    /// The arguments.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.0
    }

    /// Sets `worst` aside as `number` in each of `scopes`, unless it is later than `valid_until_ms`
    /// by the store's clock. `known` is what the asker knows of each scope; a store that knows
    /// nothing of it begins with that.
    #[must_use]
    pub fn reserve(
        node: &Node,
        (number, valid_until_ms): (u64, i64),
        (scopes, worst): (&[Arc<Scope>], Amounts),
        known: &[(u64, Vec<Spent>)],
    ) -> Self {
        let mut ask = Self::new(node, "reserve");
        ask.number(number).number(valid_until_ms);
        ask.amounts(worst).number(scopes.len());
        for (scope, (requests, spent)) in scopes.iter().zip(known) {
            ask.text(&scope.id.to_string()).number(*requests);
            ask.limit(scope.max_requests);
            ask.number(scope.limits.rpm.unwrap_or(0));
            ask.number(scope.limits.tpm.unwrap_or(0));
            ask.limit(scope.limits.concurrency);
            ask.number(scope.budgets.len());
            for (budget, spent) in scope.budgets.iter().zip(spent) {
                ask.text(budget.period.as_str());
                ask.limit(budget.money.map(|money| money.0));
                ask.limit(budget.tokens);
                ask.number(spent.start).amounts(spent.amounts);
            }
        }
        ask
    }

    /// Tells what became of what was set aside.
    #[must_use]
    pub fn settle(node: &Node, all: &[Settling]) -> Self {
        let mut ask = Self::new(node, "settle");
        ask.number(all.len());
        for one in all {
            let (what, used) = match one.what {
                What::Used(used) => ("used", used),
                What::Cancelled => ("cancel", Amounts::default()),
                What::Lasts => ("lasts", Amounts::default()),
            };
            ask.text(what).text(&one.id).amounts(used);
        }
        ask
    }

    /// Says that it lives.
    #[must_use]
    pub fn beat(node: &Node) -> Self {
        Self::new(node, "beat")
    }

    /// Says that it ends.
    #[must_use]
    pub fn leave(node: &Node) -> Self {
        Self::new(node, "leave")
    }

    /// Tells of scopes what is known to last: requests, and what was used in periods.
    #[must_use]
    pub fn known(node: &Node, all: &[(ScopeId, u64, Vec<Spent>)]) -> Self {
        let mut ask = Self::new(node, "known");
        ask.number(all.len());
        for (scope, requests, spent) in all {
            ask.text(&scope.to_string()).number(*requests);
            ask.number(spent.len());
            for one in spent {
                ask.text(one.period.as_str()).number(one.start);
                ask.amounts(one.amounts);
            }
        }
        ask
    }

    fn text(&mut self, value: &str) -> &mut Self {
        self.0.push(value.to_owned());
        self
    }

    fn number(&mut self, value: impl Display) -> &mut Self {
        self.0.push(value.to_string());
        self
    }

    /// A limit; none is -1.
    fn limit(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.number(value),
            None => self.text("-1"),
        }
    }

    fn amounts(&mut self, amounts: Amounts) -> &mut Self {
        let money = amounts.money.0.max(0).unsigned_abs();
        self.number(money.min(MOST))
            .number(amounts.tokens.min(MOST))
    }
}

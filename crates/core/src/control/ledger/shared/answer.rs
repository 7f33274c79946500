//! The script's answers. They come from a store that anybody may have written to: what makes no
//! sense is none.

use std::sync::Arc;

use super::super::account::Reached;
use super::super::{Amounts, Spent};
use crate::control::budget::{Money, Period};
use crate::control::refusal::Refusal;
use crate::control::scope::{Scope, ScopeId};

/// What every answer begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The store's memory: another one has lost what was in it.
    pub era: Arc<str>,
    /// The store's clock, in milliseconds since the Unix epoch.
    pub unix_ms: i64,
    /// Nodes that live, the one that asked included.
    pub nodes: u64,
}

/// The answer to a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is set aside. Of each scope: requests before it, and what was used.
    Granted(Vec<(u64, Vec<Spent>)>),
    /// A limit is reached.
    Refused(Refusal),
    /// It came when nobody waited for it any more, and is not set aside.
    Late,
}

/// What a node had set aside before it died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Its name.
    pub id: Box<str>,
    /// When it was set aside, in milliseconds since the Unix epoch.
    pub at_unix_ms: i64,
    /// What each of its scopes is charged.
    pub scopes: Vec<(ScopeId, Vec<Spent>)>,
}

/// Reads the answer to `worst` in `scopes`.
#[must_use]
pub fn reserved(
    answer: &[String],
    (scopes, worst): (&[Arc<Scope>], Amounts),
) -> Option<(Stamp, Said)> {
    let (what, stamp, mut rest) = open(answer)?;
    let said = match what {
        "late" => Said::Late,
        "yes" => Said::Granted(
            scopes
                .iter()
                .map(|scope| known(scope, &mut rest))
                .collect::<Option<_>>()?,
        ),
        "no" => {
            let index: usize = number(rest.next()?)?;
            let scope = scopes.get(index)?;
            let reached = reached(scope, &mut rest)?;
            Said::Refused(reached.refusal(scope.id, worst, stamp.unix_ms))
        }
        _ => return None,
    };
    Some((stamp, said))
}

fn known(scope: &Scope, rest: &mut Parts<'_>) -> Option<(u64, Vec<Spent>)> {
    let requests = number(rest.next()?)?;
    let mut spent = Vec::with_capacity(scope.budgets.len());
    for budget in &scope.budgets {
        spent.push(Spent {
            period: budget.period,
            start: number(rest.next()?)?,
            amounts: amounts(rest)?,
        });
    }
    Some((requests, spent))
}

fn reached(scope: &Scope, rest: &mut Parts<'_>) -> Option<Reached> {
    Some(match &**rest.next()? {
        "requests" => Reached::Requests,
        "budget" => {
            let index: usize = number(rest.next()?)?;
            Reached::Budget(*scope.budgets.get(index)?, amounts(rest)?)
        }
        "concurrency" => Reached::Concurrency(scope.limits.concurrency?),
        "rpm" => Reached::Rpm(number(rest.next()?)?),
        "tpm" => Reached::Tpm(number(rest.next()?)?),
        _ => return None,
    })
}

/// Reads the answer to settlements: whether each was still there.
#[must_use]
pub fn settled(answer: &[String]) -> Option<(Stamp, Vec<bool>)> {
    let (_, stamp, rest) = open(answer)?;
    Some((stamp, rest.map(|part| part == "yes").collect()))
}

/// Reads the answer to a sign of life: what has to be made last in the place of nodes that died.
/// Records that make no sense are left out.
#[must_use]
pub fn beaten(answer: &[String]) -> Option<(Stamp, Vec<Adopted>)> {
    let (_, stamp, rest) = open(answer)?;
    let adopted = rest.as_slice().chunks_exact(2);
    let adopted = adopted.filter_map(|pair| record(&pair[0], &pair[1]));
    Some((stamp, adopted.collect()))
}

fn record(id: &str, record: &str) -> Option<Adopted> {
    let mut lines = record.split(';');
    let head: Vec<&str> = lines.next()?.split(' ').collect();
    let ["settled", _, _, money, tokens, at] = head[..] else {
        return None;
    };
    let used = Amounts {
        money: Money(number(money)?),
        tokens: number(tokens)?,
    };
    let scopes = lines.map(|line| {
        let mut parts = line.split(' ');
        let scope = ScopeId::parse(parts.next()?)?;
        let spent = parts.map(|part| {
            let (period, start) = part.split_once('=')?;
            Some(Spent {
                period: Period::parse(period)?,
                start: number(start)?,
                amounts: used,
            })
        });
        Some((scope, spent.collect::<Option<_>>()?))
    });
    Some(Adopted {
        id: id.into(),
        at_unix_ms: number(at)?,
        scopes: scopes.collect::<Option<_>>()?,
    })
}

type Parts<'a> = std::slice::Iter<'a, String>;

fn open(answer: &[String]) -> Option<(&str, Stamp, Parts<'_>)> {
    let [what, era, unix_ms, nodes, rest @ ..] = answer else {
        return None;
    };
    let stamp = Stamp {
        era: era.as_str().into(),
        unix_ms: number(unix_ms)?,
        nodes: number(nodes)?,
    };
    Some((what, stamp, rest.iter()))
}

fn amounts(rest: &mut Parts<'_>) -> Option<Amounts> {
    Some(Amounts {
        money: Money(number(rest.next()?)?),
        tokens: number(rest.next()?)?,
    })
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;

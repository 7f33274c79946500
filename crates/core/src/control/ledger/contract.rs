//! What every ledger does, wherever it keeps its accounts.

use std::sync::Arc;

use uuid::Uuid;

use super::{Amounts, Grant, Ledger, Reserved};
use crate::clock::Now;
use crate::control::budget::{Budget, Money, Period};
use crate::control::refusal::{Code, Limit, Refusal};
use crate::control::scope::{Limits, Scope, ScopeId};

/// Billionths in a dollar.
const DOLLAR: i64 = 1_000_000_000;

/// A token's scope, changed.
pub fn scope(id: u128, change: impl FnOnce(&mut Scope)) -> Arc<Scope> {
    let mut scope = Scope::open(ScopeId::Token(Uuid::from_u128(id)));
    change(&mut scope);
    Arc::new(scope)
}

/// A scope with one budget of dollars.
pub fn with_dollars(id: u128, period: Period, dollars: i64) -> Arc<Scope> {
    scope(id, |scope| {
        scope.budgets = Box::new([Budget {
            period,
            money: Some(Money(dollars * DOLLAR)),
            tokens: None,
        }]);
    })
}

/// Dollars and tokens.
#[must_use]
pub fn dollars(money: i64, tokens: u64) -> Amounts {
    Amounts {
        money: Money(money * DOLLAR),
        tokens,
    }
}

/// Asks for `worst`.
///
/// # Errors
/// As [`Ledger::reserve`].
pub async fn reserve(
    ledger: &Arc<impl Ledger>,
    scopes: &[&Arc<Scope>],
    worst: Amounts,
    now: Now,
) -> Result<Grant, Refusal> {
    let scopes = scopes.iter().map(|scope| Arc::clone(scope)).collect();
    match Arc::clone(ledger).reserve(scopes, worst, now) {
        Reserved::Ready(result) => result,
        Reserved::Wait(result) => result.await,
    }
}

/// Goes through all of it with scopes that nobody else uses. `now` is the time by which the ledger
/// keeps its books.
///
/// # Panics
/// When the ledger does anything else.
pub async fn holds(ledger: &Arc<impl Ledger>, now: Now) {
    caps(ledger, now).await;
    money(ledger, now).await;
    tokens(ledger, now).await;
    levels(ledger, now).await;
    places_and_rates(ledger, now).await;
    tokens_a_minute(ledger, now).await;
}

/// A cap counts every request that was let through, paid or not.
async fn caps(ledger: &Arc<impl Ledger>, now: Now) {
    let scope = scope(101, |scope| scope.max_requests = Some(2));
    let ask = async || reserve(ledger, &[&scope], Amounts::default(), now).await;
    ask().await.unwrap().undo();
    drop(ask().await.unwrap());
    let refusal = ask().await.unwrap_err();
    assert_eq!(refusal.code, Code::RequestCap);
    assert_eq!(
        refusal.message,
        "Rate limit exceeded: the token's requests are used up"
    );
    assert_eq!(refusal.limit, Some(Limit::Requests));
    assert_eq!((refusal.retry_ms, refusal.resets_at), (None, None));
}

/// The worst case is set aside, what was not used comes back, and what is dropped is paid.
async fn money(ledger: &Arc<impl Ledger>, now: Now) {
    let scope = with_dollars(102, Period::Month, 10);
    let ask = async |worst| reserve(ledger, &[&scope], dollars(worst, 0), now).await;
    let first = ask(6).await.unwrap();
    let refusal = ask(6).await.unwrap_err();
    assert_eq!(refusal.code, Code::Budget);
    assert_eq!(refusal.limit, Some(Limit::Budget));
    assert_eq!(
        refusal.message,
        "token's month budget: $6.00 of $10.00 used or set aside, $6.00 needed"
    );
    assert_eq!(refusal.resets_at, Period::Month.end(now.unix_ms));
    first.settle(dollars(1, 0));
    drop(ask(6).await.unwrap());
    assert_eq!(ask(4).await.unwrap_err().code, Code::Budget);
    ask(3).await.unwrap().undo();
}

async fn tokens(ledger: &Arc<impl Ledger>, now: Now) {
    let scope = scope(103, |scope| {
        scope.budgets = Box::new([Budget {
            period: Period::Lifetime,
            money: None,
            tokens: Some(100),
        }]);
    });
    let ask = async |worst| reserve(ledger, &[&scope], dollars(0, worst), now).await;
    ask(96).await.unwrap().settle(dollars(0, 95));
    let refusal = ask(6).await.unwrap_err();
    assert_eq!((refusal.code, refusal.resets_at), (Code::Budget, None));
    assert_eq!(
        refusal.message,
        "token's lifetime budget: 95 of 100 tokens used or set aside, 6 needed"
    );
    assert!(ask(5).await.is_ok());
}

/// A refusal by one level takes nothing from the others.
async fn levels(ledger: &Arc<impl Ledger>, now: Now) {
    let wide = scope(104, |scope| scope.max_requests = Some(1));
    let narrow = scope(105, |scope| scope.limits.concurrency = Some(0));
    let worst = Amounts::default();
    let refused = reserve(ledger, &[&wide, &narrow], worst, now).await;
    assert_eq!(refused.unwrap_err().limit, Some(Limit::Concurrency));
    assert!(reserve(ledger, &[&wide], worst, now).await.is_ok());
}

/// Rates say when to come back, and places are given back.
async fn places_and_rates(ledger: &Arc<impl Ledger>, now: Now) {
    let scope = scope(106, |scope| {
        scope.limits = Limits {
            rpm: Some(2),
            tpm: None,
            concurrency: Some(1),
        };
    });
    let ask = async || reserve(ledger, &[&scope], Amounts::default(), now).await;
    let first = ask().await.unwrap();
    let refusal = ask().await.unwrap_err();
    assert_eq!(refusal.retry_ms, Some(1000));
    assert_eq!(
        refusal.message,
        "Rate limit exceeded: the token's limit of 1 requests at once is reached"
    );
    drop(first);
    drop(ask().await.unwrap());
    let refusal = ask().await.unwrap_err();
    assert_eq!(refusal.limit, Some(Limit::Rpm));
    let wait = refusal.retry_ms.unwrap();
    assert!((1..=30_000).contains(&wait), "{wait}");
}

/// What was estimated too high comes back to the rate, and a request that is larger than the rate
/// takes the whole of it.
async fn tokens_a_minute(ledger: &Arc<impl Ledger>, now: Now) {
    let scope = scope(107, |scope| scope.limits.tpm = Some(1_000_000));
    let ask = async |worst| reserve(ledger, &[&scope], dollars(0, worst), now).await;
    let first = ask(50_000_000).await.unwrap();
    let refusal = ask(900_000).await.unwrap_err();
    assert_eq!(refusal.limit, Some(Limit::Tpm));
    first.settle(dollars(0, 400_000));
    ask(600_000).await.unwrap().settle(dollars(0, 600_000));
    let wait = ask(1_000_000).await.unwrap_err().retry_ms.unwrap();
    assert!((1..=60_000).contains(&wait), "{wait}");
}

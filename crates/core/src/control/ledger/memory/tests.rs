use uuid::Uuid;

use super::*;
use crate::control::budget::{Budget, Money, Period};
use crate::control::refusal::Code;
use crate::control::scope::Limits;

const NOW: Now = Now {
    ms: 1_000_000,
    unix_ms: 1_800_000_000_000,
};

fn ledger() -> Arc<MemoryLedger> {
    Arc::new(MemoryLedger::new(|| NOW))
}

fn scope(id: u128, change: impl FnOnce(&mut Scope)) -> Arc<Scope> {
    let mut scope = Scope::open(ScopeId::Token(Uuid::from_u128(id)));
    change(&mut scope);
    Arc::new(scope)
}

fn dollars(money: i64, tokens: u64) -> Amounts {
    Amounts {
        money: Money(money * 1_000_000_000),
        tokens,
    }
}

fn reserve(
    ledger: &Arc<MemoryLedger>,
    scopes: &[&Arc<Scope>],
    worst: Amounts,
    now: Now,
) -> Result<Grant, Refusal> {
    let scopes = scopes.iter().map(|scope| Arc::clone(scope)).collect();
    match Arc::clone(ledger).reserve(scopes, worst, now) {
        Reserved::Ready(result) => result,
        Reserved::Wait(_) => unreachable!("memory does not wait"),
    }
}

fn code(result: Result<Grant, Refusal>) -> Option<Code> {
    result.err().map(|refusal| refusal.code)
}

#[test]
fn a_cap_counts_every_request_that_was_let_through() {
    let ledger = ledger();
    let scope = scope(1, |scope| scope.max_requests = Some(2));
    let worst = Amounts::default();
    let first = reserve(&ledger, &[&scope], worst, NOW).unwrap();
    first.undo();
    assert!(reserve(&ledger, &[&scope], worst, NOW).is_ok());
    assert_eq!(
        code(reserve(&ledger, &[&scope], worst, NOW)),
        Some(Code::RequestCap)
    );
}

#[test]
fn the_worst_case_is_set_aside_and_what_was_not_used_comes_back() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.budgets = Box::new([Budget {
            period: Period::Day,
            money: Some(Money(10_000_000_000)),
            tokens: None,
        }]);
    });
    let first = reserve(&ledger, &[&scope], dollars(6, 0), NOW).unwrap();
    let refusal = reserve(&ledger, &[&scope], dollars(6, 0), NOW).unwrap_err();
    assert_eq!(refusal.code, Code::Budget);
    assert_eq!(
        refusal.message,
        "token's day budget: $6.00 of $10.00 used or set aside, $6.00 needed"
    );
    assert_eq!(refusal.resets_at, Period::Day.end(NOW.unix_ms));
    first.settle(dollars(1, 0));
    let second = reserve(&ledger, &[&scope], dollars(6, 0), NOW).unwrap();
    drop(second);
    assert_eq!(
        code(reserve(&ledger, &[&scope], dollars(4, 0), NOW)),
        Some(Code::Budget)
    );
    let tomorrow = Now {
        unix_ms: NOW.unix_ms + 86_400_000,
        ..NOW
    };
    assert!(reserve(&ledger, &[&scope], dollars(10, 0), tomorrow).is_ok());
}

#[test]
fn tokens_have_budgets_too() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.budgets = Box::new([Budget {
            period: Period::Lifetime,
            money: None,
            tokens: Some(100),
        }]);
    });
    reserve(&ledger, &[&scope], dollars(0, 90), NOW)
        .unwrap()
        .settle(dollars(0, 95));
    let refusal = reserve(&ledger, &[&scope], dollars(0, 6), NOW).unwrap_err();
    assert_eq!((refusal.code, refusal.resets_at), (Code::Budget, None));
    assert!(reserve(&ledger, &[&scope], dollars(0, 5), NOW).is_ok());
}

#[test]
fn a_refusal_by_one_level_takes_nothing_from_the_others() {
    let ledger = ledger();
    let wide = scope(1, |scope| scope.max_requests = Some(1));
    let narrow = scope(2, |scope| {
        scope.limits = Limits {
            concurrency: Some(0),
            ..Limits::default()
        }
    });
    let worst = Amounts::default();
    assert_eq!(
        code(reserve(&ledger, &[&wide, &narrow], worst, NOW)),
        Some(Code::RateLimit)
    );
    assert!(reserve(&ledger, &[&wide], worst, NOW).is_ok());
}

#[test]
fn rates_say_when_to_come_back_and_places_are_given_back() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.limits = Limits {
            rpm: Some(2),
            tpm: None,
            concurrency: Some(1),
        };
    });
    let worst = Amounts::default();
    let first = reserve(&ledger, &[&scope], worst, NOW).unwrap();
    assert_eq!(
        code(reserve(&ledger, &[&scope], worst, NOW)),
        Some(Code::RateLimit)
    );
    drop(first);
    drop(reserve(&ledger, &[&scope], worst, NOW).unwrap());
    let refusal = reserve(&ledger, &[&scope], worst, NOW).unwrap_err();
    assert_eq!(refusal.retry_ms, Some(30_000));
    assert!(reserve(&ledger, &[&scope], worst, NOW.plus_ms(30_000)).is_ok());
}

#[test]
fn what_was_used_is_told_once_and_taken_back_after_a_restart() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.max_requests = Some(3);
        scope.budgets = Box::new([Budget {
            period: Period::Month,
            money: Some(Money(10_000_000_000)),
            tokens: None,
        }]);
    });
    reserve(&ledger, &[&scope], dollars(5, 7), NOW)
        .unwrap()
        .settle(dollars(2, 3));
    let changes = ledger.changes();
    let start = Period::Month.start(NOW.unix_ms);
    let spent = vec![Spent {
        period: Period::Month,
        start,
        amounts: dollars(2, 3),
    }];
    assert_eq!(
        changes,
        [Change {
            scope: scope.id,
            requests: 1,
            last_used_ms: NOW.unix_ms,
            spent: spent.clone(),
        }]
    );
    assert_eq!(ledger.changes(), []);
    let restarted = self::ledger();
    restarted.restore(scope.id, 2, &spent);
    assert_eq!(
        code(reserve(&restarted, &[&scope], dollars(9, 0), NOW)),
        Some(Code::Budget)
    );
    drop(reserve(&restarted, &[&scope], dollars(8, 0), NOW).unwrap());
    assert_eq!(
        code(reserve(&restarted, &[&scope], dollars(0, 0), NOW)),
        Some(Code::RequestCap)
    );
}

#[test]
fn many_at_once_never_use_more_than_there_is() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.budgets = Box::new([Budget {
            period: Period::Lifetime,
            money: Some(Money(100)),
            tokens: None,
        }]);
    });
    let each = Amounts {
        money: Money(3),
        tokens: 0,
    };
    let granted: usize = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                threads.spawn(|| {
                    (0..100)
                        .filter(|_| reserve(&ledger, &[&scope], each, NOW).is_ok())
                        .count()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    assert_eq!(granted, 33);
}

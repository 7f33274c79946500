use uuid::Uuid;

use super::*;
use crate::control::budget::{Budget, Money, Period};
use crate::control::contract::dollars;
use crate::control::refusal::Code;
use crate::control::scope::Limits;

const NOW: Now = Now {
    ms: 1_000_000,
    unix_ms: 1_800_000_000_000,
};

fn ledger() -> Arc<MemoryLedger> {
    Arc::new(MemoryLedger::new(|| NOW))
}

async fn holds(ledger: Arc<MemoryLedger>) {
    crate::control::contract::holds(&ledger, NOW).await;
}

fn scope(id: u128, change: impl FnOnce(&mut Scope)) -> Arc<Scope> {
    let mut scope = Scope::open(ScopeId::Token(Uuid::from_u128(id)));
    change(&mut scope);
    Arc::new(scope)
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
fn it_does_what_every_ledger_does() {
    let mut held = std::pin::pin!(holds(ledger()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(held.as_mut().poll(&mut context).is_ready());
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

#[test]
fn whoever_is_cut_off_keeps_to_its_share_and_is_not_sure_beyond() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.max_requests = Some(10);
        scope.budgets = Box::new([Budget {
            period: Period::Day,
            money: Some(Money(10_000_000_000)),
            tokens: None,
        }]);
    });
    let scopes = [scope];
    let start = Period::Day.start(NOW.unix_ms);
    let spent = |money| Spent {
        period: Period::Day,
        start,
        amounts: dollars(money, 0),
    };
    ledger.note(&scopes, (dollars(0, 0), NOW), &[(0, vec![spent(4)])]);
    let take = |money, nodes| ledger.take_alone(&scopes, (dollars(money, 0), NOW), nodes);
    assert_eq!(take(2, 3), Ok(Taken::Granted));
    assert_eq!(
        take(1, 3),
        Ok(Taken::Unsure),
        "six thirds of which two are gone"
    );
    assert_eq!(take(0, 3), Ok(Taken::Granted));
    assert_eq!(take(0, 3), Ok(Taken::Granted));
    assert_eq!(take(0, 3), Ok(Taken::Unsure), "a third of nine requests");
    assert_eq!(take(5, 3).unwrap_err().code, Code::Budget);
    assert_eq!(take(4, 1), Ok(Taken::Granted));
    ledger.together();
    assert!(ledger.fits_share(&scopes, (dollars(0, 0), NOW), 2));
}

#[test]
fn what_others_have_let_through_is_told_once_it_is_owed() {
    let ledger = ledger();
    let scope = scope(1, |scope| {
        scope.budgets = Box::new([Budget {
            period: Period::Day,
            money: Some(Money(10_000_000_000)),
            tokens: None,
        }]);
    });
    let claim = Claim {
        scopes: Arc::new([Arc::clone(&scope)]),
        worst: dollars(5, 5),
        at_unix_ms: NOW.unix_ms,
        held: None,
    };
    ledger.note(&claim.scopes, (claim.worst, NOW), &[]);
    assert_eq!(
        code(reserve(&ledger, &[&scope], dollars(6, 0), NOW)),
        Some(Code::Budget)
    );
    ledger.settle_noted(&claim, dollars(2, 1));
    assert_eq!(ledger.changes(), []);
    assert_eq!(
        ledger.known(&scope, NOW.unix_ms).1[0].amounts,
        dollars(2, 1)
    );
    ledger.owe(&claim, dollars(2, 1));
    let changes = ledger.changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].requests, 1);
    assert_eq!(changes[0].spent[0].amounts, dollars(2, 1));
    assert_eq!(ledger.changes(), []);
}

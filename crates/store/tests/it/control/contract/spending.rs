//! What tenants have used.

use weir_core::control::{Amounts, Change, Money, Period, ScopeId, Spent};
use weir_store::control::{ControlStore, NewToken, Seal, TokenCounts, TokenEdit, TokenState};

use crate::control::world::{Ground, World, by, new_token};

pub(crate) async fn an_edit_takes_nothing_from_what_was_counted_meanwhile(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (id, _) = world.token(project).await;
    let change = |requests| Change {
        scope: ScopeId::Token(id),
        requests,
        last_used_ms: 1_800_000_000_000,
        spent: Vec::new(),
    };
    world.store.add_usage(&[change(3)]).await.unwrap();
    let cap = TokenEdit {
        max_requests: Some(10),
        ..TokenEdit::default()
    };
    world.store.edit_token(id, cap, &by()).await.unwrap();
    world.store.add_usage(&[change(2)]).await.unwrap();
    let row = world.store.token(id).await.unwrap();
    assert_eq!((row.request_count, row.max_requests), (5, Some(10)));
    assert_eq!(row.last_used_us, Some(1_800_000_000_000_000));
}

pub(crate) async fn what_was_spent_adds_up_and_is_there_after_a_restart(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let spent = |start| Spent {
        period: Period::Month,
        start,
        amounts: Amounts {
            money: Money(5),
            tokens: 7,
        },
    };
    let scope = ScopeId::Project(project);
    let change = Change {
        scope,
        requests: 1,
        last_used_ms: now_ms,
        spent: vec![spent(Period::Month.start(now_ms)), spent(0)],
    };
    world
        .store
        .add_usage(&[change.clone(), change])
        .await
        .unwrap();
    let again = world.again(Seal::default()).await;
    let accounts = again.load(false).await.unwrap().accounts;
    let account = accounts
        .iter()
        .find(|account| account.scope == scope)
        .unwrap();
    assert_eq!(account.spent.len(), 1, "months that are over are left out");
    let amounts = account.spent[0].amounts;
    assert_eq!((amounts.money, amounts.tokens), (Money(10), 14));
}

pub(crate) async fn two_nodes_that_add_at_once_lose_nothing(ground: &Ground) {
    const EACH: u64 = 25;
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (first, _) = world.token(project).await;
    let (second, _) = world.token(project).await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let change = |scope| Change {
        scope,
        requests: 1,
        last_used_ms: now_ms,
        spent: vec![Spent {
            period: Period::Month,
            start: Period::Month.start(now_ms),
            amounts: Amounts {
                money: Money(3),
                tokens: 2,
            },
        }],
    };
    let scopes = [
        ScopeId::Token(first),
        ScopeId::Token(second),
        ScopeId::Project(project),
    ];
    let node = |scopes: Vec<ScopeId>, store: ControlStore| {
        let changes: Vec<Change> = scopes.into_iter().map(change).collect();
        tokio::spawn(async move {
            for _ in 0..EACH {
                store.add_usage(&changes).await.unwrap();
            }
        })
    };
    let other = world.again(Seal::default()).await;
    let forth = node(scopes.to_vec(), world.store.clone());
    let back = node(scopes.iter().rev().copied().collect(), other);
    let edits = world.store.clone();
    for _ in 0..5 {
        edits.revoke_tokens(project, &by()).await.unwrap();
    }
    forth.await.unwrap();
    back.await.unwrap();
    for id in [first, second] {
        let row = world.store.token(id).await.unwrap();
        assert_eq!(row.request_count, 2 * EACH);
    }
    for scope in scopes {
        let spent = world.store.spent(scope).await.unwrap();
        let amounts = spent[0].amounts;
        let expected = (Money(3 * 2 * i64::try_from(EACH).unwrap()), 2 * 2 * EACH);
        assert_eq!((amounts.money, amounts.tokens), expected);
    }
}

pub(crate) async fn projects_know_what_was_spent_and_how_many_tokens_are_good_for_something(
    ground: &Ground,
) {
    let world = World::new(ground).await;
    let (one, other) = (world.project("one").await, world.project("other").await);
    let capped = NewToken {
        max_requests: Some(3),
        ..new_token(one)
    };
    let (capped, _) = world.store.create_token(capped, &by()).await.unwrap();
    let (revoked, _) = world.token(one).await;
    world.token(one).await;
    let (late, _) = world.token(one).await;
    let past = format!("UPDATE tokens SET expires_us = 1 WHERE id = '{late}'");
    world.execute(&past).await;
    world.store.revoke_token(revoked, &by()).await.unwrap();
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let used = |scope, requests| Change {
        scope,
        requests,
        last_used_ms: now_ms,
        spent: vec![Spent {
            period: Period::Day,
            start: Period::Day.start(now_ms),
            amounts: Amounts {
                money: Money(5),
                tokens: 7,
            },
        }],
    };
    let changes = [
        used(ScopeId::Project(one), 0),
        used(ScopeId::Token(capped.id), 3),
    ];
    world.store.add_usage(&changes).await.unwrap();

    let counts = world.store.token_counts(None).await.unwrap();
    let expected = TokenCounts {
        total: 4,
        active: 1,
        requests: 3,
    };
    assert_eq!(counts.get(&one), Some(&expected));
    assert_eq!(counts.get(&other), None);
    let own = world.store.token_counts(Some(one)).await.unwrap();
    assert_eq!(own, counts);
    for (id, state) in [
        (capped.id, TokenState::UsedUp),
        (revoked, TokenState::Revoked),
        (late, TokenState::Expired),
    ] {
        assert_eq!(world.store.token(id).await.unwrap().state(), state);
    }
    let spent = world.store.all_spent().await.unwrap();
    assert_eq!(spent.len(), 2);
    assert_eq!(
        spent[&ScopeId::Project(one)],
        world.store.spent(ScopeId::Project(one)).await.unwrap()
    );
}

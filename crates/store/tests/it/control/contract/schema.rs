//! The schema, what is sealed in it, and what is copied to another.

use weir_core::control::{Amounts, Change, Money, Period, ScopeId, Spent};
use weir_core::settings::ControlDatabase;
use weir_store::control::{AuditFilter, ControlError, ControlStore, Event, NewToken, Seal, State};

use crate::control::world::{Ground, World, by, encryption, new_token};

pub(crate) async fn ten_nodes_that_start_at_once_all_come_up(ground: &Ground) {
    let database = ground.database().await;
    let nodes: Vec<_> = (0..10)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move { ControlStore::open(&database, Seal::default()).await })
        })
        .collect();
    for node in nodes {
        let store = node.await.unwrap().unwrap();
        assert_eq!(store.version().await.unwrap(), 0);
        assert_eq!(store.verify_audit().await.unwrap(), Ok(0));
    }
}

pub(crate) async fn the_schema_goes_down_and_up_again(ground: &Ground) {
    let database = ground.database().await;
    let store = ControlStore::attach(&database, Seal::default())
        .await
        .unwrap();
    let states = async || {
        let all = store.schema().migrations().await.unwrap();
        let mut states: Vec<State> = all.iter().map(|one| one.state).collect();
        states.dedup();
        states
    };
    assert_eq!(states().await, [State::Pending]);
    store.schema().up(None).await.unwrap();
    store.schema().up(None).await.unwrap();
    assert_eq!(states().await, [State::Applied]);
    store.schema().down(0).await.unwrap();
    assert_eq!(states().await, [State::Pending]);
    assert!(store.version().await.is_err(), "there is no table");
    store.schema().up(None).await.unwrap();
    assert_eq!(store.version().await.unwrap(), 0);
}

pub(crate) async fn a_schema_of_a_newer_weir_is_refused(ground: &Ground) {
    let world = World::new(ground).await;
    world
        .execute(match &world.database {
            ControlDatabase::Sqlite(_) => "PRAGMA user_version = 99",
            ControlDatabase::Server(_) => {
                "INSERT INTO weir_migrations (version, name, applied_us) VALUES (99, 'x', 0)"
            }
        })
        .await;
    let refused = ControlStore::open(&world.database, Seal::default()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("schema version 99"), "{refused}");
    assert!(world.store.schema().down(0).await.is_err());
    let all = world.store.schema().migrations().await.unwrap();
    let last = all.last().unwrap();
    assert_eq!((last.version, last.state), (99, State::Unknown));
}

pub(crate) async fn sealing_makes_up_for_what_was_open_and_is_done_once(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (_, secret) = world.token(project).await;
    let upstream = async |store: &ControlStore| {
        let loaded = store.load(false).await.unwrap();
        let holder = loaded.directory.find(secret.expose().as_bytes()).unwrap();
        let upstream = holder.project.keys[0].secret.clone();
        upstream.map(|secret| secret.expose().to_owned())
    };
    assert!(world.store.seal_all(&by()).await.is_err(), "no key");
    let one = world.again(Seal::new(Some(&encryption(1)), &[]).unwrap());
    let one = one.await;
    assert_eq!(one.sealed().await.unwrap().open, 1);
    let done = one.seal_all(&by()).await.unwrap();
    assert_eq!((done.sealed, done.resealed, done.skipped), (1, 0, 0));
    let stored = world.text("SELECT secret FROM project_keys").await;
    assert!(stored.starts_with("enc:v2:"), "{stored}");
    let done = one.seal_all(&by()).await.unwrap();
    assert_eq!((done.sealed, done.resealed, done.skipped), (0, 0, 1));
    assert_eq!(upstream(&one).await.as_deref(), Some("UPKEY-0123456789"));
    let two = Seal::new(Some(&encryption(2)), &[encryption(1)]).unwrap();
    let two = world.again(two).await;
    assert_eq!(two.sealed().await.unwrap().older, 1);
    assert_eq!(two.seal_all(&by()).await.unwrap().resealed, 1);
    assert_eq!(two.sealed().await.unwrap().current, 1);
    assert_eq!(upstream(&two).await.as_deref(), Some("UPKEY-0123456789"));
    assert_eq!(one.sealed().await.unwrap().lost, 1);
    assert_eq!(one.seal_all(&by()).await.unwrap().lost, 1);
    assert_eq!(upstream(&two).await.as_deref(), Some("UPKEY-0123456789"));
    assert_eq!(two.verify_audit().await.unwrap(), Ok(4));
}

pub(crate) async fn what_is_copied_is_the_same_as_before(ground: &Ground) {
    let (from, to) = (
        World::new(&Ground::sqlite()).await,
        World::new(ground).await,
    );
    let project = from.project("one").await;
    let (parent, secret) = from.token(project).await;
    let child = NewToken {
        parent: Some(parent),
        ..new_token(project)
    };
    from.store.create_token(child, &by()).await.unwrap();
    let events = vec![(by(), Event::success("cache.purge")); 1450];
    from.store.audit(&events).await.unwrap();
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let change = Change {
        scope: ScopeId::Token(parent),
        requests: 7,
        last_used_ms: now_ms,
        spent: vec![Spent {
            period: Period::Month,
            start: Period::Month.start(now_ms),
            amounts: Amounts {
                money: Money(5),
                tokens: 7,
            },
        }],
    };
    from.store.add_usage(&[change]).await.unwrap();
    let moved = std::sync::atomic::AtomicU64::new(0);
    let count = |rows| {
        moved.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    };
    // What is left of a copy that was broken off.
    to.execute(
        "INSERT INTO audit_events (seq, id, at_us, action, actor, outcome, details, hash) \
         VALUES (1, 'x', 0, 'x', 'x', 'x', '{}', 'x')",
    )
    .await;
    to.store.copy_from(&from.store, &count).await.unwrap();
    assert_eq!(moved.into_inner(), from.store.rows_to_copy().await.unwrap());
    assert_eq!(to.store.verify_audit().await.unwrap(), Ok(1453));
    assert_eq!(
        to.store.projects().await.unwrap(),
        from.store.projects().await.unwrap()
    );
    assert_eq!(
        to.store.tokens(None, false).await.unwrap(),
        from.store.tokens(None, false).await.unwrap()
    );
    let scope = ScopeId::Token(parent);
    assert_eq!(
        to.store.spent(scope).await.unwrap(),
        from.store.spent(scope).await.unwrap()
    );
    assert_eq!(to.code(&secret).await, None);
    let again = to.store.copy_from(&from.store, &|_| ()).await.unwrap_err();
    assert!(again.to_string().contains("is not empty"), "{again}");
    assert_eq!(to.store.verify_audit().await.unwrap(), Ok(1453));
}

pub(crate) async fn a_text_with_a_nul_is_kept_or_refused(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let new = NewToken {
        name: Some("a\0b".into()),
        ..new_token(project)
    };
    match world.store.create_token(new, &by()).await {
        Ok((row, _)) => assert_eq!(row.name.as_deref(), Some("a\0b")),
        Err(error) => assert!(matches!(error, ControlError::Invalid(_)), "{error}"),
    }
    let search = AuditFilter {
        search: Some("\0".into()),
        ..AuditFilter::default()
    };
    let found = world.store.audit_page(&search, 1, 10).await;
    assert!(matches!(found, Err(ControlError::Invalid(_))));
    assert!(world.store.verify_audit().await.unwrap().is_ok());
}

//! The chain of changes.

use weir_store::control::{AuditFilter, ControlError, ControlStore, Event, Seal};

use crate::control::world::{Ground, World, by, new_token};

pub(crate) async fn every_change_is_in_the_chain_and_what_is_tampered_with_shows(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (id, _) = world.token(project).await;
    world.store.revoke_token(id, &by()).await.unwrap();
    let events = vec![(by(), Event::success("cache.purge")); 3];
    world.store.audit(&events).await.unwrap();
    assert_eq!(world.store.verify_audit().await.unwrap(), Ok(6));
    for (spoil, seq) in [
        ("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2", 2),
        ("UPDATE audit_events SET details = '{}' WHERE seq = 1", 1),
        ("DELETE FROM audit_events WHERE seq = 4", 4),
        ("DELETE FROM audit_events WHERE seq = 6", 6),
    ] {
        world
            .execute("CREATE TABLE kept AS SELECT * FROM audit_events")
            .await;
        world.execute(spoil).await;
        let broken = world.store.verify_audit().await.unwrap().unwrap_err();
        assert_eq!(broken.seq, seq, "{spoil}");
        world
            .execute(
                "DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM kept; \
                 DROP TABLE kept",
            )
            .await;
    }
    assert_eq!(world.store.verify_audit().await.unwrap(), Ok(6));
}

pub(crate) async fn audit_events_are_found_by_page_and_filter(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    for _ in 0..3 {
        let (id, _) = world.token(project).await;
        world.store.revoke_token(id, &by()).await.unwrap();
    }
    let page = |equal: Vec<(&'static str, String)>, search: Option<&str>| AuditFilter {
        equal,
        search: search.map(str::to_owned),
        ..AuditFilter::default()
    };
    let revoked = page(vec![("action", "token.revoke".into())], None);
    let found = world.store.audit_page(&revoked, 1, 1).await.unwrap();
    assert_eq!((found.events.len(), found.total), (1, 3));
    assert_eq!(found.events[0].request_id.as_deref(), Some("r-1"));
    let second = world.store.audit_page(&revoked, 2, 1).await.unwrap();
    assert!(
        second.events[0].seq < found.events[0].seq,
        "the newest come first"
    );
    for (search, count) in [("REVOKE", 3), ("100%", 0), ("_", 7), ("nothing such", 0)] {
        let found = world
            .store
            .audit_page(&page(Vec::new(), Some(search)), 1, 50)
            .await
            .unwrap();
        assert_eq!(found.total, count, "{search}");
    }
    let later = AuditFilter {
        from_us: Some(i64::MAX),
        ..AuditFilter::default()
    };
    assert_eq!(
        world.store.audit_page(&later, 1, 50).await.unwrap().events,
        []
    );
    for (from_us, to_us, count) in [(0, i64::MAX, 7), (0, 1, 0)] {
        let between = AuditFilter {
            from_us: Some(from_us),
            to_us: Some(to_us),
            ..AuditFilter::default()
        };
        let found = world.store.audit_page(&between, 1, 50).await.unwrap();
        assert_eq!(found.total, count, "{from_us} to {to_us}");
    }
    let event = world.store.audit_event(&found.events[0].id).await.unwrap();
    assert_eq!(event, found.events[0]);
    let none = world.store.audit_event("nothing").await;
    assert!(matches!(none, Err(ControlError::NotFound("audit event"))));
}

pub(crate) async fn many_at_once_leave_one_chain(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.create_token(new_token(project), &by()).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(world.store.verify_audit().await.unwrap(), Ok(21));
}

pub(crate) async fn the_chain_is_whole_while_two_nodes_write_it(ground: &Ground) {
    const EACH: i64 = 20;
    let world = World::new(ground).await;
    let other = world.again(Seal::default()).await;
    let write = |store: ControlStore| {
        tokio::spawn(async move {
            for _ in 0..EACH {
                let event = (by(), Event::success("cache.purge"));
                store.audit(&[event]).await.unwrap();
            }
        })
    };
    let (one, two) = (write(world.store.clone()), write(other.clone()));
    while !(one.is_finished() && two.is_finished()) {
        let verified = world.store.verify_audit().await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        tokio::task::yield_now().await;
    }
    one.await.unwrap();
    two.await.unwrap();
    assert_eq!(other.verify_audit().await.unwrap(), Ok(2 * EACH));
}

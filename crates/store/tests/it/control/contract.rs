//! What holds of the store on every kind of database.

use uuid::Uuid;
use weir_core::control::{
    Amounts, Change, Code, Digest, Money, Period, ScopeId, ScopeSpec, SpecEdit, Spent,
};
use weir_core::secret::Secret;
use weir_core::settings::ControlDatabase;
use weir_store::control::{
    Answer, AuditFilter, ControlError, ControlStore, Event, IdempotencyKey, Keyed, NewProject,
    NewToken, ProjectEdit, Seal, State, TokenCounts, TokenEdit, TokenState,
};

use super::world::{Ground, World, by, encryption, key, new_token};

pub(super) async fn a_token_opens_its_project_and_only_its_digest_is_kept(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (id, secret) = world.token(project).await;
    let loaded = world.store.load(false).await.unwrap();
    let holder = loaded.directory.find(secret.expose().as_bytes()).unwrap();
    assert_eq!((holder.token_id(), holder.project.id), (id, project));
    let upstream = holder.project.keys[0].secret.as_ref().unwrap();
    assert_eq!(upstream.expose(), "UPKEY-0123456789");
    let digest = world.text("SELECT digest FROM tokens").await;
    assert_eq!(digest, Digest::of(secret.expose().as_bytes()).to_hex());
    let row = world.store.token(id).await.unwrap();
    assert!(row.hint.starts_with("sk-") && row.hint.contains("****"));
}

pub(super) async fn keys_are_sealed_and_another_encryption_key_opens_none(ground: &Ground) {
    let seal = Seal::new(Some(&encryption(1)), &[]).unwrap();
    let world = World::sealed(ground, seal).await;
    let project = world.project("one").await;
    let (_, secret) = world.token(project).await;
    let stored = world.text("SELECT secret FROM project_keys").await;
    assert!(stored.starts_with("enc:v2:") && !stored.contains("UPKEY"));
    let other = world
        .again(Seal::new(Some(&encryption(2)), &[]).unwrap())
        .await;
    let loaded = other.load(false).await.unwrap();
    let holder = loaded.directory.find(secret.expose().as_bytes()).unwrap();
    assert_eq!(
        holder.project.keys[0].secret, None,
        "and no other key takes its place"
    );
}

pub(super) async fn a_revoked_token_is_refused_and_one_that_is_switched_on_again_is_not(
    ground: &Ground,
) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (id, secret) = world.token(project).await;
    let version = world.store.version().await.unwrap();
    world.store.revoke_token(id, &by()).await.unwrap();
    world.store.revoke_token(id, &by()).await.unwrap();
    assert!(world.store.version().await.unwrap() > version);
    assert_eq!(world.code(&secret).await, Some(Code::TokenInactive));
    assert!(
        world
            .store
            .token(id)
            .await
            .unwrap()
            .deactivated_us
            .is_some()
    );
    let on = TokenEdit {
        is_active: Some(true),
        ..TokenEdit::default()
    };
    let row = world.store.edit_token(id, on, &by()).await.unwrap();
    assert_eq!((row.is_active, row.deactivated_us), (true, None));
    assert_eq!(world.code(&secret).await, None);
}

pub(super) async fn all_tokens_of_a_project_are_revoked_at_once_and_counted(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(world.token(project).await.0);
    }
    world.store.revoke_token(ids[0], &by()).await.unwrap();
    let first = world.store.revoke_tokens(project, &by()).await.unwrap();
    assert_eq!((first.revoked, first.already), (3, 1));
    let again = world.store.revoke_tokens(project, &by()).await.unwrap();
    assert_eq!((again.revoked, again.already), (0, 4));
}

pub(super) async fn a_project_that_is_switched_off_takes_its_tokens_along(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (id, secret) = world.token(project).await;
    let off = |revoke_tokens| ProjectEdit {
        is_active: Some(false),
        revoke_tokens,
        ..ProjectEdit::default()
    };
    let row = world
        .store
        .edit_project(project, off(false), &by())
        .await
        .unwrap();
    assert!(row.deactivated_us.is_some());
    assert_eq!(world.code(&secret).await, Some(Code::ProjectInactive));
    let refused = world.store.create_token(new_token(project), &by()).await;
    assert!(matches!(refused, Err(ControlError::ProjectInactive)));
    let on = ProjectEdit {
        is_active: Some(true),
        ..ProjectEdit::default()
    };
    world.store.edit_project(project, on, &by()).await.unwrap();
    assert_eq!(world.code(&secret).await, None);
    world
        .store
        .edit_project(project, off(true), &by())
        .await
        .unwrap();
    assert!(!world.store.token(id).await.unwrap().is_active);
}

pub(super) async fn a_rotated_secret_works_beside_the_new_one_for_a_time(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (id, old) = world.token(project).await;
    let (row, new) = world.store.rotate_token(id, 5, &by()).await.unwrap();
    assert_eq!(row.id, id);
    assert_eq!(
        (world.code(&old).await, world.code(&new).await),
        (None, None)
    );
    let (_, newest) = world.store.rotate_token(id, 0, &by()).await.unwrap();
    let loaded = world.store.load(false).await.unwrap();
    assert!(loaded.directory.find(old.expose().as_bytes()).is_none());
    assert_eq!(world.code(&newest).await, None);
}

pub(super) async fn a_child_belongs_to_its_parents_project(ground: &Ground) {
    let world = World::new(ground).await;
    let (one, two) = (world.project("one").await, world.project("two").await);
    let (parent, _) = world.token(one).await;
    let child = |project| NewToken {
        parent: Some(parent),
        ..new_token(project)
    };
    let stray = world
        .store
        .create_token(child(two), &by())
        .await
        .unwrap_err();
    assert!(stray.to_string().contains("parent_id"), "{stray}");
    let (_, secret) = world.store.create_token(child(one), &by()).await.unwrap();
    world.store.revoke_token(parent, &by()).await.unwrap();
    assert_eq!(world.code(&secret).await, Some(Code::TokenInactive));
}

pub(super) async fn what_is_wrong_is_refused_by_field_and_changes_nothing(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let spec: ScopeSpec = serde_json::from_str(r#"{"limits":{"rpm":0}}"#).unwrap();
    for (new, field) in [
        (
            NewToken {
                duration_minutes: 0,
                ..new_token(project)
            },
            "duration_minutes",
        ),
        (
            NewToken {
                duration_minutes: 525_601,
                ..new_token(project)
            },
            "duration_minutes",
        ),
        (
            NewToken {
                spec,
                ..new_token(project)
            },
            "limits.rpm",
        ),
    ] {
        let error = world.store.create_token(new, &by()).await.unwrap_err();
        assert!(error.to_string().starts_with(field), "{error}");
    }
    let unknown = world
        .store
        .create_token(new_token(Uuid::nil()), &by())
        .await;
    assert!(matches!(unknown, Err(ControlError::NotFound("project"))));
    for (name, secret, part) in [
        ("one", "UPKEY", "a project named `one`"),
        ("", "UPKEY", "name"),
        ("x", "sk-12345...cdef", "obfuscated"),
        ("x", "sk-****", "obfuscated"),
        ("x", "a b", "api_key"),
    ] {
        let new = NewProject {
            name: name.into(),
            keys: vec![key("openai", secret)],
            spec: ScopeSpec::default(),
        };
        let error = world.store.create_project(new, &by()).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(world.store.projects().await.unwrap().len(), 1);
    assert_eq!(world.store.tokens(None, false).await.unwrap(), []);
}

pub(super) async fn an_edit_changes_what_it_names_and_knows_when_it_is_late(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let rename = |version| ProjectEdit {
        if_version: Some(version),
        name: Some("other".into()),
        ..ProjectEdit::default()
    };
    let row = world
        .store
        .edit_project(project, rename(1), &by())
        .await
        .unwrap();
    assert_eq!(
        (row.name.as_str(), row.version, row.keys.len()),
        ("other", 2, 1)
    );
    let late = world.store.edit_project(project, rename(1), &by()).await;
    assert!(matches!(late, Err(ControlError::Conflict(_))));
    let swap = ProjectEdit {
        set_keys: vec![
            key("openai", "NEW-0123456789ab"),
            key("anthropic", "ANT-0123456789ab"),
        ],
        ..ProjectEdit::default()
    };
    let row = world
        .store
        .edit_project(project, swap, &by())
        .await
        .unwrap();
    let hints: Vec<&str> = row.keys.iter().map(|key| key.hint.as_str()).collect();
    assert_eq!(hints.len(), 2);
    assert!(hints.contains(&"NEW-0123...89ab"), "{hints:?}");
    let remove = ProjectEdit {
        remove_keys: vec![row.keys[0].id],
        ..ProjectEdit::default()
    };
    let row = world
        .store
        .edit_project(project, remove, &by())
        .await
        .unwrap();
    assert_eq!(row.keys.len(), 1);
}

pub(super) async fn an_edit_takes_nothing_from_what_was_counted_meanwhile(ground: &Ground) {
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

pub(super) async fn what_was_spent_adds_up_and_is_there_after_a_restart(ground: &Ground) {
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

pub(super) async fn every_change_is_in_the_chain_and_what_is_tampered_with_shows(ground: &Ground) {
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

pub(super) async fn audit_events_are_found_by_page_and_filter(ground: &Ground) {
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

pub(super) async fn many_at_once_leave_one_chain(ground: &Ground) {
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

pub(super) async fn two_nodes_that_add_at_once_lose_nothing(ground: &Ground) {
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

pub(super) async fn ten_nodes_that_start_at_once_all_come_up(ground: &Ground) {
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

pub(super) async fn the_schema_goes_down_and_up_again(ground: &Ground) {
    let database = ground.database().await;
    let store = ControlStore::attach(&database, Seal::default())
        .await
        .unwrap();
    let states = async || {
        let all = store.migrations().await.unwrap();
        let mut states: Vec<State> = all.iter().map(|one| one.state).collect();
        states.dedup();
        states
    };
    assert_eq!(states().await, [State::Pending]);
    store.migrate_up(None).await.unwrap();
    store.migrate_up(None).await.unwrap();
    assert_eq!(states().await, [State::Applied]);
    store.migrate_down(0).await.unwrap();
    assert_eq!(states().await, [State::Pending]);
    assert!(store.version().await.is_err(), "there is no table");
    store.migrate_up(None).await.unwrap();
    assert_eq!(store.version().await.unwrap(), 0);
}

pub(super) async fn a_schema_of_a_newer_weir_is_refused(ground: &Ground) {
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
    assert!(world.store.migrate_down(0).await.is_err());
    let all = world.store.migrations().await.unwrap();
    let last = all.last().unwrap();
    assert_eq!((last.version, last.state), (99, State::Unknown));
}

pub(super) async fn sealing_makes_up_for_what_was_open_and_is_done_once(ground: &Ground) {
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

pub(super) async fn what_is_copied_is_the_same_as_before(ground: &Ground) {
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

pub(super) async fn a_text_with_a_nul_is_kept_or_refused(ground: &Ground) {
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

pub(super) async fn the_chain_is_whole_while_two_nodes_write_it(ground: &Ground) {
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

pub(super) async fn projects_know_what_was_spent_and_how_many_tokens_are_good_for_something(
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

/// A request that makes a token, sent with a key.
fn keyed(key: &str, body: &str) -> Keyed {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    Keyed::new(
        &key,
        "management_api",
        ("POST", "/manage/tokens", body.as_bytes()),
    )
}

/// What makes a token is answered with its secret.
fn shown(secret: &Secret) -> Answer {
    Answer {
        status: 201,
        headers: vec![("etag".into(), "\"v1\"".into())],
        body: secret.clone(),
    }
}

async fn make_once(store: &ControlStore, project: Uuid, keyed: &Keyed) -> Option<Answer> {
    let draft = store.draft_token(new_token(project)).await.unwrap();
    let answer = shown(&draft.made().1);
    let by = by();
    let is_first = store.write_once(draft, (keyed, &answer), &by);
    is_first.await.unwrap().then_some(answer)
}

const KEY: &str = "0b7c5a4e-3d21-4f60-9b1a-8c7d6e5f4a3b";

pub(super) async fn what_is_sent_twice_is_made_once_and_answered_the_same(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let one = keyed(KEY, "{}");
    assert_eq!(world.store.kept(&one).await.unwrap(), None);
    let first = make_once(&world.store, project, &one).await.unwrap();
    let other_node = world.again(Seal::default()).await;
    assert_eq!(make_once(&other_node, project, &one).await, None);
    let kept = other_node.kept(&one).await.unwrap();
    assert_eq!(kept, Some(first));
    assert_eq!(world.store.tokens(None, false).await.unwrap().len(), 1);
    assert_eq!(world.store.verify_audit().await.unwrap(), Ok(2));
    let reused = other_node.kept(&keyed(KEY, "{ }")).await;
    assert!(matches!(reused, Err(ControlError::KeyReused)));
    let key = IdempotencyKey::parse(KEY.as_bytes()).unwrap();
    let somebody_else = Keyed::new(&key, "another", ("POST", "/manage/tokens", b"{}"));
    assert_eq!(other_node.kept(&somebody_else).await.unwrap(), None);
}

pub(super) async fn what_was_answered_opens_with_its_key_and_with_nothing_else(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let answer = make_once(&world.store, project, &keyed(KEY, "{}")).await;
    let secret = answer.unwrap().body;
    let row =
        "SELECT CONCAT(scope, ' ', key_hash, ' ', request_hash, ' ', answer) FROM idempotency";
    let row = world.text(row).await;
    assert!(row.contains("enc:v2:"), "{row}");
    assert!(
        !row.contains(secret.expose()) && !row.contains(KEY),
        "{row}"
    );
    // Put in the place of another's answer it does not open either.
    let other = keyed("another-key-of-a-request", "{}");
    make_once(&world.store, project, &other).await.unwrap();
    world
        .execute(
            "CREATE TABLE stolen AS SELECT MIN(answer) AS answer FROM idempotency; \
             UPDATE idempotency SET answer = (SELECT answer FROM stolen)",
        )
        .await;
    let opened = [
        world.store.kept(&keyed(KEY, "{}")).await,
        world.store.kept(&other).await,
    ];
    let damaged = opened.iter().filter(|opened| opened.is_err());
    assert_eq!(damaged.count(), 1, "{opened:?}");
}

pub(super) async fn a_refusal_leaves_the_key_free(ground: &Ground) {
    let world = World::new(ground).await;
    let new = |name: &str| NewProject {
        name: name.into(),
        keys: Vec::new(),
        spec: ScopeSpec::default(),
    };
    world.project("one").await;
    let (one, answer) = (keyed(KEY, "{}"), shown(&Secret::new("made")));
    let taken = world.store.draft_project(new("one")).unwrap();
    let refused = world.store.write_once(taken, (&one, &answer), &by()).await;
    assert!(matches!(refused, Err(ControlError::Conflict(_))));
    assert_eq!(world.store.kept(&one).await.unwrap(), None);
    let free = world.store.draft_project(new("two")).unwrap();
    let is_first = world.store.write_once(free, (&one, &answer), &by()).await;
    assert!(is_first.unwrap());
    // What has the key by now is not told that the name is taken.
    let late = world.store.draft_project(new("two")).unwrap();
    let is_first = world.store.write_once(late, (&one, &answer), &by()).await;
    assert!(!is_first.unwrap());
}

pub(super) async fn of_many_at_once_with_one_key_one_makes_something(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let other_node = world.again(Seal::default()).await;
    let tasks: Vec<_> = (0..12)
        .map(|at| {
            let store = [&world.store, &other_node][at % 2].clone();
            tokio::spawn(async move { make_once(&store, project, &keyed(KEY, "{}")).await })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    assert_eq!(made.len(), 1);
    assert_eq!(world.store.tokens(None, false).await.unwrap().len(), 1);
    let kept = world.store.kept(&keyed(KEY, "{}")).await.unwrap();
    assert_eq!(kept, made.pop());
}

pub(super) async fn a_request_is_under_way_until_it_ends(ground: &Ground) {
    let world = World::new(ground).await;
    let one = keyed(KEY, "{}");
    let under_way = world.store.begin(&one).unwrap();
    let second = world.store.clone().begin(&keyed(KEY, "{}"));
    assert!(matches!(second, Err(ControlError::UnderWay)));
    drop(second);
    assert!(
        world
            .store
            .begin(&keyed("another-key-of-a-request", ""))
            .is_ok()
    );
    drop(under_way);
    assert!(world.store.begin(&one).is_ok());
}

pub(super) async fn answers_are_kept_for_a_day(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (old, young) = (keyed(KEY, "{}"), keyed("another-key-of-a-request", "{}"));
    make_once(&world.store, project, &old).await.unwrap();
    world
        .execute("UPDATE idempotency SET created_us = created_us - 86400000000")
        .await;
    make_once(&world.store, project, &young).await.unwrap();
    assert_eq!(world.store.kept(&old).await.unwrap(), None);
    let count = "SELECT CONCAT('', COUNT(*)) FROM idempotency";
    assert_eq!(world.text(count).await, "1", "the next one takes it out");
    world
        .execute("UPDATE idempotency SET created_us = created_us - 86400000000")
        .await;
    world.store.forget_answers().await.unwrap();
    assert_eq!(world.text(count).await, "0");
    assert!(make_once(&world.store, project, &young).await.is_some());
}

pub(super) async fn edits_of_different_members_at_once_all_hold(ground: &Ground) {
    let world = World::new(ground).await;
    let other_node = world.again(Seal::default()).await;
    let project = world.project("one").await;
    let (token, _) = world.token(project).await;
    let nodes = [&world.store, &other_node];
    let edits = |round: u64| {
        let spec = |text: String| -> SpecEdit {
            let spec: ScopeSpec = serde_json::from_str(&text).unwrap();
            SpecEdit {
                rules: (!spec.rules.allowed_models.is_empty()).then_some(spec.rules),
                limits: spec.limits.rpm.is_some().then_some(spec.limits),
                budgets: (!spec.budgets.is_empty()).then_some(spec.budgets),
            }
        };
        [
            spec(format!(r#"{{"rules":{{"allowed_models":["m-{round}"]}}}}"#)),
            spec(format!(r#"{{"limits":{{"rpm":{}}}}}"#, round + 1)),
            spec(format!(
                r#"{{"budgets":[{{"period":"day","tokens":{}}}]}}"#,
                round + 1
            )),
        ]
    };
    for round in 0..8 {
        let of_project = edits(round).into_iter().enumerate().map(|(at, spec)| {
            let (store, edit) = (
                nodes[at % 2].clone(),
                ProjectEdit {
                    spec,
                    ..ProjectEdit::default()
                },
            );
            tokio::spawn(async move { store.edit_project(project, edit, &by()).await.map(drop) })
        });
        let of_token = edits(round).into_iter().enumerate().map(|(at, spec)| {
            let (store, edit) = (
                nodes[at % 2].clone(),
                TokenEdit {
                    spec,
                    ..TokenEdit::default()
                },
            );
            tokio::spawn(async move { store.edit_token(token, edit, &by()).await.map(drop) })
        });
        for task in of_project.chain(of_token).collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        let edited = [
            world.store.project(project).await.unwrap().spec,
            world.store.token(token).await.unwrap().spec,
        ];
        for spec in edited {
            assert_eq!(spec.rules.allowed_models, [format!("m-{round}")]);
            assert_eq!(spec.limits.rpm, Some(round + 1));
            assert_eq!(spec.budgets[0].tokens, Some(round + 1));
        }
    }
}

pub(super) async fn edits_of_settings_of_two_nodes_do_not_lose_one_another(ground: &Ground) {
    let world = World::new(ground).await;
    let other = world.again(Seal::default()).await;
    let edit = |path: &str, value: Option<&str>| vec![(path.to_owned(), value.map(str::to_owned))];
    let empty = world.store.settings().await.unwrap();
    assert_eq!((empty.version, empty.values.len()), (0, 0));
    let first = world.store.edit_settings(0, &edit("a", Some("1"))).await;
    assert_eq!(first.unwrap(), Some(1));
    let late = other.edit_settings(0, &edit("b", Some("2"))).await;
    assert_eq!(late.unwrap(), None, "it was made to what is not any more");
    assert_eq!(other.settings_version().await.unwrap(), 1);
    let seen = other.settings().await.unwrap();
    let again = other
        .edit_settings(seen.version, &edit("b", Some("2")))
        .await;
    assert_eq!(again.unwrap(), Some(2));
    let changed = vec![("a".into(), Some("3".into())), ("b".into(), None)];
    let both = world.store.edit_settings(2, &changed).await;
    assert_eq!(both.unwrap(), Some(3));
    let left = other.settings().await.unwrap();
    assert_eq!(
        (left.version, left.values),
        (3, vec![("a".into(), "3".into())])
    );
    // Many at once: each tries until it is the one, and all are there.
    let mut adding = tokio::task::JoinSet::new();
    for number in 0..10 {
        let nodes = [&world.store, &other];
        let store = nodes[number % 2].clone();
        let edits = edit(&format!("n{number}"), Some("x"));
        adding.spawn(async move {
            loop {
                let version = store.settings_version().await.unwrap();
                if store
                    .edit_settings(version, &edits)
                    .await
                    .unwrap()
                    .is_some()
                {
                    return;
                }
            }
        });
    }
    adding.join_all().await;
    let all = world.store.settings().await.unwrap();
    assert_eq!((all.version, all.values.len()), (13, 11));
}

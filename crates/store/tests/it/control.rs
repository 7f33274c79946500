//! Projects, tokens, what they used and who changed them, over a real database.

use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;
use weir_core::control::{Amounts, Change, Code, Digest, Money, Period, ScopeId, ScopeSpec, Spent};
use weir_core::secret::Secret;
use weir_store::control::{
    AuditFilter, By, ControlError, ControlStore, Event, NewKey, NewProject, NewToken, ProjectEdit,
    Seal, TokenEdit,
};

struct World {
    dir: TempDir,
    store: ControlStore,
}

impl World {
    fn new() -> Self {
        Self::sealed(Seal::default())
    }

    fn sealed(seal: Seal) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir, seal);
        Self { dir, store }
    }

    /// The same file, past the store.
    fn sqlite(&self) -> Connection {
        Connection::open(self.dir.path().join("control.db")).unwrap()
    }

    async fn project(&self, name: &str) -> Uuid {
        let new = NewProject {
            name: name.into(),
            keys: vec![key("openai", "UPKEY-0123456789")],
            spec: ScopeSpec::default(),
        };
        self.store.create_project(new, &by()).await.unwrap().id
    }

    async fn token(&self, project: Uuid) -> (Uuid, Secret) {
        let (row, secret) = self
            .store
            .create_token(new_token(project), &by())
            .await
            .unwrap();
        (row.id, secret)
    }
}

fn open(dir: &TempDir, seal: Seal) -> ControlStore {
    ControlStore::open_sqlite(&dir.path().join("control.db"), seal).unwrap()
}

fn by() -> By {
    By {
        actor: "management_api".into(),
        request_id: Some("r-1".into()),
        ..By::default()
    }
}

fn key(provider: &str, secret: &str) -> NewKey {
    NewKey {
        provider: provider.into(),
        secret: Secret::new(secret),
    }
}

fn new_token(project: Uuid) -> NewToken {
    NewToken {
        project,
        parent: None,
        name: None,
        duration_minutes: 60,
        max_requests: None,
        spec: ScopeSpec::default(),
    }
}

async fn code(world: &World, secret: &Secret) -> Option<Code> {
    let loaded = world.store.load(false).await.unwrap();
    let holder = loaded.directory.find(secret.expose().as_bytes())?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    holder.check(now_ms).err().map(|refusal| refusal.code)
}

#[tokio::test]
async fn a_token_opens_its_project_and_only_its_digest_is_kept() {
    let world = World::new();
    let project = world.project("one").await;
    let (id, secret) = world.token(project).await;
    let loaded = world.store.load(false).await.unwrap();
    let holder = loaded.directory.find(secret.expose().as_bytes()).unwrap();
    assert_eq!((holder.token_id(), holder.project.id), (id, project));
    let upstream = holder.project.keys[0].secret.as_ref().unwrap();
    assert_eq!(upstream.expose(), "UPKEY-0123456789");
    let digest: String = world
        .sqlite()
        .query_row("SELECT digest FROM tokens", [], |row| row.get(0))
        .unwrap();
    assert_eq!(digest, Digest::of(secret.expose().as_bytes()).to_hex());
    let row = world.store.token(id).await.unwrap();
    assert!(row.hint.starts_with("sk-") && row.hint.contains("****"));
    let file = std::fs::read(world.dir.path().join("control.db-wal")).unwrap();
    let found = file
        .windows(secret.expose().len())
        .any(|window| window == secret.expose().as_bytes());
    assert!(!found, "the secret is in no file");
}

#[tokio::test]
async fn keys_are_sealed_and_another_encryption_key_opens_none() {
    let encryption = |byte: u8| {
        use base64::Engine as _;
        Secret::new(base64::engine::general_purpose::STANDARD.encode([byte; 32]))
    };
    let world = World::sealed(Seal::new(Some(&encryption(1)), &[]).unwrap());
    let project = world.project("one").await;
    let (_, secret) = world.token(project).await;
    let stored: String = world
        .sqlite()
        .query_row("SELECT secret FROM project_keys", [], |row| row.get(0))
        .unwrap();
    assert!(stored.starts_with("enc:v2:") && !stored.contains("UPKEY"));
    let other = open(&world.dir, Seal::new(Some(&encryption(2)), &[]).unwrap());
    let loaded = other.load(false).await.unwrap();
    let holder = loaded.directory.find(secret.expose().as_bytes()).unwrap();
    assert_eq!(
        holder.project.keys[0].secret, None,
        "and no other key takes its place"
    );
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_one_that_is_switched_on_again_is_not() {
    let world = World::new();
    let project = world.project("one").await;
    let (id, secret) = world.token(project).await;
    let version = world.store.version().await.unwrap();
    world.store.revoke_token(id, &by()).await.unwrap();
    world.store.revoke_token(id, &by()).await.unwrap();
    assert!(world.store.version().await.unwrap() > version);
    assert_eq!(code(&world, &secret).await, Some(Code::TokenInactive));
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
    assert_eq!(code(&world, &secret).await, None);
}

#[tokio::test]
async fn all_tokens_of_a_project_are_revoked_at_once_and_counted() {
    let world = World::new();
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

#[tokio::test]
async fn a_project_that_is_switched_off_takes_its_tokens_along() {
    let world = World::new();
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
    assert_eq!(code(&world, &secret).await, Some(Code::ProjectInactive));
    let refused = world.store.create_token(new_token(project), &by()).await;
    assert!(matches!(refused, Err(ControlError::Refused(_))));
    let on = ProjectEdit {
        is_active: Some(true),
        ..ProjectEdit::default()
    };
    world.store.edit_project(project, on, &by()).await.unwrap();
    assert_eq!(code(&world, &secret).await, None);
    world
        .store
        .edit_project(project, off(true), &by())
        .await
        .unwrap();
    assert!(!world.store.token(id).await.unwrap().is_active);
}

#[tokio::test]
async fn a_rotated_secret_works_beside_the_new_one_for_a_time() {
    let world = World::new();
    let project = world.project("one").await;
    let (id, old) = world.token(project).await;
    let (row, new) = world.store.rotate_token(id, 5, &by()).await.unwrap();
    assert_eq!(row.id, id);
    assert_eq!(
        (code(&world, &old).await, code(&world, &new).await),
        (None, None)
    );
    let (_, newest) = world.store.rotate_token(id, 0, &by()).await.unwrap();
    let loaded = world.store.load(false).await.unwrap();
    assert!(loaded.directory.find(old.expose().as_bytes()).is_none());
    assert_eq!(code(&world, &newest).await, None);
}

#[tokio::test]
async fn a_child_belongs_to_its_parents_project() {
    let world = World::new();
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
    assert_eq!(code(&world, &secret).await, Some(Code::TokenInactive));
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_field_and_changes_nothing() {
    let world = World::new();
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

#[tokio::test]
async fn an_edit_changes_what_it_names_and_knows_when_it_is_late() {
    let world = World::new();
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

#[tokio::test]
async fn an_edit_takes_nothing_from_what_was_counted_meanwhile() {
    let world = World::new();
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

#[tokio::test]
async fn what_was_spent_adds_up_and_is_there_after_a_restart() {
    let world = World::new();
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
    let again = open(&world.dir, Seal::default());
    let accounts = again.load(false).await.unwrap().accounts;
    let account = accounts
        .iter()
        .find(|account| account.scope == scope)
        .unwrap();
    assert_eq!(account.spent.len(), 1, "months that are over are left out");
    let amounts = account.spent[0].amounts;
    assert_eq!((amounts.money, amounts.tokens), (Money(10), 14));
}

#[tokio::test]
async fn every_change_is_in_the_chain_and_what_is_tampered_with_shows() {
    let world = World::new();
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
        let db = world.sqlite();
        db.execute_batch("BEGIN; CREATE TABLE kept AS SELECT * FROM audit_events; COMMIT")
            .unwrap();
        db.execute(spoil, []).unwrap();
        let broken = world.store.verify_audit().await.unwrap().unwrap_err();
        assert_eq!(broken.seq, seq, "{spoil}");
        db.execute_batch(
            "DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM kept; DROP TABLE kept",
        )
        .unwrap();
    }
    assert_eq!(world.store.verify_audit().await.unwrap(), Ok(6));
}

#[tokio::test]
async fn audit_events_are_found_by_page_and_filter() {
    let world = World::new();
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
    let event = world.store.audit_event(&found.events[0].id).await.unwrap();
    assert_eq!(event, found.events[0]);
    let none = world.store.audit_event("nothing").await;
    assert!(matches!(none, Err(ControlError::NotFound("audit event"))));
}

#[tokio::test]
async fn many_at_once_leave_one_chain() {
    let world = World::new();
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

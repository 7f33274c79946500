//! Projects and tokens: who is let in, and what an edit changes.

use uuid::Uuid;
use weir_core::control::{Code, Digest, ScopeSpec};
use weir_store::control::{ControlError, NewProject, NewToken, ProjectEdit, Seal, TokenEdit};

use crate::control::world::{Ground, World, by, encryption, key, new_token};

pub(crate) async fn a_token_opens_its_project_and_only_its_digest_is_kept(ground: &Ground) {
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

pub(crate) async fn keys_are_sealed_and_another_encryption_key_opens_none(ground: &Ground) {
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

pub(crate) async fn a_revoked_token_is_refused_and_one_that_is_switched_on_again_is_not(
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

pub(crate) async fn all_tokens_of_a_project_are_revoked_at_once_and_counted(ground: &Ground) {
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

pub(crate) async fn a_project_that_is_switched_off_takes_its_tokens_along(ground: &Ground) {
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

pub(crate) async fn a_rotated_secret_works_beside_the_new_one_for_a_time(ground: &Ground) {
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

pub(crate) async fn a_child_belongs_to_its_parents_project(ground: &Ground) {
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

pub(crate) async fn what_is_wrong_is_refused_by_field_and_changes_nothing(ground: &Ground) {
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

pub(crate) async fn an_edit_changes_what_it_names_and_knows_when_it_is_late(ground: &Ground) {
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
    assert!(matches!(late, Err(ControlError::Late(_))));
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

pub(crate) async fn a_project_has_no_more_keys_than_it_may(ground: &Ground) {
    let world = World::new(ground).await;
    let keys = |count: usize| -> Vec<_> {
        let numbers = 0..count;
        let one = |number| key("openai", &format!("KEY-{number:012}"));
        numbers.map(one).collect()
    };
    let new = |count| NewProject {
        name: "many".into(),
        spec: ScopeSpec::default(),
        keys: keys(count),
    };
    let refused = |error: ControlError| {
        assert!(error.to_string().contains("at most 64"), "{error}");
    };
    refused(
        world
            .store
            .create_project(new(65), &by())
            .await
            .unwrap_err(),
    );
    let row = world.store.create_project(new(64), &by()).await.unwrap();
    let edit = |set, remove_keys| ProjectEdit {
        set_keys: set,
        remove_keys,
        ..ProjectEdit::default()
    };
    let another = || vec![key("anthropic", "ANT-0123456789ab")];
    let one_more = edit(another(), Vec::new());
    let one_more = world.store.edit_project(row.id, one_more, &by()).await;
    refused(one_more.unwrap_err());
    // One that goes makes room for one that comes.
    let swap = edit(another(), vec![row.keys[0].id]);
    let row = world.store.edit_project(row.id, swap, &by()).await.unwrap();
    assert_eq!(row.keys.len(), 64);
}
